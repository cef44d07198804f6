"""A message is sent once: by its key, over processes that die, and whatever is repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sealwax.service import CLOCK_SLACK_SECONDS, ServiceError
from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, FROM_PAGES, UPLOAD, error_of, get, send, sign_in, upload
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS, SOMEWHERE, login_at
from webbridge import BridgeConfig, create_app
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.gateway import Outcome, submit_message
from webbridge.login.sessions import Session
from webbridge.sending import once
from webbridge.sending.ledger import KEPT_SECONDS, Ledger, NotOurTurn, State, Turn
from webbridge.sending.limits import MAX_AT_ONCE_PER_ACCOUNT
from webbridge.services import services_of

pytestmark = pytest.mark.server

MESSAGE = b"From: alice@example.test\r\nMessage-ID: <one@example.test>\r\nSubject: x\r\n\r\nHello\r\n"
KEY = "k" * 22
DIGEST = bytes(32)


class Killed(BaseException):
    """The end of a process by a signal that nothing catches."""


@pytest.fixture
def config(config: BridgeConfig, database_url: str) -> BridgeConfig:
    """A bridge on each kind of database in turn."""
    return replace(config, database=database_url)


@pytest.fixture
def ledger(app: Flask) -> Ledger:
    return services_of(app).ledger


def copies(server: MemoryMailServer) -> int:
    return len(server.messages(BOB))


def begin(ledger: Ledger, *, digest: bytes = DIGEST, seconds: float = 60.0) -> Turn:
    turn = ledger.begin(ALICE, KEY, digest, "", seconds=seconds)
    assert isinstance(turn, Turn)
    return turn


# By the API


def test_a_repeated_key_sends_nothing_and_gets_the_same_answer(
    alice: FlaskClient, memory_server: MemoryMailServer
) -> None:
    answers = [send(alice, MESSAGE, BOB, key=KEY).get_json() for _ in range(3)]
    assert answers == [{"outcome": "sent", "savedTo": "Sent"}] * 3
    assert copies(memory_server) == len(memory_server.messages(ALICE, "Sent")) == 1
    assert get(alice, f"/api/send/{KEY}").get_json() == answers[0]


def test_a_key_belongs_to_one_message(alice: FlaskClient, memory_server: MemoryMailServer) -> None:
    send(alice, MESSAGE, BOB, key=KEY)
    assert error_of(send(alice, MESSAGE, ALICE, key=KEY)) == (422, "key-used")
    assert error_of(send(alice, MESSAGE + b"more\r\n", BOB, key=KEY)) == (422, "key-used")
    assert copies(memory_server) == 1


def test_a_key_belongs_to_one_account(app: Flask, alice: FlaskClient, memory_server: MemoryMailServer) -> None:
    send(alice, MESSAGE, BOB, key=KEY)
    bob = app.test_client()
    sign_in(bob, BOB, PASSWORDS[BOB])
    assert get(bob, f"/api/send/{KEY}").get_json()["outcome"] == "unknown"
    assert send(bob, MESSAGE.replace(b"alice@", b"bob@"), ALICE, key=KEY).get_json()["outcome"] == "sent"
    assert len(memory_server.messages(ALICE)) == 1


def test_a_key_is_kept_for_a_day(alice: FlaskClient, clock: FakeClock) -> None:
    send(alice, MESSAGE, BOB, key=KEY)
    clock.advance(seconds=KEPT_SECONDS)
    sign_in(alice)
    send(alice, MESSAGE, BOB)
    assert get(alice, f"/api/send/{KEY}").get_json()["outcome"] == "unknown"


def test_a_message_may_go_without_a_copy(alice: FlaskClient, memory_server: MemoryMailServer) -> None:
    body = upload(MESSAGE, BOB, copy=False)
    answer = alice.post("/api/send", base_url=API, headers=UPLOAD, data=body)
    assert answer.get_json() == {"outcome": "sent", "savedTo": None, "copy": False}
    assert memory_server.messages(ALICE, "Sent") == []


def test_what_failed_before_the_last_line_may_be_sent_again_under_its_key(
    alice: FlaskClient, memory_server: MemoryMailServer
) -> None:
    refused = send(alice, MESSAGE, BOB, "nobody@example.test", "none@example.test", key=KEY)
    assert error_of(refused) == (422, "message-refused")
    assert [(refusal["address"], refusal["temporary"]) for refusal in refused.get_json()["refused"]] == [
        ("nobody@example.test", False),
        ("none@example.test", False),
    ]
    assert get(alice, f"/api/send/{KEY}").get_json()["outcome"] == "unknown"
    assert send(alice, MESSAGE, BOB, key=KEY).get_json()["outcome"] == "sent"
    assert copies(memory_server) == 1


def test_one_person_with_many_sessions_keeps_nobody_from_sending(app: Flask, alice: FlaskClient) -> None:
    with ExitStack() as places:
        for number in range(MAX_AT_ONCE_PER_ACCOUNT):
            session = Session(id=f"session {number}", credentials=login_at(SOMEWHERE), origin="")
            places.enter_context(services_of(app).sends.one(session))
        again = app.test_client()
        assert sign_in(again).status_code == 200
        for browser in (alice, again):
            assert error_of(send(browser, MESSAGE, BOB)) == (429, "try-later")
        bob = app.test_client()
        assert sign_in(bob, BOB, PASSWORDS[BOB]).status_code == 200
        assert send(bob, MESSAGE.replace(b"alice", b"bob"), ALICE).status_code == 200
    assert send(again, MESSAGE, BOB).status_code == 200


@pytest.mark.parametrize("step", ["before the last line", "after the last line"])
def test_a_killed_process_sends_nothing_twice(
    config: BridgeConfig,
    memory_server: MemoryMailServer,
    clock: FakeClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    def die(*arguments: object, **options: object) -> None:
        if step == "after the last line":
            submit_message(*arguments, **options)  # type: ignore[arg-type]
        raise Killed

    file_config = replace(config, database=str(tmp_path / "bridge.sqlite"))
    app = create_app(file_config)
    browser = app.test_client()
    sign_in(browser)
    monkeypatch.setattr(once, "submit_message", die)
    # A process that is killed writes nothing down.
    monkeypatch.setattr(Ledger, "give_up", lambda *_: None)
    with pytest.raises(Killed):
        send(browser, MESSAGE, BOB, key=KEY)
    services_of(app).close()
    monkeypatch.undo()
    memory_server_before = copies(memory_server)

    next_app = create_app(file_config)
    browser = next_app.test_client()
    sign_in(browser)
    answer = send(browser, MESSAGE, BOB, key=KEY).get_json()
    assert answer["outcome"] == ("sent" if step == "before the last line" else "perhaps")
    assert (memory_server_before, copies(memory_server)) == ((0, 1) if step == "before the last line" else (1, 1))
    services_of(next_app).close()


def test_a_message_that_was_perhaps_sent_is_looked_for(
    alice: FlaskClient, memory_server: MemoryMailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def submit_silently(*_: object, before_last_line: Callable[[], None], **_options: object) -> Outcome:
        before_last_line()
        return Outcome.PERHAPS

    monkeypatch.setattr(once, "submit_message", submit_silently)
    assert send(alice, MESSAGE, BOB, key=KEY).get_json() == {"outcome": "perhaps", "savedTo": None}
    look = f"/api/send/{KEY}/look"
    assert alice.post(look, base_url=API, headers=FROM_PAGES).get_json()["outcome"] == "perhaps"
    memory_server.append(ALICE, MESSAGE, "Sent")
    answer = {"outcome": "sent", "savedTo": "Sent"}
    assert alice.post(look, base_url=API, headers=FROM_PAGES).get_json() == answer
    assert get(alice, f"/api/send/{KEY}").get_json() == answer
    assert send(alice, MESSAGE, BOB, key=KEY).get_json() == answer
    assert copies(memory_server) == 0


def test_a_copy_of_another_message_with_the_same_message_id_confirms_nothing(
    alice: FlaskClient, memory_server: MemoryMailServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def submit_silently(*_: object, before_last_line: Callable[[], None], **_options: object) -> Outcome:
        before_last_line()
        return Outcome.PERHAPS

    monkeypatch.setattr(once, "submit_message", submit_silently)
    send(alice, MESSAGE, BOB, key=KEY)
    monkeypatch.undo()
    assert send(alice, MESSAGE, ALICE).get_json() == {"outcome": "sent", "savedTo": "Sent"}
    monkeypatch.setattr(once, "submit_message", submit_silently)
    clock.advance(seconds=KEPT_SECONDS - 60)
    sign_in(alice)
    send(alice, MESSAGE, BOB, key="l" * 22)
    for wait in (0, 120):  # The copy of the message that was sent is still there when its own key is forgotten.
        clock.advance(seconds=wait)
        send(alice, MESSAGE.replace(b"<one@", b"<two@"), BOB)
        for key in (KEY, "l" * 22):
            look = alice.post(f"/api/send/{key}/look", base_url=API, headers=FROM_PAGES).get_json()
            assert look == {"outcome": "perhaps", "savedTo": None}
    assert len(memory_server.messages(ALICE, "Sent")) == 1


def test_a_withdrawn_key_sends_nothing(alice: FlaskClient, memory_server: MemoryMailServer) -> None:
    """The upload may still be on its way when the answer says that nothing was sent."""
    for _ in range(2):
        answer = alice.delete(f"/api/send/{KEY}", base_url=API, headers=FROM_PAGES).get_json()
        assert answer == {"outcome": "withdrawn", "savedTo": None}
    assert error_of(send(alice, MESSAGE, BOB, key=KEY)) == (422, "key-used")
    assert error_of(get(alice, f"/api/send/{KEY}")) == (422, "message-refused")
    assert copies(memory_server) == 0


def test_a_message_that_was_sent_is_not_withdrawn(alice: FlaskClient) -> None:
    sent = send(alice, MESSAGE, BOB, key=KEY).get_json()
    assert alice.delete(f"/api/send/{KEY}", base_url=API, headers=FROM_PAGES).get_json() == sent
    assert error_of(alice.delete("/api/send/short", base_url=API, headers=FROM_PAGES)) == (400, "bad-request")


@pytest.mark.parametrize("question", ["GET", "look", "withdraw"])
def test_nothing_is_sent_after_the_answer_that_nothing_was(
    alice: FlaskClient,
    memory_server: MemoryMailServer,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    question: str,
) -> None:
    """The look-up of a host name counts in no deadline, so a turn can run out while its process goes on."""

    def ask() -> str:
        path = f"/api/send/{KEY}"
        if question == "GET":
            answer = get(alice, path)
        elif question == "look":
            answer = alice.post(f"{path}/look", base_url=API, headers=FROM_PAGES)
        else:
            answer = alice.delete(path, base_url=API, headers=FROM_PAGES)
        return str(answer.get_json()["outcome"])

    def submit_slowly(*arguments: object, **options: object) -> Outcome:
        clock.advance(seconds=120)
        heard.append(ask())
        return submit_message(*arguments, **options)  # type: ignore[arg-type]

    heard: list[str] = []
    monkeypatch.setattr(once, "submit_message", submit_slowly)
    assert error_of(send(alice, MESSAGE, BOB, key=KEY)) == (409, "already-sending")
    assert heard == ["withdrawn" if question == "withdraw" else "unknown"]
    assert copies(memory_server) == 0
    monkeypatch.undo()
    again = send(alice, MESSAGE, BOB, key=KEY)
    if question == "withdraw":
        assert error_of(again) == (422, "key-used")
    else:
        assert again.get_json()["outcome"] == "sent"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"{}\n",
        b"[]\n" + MESSAGE,
        b"no json\n" + MESSAGE,
        b"[" * 100_000 + b"\n" + MESSAGE,
        b" " * 300_000 + b"{}\n" + MESSAGE,
        json.dumps({"key": KEY, "recipients": BOB}).encode() + b"\n" + MESSAGE,
        json.dumps({"key": KEY, "recipients": [1]}).encode() + b"\n" + MESSAGE,
        json.dumps({"key": "short", "recipients": [BOB]}).encode() + b"\n" + MESSAGE,
        json.dumps({"key": KEY, "recipients": [BOB], "copy": "yes"}).encode() + b"\n" + MESSAGE,
        MESSAGE,
    ],
)
@pytest.mark.thorough
def test_a_body_without_an_envelope_sends_nothing(
    alice: FlaskClient, memory_server: MemoryMailServer, body: bytes
) -> None:
    answer = alice.post("/api/send", base_url=API, headers=UPLOAD, data=body)
    assert error_of(answer) == (400, "bad-request")
    assert copies(memory_server) == 0


def test_five_hundred_recipients_are_sent_in_one_transaction(
    alice: FlaskClient, memory_server: MemoryMailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_server, "has_account", lambda _address: True)
    delivered: list[str] = []

    async def deliver(address: str, _raw: bytes) -> None:
        delivered.append(address)

    monkeypatch.setattr(memory_server, "deliver", deliver)
    people = [f"{'x' * 50}.{number}@{'y' * 60}.example.test" for number in range(500)]
    assert send(alice, MESSAGE, *people).get_json()["outcome"] == "sent"
    assert delivered == people


# By the ledger


def test_a_turn_that_ran_out_sends_no_last_line(ledger: Ledger, clock: FakeClock) -> None:
    late = begin(ledger, seconds=60)
    clock.advance(seconds=61)
    second = begin(ledger, seconds=60)
    with pytest.raises(NotOurTurn):
        ledger.will_end(late, seconds=60)
    ledger.will_end(second, seconds=60)
    ledger.give_up(late)
    ledger.end(late, State.SENT, {})
    clock.advance(seconds=61)
    recorded = ledger.find(ALICE, KEY)
    assert recorded is not None
    assert recorded.state is State.PERHAPS


def test_a_turn_that_ran_out_sends_no_last_line_although_nobody_asked(ledger: Ledger, clock: FakeClock) -> None:
    late = begin(ledger, seconds=60)
    clock.advance(seconds=60)
    with pytest.raises(NotOurTurn):
        ledger.will_end(late, seconds=60)


def test_no_order_of_requests_contradicts_an_answer(ledger: Ledger, clock: FakeClock) -> None:
    """Requests of many processes under one key: none sends a last line after an answer that nothing was sent.

    Only a request that begins after `unknown` may, and none after `withdrawn`.
    """
    for seed in range(12):
        _ask_in_any_order(ledger, clock, f"{seed:022}", Random(seed))  # noqa: S311 (the same every time)


def _ask_in_any_order(ledger: Ledger, clock: FakeClock, key: str, random: Random) -> None:
    turns: list[Turn] = []
    may_send: set[bytes] = set()
    last_lines, is_withdrawn = 0, False
    for _ in range(40):
        step = random.choice(["begin", "begin", "will-end", "will-end", "find", "withdraw", "wait", "give-up"])
        clock.advance(seconds=random.choice([0, 1, 70]) if step == "wait" else 0)
        with suppress(NotOurTurn, ServiceError):
            if step == "begin":
                turn = ledger.begin(ALICE, key, bytes([random.randrange(2)] * 32), "", seconds=60)
                if isinstance(turn, Turn):
                    assert not is_withdrawn
                    turns.append(turn)
                    may_send.add(turn.owner)
            elif step == "will-end" and turns:
                turn = random.choice(turns)
                ledger.will_end(turn, seconds=60)
                assert turn.owner in may_send
                last_lines += 1
            elif step == "find" and ledger.find(ALICE, key) is None:
                assert last_lines == 0
                may_send.clear()
            elif step == "withdraw" and random.random() < 0.1 and ledger.withdraw(ALICE, key) is None:
                assert last_lines == 0
                may_send.clear()
                is_withdrawn = True
            elif step == "give-up" and turns:
                ledger.give_up(random.choice(turns))
    assert last_lines <= 1


def test_a_key_may_name_another_message_as_long_as_the_last_line_is_not_out(ledger: Ledger, clock: FakeClock) -> None:
    first = begin(ledger, digest=bytes(32), seconds=60)
    with pytest.raises(NotOurTurn):
        begin(ledger, digest=bytes([1] * 32))
    clock.advance(seconds=61)
    second = begin(ledger, digest=bytes([1] * 32), seconds=60)
    with pytest.raises(NotOurTurn):
        ledger.will_end(first, seconds=60)
    ledger.will_end(second, seconds=60)
    ledger.end(second, State.SENT, {})
    with pytest.raises(ServiceError) as refused:
        begin(ledger, digest=bytes(32))
    assert refused.value.code == "key-used"


@pytest.mark.parametrize("ahead", [CLOCK_SLACK_SECONDS + 1, 24 * 60 * 60, 10 * 365 * 24 * 60 * 60])
def test_a_turn_that_a_wrong_clock_began_ends_with_it(ledger: Ledger, clock: FakeClock, ahead: int) -> None:
    clock.advance(seconds=ahead)
    wrong = begin(ledger)
    clock.advance(seconds=-ahead)
    right = begin(ledger)
    with pytest.raises(NotOurTurn):
        ledger.will_end(wrong, seconds=60)
    ledger.will_end(right, seconds=60)


def test_a_last_line_of_a_wrong_clock_was_perhaps_the_last(ledger: Ledger, clock: FakeClock) -> None:
    clock.advance(seconds=3600)
    ledger.will_end(begin(ledger), seconds=60)
    clock.advance(seconds=-3600)
    recorded = ledger.begin(ALICE, KEY, DIGEST, "", seconds=60)
    assert not isinstance(recorded, Turn)
    assert recorded.state is State.PERHAPS


def test_nothing_follows_a_last_line(ledger: Ledger, clock: FakeClock) -> None:
    turn = begin(ledger)
    ledger.will_end(turn, seconds=60)
    with pytest.raises(NotOurTurn):
        ledger.will_end(turn, seconds=60)
    ledger.give_up(turn)
    clock.advance(seconds=61)
    recorded = ledger.begin(ALICE, KEY, DIGEST, "", seconds=60)
    assert not isinstance(recorded, Turn)
    assert recorded.state is State.PERHAPS


def test_an_outcome_that_comes_late_counts(ledger: Ledger, clock: FakeClock) -> None:
    turn = begin(ledger)
    ledger.will_end(turn, seconds=60)
    clock.advance(seconds=61)
    assert ledger.find(ALICE, KEY)
    ledger.end(turn, State.SENT, {"savedTo": None})
    recorded = ledger.find(ALICE, KEY)
    assert recorded is not None
    assert recorded.state is State.SENT
