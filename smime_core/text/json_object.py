"""Read the members of a JSON object that somebody else wrote, with the same strictness everywhere.

Each member is checked against its kind and its bounds; bytes are standard base64. Two programs must not read one text
differently, so an object with unknown members is refused. `of` refuses an object that does not have exactly the named
members. `check_finished` and `whole` refuse an object with a member that was not read. `smime_core.text.strict_json`
reads the text.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, Final, Self, TypeVar

from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_JSON_TOKENS, check_limit
from smime_core.text.strict_json import parse_json

Choice = TypeVar("Choice", bound=StrEnum)
Result = TypeVar("Result")

MAX_SMALL_BYTES: Final = 4_096  # The JSON text of a small object.
MAX_SECONDS: Final = 253_402_300_799  # The end of the year 9999, the last that a datetime can have.
MAX_NUMBER: Final = 2**53 - 1  # The largest whole number that JavaScript represents exactly.
MAX_SHORT_CHARACTERS: Final = 2_048
MAX_ID_CHARACTERS: Final = 64
MAX_FINGERPRINTS: Final = 1_000

_UTC_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_FINGERPRINT: Final = re.compile("[0-9a-f]{64}")
# JSON can write an unpaired surrogate, which UTF-8 cannot encode (RFC 8259 section 8.2).
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


def base64_text(data: bytes) -> str:
    """The text of bytes that `JsonObject.data` reads."""
    return base64.b64encode(data).decode("ascii")


class JsonObject:
    """The members of one JSON object. `where` names the text in errors.

    Every method raises MalformedMessage if a member is missing or is not as expected, and LimitExceeded if a list or
    bytes are too long.
    """

    def __init__(self, source: bytes | Mapping[str, Any], where: str, *, max_bytes: int = MAX_SMALL_BYTES) -> None:
        self.where = where
        value = parse_json(source, where, max_bytes=max_bytes) if isinstance(source, bytes) else source
        if not isinstance(value, Mapping):
            raise self.wrong("", "a JSON object")
        self._members = value
        self._read: set[str] = set()

    @classmethod
    def of(cls, value: object, names: Collection[str], where: str) -> Self:
        """The members of `value`, which must be an object with exactly these names."""
        if not isinstance(value, Mapping) or set(value) != set(names):
            raise MalformedMessage(f"expected an object with the members {', '.join(names)}", where)
        return cls(value, where)

    @classmethod
    def of_version(
        cls,
        data: bytes,
        names: Collection[str],
        version: str,
        where: str,
        *,
        max_bytes: int,
        max_tokens: int = MAX_JSON_TOKENS,
    ) -> Self:
        """The members of a document with exactly these names, whose `format`, or else `version`, must be this one."""
        members = cls.of(parse_json(data, where, max_bytes=max_bytes, max_tokens=max_tokens), names, where)
        name, words = ("format", "the format") if "format" in names else ("version", "version")
        if members.text(name) != version:
            raise MalformedMessage(f"this is not of {words} {version}", where)
        return members

    def __repr__(self) -> str:
        # The repr leaves out the members, because they may be secret.
        return f"{type(self).__name__}({self.where!r})"

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def wrong(self, name: str, expected: str) -> Exception:
        """The error for a member that is not as expected."""
        return MalformedMessage(f"expected {expected}", self._path_of(name))

    def value(self, name: str) -> Any:
        """Any value."""
        if name not in self._members:
            raise self.wrong(name, "this member")
        self._read.add(name)
        return self._members[name]

    def text(self, name: str) -> str:
        """A text."""
        return self._text(name, self.value(name))

    def short_text(self, name: str) -> str:
        """A text of 1 to 2,048 characters."""
        return self._short(name, self.value(name))

    def text_or_null(self, name: str) -> str | None:
        """A text, or None for null."""
        value = self.value(name)
        return None if value is None else self._text(name, value)

    def texts(self, name: str, limit: int = MAX_JSON_TOKENS) -> tuple[str, ...]:
        """A list of at most `limit` texts."""
        return tuple(self._text(name, value) for value in self.values(name, limit))

    def short_texts(self, name: str, limit: int = MAX_JSON_TOKENS) -> tuple[str, ...]:
        """A list of at most `limit` texts of 1 to 2,048 characters."""
        return tuple(self._short(name, value) for value in self.values(name, limit))

    def id(self, name: str) -> str:
        """The id of an object at a server: 1 to 64 letters and digits of ASCII."""
        return self._id(name, self.value(name))

    def ids(self, name: str, limit: int = MAX_JSON_TOKENS) -> tuple[str, ...]:
        """A list of at most `limit` ids, as `id` reads them."""
        return tuple(self._id(name, value) for value in self.values(name, limit))

    def fingerprints(self, name: str) -> tuple[str, ...]:
        """A list of fingerprints of certificates: SHA-256 in hexadecimal."""
        texts = self.texts(name, MAX_FINGERPRINTS)
        if not all(map(_FINGERPRINT.fullmatch, texts)):
            raise self.wrong(name, "SHA-256 in hexadecimal")
        return texts

    def choice(self, name: str, kind: type[Choice]) -> Choice:
        """One of the texts of an enumeration."""
        try:
            return kind(self.text(name))
        except ValueError:
            raise self.wrong(name, f"one of {', '.join(kind)}") from None

    def boolean(self, name: str) -> bool:
        """True or false."""
        value = self.value(name)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def number(self, name: str, lowest: int = 0, highest: int = MAX_NUMBER) -> int:
        """A whole number from `lowest` to `highest`."""
        return self._number(name, self.value(name), lowest, highest)

    def numbers(self, name: str, limit: int = MAX_JSON_TOKENS, highest: int = MAX_NUMBER) -> tuple[int, ...]:
        """A list of at most `limit` whole numbers from 0 to `highest`."""
        return tuple(self._number(name, value, 0, highest) for value in self.values(name, limit))

    def seconds(self, name: str) -> int:
        """A time in whole seconds since 1970."""
        return self.number(name, 0, MAX_SECONDS)

    def time(self, name: str) -> datetime.datetime:
        """A time such as 2026-01-31T12:00:00Z."""
        text = self.text(name)
        try:
            if _UTC_TIME.fullmatch(text):
                return datetime.datetime.fromisoformat(text)
        except ValueError:
            pass
        raise self.wrong(name, "a time such as 2026-01-31T12:00:00Z")

    def time_or_null(self, name: str) -> datetime.datetime | None:
        """A time, or None for null."""
        return None if self.value(name) is None else self.time(name)

    def data(self, name: str, limit: int) -> bytes:
        """At most `limit` bytes."""
        return self._data(name, self.value(name), limit)

    def data_list(self, name: str, most: int, limit: int) -> tuple[bytes, ...]:
        """A list of at most `most` byte strings of at most `limit` bytes each."""
        return tuple(self._data(name, value, limit) for value in self.values(name, most))

    def exactly(self, name: str, length: int) -> bytes:
        """The bytes of a member that has exactly `length` bytes."""
        data = self.data(name, length)
        if len(data) != length:
            raise self.wrong(name, f"{length} bytes")
        return data

    def nothing_or(self, name: str, length: int) -> bytes | None:
        """The `length` bytes of a member, or None for the empty text."""
        return None if self.value(name) == "" else self.exactly(name, length)

    def nested(self, name: str) -> Self:
        """An object."""
        return self._object(name, self.value(name))

    def objects(self, name: str, limit: int = MAX_JSON_TOKENS) -> list[Self]:
        """A list of at most `limit` objects."""
        return [self._object(name, value) for value in self.values(name, limit)]

    def values(self, name: str, limit: int = MAX_JSON_TOKENS) -> list[Any]:
        """A list of at most `limit` values of any kind."""
        values = self.value(name)
        if not isinstance(values, list):
            raise self.wrong(name, "a list")
        check_limit(self._path_of(name), len(values), limit)
        return values

    def check_protocol(self, protocol: int) -> None:
        """Return if the member `protocol` has this value."""
        self.number("protocol", protocol, protocol)

    def check_finished(self) -> None:
        """Return if every member was read."""
        unread = len(self._members) - len(self._read)
        if unread:
            raise MalformedMessage(f"{unread} unknown members", self.where)

    def whole(self, result: Result) -> Result:
        """Return `result`, which was made from the members, if every member was read."""
        self.check_finished()
        return result

    def _object(self, name: str, value: object) -> Self:
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return type(self)(value, self._path_of(name))

    def _text(self, name: str, value: object) -> str:
        if not isinstance(value, str) or _HALF_CHARACTER.search(value):
            raise self.wrong(name, "a text")
        return value

    def _short(self, name: str, value: object) -> str:
        text = self._text(name, value)
        if not 0 < len(text) <= MAX_SHORT_CHARACTERS:
            raise self.wrong(name, f"a text of 1 to {MAX_SHORT_CHARACTERS} characters")
        return text

    def _id(self, name: str, value: object) -> str:
        text = self._text(name, value)
        # No id has other characters, and PostgreSQL refuses U+0000.
        if not 0 < len(text) <= MAX_ID_CHARACTERS or not (text.isascii() and text.isalnum()):
            raise self.wrong(name, f"at most {MAX_ID_CHARACTERS} letters and digits")
        return text

    def _number(self, name: str, value: object, lowest: int, highest: int) -> int:
        # bool is an int in Python, but not in JSON.
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise self.wrong(name, f"a whole number from {lowest} to {highest}")
        return value

    def _data(self, name: str, value: object, limit: int) -> bytes:
        try:
            data = base64.b64decode(self._text(name, value), validate=True)
        except (binascii.Error, ValueError):
            # The cause is left out, because its text might quote the value, which may be a key.
            raise self.wrong(name, "base64") from None
        check_limit(f"{self._path_of(name)} in bytes", len(data), limit)
        return data

    def _path_of(self, name: str) -> str:
        return f"{self.where}: {name}" if name else self.where
