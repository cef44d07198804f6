"""Add the certificates of a people file to the contacts, where they are stored but not trusted: see `contacts`.

A certificate that differs from the known ones of its address is a `CertificateChange`, as in mail. A changed
certificate is added only after the user agreed, because later verdicts would no longer report the change. Several
certificates of one address in a file are compared as if the newest had come first, so that their order in the file
changes nothing.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from smime_core.limits import MAX_CONTACT_CERTIFICATES
from smime_core.text.mail_address import address_key
from smime_core.trust.certificate_change import CertificateChange, change_from
from smime_core.trust.contacts import (
    CertificateSource,
    Contact,
    Contacts,
    KnownCertificate,
    known_certificates,
    remember_certificate,
)
from smime_core.trust.issuers import Issuers
from smime_core.trust.people_files.reading import FoundPerson, LeftOut, PeopleFile, leave_out
from smime_core.x509.certificate import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The contacts after an import. `known` counts the certificates that were there already.

    `changes` are the certificates that differ from the known ones of an address. `import_people` does not add these.
    """

    contacts: Contacts
    added: tuple[FoundPerson, ...]
    known: int
    changes: tuple[CertificateChange, ...]
    left_out: tuple[LeftOut, ...]


def import_people(contacts: Contacts, file: PeopleFile, at: datetime.datetime) -> Imported:
    """Add the people of a file, without changed certificates. `at` is the time of the import. Raises LimitExceeded."""
    changes = _find_changes(contacts, file.people)
    people = (person for person in file.people if person not in changes)
    return _import(contacts, file, at, people, changes.values())


def import_changed_people(contacts: Contacts, file: PeopleFile, at: datetime.datetime) -> Imported:
    """Add the people of a file including changed certificates, after the user agreed. Raises LimitExceeded."""
    return _import(contacts, file, at, file.people, _find_changes(contacts, file.people).values())


def _find_changes(contacts: Contacts, people: Iterable[FoundPerson]) -> dict[FoundPerson, CertificateChange]:
    known: dict[tuple[str, str], tuple[Certificate, ...]] = {}
    changes: dict[FoundPerson, CertificateChange] = {}
    for person in sorted(people, key=_newest_first):
        key = address_key(person.address)
        before = known.setdefault(key, known_certificates(contacts, person.address))
        change = change_from(before, person.certificate, person.address)
        if change is None or change.is_renewal:
            known[key] = (*before, person.certificate)
        else:
            changes[person] = change
    return changes


def _newest_first(person: FoundPerson) -> tuple[float, str]:
    return -person.certificate.not_before.timestamp(), person.certificate.fingerprint


def _import(
    contacts: Contacts,
    file: PeopleFile,
    at: datetime.datetime,
    people: Iterable[FoundPerson],
    changes: Iterable[CertificateChange],
) -> Imported:
    issuers = Issuers(file.authorities)
    by_address: dict[tuple[str, str], list[FoundPerson]] = defaultdict(list)
    for person in people:
        by_address[address_key(person.address)].append(person)
    added: list[FoundPerson] = []
    known = 0
    left_out = list(file.left_out)
    after: list[Contact] = []
    for theirs in by_address.values():
        contact = contacts.find(theirs[0].address) or Contact(address=theirs[0].address)
        certificates = {certificate.certificate for certificate in contact.certificates}
        # An import never drops a known certificate. The newest of the imported certificates come first.
        new = sorted((person for person in theirs if person.certificate not in certificates), key=_newest_first)
        known += len(theirs) - len(new)
        free_count = MAX_CONTACT_CERTIFICATES - len(certificates)
        left_out += [leave_out(person.address, "too-many", person.certificate) for person in new[free_count:]]
        added += new[:free_count]
        for person in reversed(new[:free_count]):
            contact = remember_certificate(contact, _imported(person.certificate, at, issuers))
        after.append(contact)
    return Imported(
        contacts=contacts.with_all(after),
        added=tuple(added),
        known=known,
        changes=tuple(changes),
        left_out=tuple(left_out),
    )


def _imported(certificate: Certificate, at: datetime.datetime, issuers: Issuers) -> KnownCertificate:
    return KnownCertificate(
        certificate=certificate,
        source=CertificateSource.CONTACTS,
        first_seen=at,
        last_seen=at,
        intermediates=issuers.find_above(certificate),
    )
