"""The verbs about contacts, that is, stored addresses of other people with their certificates.

The page keeps the contacts as the bytes of `contacts_json`.
"""

from __future__ import annotations

import dataclasses
import datetime

from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider
from smime_core.report import time_to_json
from smime_core.text import addresses_match
from smime_core.trust import (
    NO_CONTACTS,
    CertificateSource,
    Contact,
    Contacts,
    KnownCertificate,
    build_contacts,
    import_changed_people,
    import_people,
    parse_contacts,
    parse_people_file,
    remember_certificate,
)
from wasm_build.vault.python.certificates import describe, describe_change, describe_left_out, may_receive
from wasm_build.vault.python.requests import Reply, parse_certificates, request_class


@request_class
class ListContacts:
    contacts: bytes


@request_class
class RemoveContact:
    contacts: bytes
    address: str


@request_class
class LearnContact:
    contacts: bytes = b""
    address: str
    certificates: tuple[bytes, ...]
    at: datetime.datetime


@request_class
class ImportContacts:
    contacts: bytes = b""
    file: bytes
    at: datetime.datetime
    accept_changes: bool = False


async def list_contacts(request: ListContacts, _: CryptoProvider) -> Reply:
    """Returns `{people}`: each contact with the facts of its certificates."""
    return {"people": [_describe(contact) for contact in read_contacts(request.contacts).people]}


async def remove_contact(request: RemoveContact, _: CryptoProvider) -> Reply:
    """Returns `{contacts}` without the contact of one address."""
    return {"contacts": build_contacts(read_contacts(request.contacts).without(request.address))}


async def learn_contact(request: LearnContact, _: CryptoProvider) -> Reply:
    """Returns `{contacts}` with these certificates added to an address, at the person's request.

    Raises MalformedMessage for a certificate that names another address.
    """
    contacts, address, at = read_contacts(request.contacts), request.address, request.at
    contact = contacts.find(address) or Contact(address=address)
    for certificate in parse_certificates(request.certificates):
        if not any(addresses_match(address, own) for own in certificate.email_addresses):
            raise MalformedMessage(f"it is not for {address}", where="certificate")
        known = KnownCertificate(certificate=certificate, source=CertificateSource.HARVEST, first_seen=at, last_seen=at)
        contact = remember_certificate(contact, known)
        if may_receive(certificate):
            contact = dataclasses.replace(contact, preferred=certificate, said_at=at)
    return {"contacts": build_contacts(contacts.with_contact(contact))}


async def import_contacts(request: ImportContacts, _: CryptoProvider) -> Reply:
    """Returns `{contacts, added, known, changes, leftOut}`: the contacts with the people of a file.

    `added` has a person's address once for each certificate that was added. Changed certificates are only in `changes`,
    unless `acceptChanges` says that the person agreed.
    """
    contacts, file = read_contacts(request.contacts), parse_people_file(request.file)
    take = import_changed_people if request.accept_changes else import_people
    done = take(contacts, file, request.at)
    return {
        "contacts": build_contacts(done.contacts),
        "added": [person.address for person in done.added],
        "known": done.known,
        "changes": [describe_change(change) for change in done.changes],
        "leftOut": describe_left_out(done.left_out),
    }


def read_contacts(given: bytes) -> Contacts:
    """The contacts that a page keeps; empty bytes mean no contacts. Raises MalformedMessage or LimitExceeded."""
    return parse_contacts(given) if given else NO_CONTACTS


def _describe(contact: Contact) -> Reply:
    return {
        "address": contact.address,
        "certificates": [
            {
                **describe(known.certificate),
                "source": str(known.source),
                "firstSeen": time_to_json(known.first_seen),
                "lastSeen": time_to_json(known.last_seen),
                "preferred": known.certificate == contact.preferred,
            }
            for known in contact.certificates
        ],
    }
