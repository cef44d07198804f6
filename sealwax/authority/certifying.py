"""Certify people automatically: a service sends the requests of people whose addresses it has confirmed.

An attacker may have taken over the service. So this module relies on the service for one thing only, which the module
cannot check: that the person has the address. The register of certificates enforces the limits: how many certificates,
for which domains, and never a second address for one key.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from sealwax.authority.folder import AuthorityFolder, Role
from sealwax.authority.issuing import Order, add_certificate
from sealwax.authority.proved_requests import open_request_for
from sealwax.authority.publishing import write_directory
from sealwax.authority.register import Changes, Entry, Issuer, Kind
from smime_core.asn1 import Buffer
from smime_core.ca.certification_request import CertificationRequest
from smime_core.errors import SmimeError
from smime_core.identity import Identity
from smime_core.provider import CryptoProvider
from smime_core.text import MailAddress, addresses_match, parse_address, without_detail
from smime_core.x509 import Certificate

ANY_DOMAIN: Final = "*"
ADDRESS_WINDOW: Final = datetime.timedelta(days=30)
DAY: Final = datetime.timedelta(days=1)
PER_ADDRESS: Final = 3
PER_DAY: Final = 100


class Reason(StrEnum):
    """The reasons why a request gets no certificate, as stable codes."""

    ADDRESS = "address-refused"
    REQUEST = "request-refused"
    KEY_USED = "key-used"
    ADDRESS_LIMIT = "address-limit"
    DAY_LIMIT = "day-limit"


class RequestRefused(Exception):
    """The request gets no certificate. `wait_seconds` is the time until it may get one, or 0."""

    def __init__(self, reason: Reason, *, wait_seconds: int = 0) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The bounds that the operator has set.

    `domains` are in lower case; ANY_DOMAIN means all domains. Domains in `never` get no certificates, even with
    ANY_DOMAIN. A mailbox gets at most `per_address` certificates in ADDRESS_WINDOW, and all mailboxes together at most
    `per_day` in a DAY.
    """

    domains: frozenset[str]
    never: frozenset[str] = frozenset()
    per_address: int = PER_ADDRESS
    per_day: int = PER_DAY

    def covers(self, address: MailAddress) -> bool:
        """Whether an address may get a certificate."""
        is_named = ANY_DOMAIN in self.domains or address.domain in self.domains
        return is_named and address.domain not in self.never and not address.is_literal and address.text.isascii()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate, and the certificates of the CAs above it."""

    certificate: Certificate
    chain: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticCertifier:
    """Certifies requests with the issuing key. `directory` is the folder in which others look for certificates."""

    folder: AuthorityFolder
    issuing: Identity
    terms: Terms
    directory: Path | None = None

    @classmethod
    def open(
        cls, folder: AuthorityFolder, passphrase: bytes, *, terms: Terms, directory: Path | None
    ) -> AutomaticCertifier:
        """Open the folder with the issuing key. Raises WrongPassphrase, MalformedMessage or OSError."""
        issuing = folder.open_role(Role.ISSUING, passphrase)
        folder.register.count_automatic()
        return cls(folder=folder, issuing=issuing, terms=terms, directory=directory)

    def certify(self, address: str, request: Buffer, *, at: datetime.datetime) -> Issued:
        """The certificate for a request (PKCS#10), which must name this address and no other.

        A repeated request gets the same certificate, and is counted once. Raises RequestRefused or OSError.
        """
        mailbox = self._check_address(address)
        certification_request = _open_request(request, mailbox, self.folder.provider)
        with self.folder.register.change() as changes:
            entry = _find_issued(changes, certification_request, mailbox, at)
            issued = entry or self._issue(changes, certification_request, mailbox, at)
        if self.directory is not None:
            # Published after the transaction, so that every published certificate is in the register.
            write_directory(self.directory, [issued], [issued])
        root = self.folder.find_certificate(Role.ROOT)
        above = (self.issuing.certificate, *(() if root is None else (root,)))
        return Issued(certificate=issued.certificate, chain=above)

    def _check_address(self, text: str) -> MailAddress:
        address = parse_address(text)
        if address is None or not self.terms.covers(address):
            raise RequestRefused(Reason.ADDRESS)
        return address

    def _issue(
        self, changes: Changes, certification_request: CertificationRequest, mailbox: MailAddress, at: datetime.datetime
    ) -> Entry:
        counted = _counted_name(mailbox)
        _check_count(changes, counted, ADDRESS_WINDOW, self.terms.per_address, at, Reason.ADDRESS_LIMIT)
        _check_count(changes, "", DAY, self.terms.per_day, at, Reason.DAY_LIMIT)
        settings = self.folder.settings()
        order = Order(
            public_key=certification_request.public_key,
            addresses=(mailbox.text,),
            generation=settings.generation,
            days=settings.subscriber_days,
        )
        try:
            certificate = add_certificate(changes, self.folder, order, self.issuing, at)
        except SmimeError as error:
            raise RequestRefused(Reason.REQUEST) from error
        changes.note_automatic(certificate, counted, at)
        return Entry(
            certificate=certificate, issuer=Issuer.ISSUING, kind=Kind.PERSON, addresses=(mailbox.text,), revoked=None
        )


def _open_request(request: Buffer, mailbox: MailAddress, provider: CryptoProvider) -> CertificationRequest:
    try:
        return open_request_for(mailbox.text, request, provider)
    except SmimeError as error:
        raise RequestRefused(Reason.REQUEST) from error


def _find_issued(
    changes: Changes, certification_request: CertificationRequest, mailbox: MailAddress, at: datetime.datetime
) -> Entry | None:
    """The valid certificate of the key for this address, or None. A key with any other certificate is refused."""
    entries = changes.find_by_key(certification_request.public_key.spki_der)
    for entry in entries:
        is_only = entry.kind is Kind.PERSON and len(entry.addresses) == 1
        is_same = is_only and addresses_match(entry.addresses[0], mailbox.text)
        if not is_same or entry.state(at) != "valid":
            raise RequestRefused(Reason.KEY_USED)
    return entries[0] if entries else None


def _check_count(
    changes: Changes, mailbox: str, window: datetime.timedelta, most: int, at: datetime.datetime, reason: Reason
) -> None:
    # Times in the future count too. They are from before a clock was set back.
    times = changes.automatic_since(at - window, mailbox)
    if len(times) >= most:
        waits = times[-most] + window - at
        raise RequestRefused(reason, wait_seconds=max(1, int(waits.total_seconds())))


def _counted_name(mailbox: MailAddress) -> str:
    local_part, domain = mailbox.key
    return f"{without_detail(local_part)}@{domain}"
