"""The verbs about contacts, that is, stored addresses of other people with their certificates, and about recipients.

The page keeps the contacts as the bytes of `contacts_json`. It also looks for the certificates of a recipient. The
vault judges them, and collects the certificates in a message that was read.
"""

from __future__ import annotations

import dataclasses
import datetime

from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider
from smime_core.report import (
    MessageReport,
    explain_path,
    reasons_to_json,
    time_to_json,
    trail_to_json,
    tree_node_to_json,
)
from smime_core.text import addresses_match
from smime_core.trust import (
    NO_CONTACTS,
    CertificateSource,
    Contact,
    Contacts,
    FoundCertificate,
    Judging,
    KnownCertificate,
    RecipientCheck,
    accept,
    build_contacts,
    choose_recipient,
    confirm_preferred,
    find_in_contacts,
    forget_service,
    harvest,
    import_changed_people,
    import_people,
    merge,
    parse_contacts,
    parse_people_file,
    remember_certificate,
)
from smime_core.x509 import parse_certificate
from wasm_build.vault.python.certificates import (
    describe,
    describe_change,
    describe_left_out,
    describe_shortly,
    may_receive,
)
from wasm_build.vault.python.replies import describe_lookups
from wasm_build.vault.python.requests import Reply, parse_certificates, request_class
from wasm_build.vault.python.trust import WithJudging, read_judging


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


@request_class
class GivenCertificate:
    """A certificate, and the source in which it was found."""

    certificate: bytes
    source: str
    detail: str = ""
    intermediates: tuple[bytes, ...] = ()


@request_class
class CheckRecipients(WithJudging):
    address: str
    found: tuple[GivenCertificate, ...]
    contacts: bytes = b""


async def check_recipients(request: CheckRecipients, provider: CryptoProvider) -> Reply:
    """Returns `{checks, leftOut, lookups}`: the certificates of an address with their verdicts, the best first."""
    contacts = read_contacts(request.contacts)
    candidates = [*find_in_contacts(contacts, request.address), *map(_parse_found, request.found)]
    judging = await read_judging(request.judging, provider, contacts)
    choice = await choose_recipient(request.address, candidates, judging, provider)
    contact = contacts.find(request.address)
    reads_headers = bool(contact and contact.capabilities and contact.capabilities.reads_header_protection)
    return {
        "checks": [{**_describe_check(check), "readsHeaders": reads_headers} for check in choice.checks],
        "leftOut": choice.left_out,
        "lookups": describe_lookups(check.trail for check in choice.checks),
    }


async def describe_harvest(report: MessageReport, judging: Judging, provider: CryptoProvider) -> Reply | None:
    """Returns `{contacts, changes, asks}`: the contacts after a message, or None if it has nothing to harvest.

    If `asks` is true, the page keeps these `contacts` only after the person has agreed.
    """
    harvested = harvest(report, judging.at)
    if harvested is None:
        left = forget_service(judging.contacts, report)
        return None if left is None else {"contacts": build_contacts(left), "changes": [], "asks": False}
    harvested = await confirm_preferred(harvested, provider, judging.trust_store)
    merged = merge(judging.contacts, harvested)
    after = accept(judging.contacts, harvested) if merged.asks else merged.contacts
    return {
        "contacts": build_contacts(after),
        "changes": [describe_change(change) for change in merged.changes],
        "asks": merged.asks,
    }


def _parse_found(candidate: GivenCertificate) -> FoundCertificate:
    try:
        source = CertificateSource(candidate.source)
    except ValueError as error:
        raise MalformedMessage("an unknown source of certificates", where="request") from error
    return FoundCertificate(
        certificate=parse_certificate(candidate.certificate),
        source=source,
        detail=candidate.detail,
        intermediates=parse_certificates(candidate.intermediates),
    )


def _describe_check(check: RecipientCheck) -> Reply:
    candidate = check.found
    return {
        **describe_shortly(candidate.certificate),
        "source": str(candidate.source),
        "detail": candidate.detail,
        "knownSince": time_to_json(candidate.known_since) if candidate.known_since else None,
        "covered": list(check.covered),
        "usable": check.is_usable,
        "isKem": candidate.certificate.public_key.key_type.is_kem,
        "reasons": reasons_to_json(check.reasons),
        "warnings": reasons_to_json(check.warnings),
        "tree": [tree_node_to_json(node) for node in explain_path(check.trail, candidate.certificate)],
        "trail": trail_to_json(check.trail) if check.trail else None,
        "path": [describe_shortly(certificate) for certificate in (check.trail.certificates if check.trail else ())],
    }
