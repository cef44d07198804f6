"""The namespaces of an account (RFC 2342): which folders belong to the account, to others, or to everybody.

A folder has a role only in a personal namespace. If the server does not name these namespaces, any folder may belong to
others. Then marks do not count, and only a usual name at the top gives a folder a role.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from webbridge.gateway.imap_syntax import Value
from webbridge.gateway.imap_wire import Answer

MAX_PERSONAL: Final = 20  # Our own bound. Folders in further personal namespaces have no role.
# Our own bounds, because each folder is compared with all namespaces. If there are more or longer namespaces, no folder
# has a role.
MAX_FOREIGN: Final = 2000
MAX_PREFIX_BYTES: Final = 255
_INBOX: Final = b"INBOX"


class Place(StrEnum):
    """The owner of a folder, which its namespace shows. The value is the word in the bridge's API."""

    OWN = "own"
    OTHERS = "others"
    """A folder of another person."""
    SHARED = "shared"
    """A folder that no single person owns, such as a team's."""


@dataclass(frozen=True, kw_only=True)
class Namespaces:
    """The prefixes of folders' names that form the namespaces, as the server writes them."""

    personal: tuple[bytes, ...] = (b"",)
    foreign: frozenset[bytes] = frozenset()
    shared: frozenset[bytes] = frozenset()
    """Those of the namespaces in `foreign` that no single person owns."""
    are_known: bool = True
    """False if the server was asked for its namespaces, and has not named them."""

    def new_name(self, top_name: bytes) -> bytes | None:
        """Return the name of a new folder at the top of a personal namespace, or None without a personal namespace."""
        names = (prefix + top_name for prefix in self.personal)
        return next((name for name in names if self.are_known and self._own_namespace(name, None) is not None), None)

    def placed_name(self, name: bytes) -> bytes:
        """Return a name that a person has typed. If the name is in no namespace, the personal namespace is added.

        RFC 2342 section 5. Cyrus and Courier accept folders of a person only below `INBOX.`.
        """
        if name.upper() == _INBOX:
            return name
        names_one = self._own_namespace(name, None) is not None or bool(self._longest(name))
        return name if names_one else self.new_name(name) or name

    def may_have_role_by_mark(self, name: bytes, delimiter: bytes | None) -> bool:
        """Return whether a mark of the server (RFC 6154) says how this account uses the folder."""
        return self.are_known and self._own_namespace(name, delimiter) is not None

    def top_name(self, name: bytes, delimiter: bytes | None) -> bytes | None:
        """Return a folder's name without its personal namespace and `INBOX.`, or None for a folder of others."""
        own = self._own_namespace(name, delimiter)
        if own is None:
            return None
        rest = name[len(own) :]
        inbox = _INBOX + delimiter if delimiter else b""
        return rest[len(inbox) :] if _compared(rest).startswith(inbox) else rest

    def place_of(self, name: bytes, delimiter: bytes | None) -> tuple[Place, bytes]:
        """Return the owner of a folder, and the prefix of its name that only says who the owner is."""
        root = _compared(name + delimiter) if delimiter is not None else b""
        if root not in self._foreign:
            root = b""
        longest = root or self._longest(name)
        if longest is None or longest not in self._foreign:
            return Place.OWN, self._needless_beginning(name, len(longest or b""))
        return (Place.SHARED if longest in self._shared else Place.OTHERS), b"" if root else name[: len(longest)]

    def _needless_beginning(self, name: bytes, own_bytes: int) -> bytes:
        """Return the folder's personal namespace, if a person may type the name without it for the same folder."""
        own, rest = name[:own_bytes], name[own_bytes:]
        return own if own and rest and _compared(self.placed_name(rest)) == _compared(name) else b""

    def _own_namespace(self, name: bytes, delimiter: bytes | None) -> bytes | None:
        """Return the personal namespace of a folder, or None if the folder is in another namespace or in none."""
        longest = self._longest(name)
        is_root_of_others = delimiter is not None and _compared(name + delimiter) in self._foreign
        return None if longest in self._foreign or is_root_of_others else longest

    def _longest(self, name: bytes) -> bytes | None:
        """Return the longest namespace with which a name begins, in the form of `_compared`, or None."""
        name = _compared(name)
        return next((name[:size] for size in self._sizes if name[:size] in self._all), None)

    @cached_property
    def _foreign(self) -> frozenset[bytes]:
        return frozenset(map(_compared, self.foreign))

    @cached_property
    def _shared(self) -> frozenset[bytes]:
        return frozenset(map(_compared, self.shared))

    @cached_property
    def _all(self) -> frozenset[bytes]:
        return self._foreign.union(map(_compared, self.personal))

    @cached_property
    def _sizes(self) -> list[int]:
        """The lengths of the namespaces, longest first, because a folder belongs to the longest namespace that fits."""
        return sorted(set(map(len, self._all)), reverse=True)


def _compared(name: bytes) -> bytes:
    """Return a name with a leading INBOX in capitals. The case of INBOX has no meaning (RFC 3501 section 5.1)."""
    is_inbox = name[:5].upper() == _INBOX and not name[5:6].isalnum()
    return _INBOX + name[5:] if is_inbox else name


ALL_PERSONAL: Final = Namespaces()
"""The namespaces at a server without the command NAMESPACE."""
UNKNOWN: Final = Namespaces(are_known=False)
_NONE: Final = Namespaces(personal=())


def read_namespaces(answers: Iterable[Answer]) -> Namespaces:
    """Return the namespaces of a NAMESPACE answer, or UNKNOWN if none is readable."""
    for answer in answers:
        if answer.kind == "NAMESPACE" and len(answer.values) >= 3:
            personal, others, shared = (_prefixes(value) for value in answer.values[:3])
            foreign = [*others, *shared]
            # A folder with a usual name could belong to others, in a namespace that cannot be read.
            if None in foreign or (personal and not any(prefix is not None for prefix in personal)):
                return UNKNOWN
            if len(foreign) > MAX_FOREIGN or any(len(prefix or b"") > MAX_PREFIX_BYTES for prefix in foreign):
                return _NONE
            return Namespaces(
                personal=tuple(
                    prefix
                    for prefix in personal[:MAX_PERSONAL]
                    if prefix is not None and len(prefix) <= MAX_PREFIX_BYTES
                ),
                foreign=frozenset(prefix for prefix in foreign if prefix is not None),
                shared=frozenset(prefix for prefix in shared if prefix is not None),
            )
    return UNKNOWN


def _prefixes(value: Value) -> list[bytes | None]:
    """Return the namespaces of one of the three kinds, with None for each unreadable one. NIL means no namespaces."""
    if value is None:
        return []
    described: list[Value] = value if isinstance(value, list) else [value]
    return [_prefix(namespace) for namespace in described]


def _prefix(described: Value) -> bytes | None:
    """Return the prefix of one namespace, or None. The delimiter is added to a prefix INBOX that lacks it.

    A prefix has the delimiter only "usually" (RFC 2342 section 5). Folders below the inbox always begin with `INBOX`
    and the delimiter.
    """
    if not isinstance(described, list) or not described or not isinstance(described[0], bytes):
        return None
    prefix, delimiter = described[0], described[1] if len(described) > 1 else None
    return prefix + delimiter if prefix.upper() == _INBOX and isinstance(delimiter, bytes) else prefix
