"""Identities sealed for the time between two requests: the page keeps the ciphertext, each Worker opens it anew.

sealed   = nonce (12 bytes) ‖ AES-256-GCM(seal key, SealedIdentity)
SealedIdentity ::= SEQUENCE {privateKey OCTET STRING, certificate OCTET STRING, chain SEQUENCE OF OCTET STRING}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from smime_core import der
from smime_core.algorithms import AES_256_GCM
from smime_core.certificate import parse_certificate
from smime_core.errors import DecryptionError
from smime_core.identity import Identity
from smime_core.keys import parse_private_key
from smime_core.provider import CryptoProvider, PrivateKey

_PURPOSE: Final = b"sealwax sealed identity 1"
_TAG_BYTES: Final = 16


async def seal_identity(identity: Identity, seal_key: bytes, *, provider: CryptoProvider) -> bytes:
    """The identity under the session's key."""
    plain = der.sequence(
        der.octet_string(identity.private_key.pkcs8_der),
        der.octet_string(identity.certificate.der),
        der.sequence(*(der.octet_string(certificate.der) for certificate in identity.chain)),
    )
    nonce = provider.random_bytes(AES_256_GCM.iv_length)
    return nonce + await provider.encrypt_content(AES_256_GCM, seal_key, nonce, plain, aad=_PURPOSE)


async def unseal_identities(
    sealed: Sequence[bytes],
    seal_key: bytes | None,
    *,
    provider: CryptoProvider,
    on_key: Callable[[PrivateKey], None] = lambda _: None,
) -> tuple[Identity, ...]:
    """The identities that were sealed under this key.

    `on_key` is told each private key before the certificates are parsed: its import can go on meanwhile.
    Raises DecryptionError for another key or an altered one.
    """
    if sealed and seal_key is None:
        raise DecryptionError
    return tuple([await _unseal_identity(one, seal_key or b"", on_key, provider=provider) for one in sealed])


async def _unseal_identity(
    sealed: bytes, seal_key: bytes, on_key: Callable[[PrivateKey], None], *, provider: CryptoProvider
) -> Identity:
    nonce, ciphertext = sealed[: AES_256_GCM.iv_length], sealed[AES_256_GCM.iv_length :]
    if len(ciphertext) < _TAG_BYTES:
        raise DecryptionError
    plain = await provider.decrypt_content(AES_256_GCM, seal_key, nonce, ciphertext, aad=_PURPOSE)
    key_octets, certificate, chain = der.read_sequence(plain)
    private_key = parse_private_key(key_octets.content)
    on_key(private_key)
    return Identity(
        certificate=parse_certificate(certificate.content),
        private_key=private_key,
        chain=tuple(parse_certificate(link.content) for link in der.read_children(chain)),
    )
