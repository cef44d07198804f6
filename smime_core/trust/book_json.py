"""The address book as JSON: names of people and groups, as web pages keep them beside contacts and decisions.

    {"version": "sealwax-book-1", "entries": [{"name", "at", "value"}]}

`name` is the kind of the entry, such as a person or a group, then a colon, then the entry's own name. `value` is a
text, whose form this module does not check, or null for a removed entry. `at` is the time of the change in milliseconds
since 1970. If two books are joined, the later version of each entry stays. An address book gives no trust: certificates
are in the contacts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_BOOK_BYTES, MAX_BOOK_ENTRIES, MAX_BOOK_NAME_CHARACTERS, check_limit
from smime_core.text import JsonObject

VERSION: Final = "sealwax-book-1"

_WHERE: Final = "address book"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookEntry:
    """One name or group of the book. `value` is None if it was removed."""

    name: str
    at: int
    value: str | None


def build_book(entries: Sequence[BookEntry]) -> bytes:
    """The JSON text in ASCII, without blanks."""
    listed = [{"name": entry.name, "at": entry.at, "value": entry.value} for entry in entries]
    return json.dumps({"version": VERSION, "entries": listed}, separators=(",", ":")).encode("ascii")


def parse_book(data: bytes) -> tuple[BookEntry, ...]:
    """Parse the JSON text of `build_book`. Raises SmimeError if it is damaged or too large."""
    members = JsonObject.of_version(data, ("version", "entries"), VERSION, _WHERE, max_bytes=MAX_BOOK_BYTES)
    entries = tuple(map(_from_json, members.values("entries", limit=MAX_BOOK_ENTRIES)))
    if len({entry.name for entry in entries}) != len(entries):
        raise MalformedMessage("a name appears twice", where=_WHERE)
    return entries


def _from_json(value: object) -> BookEntry:
    members = JsonObject.of(value, ("name", "at", "value"), where=_WHERE)
    name = members.text("name")
    check_limit(f"characters of a name of {_WHERE}", len(name), MAX_BOOK_NAME_CHARACTERS)
    text = None if members.value("value") is None else members.text("value")
    return BookEntry(name=name, at=members.number("at"), value=text)
