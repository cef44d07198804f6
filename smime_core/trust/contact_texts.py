"""The contacts of a JSON text, one text for each, without parsing their certificates.

A contact's text is the text of `contacts_json` with this contact only, without blanks. Equal contacts have equal texts,
so that two devices can compare thousands of contacts in milliseconds. `parse_contacts` checks texts that come from
elsewhere.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_CONTACTS_BYTES, MAX_CONTACTS_TOKENS
from smime_core.text import normalise_address, parse_json
from smime_core.trust.contacts import (
    Contact,
    Contacts,
    add_unasked,
    add_unasked_one,
    in_order_of_arrival,
    remember_certificate,
)
from smime_core.trust.contacts_json import VERSION, build_contacts, parse_contacts

_WHERE: Final = "contacts"


def split_contacts(data: bytes) -> dict[str, str]:
    """The text of each contact by its address key, in their order. Raises MalformedMessage or LimitExceeded."""
    value: Any = parse_json(data, _WHERE, max_bytes=MAX_CONTACTS_BYTES, max_tokens=MAX_CONTACTS_TOKENS)
    try:
        if value["version"] != VERSION:
            raise MalformedMessage(f"this is not of version {VERSION}", where=_WHERE)
        listed = value["certificates"]
        return {contact_key(contact["address"]): _write([contact], listed) for contact in value["contacts"]}
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise MalformedMessage("a member is missing or of another kind", where=_WHERE) from error


def join_contact_texts(texts: Iterable[str]) -> bytes:
    """The JSON text of all these contacts, as `build_contacts` writes it. Raises MalformedMessage."""
    people: list[dict[str, Any]] = []
    numbers: dict[str, int] = {}
    try:
        for text in texts:
            value = json.loads(text)
            people.extend(_renumber(contact, value["certificates"], numbers) for contact in value["contacts"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise MalformedMessage("a member is missing or of another kind", where=_WHERE) from error
    members = {"version": VERSION, "certificates": list(numbers), "contacts": people}
    return (json.dumps(members, indent=1) + "\n").encode("ascii")


def parse_contact_text(text: str) -> Contact:
    """The contact of a text. Raises MalformedMessage or LimitExceeded, also for a text in another form."""
    contacts = parse_contacts(text.encode())
    if len(contacts.people) != 1 or contact_text(contacts.people[0]) != text:
        raise MalformedMessage("expected one contact, written without blanks", where=_WHERE)
    return contacts.people[0]


def contact_text(contact: Contact) -> str:
    """The text of a contact."""
    (text,) = split_contacts(build_contacts(Contacts(people=(contact,)))).values()
    return text


def contact_key(address: str) -> str:
    """A text that is equal for texts of the same address."""
    return normalise_address(address)


def last_change(text: str) -> datetime.datetime:
    """The latest time that a contact's text names."""
    (contact,) = json.loads(text)["contacts"]
    times = [*(certificate["lastSeen"] for certificate in contact["certificates"]), *filter(None, (contact["saidAt"],))]
    # All times have the same form, so the greatest text is the latest time.
    return datetime.datetime.fromisoformat(max(times)) if times else datetime.datetime.fromtimestamp(0, datetime.UTC)


def join_contact(one: Contact, other: Contact) -> Contact:
    """One contact that two devices have changed: the certificates of both, and the preferences from the later mail.

    If the user would have to agree to a certificate from the other device, the certificates that were seen first stay.
    The user is then asked at the next mail with another certificate. If the user has agreed to a change on the device
    with the later certificates, all of its certificates stay.
    """
    joined, later = sorted((one, other), key=_arrivals)
    unasked = add_unasked(Contact(address=one.address), later.certificates)
    has_agreed = len(unasked.certificates) < len(later.certificates)
    for known in in_order_of_arrival(later.certificates):
        joined = (remember_certificate if has_agreed else add_unasked_one)(joined, known)
    # A contact's preferences count only if its preferred certificate is kept.
    certain = [contact for contact in (one, other) if contact.preferred in (None, *joined.known)]
    by_time = {contact.said_at: contact for contact in certain if contact.said_at is not None}
    return dataclasses.replace(by_time[max(by_time)], certificates=joined.certificates) if by_time else joined


def _arrivals(contact: Contact) -> list[tuple[datetime.datetime, str]]:
    return [(known.first_seen, known.certificate.fingerprint) for known in in_order_of_arrival(contact.certificates)]


def _write(people: Iterable[Mapping[str, Any]], listed: list[Any]) -> str:
    numbers: dict[str, int] = {}
    contacts = [_renumber(person, listed, numbers) for person in people]
    members = {"version": VERSION, "certificates": list(numbers), "contacts": contacts}
    return json.dumps(members, separators=(",", ":"))


def _renumber(contact: Mapping[str, Any], listed: list[Any], numbers: dict[str, int]) -> dict[str, Any]:
    """The contact, whose certificates are numbered by their positions in a new list. `numbers` collects this list."""

    def number(old: Any) -> int:
        # A Python list also accepts negative indexes, and True as 1.
        if type(old) is not int or old < 0:
            raise MalformedMessage("the number of a certificate that is not there", where=_WHERE)
        return numbers.setdefault(listed[old], len(numbers))

    known = [
        {
            **certificate,
            "certificate": number(certificate["certificate"]),
            "intermediates": [number(other) for other in certificate["intermediates"]],
        }
        for certificate in contact["certificates"]
    ]
    preferred = contact["preferred"]
    return {**contact, "certificates": known, "preferred": None if preferred is None else number(preferred)}
