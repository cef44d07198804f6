"""Answers of real servers that differ from the RFCs, found by a day at each of them (tools/mail_servers)."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.servers.lying_server import LyingServer, TakeLiteral
from tests.support.servers.mailboxes import login_at
from webbridge.gateway import GatewayCode, GatewayError, ImapConnection, Mailbox, OutgoingMessage
from webbridge.gateway.imap import Criteria
from webbridge.transfer.exporting import Form, export

pytestmark = pytest.mark.server

HEADER = b"Message-ID: <one@draft.sealwax.invalid>\r\n\r\n"
DRAFT = b"From: alice@example.test\r\n" + HEADER
NO_APPENDUID = {
    "LIST": [b'* LIST () "/" INBOX\r\n* LIST () "/" Drafts\r\nTAG OK\r\n'],
    "UID SEARCH": [b"* SEARCH 5\r\nTAG OK\r\n"],
    "UID FETCH": [
        b"* 1 FETCH (UID 5 FLAGS () BODY[HEADER.FIELDS (MESSAGE-ID)]<0> {%d}\r\n%s)\r\nTAG OK\r\n"
        % (len(HEADER), HEADER)
    ],
}


@pytest.fixture
def connection(imap: LyingServer) -> Iterator[ImapConnection]:
    imap.answers |= {"CAPABILITY": [b"* CAPABILITY IMAP4rev1 UIDPLUS AUTH=PLAIN\r\nTAG OK\r\n"]}
    connection = ImapConnection.open(login_at(imap.address()))
    yield connection
    connection.close()


@pytest.mark.parametrize("text", [b"Mailbox already exists", b"Cannot create this folder.", b"CREATE already exists"])
def test_a_name_that_is_taken_is_named_so_without_a_code(
    imap: LyingServer, connection: ImapConnection, text: bytes
) -> None:
    """Cyrus 3.6, Courier 5.0 and GNU Mailutils 3.15 send no ALREADYEXISTS."""
    imap.answers |= {"CREATE": [b"TAG NO " + text + b"\r\n"], "RENAME": [b"TAG NO " + text + b"\r\n"]}
    calls: list[Callable[[], object]] = [
        lambda: connection.create_folder("Sent"),
        lambda: connection.rename_folder("Work", "Sent"),
    ]
    for call in calls:
        with pytest.raises(GatewayError) as raised:
            call()
        assert raised.value.code is GatewayCode.FOLDER_EXISTS


def test_a_name_that_is_refused_and_free_is_not_named_taken(imap: LyingServer, connection: ImapConnection) -> None:
    imap.answers |= {"CREATE": [b"TAG NO Invalid mailbox name.\r\n"]}
    with pytest.raises(GatewayError) as raised:
        connection.create_folder("Either/Or")
    assert raised.value.code is GatewayCode.SERVER_REFUSED
    assert "Invalid mailbox name." in raised.value.message


def test_a_full_mailbox_is_named_in_the_words_of_courier(imap: LyingServer, connection: ImapConnection) -> None:
    imap.answers |= {"APPEND": [b"TAG NO [ALERT] You exceeded your mail quota.\r\n"]}
    with OutgoingMessage.of(DRAFT) as message, pytest.raises(GatewayError) as raised:
        connection.append("INBOX", message, [])
    assert raised.value.code is GatewayCode.MAILBOX_FULL


def test_a_name_with_blanks_is_read_from_a_status_without_quotes(imap: LyingServer, connection: ImapConnection) -> None:
    """GNU Mailutils 3.15."""
    imap.answers |= {
        "LIST": [b'* LIST () "/" INBOX\r\n* LIST () "/" "A long name"\r\nTAG OK\r\n'],
        "STATUS": [b"* STATUS A long name (MESSAGES 4 UNSEEN 2 UIDVALIDITY 9)\r\nTAG OK\r\n"],
    }
    (folder,) = (entry for entry in connection.list_folders() if entry.name == "A long name")
    assert (folder.total, folder.unseen, folder.uid_validity) == (4, 2, 9)


def test_a_draft_is_looked_for_in_a_fresh_view_of_its_folder(imap: LyingServer, connection: ImapConnection) -> None:
    """GNU Mailutils 3.15 and hoodiecrow tell of a new message in the selected folder only at a SELECT."""
    imap.answers |= NO_APPENDUID
    connection.list_messages("Drafts", limit=10)
    with OutgoingMessage.of(DRAFT) as message:
        assert connection.keep_draft(message, "<one@draft.sealwax.invalid>").uid == 5
    commands = [line.split()[0] for line in imap.received]
    assert b"SELECT" in commands[commands.index(b"APPEND") :]


def test_a_list_after_a_message_was_stored_is_one_of_a_fresh_view(
    imap: LyingServer, connection: ImapConnection
) -> None:
    connection.list_messages("INBOX", limit=10)
    for line, selects in ((b"", 2), (b"* 3 EXISTS\r\n", 3), (b"", 4)):
        imap.answers |= {"APPEND": [b"+ go on\r\n", TakeLiteral(), line + b"TAG OK\r\n"]}
        with OutgoingMessage.of(DRAFT) as message:
            connection.append("INBOX", message, [])
        connection.list_messages("INBOX", limit=10)
        assert len(imap.commands("SELECT")) == selects


@pytest.mark.parametrize(("offered", "selects"), [(b"UIDPLUS", 1), (b"UNSELECT", 2)])
def test_a_server_without_uidplus_is_asked_for_a_fresh_view_at_each_list(
    imap: LyingServer, offered: bytes, selects: int
) -> None:
    """GNU Mailutils 3.15 tells of changes only at a SELECT."""
    imap.answers |= {"CAPABILITY": [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN " + offered + b"\r\nTAG OK\r\n"]}
    connection = ImapConnection.open(login_at(imap.address()))
    for _ in range(2):
        assert [row.uid for row in connection.list_messages("INBOX", limit=10).rows] == [7, 5]
    assert len(imap.commands("SELECT")) == selects
    connection.close()


def test_storing_a_message_elsewhere_leaves_the_selected_folder_as_it_is(
    imap: LyingServer, connection: ImapConnection
) -> None:
    imap.answers |= {"FETCH": [b"* 1 FETCH (UID 5 FLAGS ())\r\n* 2 FETCH (UID 7 FLAGS ())\r\nTAG OK\r\n"]}
    connection.list_messages("INBOX", limit=10)
    with OutgoingMessage.of(DRAFT) as message:
        connection.append("Sent", message, [])
    connection.list_messages("INBOX", limit=10)
    assert len(imap.commands("SELECT")) == 1


def test_a_list_and_a_search_take_the_uidvalidity_of_now_in_silence(
    imap: LyingServer, connection: ImapConnection
) -> None:
    """Courier's number follows the clock until the first SELECT, so the list of folders names another one."""
    listed = connection.list_messages("INBOX", uid_validity=8, limit=10)
    assert (listed.uid_validity, [row.uid for row in listed.rows]) == (9, [7, 5])
    result = connection.search("INBOX", Criteria(subject="x"), uid_validity=8, limit=10)
    assert (result.uid_validity, [row.uid for row in result.rows]) == (9, [7, 5])
    assert len(imap.commands("SELECT")) == 1


@pytest.mark.parametrize("verb", ["list_messages", "search"])
def test_a_list_from_a_uid_on_is_refused_under_another_uidvalidity(connection: ImapConnection, verb: str) -> None:
    criteria = [Criteria(subject="x")] if verb == "search" else []
    with pytest.raises(GatewayError) as raised:
        getattr(connection, verb)("INBOX", *criteria, before_uid=6, uid_validity=8, limit=10)
    assert raised.value.code is GatewayCode.FOLDER_CHANGED


def test_an_export_takes_the_uidvalidity_of_the_opened_folder(imap: LyingServer, tmp_path: Path) -> None:
    imap.answers |= {
        "LIST": [b'* LIST () "/" INBOX\r\nTAG OK\r\n'],
        "STATUS": [b"* STATUS INBOX (MESSAGES 1 UNSEEN 0 UIDVALIDITY 8)\r\nTAG OK\r\n"],
        "SELECT": [b"* 1 EXISTS\r\n* OK [UIDVALIDITY 9] valid\r\n* OK [UIDNEXT 8] next\r\nTAG OK\r\n"],
        "FETCH": [b"* 1 FETCH (UID 7 FLAGS ())\r\nTAG OK\r\n"],
        "UID FETCH": [b"* 1 FETCH (UID 7 FLAGS () BODY[] {3}\r\nx\r\n)\r\nTAG OK\r\n"],
        "UID SEARCH": [b"* SEARCH\r\nTAG OK\r\n"],
    }
    (written,) = export(login_at(imap.address()), tmp_path, Form.MBOX)
    assert written.count == 1
    assert written.place.read_bytes().startswith(b"From ")


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux has it")
def test_the_second_part_of_an_answer_does_not_wait_for_the_system(
    imap: LyingServer, connection: ImapConnection
) -> None:
    """Cyrus 3.6 and Courier 5.0 send a literal after its line, and wait for the acknowledgement between them."""
    imap.answers |= {"UID FETCH": [b"* 2 FETCH (UID 7 BODY[] {3}\r\n", b"abc)\r\n", b"TAG OK\r\n"]}
    took = []
    for _ in range(25):
        begun = time.monotonic()
        assert b"".join(connection.open_raw(Mailbox("INBOX", 9), 7, 100).chunks) == b"abc"
        took.append(time.monotonic() - begun)
    assert statistics.median(took) < 0.03
