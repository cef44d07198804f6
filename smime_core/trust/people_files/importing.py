"""Add the certificates of a people file to the contacts. They are remembered, and not trusted: see `contacts`.

A certificate that differs from the known ones of its address is a `CertificateChange`, as in mail. It is added only
after the user agreed, because later verdicts would no longer report it.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from smime_core.limits import MAX_CONTACT_CERTIFICATES
from smime_core.text.mail_address import address_key
from smime_core.trust.contacts import (
    CertificateChange,
    CertificateSource,
    Contact,
    Contacts,
    KnownCertificate,
    find_change,
    remember_certificate,
)
from smime_core.trust.people_files.issuers import Issuers
from smime_core.trust.people_files.left_out import LeftOut, leave_out
from smime_core.trust.people_files.reading import FoundPerson, PeopleFile
from smime_core.x509.certificate import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The contacts after an import. `known` counts the certificates that were there already.

    `changes` are the certificates that differ from the known ones of an address. `import_people` does not add them.
    """

    contacts: Contacts
    added: tuple[FoundPerson, ...]
    known: int
    changes: tuple[CertificateChange, ...]
    left_out: tuple[LeftOut, ...]


def import_people(contacts: Contacts, file: PeopleFile, at: datetime.datetime) -> Imported:
    """Add the people of a file, without changed certificates. `at` is the time of the import. Raises LimitExceeded."""
    changes = _find_changes(contacts, file.people)
    people = [one for one in file.people if one not in changes]
    return _Import(contacts, file, at).add(people, tuple(changes.values()))


def import_changed_people(contacts: Contacts, file: PeopleFile, at: datetime.datetime) -> Imported:
    """Add the people of a file including changed certificates, after the user agreed. Raises LimitExceeded."""
    changes = _find_changes(contacts, file.people)
    return _Import(contacts, file, at).add(file.people, tuple(changes.values()))


def _find_changes(contacts: Contacts, people: Iterable[FoundPerson]) -> dict[FoundPerson, CertificateChange]:
    found = {one: find_change(contacts, one.address, one.certificate) for one in people}
    return {one: change for one, change in found.items() if change is not None and not change.is_renewal}


class _Import:
    """One import into `contacts`."""

    def __init__(self, contacts: Contacts, file: PeopleFile, at: datetime.datetime) -> None:
        self._contacts = contacts
        self._file = file
        self._at = at
        self._issuers = Issuers(file.authorities)

    def add(self, people: Iterable[FoundPerson], changes: tuple[CertificateChange, ...]) -> Imported:
        by_address: dict[tuple[str, str], list[FoundPerson]] = defaultdict(list)
        for person in people:
            by_address[address_key(person.address)].append(person)
        added: list[FoundPerson] = []
        known = 0
        left_out = list(self._file.left_out)
        after: list[Contact] = []
        for theirs in by_address.values():
            contact = self._contacts.find(theirs[0].address) or Contact(address=theirs[0].address)
            held = {one.certificate for one in contact.certificates}
            new = [one for one in theirs if one.certificate not in held]
            known += len(theirs) - len(new)
            # An import never pushes out a certificate that is known from mail. The newest ones come first.
            new.sort(key=lambda one: one.certificate.not_before, reverse=True)
            room = MAX_CONTACT_CERTIFICATES - len(held)
            left_out += [leave_out(one.address, "too-many", one.certificate) for one in new[room:]]
            added += new[:room]
            for person in reversed(new[:room]):
                contact = remember_certificate(contact, self._known(person.certificate))
            after.append(contact)
        return Imported(
            contacts=self._contacts.with_all(after),
            added=tuple(added),
            known=known,
            changes=changes,
            left_out=tuple(left_out),
        )

    def _known(self, certificate: Certificate) -> KnownCertificate:
        return KnownCertificate(
            certificate=certificate,
            source=CertificateSource.CONTACTS,
            first_seen=self._at,
            last_seen=self._at,
            intermediates=self._issuers.find_above(certificate),
        )
