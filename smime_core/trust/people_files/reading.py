"""Read a file with other people's certificates. The form of the file is recognised from its content.

The forms are LDIF, vCard, and the forms of `cms.carried`: certificates, .p7b and signed mails in any form of file. A
certificate belongs to the addresses that it names. If its entry states addresses, it belongs only to the addresses that
both name. A person's certificate without such an address is reported in `left_out`. No signature and no path is checked
here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from smime_core.asn1.file_values import FileValues, is_whole_element, parse_file_values
from smime_core.asn1.value_kinds import ValueKind
from smime_core.cms.carried import parse_carried_certificates
from smime_core.cms.layers import is_mail
from smime_core.errors import SmimeError
from smime_core.limits import MAX_CONTACTS, MAX_PEOPLE_CERTIFICATES, MAX_PEOPLE_FILE_BYTES, check_limit
from smime_core.report.report import Reason, build_reason
from smime_core.text.mail_address import address_key, parse_address
from smime_core.text.text_form import to_utf8
from smime_core.trust.people_files.entries import Entry
from smime_core.trust.people_files.ldif import parse_ldif
from smime_core.trust.people_files.vcard import parse_vcards
from smime_core.x509.certificate import Certificate

LEFT_OUT_REASONS: Final = {
    "no-address": "The certificate names no email address.",
    "other-address": "The certificate is for another address than its entry.",
    "not-read": "This is not a certificate, or it is damaged.",
    "link": "The entry names a link to the certificate, and links are not followed.",
    "too-many": "Too many certificates are kept for this address.",
}
"""The reasons for not importing a certificate, by code."""

_HEAD_BYTES: Final = 65_536  # LDIF and vCard are recognised by the first bytes of a file.
_VCARD: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*+BEGIN[ \t]*+:[ \t]*+VCARD", re.IGNORECASE)
# RFC 2849: comments and blank lines may come first.
_LDIF: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:(?:[# ][^\n]*+)?\n|\r\n)*(?:version|dn)[ \t]*+:", re.IGNORECASE)
_CARRIERS: Final = (ValueKind.CERTIFICATE, ValueKind.CMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A certificate that is not imported. `name` names its entry or owner. `certificate` is None if unreadable."""

    name: str
    reason: Reason
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPerson:
    """An address and a certificate that names it."""

    address: str
    certificate: Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFile:
    """The contents of a file. `certificates` are all certificates of the file in their order, each once.

    `people` are the certificates of people, each with an address. `authorities` are the certificates of authorities,
    which may have issued certificates of people. `entries_without` is the number of entries that have no certificate at
    all.
    """

    certificates: tuple[Certificate, ...]
    people: tuple[FoundPerson, ...]
    authorities: tuple[Certificate, ...]
    left_out: tuple[LeftOut, ...]
    entries_without: int


def parse_people_file(data: bytes, where: str = "people file") -> PeopleFile:
    """The certificates of a file and the addresses that they belong to. `where` names the file in errors.

    Raises MalformedMessage or LimitExceeded.
    """
    check_limit("bytes of a people file", len(data), MAX_PEOPLE_FILE_BYTES)
    text = to_utf8(data)
    head = text[:_HEAD_BYTES]
    if _VCARD.match(head):
        return _Reading().of_entries(parse_vcards(text))
    if _LDIF.match(head):
        return _Reading().of_entries(parse_ldif(text))
    if is_whole_element(data) or is_mail(data):
        return _Reading().of_certificates(parse_carried_certificates(data, where))
    return _Reading().of_values(parse_file_values(data, where), where)


def find_people(certificates: Iterable[bytes]) -> PeopleFile:
    """The people of these certificates, each as DER. A damaged certificate does not hide the others.

    Raises LimitExceeded.
    """
    return _Reading().of_entries(
        Entry(name="", addresses=(), certificates=(certificate,)) for certificate in certificates
    )


def leave_out(name: str, code: str, certificate: Certificate | None = None) -> LeftOut:
    """The record of a certificate that is not imported for a reason of LEFT_OUT_REASONS."""
    named = {"addresses": ", ".join(certificate.email_addresses)} if code == "other-address" and certificate else {}
    return LeftOut(name=name, reason=build_reason(code, LEFT_OUT_REASONS[code], named), certificate=certificate)


class _Reading:
    """The state of reading one file."""

    def __init__(self) -> None:
        self._certificates: dict[Certificate, None] = {}
        self._people: dict[tuple[tuple[str, str], Certificate], FoundPerson] = {}
        self._left_out: dict[LeftOut, None] = {}
        self._values = 0
        self._entries_without = 0

    def of_entries(self, entries: Iterable[Entry]) -> PeopleFile:
        """Read all entries. Raises LimitExceeded."""
        for number, entry in enumerate(entries, start=1):
            check_limit("entries of an address book", number, MAX_CONTACTS)
            self._read_entry(entry, entry.name or f"#{number}")
        return self._finish()

    def of_certificates(self, certificates: Iterable[Certificate]) -> PeopleFile:
        """Read certificates without entries."""
        self._assign(certificates, "", ())
        return self._finish()

    def of_values(self, values: FileValues, where: str) -> PeopleFile:
        """Read the values of a file, at least one. A damaged value hides no other. Raises MalformedMessage."""
        carriers = values.find(*_CARRIERS)
        if not carriers:
            values.take(*_CARRIERS, where=where)
        if len(values.values) == 1 and not values.failures:
            return self.of_certificates(parse_carried_certificates(carriers[0].der, where))
        for number, _ in enumerate(values.failures, start=1):
            self._left_out[leave_out(f"#{number}", "not-read")] = None
        return self.of_entries(Entry(name="", addresses=(), certificates=(carrier.der,)) for carrier in carriers)

    def _read_entry(self, entry: Entry, name: str) -> None:
        if not entry.certificates and not entry.refusals:
            self._entries_without += 1
        self._left_out |= dict.fromkeys(leave_out(name, code) for code in entry.refusals)
        self._count(len(entry.refusals))
        for value in entry.certificates:
            try:
                certificates = parse_carried_certificates(value)
            except SmimeError:
                certificates = ()
            self._count(max(1, len(certificates)))
            if certificates:
                self._assign(certificates, entry.name, entry.addresses)
            else:
                self._left_out[leave_out(name, "not-read")] = None

    def _assign(self, certificates: Iterable[Certificate], name: str, stated: tuple[str, ...]) -> None:
        keys = {address_key(address) for address in stated if parse_address(address)}
        for certificate in certificates:
            self._certificates[certificate] = None
            if certificate.is_ca:
                continue
            own = certificate.email_addresses
            fitting = [address for address in own if not stated or address_key(address) in keys]
            for address in fitting:
                person = FoundPerson(address=address, certificate=certificate)
                self._people.setdefault((address_key(address), certificate), person)
            if not fitting:
                code = "other-address" if own else "no-address"
                self._left_out[leave_out(name or certificate.common_name, code, certificate)] = None

    def _count(self, values: int) -> None:
        self._values += values
        check_limit("certificates of an address book", self._values, MAX_PEOPLE_CERTIFICATES)

    def _finish(self) -> PeopleFile:
        return PeopleFile(
            certificates=tuple(self._certificates),
            people=tuple(self._people.values()),
            authorities=tuple(certificate for certificate in self._certificates if certificate.is_ca),
            left_out=tuple(self._left_out),
            entries_without=self._entries_without,
        )
