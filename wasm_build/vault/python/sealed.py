"""Identities sealed between two requests, and the choice of the signer among them.

The page keeps the ciphertext, and a Worker decrypts it for each request.

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

import datetime
import hashlib
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from smime_core import verdict
from smime_core.algorithms import AES_256_GCM, Curve, SignatureAlgorithm, SignatureScheme
from smime_core.asn1 import Tlv, der
from smime_core.cms import KeyHolder, Signing, choose_signature_algorithm
from smime_core.errors import DecryptionError, PathError, UnsupportedAlgorithm
from smime_core.identity import Identity, as_shared, is_shared
from smime_core.mime import addresses
from smime_core.pkix import Purpose, check_end_entity, find_validity_fault
from smime_core.provider import CryptoProvider, KeyType, PrivateKey
from smime_core.providers.webcrypto import WebCryptoProvider
from smime_core.text import addresses_match
from smime_core.verdict import Authors, SignerRules
from smime_core.x509 import Certificate, parse_certificate
from wasm_build.vault.python.requests import SealedKeys

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


async def unseal(keys: SealedKeys, provider: CryptoProvider) -> tuple[UnsealedIdentity, ...]:
    """The identities of a request. Raises DecryptionError for another seal key or an altered identity."""
    return await unseal_identities(keys.identities, keys.seal_key, provider)


async def unseal_signers(
    keys: SealedKeys, provider: CryptoProvider, scheme: SignatureScheme | None = None
) -> tuple[UnsealedIdentity, ...]:
    """The identities of a request, as from `unseal`. Meanwhile the browser begins to import the keys that can sign."""

    def begin(key: PrivateKey) -> None:
        algorithm = _find_algorithm(key, scheme)
        if isinstance(provider, WebCryptoProvider) and algorithm is not None:
            provider.begin_signing(key, algorithm)

    return await unseal_identities(keys.identities, keys.seal_key, provider, on_key=begin)


async def choose_signing(
    keys: SealedKeys, at: datetime.datetime, provider: CryptoProvider, scheme: SignatureScheme | None = None
) -> Signing:
    """The Signing with the first identity that may sign at this time. Raises MalformedMessage or DecryptionError."""
    signer = choose_signer(await unseal_signers(keys, provider, scheme), at, scheme=scheme)
    return Signing(identities=[signer], signing_time=at, scheme=scheme)


def choose_signer(
    identities: Sequence[UnsealedIdentity],
    at: datetime.datetime,
    claimed: Authors | None = None,
    *,
    scheme: SignatureScheme | None = None,
) -> UnsealedIdentity:
    """The first identity that may sign at this time and, if given, has the address of the claimed author.

    An identity whose key can sign, with `scheme` if given, comes before the others. Without a claim, only the person's
    own identities count. Raises NoUsableSigner if no identity may sign, and MalformedMessage without identities.
    """
    candidates = own_of(identities) if claimed is None else identities
    return verdict.choose_signer(candidates, SignerRules(at=at, claimed=claimed, scheme=scheme))


def identity_of(unsealed: UnsealedIdentity) -> Identity:
    """The identity with its parsed chain, for export."""
    chain = tuple(parse_certificate(link.der) for link in unsealed.chain)
    identity = Identity(certificate=unsealed.certificate, private_key=unsealed.private_key, chain=chain)
    return as_shared(identity) if unsealed.is_shared else identity


def own_of(identities: Sequence[UnsealedIdentity]) -> tuple[UnsealedIdentity, ...]:
    """The identities that the person shares with nobody; if there are none, all identities.

    A person who has opened only a shared key file, such as that of a ward, has no other key.
    """
    return tuple(identity for identity in identities if not identity.is_shared) or tuple(identities)


def may(identity: UnsealedIdentity, purpose: Purpose, at: datetime.datetime) -> bool:
    """Whether the certificate allows this purpose and is within its validity period."""
    return allows(identity, purpose) and find_validity_fault(identity.certificate, at) is None


def allows(identity: UnsealedIdentity, purpose: Purpose) -> bool:
    """Whether the certificate allows this purpose, even if it is not valid now."""
    try:
        check_end_entity(identity.certificate, purpose)
    except PathError:
        return False
    return True


def owns(identity: UnsealedIdentity, sender: str) -> bool:
    """Whether the certificate names the address of `sender`, which is `Name <address>` or only the address."""
    mailboxes = addresses(sender)
    return len(mailboxes) == 1 and any(
        addresses_match(mailboxes[0].address, own) for own in identity.certificate.email_addresses
    )


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


def _find_algorithm(key: PrivateKey, scheme: SignatureScheme | None) -> SignatureAlgorithm | None:
    """The algorithm with which the key signs; None if the key cannot sign, or cannot sign with this scheme."""
    try:
        return choose_signature_algorithm(key, scheme)
    except UnsupportedAlgorithm:
        return None
