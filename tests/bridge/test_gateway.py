"""The gateway with real mail servers: it passes messages on unchanged, and no argument can inject a command."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS, SOMEWHERE, login_at
from tests.support.servers.pools import NewPool
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.demo.tls import write_tls_files
from webbridge.gateway import (
    ConnectionPool,
    Folder,
    GatewayCode,
    GatewayError,
    ImapConnection,
    Mailbox,
    MailConnection,
    MailServer,
    OutgoingMessage,
    Protection,
    Security,
    ServerAddress,
    submit_message,
)
from webbridge.gateway.door import check_address, check_credentials, check_folder_name, check_recipients
from webbridge.gateway.imap import SEEN, Criteria
from webbridge.gateway.imap_syntax import Literal, write_folder_name
from webbridge.gateway.imap_wire import Command
from webbridge.gateway.summary import MessageSummary, protection_of, summary_from_fetch

pytestmark = pytest.mark.server

MAX_BYTES = 50 * 1024 * 1024
HEADER = b"From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: A test\r\n"
PLAIN = HEADER + b"\r\nHello\r\n"
MESSAGES = {
    "8-bit text": HEADER + b"Content-Type: text/plain; charset=utf-8\r\n\r\ngr\xc3\xbc\xc3\x9fe \xff\xfe\r\n",
    "5 MB": HEADER + b"\r\n" + (b"0123456789abcdef" * 4 + b"\r\n") * (5 * 2**20 // 66),
    "lines that begin with dots": HEADER + b"\r\n.\r\n..\r\n.hidden\r\nend\r\n",
    "blanks at the ends of lines": HEADER + b"\r\nsignature -- \r\n\t \r\n",
    "empty lines at the end": HEADER + b"\r\nHello\r\n\r\n\r\n\r\n",
    "no line end at the end": HEADER + b"\r\n--boundary--",
    "headers alone": HEADER + b"\r\n",
    "a line of 900 characters": HEADER + b"\r\n" + b"x" * 900 + b"\r\n",
    "what looks like a literal and an answer": HEADER + b"\r\n{5}\r\nRAW1 OK done\r\n)\r\n* BYE\r\n",
}


def newest_uid(connection: ImapConnection, folder: str = "INBOX") -> int:
    return connection.list_messages(folder, limit=1).rows[0].uid


def mailbox_of(connection: ImapConnection, folder: str = "INBOX") -> Mailbox:
    return Mailbox(folder, connection.list_messages(folder, limit=1).uid_validity)


def read_raw(connection: ImapConnection, folder: str = "INBOX", uid: int | None = None) -> bytes:
    mailbox = mailbox_of(connection, folder)
    raw = connection.open_raw(mailbox, uid or newest_uid(connection, folder), max_bytes=MAX_BYTES)
    return b"".join(raw.chunks)


def run_on_folder(connection: ImapConnection, command: bytes, folder: str) -> None:
    connection._imap.run(command, Literal(write_folder_name(folder)))


def code_of(error: pytest.ExceptionInfo[GatewayError]) -> GatewayCode:
    return error.value.code


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
def test_a_stored_message_comes_back_byte_for_byte(connection: ImapConnection, message: bytes) -> None:
    with OutgoingMessage.of(message) as outgoing:
        connection.append("INBOX", outgoing, [])
    assert read_raw(connection) == message


@pytest.mark.parametrize("name", [name for name in MESSAGES if name != "no line end at the end"])
def test_a_sent_message_arrives_byte_for_byte(memory_server: MemoryMailServer, name: str) -> None:
    with OutgoingMessage.of(MESSAGES[name]) as outgoing:
        submit_message(login_at(memory_server.address), outgoing, recipients=[BOB])
    assert [stored.raw for stored in memory_server.messages(BOB)] == [MESSAGES[name]]


def test_a_message_without_a_last_line_end_gets_one_from_smtp(memory_server: MemoryMailServer) -> None:
    message = MESSAGES["no line end at the end"]
    submit_message(login_at(memory_server.address), OutgoingMessage.of(message), recipients=[BOB])
    assert [stored.raw for stored in memory_server.messages(BOB)] == [message + b"\r\n"]


def test_reading_raw_bytes_does_not_mark_a_message_as_seen(connection: ImapConnection) -> None:
    connection.append("INBOX", OutgoingMessage.of(PLAIN), [])
    uid = newest_uid(connection)
    read_raw(connection, uid=uid)
    assert not connection.list_messages("INBOX", limit=1).rows[0].seen
    connection.change_flags(mailbox_of(connection), [uid], add=[SEEN])
    assert connection.list_messages("INBOX", limit=1).rows[0].seen


def test_a_list_shows_what_its_rows_need(connection: ImapConnection) -> None:
    header = (
        b"From: =?utf-8?q?J=C3=BCrgen?= <juergen@example.test>\r\nTo: a@example.test, Bo <b@example.test>\r\n"
        b"Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nDate: Fri, 20 Nov 2026 08:00:00 +0000\r\n"
        b"Content-Type: application/pkcs7-mime;\r\n smime-type=enveloped-data\r\n\r\n"
    )
    connection.append("INBOX", OutgoingMessage.of(header + b"AAAA\r\n"), [])
    row = connection.list_messages("INBOX", limit=1).rows[0]
    assert row.sender == "Jürgen <juergen@example.test>"
    assert row.recipients == ("a@example.test", "Bo <b@example.test>")
    assert row.subject == "Grüße"
    assert row.date is not None
    assert row.protection is Protection.ENCRYPTED
    assert not row.seen


def test_a_list_goes_back_page_by_page_newest_first(connection: ImapConnection) -> None:
    connection.append("INBOX", OutgoingMessage.of(PLAIN), [])
    first = newest_uid(connection)
    for _ in range(4):
        connection.append("INBOX", OutgoingMessage.of(PLAIN), [])
    newest = [row.uid for row in connection.list_messages("INBOX", limit=2).rows]
    older = [row.uid for row in connection.list_messages("INBOX", before_uid=newest[-1], limit=2).rows]
    assert newest + older == sorted({*newest, *older}, reverse=True)
    assert min(newest) > max(older) > first
    assert connection.list_messages("INBOX", before_uid=1, limit=2).rows == []


def test_one_message_with_broken_headers_does_not_hide_the_list(connection: ImapConnection) -> None:
    connection.append("INBOX", OutgoingMessage.of(PLAIN), [])
    broken = b"From: \xff\xfe <@>\r\nSubject: =?no-such-charset?b?!!!?= \xe4\r\nContent-Type: ;\r\nDate: never\r\n\r\n"
    connection.append("INBOX", OutgoingMessage.of(broken), [])
    rows = connection.list_messages("INBOX", limit=2).rows
    assert len(rows) == 2
    assert rows[1].subject == "A test"


def test_folders_show_their_role_and_counts(connection: ImapConnection) -> None:
    connection.append("INBOX", OutgoingMessage.of(PLAIN), [])
    folders = connection.list_folders()
    assert folders[0].role == "inbox"
    assert folders[0].total >= folders[0].unseen >= 1
    assert [folder.name for folder in folders if folder.role == "sent"] == [connection.sent_folder()]


def test_sent_is_found_by_its_special_use(dovecot_addresses: dict[Security, ServerAddress], tls_folder: Path) -> None:
    imap = dovecot_addresses[Security.IMPLICIT_TLS]
    connection = ImapConnection.open(login_at(MailServer(imap=imap, smtp=imap, ca_file=tls_folder / "tls_ca.pem")))
    assert connection.sent_folder() == "Gesendet"
    connection.close()


def test_sent_is_created_where_there_is_none(memory_server: MemoryMailServer) -> None:
    connection = ImapConnection.open(login_at(memory_server.address))
    run_on_folder(connection, b"DELETE", "Sent")
    assert connection.sent_folder() == "Sent"
    connection.append("Sent", OutgoingMessage.of(PLAIN), [SEEN])
    connection.close()
    assert [stored.flags for stored in memory_server.messages(ALICE, "Sent")] == [frozenset({"\\Seen"})]


def test_folder_names_of_every_alphabet_pass(connection: ImapConnection) -> None:
    for name in ('Entwürfe & "mehr"', "日本語", "back\\slash"):
        run_on_folder(connection, b"CREATE", name)
        connection.append(name, OutgoingMessage.of(PLAIN), [])
        assert read_raw(connection, name) == PLAIN
        assert name in [folder.name for folder in connection.list_folders()]
        connection.list_messages("INBOX", limit=1)  # deselects the folder before its deletion
        run_on_folder(connection, b"DELETE", name)


def test_an_unknown_folder_and_an_unknown_message_are_told_apart(connection: ImapConnection) -> None:
    with pytest.raises(GatewayError) as folder_error:
        connection.list_messages("nowhere", limit=1)
    assert code_of(folder_error) is GatewayCode.NO_SUCH_FOLDER
    with pytest.raises(GatewayError) as message_error:
        connection.open_raw(mailbox_of(connection), 4_000_000, max_bytes=MAX_BYTES)
    assert code_of(message_error) is GatewayCode.NO_SUCH_MESSAGE
    assert connection.is_alive()


def test_a_message_above_the_limit_is_refused_before_it_is_read(connection: ImapConnection) -> None:
    connection.append("INBOX", OutgoingMessage.of(PLAIN), [])
    with pytest.raises(GatewayError) as error:
        connection.open_raw(mailbox_of(connection), newest_uid(connection), max_bytes=len(PLAIN) - 1)
    assert code_of(error) is GatewayCode.MESSAGE_TOO_LARGE
    assert connection.broken


@pytest.mark.parametrize("breaker", ["\r\n", "\n", "\r", "\0"])
def test_no_argument_carries_a_second_command(connection: ImapConnection, breaker: str) -> None:
    injected = f'INBOX"{breaker}A1 DELETE INBOX'
    calls: list[Callable[[], object]] = [
        lambda: connection.list_messages(injected, limit=1),
        lambda: connection.open_raw(Mailbox(injected, 1), 1, max_bytes=1),
        lambda: connection.append(injected, OutgoingMessage.of(PLAIN), []),
        lambda: connection.change_flags(Mailbox(injected, 1), [1], add=[SEEN]),
        lambda: check_credentials(login_at(SOMEWHERE).account, f"x{breaker}y"),
        lambda: check_address(f"a@example.test{breaker}RCPT TO:<b@example.test>"),
    ]
    for call in calls:
        with pytest.raises(GatewayError) as error:
            call()
        assert code_of(error) is GatewayCode.BAD_ARGUMENT
    assert connection.is_alive()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "alice@",
        "@example.test",
        "alice@@example.test",
        "alice@example.test>",
        "<alice@example.test>",
        "alice@example.test SIZE=1",
        '"a b"@example.test',
        "a..b@example.test",
        "alice@-example.test",
        "alice@[127.0.0.1]",
        "älice@example.test",
        "a" * 65 + "@example.test",
        "alice@" + "a." * 130 + "test",
    ],
)
def test_only_strict_addresses_pass(text: str) -> None:
    with pytest.raises(GatewayError) as error:
        check_address(text)
    assert code_of(error) is GatewayCode.BAD_ARGUMENT


@pytest.mark.parametrize("uid", [0, -1, 2**32])
def test_only_numbers_that_are_uids_pass(connection: ImapConnection, uid: int) -> None:
    with pytest.raises(GatewayError) as error:
        connection.open_raw(mailbox_of(connection), uid, max_bytes=1)
    assert code_of(error) is GatewayCode.BAD_ARGUMENT


@pytest.mark.parametrize("body", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\r\nb\r\n", b"a\n.\r\nb\r\n", b"a\0b\r\n", b"a\r"])
def test_bare_line_ends_and_nul_do_not_leave(memory_server: MemoryMailServer, body: bytes) -> None:
    with pytest.raises(GatewayError) as error:
        submit_message(login_at(memory_server.address), OutgoingMessage.of(HEADER + b"\r\n" + body), recipients=[BOB])
    assert code_of(error) is GatewayCode.BAD_ARGUMENT
    assert memory_server.messages(BOB) == []


def test_a_message_above_the_limit_is_not_sent() -> None:
    with pytest.raises(GatewayError) as error:
        OutgoingMessage.of(PLAIN, max_bytes=len(PLAIN) - 1)
    assert code_of(error) is GatewayCode.MESSAGE_TOO_LARGE


def test_recipients_are_counted_and_not_repeated() -> None:
    assert check_recipients([BOB, ALICE, BOB]) == [BOB, ALICE]
    for recipients in ([], [f"a{number}@example.test" for number in range(501)]):
        with pytest.raises(GatewayError):
            check_recipients(recipients)


def test_folder_names_have_a_limit_and_are_whole_characters() -> None:
    for name in ("", "x" * 501, "half \ud800"):
        with pytest.raises(GatewayError):
            check_folder_name(name)


def test_a_wrong_password_is_refused(mail_server: MailServer) -> None:
    with pytest.raises(GatewayError) as error:
        ImapConnection.open(login_at(mail_server, password="wrong"))
    assert code_of(error) is GatewayCode.LOGIN_REFUSED
    assert "wrong" not in str(error.value)


def test_a_wrong_password_is_refused_at_submission(memory_server: MemoryMailServer) -> None:
    wrong = login_at(memory_server.address, password="wrong")
    with pytest.raises(GatewayError) as error:
        submit_message(wrong, OutgoingMessage.of(PLAIN), recipients=[BOB])
    assert code_of(error) is GatewayCode.MISCONFIGURED


def test_one_refused_recipient_stops_the_message_for_all(memory_server: MemoryMailServer) -> None:
    with pytest.raises(GatewayError) as error:
        submit_message(
            login_at(memory_server.address), OutgoingMessage.of(PLAIN), recipients=[BOB, "nobody@example.test"]
        )
    assert code_of(error) is GatewayCode.MESSAGE_REFUSED
    assert "nobody@example.test" in error.value.message
    assert "550" in error.value.message
    assert memory_server.messages(BOB) == []


def test_nobody_sends_as_somebody_else(memory_server: MemoryMailServer) -> None:
    with pytest.raises(GatewayError) as error:
        submit_message(
            login_at(memory_server.address, BOB, PASSWORDS[ALICE]),
            OutgoingMessage.of(PLAIN),
            recipients=[BOB],
        )
    assert code_of(error) is GatewayCode.MISCONFIGURED


def test_an_absent_server_is_unreachable(memory_server: MemoryMailServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    nowhere = ServerAddress(host="127.0.0.1", port=port)
    server = replace(memory_server.address, imap=nowhere, smtp=nowhere)
    with pytest.raises(GatewayError) as imap_error:
        ImapConnection.open(login_at(server))
    assert code_of(imap_error) is GatewayCode.UNREACHABLE
    with pytest.raises(GatewayError) as smtp_error:
        submit_message(login_at(server), OutgoingMessage.of(PLAIN), recipients=[BOB])
    assert code_of(smtp_error) is GatewayCode.UNREACHABLE


def test_a_server_that_never_answers_is_given_up(memory_server: MemoryMailServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = ServerAddress(host="127.0.0.1", port=silent.getsockname()[1])
        server = replace(memory_server.address, imap=address, smtp=address, timeout_seconds=0.2)
        with pytest.raises(GatewayError) as error:
            ImapConnection.open(login_at(server))
    assert code_of(error) is GatewayCode.UNREACHABLE


def test_a_certificate_of_another_authority_stops_before_the_password(mail_server: MailServer, tmp_path: Path) -> None:
    other_ca = write_tls_files(tmp_path, at=datetime.now(UTC))
    server = replace(mail_server, ca_file=other_ca)
    with pytest.raises(GatewayError) as imap_error:
        ImapConnection.open(login_at(server))
    assert code_of(imap_error) is GatewayCode.MISCONFIGURED
    assert "certificate is not trusted" in imap_error.value.message
    with pytest.raises(GatewayError) as smtp_error:
        submit_message(login_at(server), OutgoingMessage.of(PLAIN), recipients=[BOB])
    assert code_of(smtp_error) is GatewayCode.MISCONFIGURED


def test_a_lost_connection_is_replaced_once(mail_server: MailServer, new_pool: NewPool) -> None:
    pool = new_pool()
    added_connection = ImapConnection.open(login_at(mail_server))
    pool.add("session", added_connection)
    added_connection._imap.wire._socket.shutdown(socket.SHUT_RDWR)
    folders: list[Folder] = pool.run("session", login_at(mail_server), lambda connection: connection.list_folders())
    assert folders[0].role == "inbox"
    assert added_connection.broken
    pool.close()


def test_a_kept_connection_is_used_again(mail_server: MailServer, new_pool: NewPool) -> None:
    pool = new_pool()
    added_connection = ImapConnection.open(login_at(mail_server))
    pool.add("session", added_connection)
    assert pool.run("session", login_at(mail_server), lambda connection: connection is added_connection)
    assert pool.run_once("session", login_at(mail_server), lambda connection: connection is added_connection)
    assert not pool.run("another session", login_at(mail_server), lambda connection: connection is added_connection)
    pool.close()


def test_an_idle_connection_is_closed_after_a_while(memory_server: MemoryMailServer, new_pool: NewPool) -> None:
    seconds = [0.0]
    pool = new_pool(monotonic=lambda: seconds[0])
    added_connection = ImapConnection.open(login_at(memory_server.address))
    pool.add("session", added_connection)
    seconds[0] = 121.0
    assert not pool.run("session", login_at(memory_server.address), lambda connection: connection is added_connection)
    assert not added_connection.is_alive()
    pool.close()


def test_closing_the_pool_breaks_connections_in_use(memory_server: MemoryMailServer, new_pool: NewPool) -> None:
    pool = new_pool()

    def outlive(connection: MailConnection) -> bool:
        pool.close()
        return connection.is_alive()

    assert not pool.run("session", login_at(memory_server.address), outlive)
    with pytest.raises(GatewayError):
        pool.run("session", login_at(memory_server.address), lambda connection: connection.list_folders())


@pytest.mark.parametrize("end", [lambda pool: pool.close_session("session"), ConnectionPool.close])
def test_a_connection_that_returns_after_its_session_is_closed(
    memory_server: MemoryMailServer, end: Callable[[ConnectionPool], None], new_pool: NewPool
) -> None:
    pool = new_pool()

    def outlive(connection: MailConnection) -> MailConnection:
        end(pool)
        return connection

    lent = pool.run("session", login_at(memory_server.address), outlive)
    assert not lent.is_alive()
    pool.close()


def test_a_message_left_half_read_does_not_poison_the_next_request(mail_server: MailServer, new_pool: NewPool) -> None:
    pool = new_pool()
    first = ImapConnection.open(login_at(mail_server))
    with OutgoingMessage.of(MESSAGES["5 MB"]) as outgoing:
        first.append("INBOX", outgoing, [])
    mailbox, uid = mailbox_of(first), newest_uid(first)
    pool.add("session", first)
    lent = pool.open_raw("session", login_at(mail_server), mailbox, uid, max_bytes=MAX_BYTES)
    next(iter(lent))
    lent.close()
    whole = pool.open_raw("session", login_at(mail_server), mailbox, uid, max_bytes=MAX_BYTES)
    assert b"".join(whole) == MESSAGES["5 MB"]
    whole.close()
    pool.close()


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ('multipart/signed; protocol="application/pkcs7-signature"; boundary=x', Protection.SIGNED),
        ('multipart/signed; protocol="application/x-pkcs7-signature"', Protection.SIGNED),
        ('multipart/signed; protocol="application/pgp-signature"', None),
        ("application/pkcs7-mime; smime-type=signed-data", Protection.SIGNED),
        ("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", Protection.ENCRYPTED),
        ("application/pkcs7-mime; smime-type=authEnveloped-data", Protection.ENCRYPTED),
        ("application/x-pkcs7-mime", Protection.ENCRYPTED),
        ("application/pkcs7-mime; smime-type=certs-only", None),
        ("APPLICATION/OCTET-STREAM; NAME=SMIME.P7M", Protection.ENCRYPTED),
        ("application/octet-stream; name=report.pdf", None),
        ("text/plain", None),
    ],
)
def test_protection_is_what_the_content_type_claims(content_type: str, expected: Protection | None) -> None:
    assert protection_of(content_type) is expected


def test_header_text_never_breaks_a_line() -> None:
    for encoded in (b"=?utf-8?q?one=0D=0Atwo?=", b"one\x00two", b"one\r\n two", b"=?no-such-charset?q?one=00?= two"):
        row = summary_from_fetch(1, {b"BODY[HEADER.FIELDS (SUBJECT)]<0>": b"Subject: " + encoded + b"\r\n\r\n"})
        assert row.subject.split() == ["one", "two"]
        assert row.subject.isprintable()


def test_a_search_in_the_selected_folder_knows_the_changes_of_others(
    connect: Callable[[], ImapConnection], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, other = connect(), connect()
    criteria = Criteria(subject="Seen by both")
    before = ours.search("INBOX", criteria, limit=50)
    selects: list[object] = []
    monkeypatch.setattr(ours._selection, "_openings", lambda folder: selects.append(folder))
    other.append("INBOX", OutgoingMessage.of(HEADER.replace(b"A test", b"Seen by both") + b"\r\nHello\r\n"), [])
    uid = newest_uid(other)
    assert [row.uid for row in ours.search("INBOX", criteria, limit=50).rows][:1] == [uid]
    other._changes.remove(mailbox_of(other), [uid])
    after = ours.search("INBOX", criteria, limit=50, uid_validity=before.uid_validity)
    assert [row.uid for row in after.rows] == [row.uid for row in before.rows]
    assert not selects


def test_a_list_of_an_unchanged_folder_needs_no_select_and_misses_no_change_of_others(
    connect: Callable[[], ImapConnection], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, other = connect(), connect()
    for _ in range(3):
        other.append("INBOX", OutgoingMessage.of(PLAIN), [])

    def listed(connection: ImapConnection) -> list[MessageSummary]:
        return connection.list_messages("INBOX", limit=50).rows

    rows = listed(ours)
    selects: list[str] = []
    openings = ours._selection._openings

    def counted(verb: bytes, folder: str) -> list[Command]:
        selects.append(folder)
        return openings(verb, folder)

    monkeypatch.setattr(ours._selection, "_openings", counted)
    assert listed(ours) == rows
    assert selects == []
    other.change_flags(mailbox_of(other), [rows[1].uid], add=[SEEN])
    assert [row.seen for row in listed(ours)[:3]] == [False, True, False]
    other._changes.remove(mailbox_of(other), [rows[2].uid])
    assert [row.uid for row in listed(ours)[:2]] == [rows[0].uid, rows[1].uid]
    assert rows[2].uid not in [row.uid for row in listed(ours)]
    other.append("INBOX", OutgoingMessage.of(PLAIN), [])
    assert listed(ours) == listed(connect())
    assert len(selects) <= 4
    ours._changes.remove(mailbox_of(ours), [rows[0].uid])
    assert listed(ours) == listed(connect())
