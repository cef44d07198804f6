"""The namespaces of an account (RFC 2342): which folders are its own, and which belong to others or to everybody.

A folder gets a role by its name only where nobody else makes folders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from webbridge.gateway.imap_syntax import Value
from webbridge.gateway.imap_wire import Answer

MAX_NAMESPACES: Final = 20  # Of each of the three kinds. Our own bound: each folder is compared with each of them.
_INBOX: Final = b"INBOX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespaces:
    """The beginnings of folders' names, as they are on the wire."""

    personal: tuple[bytes, ...] = (b"",)
    foreign: tuple[bytes, ...] = ()

    @property
    def for_new_folders(self) -> bytes:
        """The beginning of a new folder's name."""
        return self.personal[0]

    def is_foreign(self, name: bytes) -> bool:
        """Return whether a folder is in a namespace of other users or of everybody."""
        longest = self._longest(name)
        return longest is not None and longest in self.foreign

    def top_name(self, name: bytes, delimiter: bytes | None) -> bytes | None:
        """Return the name of a folder without its personal namespace and the inbox; None for another user's folder."""
        longest = self._longest(name)
        if longest is None or longest in self.foreign:
            return None
        return name.removeprefix(longest).removeprefix(_INBOX + delimiter if delimiter else b"")

    def _longest(self, name: bytes) -> bytes | None:
        """Return the most exact namespace of a folder, or None if it is in none."""
        return max((one for one in (*self.personal, *self.foreign) if name.startswith(one)), key=len, default=None)


ALL_PERSONAL: Final = Namespaces()
"""The namespaces at a server that does not name them: a folder gets a role by its name only at the top."""


def read_namespaces(answers: Iterable[Answer]) -> Namespaces:
    """Return the namespaces of a NAMESPACE answer. Without a readable one, all folders are the account's own."""
    for answer in answers:
        if answer.kind == "NAMESPACE" and len(answer.values) >= 3:
            personal, *foreign = (_prefixes(value) for value in answer.values[:3])
            if personal:
                return Namespaces(personal=personal, foreign=foreign[0] + foreign[1])
    return ALL_PERSONAL


def _prefixes(value: Value) -> tuple[bytes, ...]:
    described: Sequence[Value] = value if isinstance(value, list) else ()
    return tuple(
        one[0] for one in described[:MAX_NAMESPACES] if isinstance(one, list) and one and isinstance(one[0], bytes)
    )
