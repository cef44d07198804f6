"""A connection to the submission server stays open for the session's next message, if the server still answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from tests.support.servers.bridge import API, FROM_PAGES, error_of, send, sign_in
from tests.support.servers.lying_server import Close, Drip, LyingServer, Made, Step, TakeMessage, Wait
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS, login_at
from webbridge.gateway import GatewayCode, GatewayError, OutgoingMessage, submit_message
from webbridge.gateway.kept_smtp import MAX_IDLE_SECONDS, MAX_KEPT, KeptSmtp
from webbridge.gateway.smtp import Connections
from webbridge.services import services_of

pytestmark = pytest.mark.server

MESSAGE = b"From: alice@example.test\r\nSubject: x\r\n\r\nHello\r\n"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def logins(smtp: LyingServer) -> int:
    return len(smtp.commands("AUTH"))


def test_the_next_message_takes_the_open_connection(alice: FlaskClient, smtp: LyingServer) -> None:
    for _ in range(3):
        assert send(alice, MESSAGE, BOB).get_json()["outcome"] == "sent"
    assert (len(smtp.messages), logins(smtp), len(smtp.commands("RSET"))) == (3, 1, 2)


@pytest.mark.parametrize(
    "answer",
    [
        [b"421 timeout\r\n", Close()],
        [b"502 what?\r\n"],
        [Close()],
        [b"250 ok\r\n250 ok\r\n"],
        [b"nonsense\r\n"],
        [b"250-x\r\n" * 1000],
    ],
)
def test_a_message_goes_over_a_new_connection_when_the_open_one_fails(
    alice: FlaskClient, smtp: LyingServer, answer: Sequence[Step]
) -> None:
    send(alice, MESSAGE, BOB)
    smtp.answers["RSET"] = answer
    assert send(alice, MESSAGE, BOB).get_json()["outcome"] == "sent"
    assert (len(smtp.messages), logins(smtp)) == (2, 2)


@pytest.mark.parametrize("stage", ["MAIL FROM", "RCPT TO"])
@pytest.mark.parametrize(
    "answer", [b"421 4.4.2 idle too long\r\n", b"421 4.7.0 Too many messages\r\n", b"nonsense\r\n"]
)
def test_an_open_connection_that_ends_at_the_next_message_is_replaced_once(
    alice: FlaskClient, smtp: LyingServer, stage: str, answer: bytes
) -> None:
    assert send(alice, MESSAGE, BOB).get_json()["outcome"] == "sent"
    answers = [answer]
    smtp.answers[stage] = [Made(lambda: answers.pop() if answers else b"250 ok\r\n")]
    assert send(alice, MESSAGE, BOB).get_json()["outcome"] == "sent"
    assert (len(smtp.messages), logins(smtp)) == (2, 2)
    answers.extend([answer, answer])
    assert send(alice, MESSAGE, BOB).status_code in (502, 503)
    assert (len(smtp.messages), logins(smtp)) == (2, 3)


def test_a_lasting_refusal_at_an_open_connection_is_not_tried_again(alice: FlaskClient, smtp: LyingServer) -> None:
    assert send(alice, MESSAGE, BOB).get_json()["outcome"] == "sent"
    smtp.answers["MAIL FROM"] = [b"451 4.7.1 greylisted\r\n"]
    assert error_of(send(alice, MESSAGE, BOB)) == (503, "mail-server-busy")
    assert logins(smtp) == 1


@pytest.mark.parametrize("silence", [Wait(), Drip(b"250 ok\r\n", pause_seconds=1.0)])
@pytest.mark.thorough
def test_a_silent_connection_is_left_after_a_short_time(alice: FlaskClient, smtp: LyingServer, silence: Step) -> None:
    send(alice, MESSAGE, BOB)
    smtp.answers["RSET"] = [silence]
    assert send(alice, MESSAGE, BOB).get_json()["outcome"] == "sent"
    assert (len(smtp.messages), logins(smtp)) == (2, 2)


def test_an_answer_that_came_between_two_messages_confirms_none(alice: FlaskClient, smtp: LyingServer) -> None:
    smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), b"250 taken\r\n250 taken too\r\n"]
    assert send(alice, MESSAGE, BOB).get_json()["outcome"] == "sent"
    assert send(alice, MESSAGE, BOB).get_json()["outcome"] == "sent"
    assert (len(smtp.messages), logins(smtp), smtp.commands("RSET")) == (2, 2, [])


@pytest.mark.parametrize("stage", ["MAIL FROM", "RCPT TO", "DATA"])
def test_a_refusal_ends_the_connection(alice: FlaskClient, smtp: LyingServer, stage: str) -> None:
    send(alice, MESSAGE, BOB)
    usual = smtp.answers[stage]
    smtp.answers[stage] = [b"550 no\r\n"]
    assert error_of(send(alice, MESSAGE, BOB))[1] == "message-refused"
    smtp.answers[stage] = usual
    send(alice, MESSAGE, BOB)
    assert (len(smtp.messages), logins(smtp)) == (2, 2)


def test_the_connection_ends_with_the_session(alice: FlaskClient, smtp: LyingServer) -> None:
    send(alice, MESSAGE, BOB)
    pool = services_of(alice.application).pool
    assert len(pool.session_ids()) == 1
    assert alice.delete("/api/session", base_url=API, headers=FROM_PAGES).status_code == 204
    assert pool.session_ids() == set()
    sign_in(alice)
    send(alice, MESSAGE, BOB)
    assert logins(smtp) == 2


def test_two_people_never_share_a_connection(alice: FlaskClient, smtp: LyingServer) -> None:
    send(alice, MESSAGE, BOB)
    bob = alice.application.test_client()
    sign_in(bob, BOB, PASSWORDS[BOB])
    send(bob, MESSAGE.replace(b"alice@", b"bob@"), ALICE)
    assert logins(smtp) == len({*smtp.commands("AUTH")}) == 2


def test_login_and_transaction_share_one_deadline(smtp: LyingServer) -> None:
    """A turn of the ledger lasts for one call. If it runs out, its message can no more be sent."""
    smtp.answers["AUTH PLAIN"] = [Wait(0.7), *smtp.answers["AUTH PLAIN"]]
    smtp.answers["MAIL FROM"] = [Wait(0.7), *smtp.answers["MAIL FROM"]]
    with pytest.raises(GatewayError) as refused:
        submit_message(login_at(smtp.address(timeout_seconds=1.0)), OutgoingMessage.of(MESSAGE), [BOB])
    assert refused.value.code is GatewayCode.UNREACHABLE
    assert smtp.messages == []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(clock: Clock) -> Iterator[KeptSmtp]:
    connections = KeptSmtp(monotonic=clock)
    yield connections
    connections.close()


@pytest.fixture
def submit(smtp: LyingServer, kept: KeptSmtp) -> Callable[..., None]:
    credentials = login_at(smtp.address(timeout_seconds=2.0))

    def submit(session: str, password: str = credentials.password) -> None:
        own = replace(credentials, password=password)
        connections = Connections(take=lambda: kept.take(session, own), keep=lambda wire: kept.keep(session, own, wire))
        submit_message(own, OutgoingMessage.of(MESSAGE), [BOB], connections=connections)

    return submit


def test_an_idle_connection_is_closed(
    smtp: LyingServer, kept: KeptSmtp, clock: Clock, submit: Callable[..., None]
) -> None:
    submit("one")
    clock.now = MAX_IDLE_SECONDS - 1
    submit("two")
    kept.end_idle()
    assert kept.session_ids() == {"one", "two"}
    clock.now = MAX_IDLE_SECONDS
    kept.end_idle()
    assert kept.session_ids() == {"two"}
    clock.now = 2 * MAX_IDLE_SECONDS
    submit("two")
    assert logins(smtp) == 3


def test_another_password_takes_a_new_connection(smtp: LyingServer, submit: Callable[..., None]) -> None:
    submit("one")
    submit("one", password="another")
    assert logins(smtp) == 2


def test_not_more_than_so_many_connections_stay_open(
    kept: KeptSmtp, submit: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_KEPT >= 100
    monkeypatch.setattr("webbridge.gateway.kept_smtp.MAX_KEPT", 2)
    for session in ("one", "two", "one", "three"):
        submit(session)
    assert kept.session_ids() == {"one", "three"}
