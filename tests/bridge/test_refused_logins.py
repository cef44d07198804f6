"""Only a refusal that names the password ends a session, or a second one later: never one connection too many."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.servers.bridge import bridge_before, error_of, get, sign_in
from tests.support.servers.lying_server import IMAP, POP3, Close, LyingServer, TakeLine
from webbridge.gateway import GatewayCode, LoginRefused
from webbridge.gateway.doubts import LATER_SECONDS, Doubts

pytestmark = pytest.mark.server

# What servers write, as public reports and their sources show it: the beginning, what happened, and more words.
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


def generated(count: int) -> list[tuple[bool, str]]:
    """Refusals that name the password, and refusals that do not."""
    by = random.Random(42)  # noqa: S311 (not a secret)
    made = []
    for _ in range(count):
        is_naming = by.random() < 0.2
        text = by.choice(NAMING if is_naming else OTHER).format(by.choice(MORE))
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
