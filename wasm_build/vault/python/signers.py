"""The identities of a request: their unsealing, and the choice of the signer among them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from smime_core import verdict
from smime_core.algorithms import SignatureAlgorithm, SignatureScheme
from smime_core.cms import Signing, choose_signature_algorithm
from smime_core.errors import PathError, UnsupportedAlgorithm
from smime_core.identity import Identity, as_shared
from smime_core.mime import addresses
from smime_core.pkix import Purpose, check_end_entity, find_validity_fault
from smime_core.provider import CryptoProvider, PrivateKey
from smime_core.providers.webcrypto import WebCryptoProvider
from smime_core.text import addresses_match
from smime_core.verdict import Authors, SignerRules
from smime_core.x509 import parse_certificate
from wasm_build.vault.python.requests import SealedKeys
from wasm_build.vault.python.sealed import UnsealedIdentity, unseal_identities


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


def _find_algorithm(key: PrivateKey, scheme: SignatureScheme | None) -> SignatureAlgorithm | None:
    """The algorithm with which the key signs; None if the key cannot sign, or cannot sign with this scheme."""
    try:
        return choose_signature_algorithm(key, scheme)
    except UnsupportedAlgorithm:
        return None
