"""Only a refusal that names the password ends a session, or a second one later: never one connection too many."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.servers.bridge import bridge_before, error_of, get, send, sign_in
from tests.support.servers.lying_server import IMAP, POP3, Close, LyingServer, TakeLine
from tests.support.servers.mailboxes import BOB
from webbridge.gateway import GatewayCode, LoginRefused
from webbridge.gateway.doubts import LATER_SECONDS, Doubts

pytestmark = pytest.mark.server

# Answers of servers, as public reports and their sources show them: the beginning, what happened, and more words.
NAMING = [
    "[AUTHENTICATIONFAILED] {}", "[EXPIRED] {}", "Authentication failed{}", "Login failed: {}", "LOGIN failed.{}",
    "invalid credentials{}", "[ALERT] Invalid credentials (Failure){}", "Incorrect username or password.{}",
    "Logon failure: unknown user name or bad password.{}", "Password expired{}", "wrong password {}",
]  # fmt: skip
OTHER = [
    "[ALERT] Too many simultaneous connections. (Failure) {}", "Maximum number of connections from user exceeded {}",
    "[UNAVAILABLE] {}", "[LIMIT] {}", "[INUSE] {}", "[CONTACTADMIN] {}", "[AUTHORIZATIONFAILED] {}", "{}",
    "Request is throttled. Suggested Backoff Time: {}9961 milliseconds", "[SERVERBUG] {}", "[X-{}] whatever",
    "Authentication temporarily unavailable {}", "mailbox is locked by POP server {}", "Server busy, try again {}",
    "Account is temporarily locked {}", "Service shutting down {}", "User is authenticated but not connected. {}",
]  # fmt: skip
MORE = ["", " 7", " [a1]", " abc", " qid=19", " 失敗", " (x.y)", " !"]
# Words that mean the same under any code, since RFC 5530 gives AUTHENTICATIONFAILED for what a server does not explain.
CODES = ["", "[ALERT] ", "[AUTHENTICATIONFAILED] ", "[EXPIRED] "]
LATER = [
    "Maximum number of connections from your IP exceeded", "Too many simultaneous connections", "Too many connections",
    "Connection limit reached", "Temporary authentication failure", "Authentication failed: temporary problem",
    "Authentication service unavailable", "Mailbox is locked by POP server", "Account is locked", "Server busy",
    "Too many wrong passwords", "LDAP timeout", "Request is throttled", "IP address blocked", "mailbox already in use",
]  # fmt: skip
WRONG = [
    "Invalid user name or password", "Login failed. Wrong password.", "Incorrect password", "invalid credentials",
    "Invalid login or password", "unknown user name or bad password", "Username or password is incorrect.",
    "incorrect username/password", "Bad e-mail address or password",
]  # fmt: skip
ENDS = ["", ", please try again", " Closing connection", " (attempts exceeded: 1 of 5)", " Connection closed."]


def generated(count: int) -> list[tuple[bool, str]]:
    """Refusals that name the password, and refusals that do not."""
    by = random.Random(42)  # noqa: S311 (not a secret)
    made = []
    for _ in range(count):
        is_naming = by.random() < 0.2
        text = by.choice(NAMING if is_naming else OTHER).format(by.choice(MORE))
        if by.random() < 0.5:
            text = by.choice(CODES) + (by.choice(WRONG) if is_naming else by.choice(LATER)) + by.choice(ENDS)
        made.append((is_naming, text if by.random() < 0.7 else text.upper() if by.random() < 0.5 else text.lower()))
    return made


@pytest.fixture
def pop3(tls_folder: Path) -> Iterator[LyingServer]:
    with LyingServer(POP3, tls_folder=tls_folder) as server:
        yield server


@pytest.fixture
def browser(imap: LyingServer) -> Iterator[FlaskClient]:
    with bridge_before(imap.address()) as browser:
        yield browser


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.thorough)])
def test_only_a_refusal_that_names_the_password_ends_a_session(
    imap: LyingServer, browser: FlaskClient, count: int
) -> None:
    wrong = []
    is_signed_in = False
    for is_naming, text in generated(count):
        imap.answers |= IMAP
        if not is_signed_in:
            assert sign_in(browser).status_code == 200
        imap.hang_up()
        imap.answers |= {
            "LIST": [Close()],
            "AUTHENTICATE PLAIN": [b"+ \r\n", TakeLine(), b"TAG NO " + text.encode() + b"\r\n"],
        }
        get(browser, "/api/folders")
        is_signed_in = get(browser, "/api/session").status_code == 200
        if is_signed_in is is_naming:
            wrong.append(text)
    assert wrong == []


@pytest.mark.parametrize(
    "answer",
    [
        b"-ERR [IN-USE] locked\r\n",
        b"-ERR Unable to lock maildrop: mailbox is locked by POP server\r\n",
        b"-ERR [LOGIN-DELAY] 60\r\n",
        b"-ERR authentication temporarily unavailable\r\n",
        b"-ERR\r\n",
        b"-ERR no\r\n",
    ],
)
def test_a_locked_pop3_mailbox_ends_no_session(pop3: LyingServer, answer: bytes) -> None:
    with bridge_before(pop3.pop3_address()) as browser:
        assert sign_in(browser).status_code == 200
        pop3.hang_up()
        pop3.answers |= {"AUTH PLAIN": [answer]}
        assert error_of(get(browser, "/api/folders")) == (503, "mail-server-busy")
        assert get(browser, "/api/session").status_code == 200
        pop3.answers |= POP3
        assert get(browser, "/api/folders").status_code == 200


@pytest.mark.parametrize("code", ["", "[AUTH] "])
@pytest.mark.parametrize("words", LATER)
def test_words_for_later_end_no_session_by_pop3(pop3: LyingServer, code: str, words: str) -> None:
    with bridge_before(pop3.pop3_address()) as browser:
        assert sign_in(browser).status_code == 200
        pop3.hang_up()
        pop3.answers |= {"AUTH PLAIN": [f"-ERR {code}{words}\r\n".encode()]}
        assert error_of(get(browser, "/api/folders")) == (503, "mail-server-busy")
        assert get(browser, "/api/session").status_code == 200


@pytest.mark.parametrize("words", LATER)
def test_words_for_later_are_no_old_password_at_submission(imap: LyingServer, smtp: LyingServer, words: str) -> None:
    with bridge_before(replace(imap.address(), smtp=smtp.address().smtp)) as browser:
        assert sign_in(browser).status_code == 200
        smtp.answers["AUTH PLAIN"] = [f"535 5.7.8 {words}\r\n".encode()]
        sent = send(browser, b"From: alice@example.test\r\n\r\nx\r\n", BOB)
        assert (sent.status_code, sent.get_json()["code"]) == (503, "mail-server-busy")


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_password_is_named_so_at_signing_in(imap: LyingServer, words: str, end: str) -> None:
    imap.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", TakeLine(), f"TAG NO {words}{end}\r\n".encode()]
    with bridge_before(imap.address(timeout_seconds=2.0)) as browser:
        assert error_of(sign_in(browser)) == (401, "login-refused")


def test_a_second_refusal_without_a_reason_counts_only_later_and_without_a_login_between() -> None:
    now = 0.0
    doubts, refusal = Doubts(lambda: now), LoginRefused(names_password=False)
    assert doubts.judge("one", refusal).code is GatewayCode.BUSY
    now = LATER_SECONDS - 1
    assert doubts.judge("one", refusal).code is GatewayCode.BUSY
    assert doubts.judge("two", refusal).code is GatewayCode.BUSY
    now = LATER_SECONDS
    assert doubts.judge("two", refusal).code is GatewayCode.BUSY
    assert doubts.judge("one", refusal) is refusal
    doubts.settle("one")
    assert doubts.judge("one", refusal).code is GatewayCode.BUSY
    assert doubts.judge("one", LoginRefused(names_password=True)).code is GatewayCode.LOGIN_REFUSED
