"""The signature of a service under its notices (RFC 8551 section 3.5.3), with the header fields inside (RFC 9788)."""

from __future__ import annotations

import datetime
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sealwax.files.small import read_small
from smime_core import blocking
from smime_core.cms import Signing
from smime_core.errors import NoUsableSigner, SmimeError
from smime_core.identity import Identity
from smime_core.mail import ProtectionMode
from smime_core.provider import CryptoProvider
from smime_core.text import addresses_match
from smime_core.verdict import SignerRules, choose_signer

_log = logging.getLogger(__name__)
_MAX_FILE_BYTES: Final = 1024 * 1024


class SignerRefused(ValueError):
    """The signer's file has no identity that can sign the notices. The text is for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSigner:
    """The keys of a service with their certificates. A newer certificate may follow an older one."""

    identities: tuple[Identity, ...] = field(repr=False)
    provider: CryptoProvider = field(repr=False)

    def sign(self, mail: bytes, at: datetime.datetime) -> bytes:
        """Return the mail as multipart/signed, so that programs without S/MIME show it too.

        If every certificate has expired, the mail is sent unsigned, and the log says so. Mail programs would warn of an
        invalid signature, and without the mail people would not get their parcels. Raises SmimeError if the provider
        fails.
        """
        try:
            signer = choose_signer(self.identities, SignerRules(at=at))
        except NoUsableSigner as error:
            _log.warning("a notice has no signature: %s", error)
            return mail
        signing = Signing(identities=(signer,), signing_time=at)
        return blocking.sign_message(mail, signing, provider=self.provider, protection=ProtectionMode.CLEAR)


def read_signer(file: Path, password: bytes | None, *, sender: str, provider: CryptoProvider) -> NoticeSigner:
    """Return the signer of a PKCS#12 or PEM file. Raises SignerRefused.

    The certificate has to name the sender's address, because mail programs warn of a signature for another address (RFC
    8550 section 3).
    """
    try:
        identities = blocking.load_identities(read_small(file, max_bytes=_MAX_FILE_BYTES), password, provider=provider)
    except OSError as error:
        raise SignerRefused(f"{file} cannot be read: {error.strerror}") from None
    except SmimeError as error:
        raise SignerRefused(f"{file} cannot be read: {error}") from None
    own = tuple(identity for identity in identities if _names(identity, sender))
    if not own:
        raise SignerRefused(f"{file} has no key with a certificate for {sender}")
    return NoticeSigner(identities=own, provider=provider)


def _names(identity: Identity, sender: str) -> bool:
    return any(addresses_match(address, sender) for address in identity.certificate.email_addresses)
