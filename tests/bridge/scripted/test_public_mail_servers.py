"""Twenty public reports about mail servers (docs/mail_servers.md), each rebuilt as a server with a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from tests.support.servers.bridge import (
    API,
    FROM_PAGES,
    bridge_before,
    error_of,
    folder_path,
    get,
    send,
    set_flags,
    sign_in,
)
from tests.support.servers.hostile_imap import row
from tests.support.servers.lying_server import POP3, Close, LyingServer, Made, Step
from tests.support.servers.mailboxes import BOB, login_at
from webbridge.gateway import ImapConnection, Mailbox
from webbridge.gateway.imap_search import Criteria
from webbridge.gateway.imap_syntax import write_folder_name

pytestmark = pytest.mark.server

MESSAGE = b"From: alice@example.test\r\nSubject: x\r\n\r\nHello\r\n"
INBOX = Mailbox("INBOX", 9)


@pytest.fixture
def connection(imap: LyingServer) -> Iterator[Callable[[], ImapConnection]]:
    """A function that opens a connection, after the test has written the answers."""
    opened: list[ImapConnection] = []

    def open_connection() -> ImapConnection:
        opened.append(ImapConnection.open(login_at(imap.address())))
        return opened[-1]

    yield open_connection
    for imap_connection in opened:
        imap_connection.close()


Connect = Callable[[], ImapConnection]


def folders(*names: str, marked: tuple[str, ...] = ()) -> list[Step]:
    """The answer to LIST: folders without marks, and after them others with their marks."""
    lines = [b'* LIST () "/" "' + write_folder_name(name) + b'"\r\n' for name in names]
    return [b"".join([*lines, *(line.encode() + b"\r\n" for line in marked)]) + b"TAG OK\r\n"]


def roles(browser: FlaskClient) -> dict[str, str]:
    listed = get(browser, "/api/folders").get_json()["folders"]
    return {folder["role"]: folder["name"] for folder in listed if folder["role"]}


def test_emailengine_295(alice: FlaskClient, imap: LyingServer) -> None:
    """Some folders are marked, and one without a mark has the usual name of the same use in another language."""
    imap.answers["LIST"] = folders("INBOX", "Papierkorb", "Sent", marked=('* LIST (\\Trash) "/" Deleted',))
    assert roles(alice) == {"inbox": "INBOX", "trash": "Deleted", "sent": "Sent"}


def test_hmailserver_534(alice: FlaskClient, imap: LyingServer) -> None:
    """No marks, and the names that Outlook gives in Dutch."""
    names = ("INBOX", "Verzonden items", "Verwijderde items", "Concepten", "Ongewenste e-mail", "Archief")
    imap.answers["LIST"] = folders(*names)
    folder_names = roles(alice)
    assert [folder_names[role] for role in ("inbox", "sent", "trash", "drafts", "junk", "archive")] == list(names)


def test_imap_mcp_server_85(alice: FlaskClient, imap: LyingServer) -> None:
    """No marks, and a French name of the trash, which is in modified UTF-7 on the wire: no second trash is made."""
    imap.answers["LIST"] = folders("INBOX", "\u00c9l\u00e9ments supprim\u00e9s")
    assert roles(alice)["trash"] == "\u00c9l\u00e9ments supprim\u00e9s"
    path = f"{folder_path(alice)}/9/delete"
    assert alice.post(path, base_url=API, headers=FROM_PAGES, json={"uids": [7]}).status_code == 200
    assert imap.commands("CREATE") == []


@pytest.mark.parametrize("number", [143, 19], ids=["filtermail", "smtppool"])
def test_a_421_at_a_kept_connection(alice: FlaskClient, smtp: LyingServer, number: int) -> None:
    """It has come before the next command (143), or is the answer to it after some messages (19)."""
    for _ in range(2):
        assert send(alice, MESSAGE, BOB).get_json()["outcome"] == "sent"
    busy = b"421 4.7.0 too many messages in this connection\r\n"
    smtp.answers["RSET" if number == 143 else "MAIL FROM"] = [Made(lambda: _once(smtp, busy)), Close()]
    assert send(alice, MESSAGE, BOB).get_json()["outcome"] == "sent"
    assert len(smtp.messages) == 3


def _once(smtp: LyingServer, answer: bytes) -> bytes:
    smtp.answers |= {"RSET": [b"250 ok\r\n"], "MAIL FROM": [b"250 ok\r\n"]}
    return answer


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("EHLO", b"421 4.3.2 service not available\r\n"),  # PHPMailer 2070
        ("MAIL FROM", b"421 4.7.0 Try again later, closing connection\r\n"),  # Dexie.js 2163
        ("RCPT TO", b"421 4.7.0 Try again later, closing connection\r\n"),
    ],
)
@pytest.mark.parametrize("more", [b"", b"250-PIPELINING\r\n"], ids=["one by one", "pipelining"])
def test_a_421_that_stays(alice: FlaskClient, smtp: LyingServer, command: str, answer: bytes, more: bytes) -> None:
    smtp.answers["EHLO"] = [b"250-here\r\n" + more + b"250 AUTH PLAIN\r\n"]
    smtp.answers[command] = [answer, Close()]
    refused = send(alice, MESSAGE, BOB, "carol@example.test")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    assert smtp.messages == []
    assert get(alice, "/api/folders").status_code == 200


@pytest.mark.parametrize("more", [b"", b"250-PIPELINING\r\n"], ids=["one by one", "pipelining"])
def test_a_server_that_ends_the_connection_after_it_has_refused_the_sender(
    alice: FlaskClient, smtp: LyingServer, more: bytes
) -> None:
    smtp.answers["EHLO"] = [b"250-here\r\n" + more + b"250 AUTH PLAIN\r\n"]
    smtp.answers["MAIL FROM"] = [b"550 5.7.1 you may not send\r\n", Close()]
    refused = send(alice, MESSAGE, BOB)
    assert error_of(refused) == (422, "message-refused")
    assert "you may not send" in refused.get_json()["message"]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b'* ESEARCH (TAG "TAG") ALL 5,7\r\n', [7, 5]),  # libredesk 282
        (b'* ESEARCH (TAG "TAG")\r\n', []),  # cyrus-imapd 1725
        (b"* SEARCH 5 7\r\n", [7, 5]),  # cyrus-imapd 1720
        (b"* SEARCH 5 7 (MODSEQ 9)\r\n", [7, 5]),  # mcp-email-server 236
        (b"* SEARCH\r\n", []),
        (b"* SEARCH 0 5 7\r\n", [7, 5]),  # OfflineIMAP 336
    ],
)
def test_search_answers_of_another_shape(
    imap: LyingServer, connection: Connect, answer: bytes, found: list[int]
) -> None:
    imap.answers["CAPABILITY"] = [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN ESEARCH\r\nTAG OK\r\n"]
    imap.answers["UID SEARCH"] = [answer + b"TAG OK\r\n"]
    page = connection().search("INBOX", Criteria(text="x"), limit=10)
    assert [row.uid for row in page.rows] == found


@pytest.mark.parametrize(
    ("answers", "listed"),
    [
        (row(1, 5).replace(b"UID 5 ", b"") + row(2, 7), [7]),  # nextcloud/mail 13507
        (row(2, 7) + row(1, 5), [7, 5]),  # greenmail 377
        (row(1, 0) + row(2, 7), [7]),  # OfflineIMAP 336
    ],
)
def test_fetch_answers_of_another_shape(
    imap: LyingServer, connection: Connect, answers: bytes, listed: list[int]
) -> None:
    for command in ("FETCH", "UID FETCH"):
        imap.answers[command] = [answers + b"TAG OK\r\n"]
    assert [row.uid for row in connection().list_messages("INBOX", limit=10).rows] == listed


def test_defects_52(alice: FlaskClient, imap: LyingServer) -> None:
    """UIDVALIDITY 0 is no value (RFC 3501 section 2.3.1.1): the folder is listed, and nothing in it is changed."""
    imap.answers["SELECT"] = [b"* 2 EXISTS\r\n* OK [UIDVALIDITY 0] valid\r\n* OK [UIDNEXT 8] next\r\nTAG OK\r\n"]
    listed = get(alice, f"{folder_path(alice)}/messages")
    assert [message["uid"] for message in listed.get_json()["messages"]] == [7, 5]


def test_mailkit_1139(alice: FlaskClient, imap: LyingServer) -> None:
    """An Exchange answers BAD to a STORE: an error with the server's words, and the session goes on."""
    imap.answers["UID STORE"] = [b"TAG BAD Command Argument Error. 11\r\n"]
    path = folder_path(alice)
    status, code = error_of(set_flags(alice, f"{path}/9", [7], add=["\\Flagged"]))
    assert (status, code) == (502, "mail-server-refused")
    assert get(alice, f"{path}/messages").status_code == 200


def test_nextcloud_mail_6038(imap: LyingServer, connection: Connect) -> None:
    """Exchange Online refuses commands of 40,000 characters: the longest for the most messages is far shorter."""
    connection().change_flags(INBOX, list(range(4_000_000_000, 4_000_002_000, 2)), add=["\\Seen"], remove=[])
    assert max(map(len, imap.commands("UID STORE"))) < 16_000


def test_mailkit_1235(imap: LyingServer, connection: Connect) -> None:
    """A FETCH in an empty folder is answered by BAD, so none is sent."""
    imap.answers["SELECT"] = [b"* 0 EXISTS\r\n* OK [UIDVALIDITY 9] valid\r\n* OK [UIDNEXT 8] next\r\nTAG OK\r\n"]
    for command in ("FETCH", "UID FETCH"):
        imap.answers[command] = [b"TAG BAD Invalid messageset\r\n"]
    page = connection().list_messages("INBOX", limit=10)
    assert (page.total, page.rows) == (0, [])


def test_perdition_4(imap: LyingServer) -> None:
    """A POP3 mailbox that is in use elsewhere is told as such, and ends no session."""
    imap.answers = {**POP3, "AUTH PLAIN": [b"-ERR [IN-USE] mailbox already in use\r\n"]}
    with bridge_before(imap.pop3_address(timeout_seconds=2.0)) as browser:
        refused = sign_in(browser)
        assert refused.status_code == 503
        imap.answers["AUTH PLAIN"] = [b"+OK signed in\r\n"]
        assert sign_in(browser).status_code == 200


def test_mail_api_50(imap: LyingServer) -> None:
    """UIDL is among the capabilities only after the login."""
    imap.answers = {
        **POP3,
        "CAPA": [b"+OK\r\nSASL PLAIN\r\n.\r\n"],
        "AUTH PLAIN": [Made(lambda: _offer_all(imap))],
    }
    with bridge_before(imap.pop3_address(timeout_seconds=2.0)) as browser:
        assert sign_in(browser).status_code == 200
        assert len(get(browser, f"{folder_path(browser)}/messages").get_json()["messages"]) == 2


def _offer_all(imap: LyingServer) -> bytes:
    imap.answers["CAPA"] = POP3["CAPA"]
    return b"+OK signed in\r\n"
