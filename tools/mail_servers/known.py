"""The known deviations of mail servers, by server and step. docs/mail_servers.md says how the bridge handles them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tools.mail_servers.day import Met


@dataclass(frozen=True, slots=True)
class Known:
    """A deviation of a server. `steps` find it: the text of each outcome contains `words`."""

    name: str
    steps: frozenset[str]
    words: str = ""


def find_known(family: str, met: Met) -> str | None:
    """Return the name of the deviation that a server's step has found, or None if it is not known."""
    for known in KNOWN.get(family, ()):
        if met.step in known.steps and known.words in met.words:
            return known.name
    return None


def _known(name: str, *steps: str, words: str = "") -> Known:
    return Known(name, frozenset(steps), words)


_NO_SORT: Final = _known("no SORT, no THREAD", "sort by subject", "show the threads", words="not-offered")
_NAMES_OF_CYRUS: Final = _known(
    "no folder whose name has quotes or a backslash",
    "make a folder with quotes",
    "make a folder with a backslash",
    words="Invalid mailbox name",
)
_BY_HEADERS: Final = (
    "show the newest 50 of 120 mails",
    "show the mails before them",
    "search by a word of the text",
    "search for flagged mails",
    "delete a mail",
    "undo the deletion",
    "change the draft",
    "delete the draft",
)

KNOWN: Final[Mapping[str, tuple[Known, ...]]] = {
    "Cyrus": (
        _NAMES_OF_CYRUS,
        _known(
            "no folder whose name has a slash, where dots separate names",
            "make a folder with a slash",
            words="Invalid mailbox name",
        ),
    ),
    "Courier": (
        _known("no folder whose name has a slash", "make a folder with a slash", words="Invalid mailbox name"),
        _known(
            "no folder whose name has a character outside the Basic Multilingual Plane",
            "make a folder with an emoji",
            words="Error in IMAP command",
        ),
    ),
    "Courier POP3": (
        _known(
            "mails of one second in any order",
            "show the newest first, and the mails before them",
            words="the list begins with",
        ),
    ),
    "GNU Mailutils": (
        _NO_SORT,
        _known(
            "drops the flags of a stored mail",
            "search for flagged mails",
            "keep a draft",
            "send a mail, with a copy in the folder for sent mail",
        ),
        _known("takes the Date field for the time of arrival", "search for mails of today"),
        _known(
            "shows another program's flags once that one has left the folder",
            "show a flag that the other device has set",
            "miss a mail that the other device has moved away",
            "mark a mail as answered",
        ),
        _known("tells nothing during IDLE", "hear of a new mail without asking", words="no notice"),
        _known(
            "takes a mail without a header for one of two bytes",
            "show mails without a header, with 8-bit text and with a long line",
            words="no header",
        ),
        _known("no keywords", "give a mail a keyword", words="Unrecognized flag"),
        _known(
            "no UIDPLUS: moves and copies are not undone, and deleted mails are only marked",
            "copy a mail, and undo it",
            "move a mail",
            "undo the move",
            "undo the deletion",
            "empty the trash",
        ),
    ),
    "GNU Mailutils POP3": (
        _known(
            "puts a header field X-UIDL into each mail",
            "show its size",
            "read a mail with dots byte for byte",
            "read 8-bit text byte for byte",
            "read a mail of 1 MB",
        ),
    ),
    "hoodiecrow": (
        _NO_SORT,
        _known("another name for a folder with quotes", "make a folder with quotes", words="not in the"),
        _known("headers of the first mail of a FETCH only", *_BY_HEADERS),
        _known("finds ASCII only", "search with an umlaut", words="0 found"),
    ),
    "pymap": (_NO_SORT, _known("no keywords", "give a mail a keyword", words="the flags are")),
    "Dovecot": (
        _known(
            "no folder whose name has a dot, in Maildirs", "make a folder with a dot", words="Character not allowed"
        ),
    ),
}
