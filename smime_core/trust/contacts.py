"""Contacts: their certificates with date and source, and the algorithms that they can read.

Facts are stored from `verified` mail only (RFC 8551 section 2.7.1, MUSTS 16). The first certificate of an address is
stored at once, and so is a second certificate for another use by the same authority. Any other certificate is reported
as a `CertificateChange`; if its issuer or key differs, it is stored after the user agrees. A stored certificate is not
trusted: `recipient_choice` checks it each time.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from smime_core.cms.capabilities import Capabilities, parse_capabilities, with_header_protection
from smime_core.cms.certificate_id import CertificateId
from smime_core.cms.signed_attributes import is_worth_remembering, parse_key_preference, parse_signing_time
from smime_core.errors import SmimeError
from smime_core.limits import MAX_CONTACT_CERTIFICATES, MAX_CONTACTS, MAX_PATH_LENGTH, check_limit
from smime_core.pkix import PathRules, Purpose, TrustStore, validate_path
from smime_core.provider import CryptoProvider
from smime_core.report.report import MessageReport, SignerReport, State
from smime_core.text.mail_address import address_key, addresses_match
from smime_core.trust.certificate_change import CertificateChange, change_from, may_encrypt
from smime_core.trust.issuers import CertificateIndex
from smime_core.trust.service_mails import SERVICE_FIELD
from smime_core.x509.certificate import Certificate, names_match

_SIGNED: Final = frozenset(("signed-only", "signed-and-encrypted"))
_HEADER_PROTECTION: Final = frozenset(("hp-clear", "hp-cipher"))


class CertificateSource(StrEnum):
    """The source of a certificate. `recipient_choice` prefers the sources in this order."""

    GIVEN = "given"
    """The caller gave the certificate, for this one use."""
    CONTACTS = "contacts"
    """The user added the certificate to the contacts."""
    HARVEST = "harvest"
    """The certificate came with verified mail."""
    BRIDGE = "bridge"
    """The bridge's own directory."""
    LDAP = "ldap"
    SMIMEA = "smimea"
    """The DNS of the address's domain (RFC 8162)."""
    URL = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCertificate:
    """One certificate of a contact. `intermediates` came with the certificate and may lead to an anchor.

    `first_seen` and `last_seen` are the signing times of the first and the last mail with the certificate, or the time
    when the user added it.
    """

    certificate: Certificate
    source: CertificateSource
    first_seen: datetime.datetime
    last_seen: datetime.datetime
    intermediates: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One address with its certificates, the last seen first.

    `preferred` is the certificate that the contact wants mail encrypted for, `capabilities` are the algorithms that the
    contact can read. Both are from a verified mail, whose signing time is `said_at`. `preferred`, `capabilities` and
    `said_at` are None if unknown.
    """

    address: str
    certificates: tuple[KnownCertificate, ...] = ()
    capabilities: Capabilities | None = None
    preferred: Certificate | None = None
    said_at: datetime.datetime | None = None

    @property
    def known(self) -> tuple[Certificate, ...]:
        """The certificates without their dates and sources, the last seen first."""
        return tuple(certificate.certificate for certificate in self.certificates)


@dataclass(frozen=True, kw_only=True)
class Contacts:
    """All contacts, one for each address."""

    people: tuple[Contact, ...] = ()

    @functools.cached_property
    def _by_address(self) -> dict[tuple[str, str], Contact]:
        return {address_key(contact.address): contact for contact in self.people}

    @functools.cached_property
    def index(self) -> CertificateIndex:
        """An index of `all_certificates`."""
        return CertificateIndex(self.all_certificates())

    def all_certificates(self) -> Iterator[Certificate]:
        """The certificates of all contacts, and the intermediates that came with them."""
        for contact in self.people:
            for known in contact.certificates:
                yield known.certificate
                yield from known.intermediates

    def find(self, address: str) -> Contact | None:
        """The contact of an address."""
        return self._by_address.get(address_key(address))

    def with_contact(self, contact: Contact) -> Contacts:
        """These contacts with another entry for the address of `contact`. Raises LimitExceeded."""
        return self.with_all((contact,))

    def with_all(self, contacts: Iterable[Contact]) -> Contacts:
        """These contacts with other entries for the addresses of `contacts`. Raises LimitExceeded."""
        people = self._by_address | {address_key(contact.address): contact for contact in contacts}
        check_limit("contacts", len(people), MAX_CONTACTS)
        return Contacts(people=tuple(people.values()))

    def without(self, address: str) -> Contacts:
        """These contacts without this address."""
        return Contacts(
            people=tuple(person for person in self.people if address_key(person.address) != address_key(address))
        )


NO_CONTACTS: Final = Contacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """The facts in one verified mail about its sender.

    `certificate` is the signer's. `preferred` is the certificate for encryption to the sender, or None if the mail has
    none. `signed_at` is None if the signing time is missing or in the future; capabilities are then not stored.
    """

    address: str
    certificate: Certificate
    preferred: Certificate | None
    intermediates: tuple[Certificate, ...]
    capabilities: Capabilities | None
    signed_at: datetime.datetime | None
    at: datetime.datetime

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """The signer's and the preferred certificate, each once."""
        return tuple(dict.fromkeys(filter(None, (self.certificate, self.preferred))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The contacts after a harvest, and the changes of certificates. If `asks` is True, the contacts are unchanged."""

    contacts: Contacts
    changes: tuple[CertificateChange, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether the user must agree to a change first. If they do, call `accept` with the same harvest."""
        return not all(change.is_renewal for change in self.changes)


def harvest(report: MessageReport, at: datetime.datetime) -> Harvest | None:
    """The facts to store from a message, or None if the message is not `verified` for its sender.

    Also None if a program wrote the message, because a program reads no encrypted mail.

    The certificate for encryption is found as in RFC 8551 section 2.5.3.1: the certificate that the signer prefers, or
    else a certificate with the signer's name. This certificate must have the sender's address. `at` is the time of the
    examination.
    """
    sender = report.sender
    signer = _find_verified_signer(report)
    if sender is None or signer is None or signer.certificate is None or _is_by_program(report):
        return None
    try:
        believed = is_worth_remembering(signer.signed_attributes, at)
        preference = parse_key_preference(signer.signed_attributes) if believed else None
        capabilities = _read_capabilities(report, signer) if believed else None
        signed_at = parse_signing_time(signer.signed_attributes) if believed else None
    except SmimeError:
        # A damaged attribute is ignored. The signature and its certificate still count.
        preference = capabilities = signed_at = None
    return Harvest(
        address=sender,
        certificate=signer.certificate,
        preferred=_find_preferred(signer.certificate, sender, preference, report.certificates),
        intermediates=_find_intermediates(signer, report.certificates),
        capabilities=capabilities,
        signed_at=signed_at,
        at=at,
    )


def forget_service(contacts: Contacts, report: MessageReport) -> Contacts | None:
    """The contacts without the facts that an earlier version stored about a service, or None if there are none.

    Only the certificate that signed the message is removed, because the message says that its sender is a service.
    Another certificate of the same address may be a person's. A certificate that the user added stays.
    """
    signer = _find_verified_signer(report)
    contact = contacts.find(report.sender) if report.sender else None
    if signer is None or contact is None or not _signed_values(report, SERVICE_FIELD):
        return None
    other_certificates = tuple(
        certificate
        for certificate in contact.certificates
        if certificate.source is not CertificateSource.HARVEST or certificate.certificate != signer.certificate
    )
    if len(other_certificates) == len(contact.certificates):
        return None
    if not other_certificates:
        return contacts.without(contact.address)
    return contacts.with_contact(Contact(address=contact.address, certificates=other_certificates))


async def confirm_preferred(harvested: Harvest, provider: CryptoProvider, trust_store: TrustStore) -> Harvest:
    """The harvest, without its certificate for encryption if that has no valid path for the sender's address.

    No signature covers the certificates in a message, so anybody who forwards the message can add their own. The
    revocation status of the certificate may be unknown here, because it is checked again before encryption.
    """
    preferred = harvested.preferred
    if preferred is None or preferred == harvested.certificate:
        return harvested
    try:
        rules = PathRules(trust_store.softened(), harvested.at, known=harvested.intermediates)
        path = await validate_path(preferred, Purpose.ENCRYPT, rules, provider)
    except SmimeError:
        return replace(harvested, preferred=None)
    is_theirs = any(addresses_match(harvested.address, address) for address in path.addresses)
    return harvested if is_theirs else replace(harvested, preferred=None)


def merge(contacts: Contacts, harvested: Harvest) -> Merged:
    """Store the facts of a mail, unless the user must agree first: see `Merged.asks`. Raises LimitExceeded."""
    merged = Merged(contacts=contacts, changes=_find_changes(contacts, harvested))
    if merged.asks:
        return merged
    return replace(merged, contacts=accept(contacts, harvested))


def accept(contacts: Contacts, harvested: Harvest) -> Contacts:
    """Store the facts of a mail including changed certificates, after the user agreed. Raises LimitExceeded."""
    contact = contacts.find(harvested.address) or Contact(address=harvested.address)
    seen_at = min(harvested.signed_at or harvested.at, harvested.at)
    for certificate in harvested.certificates:
        known = KnownCertificate(
            certificate=certificate,
            source=CertificateSource.HARVEST,
            first_seen=seen_at,
            last_seen=seen_at,
            intermediates=harvested.intermediates,
        )
        contact = remember_certificate(contact, known)
    # RFC 8551 section 2.7.1: the capabilities in the mail that was signed last count, in whatever order mails are read.
    if harvested.signed_at is not None and (contact.said_at is None or harvested.signed_at > contact.said_at):
        contact = replace(
            contact,
            capabilities=harvested.capabilities,
            preferred=harvested.preferred,
            said_at=harvested.signed_at,
        )
    return contacts.with_contact(contact)


def remember_certificate(contact: Contact, known: KnownCertificate) -> Contact:
    """The contact with one more certificate, or with new dates for a known one.

    Beyond MAX_CONTACT_CERTIFICATES, the certificate that was not seen for the longest time is dropped.
    """
    before = next(
        (certificate for certificate in contact.certificates if certificate.certificate == known.certificate), None
    )
    if before is not None:
        known = replace(
            known,
            # A certificate that the user added by hand keeps the source CONTACTS.
            source=min(before.source, known.source, key=list(CertificateSource).index),
            first_seen=min(before.first_seen, known.first_seen),
            last_seen=max(before.last_seen, known.last_seen),
            intermediates=known.intermediates or before.intermediates,
        )
    others = [certificate for certificate in contact.certificates if certificate is not before]
    newest_first = sorted([known, *others], key=lambda entry: entry.last_seen, reverse=True)
    return replace(contact, certificates=tuple(newest_first[:MAX_CONTACT_CERTIFICATES]))


def add_unasked(contact: Contact, further: Iterable[KnownCertificate]) -> Contact:
    """The contact with those of the `further` certificates about which the user need not be asked."""
    for known in in_order_of_arrival(further):
        contact = add_unasked_one(contact, known)
    return contact


def add_unasked_one(contact: Contact, known: KnownCertificate) -> Contact:
    """The contact with one more certificate, or the unchanged contact if the user must be asked first."""
    change = change_from(contact.known, known.certificate, contact.address)
    return contact if change is not None and not change.is_renewal else remember_certificate(contact, known)


def in_order_of_arrival(certificates: Iterable[KnownCertificate]) -> list[KnownCertificate]:
    """The certificates in the order in which they were first seen."""
    return sorted(certificates, key=lambda certificate: (certificate.first_seen, certificate.certificate.fingerprint))


def find_change(contacts: Contacts, address: str, certificate: Certificate) -> CertificateChange | None:
    """The change from the known certificates of an address to `certificate`, or None: see `change_from`."""
    return change_from(known_certificates(contacts, address), certificate, address)


def known_certificates(contacts: Contacts, address: str) -> tuple[Certificate, ...]:
    """The certificates of an address, the last seen first."""
    contact = contacts.find(address)
    return contact.known if contact else ()


def _find_changes(contacts: Contacts, harvested: Harvest) -> tuple[CertificateChange, ...]:
    # The preferred certificate is also compared with the signer's, as if the signer's had been seen before.
    known, changes = known_certificates(contacts, harvested.address), []
    for certificate in harvested.certificates:
        changes.append(change_from(known, certificate, harvested.address))
        known = (*known, certificate)
    return tuple(change for change in changes if change is not None)


def _read_capabilities(report: MessageReport, signer: SignerReport) -> Capabilities | None:
    # RFC 8551 has no capability for header protection. A program that protects header fields can also read protected
    # ones.
    capabilities = parse_capabilities(signer.signed_attributes)
    return with_header_protection(capabilities) if report.header_scheme in _HEADER_PROTECTION else capabilities


def _find_verified_signer(report: MessageReport) -> SignerReport | None:
    sender = report.sender
    if report.state is not State.VERIFIED or sender is None:
        return None
    return next((signer for signer in report.deciding_signers if _is_verified_as(signer, sender)), None)


def _is_by_program(report: MessageReport) -> bool:
    # RFC 3834 section 5: any value except "no" means a program. Only signed fields count, because anybody could add
    # other fields.
    values = _signed_values(report, "Auto-Submitted")
    return bool(_signed_values(report, SERVICE_FIELD)) or any(value.strip().lower() != "no" for value in values)


def _signed_values(report: MessageReport, name: str) -> list[str]:
    fields = zip(report.headers, report.header_protections, strict=False)
    return [value for (field, value), protection in fields if field.lower() == name.lower() and protection in _SIGNED]


def _is_verified_as(signer: SignerReport, sender: str) -> bool:
    if signer.state is not State.VERIFIED or signer.certificate is None:
        return False
    return any(addresses_match(sender, address) for address in signer.addresses)


def _find_preferred(
    signer: Certificate, address: str, preference: CertificateId | None, carried: Sequence[Certificate]
) -> Certificate | None:
    candidates = [
        certificate
        for certificate in dict.fromkeys((signer, *carried))
        if may_encrypt(certificate) and any(addresses_match(address, own) for own in certificate.email_addresses)
    ]
    if preference is not None:
        return next((candidate for candidate in candidates if preference.matches(candidate)), None)
    return next((candidate for candidate in candidates if names_match(candidate.subject_der, signer.subject_der)), None)


def _find_intermediates(signer: SignerReport, carried: Sequence[Certificate]) -> tuple[Certificate, ...]:
    # Returns the path without its two ends, and the other authorities in the message, because the path of a later
    # certificate may need them.
    authorities = (
        *signer.path[1:-1],
        *(certificate for certificate in carried if certificate.is_ca and not certificate.is_self_issued),
    )
    return tuple(dict.fromkeys(authorities))[:MAX_PATH_LENGTH]
