"""Mailboxes by POP3: a real Dovecot, byte for byte, behind the same API; and that which POP3 lacks is said plainly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.servers import dovecot
from tests.support.servers.bridge import API, FROM_PAGES, bridge_before, error_of, get, sign_in
from tests.support.servers.mailboxes import PASSWORDS, SOMEWHERE, login_at
from tests.support.servers.ports import free_port
from webbridge.gateway import (
    GatewayCode,
    GatewayError,
    ImapConnection,
    MailServer,
    OutgoingMessage,
    Pop3Connection,
    ServerAddress,
)
from webbridge.gateway.door import Mailbox, Security
from webbridge.gateway.pop3 import INBOX, UID_VALIDITY

pytestmark = pytest.mark.server

MAX_BYTES = 50 * 1024 * 1024
BOX = Mailbox(INBOX, UID_VALIDITY)
HEADER = b"From: Bob <bob@example.test>\r\nTo: alice@example.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
MESSAGES = {
    "plain text": HEADER + b"\r\nHello\r\n",
    "lines that begin with dots": HEADER + b"\r\n.\r\n..\r\n...\r\n.hidden\r\nend\r\n.\r\n",
    "only dots": b"\r\n.\r\n.\r\n.\r\n",
    "8-bit bytes": HEADER + b"\r\n" + bytes(range(1, 10)) + b"\x80\xff \r\n",
    "a line of a million bytes": HEADER + b"\r\n" + b"x" * 1_000_000 + b"\r\n",
    "5 MB of dots": HEADER + b"\r\n" + (b"." * 70 + b"\r\n") * 70_000,
    "an end that is none": HEADER + b"\r\n+OK\r\n-ERR\r\n. \r\n",
    "a header alone": HEADER + b"\r\n",
}


@pytest.fixture(scope="module")
def servers(tls_folder: Path) -> Iterator[dict[Security, MailServer]]:
    """A Dovecot with POP3 and IMAP. Each way to start TLS has its value; IMAP is at the value's submission server."""
    if dovecot.BINARY is None or not Path("/usr/lib/dovecot/pop3").exists():
        pytest.skip("dovecot-pop3d is not installed")
    ports = {security: free_port() for security in Security}
    settings = dovecot.pop3_settings(ports)
    with dovecot.run_dovecot(PASSWORDS, tls_folder=tls_folder, more_settings=settings) as addresses:
        yield {
            security: MailServer(
                pop3=ServerAddress(host=dovecot.HOST, port=port, security=security),
                smtp=addresses[Security.IMPLICIT_TLS],
                ca_file=tls_folder / "tls_ca.pem",
            )
            for security, port in ports.items()
        }


@pytest.fixture(params=Security, ids=lambda security: security.value)
def server(request: pytest.FixtureRequest, servers: dict[Security, MailServer]) -> MailServer:
    """The server with an empty mailbox."""
    pop3_server = servers[request.param]
    connection = Pop3Connection.open(login_at(pop3_server))
    uids = [row.uid for row in connection.list_messages(INBOX, limit=1000).rows]
    if uids:
        connection.delete_for_ever(BOX, uids)
    connection.close()
    return pop3_server


def deliver(server: MailServer, *messages: bytes) -> None:
    """Put messages into Alice's mailbox, by IMAP."""
    connection = ImapConnection.open(login_at(replace(server, pop3=None, imap=server.smtp)))
    for message in messages:
        with OutgoingMessage.of(message) as outgoing:
            connection.append("INBOX", outgoing, [])
    connection.close()


def read(server: MailServer, uid: int, *, max_bytes: int = MAX_BYTES) -> bytes:
    connection = Pop3Connection.open(login_at(server))
    try:
        return b"".join(connection.open_raw(BOX, uid, max_bytes).chunks)
    finally:
        connection.close()


def uids_in(server: MailServer, *, before_uid: int | None = None, limit: int = 100) -> list[int]:
    connection = Pop3Connection.open(login_at(server))
    try:
        return [row.uid for row in connection.list_messages(INBOX, before_uid=before_uid, limit=limit).rows]
    finally:
        connection.close()


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_comes_byte_for_byte(server: MailServer, name: str) -> None:
    deliver(server, MESSAGES[name])
    assert read(server, uids_in(server)[0]) == MESSAGES[name]


def test_a_row_shows_the_header(server: MailServer) -> None:
    deliver(server, MESSAGES["plain text"])
    connection = Pop3Connection.open(login_at(server))
    (row,) = connection.list_messages(INBOX, limit=5).rows
    connection.close()
    assert (row.sender, row.subject, row.problem) == ("Bob <bob@example.test>", "Grüße", None)
    assert row.recipients == ("alice@example.test",)
    assert row.size_bytes == len(MESSAGES["plain text"])


def test_a_list_goes_back_page_by_page_newest_first(server: MailServer) -> None:
    deliver(server, *(HEADER + b"\r\n%d\r\n" % number for number in range(5)))
    pages = [uids_in(server, limit=2)]
    pages.append(uids_in(server, limit=2, before_uid=pages[-1][-1]))
    pages.append(uids_in(server, limit=2, before_uid=pages[-1][-1]))
    bodies = [read(server, uid).splitlines()[-1] for page in pages for uid in page]
    assert bodies == [b"4", b"3", b"2", b"1", b"0"]


def test_uids_stay_when_other_messages_go(server: MailServer) -> None:
    deliver(server, *(HEADER + b"\r\n%d\r\n" % number for number in range(3)))
    newest, middle, oldest = uids_in(server)
    connection = Pop3Connection.open(login_at(server))
    connection.delete_for_ever(BOX, [middle, 12345])
    connection.close()
    assert uids_in(server) == [newest, oldest]
    with pytest.raises(GatewayError) as error:
        read(server, middle)
    assert error.value.code is GatewayCode.NO_SUCH_MESSAGE
    with pytest.raises(GatewayError) as error:
        uids_in(server, before_uid=middle)
    assert error.value.code is GatewayCode.FOLDER_CHANGED


def test_a_message_above_the_limit_is_refused(server: MailServer) -> None:
    deliver(server, MESSAGES["plain text"])
    with pytest.raises(GatewayError) as error:
        read(server, uids_in(server)[0], max_bytes=len(MESSAGES["plain text"]) - 1)
    assert error.value.code is GatewayCode.MESSAGE_TOO_LARGE


def test_a_wrong_password_is_told_from_a_mailbox_in_use(server: MailServer) -> None:
    with pytest.raises(GatewayError) as error:
        Pop3Connection.open(login_at(server, password="wrong"))
    assert error.value.code is GatewayCode.LOGIN_REFUSED
    assert "wrong" not in str(error.value)


def test_a_certificate_for_another_host_stops_before_the_password(server: MailServer, tls_folder: Path) -> None:
    with pytest.raises(GatewayError) as error:
        Pop3Connection.open(login_at(replace(server, ca_file=None)))
    assert error.value.code is GatewayCode.MISCONFIGURED


@pytest.fixture
def alice(server: MailServer) -> Iterator[FlaskClient]:
    with bridge_before(server) as browser:
        assert sign_in(browser).status_code == 200
        yield browser


def test_the_api_lists_reads_and_says_what_pop3_lacks(alice: FlaskClient, server: MailServer) -> None:
    deliver(server, MESSAGES["lines that begin with dots"])
    (folder,) = get(alice, "/api/folders").get_json()["folders"]
    assert (folder["role"], folder["total"], folder["rights"]) == ("inbox", 1, ["delete"])
    listed = get(alice, f"/api/folders/{folder['id']}/messages").get_json()
    place = f"/api/folders/{folder['id']}/{listed['uidValidity']}"
    uid = listed["messages"][0]["uid"]
    assert get(alice, f"{place}/{uid}/raw").data == MESSAGES["lines that begin with dots"]
    flags = alice.put(f"{place}/flags", base_url=API, headers=FROM_PAGES, json={"uids": [uid], "add": ["\\Seen"]})
    assert error_of(flags) == (422, "not-offered")
    assert "POP3" in flags.get_json()["message"]


def test_every_call_leaves_the_mailbox_free(alice: FlaskClient, server: MailServer) -> None:
    for _ in range(3):
        assert get(alice, "/api/folders").status_code == 200
        Pop3Connection.open(login_at(server)).close()


def test_a_mail_server_has_one_protocol_for_the_mailbox() -> None:
    for changes in ({"imap": None}, {"pop3": SOMEWHERE.imap}):
        with pytest.raises(ValueError, match="either imap or pop3"):
            replace(SOMEWHERE, **changes)
