"""The people of the demonstration: two with mailboxes and keys, and two in the directory alone, under one CA."""

from __future__ import annotations

import secrets
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, make_msgid

from smime_core import blocking
from smime_core.certificate import Certificate
from smime_core.demo_ca import Authority, Pointers, create_authority, issue_identity
from smime_core.header_protection import ProtectionMode
from smime_core.identity import Identity
from smime_core.provider import CryptoProvider

DOMAIN = "example.test"
NAMES = ("Alice", "Bob")
EXPIRING, REVOKED = f"carol@{DOMAIN}", f"dave@{DOMAIN}"
DAYS_LEFT = 12
AUTHORITY_NAME = "Sealwax demonstration authority"
# Syllables are easy to read from a terminal and to type; each has about six bits.
_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person. `p12` is the identity as a PKCS#12 file under the key passphrase."""

    name: str
    address: str
    mail_password: str = field(repr=False)
    key_passphrase: str = field(repr=False)
    identity: Identity = field(repr=False)
    p12: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The accounts and the authority that vouches for them; `expiring` and `revoked` have no mailbox."""

    accounts: tuple[Account, ...]
    authority: Authority
    expiring: Identity
    revoked: Identity

    @property
    def authority_certificate(self) -> Certificate:
        """What people trust."""
        return self.authority.identity.certificate


def create_people(*, provider: CryptoProvider, at: datetime, list_url: str) -> People:
    """Make an authority, which says at `list_url` what it revoked, and an identity for each name."""
    authority = blocking.run(create_authority(AUTHORITY_NAME, provider=provider, at=at))
    pointers = Pointers(crl_urls=(list_url,))
    ends = at + timedelta(days=DAYS_LEFT)
    expiring, revoked = (
        blocking.run(issue_identity(authority, address, provider=provider, at=at, not_after=until, pointers=pointers))
        for address, until in ((EXPIRING, ends), (REVOKED, None))
    )
    accounts = []
    for name in NAMES:
        address = f"{name.lower()}@{DOMAIN}"
        identity = blocking.run(
            issue_identity(authority, address, provider=provider, at=at, common_name=name, pointers=pointers)
        )
        passphrase = _syllables(4)
        accounts.append(
            Account(
                name=name,
                address=address,
                mail_password=_syllables(2),
                key_passphrase=passphrase,
                identity=identity,
                p12=blocking.export_identity(identity, passphrase.encode(), provider=provider),
            )
        )
    return People(accounts=tuple(accounts), authority=authority, expiring=expiring, revoked=revoked)


def build_welcome(sender: Account, recipient: Account, *, provider: CryptoProvider, at: datetime) -> bytes:
    """Return a first message, signed by one person and sealed for the other, who can answer it."""
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["To"] = Address(recipient.name, addr_spec=recipient.address)
    message["Subject"] = "Welcome to Sealwax"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = make_msgid(domain=DOMAIN)
    message.set_content(
        f"Hello {recipient.name},\n\n"
        f"only you could open this message, and the seal shows that {sender.name} wrote it and that nobody changed "
        "it on the way.\n\nWrite back: your answer will be signed as you and sealed for "
        f"{sender.name}, on this device, before it leaves the page.\n\n{sender.name}\n",
        cte="quoted-printable",
    )
    signed = blocking.sign_message(
        message.as_bytes(),
        identity=sender.identity,
        provider=provider,
        signing_time=at,
        protection=ProtectionMode.CIPHER,
    )
    return blocking.encrypt_message(signed, recipients=[recipient.identity.certificate], provider=provider)


def certificate_pem(certificate: Certificate) -> str:
    """Return a certificate as PEM text."""
    return ssl.DER_cert_to_PEM_cert(certificate.der)


def _syllables(groups: int) -> str:
    """Return a password such as `bamoru-letifa`, three syllables to a group."""
    return "-".join(
        "".join(secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(3)) for _ in range(groups)
    )
