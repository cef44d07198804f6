"""The members of the requests about parcels. Each has its check and its JSON Schema from the same limits.

The views read requests by these members, and the description of the API (OpenAPI 3.1) shows their schemas.
"""

from __future__ import annotations

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
V = TypeVar("V")
W = TypeVar("W", bound=StrEnum)
_REQUIRED: Final = object()


class Unfit(ValueError):
    """A wrong value. Its text replaces the member's `sentence`, because it says more."""


@dataclass(frozen=True, slots=True)
class Member(Generic[T]):
    """A member of a request: a value of JSON of one kind (`str`, `int`, `bool`, `list` or `dict`).

    `convert` turns the value of JSON into the value that the view uses, and raises ValueError for a wrong value.
    `sentence` tells people what is right. `default` is used for a missing member, without `convert`.
    """

    name: str
    schema: Json
    kind: type
    convert: Callable[[Any], T]
    sentence: str
    default: Any = _REQUIRED

    @property
    def is_required(self) -> bool:
        """Whether a request without this member is refused."""
        return self.default is _REQUIRED

    def read(self, members: Mapping[str, object]) -> T:
        """Return the member's value in a request. Raises ServiceError."""
        if self.name not in members:
            if self.is_required:
                raise bad_request(self.sentence)
            value: T = self.default
            return value
        try:
            return self.parse(members[self.name])
        except Unfit as error:
            raise bad_request(str(error)) from None

    def parse(self, value: object) -> T:
        """Return the converted value. Raises Unfit."""
        try:
            if type(value) is self.kind:
                return self.convert(value)
        except Unfit:
            raise
        except ValueError:
            pass
        raise Unfit(self.sentence)

    def optional(self, default: T) -> Member[T]:
        """The same member, which may be missing."""
        return replace(self, default=default)


@dataclass(frozen=True, slots=True)
class MemberOrNull(Member[T | None]):
    """A member that may be null."""

    def parse(self, value: object) -> T | None:
        return None if value is None else Member.parse(self, value)


def object_schema(*members: Member[Any]) -> Json:
    """Return the schema of a request with these members."""
    required = [member.name for member in members if member.is_required]
    return {"type": "object", "properties": {member.name: member.schema for member in members}, "required": required}


def bad_request(text: str) -> ServiceError:
    """Return the error of a malformed request."""
    return ServiceError(400, "bad-request", text)


def text(name: str, is_right: Callable[[str], bool], sentence: str, schema: Json) -> Member[str]:
    """A member that is a text, for which `is_right` is true."""
    return Member(name, {"type": "string"} | schema, str, lambda value: _if(is_right(value), value), sentence)


def number(name: str, least: int, most: int) -> Member[int]:
    """A member that is a whole number from `least` to `most`."""
    schema: Json = {"type": "integer", "minimum": least, "maximum": most}
    return Member(
        name,
        schema,
        int,
        lambda value: _if(least <= value <= most, value),
        f"The member {name} is a whole number from {least} to {most}.",
    )


def flag(name: str, description: str) -> Member[bool]:
    """A flag, which is false if it is missing."""
    schema: Json = {"type": "boolean", "description": description}
    return Member(name, schema, bool, bool, f"The member {name} is true or false.", default=False)


def word(name: str, words: type[W]) -> Member[W]:
    """One of the words of an enumeration."""
    return Member(name, {"enum": list(words)}, str, words, f"The member {name} is one of: {', '.join(words)}.")


def octets(name: str, size: int) -> Member[bytes]:
    """`size` bytes as base64url without padding."""
    characters = (size * 4 + 2) // 3
    schema: Json = {"type": "string", "pattern": "^[A-Za-z0-9_-]*$", "minLength": characters, "maxLength": characters}
    return Member(
        name, schema, str, lambda value: read_base64url(value, size), f"The member {name} is {size} bytes as base64url."
    )


def base64(name: str, max_bytes: int) -> Member[bytes]:
    """At most `max_bytes` bytes as base64."""
    most = max_bytes * 4 // 3 + 4
    schema: Json = {"type": "string", "contentEncoding": "base64", "maxLength": most}
    return Member(
        name,
        schema,
        str,
        lambda value: _at_most(max_bytes, b64decode(_if(len(value) <= most, value), validate=True)),
        f"The member {name} is base64 of at most {max_bytes} bytes.",
    )


def _at_most(most: int, value: bytes) -> bytes:
    return _if(len(value) <= most, value)


def several(name: str, of: Member[T], most: int, *, least: int = 0) -> Member[tuple[T, ...]]:
    """A list of `least` to `most` values, each as the member `of` takes it."""
    schema: Json = {"type": "array", "items": of.schema, "maxItems": most} | ({"minItems": least} if least else {})
    sentence = f"The member {name} is a list of {least or 'at most'}{' to' if least else ''} {most} values."

    def convert(values: list[object]) -> tuple[T, ...]:
        return tuple(map(of.parse, _if(least <= len(values) <= most, values)))

    return Member(name, schema, list, convert, sentence)


def or_null(member: Member[T]) -> MemberOrNull[T]:
    """The same member, which may be null."""
    schema = member.schema | {"type": [member.schema["type"], "null"]}
    return MemberOrNull(member.name, schema, member.kind, member.convert, member.sentence)


def parcel_id() -> Member[str]:
    """The id of a parcel or file."""
    sentence = "An id is 16 bytes as base64url, 22 characters."
    schema = {"pattern": f"^{ID_PATTERN}$", "description": "16 random bytes as base64url, chosen by the sender"}
    return text("id", is_parcel_id, sentence, schema)


def mail_address(name: str, description: str) -> Member[str]:
    """A mail address."""
    sentence = f"The member {name} is a mail address."
    return text(name, lambda value: parse_address(value) is not None, sentence, {"description": description})


def _if(is_right: bool, value: V) -> V:
    """Return the value if it is right. Raises ValueError otherwise."""
    if not is_right:
        raise ValueError
    return value
