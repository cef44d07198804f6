"""A view costs at most two round trips to an IMAP server, because a far server takes most of a view's time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.servers.hostile_imap import HEALTHY
from tests.support.servers.lying_server import LyingServer
from tests.support.servers.mailboxes import login_at
from webbridge.gateway import GatewayCode, GatewayError, ImapConnection, Mailbox
from webbridge.gateway.imap import Criteria, SortKey

pytestmark = pytest.mark.server

INBOX = Mailbox("INBOX", 9)
CAPABILITIES = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN MOVE UIDPLUS ESEARCH SORT THREAD=REFERENCES %b\r\nTAG OK\r\n"
View = Callable[[ImapConnection], object]
VIEWS: dict[str, View] = {
    "folders": ImapConnection.list_folders,
    "list": lambda connection: connection.list_messages("INBOX", limit=50),
    "older messages": lambda connection: connection.list_messages("INBOX", before_uid=8, limit=50, uid_validity=9),
    "open": lambda connection: b"".join(connection.open_raw(INBOX, 7, max_bytes=1000).chunks),
    "search": lambda connection: connection.search("INBOX", Criteria(subject="x"), limit=50),
    "sorted list": lambda connection: connection.list_sorted(
        "INBOX", SortKey.DATE, is_descending=True, offset=0, limit=50
    ),
    "threads": lambda connection: connection.list_threads("INBOX", offset=0, limit=50),
}


@pytest.fixture(params=[b"", b"LIST-STATUS CONDSTORE"], ids=["plain", "extended"])
def connection(imap: LyingServer, request: pytest.FixtureRequest) -> Iterator[ImapConnection]:
    imap.answers |= HEALTHY
    imap.answers |= {
        "CAPABILITY": [CAPABILITIES % request.param],
        "UID SORT": [b"* SORT 7 5\r\nTAG OK\r\n"],
        "UID THREAD": [b"* THREAD (5)(7)\r\nTAG OK\r\n"],
    }
    connection = ImapConnection.open(login_at(imap.address()))
    yield connection
    connection.close()


def round_trips(connection: ImapConnection, view: View, monkeypatch: pytest.MonkeyPatch) -> int:
    """Count the turns from reading to writing. Writes without an answer between them are one."""
    wire: Any = connection._imap.wire
    turns: list[bytes] = []
    send, receive = wire.send, wire._receive
    is_answered = True

    def count(data: bytes) -> None:
        nonlocal is_answered
        if is_answered:
            turns.append(data)
        is_answered = False
        send(data)

    def note(max_bytes: int) -> object:
        nonlocal is_answered
        is_answered = True
        return receive(max_bytes)

    with monkeypatch.context() as patch:
        patch.setattr(wire, "send", count)
        patch.setattr(wire, "_receive", note)
        view(connection)
    return len(turns)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_takes_at_most_two_round_trips(
    connection: ImapConnection, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    first = round_trips(connection, VIEWS[name], monkeypatch)
    again = round_trips(connection, VIEWS[name], monkeypatch)
    assert 1 <= again <= first <= 2


@pytest.mark.parametrize("name", ["list", "open"])
def test_a_view_that_is_shown_again_takes_one_round_trip(
    connection: ImapConnection, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    VIEWS[name](connection)
    assert round_trips(connection, VIEWS[name], monkeypatch) == 1


def test_of_rows_that_were_shown_a_search_asks_only_for_the_flags(
    imap: LyingServer, connection: ImapConnection
) -> None:
    first, again = (connection.search("INBOX", Criteria(subject="x"), limit=50) for _ in range(2))
    assert again.rows == first.rows
    fetches = imap.commands("UID FETCH")
    assert len(fetches) == 2
    assert b"BODY" in fetches[0]
    assert fetches[1].endswith(b"(UID FLAGS)")


def test_a_message_of_a_renumbered_folder_is_not_asked_for_twice(imap: LyingServer, connection: ImapConnection) -> None:
    with pytest.raises(GatewayError) as error:
        connection.open_raw(Mailbox("INBOX", 8), 7, max_bytes=1000)
    assert error.value.code is GatewayCode.FOLDER_CHANGED
    assert len(imap.commands("UID FETCH")) == 1
