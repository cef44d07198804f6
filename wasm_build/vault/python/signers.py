"""The identities of a request: unsealed, and the one chosen that signs."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from smime_core.algorithms import SignatureScheme
from smime_core.errors import MalformedMessage, PathError
from smime_core.key_management import choose_signature_algorithm
from smime_core.mail_address import addresses_match
from smime_core.mime import addresses
from smime_core.pkix import Purpose, check_end_entity
from smime_core.provider import CryptoProvider, KeyType, PrivateKey
from smime_core.providers.webcrypto import WebCryptoProvider
from wasm_build.sealed import UnsealedIdentity, unseal_identities

Args = dict[str, Any]


async def unseal(args: Args, provider: CryptoProvider) -> tuple[UnsealedIdentity, ...]:
    """The identities of a request. Raises DecryptionError for another key or an altered one."""
    return await unseal_identities(args["identities"], args.get("sealKey"), provider=provider)


async def unseal_signers(
    args: Args, scheme: SignatureScheme | None, provider: CryptoProvider
) -> tuple[UnsealedIdentity, ...]:
    """The same, while the browser imports those keys already that will sign."""

    def begin(key: PrivateKey) -> None:
        if isinstance(provider, WebCryptoProvider) and (scheme is None or _makes(key, scheme)):
            provider.begin_signing(key, choose_signature_algorithm(key, scheme))

    return await unseal_identities(args["identities"], args.get("sealKey"), provider=provider, on_key=begin)


def choose_signer(
    identities: Sequence[UnsealedIdentity], *, sender: str | None, at: datetime.datetime
) -> UnsealedIdentity:
    """The first that may sign at this time; with a `sender` the first of his own. Raises MalformedMessage."""
    # Signed mail by somebody else than its sender is invalid to every reader.
    for identity in identities:
        if may(identity, Purpose.SIGN, at) and (sender is None or owns(identity, sender)):
            return identity
    whose = f" for {sender}" if sender else ""
    raise MalformedMessage(f"none of the open keys may sign{whose} at this time", where="identities")


def may(identity: UnsealedIdentity, purpose: Purpose, at: datetime.datetime) -> bool:
    """Whether the certificate is for this purpose and valid at this time."""
    certificate = identity.certificate
    try:
        check_end_entity(certificate, purpose)
    except PathError:
        return False
    return certificate.not_before <= at <= certificate.not_after


def owns(identity: UnsealedIdentity, sender: str) -> bool:
    """Whether the certificate names the address of `sender`, which is `Name <address>` or the address alone."""
    mailboxes = addresses(sender)
    return len(mailboxes) == 1 and any(
        addresses_match(mailboxes[0].address, own) for own in identity.certificate.email_addresses
    )


def _makes(key: PrivateKey, scheme: SignatureScheme) -> bool:
    return (key.key_type is KeyType.EC) is (scheme is SignatureScheme.ECDSA)
