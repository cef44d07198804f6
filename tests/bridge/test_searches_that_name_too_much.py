"""Nothing is deleted or taken for sent because a search has named it: some servers ignore a criterion and name all."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from tests.support.servers.lying_server import LyingServer, TakeLiteral
from tests.support.servers.mailboxes import login_at
from webbridge.gateway import ImapConnection, OutgoingMessage
from webbridge.gateway.imap_search import write_day

pytestmark = pytest.mark.server

TODAY = date(2026, 11, 25)
OURS = "<one@draft.sealwax.invalid>"
DRAFT = OutgoingMessage.of(f"Message-ID: {OURS}\r\n\r\nHello\r\n".encode())
CAPABLE = b"IMAP4rev1 AUTH=PLAIN UIDPLUS"
IDS = (
    OURS,
    "<thesis@example.test>",
    "<two@draft.sealwax.invalid>",
    "<one@draft.sealwax.invalid.example.test>",
    "<ONE@draft.sealwax.invalid>",
    f"<x@example.test>\r\nReferences: {OURS}",
    "",
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A message at the server, and what the server says of it."""

    uid: int
    message_id: str = ""
    days: int | None = None
    age_days: int | None = 0
    """None if the server does not say when it was stored."""

    def fetched(self) -> bytes:
        flags = b"\\Seen" if self.days is None else b"\\Seen $SealwaxDeleteAfter%d" % self.days
        header = f"Message-ID: {self.message_id}\r\n\r\n".encode() if self.message_id else b"\r\n"
        day = b"NIL"
        if self.age_days is not None:
            day = b'"%b 23:59:59 -0900"' % write_day(TODAY - timedelta(days=self.age_days)).rjust(11)
        items = (self.uid, flags, day, len(header), header)
        literal = b"BODY[HEADER.FIELDS (MESSAGE-ID)]<0> {%d}\r\n%b" % items[3:]
        return b"* 1 FETCH (UID %d FLAGS (%b) INTERNALDATE %b " % items[:3] + literal + b")\r\n"


Opened = Callable[..., ImapConnection]


@pytest.fixture
def opened(imap: LyingServer) -> Iterator[Opened]:
    """A function that opens a connection to a server whose searches name all of these messages."""
    connections: list[ImapConnection] = []

    def open_connection(*stored: Stored, keep: bytes = b"") -> ImapConnection:
        uids = b"".join(b" %d" % message.uid for message in stored)
        keywords = b" ".join({b"$SealwaxDeleteAfter%d" % message.days for message in stored if message.days})
        imap.received.clear()
        imap.answers |= {
            "GREETING": [b"* OK [CAPABILITY " + CAPABLE + b"] ready\r\n"],
            "CAPABILITY": [b"* CAPABILITY " + CAPABLE + b"\r\nTAG OK\r\n"],
            "LIST": [b'* LIST (\\Drafts) "/" Drafts\r\n* LIST (\\Sent) "/" Sent\r\nTAG OK\r\n'],
            "SELECT": [b"* 9 EXISTS\r\n* FLAGS (" + keywords + b")\r\n* OK [UIDVALIDITY 9] valid\r\nTAG OK\r\n"],
            "UID SEARCH": [b"* SEARCH" + uids + b"\r\nTAG OK\r\n"],
            "UID FETCH": [b"".join(message.fetched() for message in stored) + b"TAG OK\r\n"],
            "UID EXPUNGE": [b"TAG OK\r\n"],
            "APPEND": [b"+ go on\r\n", TakeLiteral(), b"TAG OK " + keep + b"done\r\n"],
        }
        connections.append(ImapConnection.open(login_at(imap.address())))
        return connections[-1]

    yield open_connection
    for connection in connections:
        connection.close()


def deleted(imap: LyingServer) -> set[int]:
    """The UIDs that the bridge has marked, which are those that it has deleted for ever."""
    marked, expunged = (
        {uid for line in imap.commands(verb) for uid in _uids(line.split()[2])} for verb in ("UID STORE", "UID EXPUNGE")
    )
    assert marked == expunged
    return marked


def _uids(text: bytes) -> Iterator[int]:
    for piece in text.split(b","):
        low, _, high = piece.partition(b":")
        yield from range(int(low), int(high or low) + 1)


def test_a_draft_of_another_message_id_is_not_deleted(opened: Opened, imap: LyingServer) -> None:
    stored = [Stored(uid, message_id) for uid, message_id in enumerate(IDS, 1)]
    opened(*stored).delete_draft(OURS)
    assert deleted(imap) == {1}
    opened(*stored, Stored(8, OURS), keep=b"[APPENDUID 9 8] ").keep_draft(DRAFT, OURS)
    assert deleted(imap) == {1}


def test_a_message_id_that_the_server_does_not_give_is_not_the_drafts(opened: Opened, imap: LyingServer) -> None:
    connection = opened(Stored(1, OURS), Stored(2, OURS))
    for answer in (
        b"* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 2)\r\nTAG OK\r\n",
        b"* 1 FETCH (UID 1 BODY[HEADER.FIELDS (MESSAGE-ID)]<0> NIL)\r\nTAG OK\r\n",
        Stored(3, OURS).fetched() + b"TAG OK\r\n",
        b"TAG OK\r\n",
    ):
        imap.answers["UID FETCH"] = [answer]
        connection.delete_draft(OURS)
    assert deleted(imap) == set()


def test_a_message_is_in_sent_only_if_its_message_id_is_there(opened: Opened) -> None:
    others = [Stored(uid, message_id) for uid, message_id in enumerate(IDS[1:], 1)]
    assert not opened().has_message_id("Sent", OURS)
    assert not opened(*others).has_message_id("Sent", OURS)
    assert opened(*others, Stored(9, OURS)).has_message_id("Sent", OURS)


def test_the_newest_version_of_a_draft_stays_whatever_uid_the_server_names(opened: Opened, imap: LyingServer) -> None:
    opened(Stored(5, OURS), Stored(8, OURS), keep=b"[APPENDUID 9 99] ").keep_draft(DRAFT, OURS)
    assert deleted(imap) == {5}


@pytest.mark.parametrize(
    "kept",
    [
        Stored(7, days=30, age_days=0),
        Stored(7, days=30, age_days=30),
        Stored(7, days=30, age_days=None),
        Stored(7, days=30, age_days=-2),
        Stored(7, days=None, age_days=400),
        Stored(7, days=300, age_days=299),
    ],
)
def test_a_copy_stays_for_its_days(opened: Opened, imap: LyingServer, kept: Stored) -> None:
    due = Stored(3, days=30, age_days=31)
    assert opened(due, kept).delete_due("Sent", TODAY) == 1
    assert deleted(imap) == {3}


def test_only_the_wanted_messages_of_any_folder_are_deleted(opened: Opened, imap: LyingServer) -> None:
    chosen = random.Random(5)  # noqa: S311 (the same folders in each run)
    for _ in range(8):
        stored = [
            Stored(
                uid,
                chosen.choice(IDS),
                chosen.choice((None, 1, 30, 365)),
                chosen.choice((None, -1, 0, 1, 2, 30, 31, 366)),
            )
            for uid in sorted(chosen.sample(range(1, 2_000_000), chosen.choice((1, 3, 30))))
        ]
        drafts = {message.uid for message in stored if message.message_id == OURS}
        over = {
            message.uid
            for message in stored
            if message.days and message.age_days is not None and message.age_days > message.days
        }
        opened(*stored).delete_draft(OURS)
        assert deleted(imap) == drafts
        opened(*stored).keep_draft(DRAFT, OURS)
        assert deleted(imap) == drafts - {max(drafts, default=0)}
        assert opened(*stored).delete_due("Sent", TODAY) == len(over)
        assert deleted(imap) == over


def test_a_server_that_names_billions_is_asked_for_a_bounded_number(opened: Opened, imap: LyingServer) -> None:
    connection = opened(Stored(1, OURS))
    imap.answers["UID SEARCH"] = [b"* ESEARCH UID ALL 1:4294967295\r\nTAG OK\r\n"]
    connection.delete_draft(OURS)
    (command,) = imap.commands("UID FETCH")
    assert len(set(_uids(command.split()[2]))) == 1000
    assert deleted(imap) == set()
