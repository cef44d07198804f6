"""The people of the demonstration, with certificates of one CA: two with mailboxes, and two only in the directory."""

from __future__ import annotations

import secrets
import ssl
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, make_msgid
from functools import partial

from smime_core import blocking
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.cms import Encrypting, Signing
from smime_core.identity import Identity
from smime_core.mail import ProtectionMode
from smime_core.provider import CryptoProvider
from smime_core.x509 import Certificate

DOMAIN = "example.test"
NAMES = ("Alice", "Bob")
EXPIRING, REVOKED = f"carol@{DOMAIN}", f"dave@{DOMAIN}"
SERVICE = f"secure-messages@{DOMAIN}"
"""The address that sends the notices about parcels."""
DAYS_LEFT = 12
AUTHORITY_NAME = "Sealwax demonstration authority"
# Syllables are easy to read from a terminal and to type. Each syllable has about six bits of entropy.
_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person. `p12` is the identity as a PKCS#12 file, encrypted with the key passphrase."""

    name: str
    address: str
    mail_password: str = field(repr=False)
    key_passphrase: str = field(repr=False)
    identity: Identity = field(repr=False)
    p12: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The accounts and the authority that certifies them. `expiring` and `revoked` have no mailbox.

    `service` signs the notices about parcels.
    """

    accounts: tuple[Account, ...]
    authority: Authority
    expiring: Identity
    revoked: Identity
    service: Identity

    @property
    def authority_certificate(self) -> Certificate:
        """The authority's certificate, which is the trust anchor of all accounts."""
        return self.authority.identity.certificate


def create_people(provider: CryptoProvider, at: datetime, list_url: str) -> People:
    """Make an authority whose CRL is at `list_url`, and an identity for each person."""
    authority = blocking.run(create_authority(AUTHORITY_NAME, provider, at=at))
    pointers = Details(crl_urls=(list_url,))
    issue = partial(issue_identity, authority, provider=provider, at=at)
    accounts = tuple(
        _create_account(
            name, blocking.run(issue(address_of(name), details=replace(pointers, common_name=name))), provider
        )
        for name in NAMES
    )
    service = blocking.run(issue(SERVICE, details=pointers))
    return gather_people(accounts, authority, service, provider=provider, at=at, list_url=list_url)


def gather_people(
    accounts: tuple[Account, ...],
    authority: Authority,
    service: Identity,
    *,
    provider: CryptoProvider,
    at: datetime,
    list_url: str,
) -> People:
    """The people with these accounts.

    The people without accounts get new certificates, because one has to expire soon.
    """
    pointers = Details(crl_urls=(list_url,))
    issue = partial(issue_identity, authority, provider=provider, at=at)
    return People(
        accounts=accounts,
        authority=authority,
        expiring=blocking.run(issue(EXPIRING, details=replace(pointers, not_after=at + timedelta(days=DAYS_LEFT)))),
        revoked=blocking.run(issue(REVOKED, details=pointers)),
        service=service,
    )


def _create_account(name: str, identity: Identity, provider: CryptoProvider) -> Account:
    passphrase = _syllables(4)
    return Account(
        name=name,
        address=address_of(name),
        mail_password=_syllables(2),
        key_passphrase=passphrase,
        identity=identity,
        p12=blocking.export_identity(identity, passphrase.encode(), provider),
    )


def address_of(name: str) -> str:
    """The address of an account."""
    return f"{name.lower()}@{DOMAIN}"


def build_welcome(sender: Account, recipient: Account, provider: CryptoProvider, at: datetime) -> bytes:
    """Return a first message, signed by the sender and encrypted for the recipient."""
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["To"] = Address(recipient.name, addr_spec=recipient.address)
    message["Subject"] = "Welcome to Sealwax"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = make_msgid(domain=DOMAIN)
    message.set_content(
        f"Hello {recipient.name},\n\n"
        f"only you could open this message, and its signature shows that {sender.name} wrote it and that nobody "
        "changed it in transit.\n\nWrite back: your reply will be signed as you and encrypted for "
        f"{sender.name}, on this device, before it leaves the page.\n\n{sender.name}\n",
        cte="quoted-printable",
    )
    signed = blocking.sign_message(
        message.as_bytes(), Signing(identities=[sender.identity], signing_time=at), provider, ProtectionMode.CIPHER
    )
    return blocking.encrypt_message(signed, Encrypting(recipients=[recipient.identity.certificate]), provider)


def certificate_pem(certificate: Certificate) -> str:
    """Return a certificate as PEM text."""
    return ssl.DER_cert_to_PEM_cert(certificate.der)


def _syllables(groups: int) -> str:
    """Return a password such as `bamoru-letifa`, with three syllables in each group."""
    return "-".join(
        "".join(secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(3)) for _ in range(groups)
    )
