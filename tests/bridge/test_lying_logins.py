"""The answers to a login that mean a wrong password, and the number of connections of one session."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from sealwax.service import TryLater
from tests.support.servers.bridge import API, FROM_PAGES, bridge_before, error_of, get, sign_in
from tests.support.servers.lying_server import IMAP, Close, LyingServer, Step, TakeLine, Wait
from tests.support.servers.mailboxes import ALICE, PASSWORDS, login_at
from tests.support.servers.pools import NewPool
from webbridge.gateway import ConnectionPool, GatewayCode, GatewayError, Mailbox, MailConnection
from webbridge.gateway.slots import MAX_WAITING_PER_SESSION, Room
from webbridge.login.counter import MAX_AT_ONCE, MAX_AT_ONCE_PER_CLIENT, login_gate
from webbridge.places.kinds import MOST_AT_ONCE, PlaceKind

pytestmark = pytest.mark.server

MOST_CONNECTIONS = MOST_AT_ONCE[PlaceKind.IMAP]

MESSAGE = b"From: alice@example.test\r\nSubject: x\r\n\r\nHello\r\n"


@pytest.fixture
def browser(imap: LyingServer, smtp: LyingServer) -> Iterator[FlaskClient]:
    with bridge_before(replace(imap.address(timeout_seconds=2.0), smtp=smtp.address().smtp)) as browser:
        yield browser


WRONG_PASSWORD = [
    b"TAG NO [AUTHENTICATIONFAILED] no\r\n",
    b"TAG NO [EXPIRED] change it\r\n",
    b"TAG NO [ALERT] Invalid credentials\r\n",
    b"TAG NO LOGIN failed.\r\n",
]
ANOTHER_REASON = [
    b"TAG NO [UNAVAILABLE] later\r\n",
    b"TAG NO [unavailable] later\r\n",
    b"TAG NO [LIMIT] too many connections\r\n",
    b"TAG NO [INUSE] locked\r\n",
    b"TAG NO [SERVERBUG] internal error\r\n",
    b"TAG NO [CONTACTADMIN] call us\r\n",
    b"TAG NO [AUTHORIZATIONFAILED] not you\r\n",
    b"TAG NO [PRIVACYREQUIRED] not here\r\n",
    b"TAG NO [X-UNKNOWN] whatever\r\n",
    b"TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n",
    b"TAG NO Maximum number of connections from user+IP exceeded\r\n",
    b"TAG NO Authentication temporarily unavailable\r\n",
    b"TAG BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds\r\n",
    b"TAG NO Request is throttled. Suggested Backoff Time: 299961 milliseconds\r\n",
    b"TAG BAD what\r\n",
    b"* BYE [UNAVAILABLE] going down\r\n",
    b"nonsense\r\n",
]


@pytest.mark.parametrize("answer", WRONG_PASSWORD)
def test_a_wrong_password_ends_the_session(imap: LyingServer, browser: FlaskClient, answer: bytes) -> None:
    assert sign_in(browser).status_code == 200
    lose_connections(imap, [b"+ \r\n", *IMAP["AUTHENTICATE PLAIN"][1:2], answer])
    assert error_of(get(browser, "/api/folders")) == (401, "session-ended")
    assert error_of(get(browser, "/api/session")) == (401, "session-ended")


@pytest.mark.parametrize("answer", ANOTHER_REASON)
def test_whatever_else_a_server_says_ends_no_session(imap: LyingServer, browser: FlaskClient, answer: bytes) -> None:
    assert sign_in(browser).status_code == 200
    lose_connections(imap, [b"+ \r\n", *IMAP["AUTHENTICATE PLAIN"][1:2], answer, Close()])
    status, code = error_of(get(browser, "/api/folders"))
    assert status in (502, 503)
    assert (status == 503) == (code == "mail-server-busy")
    assert get(browser, "/api/session").status_code == 200
    imap.answers.update(IMAP)
    assert get(browser, "/api/folders").status_code == 200


@pytest.mark.parametrize("answer", ANOTHER_REASON)
def test_no_other_answer_counts_as_a_failed_login(imap: LyingServer, browser: FlaskClient, answer: bytes) -> None:
    imap.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", *IMAP["AUTHENTICATE PLAIN"][1:2], answer, Close()]
    for _ in range(7):
        assert error_of(sign_in(browser))[0] in (502, 503)


@pytest.fixture
def in_one_step(imap: LyingServer) -> LyingServer:
    """A server that takes the password in the command (RFC 4959)."""
    imap.answers["GREETING"] = [b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\r\n"]
    imap.answers["AUTHENTICATE PLAIN"] = [b"TAG OK signed in\r\n"]
    return imap


def test_a_login_takes_one_step_where_the_server_offers_it(in_one_step: LyingServer, browser: FlaskClient) -> None:
    assert sign_in(browser).status_code == 200
    sent = base64.b64encode(f"\0{ALICE}\0{PASSWORDS[ALICE]}".encode())
    assert in_one_step.commands("AUTHENTICATE") == [b"AUTHENTICATE PLAIN " + sent]
    assert in_one_step.taken == []
    assert in_one_step.received[0].startswith(b"AUTHENTICATE")


def test_answers_to_a_login_in_one_step_mean_the_same(in_one_step: LyingServer, browser: FlaskClient) -> None:
    for answer in ANOTHER_REASON:
        in_one_step.answers["AUTHENTICATE PLAIN"] = [answer, Close()]
        assert error_of(sign_in(browser))[0] in (502, 503), answer
    in_one_step.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", Close()]
    assert error_of(sign_in(browser))[0] == 502
    in_one_step.answers["AUTHENTICATE PLAIN"] = [b"TAG NO [AUTHENTICATIONFAILED] sEcReT\r\n"]
    refused = sign_in(browser)
    assert error_of(refused)[0] == 401
    assert "sEcReT" not in refused.get_data(as_text=True)


def test_a_goodbye_at_the_login_is_an_answer_also_on_an_open_connection(
    imap: LyingServer, browser: FlaskClient
) -> None:
    imap.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", TakeLine(), b"* BYE Too many connections\r\n", Wait()]
    assert error_of(sign_in(browser)) == (503, "mail-server-busy")


@pytest.mark.parametrize("greeting", [b"* BYE too many\r\n", b"* PREAUTH hello\r\n", b"hello\r\n", b"* NO\r\n"])
def test_a_greeting_that_is_none_says_nothing_about_the_password(
    imap: LyingServer, browser: FlaskClient, greeting: bytes
) -> None:
    imap.answers["GREETING"] = [greeting]
    assert error_of(sign_in(browser))[0] in (502, 503)


def test_no_log_holds_the_password(
    browser: FlaskClient, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """imapclient logs each command, and imaplib prints the last commands when a connection breaks."""
    caplog.set_level("DEBUG")
    assert sign_in(browser).status_code == 200
    printed = caplog.text + "".join(capsys.readouterr())
    for form in (PASSWORDS[ALICE], base64.b64encode(PASSWORDS[ALICE].encode()).decode().rstrip("=")):
        assert form not in printed
    assert "CAPABILITY" not in printed


def test_no_answer_to_a_login_repeats_what_was_sent(imap: LyingServer, browser: FlaskClient) -> None:
    imap.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", *IMAP["AUTHENTICATE PLAIN"][1:2], b"TAG BAD you said sEcReT\r\n"]
    assert "sEcReT" not in sign_in(browser).get_data(as_text=True)
    imap.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", *IMAP["AUTHENTICATE PLAIN"][1:2], b"TAG NO [sEcReT] sEcReT\r\n"]
    assert "sEcReT" not in sign_in(browser).get_data(as_text=True)


def lose_connections(imap: LyingServer, login: Sequence[Step]) -> None:
    """Close the bridge's open connections at their next command, and answer the next login with `login`."""
    imap.answers["LIST"] = [Close()]
    imap.answers["AUTHENTICATE PLAIN"] = login


# The number of connections


def test_a_session_has_at_most_four_connections_and_the_rest_waits(imap: LyingServer, new_pool: NewPool) -> None:
    pool = new_pool()
    release, started = threading.Event(), threading.Semaphore(0)
    ended: list[bool] = []

    def hold(connection: MailConnection) -> None:
        started.release()
        assert release.wait(30)
        ended.append(connection.is_alive())

    credentials = login_at(imap.address())
    count = MOST_CONNECTIONS + MAX_WAITING_PER_SESSION
    threads = [threading.Thread(target=pool.run, args=("session", credentials, hold)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for _ in range(MOST_CONNECTIONS):
        assert started.acquire(timeout=30)
    try:
        wait_until(lambda: pool._slots._rooms["session"].waiting == MAX_WAITING_PER_SESSION)
        assert code_of_run(imap, pool, "session") is GatewayCode.BUSY  # one more than may wait
        pool.run("another session", login_at(imap.address()), lambda connection: connection.is_alive())
    finally:
        release.set()
        for thread in threads:
            thread.join()
        pool.close()
    assert ended == [True] * count
    assert imap.most_at_once <= MOST_CONNECTIONS + 1  # and one for the other session


def test_waiting_too_long_for_a_connection_is_reported_as_busy(imap: LyingServer, new_pool: NewPool) -> None:
    pool = new_pool(wait_seconds=0.05)
    taken = [pool._slots.take(Room("session")) for _ in range(MOST_CONNECTIONS)]
    assert code_of_run(imap, pool, "session") is GatewayCode.BUSY
    assert not pool._slots._rooms["session"].waiting
    pool._slots.put_back(taken[0], keep=False)
    assert pool.run("session", login_at(imap.address()), lambda connection: connection.is_alive())
    pool.close()


def test_a_kept_connection_that_has_fallen_silent_is_replaced(imap: LyingServer, new_pool: NewPool) -> None:
    seconds = [0.0]
    pool = new_pool(monotonic=lambda: seconds[0])
    login = login_at(imap.address(timeout_seconds=2.0))
    pool.run("session", login, lambda connection: connection.list_folders())
    imap.answers["NOOP"] = [Wait()]
    seconds[0] = 60.0
    assert pool.run(
        "session", login_at(imap.address(timeout_seconds=2.0)), lambda connection: connection.list_folders()
    )
    assert pool.run_once(
        "session", login_at(imap.address(timeout_seconds=2.0)), lambda connection: connection.list_folders()
    )
    pool.close()


def test_a_message_holds_its_connection_until_it_is_closed(imap: LyingServer, new_pool: NewPool) -> None:
    imap.answers["UID FETCH"] = [b"* 2 FETCH (UID 7 BODY[] {5}\r\nhello)\r\nTAG OK\r\n"]
    pool = new_pool(wait_seconds=0.05)
    lent = [
        pool.open_raw("session", login_at(imap.address()), Mailbox("INBOX", 9), 7, max_bytes=100)
        for _ in range(MOST_CONNECTIONS)
    ]
    assert code_of_run(imap, pool, "session") is GatewayCode.BUSY
    lent[0].close()
    lent[0].close()  # closing twice changes nothing more
    assert pool.run("session", login_at(imap.address()), lambda connection: connection.is_alive())
    for message in lent[1:]:
        message.close()
    assert not pool._slots._lent
    pool.close()


def test_a_message_that_cannot_be_opened_holds_nothing(imap: LyingServer, new_pool: NewPool) -> None:
    imap.answers["UID FETCH"] = [b"TAG OK\r\n"]
    pool = new_pool()
    for _ in range(MOST_CONNECTIONS + 1):
        with pytest.raises(GatewayError):
            pool.open_raw("session", login_at(imap.address()), Mailbox("INBOX", 9), 7, max_bytes=100)
    assert not pool._slots._lent
    pool.close()


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(2000):
        if is_so():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not become so in twenty seconds")


def code_of_run(imap: LyingServer, pool: ConnectionPool, session_id: str) -> GatewayCode:
    with pytest.raises(GatewayError) as error:
        pool.run(session_id, login_at(imap.address()), lambda connection: connection.is_alive())
    return error.value.code


def test_logins_at_a_slow_server_leave_threads_for_others(imap: LyingServer, browser: FlaskClient) -> None:
    imap.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", TakeLine(), Wait(1.0), b"TAG NO [AUTHENTICATIONFAILED] no\r\n"]
    app = browser.application
    clients = [f"203.0.113.{number % 3}" for number in range(3 * MAX_AT_ONCE_PER_CLIENT + 1)]
    answers: list[int] = []

    def guess(number: int, client: str) -> None:
        login = {"address": f"user{number}@example.test", "password": "x"}
        place = {"REMOTE_ADDR": client}
        answer = app.test_client().post(
            "/api/session", base_url=API, headers=FROM_PAGES, json=login, environ_overrides=place
        )
        answers.append(answer.status_code)

    threads = [threading.Thread(target=guess, args=each) for each in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(401) == MAX_AT_ONCE
    assert answers.count(429) == len(clients) - MAX_AT_ONCE
    assert imap.most_at_once <= MAX_AT_ONCE
    imap.answers["AUTHENTICATE PLAIN"] = IMAP["AUTHENTICATE PLAIN"]
    assert sign_in(browser).status_code == 200


def test_logins_of_one_client_leave_places_for_others() -> None:
    gate = login_gate()
    with ExitStack() as running:
        for _ in range(MAX_AT_ONCE_PER_CLIENT):
            running.enter_context(gate.one("203.0.113.1"))
        with pytest.raises(TryLater), gate.one("203.0.113.1"):
            pass
        with gate.one("203.0.113.2"):
            pass
    with gate.one("203.0.113.1"):
        pass
