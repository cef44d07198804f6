"""The kinds of places, and the number of places of each kind that a session or a mailbox has."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class PlaceKind(StrEnum):
    """The kinds of places, as stable words for the table."""

    IMAP = "imap"
    """A connection of a session to its mailbox, in use or kept for the next call."""
    POP3 = "pop3"
    """The connection to a POP3 mailbox, which admits one connection at a time (RFC 1939 section 8)."""
    DOWNLOAD = "download"
    SEND = "send"
    SIEVE = "sieve"
    """A connection of a session to the server of its filters."""


# Mail servers allow about ten connections for one user, and a person may use other mail programs too.
MOST_AT_ONCE: Final = MappingProxyType(
    # Downloads leave one connection for the lists.
    {PlaceKind.IMAP: 4, PlaceKind.POP3: 1, PlaceKind.DOWNLOAD: 3, PlaceKind.SEND: 2, PlaceKind.SIEVE: 2}
)
