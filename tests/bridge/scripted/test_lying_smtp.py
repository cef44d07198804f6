"""SMTP servers that fail at every stage: a message is sent, refused or perhaps sent, and the bridge reports which."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from flask.testing import FlaskClient

from tests.support.servers.bridge import API, FROM_PAGES, UPLOAD, bridge_before, error_of, get, send, sign_in, upload
from tests.support.servers.lying_server import Close, Drip, LyingServer, Step, TakeLine, TakeMessage, Wait
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS, login_at
from webbridge.gateway import GatewayCode, GatewayError, ImapConnection, Outcome, OutgoingMessage, submit_message
from webbridge.sending.offers import MAX_ASKED_AT_ONCE_PER_SERVER

pytestmark = pytest.mark.server

KEY = "k" * 22
CAROL = "carol@example.test"
MAX_BYTES = 20_000_000
MESSAGE = b"From: alice@example.test\r\nSubject: x\r\n\r\nHello\r\n.dot\r\n"
STUFFED = MESSAGE.replace(b"\r\n.", b"\r\n..")


def submit(smtp: LyingServer, *, message: bytes = MESSAGE, recipients: Sequence[str] = (BOB, CAROL)) -> Outcome:
    address = smtp.address(timeout_seconds=1.0)
    with OutgoingMessage.of(message) as outgoing:
        return submit_message(login_at(address), outgoing, recipients=list(recipients))


def test_an_honest_server_gets_the_message_once(smtp: LyingServer) -> None:
    assert submit(smtp) is Outcome.SENT
    assert smtp.messages == [STUFFED]
    assert smtp.commands("RCPT TO") == [b"RCPT TO:<bob@example.test>", b"RCPT TO:<carol@example.test>"]


AFTER_THE_DOT: dict[str, Sequence[Step]] = {
    "closed": [Close()],
    "silent": [Wait()],
    "one byte at a time": [Drip(b"250 taken, after a long time of thinking\r\n")],
    "half a reply": [b"250-taken\r\n", Close()],
    "half a line": [b"25", Close()],
    "no reply": [b"\xff\xfe\r\n"],
    "a code that is none": [b"999 taken\r\n"],
    "two codes": [b"250-taken\r\n550 refused\r\n"],
    "a reply to something else": [b"354 go on\r\n"],
    "a reply without an end": [b"250-x\r\n" * 1000],
    "a line without an end": [b"250 " + b"x" * 100_000],
}


@pytest.mark.parametrize("name", AFTER_THE_DOT)
def test_a_message_without_an_answer_was_perhaps_sent(smtp: LyingServer, name: str) -> None:
    smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), *AFTER_THE_DOT[name]]
    assert submit(smtp) is Outcome.PERHAPS
    assert smtp.messages == [STUFFED]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"250 ok\r\n", None),
        (b"250-ok\r\n250 really\r\n", None),
        (b"421 going down\r\n", GatewayCode.BUSY),
        (b"452 no room\r\n", GatewayCode.BUSY),
        (b"550 spam\r\n", GatewayCode.MESSAGE_REFUSED),
        (b"554-no\r\n554 never\r\n", GatewayCode.MESSAGE_REFUSED),
    ],
)
def test_the_reply_to_the_last_line_decides(smtp: LyingServer, reply: bytes, code: GatewayCode | None) -> None:
    smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), reply]
    if code is None:
        assert submit(smtp) is Outcome.SENT
    else:
        assert refused(smtp) is code


@pytest.mark.parametrize("code", [200, 211, 214, 220, 221, 235, 251, 252, 299, 300, 334, 354, 399])
def test_a_reply_to_something_else_confirms_no_message(smtp: LyingServer, code: int) -> None:
    """RFC 5321 section 4.3.2: only 250 says that the server has accepted the message."""
    smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), b"%d 2.0.0 ready\r\n" % code]
    assert submit(smtp) is Outcome.PERHAPS


BEFORE_THE_DOT: list[tuple[Sequence[Step], GatewayCode]] = [
    ([b"421 later\r\n"], GatewayCode.BUSY),
    ([b"451 4.7.1 greylisted\r\n"], GatewayCode.BUSY),
    ([Close()], GatewayCode.UNREACHABLE),
    ([Wait()], GatewayCode.UNREACHABLE),
    ([Drip(b"250 " + b"y" * 50 + b"\r\n")], GatewayCode.UNREACHABLE),
    ([b"nonsense\r\n"], GatewayCode.UNREADABLE),
    ([b"250-x\r\n" * 1000], GatewayCode.UNREADABLE),
    ([b"250 " + b"x" * 10_000 + b"\r\n"], GatewayCode.UNREADABLE),
]


@pytest.mark.parametrize("stage", ["GREETING", "EHLO", "AUTH PLAIN", "MAIL FROM", "RCPT TO:<CAROL", "DATA"])
@pytest.mark.parametrize(("steps", "code"), BEFORE_THE_DOT)
def test_nothing_is_sent_that_failed_before_its_last_line(
    smtp: LyingServer, stage: str, steps: Sequence[Step], code: GatewayCode
) -> None:
    smtp.answers[stage] = steps
    assert refused(smtp) is code
    assert smtp.messages == []


@pytest.mark.parametrize("stage", ["MAIL FROM", "RCPT TO:<CAROL", "DATA"])
def test_a_refusal_for_good_is_no_refusal_for_now(smtp: LyingServer, stage: str) -> None:
    smtp.answers[stage] = [b"550 no\r\n"]
    assert refused(smtp) is GatewayCode.MESSAGE_REFUSED
    assert smtp.messages == []


@pytest.mark.parametrize(
    "stage", ["GREETING", "EHLO", "AUTH PLAIN", "MAIL FROM", "RCPT TO:<BOB", "RCPT TO:<CAROL", "DATA"]
)
def test_no_reply_counts_for_a_later_command(smtp: LyingServer, stage: str) -> None:
    """If a server answers twice, its second answer must not be mistaken for the answer to the message."""
    smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), Wait()]
    steps = list(smtp.answers[stage.partition(":")[0]])
    first = steps[0]
    assert isinstance(first, bytes)
    smtp.answers[stage] = [first + b"250 taken\r\n", *steps[1:]]
    assert refused(smtp) is GatewayCode.UNREADABLE
    assert smtp.messages == []


def test_a_server_that_goes_away_during_the_message_did_not_get_it(smtp: LyingServer) -> None:
    smtp.answers["EHLO"] = [b"250-here\r\n250 AUTH PLAIN\r\n"]
    smtp.answers["DATA"] = [b"354 go on\r\n", TakeLine(), Close()]
    # The message is larger than the buffers of both sides together (4 MiB on the sending side). So the bridge notices
    # the closed connection before it sends the final dot.
    long = MESSAGE + (b"x" * 70 + b"\r\n") * 150_000
    assert len(long) <= MAX_BYTES
    assert refused(smtp, message=long) in (GatewayCode.UNREACHABLE, GatewayCode.UNREADABLE)


def test_a_long_password_is_sent_on_a_line_of_its_own(smtp: LyingServer) -> None:
    smtp.answers["AUTH PLAIN"] = [b"334 \r\n", TakeLine(), b"235 ok\r\n"]
    long = login_at(smtp.address(), ALICE, "x" * 900)
    outcome = submit_message(long, OutgoingMessage.of(MESSAGE), recipients=[BOB])
    assert outcome is Outcome.SENT


def refused(smtp: LyingServer, *, message: bytes = MESSAGE) -> GatewayCode:
    with pytest.raises(GatewayError) as error:
        submit(smtp, message=message)
    return error.value.code


# The API


def test_the_api_tells_the_three_outcomes_apart(smtp: LyingServer, imap: LyingServer, alice: FlaskClient) -> None:
    assert send(alice, MESSAGE, BOB).get_json() == {"outcome": "sent", "savedTo": "Sent"}
    smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), Close()]
    assert send(alice, MESSAGE, BOB).get_json() == {"outcome": "perhaps", "savedTo": None}
    smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), b"550 spam\r\n"]
    assert error_of(send(alice, MESSAGE, BOB)) == (422, "message-refused")
    smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), b"451 later\r\n"]
    response = send(alice, MESSAGE, BOB)
    assert error_of(response) == (503, "mail-server-busy")
    assert response.headers["Retry-After"] == "60"
    assert imap.messages == [MESSAGE]  # one copy, that of the message that was sent


@pytest.mark.parametrize("stage", ["MAIL FROM", "RCPT TO", "DATA", "the end of the message"])
@pytest.mark.parametrize(("code", "status"), [(550, "5.7.1"), (451, "4.3.0")])
def test_no_words_of_a_server_are_stored(
    smtp: LyingServer, imap: LyingServer, tmp_path: Path, stage: str, code: int, status: str
) -> None:
    """The words of a lying server may be the password and addresses."""
    secrets = (PASSWORDS[ALICE], ALICE, BOB)
    refusal = f"{code} {status} {' '.join(secrets)}\r\n".encode()
    if stage == "the end of the message":
        smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), refusal]
    else:
        smtp.answers[stage] = [refusal]
    database = tmp_path / "bridge.sqlite"
    mail_server = replace(imap.address(timeout_seconds=2.0), smtp=smtp.address().smtp)
    with bridge_before(mail_server, database=str(database)) as alice:
        sign_in(alice)
        assert f"{code} {status} {secrets[0]}" in send(alice, MESSAGE, BOB, key=KEY).get_json()["message"]
        rows = sqlite3.connect(database).execute("SELECT * FROM submission").fetchall()
        assert [secret for secret in secrets if secret in str(rows)] == []
        assert len(rows) == (stage == "the end of the message")
        if rows:
            assert send(alice, MESSAGE, BOB, key=KEY).get_json()["message"].endswith(f": {code} {status}")


def test_only_the_refusal_of_a_message_names_it_as_the_outcome(
    smtp: LyingServer, imap: LyingServer, alice: FlaskClient
) -> None:
    """The question what became of a message may fail by the same code as the message."""
    smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), b"451 later\r\n"]
    send(alice, MESSAGE, BOB, key=KEY)
    refused = get(alice, f"/api/send/{KEY}")
    assert (error_of(refused), refused.get_json()["outcome"]) == ((503, "mail-server-busy"), "refused")
    smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), Close()]
    with_id = b"Message-ID: <one@example.test>\r\n" + MESSAGE
    assert send(alice, with_id, BOB, key="l" * 22).get_json()["outcome"] == "perhaps"
    imap.answers["LIST"] = [b"TAG NO [UNAVAILABLE] later\r\n"]
    failed = alice.post(f"/api/send/{'l' * 22}/look", base_url=API, headers=FROM_PAGES)
    assert (failed.status_code, "outcome" in failed.get_json()) == (503, False)


@pytest.mark.parametrize(
    ("command", "steps"),
    [
        ("APPEND", [b"TAG NO [OVERQUOTA] full\r\n"]),
        ("APPEND", [b"+ go on\r\n", Close()]),
        ("APPEND", [Wait()]),
        ("LIST", [b"TAG NO [UNAVAILABLE] later\r\n"]),
        ("LIST", [Close()]),
        ("LIST", [b"nonsense\r\n", Close()]),
        ("AUTHENTICATE PLAIN", [b"TAG NO [AUTHENTICATIONFAILED] no\r\n"]),
    ],
)
def test_a_copy_that_cannot_be_kept_changes_nothing_about_what_was_sent(
    imap: LyingServer, alice: FlaskClient, command: str, steps: Sequence[Step]
) -> None:
    imap.answers[command] = steps
    if command == "AUTHENTICATE PLAIN":
        imap.answers["LIST"] = [Close()]
    saved_to = send(alice, MESSAGE, BOB).get_json()
    assert saved_to["outcome"] == "sent"
    assert saved_to["savedTo"] is None
    assert get(alice, "/api/session").status_code == 200


def test_a_fault_of_ours_after_sending_is_no_error(alice: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ImapConnection, "sent_folder", fail)
    assert send(alice, MESSAGE, BOB).get_json() == {"outcome": "sent", "savedTo": None}


# The offers of a server

ALL_OFFERS = b"250-here\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 AUTH PLAIN\r\n"
JOSE = "jos\u00e9@m\u00fcller.example"


def test_the_offers_are_known_before_an_upload(smtp: LyingServer, alice: FlaskClient) -> None:
    smtp.answers["EHLO"] = [ALL_OFFERS]
    known = {"maxBytes": 1_000_000, "eightBit": True, "utf8": True, "reports": True, "sharedAddresses": []}
    assert get(alice, "/api/send").get_json() == known
    smtp.answers["EHLO"] = [b"250 here\r\n"]
    assert get(alice, "/api/send").get_json() == known
    assert len(smtp.commands("EHLO")) == 1
    assert smtp.commands("AUTH") == []


@pytest.mark.parametrize("size", [b"", b" 0", b" -1", b" 1e9", b" 99999999999999999999999", b" many"])
def test_a_size_without_a_number_is_no_limit(smtp: LyingServer, alice: FlaskClient, size: bytes) -> None:
    smtp.answers["EHLO"] = [b"250-here\r\n250 SIZE%b\r\n" % size]
    offers = get(alice, "/api/send").get_json()
    own_most = get(alice, "/api/config").get_json()["maxMessageBytes"]
    assert offers == {"maxBytes": own_most, "eightBit": False, "utf8": False, "reports": False, "sharedAddresses": []}


def test_offers_of_a_silent_server_are_an_error_and_not_kept(smtp: LyingServer, alice: FlaskClient) -> None:
    smtp.answers["GREETING"] = [Close()]
    assert error_of(get(alice, "/api/send")) == (502, "mail-server-unreachable")
    smtp.answers["GREETING"] = [b"220 ready\r\n"]
    assert get(alice, "/api/send").status_code == 200


def test_a_silent_server_that_is_asked_for_its_offers_holds_few_threads(smtp: LyingServer, alice: FlaskClient) -> None:
    smtp.answers["GREETING"] = [Wait(1.0), Close()]
    asking = [Thread(target=lambda: get(alice, "/api/send")) for _ in range(MAX_ASKED_AT_ONCE_PER_SERVER)]
    for thread in asking:
        thread.start()
    deadline = time.monotonic() + 1
    while smtp.most_at_once < MAX_ASKED_AT_ONCE_PER_SERVER:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    start = time.monotonic()
    assert error_of(get(alice, "/api/send")) == (429, "try-later")
    assert time.monotonic() - start < 0.5
    for thread in asking:
        thread.join()
    smtp.answers["GREETING"] = [b"220 ready\r\n"]
    assert get(alice, "/api/send").status_code == 200


def test_addresses_beyond_ascii_are_sent_where_the_server_takes_them(smtp: LyingServer) -> None:
    smtp.answers["EHLO"] = [ALL_OFFERS]
    assert submit(smtp, recipients=[JOSE]) is Outcome.SENT
    assert smtp.commands("MAIL FROM") == [b"MAIL FROM:<alice@example.test> SIZE=%d SMTPUTF8" % len(MESSAGE)]
    assert smtp.commands("RCPT TO") == [f"RCPT TO:<{JOSE}>".encode()]


def test_addresses_beyond_ascii_are_named_where_the_server_takes_none(smtp: LyingServer, alice: FlaskClient) -> None:
    answer = send(alice, MESSAGE, BOB, JOSE)
    assert error_of(answer) == (422, "message-refused")
    assert [recipient["address"] for recipient in answer.get_json()["refused"]] == [JOSE]
    assert smtp.commands("MAIL FROM") == []


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("a\u202e@b.example", "bad-argument"),
        ("a\ud800@b.example", "bad-request"),
        ("a\x85@b.example", "bad-argument"),
        ("\u00e9" * 40 + "@b.example", "bad-argument"),
    ],
)
def test_addresses_that_deceive_or_are_too_long_are_refused(alice: FlaskClient, address: str, code: str) -> None:
    assert error_of(send(alice, MESSAGE, address)) == (400, code)


def test_reports_of_delivery_are_asked_for(smtp: LyingServer, alice: FlaskClient) -> None:
    smtp.answers["EHLO"] = [ALL_OFFERS]
    body = upload(MESSAGE, BOB, reports=["delay", "success"])
    assert alice.post("/api/send", base_url=API, headers=UPLOAD, data=body).get_json()["outcome"] == "sent"
    assert smtp.commands("MAIL FROM")[0].endswith(b" RET=HDRS")
    assert smtp.commands("RCPT TO") == [b"RCPT TO:<bob@example.test> NOTIFY=SUCCESS,DELAY"]


def test_reports_that_no_server_gives_are_refused(smtp: LyingServer, alice: FlaskClient) -> None:
    refusals = (
        (["success"], (422, "not-offered")),
        (["never"], (400, "bad-request")),
        ("success", (400, "bad-request")),
    )
    for reports, error in refusals:
        body = upload(MESSAGE, BOB, reports=reports)
        assert error_of(alice.post("/api/send", base_url=API, headers=UPLOAD, data=body)) == error
    assert smtp.commands("MAIL FROM") == []
