"""Contacts as JSON: one form for the command's file, the extension's database and the pages.

    {"version": "sealwax-contacts-1", "certificates": [base64 DER], "contacts": [{"address", "certificates":
    [{"certificate", "source", "firstSeen", "lastSeen", "intermediates"}], "capabilities", "preferred", "saidAt"}]}

Each certificate is written once, in the list at the top. Contacts name it by its index there. `capabilities` is base64
DER of SMIMECapabilities. Parsing is strict: a text with any extra, missing or misplaced member is refused, so that a
damaged file is not read as a file with fewer contacts.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import re
from collections.abc import Mapping, Sequence
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
    check_limit,
)
from smime_core.text.strict_json import parse_json
from smime_core.text.times import utc_text
from smime_core.trust.contacts import CertificateSource, Contact, Contacts, KnownCertificate
from smime_core.x509.certificate import Certificate, parse_certificate

VERSION: Final = "sealwax-contacts-1"

_WHERE: Final = "contacts"
_TIME_FORM: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def build_contacts(contacts: Contacts) -> bytes:
    """The JSON text in ASCII, indented by one blank, so that two versions can be compared line by line."""
    numbers: dict[Certificate, int] = {}
    people = [_contact_to_json(contact, numbers) for contact in contacts.people]
    members = {"version": VERSION, "certificates": [_to_text(one.der) for one in numbers], "contacts": people}
    return (json.dumps(members, indent=1) + "\n").encode("ascii")


def parse_contacts(data: bytes) -> Contacts:
    """Parse the JSON text of `build_contacts`. Raises SmimeError if it is damaged or too large."""
    value = parse_json(data, _WHERE, max_bytes=MAX_CONTACTS_BYTES, max_tokens=MAX_CONTACTS_TOKENS)
    members = _members(value, ("version", "certificates", "contacts"))
    if members["version"] != VERSION:
        raise MalformedMessage(f"this is not of version {VERSION}", where=_WHERE)
    certificates = [parse_certificate(_octets(one)) for one in _list(members["certificates"])]
    people = _list(members["contacts"])
    check_limit("contacts", len(people), MAX_CONTACTS)
    listed = tuple(_parse_contact(one, certificates) for one in people)
    contacts = Contacts(people=listed)
    if any(contacts.find(contact.address) is not contact for contact in listed):
        raise MalformedMessage("an address appears twice", where=_WHERE)
    return contacts


def _contact_to_json(contact: Contact, numbers: dict[Certificate, int]) -> dict[str, object]:
    return {
        "address": contact.address,
        "certificates": [_known_to_json(known, numbers) for known in contact.certificates],
        "capabilities": _to_text(_capabilities_der(contact.capabilities)) if contact.capabilities else None,
        "preferred": _number(contact.preferred, numbers) if contact.preferred else None,
        "saidAt": utc_text(contact.said_at) if contact.said_at else None,
    }


def _known_to_json(known: KnownCertificate, numbers: dict[Certificate, int]) -> dict[str, object]:
    return {
        "certificate": _number(known.certificate, numbers),
        "source": known.source.value,
        "firstSeen": utc_text(known.first_seen),
        "lastSeen": utc_text(known.last_seen),
        "intermediates": [_number(one, numbers) for one in known.intermediates],
    }


def _number(certificate: Certificate, numbers: dict[Certificate, int]) -> int:
    return numbers.setdefault(certificate, len(numbers))


def _capabilities_der(capabilities: Capabilities) -> bytes:
    return der.sequence(*(entry.der for entry in capabilities.entries))


def _to_text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _parse_contact(value: object, certificates: Sequence[Certificate]) -> Contact:
    members = _members(value, ("address", "certificates", "capabilities", "preferred", "saidAt"))
    known = _list(members["certificates"])
    check_limit("certificates of a contact", len(known), MAX_CONTACT_CERTIFICATES)
    capabilities, preferred, said_at = members["capabilities"], members["preferred"], members["saidAt"]
    return Contact(
        address=_text(members["address"]),
        certificates=tuple(_parse_known(one, certificates) for one in known),
        capabilities=None if capabilities is None else _parse_capabilities(_octets(capabilities)),
        preferred=None if preferred is None else _certificate(preferred, certificates),
        said_at=None if said_at is None else _time(said_at),
    )


def _parse_known(value: object, certificates: Sequence[Certificate]) -> KnownCertificate:
    members = _members(value, ("certificate", "source", "firstSeen", "lastSeen", "intermediates"))
    intermediates = _list(members["intermediates"])
    check_limit("intermediates of a contact", len(intermediates), MAX_PATH_LENGTH)
    try:
        source = CertificateSource(_text(members["source"]))
    except ValueError as error:
        raise MalformedMessage("an unknown source of a certificate", where=_WHERE) from error
    return KnownCertificate(
        certificate=_certificate(members["certificate"], certificates),
        source=source,
        first_seen=_time(members["firstSeen"]),
        last_seen=_time(members["lastSeen"]),
        intermediates=tuple(_certificate(one, certificates) for one in intermediates),
    )


def _parse_capabilities(octets: bytes) -> Capabilities | None:
    return parse_capabilities({SMIME_CAPABILITIES: (octets,)})


def _certificate(value: object, certificates: Sequence[Certificate]) -> Certificate:
    # In Python, True is an int, so `true` would be accepted as the number 1.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < len(certificates):
        raise MalformedMessage("the number of a certificate that is not there", where=_WHERE)
    return certificates[value]


def _members(value: object, names: Sequence[str]) -> Mapping[str, object]:
    if not isinstance(value, dict) or set(value) != set(names):
        raise MalformedMessage(f"expected an object of {', '.join(names)}", where=_WHERE)
    return value


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise MalformedMessage("expected a list", where=_WHERE)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise MalformedMessage("expected text", where=_WHERE)
    return value


def _octets(value: object) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedMessage("expected base64", where=_WHERE) from error


def _time(value: object) -> datetime.datetime:
    text = _text(value)
    try:
        if _TIME_FORM.fullmatch(text):
            return datetime.datetime.fromisoformat(text)
    except ValueError:
        pass
    raise MalformedMessage("expected a time as 2026-01-31T12:00:00Z", where=_WHERE)
