"""IMAP servers that break the protocol: the inbox is still listed, and each failure is an error with a code."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.servers.bridge import bridge_before, error_of, folder_path, get, set_flags, sign_in
from tests.support.servers.lying_server import IMAP, Close, Drip, LyingServer, Step, TakeLiteral
from tests.support.servers.mailboxes import login_at
from webbridge.gateway import GatewayCode, GatewayError, ImapConnection, Mailbox, OutgoingMessage
from webbridge.gateway.imap_syntax import read_folder_name, write_folder_name
from webbridge.gateway.summary import HeaderProblem

pytestmark = pytest.mark.server

MAX_BYTES = 1_000_000
INBOX = Mailbox("INBOX", 9)
ROWS = b"".join(
    b"* %d FETCH (UID %d RFC822.SIZE 100 FLAGS () BODY[HEADER.FIELDS (FROM SUBJECT DATE CONTENT-TYPE)]<0> {%d}\r\n%s"
    b" BODY[HEADER.FIELDS (TO)]<0> {4}\r\n\r\n\r\n)\r\n" % (number, uid, len(header), header)
    for number, uid in ((1, 5), (2, 7))
    for header in [b"From: bob@example.test\r\nSubject: number %d\r\n\r\n" % uid]
)
MESSAGE = b"Subject: x\r\n\r\nHello\r\n"
WHOLE = b"* 2 FETCH (UID 7 BODY[] {%d}\r\n%s)\r\nTAG OK\r\n" % (len(MESSAGE), MESSAGE)


@pytest.fixture
def server(tls_folder: Path) -> Iterator[LyingServer]:
    with LyingServer(IMAP, tls_folder=tls_folder) as server:
        server.answers["UID FETCH"] = [ROWS + b"TAG OK\r\n"]
        yield server


@pytest.fixture
def connect(server: LyingServer) -> Iterator[Callable[[], ImapConnection]]:
    opened: list[ImapConnection] = []

    def open_connection(timeout_seconds: float = 5.0) -> ImapConnection:
        opened.append(ImapConnection.open(login_at(server.address(timeout_seconds=timeout_seconds))))
        return opened[-1]

    yield open_connection
    for connection in opened:
        connection.close()


@pytest.fixture
def alice(server: LyingServer) -> Iterator[FlaskClient]:
    """A browser that is signed in at a bridge whose IMAP server is the lying one."""
    with bridge_before(server.address(timeout_seconds=2.0)) as browser:
        assert sign_in(browser).status_code == 200
        yield browser


def uids(connection: ImapConnection) -> list[int]:
    return [row.uid for row in connection.list_messages("INBOX", limit=10).rows]


def code_of(call: Callable[[], object]) -> GatewayCode:
    with pytest.raises(GatewayError) as error:
        call()
    return error.value.code


Connect = Callable[..., ImapConnection]


# Folders


@pytest.mark.parametrize("name", ["/lead", "//", "a//b", "end/", "/messages/5/raw", "x/messages"])
def test_a_folder_is_opened_by_its_own_name_wherever_its_slashes_are(
    server: LyingServer, alice: FlaskClient, name: str
) -> None:
    assert get(alice, f"{folder_path(alice, name)}/messages").status_code == 200
    assert server.commands("SELECT")[-1] == f'SELECT "{name}"'.encode()


@pytest.mark.parametrize(
    "wire_name",
    [
        b"&bad",
        b"Entw\xc3\xbcrfe",
        b"\xff\xfe",
        b"&AMQ",
        b"&//0-x",
        b"&AGE-",
        b"a&b",
        b"&2AA-",
        b"tab\there",
        b"&!-",
        b"x" * 600,
    ],
)
def test_a_folder_whose_name_is_no_utf_7_is_listed_and_can_be_opened(
    server: LyingServer, connect: Connect, wire_name: bytes
) -> None:
    server.answers["LIST"] = [
        b'* LIST () "/" {%d}\r\n%s\r\n* LIST () "/" INBOX\r\nTAG OK\r\n' % (len(wire_name), wire_name)
    ]
    server.answers["SELECT {"] = [b"+ go on\r\n", TakeLiteral(), b"* 0 EXISTS\r\nTAG OK\r\n"]
    server.answers["STATUS {"] = [b"+ go on\r\n", TakeLiteral(), b"TAG OK\r\n"]
    connection = connect()
    inbox, other = connection.list_folders()
    assert inbox.name == "INBOX"
    assert write_folder_name(other.name) == wire_name
    if len(wire_name) < 500:
        connection.list_messages(other.name, limit=1)
        sent = server.messages[-1:] if server.messages else []
        assert wire_name in sent or any(wire_name in line for line in server.commands("SELECT"))


@pytest.mark.parametrize("name", ["INBOX", "Entwürfe & mehr", "日本語", "a&b", "😀", "&", "Ä&Ö"])
def test_every_name_of_ours_comes_back_from_the_server(name: str) -> None:
    assert read_folder_name(write_folder_name(name)) == name


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"* LIST\r\n",
        b"* LIST (\r\n* LIST ) (\r\n",
        b'* LIST (\\Sent "/" Broken\r\n',
        b"* LIST NIL NIL NIL\r\n",
        b'* LIST () "/" ""\r\n',
        b"* LIST () NIL (INBOX)\r\n",
        b'* LIST (\\Noselect) "/" INBOX\r\n',
        b"* " + b"(" * 10_000 + b"\r\n",
        b"* 99999999999999999999999999 LIST () NIL x\r\n",
        b"* LIST () NIL {3}\r\na\0b\r\n",
        b"* OK what {5}\r\n",
    ],
)
def test_the_inbox_is_listed_whatever_a_server_lists(server: LyingServer, connect: Connect, lines: bytes) -> None:
    server.answers["LIST"] = [lines + b'* LIST (\\HasNoChildren) "/" Other\r\nTAG OK\r\n']
    names = [folder.name for folder in connect().list_folders()]
    assert names[0] == "INBOX"
    assert "Other" in names


@pytest.mark.parametrize(
    "steps",
    [
        [b"TAG NO no counts\r\n"],
        [b"TAG BAD what\r\n"],
        [b"TAG OK\r\n"],
        [b"* STATUS INBOX (MESSAGES x UNSEEN)\r\nTAG OK\r\n"],
        [b"* STATUS INBOX (MESSAGES 99999999999999999999999)\r\nTAG OK\r\n"],
        [b"* STATUS\r\nTAG OK\r\n"],
        [b"* BYE\r\n", Close()],
        [Close()],
        [b"nonsense\r\n"],
        [Drip(b"* STATUS INBOX (MESSAGES 1 UNSEEN 1)\r\nTAG OK\r\n")],
    ],
)
def test_folders_without_counts_are_listed(server: LyingServer, connect: Connect, steps: Sequence[Step]) -> None:
    server.answers["STATUS"] = steps
    folders = connect(1.0).list_folders()
    assert [folder.name for folder in folders] == ["INBOX", "Sent"]
    assert all(0 <= folder.total < 2**32 for folder in folders)


# Lists


@pytest.mark.parametrize(
    "answer",
    [
        b"TAG OK\r\n",
        b"* EXISTS\r\nTAG OK\r\n",
        b"* x EXISTS\r\nTAG OK\r\n",
        b"* 999999999999999999 EXISTS\r\nTAG OK\r\n",
        b"* 99999999999999999999999999 EXISTS\r\nTAG OK\r\n",
        b"* OK [UIDNEXT 99999999999]\r\nTAG OK\r\n",
        b"* FLAGS (\r\n* 2 EXISTS\r\nTAG OK [READ-ONLY] {5}\r\n",
    ],
)
def test_a_folder_is_listed_without_a_true_count_of_messages(
    server: LyingServer, connect: Connect, answer: bytes
) -> None:
    server.answers["SELECT"] = [answer]
    if b"9999" in answer:
        server.answers["FETCH"] = [b"TAG NO no such messages\r\n"]
    assert uids(connect()) == [7, 5]


@pytest.mark.parametrize(
    "lines",
    [
        b"* 3 FETCH (UID 0)\r\n",
        b"* 3 FETCH (UID 99999999999)\r\n",
        b"* 3 FETCH (UID x)\r\n",
        b"* 3 FETCH (FLAGS ())\r\n",
        b"* 3 FETCH\r\n* 3 FETCH (UID\r\n* 3 FETCH NIL\r\n",
        b"* 1 FETCH (UID 5)\r\n* 1 FETCH (UID 5 UID)\r\n",
        b"* EXPUNGE\r\n* VANISHED 4\r\n",
    ],
)
def test_numbers_that_are_no_uids_bring_no_row(server: LyingServer, connect: Connect, lines: bytes) -> None:
    server.answers["FETCH"] = [lines + b"* 1 FETCH (UID 5)\r\n* 2 FETCH (UID 7)\r\nTAG OK\r\n"]
    assert uids(connect()) == [7, 5]


@pytest.mark.parametrize(
    "steps",
    [
        [b"TAG OK\r\n"],
        [b"TAG NO [SERVERBUG] internal error\r\n"],
        [b"TAG BAD internal error\r\n"],
        [b"* 1 FETCH (UID 5 RFC822.SIZE\r\nTAG OK\r\n"],
        [b"* 1 FETCH (UID 5 FLAGS)\r\nTAG OK\r\n"],
        [b"* 1 FETCH (UID 5 BODY[HEADER.FIELDS (FROM SUBJECT)] NIL RFC822.SIZE NIL FLAGS NIL)\r\nTAG OK\r\n"],
        [b"* 1 FETCH (UID 5 BODY[HEADER.FIELDS (SUBJECT)] (a b))\r\nTAG OK\r\n"],
        [b"* 9 FETCH (UID 9 BODY[HEADER.FIELDS (SUBJECT)] x)\r\nTAG OK\r\n"],
        [b"* 1 FETCH (UID 5 BODY[HEADER.FIELDS (SUBJECT)] {99999999999}\r\n"],
        [b"* 1 FETCH (UID 5 BODY[HEADER.FIELDS (SUBJECT)] {900000}\r\nx", Close()],
        [b"* BYE internal error\r\n", Close()],
        [Close()],
        [Drip(b"* 1 FETCH (UID 5 FLAGS ())\r\nTAG OK\r\n")],
    ],
)
def test_a_message_that_the_server_does_not_describe_has_a_row_that_says_so(
    server: LyingServer, connect: Connect, steps: Sequence[Step]
) -> None:
    server.answers["UID FETCH"] = steps
    rows = connect(1.0).list_messages("INBOX", limit=10).rows
    assert [row.uid for row in rows] == [7, 5]
    assert {row.problem for row in rows} == {HeaderProblem.UNREADABLE}


def test_a_message_that_breaks_the_connection_leaves_the_rows_before_it(server: LyingServer, connect: Connect) -> None:
    whole, _, _broken = ROWS.partition(b"* 2 FETCH")
    server.answers["UID FETCH"] = [whole + b"* 2 FETCH (UID 7 BODY[HEADER", Close()]
    newest, older = connect().list_messages("INBOX", limit=10).rows
    assert (older.subject, older.problem) == ("number 5", None)
    assert (newest.uid, newest.problem) == (7, HeaderProblem.UNREADABLE)


def test_a_header_that_is_longer_than_asked_for_is_cut(server: LyingServer, connect: Connect) -> None:
    header = b"Subject: long\r\nFrom: " + b"x" * 100_000 + b"@example.test\r\n\r\n"
    item = b"BODY[HEADER.FIELDS (FROM SUBJECT)] {%d}\r\n%s" % (len(header), header)
    server.answers["UID FETCH"] = [ROWS + b"* 2 FETCH (UID 7 " + item + b")\r\nTAG OK\r\n"]
    row = connect().list_messages("INBOX", limit=10).rows[0]
    assert row.uid == 7


def test_older_messages_are_searched_in_windows_and_nothing_newer_comes(server: LyingServer, connect: Connect) -> None:
    server.answers["UID SEARCH"] = [b"* SEARCH 5 7 8 9000 0 x\r\nTAG OK\r\n"]
    rows = connect().list_messages("INBOX", before_uid=8, limit=10).rows
    assert [row.uid for row in rows] == [7, 5]
    assert server.commands("UID SEARCH") == [b"UID SEARCH UID 1:7"]


# One message


def raw(connection: ImapConnection) -> bytes:
    return b"".join(connection.open_raw(INBOX, 7, max_bytes=MAX_BYTES).chunks)


@pytest.mark.parametrize(
    "answer",
    [
        WHOLE,
        b"* 1 FETCH (FLAGS ())\r\n" + WHOLE,
        b"* 5 EXISTS\r\n* OK [ALERT] see {9}\r\n" + WHOLE,
        b"* 2 FETCH (BODY[] {%d}\r\n%s UID 7)\r\nTAG OK\r\n" % (len(MESSAGE), MESSAGE),
        b"* 2 FETCH (FLAGS (\\Seen) UID 7 BODY[] ~{%d}\r\n%s)\r\nTAG OK\r\n" % (len(MESSAGE), MESSAGE),
        b"* 1 FETCH (UID 5 BODY[] {9}\r\nnot yours)\r\n" + WHOLE,
    ],
)
def test_a_message_is_found_among_what_nobody_asked_for(server: LyingServer, connect: Connect, answer: bytes) -> None:
    server.answers["UID FETCH"] = [answer]
    connection = connect()
    assert raw(connection) == MESSAGE
    assert connection.is_alive()


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([b"* 2 FETCH (UID 7 BODY[] NIL)\r\nTAG OK\r\n"], GatewayCode.UNREADABLE),
        ([b"* 2 FETCH (UID 7 BODY[] (x))\r\nTAG OK\r\n"], GatewayCode.UNREADABLE),
        ([b"* 2 FETCH (UID 7)\r\nTAG OK\r\n"], GatewayCode.NO_SUCH_MESSAGE),
        ([b"TAG OK\r\n"], GatewayCode.NO_SUCH_MESSAGE),
        ([b"* 1 FETCH (UID 5 BODY[] {9}\r\nnot yours)\r\nTAG OK\r\n"], GatewayCode.NO_SUCH_MESSAGE),
        ([b'* 1 FETCH (UID 5 BODY[] "not yours")\r\nTAG OK\r\n'], GatewayCode.NO_SUCH_MESSAGE),
        ([b"* 1 FETCH (BODY[] {9}\r\nnot yours UID 5)\r\nTAG OK\r\n"], GatewayCode.UNREADABLE),
        ([b"* 1 FETCH (BODY[] {9}\r\nnot yours)\r\nTAG OK\r\n"], GatewayCode.UNREADABLE),
        ([b"* 2 FETCH (UID 7 BODY[] {2000000}\r\n"], GatewayCode.MESSAGE_TOO_LARGE),
        ([b"* 2 FETCH (UID 7 BODY[] {" + b"9" * 30 + b"}\r\n"], GatewayCode.UNREADABLE),
        ([b"* 2 FETCH (UID 7 BODY[] {-1}\r\n", Close()], GatewayCode.UNREACHABLE),
        ([b"* 2 FETCH (UID 7 BODY[] {500}\r\nshort", Close()], GatewayCode.UNREACHABLE),
        ([b"* 2 FETCH (UID 7 BODY[] {3}\r\nlonger than that)\r\nTAG OK\r\n"], GatewayCode.UNREADABLE),
        ([b"TAG NO [UNAVAILABLE] later\r\n"], GatewayCode.BUSY),
        ([b"S999 OK\r\n"], GatewayCode.UNREADABLE),
        ([b"x" * 3_000_000], GatewayCode.UNREADABLE),
        ([b"* x\r\n" * 30_000], GatewayCode.UNREADABLE),
        ([Close()], GatewayCode.UNREACHABLE),
        ([Drip(WHOLE)], GatewayCode.UNREACHABLE),
        ([WHOLE[:40], Drip(WHOLE[40:])], GatewayCode.UNREACHABLE),
    ],
)
def test_a_message_that_does_not_come_whole_is_an_error(
    server: LyingServer, connect: Connect, steps: Sequence[Step], code: GatewayCode
) -> None:
    server.answers["UID FETCH"] = steps
    connection = connect(1.0)
    assert code_of(lambda: raw(connection)) is code


def test_no_byte_of_another_message_passes_as_the_last_of_this_one(server: LyingServer, connect: Connect) -> None:
    server.answers["UID FETCH"] = [b"* 1 FETCH (BODY[] {9}\r\nnot yours UID 5)\r\nTAG OK\r\n"]
    chunks = connect().open_raw(INBOX, 7, max_bytes=MAX_BYTES).chunks
    assert code_of(lambda: next(chunks)) is GatewayCode.UNREADABLE


# Broken answers to any command


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([b")\r\nTAG NO no mail of carol@example.test\r\n"], "mail-server-refused"),
        ([b"carol@example.test)\r\nTAG OK\r\n"], "mail-server-unreadable"),
        ([Close()], "mail-server-unreachable"),
    ],
)
def test_a_download_that_breaks_off_ends_the_connection_and_is_logged_without_the_servers_words(
    server: LyingServer, alice: FlaskClient, caplog: pytest.LogCaptureFixture, steps: Sequence[Step], code: str
) -> None:
    server.answers["UID FETCH"] = [b"* 2 FETCH (UID 7 BODY[] {%d}\r\n%b" % (len(MESSAGE), MESSAGE), *steps]
    # gunicorn ends the connection without a line in the log for this error, and only for this one.
    with pytest.raises(ConnectionResetError) as error:
        get(alice, f"{folder_path(alice)}/9/7/raw")
    assert error.value.errno == errno.ECONNRESET
    assert [(record.levelname, record.__dict__["code"]) for record in caplog.records] == [("WARNING", code)]
    assert "carol" not in caplog.text
    assert get(alice, "/api/session").status_code == 200


BROKEN: list[Sequence[Step]] = [
    [b"TAG NO\r\n"],
    [b"TAG BAD [\r\n"],
    [b"TAG WHAT\r\n"],
    [b"TAG\r\n"],
    [b"+ go on\r\n", b"TAG OK\r\n"],
    [b"\xff\xfe\r\n"],
    [b"* \xff\r\nTAG OK\r\n"],
    [b"* BYE [UNAVAILABLE] later\r\n", Close()],
    [b"* 1 FETCH (UID {5}\r\n", Close()],
    [b"(((\r\n", Close()],
    [Close()],
]


@pytest.mark.thorough
@pytest.mark.parametrize("command", ["LIST", "STATUS", "SELECT", "FETCH", "UID FETCH", "UID SEARCH", "UID STORE"])
def test_no_answer_of_a_server_is_an_error_without_a_code(
    server: LyingServer, alice: FlaskClient, command: str
) -> None:
    inbox = folder_path(alice)
    for steps in BROKEN:
        server.answers[command] = steps
        responses = [
            get(alice, "/api/folders"),
            get(alice, f"{inbox}/messages"),
            get(alice, f"{inbox}/messages?before=100&uidValidity=9"),
            get(alice, f"{inbox}/9/7/raw"),
            set_flags(alice, f"{inbox}/9", [7], add=["\\Seen"]),
        ]
        for response in responses:
            assert response.status_code in (200, 204, 404, 409, 502, 503), (steps, response.get_json())
            if response.status_code >= 400:
                _status, code = error_of(response)
                assert code != "server-error"
        assert get(alice, "/api/session").status_code == 200


@pytest.mark.parametrize(
    "command", ["GREETING", "AUTHENTICATE PLAIN", "LIST", "SELECT", "FETCH", "UID STORE", "APPEND"]
)
def test_a_server_that_says_one_byte_at_a_time_is_given_up(server: LyingServer, connect: Connect, command: str) -> None:
    """Each answer would be complete in the end. Without a deadline for the whole call, the bridge would wait for it."""
    steps = server.answers[command]
    server.answers[command] = [Drip(step) if isinstance(step, bytes) else step for step in steps]

    def call() -> object:
        connection = connect(0.3)
        connection.list_folders()
        connection.list_messages("INBOX", limit=10)
        connection.append("INBOX", OutgoingMessage.of(MESSAGE), [])
        connection._imap.run(b"UID STORE 7 +FLAGS (x)")
        return connection

    assert code_of(call) is GatewayCode.UNREACHABLE
