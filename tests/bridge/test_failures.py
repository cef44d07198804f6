"""The failures of mail servers are four, for people and for programs, and only a wrong password ends a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from tests.support.servers.bridge import bridge_before, error_of, get, send, sign_in
from tests.support.servers.lying_server import IMAP, Close, LyingServer, Made, TakeLine
from tests.support.servers.mailboxes import BOB, login_at
from webbridge.gateway import Failure, GatewayCode, GatewayError, ImapConnection, failure_of
from webbridge.gateway.failures import COMMAND_CODES, LOGIN_CODES

pytestmark = pytest.mark.server

PASSWORD, LATER, ADMINISTRATOR = Failure.WRONG_PASSWORD, Failure.TRY_LATER, Failure.MISCONFIGURED
# RFC 5530 section 3, each of its codes: the failure that it is at the login, and in a later command. None: the server
# refuses one operation.
RFC_5530: dict[str, tuple[Failure, Failure | None]] = {
    "UNAVAILABLE": (LATER, LATER),
    "AUTHENTICATIONFAILED": (PASSWORD, ADMINISTRATOR),
    "AUTHORIZATIONFAILED": (ADMINISTRATOR, ADMINISTRATOR),
    "EXPIRED": (PASSWORD, ADMINISTRATOR),
    "PRIVACYREQUIRED": (ADMINISTRATOR, ADMINISTRATOR),
    "CONTACTADMIN": (ADMINISTRATOR, ADMINISTRATOR),
    "NOPERM": (ADMINISTRATOR, None),
    "INUSE": (LATER, LATER),
    "EXPUNGEISSUED": (LATER, LATER),
    "CORRUPTION": (ADMINISTRATOR, ADMINISTRATOR),
    "SERVERBUG": (LATER, LATER),
    "CLIENTBUG": (ADMINISTRATOR, ADMINISTRATOR),
    "CANNOT": (ADMINISTRATOR, None),
    "LIMIT": (LATER, LATER),
    "OVERQUOTA": (ADMINISTRATOR, None),
    "ALREADYEXISTS": (ADMINISTRATOR, None),
    "NONEXISTENT": (ADMINISTRATOR, None),
}
LOGIN = IMAP["AUTHENTICATE PLAIN"][:2]


def code_of(call: Callable[[], object]) -> GatewayCode:
    with pytest.raises(GatewayError) as error:
        call()
    return error.value.code


@pytest.fixture
def browser(imap: LyingServer, smtp: LyingServer) -> Iterator[FlaskClient]:
    with bridge_before(replace(imap.address(timeout_seconds=2.0), smtp=smtp.address().smtp)) as browser:
        yield browser


def test_every_code_of_rfc_5530_has_its_meaning() -> None:
    assert set(RFC_5530) == set(LOGIN_CODES) - {"", "ALERT"} == set(COMMAND_CODES) - {""}


@pytest.mark.parametrize("code", RFC_5530)
def test_a_response_code_at_the_login_is_one_of_four_failures(imap: LyingServer, code: str) -> None:
    imap.answers["AUTHENTICATE PLAIN"] = [*LOGIN, b"TAG NO [%s] no\r\n" % code.encode()]
    assert failure_of(code_of(lambda: ImapConnection.open(login_at(imap.address())))) is RFC_5530[code][0]


@pytest.mark.parametrize("code", RFC_5530)
def test_a_response_code_of_a_command_is_a_failure_or_about_the_command(imap: LyingServer, code: str) -> None:
    imap.answers["LIST"] = [b"TAG NO [%s] no\r\n" % code.encode()]
    connection = ImapConnection.open(login_at(imap.address()))
    gateway_code = code_of(connection.list_folders)
    assert failure_of(gateway_code) is RFC_5530[code][1]
    refused = GatewayCode.MAILBOX_FULL if code == "OVERQUOTA" else GatewayCode.SERVER_REFUSED
    assert (gateway_code is refused) == (RFC_5530[code][1] is None)
    connection.close()


CIRCUMSTANCES = [
    (b"NO [OVERQUOTA] no", 507, "mailbox-full", None),
    (b"NO Quota exceeded (mailbox for user is full)", 507, "mailbox-full", None),
    (b"NO Over quota", 507, "mailbox-full", None),
    (b"NO [TOOBIG] Message too big", 413, "message-too-large", None),
    (b"NO APPEND Message too large", 413, "message-too-large", None),
    (b"BAD User is authenticated but not connected.", 503, "mail-server-busy", "60"),
    (b"NO User is authenticated but not connected.", 503, "mail-server-busy", "60"),
    (b"BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds", 503, "mail-server-busy", "300"),
    (b"NO Request is throttled. Suggested Backoff Time: 5 minutes", 503, "mail-server-busy", "300"),
    (b"NO Server busy, try again in 7 seconds", 503, "mail-server-busy", "7"),
    (b"NO Too many commands, wait 99999999 seconds", 503, "mail-server-busy", "3600"),
    (b"NO Mailbox does not exist", 404, "no-such-folder", None),
]


@pytest.mark.parametrize(("answer", "status", "code", "retry"), CIRCUMSTANCES)
def test_what_a_server_says_of_itself_is_no_missing_folder(
    browser: FlaskClient, imap: LyingServer, answer: bytes, status: int, code: str, retry: str | None
) -> None:
    assert sign_in(browser).status_code == 200
    (inbox, *_others) = get(browser, "/api/folders").get_json()["folders"]
    imap.answers["SELECT"] = [b"TAG " + answer + b"\r\n"]
    refused = get(browser, f"/api/folders/{inbox['id']}/messages")
    assert (*error_of(refused), refused.headers.get("Retry-After")) == (status, code, retry)
    assert get(browser, "/api/session").status_code == 200


def test_a_connection_that_is_of_no_use_is_given_up(browser: FlaskClient, imap: LyingServer) -> None:
    """Exchange says of one connection that it is authenticated but not connected; another one works."""
    assert sign_in(browser).status_code == 200
    (inbox, *_others) = get(browser, "/api/folders").get_json()["folders"]
    imap.answers["SELECT"] = [b"TAG BAD User is authenticated but not connected.\r\n"]
    assert get(browser, f"/api/folders/{inbox['id']}/messages").status_code == 503
    imap.answers |= IMAP
    logins = len(imap.commands("AUTHENTICATE"))
    assert get(browser, "/api/folders").status_code == 200
    assert len(imap.commands("AUTHENTICATE")) == logins + 1


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"TAG NO [AUTHENTICATIONFAILED] no\r\n", "wrong-password"),
        (b"TAG NO [UNAVAILABLE] no\r\n", "try-later"),
        (b"TAG NO [CONTACTADMIN] no\r\n", "misconfigured"),
        (b"TAG BAD no\r\n", "misconfigured"),
        (b"nonsense\r\n", "misconfigured"),
        (b"TA", "unreachable"),
    ],
)
def test_an_answer_of_the_api_names_the_failure(
    browser: FlaskClient, imap: LyingServer, answer: bytes, failure: str
) -> None:
    imap.answers["AUTHENTICATE PLAIN"] = [*LOGIN, answer, Close()]
    assert sign_in(browser).get_json()["failure"] == failure


def test_an_error_of_the_request_names_no_failure_of_the_server(browser: FlaskClient) -> None:
    assert sign_in(browser, "nobody").status_code == 400
    assert "failure" not in sign_in(browser, "nobody").get_json()


@pytest.mark.parametrize("reply", [b"535 5.7.8", b"534", b"538", b"504", b"530 5.7.0", b"454 4.7.0", b"421", b"432"])
def test_no_reply_of_the_server_for_outgoing_mail_ends_a_session(
    browser: FlaskClient, smtp: LyingServer, reply: bytes
) -> None:
    assert sign_in(browser).status_code == 200
    smtp.answers["AUTH PLAIN"] = [reply + b" no\r\n"]
    answer = send(browser, b"From: alice@example.test\r\n\r\nx\r\n", BOB)
    assert answer.get_json()["failure"] == ("misconfigured" if reply.startswith(b"5") else "try-later")
    assert get(browser, "/api/session").status_code == 200


def test_a_certificate_that_is_not_trusted_is_for_the_administrator(imap: LyingServer) -> None:
    server = replace(imap.address(), ca_file=None)
    assert code_of(lambda: ImapConnection.open(login_at(server))) is GatewayCode.MISCONFIGURED
    assert imap.received == []


def test_a_session_ends_when_its_mailbox_refuses_the_password(browser: FlaskClient, imap: LyingServer) -> None:
    assert sign_in(browser).status_code == 200
    imap.answers["LIST"] = [Close()]
    imap.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", TakeLine(), b"TAG NO [AUTHENTICATIONFAILED] no\r\n"]
    assert error_of(get(browser, "/api/folders")) == (401, "session-ended")


def test_a_server_that_wants_to_know_the_program_is_told_once(browser: FlaskClient, imap: LyingServer) -> None:
    """RFC 2971; Coremail (163.com) opens no folder before."""

    def select() -> bytes:
        (healthy,) = IMAP["SELECT"]
        assert isinstance(healthy, bytes)
        return healthy if imap.commands("ID") else b"TAG NO SELECT Unsafe Login. Please contact us for help\r\n"

    imap.answers |= {
        "CAPABILITY": [b"* CAPABILITY IMAP4rev1 ID AUTH=PLAIN\r\nTAG OK\r\n"],
        "GREETING": [b"* OK [CAPABILITY IMAP4rev1 ID AUTH=PLAIN] ready\r\n"],
        "ID": [b'* ID ("name" "x")\r\nTAG OK\r\n'],
        "SELECT": [Made(select)],
    }
    assert sign_in(browser).status_code == 200
    (inbox, *_others) = get(browser, "/api/folders").get_json()["folders"]
    assert get(browser, f"/api/folders/{inbox['id']}/messages").status_code == 200
    assert len(imap.commands("ID")) == 1
    imap.answers["SELECT"] = [b"TAG NO Mailbox does not exist\r\n"]
    imap.hang_up()
    assert error_of(get(browser, f"/api/folders/{inbox['id']}/messages")) == (404, "no-such-folder")
