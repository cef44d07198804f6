"""Strict reading of JSON objects: every member must be in its place and of its kind.

An extra member or a text in place of a number is refused, so that two programs cannot read one text differently.
`smime_core.text.strict_json` reads the text.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.limits import check_limit
from smime_core.x509.certificate import Certificate, parse_certificate

_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@dataclass(frozen=True, slots=True)
class Members:
    """The members of one JSON object. `where` names the text in errors. All methods raise MalformedMessage."""

    values: dict[str, object]
    where: str

    @classmethod
    def of(cls, value: object, names: Collection[str], where: str) -> Members:
        """The members of `value`, which must be an object with exactly these names."""
        if not isinstance(value, dict) or set(value) != set(names):
            raise MalformedMessage(f"expected an object with the members {', '.join(names)}", where)
        return cls(value, where)

    def text(self, name: str) -> str:
        """The text in the member `name`."""
        value = self.values[name]
        if not isinstance(value, str):
            raise self._wrong(name, "text")
        return value

    def number(self, name: str) -> int:
        """The whole number in the member `name`, from 0 to the largest that JavaScript represents exactly."""
        value = self.values[name]
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53:
            raise self._wrong(name, "whole number")
        return value

    def truth(self, name: str) -> bool:
        """The boolean in the member `name`."""
        value = self.values[name]
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def listed(self, name: str, *, limit: int) -> list[object]:
        """The list in the member `name`, of at most `limit` values. Raises LimitExceeded for a longer list."""
        value = self.values[name]
        if not isinstance(value, list):
            raise self._wrong(name, "list")
        check_limit(f"{name} of {self.where}", len(value), limit)
        return value

    def texts(self, name: str, *, limit: int) -> tuple[str, ...]:
        """The list of texts in the member `name`, at most `limit`. Raises LimitExceeded for a longer list."""
        values = self.listed(name, limit=limit)
        texts = tuple(value for value in values if isinstance(value, str))
        if len(texts) != len(values):
            raise self._wrong(name, "list of texts")
        return texts

    def time(self, name: str) -> datetime.datetime:
        """The time in the member `name`, such as 2026-01-31T12:00:00Z."""
        text = self.text(name)
        if not _TIME.fullmatch(text):
            raise self._wrong(name, "time as 2026-01-31T12:00:00Z")
        try:
            return datetime.datetime.fromisoformat(text)
        except ValueError as error:
            raise self._wrong(name, "time that exists") from error

    def optional_time(self, name: str) -> datetime.datetime | None:
        """The time in the member `name`, or None for null."""
        return None if self.values[name] is None else self.time(name)

    def certificate(self, name: str) -> Certificate:
        """The certificate whose DER is in the member `name` in base64."""
        try:
            return parse_certificate(base64.b64decode(self.text(name), validate=True))
        except (binascii.Error, ValueError) as error:
            raise self._wrong(name, "certificate in base64") from error

    def _wrong(self, name: str, expected: str) -> MalformedMessage:
        return MalformedMessage(f"{name} is no {expected}", where=self.where)


def certificate_text(certificate: Certificate) -> str:
    """A certificate in the form that `Members.certificate` reads."""
    return base64.b64encode(certificate.der).decode("ascii")
