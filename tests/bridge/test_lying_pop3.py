"""POP3 servers that lie, fall silent or break off: an answer of the gateway, never a fault of our own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings, strategies as st

from tests.support.servers.bridge import bridge_before, error_of, get, sign_in
from tests.support.servers.lying_server import POP3, Close, Drip, LyingServer, Step, TakeLine, Wait
from tests.support.servers.mailboxes import ALICE, PASSWORDS, login_at
from tests.support.servers.pools import NewPool
from webbridge.gateway import GatewayCode, GatewayError, MailConnection, Pop3Connection
from webbridge.gateway.door import Mailbox
from webbridge.gateway.pop3 import INBOX, UID_VALIDITY
from webbridge.gateway.pop3_wire import Pop3Wire
from webbridge.gateway.wire import CallDeadline

pytestmark = pytest.mark.server

BOX = Mailbox(INBOX, UID_VALIDITY)
MESSAGE = b"Subject: x\r\n\r\nhello\r\n.dot\r\n"
LOGIN_ANSWERS: list[tuple[str, Sequence[Step], GatewayCode]] = [
    ("GREETING", [b"-ERR [SYS/TEMP] later\r\n"], GatewayCode.BUSY),
    ("GREETING", [b"* OK IMAP4rev1\r\n"], GatewayCode.UNREADABLE),
    ("GREETING", [b"+OKready\r\n"], GatewayCode.UNREADABLE),
    ("GREETING", [b"+OK " + b"x" * 5000 + b"\r\n"], GatewayCode.UNREADABLE),
    ("GREETING", [b"+OK ready\r\n+OK signed in\r\n"], GatewayCode.UNREADABLE),
    ("GREETING", [Close()], GatewayCode.UNREACHABLE),
    ("GREETING", [Wait()], GatewayCode.UNREACHABLE),
    ("GREETING", [Drip(b"+OK " + b"y" * 50 + b"\r\n")], GatewayCode.UNREACHABLE),
    ("CAPA", [b"+OK\r\nUSER\r\n", Close()], GatewayCode.UNREACHABLE),
    ("CAPA", [b"+OK\r\n" + b"X\r\n" * 1000, Wait()], GatewayCode.UNREACHABLE),
    ("CAPA", [b"+OK\r\nTOP\r\n.\r\n"], GatewayCode.MISCONFIGURED),
    ("CAPA", [b"+OK\r\nSASL CRAM-MD5\r\n.\r\n"], GatewayCode.MISCONFIGURED),
    ("AUTH PLAIN", [b"-ERR [AUTH] no\r\n"], GatewayCode.LOGIN_REFUSED),
    ("AUTH PLAIN", [b"-ERR wrong password\r\n"], GatewayCode.LOGIN_REFUSED),
    ("AUTH PLAIN", [b"-ERR no\r\n"], GatewayCode.BUSY),
    ("AUTH PLAIN", [b"-ERR [IN-USE] no\r\n"], GatewayCode.BUSY),
    ("AUTH PLAIN", [b"-ERR [LOGIN-DELAY] no\r\n"], GatewayCode.BUSY),
    ("AUTH PLAIN", [b"-ERR [SYS/TEMP] no\r\n"], GatewayCode.BUSY),
    ("AUTH PLAIN", [b"-ERR [sys/perm] no\r\n"], GatewayCode.MISCONFIGURED),
    ("AUTH PLAIN", [b"-ERR [X] no\r\n"], GatewayCode.MISCONFIGURED),
    ("AUTH PLAIN", [b"+ more\r\n"], GatewayCode.UNREADABLE),
    ("AUTH PLAIN", [b"\x00\xff\r\n"], GatewayCode.UNREADABLE),
    ("AUTH PLAIN", [Close()], GatewayCode.UNREACHABLE),
]
READ_ANSWERS: list[tuple[str, Sequence[Step], GatewayCode]] = [
    ("UIDL", [b"-ERR no\r\n"], GatewayCode.SERVER_REFUSED),
    ("UIDL", [b"-ERR [SYS/TEMP] no\r\n"], GatewayCode.BUSY),
    ("UIDL", [b"+OK\r\n.\r\n"], GatewayCode.NO_SUCH_MESSAGE),
    ("UIDL", [b"+OK\r\n2\r\nx second\r\n-2 second\r\n99999999999 second\r\n.\r\n"], GatewayCode.NO_SUCH_MESSAGE),
    ("UIDL", [b"+OK\r\n2 " + b"x" * 5000 + b"\r\n.\r\n"], GatewayCode.UNREADABLE),
    ("UIDL", [b"+OK\r\n2 second\r\n", Close()], GatewayCode.UNREACHABLE),
    ("UIDL", [b"+OK\r\n2 second\r\n", Wait()], GatewayCode.UNREACHABLE),
    (
        "UIDL",
        [b"+OK\r\n" + b"9 " + b"x" * 4000 + b"\r\n" + (b"9 " + b"x" * 4000 + b"\r\n") * 4300],
        GatewayCode.UNREADABLE,
    ),
    ("LIST", [b"+OK 2 99999999\r\n"], GatewayCode.MESSAGE_TOO_LARGE),
    ("LIST", [b"nonsense\r\n"], GatewayCode.UNREADABLE),
    ("RETR", [b"-ERR gone\r\n"], GatewayCode.SERVER_REFUSED),
    ("RETR", [b"+OK\r\nSubject: x\r\n", Close()], GatewayCode.UNREACHABLE),
    ("RETR", [b"+OK\r\nSubject: x\r\n.", Close()], GatewayCode.UNREACHABLE),
    ("RETR", [b"+OK\r\nSubject: x\r\n", Wait()], GatewayCode.UNREACHABLE),
    ("RETR", [b"+OK\r\n" + b"x" * 300_000 + b"\r\n.\r\n"], GatewayCode.UNREADABLE),
    ("RETR", [Drip(b"+OK " + b"y" * 50)], GatewayCode.UNREACHABLE),
]


@pytest.fixture
def pop3(tls_folder: Path) -> Iterator[LyingServer]:
    with LyingServer(POP3, tls_folder=tls_folder) as server:
        yield server


@pytest.fixture
def browser(pop3: LyingServer) -> Iterator[FlaskClient]:
    with bridge_before(pop3.pop3_address(timeout_seconds=0.5)) as browser:
        yield browser


def open_connection(pop3: LyingServer) -> Pop3Connection:
    return Pop3Connection.open(login_at(pop3.pop3_address(timeout_seconds=0.5)))


def read_second(connection: Pop3Connection) -> bytes:
    uid = next(message.uid for message in connection._list_messages() if message.number == 2)
    return b"".join(connection.open_raw(BOX, uid, 100_000).chunks)


def second_uid(pop3: LyingServer) -> int:
    connection = open_connection(pop3)
    uid = connection.list_messages(INBOX, limit=1).rows[0].uid
    connection.close()
    return uid


def test_an_honest_server_gives_its_messages(pop3: LyingServer) -> None:
    connection = open_connection(pop3)
    assert [row.sender for row in connection.list_messages(INBOX, limit=5).rows] == ["a@example.test"] * 2
    assert read_second(connection) == MESSAGE
    assert not connection.broken
    connection.close()


@pytest.mark.parametrize(("command", "steps", "code"), LOGIN_ANSWERS)
def test_a_login_that_fails_says_why(
    pop3: LyingServer, browser: FlaskClient, command: str, steps: Sequence[Step], code: GatewayCode
) -> None:
    pop3.answers[command] = steps
    assert error_of(sign_in(browser))[1] == code
    assert PASSWORDS[ALICE] not in sign_in(browser).get_data(as_text=True)


@pytest.mark.parametrize(("command", "steps", "code"), READ_ANSWERS)
def test_a_message_that_does_not_come_whole_is_an_error(
    pop3: LyingServer, command: str, steps: Sequence[Step], code: GatewayCode
) -> None:
    uid = second_uid(pop3)
    pop3.answers[command] = steps
    connection = open_connection(pop3)
    with pytest.raises(GatewayError) as error:
        b"".join(connection.open_raw(BOX, uid, 100_000).chunks)
    assert error.value.code is code
    connection.close()


@pytest.mark.parametrize("failed", [1, 2, 3])
@pytest.mark.parametrize("steps", [[b"-ERR no\r\n"], [b"-ERR [SYS/TEMP] no\r\n"], [b"what?\r\n"], [Close()]])
def test_messages_are_deleted_all_or_none(pop3: LyingServer, failed: int, steps: Sequence[Step]) -> None:
    pop3.answers |= {"UIDL": [b"+OK\r\n1 a\r\n2 b\r\n3 c\r\n.\r\n"], f"DELE {failed}": steps}
    connection = open_connection(pop3)
    uids = [row.uid for row in connection.list_messages(INBOX, limit=5).rows]
    with pytest.raises(GatewayError):
        connection.delete_for_ever(BOX, uids)
    # The server deletes at the QUIT (RFC 1939 section 6).
    connection.close()
    assert len(pop3.commands("DELE")) == failed
    assert pop3.commands("QUIT") == []


@pytest.mark.parametrize(("command", "steps", "code"), READ_ANSWERS)
def test_no_answer_is_a_fault_of_our_own(
    pop3: LyingServer, browser: FlaskClient, command: str, steps: Sequence[Step], code: GatewayCode
) -> None:
    assert sign_in(browser).status_code == 200
    folder = get(browser, "/api/folders").get_json()["folders"][0]["id"]
    pop3.answers[command] = steps
    for path in ("/api/folders", f"/api/folders/{folder}/messages"):
        answer = get(browser, path)
        assert answer.status_code == 200 or error_of(answer)[1] in set(GatewayCode)
    assert get(browser, "/api/session").status_code == 200


@pytest.mark.parametrize(
    "steps", [[b"-ERR no\r\n"], [b"+OK\r\n\xff\xfe\r\n\r\n.\r\n"], [b"+OK\r\n.\r\n"], [Close()], [b"nonsense\r\n"]]
)
def test_a_header_that_cannot_be_read_hides_no_row(pop3: LyingServer, steps: Sequence[Step]) -> None:
    pop3.answers["TOP 2"] = steps
    connection = open_connection(pop3)
    rows = connection.list_messages(INBOX, limit=5).rows
    assert len(rows) == 2
    assert rows[0].sender == ""
    connection.close()


def test_two_messages_with_one_unique_id_have_two_uids(pop3: LyingServer) -> None:
    pop3.answers["UIDL"] = [b"+OK\r\n1 same\r\n2 same\r\n.\r\n"]
    connection = open_connection(pop3)
    first, second = [row.uid for row in connection.list_messages(INBOX, limit=5).rows]
    assert first != second
    connection.close()


def test_answers_are_read_in_one_round_trip_where_the_server_offers_it(pop3: LyingServer) -> None:
    pop3.answers["CAPA"] = [b"+OK\r\nSASL PLAIN\r\nPIPELINING\r\n.\r\n"]
    connection = open_connection(pop3)
    assert [row.sender for row in connection.list_messages(INBOX, limit=5).rows] == ["a@example.test"] * 2
    connection.close()


def test_a_password_goes_by_user_and_pass_where_sasl_is_missing(pop3: LyingServer) -> None:
    pop3.answers["CAPA"] = [b"-ERR what?\r\n"]
    Pop3Connection.open(login_at(pop3.pop3_address(), password="two words")).close()
    assert pop3.commands("PASS") == [b"PASS two words"]


def test_a_long_password_is_sent_on_a_line_of_its_own(pop3: LyingServer) -> None:
    pop3.answers["AUTH PLAIN"] = [b"+ \r\n", TakeLine(), b"+OK\r\n"]
    Pop3Connection.open(login_at(pop3.pop3_address(), password="x" * 900)).close()
    assert pop3.commands("AUTH PLAIN") == [b"AUTH PLAIN"]


def test_a_deletion_without_its_confirmation_is_an_error(pop3: LyingServer) -> None:
    uid = second_uid(pop3)
    pop3.answers["QUIT"] = [b"-ERR some deleted messages not removed\r\n"]
    connection = open_connection(pop3)
    with pytest.raises(GatewayError):
        connection.delete_for_ever(BOX, [uid])
    connection.close()


def test_one_call_at_a_time_enters_a_mailbox(pop3: LyingServer, new_pool: NewPool) -> None:
    pool, credentials = new_pool(wait_seconds=0.05), login_at(pop3.pop3_address())
    entered, release = threading.Event(), threading.Event()

    def hold(connection: MailConnection) -> bool:
        entered.set()
        return release.wait(30)

    thread = threading.Thread(target=pool.run, args=("session", credentials, hold))
    thread.start()
    try:
        assert entered.wait(30)
        for session in ("session", "another session"):
            with pytest.raises(GatewayError) as error:
                pool.run(session, credentials, lambda connection: connection.is_alive())
            assert error.value.code is GatewayCode.BUSY
        with pytest.raises(GatewayError) as error:
            pool.log_in(credentials)
        assert error.value.code is GatewayCode.BUSY
    finally:
        release.set()
        thread.join()
    assert pool.run("another session", credentials, lambda connection: connection.is_alive())
    assert pop3.most_at_once == 1
    pool.close()


class _Received:
    """A wire whose bytes have come in these pieces."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.pieces = [piece for piece in pieces if piece]
        self.broken = False
        self.deadline = CallDeadline(1)

    def read_some(self, max_bytes: int) -> bytes:
        if not self.pieces:
            raise GatewayError(GatewayCode.UNREACHABLE, "the end")
        return self.pieces.pop(0)

    def unread(self, data: bytes) -> None:
        self.pieces.insert(0, data)


@given(
    st.lists(st.sampled_from([b".", b"..", b"\r\n", b"\n", b"\r", b"x", b"\r\n.", b".x", b""]), max_size=30).map(
        b"".join
    ),
    st.lists(st.integers(min_value=1, max_value=5), min_size=1, max_size=40),
)
@settings(max_examples=500, deadline=None)
def test_a_message_is_the_same_however_its_bytes_arrive(text: bytes, lengths: list[int]) -> None:
    message = text + b"\r\n"
    stuffed = (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n+OK next\r\n"
    pieces = []
    for length in lengths:
        pieces.append(stuffed[:length])
        stuffed = stuffed[length:]
    received = _Received([*pieces, stuffed])
    pop3 = Pop3Wire(received)  # type: ignore[arg-type]
    assert b"".join(pop3.read_message(10_000)) == message
    assert b"".join(received.pieces) == b"+OK next\r\n"


@given(
    st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"+OK", b"-ERR", b" ", b"1", b"x", b"\xff", b"[AUTH]"])).map(
        b"".join
    )
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_message_or_an_error(text: bytes) -> None:
    with suppress(GatewayError):
        list(Pop3Wire(_Received([text])).read_message(100))  # type: ignore[arg-type]
