"""The steps of a day at a submission server."""

from __future__ import annotations

import secrets
import time
from typing import Any, Final

from tests.support.servers.bridge import upload
from tests.support.servers.mailboxes import ALICE, BOB
from tools.mail_servers.day import Day, DeviationFound, Steps, expect

SUBMITTING: Final = Steps()
NOBODY: Final = "nobody@example.test"
_ARRIVAL_SECONDS: Final = 20.0


@SUBMITTING("say what the server takes")
def _(day: Day) -> None:
    day.notes["offers"] = offers = day.call("GET", "/api/send")
    expect(offers["maxBytes"] > 0, f"the server takes {offers}")


@SUBMITTING("send a mail with dots and long lines")
def _(day: Day) -> None:
    _sent_whole(day, outgoing("Dots", f".\r\n..\r\n.dot\r\n{'x' * 990}\r\nend"), "Dots")


@SUBMITTING("send 8-bit text")
def _(day: Day) -> None:
    message = outgoing("Eight bits", "Grüße vom Hafen", "Content-Transfer-Encoding: 8bit", charset="utf-8")
    if day.notes["offers"]["eightBit"]:
        _sent_whole(day, message, "Eight bits")
    else:
        expect(not _try(day, message, BOB)[0], "the server offers no 8BITMIME, and the mail was sent")


@SUBMITTING("send to two people")
def _(day: Day) -> None:
    message = outgoing("For two", "Words for both.")
    _send(day, message, BOB, ALICE)
    for recipient in (BOB, ALICE):
        expect(message in arrived(day, recipient, "For two"), f"other bytes arrive at {recipient}")


@SUBMITTING("send three mails at once")
def _(day: Day) -> None:
    for number in range(3):
        _send(day, outgoing(f"At once {number}", "Words."), BOB)
    for number in range(3):
        arrived(day, BOB, f"At once {number}")


@SUBMITTING("send nothing twice under one key")
def _(day: Day) -> None:
    message, key = outgoing("Once", "Words."), secrets.token_urlsafe(16)
    answers = [day.call("POST", "/api/send", data=upload(message, BOB, key=key)) for _ in range(2)]
    expect(answers[0] == answers[1], f"the answers are {answers}")
    arrived(day, BOB, "Once")
    expect(sum(b"Subject: Once\r\n" in arrival for arrival in day.arrivals.of(BOB)) == 1, "the mail came twice")


@SUBMITTING("hear of a person who is not there")
def _(day: Day) -> None:
    is_sent, answer = _try(day, outgoing("For nobody", "Words."), NOBODY)
    expect(not is_sent, "the mail was taken")
    expect(answer.startswith("422 message-refused"), answer)


@SUBMITTING("hear that a mail is too large")
def _(day: Day) -> None:
    most = day.notes["offers"]["maxBytes"]
    text = "\r\n".join(["0123456789" * 7] * (most // 70))
    is_sent, answer = _try(day, outgoing("Too large", text), BOB)
    expect(not is_sent, "the mail was taken")
    expect(answer.startswith("413"), answer)


def outgoing(subject: str, text: str, *more: str, charset: str = "us-ascii") -> bytes:
    """Return a mail of Alice to Bob. `more`: further header fields."""
    fields = [
        "From: Alice <alice@example.test>",
        "To: bob@example.test",
        f"Subject: {subject}",
        "Date: Mon, 2 Nov 2026 10:00:00 +0000",
        f"Message-ID: <{secrets.token_hex(8)}@example.test>",
        "MIME-Version: 1.0",
        f"Content-Type: text/plain; charset={charset}",
        *more,
    ]
    return "\r\n".join([*fields, "", text, ""]).encode()


def arrived(day: Day, recipient: str, subject: str) -> bytes:
    """Wait for the mail with a subject, and return it with the header fields that the server has added."""
    deadline = time.monotonic() + _ARRIVAL_SECONDS
    while time.monotonic() < deadline:
        for raw in day.arrivals.of(recipient):
            if f"Subject: {subject}\r\n".encode() in raw:
                return raw
        time.sleep(0.05)
    raise DeviationFound(f"no mail arrives at {recipient}")


def _send(day: Day, message: bytes, *recipients: str) -> Any:
    sent = day.call("POST", "/api/send", data=upload(message, *recipients))
    expect(sent["outcome"] == "sent", f"the outcome is {sent['outcome']}")
    return sent


def _sent_whole(day: Day, message: bytes, subject: str) -> None:
    _send(day, message, BOB)
    expect(message in arrived(day, BOB, subject), "other bytes arrive")


def _try(day: Day, message: bytes, *recipients: str) -> tuple[bool, str]:
    """Send a mail that should be refused. Return whether it was sent, and the text of the refusal."""
    try:
        day.call("POST", "/api/send", data=upload(message, *recipients))
    except DeviationFound as refused:
        return False, str(refused)
    return True, ""
