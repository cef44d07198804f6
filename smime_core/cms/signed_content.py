"""What a SignerInfo covers: octets in memory here, a stretch of a file in `stream`. Each digest is made once."""

from __future__ import annotations

from typing import Protocol

from smime_core.algorithms import HashName, SignatureAlgorithm
from smime_core.der import Buffer
from smime_core.provider import CryptoProvider, PublicKey


class SignedContent(Protocol):
    """The octets of eContent or of detached content."""

    async def digest(self, hash_name: HashName) -> bytes:
        """Their digest. Raises UnsupportedByProvider."""

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes) -> None:
        """Return when a signature over the octets themselves holds (no signedAttrs). Raises SignatureMismatch."""

    async def head(self, length: int) -> Buffer:
        """The first `length` octets, fewer when there are no more."""


class OctetsContent:
    """Content in memory."""

    def __init__(self, octets: Buffer, *, provider: CryptoProvider) -> None:
        self._octets = octets
        self._provider = provider
        self._digests: dict[HashName, bytes] = {}

    async def digest(self, hash_name: HashName) -> bytes:
        """Their digest, made once for all signers. Raises UnsupportedByProvider."""
        if hash_name not in self._digests:
            self._digests[hash_name] = await self._provider.digest(hash_name, self._octets)
        return self._digests[hash_name]

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes) -> None:
        """Return when a signature over the octets themselves holds. Raises SignatureMismatch."""
        await self._provider.verify(key, algorithm, signature, self._octets)

    async def head(self, length: int) -> Buffer:
        """The first `length` octets, fewer when there are no more."""
        return self._octets[:length]
