"""Refusals that mail servers give at odd places or in odd words: each is reported as what it is."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.servers.bridge import API, FROM_PAGES, bridge_before, error_of, folder_path, get, send, sign_in
from tests.support.servers.hostile_imap import HEALTHY
from tests.support.servers.lying_server import POP3, Close, LyingServer, Made, Step, TakeLine, TakeMessage, Wait
from tests.support.servers.mailboxes import BOB

pytestmark = pytest.mark.server
MESSAGE = b"From: alice@example.test\r\nMessage-ID: <odd@example.test>\r\nSubject: x\r\n\r\nHello\r\n"
TOO_BIG = b"552 5.3.4 Message size exceeds fixed limit\r\n"


@pytest.mark.parametrize(
    ("stage", "refusal"),
    [
        *((stage, TOO_BIG) for stage in ("MAIL FROM", "RCPT TO", "DATA", "end")),
        ("MAIL FROM", b"552 no\r\n"),
        ("end", b"554 5.3.4 no\r\n"),
        ("end", b"552 Message size exceeds maximum permitted\r\n"),
    ],
)
def test_a_message_that_is_too_big_for_the_server_is_named_so(
    alice: FlaskClient, smtp: LyingServer, stage: str, refusal: bytes
) -> None:
    """RFC 1870 section 6 and RFC 3463 section 3.4, as Postfix, Exim and Exchange say it."""
    if stage == "end":
        smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), refusal]
    else:
        smtp.answers[stage] = [refusal]
    for _ in range(2):  # The second answer is that of the record, if the server had the whole message.
        answer = send(alice, MESSAGE, BOB, key="k" * 22)
        assert (answer.status_code, answer.get_json()["code"]) == (413, "message-too-large")


@pytest.mark.parametrize("refusal", [b"552 5.2.2 Mailbox full\r\n", b"552 5.7.0 Blocked content\r\n", b"552 no\r\n"])
def test_another_refusal_by_552_is_not_about_the_size(alice: FlaskClient, smtp: LyingServer, refusal: bytes) -> None:
    smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), refusal]
    answer = send(alice, MESSAGE, BOB)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "message-refused")


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        (b"421 4.3.2 shutting down\r\n", 503, "mail-server-busy"),
        (b"452 4.3.1 no space\r\n", 503, "mail-server-busy"),
        (b"554 5.7.1 rejected\r\n", 422, "message-refused"),
        (b"250 taken\r\n", 502, "mail-server-unreadable"),
    ],
)
def test_a_refusal_in_the_middle_of_the_message_is_said(
    alice: FlaskClient, smtp: LyingServer, said: bytes, status: int, code: str
) -> None:
    """A server may end the connection at any time by 421 (RFC 5321 section 3.8), also after 354."""
    smtp.answers["DATA"] = [b"354 go on\r\n" + said, Close()]
    answer = send(alice, MESSAGE, BOB)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert ("Retry-After" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [(b"552 5.3.4 too big\r\n", 413, "message-too-large"), (b"421 4.3.0 bye\r\n", 503, "mail-server-busy")],
)
@pytest.mark.parametrize("reads", [False, True], ids=["cut", "read to its end"])
def test_a_refusal_while_a_large_message_is_on_its_way_is_said(
    alice: FlaskClient, smtp: LyingServer, said: bytes, status: int, code: str, reads: bool
) -> None:
    """A person who is told to try again would send the same large message for ever."""
    smtp.answers |= {
        "EHLO": [b"250-here\r\n250 AUTH PLAIN\r\n"],
        "DATA": [b"354 go on\r\n", Wait(0.2), said, TakeMessage() if reads else Wait(0.2), Close()],
    }
    answer = send(alice, MESSAGE + (b"y" * 76 + b"\r\n") * 40_000, BOB)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert smtp.messages == []


def post(browser: FlaskClient, path: str, **members: object) -> TestResponse:
    return browser.post(path, base_url=API, headers=FROM_PAGES, json=members)


def once(server: LyingServer, command: str, answer: bytes) -> Made:
    """An answer after which the server is as before."""
    healthy = server.answers[command]

    def make() -> bytes:
        server.answers[command] = healthy
        return answer

    return Made(make)


@pytest.mark.parametrize("command", ["SELECT", "LIST", "UID SEARCH"])
def test_a_kept_connection_that_is_useless_is_replaced_once(
    alice: FlaskClient, imap: LyingServer, command: str
) -> None:
    """Nothing was changed, so the call may be repeated in a fresh connection, where the server is well."""
    get(alice, "/api/folders")
    imap.answers[command] = [once(imap, command, b"TAG BAD User is authenticated but not connected.\r\n")]
    if command == "LIST":
        answer = get(alice, "/api/folders")
    else:
        answer = post(alice, f"{folder_path(alice)}/search", subject="x")
    assert answer.status_code == 200


USELESS = [
    ("MAIL FROM", b"451 4.4.2 Timeout - closing connection\r\n"),
    ("MAIL FROM", b"454 4.7.0 TLS session expired\r\n"),
    ("MAIL FROM", b"530 5.7.0 Authentication required\r\n"),
    ("MAIL FROM", b"452 4.3.1 too many messages in this connection\r\n"),
    ("DATA", b"421 4.3.2 closing\r\n"),
]


@pytest.mark.parametrize(
    ("command", "answer", "then"),
    [
        *((*refusal, then) for refusal in USELESS for then in ([], [Close()])),
        ("MAIL FROM", b"550 5.7.1 too many messages in this connection\r\n", [Close()]),
        ("DATA", b"", [Close()]),
    ],
)
def test_a_kept_submission_connection_that_is_useless_is_replaced_once(
    alice: FlaskClient, smtp: LyingServer, command: str, answer: bytes, then: list[Step]
) -> None:
    assert send(alice, MESSAGE, BOB).status_code == 200
    smtp.answers[command] = [once(smtp, command, answer), *then]
    assert send(alice, MESSAGE, BOB).status_code == 200
    assert (len(smtp.messages), len(smtp.commands("AUTH"))) == (2, 2)
    smtp.answers[command] = [answer, *then]
    assert send(alice, MESSAGE, BOB).status_code in (422, 502, 503)
    assert (len(smtp.messages), len(smtp.commands("AUTH"))) == (2, 3)


SMTP_LOGIN: list[Step] = [b"334 VXNlcm5hbWU6\r\n", TakeLine(), b"334 UGFzc3dvcmQ6\r\n", TakeLine(), b"235 ok\r\n"]
IMAP_LOGIN: list[Step] = [b"+ VXNlcm5hbWU6\r\n", TakeLine(), b"+ UGFzc3dvcmQ6\r\n", TakeLine(), b"TAG OK\r\n"]


@pytest.mark.parametrize("end", [b"", b"421 4.7.0 closing\r\n"])
def test_a_mechanism_that_is_refused_with_a_closed_connection_is_followed_by_another(
    alice: FlaskClient, smtp: LyingServer, end: bytes
) -> None:
    smtp.answers |= {
        "EHLO": [b"250-here\r\n250 AUTH PLAIN LOGIN\r\n"],
        "AUTH PLAIN": [b"504 5.5.4 unrecognized authentication type\r\n" + end, Close()],
        "AUTH LOGIN": SMTP_LOGIN,
    }
    assert send(alice, MESSAGE, BOB).status_code == 200
    assert len(smtp.commands("AUTH")) == 2


def test_each_mechanism_that_is_refused_with_a_closed_connection_is_tried_once(
    alice: FlaskClient, smtp: LyingServer
) -> None:
    refusal: list[Step] = [b"504 5.5.4 no\r\n", Close()]
    smtp.answers |= {"EHLO": [b"250-here\r\n250 AUTH PLAIN LOGIN\r\n"], "AUTH PLAIN": refusal, "AUTH LOGIN": refusal}
    assert error_of(send(alice, MESSAGE, BOB)) == (502, "mail-server-misconfigured")
    assert len(smtp.commands("AUTH")) == 2


@pytest.mark.parametrize("answer", [b"", b"334 \r\n"])
def test_a_closed_connection_in_the_login_is_no_unreadable_answer(
    alice: FlaskClient, smtp: LyingServer, answer: bytes
) -> None:
    smtp.answers |= {"EHLO": [b"250-here\r\n250 AUTH LOGIN\r\n"], "AUTH LOGIN": [answer, Close()]}
    assert error_of(send(alice, MESSAGE, BOB)) == (502, "mail-server-unreachable")


@pytest.mark.parametrize("answer", [b"TAG BAD unsupported mechanism\r\n", b"TAG NO unsupported mechanism\r\n* BYE\r\n"])
@pytest.mark.parametrize("way", ["AUTHENTICATE LOGIN", "LOGIN"])
def test_imap_follows_a_mechanism_that_is_refused_with_a_closed_connection(
    imap: LyingServer, answer: bytes, way: str
) -> None:
    offered = b"AUTH=PLAIN AUTH=LOGIN" if way.startswith("AUTH") else b"AUTH=PLAIN"
    imap.answers |= {
        **HEALTHY,
        "GREETING": [b"* OK [CAPABILITY IMAP4rev1 " + offered + b"] hi\r\n"],
        "AUTHENTICATE PLAIN": [answer, Close()],
        "AUTHENTICATE LOGIN": IMAP_LOGIN,
        "LOGIN": [b"TAG OK\r\n"],
    }
    with bridge_before(imap.address(timeout_seconds=2.0)) as browser:
        assert sign_in(browser, password="only ASCII").status_code == 200
    assert len(imap.commands("AUTHENTICATE PLAIN")) == 1


def test_pop3_follows_a_mechanism_that_is_refused_with_a_closed_connection(imap: LyingServer) -> None:
    imap.answers = {**POP3, "AUTH PLAIN": [b"-ERR unsupported mechanism\r\n", Close()]}
    with bridge_before(imap.pop3_address(timeout_seconds=2.0)) as browser:
        assert sign_in(browser, password="only ASCII").status_code == 200
    assert (len(imap.commands("AUTH")), len(imap.commands("PASS"))) == (1, 1)


def test_submission_that_wants_a_login_but_offers_none_is_misconfigured(alice: FlaskClient, smtp: LyingServer) -> None:
    smtp.answers |= {
        "EHLO": [b"250-here\r\n250 SIZE\r\n"],
        "MAIL FROM": [b"530 5.7.0 Authentication required\r\n"],
    }
    assert error_of(send(alice, MESSAGE, BOB)) == (502, "mail-server-misconfigured")


def test_an_odd_line_of_mechanisms_is_no_server_that_trusts(alice: FlaskClient, smtp: LyingServer) -> None:
    smtp.answers["EHLO"] = [b"250-here\r\n250 AUTH\tPLAIN LOGIN\r\n"]
    assert send(alice, MESSAGE, BOB).status_code == 200
    assert len(smtp.commands("AUTH PLAIN")) == 1
