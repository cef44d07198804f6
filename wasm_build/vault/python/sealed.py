"""Identities sealed between two requests. The page keeps the ciphertext, and a Worker decrypts it for each request.

sealed   = nonce (12 bytes) ‖ AES-256-GCM(seal key, masked)
masked   = SealedIdentity XOR SHAKE256(label ‖ seal key ‖ nonce ‖ purpose)
SealedIdentity ::= SEQUENCE {key SealedKey, certificate OCTET STRING, chain SEQUENCE OF OCTET STRING,
                             shared NULL OPTIONAL}
SealedKey ::= SEQUENCE {type OCTET STRING, curve OCTET STRING, bits INTEGER, privateKey OCTET STRING}

`shared` marks an identity that several people share. Content that only the person may read or write is sealed and
signed with a shared identity only if the person has no other.

Key and certificates were parsed and checked before they were sealed, and the GCM tag proves that they are unaltered. So
parts that are not needed for signing and decrypting, such as the chain, are not parsed again.

The mask is not for secrecy, because AES-GCM is enough for that. The browser does not overwrite its copies of what it
has decrypted. The mask keeps the key out of these copies, because only Python's memory has the mask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from smime_core.algorithms import AES_256_GCM, Curve
from smime_core.asn1 import Tlv, der
from smime_core.cms import KeyHolder
from smime_core.errors import DecryptionError
from smime_core.identity import Identity, is_shared
from smime_core.provider import CryptoProvider, KeyType, PrivateKey
from smime_core.x509 import Certificate, parse_certificate

_MASK_LABEL: Final = b"sealwax mask 1\0"
_PURPOSE: Final = b"sealwax sealed identity 3"
_TAG_BYTES: Final = 16
_SHARED: Final = b"\x05\x00"  # NULL


class SealedCertificate(NamedTuple):
    """A certificate of the chain, which is passed on without being parsed."""

    der: bytes


class UnsealedIdentity(NamedTuple):
    """A KeyHolder with an unparsed chain."""

    certificate: Certificate
    private_key: PrivateKey
    chain: tuple[SealedCertificate, ...]
    is_shared: bool = False


async def seal_identity(identity: KeyHolder, seal_key: bytes, provider: CryptoProvider) -> bytes:
    """The identity encrypted under the session's key."""
    plain = der.sequence(
        _build_key(identity.private_key),
        der.octet_string(identity.certificate.der),
        der.sequence(*(der.octet_string(certificate.der) for certificate in identity.chain)),
        *([_SHARED] if isinstance(identity, Identity) and is_shared(identity) else []),
    )
    return await seal_secret(plain, _PURPOSE, seal_key, provider)


async def seal_secret(plain: bytes, purpose: bytes, seal_key: bytes, provider: CryptoProvider) -> bytes:
    """The secret encrypted under the session's key, for one purpose."""
    nonce = provider.random_bytes(AES_256_GCM.iv_length)
    masked = _mask(plain, seal_key, nonce, purpose)
    return nonce + await provider.encrypt_content(AES_256_GCM, seal_key, nonce, masked, purpose)


async def unseal_secret(sealed: bytes, purpose: bytes, seal_key: bytes, provider: CryptoProvider) -> bytes:
    """The secret. Raises DecryptionError for another key or purpose, or an altered secret."""
    nonce, ciphertext = sealed[: AES_256_GCM.iv_length], sealed[AES_256_GCM.iv_length :]
    if len(ciphertext) < _TAG_BYTES:
        raise DecryptionError
    masked = await provider.decrypt_content(AES_256_GCM, seal_key, nonce, ciphertext, purpose)
    return _mask(masked, seal_key, nonce, purpose)


async def unseal_identities(
    sealed: Sequence[bytes],
    seal_key: bytes | None,
    provider: CryptoProvider,
    *,
    on_key: Callable[[PrivateKey], None] = lambda _: None,
) -> tuple[UnsealedIdentity, ...]:
    """The identities that were sealed under this key.

    `on_key` is called with each private key before the certificate is parsed, so that the key's import can begin.
    Raises DecryptionError for another seal key or an altered identity.
    """
    if sealed and seal_key is None:
        raise DecryptionError
    return tuple([await _unseal_identity(identity, seal_key or b"", on_key, provider) for identity in sealed])


async def _unseal_identity(
    sealed: bytes, seal_key: bytes, on_key: Callable[[PrivateKey], None], provider: CryptoProvider
) -> UnsealedIdentity:
    plain = await unseal_secret(sealed, _PURPOSE, seal_key, provider)
    key, certificate, chain, *mark = der.read_sequence(plain)
    private_key = _parse_key(key)
    on_key(private_key)
    return UnsealedIdentity(
        certificate=parse_certificate(certificate.content),
        private_key=private_key,
        chain=tuple(SealedCertificate(bytes(link.content)) for link in der.read_children(chain)),
        is_shared=bool(mark),
    )


def _mask(octets: bytes, seal_key: bytes, nonce: bytes, purpose: bytes) -> bytes:
    # All hashed parts except the purpose have a fixed length. Masking twice gives the original bytes.
    mask = hashlib.shake_256(_MASK_LABEL + seal_key + nonce + purpose).digest(len(octets))
    return (int.from_bytes(octets, "big") ^ int.from_bytes(mask, "big")).to_bytes(len(octets), "big")


def _build_key(key: PrivateKey) -> bytes:
    return der.sequence(
        der.octet_string(key.key_type.encode()),
        der.octet_string((key.curve or "").encode()),
        der.integer(key.bits),
        der.octet_string(key.pkcs8_der),
    )


def _parse_key(key: Tlv) -> PrivateKey:
    key_type, curve, bits, pkcs8 = der.read_children(key)
    return PrivateKey(
        pkcs8_der=bytes(pkcs8.content),
        key_type=KeyType(bytes(key_type.content).decode()),
        bits=der.parse_integer(bits),
        curve=Curve(bytes(curve.content).decode()) if curve.content else None,
    )
