"""Searches in a folder, and sorted and threaded lists (RFC 9051 section 6.4.4, RFC 4731, RFC 5256).

A caller gives criteria as values. Every text is a separate argument, so no word of a person becomes a keyword of the
search. The answers of ESEARCH are kept as ranges, because a few bytes of a server may claim billions of messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import islice, pairwise

from webbridge.gateway.door import GatewayCode, GatewayError, check_text
from webbridge.gateway.imap_syntax import Literal, Value, read_number
from webbridge.gateway.imap_wire import Answer, Command, ImapWire, refusal
from webbridge.gateway.uid_set import MAX_UID, Ranges, join_ranges, read_ranges

MAX_WORDS_CHARACTERS = 500  # Our own bound for one text of a search.
MAX_SIZE_BYTES = 2**32 - 1  # RFC 3501 section 9: number
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class SortKey(StrEnum):
    """The orders of a list (RFC 5256 section 3). The value is the word in the bridge's API."""

    ARRIVAL = "arrival"
    DATE = "date"
    FROM = "from"
    TO = "to"
    SUBJECT = "subject"
    SIZE = "size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """The criteria of a search. A found message meets all of them. `before` means that it came before this day."""

    text: str = ""
    subject: str = ""
    sender: str = ""
    recipient: str = ""
    body: str = ""
    since: date | None = None
    before: date | None = None
    unseen: bool = False
    flagged: bool = False
    larger_bytes: int = 0

    def command_words(self) -> Command:
        """Return the search keys of IMAP (RFC 9051 section 6.4.4). Raises GatewayError for a text with a line break."""
        words: list[bytes | Literal] = []
        texts = {
            b"TEXT": self.text,
            b"SUBJECT": self.subject,
            b"FROM": self.sender,
            b"TO": self.recipient,
            b"BODY": self.body,
        }
        for key, text in texts.items():
            if text:
                check_text(text, what="A word of the search", max_characters=MAX_WORDS_CHARACTERS)
                words += [key, Literal(text.encode())]
        # The search compares the time of arrival, which no sender can choose.
        days = {b"SINCE": self.since, b"BEFORE": self.before}
        words += [word for key, day in days.items() if day is not None for word in (key, write_day(day))]
        words += [key for key, is_asked in ((b"UNSEEN", self.unseen), (b"FLAGGED", self.flagged)) if is_asked]
        if self.larger_bytes:
            words += [b"LARGER", b"%d" % min(self.larger_bytes, MAX_SIZE_BYTES)]
        return tuple(words) or (b"ALL",)


@dataclass(frozen=True, slots=True)
class Found:
    """The UIDs that a search found."""

    ranges: Ranges

    @property
    def count(self) -> int:
        """The number of messages."""
        return sum(high - low + 1 for low, high in self.ranges)

    def newest(self, *, before: int = MAX_UID + 1, limit: int) -> list[int]:
        """Return the highest UIDs below `before`, at most `limit`, highest first."""
        below = (uid for low, high in reversed(self.ranges) for uid in range(min(high, before - 1), low - 1, -1))
        return list(islice(below, limit))


def search_command(imap: ImapWire, words: Command) -> Command:
    """Return the command for a search."""
    returned: Command = (b"RETURN", b"(ALL)") if imap.offers("ESEARCH") else ()
    return (b"UID", b"SEARCH", *returned, *_charset(words), *words)


def found_in(answers: Sequence[Answer]) -> Found:
    """Return the UIDs that the answers to a search name."""
    ranges: list[tuple[int, int]] = []
    for answer in answers:
        if answer.kind == "ESEARCH":
            ranges += _esearch_ranges(answer.values)
        elif answer.kind == "SEARCH":
            uids = (read_number(value) for value in answer.values)
            ranges += [(uid, uid) for uid in uids if uid is not None and 0 < uid <= MAX_UID]
    return Found(join_ranges(ranges))


def sort_command(key: SortKey, words: Command, *, is_descending: bool) -> Command:
    """Return the command for a sorted search."""
    order = (b"REVERSE " if is_descending else b"") + key.value.upper().encode()
    return (b"UID", b"SORT", b"(" + order + b")", b"UTF-8", *words)


def write_day(day: date) -> bytes:
    """Return a day as a criterion of IMAP."""
    # The names of months in strftime depend on the locale.
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year:04}".encode()


def sorted_in(answers: Sequence[Answer]) -> list[int]:
    """Return the UIDs of a SORT answer in their order, each once."""
    numbers = (read_number(value) for answer in answers if answer.kind == "SORT" for value in answer.values)
    return list(dict.fromkeys(uid for uid in numbers if uid is not None and 0 < uid <= MAX_UID))


def threads_in(answers: Sequence[Answer]) -> list[list[int]]:
    """Return the threads of a THREAD answer, each as its UIDs (RFC 5256 section 4)."""
    values = [value for answer in answers if answer.kind == "THREAD" for value in answer.values]
    return [uids for value in values if (uids := _uids_in(value))]


def _uids_in(value: Value) -> list[int]:
    if isinstance(value, list):
        return [uid for inner in value for uid in _uids_in(inner)]
    uid = read_number(value)
    return [uid] if uid is not None and 0 < uid <= MAX_UID else []


def _esearch_ranges(values: list[Value]) -> Ranges:
    """Return the ranges of `* ESEARCH (TAG "x") UID ALL 1:5,7` (RFC 4731 section 3.1), or none if it has no ALL."""
    for name, value in pairwise(values):
        if isinstance(name, bytes) and name.upper() == b"ALL" and isinstance(value, bytes):
            return read_ranges(value)
    return []


def search_refusal(word: str, text: bytes) -> GatewayError:
    """Return the error of a refused search."""
    if word == "NO" and b"[BADCHARSET" in text.upper():
        return GatewayError(GatewayCode.SERVER_REFUSED, "The mail server can search for ASCII letters only.")
    return refusal(word, text)


def _charset(words: Command) -> Command:
    is_ascii = all(word.content.isascii() for word in words if isinstance(word, Literal))
    return () if is_ascii else (b"CHARSET", b"UTF-8")
