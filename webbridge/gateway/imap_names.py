"""Folders' names in UTF-8, at servers that have only the second revision of IMAP (RFC 9051 section 5.1).

Inside the bridge each name is the bytes of modified UTF-7 (RFC 3501 section 5.1.3). The connection converts the names.
So a folder keeps its id and its use if its server offers the first revision too one day.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from webbridge.gateway.imap_syntax import UNREADABLE_NAME_MARK, Value, read_folder_name, write_folder_name

_LISTS: Final = ("LIST", "XLIST")
# The last value has facts about the folder. The earlier values are the folder's name: a name without quotes has
# several.
_FACTS: Final = ("STATUS", "MYRIGHTS")


def are_in_utf8(capabilities: Collection[bytes]) -> bool:
    """Return whether a server sends and accepts names in UTF-8. A server with both revisions does so after ENABLE."""
    return b"IMAP4REV2" in capabilities and b"IMAP4REV1" not in capabilities


def to_utf8(name: bytes) -> bytes:
    """Return a name from modified UTF-7 in UTF-8. Bytes that are no modified UTF-7 stay as they are."""
    text = read_folder_name(name)
    return name if text.startswith(UNREADABLE_NAME_MARK) else text.encode()


def from_utf8(name: bytes) -> bytes:
    """Return a name from UTF-8 in modified UTF-7. Bytes that are no UTF-8 stay as they are."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return name
    return name if text.startswith(UNREADABLE_NAME_MARK) else write_folder_name(text)


def names_from_utf8(kind: str, values: list[Value]) -> list[Value]:
    """Return the values of an answer of this kind with the folders' names in modified UTF-7."""
    if kind in _LISTS:
        return [*values[:2], *map(_name, values[2:3]), *values[3:]]
    if kind in _FACTS:
        return [*map(_name, values[:-1]), *values[-1:]]
    if kind == "ACL":
        return [*map(_name, values[:1]), *values[1:]]
    return [_each(_namespace, value) for value in values] if kind == "NAMESPACE" else values


def _name(value: Value) -> Value:
    return from_utf8(value) if isinstance(value, bytes) else value


def _namespace(value: Value) -> Value:
    return [*map(_name, value[:1]), *value[1:]] if isinstance(value, list) else value


def _each(convert: Callable[[Value], Value], value: Value) -> Value:
    return [convert(element) for element in value] if isinstance(value, list) else value
