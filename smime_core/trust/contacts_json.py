"""Contacts as JSON: one form for the command's file, the extension's database and the pages.

    {"version": "sealwax-contacts-1", "certificates": [base64 DER], "contacts": [{"address", "certificates":
    [{"certificate", "source", "firstSeen", "lastSeen", "intermediates"}], "capabilities", "preferred", "saidAt"}]}

Each certificate is written once, in the list at the top. Contacts name it by its index there. `capabilities` is base64
DER of SMIMECapabilities. Parsing is strict. A text with any extra, missing or misplaced member is refused, so that a
damaged file is not read as a file with fewer contacts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from smime_core.asn1 import der
from smime_core.cms.attributes import SMIME_CAPABILITIES
from smime_core.cms.capabilities import Capabilities, parse_capabilities
from smime_core.errors import MalformedMessage
from smime_core.limits import (
    MAX_CONTACT_CERTIFICATES,
    MAX_CONTACTS,
    MAX_CONTACTS_BYTES,
    MAX_CONTACTS_TOKENS,
    MAX_PATH_LENGTH,
)
from smime_core.text import JsonObject, base64_text, utc_text
from smime_core.trust.certificate_member import certificate_text
from smime_core.trust.contacts import CertificateSource, Contact, Contacts, KnownCertificate
from smime_core.x509.certificate import Certificate, parse_certificate

VERSION: Final = "sealwax-contacts-1"

_WHERE: Final = "contacts"


def build_contacts(contacts: Contacts) -> bytes:
    """The JSON text in ASCII, indented by one blank, so that two versions can be compared line by line."""
    numbers: dict[Certificate, int] = {}
    people = [_contact_to_json(contact, numbers) for contact in contacts.people]
    members = {
        "version": VERSION,
        "certificates": [certificate_text(certificate) for certificate in numbers],
        "contacts": people,
    }
    return (json.dumps(members, indent=1) + "\n").encode("ascii")


def parse_contacts(data: bytes) -> Contacts:
    """Parse the JSON text of `build_contacts`. Raises SmimeError if it is damaged or too large."""
    names = ("version", "certificates", "contacts")
    members = JsonObject.of_version(
        data, names, VERSION, _WHERE, max_bytes=MAX_CONTACTS_BYTES, max_tokens=MAX_CONTACTS_TOKENS
    )
    certificates = [
        parse_certificate(certificate_der)
        for certificate_der in members.data_list("certificates", MAX_CONTACTS_TOKENS, MAX_CONTACTS_BYTES)
    ]
    listed = tuple(_parse_contact(member, certificates) for member in members.values("contacts", MAX_CONTACTS))
    contacts = Contacts(people=listed)
    if any(contacts.find(contact.address) is not contact for contact in listed):
        raise MalformedMessage("an address appears twice", where=_WHERE)
    return contacts


def _contact_to_json(contact: Contact, numbers: dict[Certificate, int]) -> dict[str, object]:
    return {
        "address": contact.address,
        "certificates": [_known_to_json(known, numbers) for known in contact.certificates],
        "capabilities": _capabilities_text(contact.capabilities) if contact.capabilities else None,
        "preferred": _number(contact.preferred, numbers) if contact.preferred else None,
        "saidAt": utc_text(contact.said_at) if contact.said_at else None,
    }


def _known_to_json(known: KnownCertificate, numbers: dict[Certificate, int]) -> dict[str, object]:
    return {
        "certificate": _number(known.certificate, numbers),
        "source": known.source.value,
        "firstSeen": utc_text(known.first_seen),
        "lastSeen": utc_text(known.last_seen),
        "intermediates": [_number(intermediate, numbers) for intermediate in known.intermediates],
    }


def _number(certificate: Certificate, numbers: dict[Certificate, int]) -> int:
    return numbers.setdefault(certificate, len(numbers))


def _capabilities_text(capabilities: Capabilities) -> str:
    return base64_text(der.sequence(*(entry.der for entry in capabilities.entries)))


def _parse_contact(value: object, certificates: Sequence[Certificate]) -> Contact:
    members = JsonObject.of(value, ("address", "certificates", "capabilities", "preferred", "saidAt"), _WHERE)
    known = members.values("certificates", MAX_CONTACT_CERTIFICATES)
    has_capabilities, has_preferred = members.value("capabilities") is not None, members.value("preferred") is not None
    return Contact(
        address=members.text("address"),
        certificates=tuple(_parse_known(member, certificates) for member in known),
        capabilities=_parse_capabilities(members) if has_capabilities else None,
        preferred=certificates[members.number("preferred", 0, len(certificates) - 1)] if has_preferred else None,
        said_at=members.time_or_null("saidAt"),
    )


def _parse_known(value: object, certificates: Sequence[Certificate]) -> KnownCertificate:
    members = JsonObject.of(value, ("certificate", "source", "firstSeen", "lastSeen", "intermediates"), _WHERE)
    last = len(certificates) - 1
    return KnownCertificate(
        certificate=certificates[members.number("certificate", 0, last)],
        source=members.choice("source", CertificateSource),
        first_seen=members.time("firstSeen"),
        last_seen=members.time("lastSeen"),
        intermediates=tuple(certificates[number] for number in members.numbers("intermediates", MAX_PATH_LENGTH, last)),
    )


def _parse_capabilities(members: JsonObject) -> Capabilities | None:
    return parse_capabilities({SMIME_CAPABILITIES: (members.data("capabilities", MAX_CONTACTS_BYTES),)})
