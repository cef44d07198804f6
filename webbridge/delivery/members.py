"""The members of the requests about parcels. Each has its check and its JSON Schema from the same limits.

The views read requests by these members, and the description of the API (OpenAPI 3.1) shows their schemas.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from sealwax.service import ServiceError
from smime_core.text import parse_address, read_base64url
from webbridge.delivery.ids import ID_PATTERN, is_parcel_id

Json = dict[str, Any]
T = TypeVar("T")
W = TypeVar("W", bound=StrEnum)
_REQUIRED: Final = object()


class Unfit(ValueError):
    """A wrong value. The text says more to people than the sentence of the member."""


@dataclass(frozen=True, slots=True)
class Member(Generic[T]):
    """A member of a request. `parse` raises TypeError or ValueError for a wrong value. `sentence` is for people.

    `default` is the value of a member that is missing, which `parse` does not see.
    """

    name: str
    schema: Json
    parse: Callable[[Any], T]
    sentence: str
    default: Any = _REQUIRED

    @property
    def is_required(self) -> bool:
        """Whether a request without this member is refused."""
        return self.default is _REQUIRED

    def read(self, members: Mapping[str, object]) -> T:
        """Return the value in a request. Raises ServiceError."""
        if self.name not in members:
            if self.is_required:
                raise bad_request(self.sentence)
            value: T = self.default
            return value
        try:
            return self.parse(members[self.name])
        except Unfit as error:
            raise bad_request(str(error)) from None
        except (TypeError, ValueError):
            raise bad_request(self.sentence) from None

    def optional(self, default: T) -> Member[T]:
        """The same member, which may be missing."""
        return replace(self, default=default)

    def or_null(self) -> Member[T | None]:
        """The same member, which may be null."""
        parse = self.parse
        return Member(
            name=self.name,
            schema=self.schema | {"type": [self.schema["type"], "null"]},
            parse=lambda value: None if value is None else parse(value),
            sentence=self.sentence,
            default=self.default,
        )


def object_schema(*members: Member[Any]) -> Json:
    """Return the schema of a request with these members."""
    required = [member.name for member in members if member.is_required]
    return {"type": "object", "properties": {member.name: member.schema for member in members}, "required": required}


def bad_request(text: str) -> ServiceError:
    """Return the error of a malformed request."""
    return ServiceError(400, "bad-request", text)


def text(name: str, is_right: Callable[[str], bool], sentence: str, schema: Json) -> Member[str]:
    """A text for which `is_right` is true."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or not is_right(value):
            raise ValueError
        return value

    return Member(name, {"type": "string"} | schema, parse, sentence)


def pattern(name: str, expression: str, sentence: str) -> Member[str]:
    """A text that matches a regular expression as a whole."""
    compiled = re.compile(expression)
    return text(name, lambda value: compiled.fullmatch(value) is not None, sentence, {"pattern": f"^{expression}$"})


def number(name: str, least: int, most: int) -> Member[int]:
    """A whole number from `least` to `most`."""

    def parse(value: object) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError
        return value

    schema: Json = {"type": "integer", "minimum": least, "maximum": most}
    sentence = f"The member {name} is a whole number from {least} to {most}."
    return Member(name, schema, parse, sentence)


def flag(name: str, description: str) -> Member[bool]:
    """A flag, which is false if it is missing."""

    def parse(value: object) -> bool:
        if not isinstance(value, bool):
            raise TypeError
        return value

    schema: Json = {"type": "boolean", "description": description}
    sentence = f"The member {name} is true or false."
    return Member(name, schema, parse, sentence, default=False)


def word(name: str, words: type[W]) -> Member[W]:
    """One of the words of an enumeration."""

    def parse(value: object) -> W:
        if not isinstance(value, str):
            raise TypeError
        return words(value)

    sentence = f"The member {name} is one of: {', '.join(words)}."
    return Member(name, {"enum": list(words)}, parse, sentence)


def octets(name: str, size: int) -> Member[bytes]:
    """`size` bytes as base64url without padding."""

    def parse(value: object) -> bytes:
        if not isinstance(value, str):
            raise TypeError
        return read_base64url(value, size)

    schema: Json = {"type": "string", "pattern": "^[A-Za-z0-9_-]*$"}
    sentence = f"The member {name} is {size} bytes as base64url."
    return Member(name, schema, parse, sentence)


def base64(name: str, max_bytes: int) -> Member[bytes]:
    """At most `max_bytes` bytes as base64."""

    def parse(value: object) -> bytes:
        if not isinstance(value, str) or len(value) > max_bytes * 4 // 3 + 4:
            raise ValueError
        return b64decode(value, validate=True)

    schema: Json = {"type": "string", "contentEncoding": "base64"}
    sentence = f"The member {name} is base64 of at most {max_bytes} bytes."
    return Member(name, schema, parse, sentence)


def several(name: str, of: Member[T], most: int, *, least: int = 0) -> Member[tuple[T, ...]]:
    """A list of `least` to `most` values, each as the member `of` takes it."""

    def parse(value: object) -> tuple[T, ...]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise ValueError
        try:
            return tuple(map(of.parse, value))
        except Unfit:
            raise
        except (TypeError, ValueError):
            raise Unfit(of.sentence) from None

    schema: Json = {"type": "array", "items": of.schema, "maxItems": most} | ({"minItems": least} if least else {})
    sentence = f"The member {name} is a list of {least or 'at most'}{' to' if least else ''} {most} values."
    return Member(name, schema, parse, sentence)


def parcel_id(name: str = "id") -> Member[str]:
    """The id of a parcel or file."""
    sentence = "An id is 16 bytes as base64url, 22 characters."
    schema = {"pattern": f"^{ID_PATTERN}$", "description": "16 random bytes as base64url, chosen by the sender"}
    return text(name, is_parcel_id, sentence, schema)


def mail_address(name: str, description: str) -> Member[str]:
    """A mail address."""
    sentence = f"The member {name} is a mail address."
    return text(name, lambda value: parse_address(value) is not None, sentence, {"description": description})
