"""The JSON answers of a delivery service."""

from __future__ import annotations

import datetime
from typing import Any, Final

from sealwax.delivery.failures import DeliveryFailed, lie
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_JSON_TOKENS
from smime_core.text import JsonObject, read_base64url

_MAX_BYTES: Final = 8_388_608


class ServiceAnswer(JsonObject):
    """The members of one object in an answer. All methods raise DeliveryFailed.

    Later services may add members, so unknown members are ignored. A missing member counts as null.
    """

    @classmethod
    def parse(cls, data: bytes) -> ServiceAnswer:
        """The members of the object that is the whole answer."""
        try:
            return cls(data, "answer of the service", max_bytes=_MAX_BYTES)
        except MalformedMessage as error:
            raise lie(str(error)) from None

    def wrong(self, name: str, expected: str) -> DeliveryFailed:
        """The error for a member whose value is not as expected."""
        return lie(f"{self.where}: {name} is not {expected}")

    def value(self, name: str) -> Any:
        """Any value, or None."""
        return super().value(name) if name in self else None

    def number_or_null(self, name: str) -> int | None:
        """A whole number that is not negative, or None for null."""
        return None if self.value(name) is None else self.number(name)

    def base64_bytes(self, name: str) -> bytes:
        """The bytes that a text in base64 encodes."""
        return self.data(name, _MAX_BYTES)

    def base64_bytes_list(self, name: str) -> tuple[bytes, ...]:
        """The bytes that each text of a list encodes in base64."""
        return self.data_list(name, MAX_JSON_TOKENS, _MAX_BYTES)

    def url_data(self, name: str, length: int) -> bytes:
        """The `length` bytes that a text in base64url without padding encodes."""
        try:
            return read_base64url(self.text(name), length)
        except ValueError:
            raise self.wrong(name, f"{length} bytes in base64url") from None

    def time(self, name: str) -> datetime.datetime:
        """A time with any zone, in UTC."""
        try:
            time = datetime.datetime.fromisoformat(self.text(name))
            if time.tzinfo is None:
                raise self.wrong(name, "a time with its zone")
            # The conversion to UTC can lead to a year that `datetime` does not support.
            return time.astimezone(datetime.UTC)
        except (ValueError, OverflowError):
            raise self.wrong(name, "a time") from None
