"""The content that a SignerInfo covers: bytes in memory here, a range of a file in `stream`. Digests are cached."""

from __future__ import annotations

from typing import Protocol

from smime_core.algorithms import HashName, SignatureAlgorithm
from smime_core.asn1.der import Buffer
from smime_core.provider import CryptoProvider, PublicKey


class SignedContent(Protocol):
    """The bytes of eContent or of detached content."""

    async def digest(self, hash_name: HashName) -> bytes:
        """The digest of the content. Raises UnsupportedByProvider."""

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes) -> None:
        """Verify a signature over the content itself (no signedAttrs). Raises SignatureMismatch."""

    async def head(self, length: int) -> Buffer:
        """The first `length` bytes, or all if there are fewer."""


class OctetsContent:
    """Content in memory."""

    def __init__(self, octets: Buffer, provider: CryptoProvider) -> None:
        self._octets = octets
        self._provider = provider
        self._digests: dict[HashName, bytes] = {}

    async def digest(self, hash_name: HashName) -> bytes:
        """The digest of the content, computed once for all signers. Raises UnsupportedByProvider."""
        if hash_name not in self._digests:
            self._digests[hash_name] = await self._provider.digest(hash_name, self._octets)
        return self._digests[hash_name]

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes) -> None:
        """Verify a signature over the content itself. Raises SignatureMismatch."""
        await self._provider.verify(key, algorithm, signature, self._octets)

    async def head(self, length: int) -> Buffer:
        """The first `length` bytes, or all if there are fewer."""
        return self._octets[:length]
