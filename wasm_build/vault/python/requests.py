"""Requests: the arguments of a verb, read into an immutable object. A reply stays a dictionary.

The fields of a request are those of its verb in `vault/schema.js`, against which JavaScript has checked the arguments.
Names that are in camelCase in the schema are in snake_case here. A field that may be absent has a default here. A group
has the fields that several verbs share. `tests/vault/test_requests.py` checks that schema and requests agree.
"""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from types import NoneType
from typing import Any, Final, NamedTuple, NewType, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from smime_core.algorithms import AES_256_CBC, AES_256_GCM, ContentCipher, SignatureScheme
from smime_core.cms import Encrypting
from smime_core.errors import MalformedMessage
from smime_core.x509 import Certificate, parse_certificate

Request = TypeVar("Request")
Group = TypeVar("Group")
Word = TypeVar("Word", bound=StrEnum)

Secret = NewType("Secret", bytes)
"""A passphrase, password or key."""

Json = NewType("Json", bytes)
"""Plain data, encoded as JSON."""

Reply = dict[str, object]
"""The members of a reply. `vault/schema.js` defines them."""

_GROUP: Final = "group"
_CIPHERS: Final[dict[str | None, ContentCipher]] = {None: AES_256_CBC, "cbc": AES_256_CBC, "gcm": AES_256_GCM}


@dataclass_transform(kw_only_default=True, frozen_default=True)
def request_class(kind: type[Request]) -> type[Request]:
    """A decorator for requests and for values inside them. They contain secrets, so their `repr` shows no fields."""
    # Methods that nobody uses are not generated, because each generated method makes the start of Python longer.
    return dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False, match_args=False)(kind)


def group_of(kind: type[Group]) -> Group:
    """A field whose value is a group. The arguments have the group's members beside the members of other fields."""
    group: Group = field(metadata={_GROUP: kind})
    return group


def parse_request(kind: type[Request], members: Mapping[str, Any]) -> Request:
    """The request in these arguments. Raises MalformedMessage for an invalid time."""
    values: dict[str, Any] = {}
    for request_field in _fields_of(kind):  # type: ignore[arg-type]  # every class is hashable
        value = members if request_field.is_group else members.get(request_field.member)
        if value is not None:
            values[request_field.name] = request_field.parse(value)
    return kind(**values)


@request_class
class SealedKeys:
    """The sealed identities of a session, with the key that decrypts them."""

    identities: tuple[bytes, ...]
    seal_key: Secret | None = None


@request_class
class WithKeys:
    """The base of requests that have the sealed identities of a session."""

    keys: SealedKeys = group_of(SealedKeys)


@request_class
class ToEncrypt:
    """The base of requests that encrypt content with a chosen cipher."""

    recipients: tuple[bytes, ...]
    cipher: str | None = None

    def encrypting(self) -> Encrypting:
        """The recipients and the cipher. Raises MalformedMessage."""
        return Encrypting(recipients=parse_certificates(self.recipients), cipher=parse_cipher(self.cipher))


@request_class
class Protecting(WithKeys):
    """The base of requests that sign content, encrypt it, or both."""

    sign: bool
    recipients: tuple[bytes, ...]
    at: datetime.datetime


@request_class
class GivenFile:
    """A file with its name and its media type."""

    name: str
    type: str
    data: bytes


def decode_text(data: bytes) -> str:
    """The text in these UTF-8 bytes. Raises MalformedMessage."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        # The cause is dropped, because it quotes the text, which is secret.
        raise MalformedMessage("the text is not UTF-8", where="request") from None


def parse_certificates(encoded: Iterable[bytes]) -> tuple[Certificate, ...]:
    """Certificates from DER. Raises MalformedMessage."""
    return tuple(parse_certificate(der) for der in encoded)


def parse_time(text: str) -> datetime.datetime:
    """The time in an ISO 8601 text, cut to whole seconds. Raises MalformedMessage if it has no time zone."""
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedMessage("expected a time in ISO 8601", where="request") from error
    if time.tzinfo is None:
        raise MalformedMessage("the time has no time zone", where="request")
    return time.replace(microsecond=0)


def parse_cipher(name: str | None) -> ContentCipher:
    """The cipher of that name; AES-256-CBC for None. Raises MalformedMessage."""
    if name not in _CIPHERS:
        raise MalformedMessage("the cipher is cbc or gcm", where="request")
    return _CIPHERS[name]


def parse_word(words: type[Word], text: str, *, where: str = "request") -> Word:
    """The member of an enumeration that has this text. Raises MalformedMessage."""
    try:
        return words(text)
    except ValueError as error:
        raise MalformedMessage(f"expected one of {', '.join(words)}", where=where) from error


def parse_scheme(name: str | None) -> SignatureScheme | None:
    """The signature scheme of that name; None for None. Raises MalformedMessage."""
    if name is None:
        return None
    if name not in set(SignatureScheme):
        raise MalformedMessage("an unknown signature scheme", where="request")
    return SignatureScheme(name)


class _RequestField(NamedTuple):
    """A field of a request, the member of the arguments that fills it, and the parser of that member."""

    name: str
    member: str
    parse: Callable[[Any], Any]
    is_group: bool


@functools.cache
def _fields_of(kind: type) -> tuple[_RequestField, ...]:
    hints = get_type_hints(kind)
    return tuple(
        _RequestField(
            name=request_field.name,
            member=_member_name(request_field.name),
            parse=_parser_of(hints[request_field.name]),
            is_group=_GROUP in request_field.metadata,
        )
        for request_field in fields(kind)
    )


def _member_name(name: str) -> str:
    # A field whose name is taken in Python (`from_`, `list_`) ends in an underscore.
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(map(str.capitalize, rest))


def _parser_of(kind: Any) -> Callable[[Any], Any]:
    if isinstance(kind, type) and is_dataclass(kind):
        return functools.partial(parse_request, kind)
    if get_origin(kind) is tuple:
        parse = _parser_of(get_args(kind)[0])
        return lambda values: tuple(map(parse, values))
    if NoneType in get_args(kind):
        return _parser_of(get_args(kind)[0])
    return _PARSERS[kind]


def _as_it_is(value: Any) -> Any:
    return value


_PARSERS: Final[dict[Any, Callable[[Any], Any]]] = {
    bytes: _as_it_is,
    Secret: _as_it_is,
    str: _as_it_is,
    bool: _as_it_is,
    int: int,
    datetime.datetime: parse_time,
    Json: lambda value: json.dumps(value).encode(),
}
