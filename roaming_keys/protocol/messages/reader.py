"""JSON objects from the other side, read with the same strictness everywhere, and how they are written.

Every member is there exactly once and none is unknown; each has its type and its bounds. Bytes are standard base64.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from smime_core.errors import MalformedMessage
from smime_core.limits import check_limit
from smime_core.text import parse_json

Choice = TypeVar("Choice", bound=StrEnum)

MAX_SMALL_BYTES: Final = 4_096  # The JSON text of a message without a bundle.
MAX_SECONDS: Final = 253_402_300_799  # The end of the year 9999, the last that a datetime can have.
MAX_TEXT_CHARACTERS: Final = 2_048
MAX_ID_CHARACTERS: Final = 64
MAX_CERTIFICATES: Final = 1_000

# JSON can write an unpaired surrogate, which UTF-8 cannot encode (RFC 8259 section 8.2).
_FINGERPRINT: Final = re.compile("[0-9a-f]{64}")
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


class Reader:
    """A JSON object from which every member is taken exactly once. Every method raises MalformedMessage."""

    def __init__(self, source: bytes | Mapping[str, Any], where: str, *, max_bytes: int = MAX_SMALL_BYTES) -> None:
        self._where = where
        self._members = dict(source) if isinstance(source, Mapping) else _parse_object(source, where, max_bytes)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def text(self, name: str) -> str:
        """Take a text that is not empty."""
        return _check_text(self._take(name), self._place(name))

    def id(self, name: str) -> str:
        """Take the name of something that the server has: at most 64 letters and digits of ASCII."""
        return _check_id(self._take(name), self._place(name))

    def ids(self, name: str, maximum: int) -> tuple[str, ...]:
        """Take a list of such names."""
        return tuple(_check_id(value, self._place(name)) for value in self._list(name, maximum))

    def text_or_null(self, name: str) -> str | None:
        """Take a text of any length, or null."""
        value = self._take(name)
        if value is not None and (not isinstance(value, str) or _HALF_CHARACTER.search(value)):
            raise MalformedMessage("expected a text or null", self._place(name))
        return value

    def texts(self, name: str, maximum: int) -> tuple[str, ...]:
        """Take a list of texts."""
        return tuple(_check_text(value, self._place(name)) for value in self._list(name, maximum))

    def fingerprints(self, name: str) -> tuple[str, ...]:
        """Take a list of fingerprints of certificates. Raises MalformedMessage."""
        found = self.texts(name, MAX_CERTIFICATES)
        if not all(_FINGERPRINT.fullmatch(one) for one in found):
            raise MalformedMessage("expected SHA-256 in hexadecimal", where=name)
        return found

    def integer(self, name: str, lowest: int, highest: int) -> int:
        """Take a whole number from `lowest` to `highest`."""
        value = self._take(name)
        # bool is an int in Python, but not in JSON.
        if not isinstance(value, int) or isinstance(value, bool):
            raise MalformedMessage("expected a whole number", self._place(name))
        check_range(value, lowest, highest, self._place(name))
        return value

    def boolean(self, name: str) -> bool:
        """Take true or false."""
        value = self._take(name)
        if not isinstance(value, bool):
            raise MalformedMessage("expected true or false", self._place(name))
        return value

    def choice(self, name: str, kind: type[Choice]) -> Choice:
        """Take one of the texts of an enumeration."""
        try:
            return kind(self.text(name))
        except ValueError:
            raise MalformedMessage(f"expected one of {', '.join(kind)}", self._place(name)) from None

    def seconds(self, name: str) -> int:
        """Take a time in whole seconds since 1970."""
        return self.integer(name, 0, MAX_SECONDS)

    def data(self, name: str, maximum: int) -> bytes:
        """Take at most `maximum` bytes. Raises LimitExceeded for more."""
        return _check_data(self._take(name), self._place(name), maximum)

    def datas(self, name: str, most: int, maximum: int) -> tuple[bytes, ...]:
        """Take a list of at most `most` byte strings of at most `maximum` bytes each. Raises LimitExceeded for more."""
        return tuple(_check_data(value, self._place(name), maximum) for value in self._list(name, most))

    def exactly(self, name: str, length: int) -> bytes:
        """Take `length` bytes."""
        data = self.data(name, length)
        check_range(len(data), length, length, self._place(name))
        return data

    def nothing_or(self, name: str, length: int) -> bytes | None:
        """Take `length` bytes, or None for the empty text."""
        data = self.data(name, length)
        if not data:
            return None
        check_range(len(data), length, length, self._place(name))
        return data

    def record(self, name: str) -> Reader:
        """Take an object."""
        return self._nested(self._take(name), name)

    def records(self, name: str, maximum: int) -> list[Reader]:
        """Take a list of objects."""
        return [self._nested(value, name) for value in self._list(name, maximum)]

    def check_protocol(self, protocol: int) -> None:
        """Take the member `protocol`, which must have this value."""
        self.integer("protocol", protocol, protocol)

    def check_finished(self) -> None:
        """Check that every member was taken."""
        if self._members:
            raise MalformedMessage(f"{len(self._members)} unknown members", where=self._where)

    def _list(self, name: str, maximum: int) -> list[Any]:
        values = self._take(name)
        if not isinstance(values, list):
            raise MalformedMessage("expected a list", self._place(name))
        check_limit(self._place(name), len(values), maximum)
        return values

    def _nested(self, value: object, name: str) -> Reader:
        if not isinstance(value, dict):
            raise MalformedMessage("expected an object", self._place(name))
        return Reader(value, self._place(name))

    def _take(self, name: str) -> Any:
        if name not in self._members:
            raise MalformedMessage("is missing", self._place(name))
        return self._members.pop(name)

    def _place(self, name: str) -> str:
        return f"{self._where}: {name}"


def check_range(value: int, lowest: int, highest: int, where: str) -> None:
    """Return if the value is within its bounds. Raises MalformedMessage."""
    if not lowest <= value <= highest:
        raise MalformedMessage(f"{value}, expected {lowest} to {highest}", where)


def to_base64(data: bytes) -> str:
    """Return the bytes as a member's text."""
    return base64.b64encode(data).decode("ascii")


def write(members: Mapping[str, Any]) -> bytes:
    """Return a JSON object."""
    return json.dumps(members, separators=(",", ":")).encode()


def _check_id(value: object, where: str) -> str:
    # Other characters are in no id, and PostgreSQL takes no U+0000.
    if (
        not isinstance(value, str)
        or not 0 < len(value) <= MAX_ID_CHARACTERS
        or not (value.isascii() and value.isalnum())
    ):
        raise MalformedMessage(f"expected at most {MAX_ID_CHARACTERS} letters and digits", where)
    return value


def _check_text(value: object, where: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT_CHARACTERS or _HALF_CHARACTER.search(value):
        raise MalformedMessage("expected a text", where)
    return value


def _check_data(value: object, where: str, maximum: int) -> bytes:
    if not isinstance(value, str):
        raise MalformedMessage("expected base64", where)
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        # The cause is left out: its text might quote the value, which may be a key.
        raise MalformedMessage("expected base64", where) from None
    check_limit(f"{where} in bytes", len(data), maximum)
    return data


def _parse_object(data: bytes, where: str, max_bytes: int) -> dict[str, Any]:
    parsed = parse_json(data, where, max_bytes=max_bytes)
    if not isinstance(parsed, dict):
        raise MalformedMessage("expected a JSON object", where)
    return parsed
