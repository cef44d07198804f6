"""Reading the JSON of a delivery service: the members that we need must be there and of their kind.

Later services may add members, so that others are let be.
"""

from __future__ import annotations

import base64
import binascii
import datetime
from dataclasses import dataclass, field
from typing import Final

from sealwax.delivery.failures import DeliveryFailed, lie
from smime_core.errors import MalformedMessage
from smime_core.text import parse_json

_MAX_BYTES: Final = 8_388_608
_MAX_NUMBER: Final = 2**53 - 1  # The largest whole number that JavaScript represents exactly.


@dataclass(frozen=True, slots=True)
class Fields:
    """The members of one JSON object in an answer. All methods raise DeliveryFailed."""

    values: dict[str, object] = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> Fields:
        """The members of the object that is the whole answer."""
        try:
            value = parse_json(data, "answer of the service", max_bytes=_MAX_BYTES)
        except MalformedMessage as error:
            raise lie(str(error)) from None
        return cls.of(value)

    @classmethod
    def of(cls, value: object) -> Fields:
        """The members of a value that must be an object."""
        if not isinstance(value, dict):
            raise lie("no JSON object")
        return cls(value)

    def text(self, name: str, default: str | None = None) -> str:
        """A text. A missing one is `default`, unless that is None."""
        value = self.values.get(name, default)
        if not isinstance(value, str):
            raise _wrong(name, "text")
        return value

    def maybe_text(self, name: str) -> str | None:
        """A text, or None if it is null or missing."""
        return None if self.values.get(name) is None else self.text(name)

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number that is not negative. A missing one is `default`, unless that is None."""
        value = self.values.get(name, default)
        return _check_number(value, name)

    def maybe_number(self, name: str) -> int | None:
        """A whole number, or None if it is null or missing."""
        return None if self.values.get(name) is None else self.number(name)

    def numbers(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        return tuple(_check_number(value, name) for value in self._list(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self._list(name)
        if not all(isinstance(value, str) for value in values):
            raise _wrong(name, "texts")
        return tuple(map(str, values))

    def objects(self, name: str) -> tuple[Fields, ...]:
        """A list of objects."""
        return tuple(map(Fields.of, self._list(name)))

    def data(self, name: str) -> bytes:
        """The bytes behind a text in base64."""
        return _decode(self.text(name), name)

    def data_list(self, name: str) -> tuple[bytes, ...]:
        """The bytes behind each text of a list, in base64."""
        return tuple(_decode(text, name) for text in self.texts(name))

    def url_data(self, name: str, length: int) -> bytes:
        """The bytes behind a text in base64url without padding: `length` of them."""
        text = self.text(name)
        try:
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            data = b""
        if len(data) != length:
            raise _wrong(name, f"{length} bytes in base64url")
        return data

    def time(self, name: str) -> datetime.datetime:
        """A time with its zone, in UTC."""
        text = self.text(name)
        try:
            time = datetime.datetime.fromisoformat(text)
            if time.tzinfo is None:
                raise _wrong(name, "a time with its zone")
            # A zone can lead out of the years that there are.
            return time.astimezone(datetime.UTC)
        except (ValueError, OverflowError):
            raise _wrong(name, "a time") from None

    def maybe_time(self, name: str) -> datetime.datetime | None:
        """A time, or None if it is null or missing."""
        return None if self.values.get(name) is None else self.time(name)

    def _list(self, name: str) -> list[object]:
        values = self.values.get(name)
        if not isinstance(values, list):
            raise _wrong(name, "a list")
        return values


def encode_url_data(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _wrong(name, "base64") from None


def _check_number(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_NUMBER:
        raise _wrong(name, "a whole number")
    return value


def _wrong(name: str, expected: str) -> DeliveryFailed:
    return lie(f"the member {name} is not {expected}")
