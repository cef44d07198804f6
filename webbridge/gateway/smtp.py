"""Submission of one message by SMTP (RFC 6409, RFC 5321), to all of its recipients or to none.

A server accepts a message only with its reply to the line that ends the message (RFC 5321 section 4.1.1.4). So an error
before that line means that no recipient got the message. After that line only the reply shows whether the message was
sent: without a reply it was perhaps sent.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

from webbridge.gateway.door import (
    Credentials,
    GatewayCode,
    GatewayError,
    check_address,
    check_message,
    check_recipients,
    clean_text,
)
from webbridge.gateway.smtp_wire import Reply, SmtpWire
from webbridge.gateway.wire import CallDeadline

QUIT_SECONDS = 1.0
MAX_COMMAND_BYTES = 500  # RFC 5321 section 4.5.3.1.4: 512 with the line end
_LINE_WITH_DOT = re.compile(rb"^\.", re.MULTILINE)


class Outcome(StrEnum):
    """The outcome of a submission, as stable words for programs. A refused message raises a GatewayError instead."""

    SENT = "sent"
    PERHAPS = "perhaps"
    """The server received the whole message and did not confirm it."""


def submit_message(credentials: Credentials, message: bytes, recipients: list[str], max_bytes: int) -> Outcome:
    """Pass the bytes to the submission server unchanged.

    SMTP ends every message with CR LF (RFC 5321 section 4.1.1.4), so a message without a last CR LF gets one.

    Raises GatewayError, and then no recipient got the message: BUSY if it may succeed later, MESSAGE_REFUSED,
    MISCONFIGURED, also for a refused password, UNREACHABLE, UNREADABLE, BAD_ARGUMENT or MESSAGE_TOO_LARGE.
    """
    check_message(message, max_bytes)
    checked = check_recipients(recipients)
    sender = check_address(credentials.account.address)
    with _connection(credentials) as smtp:
        _open_transaction(smtp, sender, checked, message)
        _transfer(smtp, message)
        return _finish(smtp, credentials.account.server.timeout_seconds)


@contextmanager
def _connection(credentials: Credentials) -> Iterator[SmtpWire]:
    server = credentials.account.server
    smtp = SmtpWire.connect(server, CallDeadline(server.timeout_seconds))
    try:
        _log_in(smtp, credentials)
        yield smtp
        if not smtp.wire.broken:
            smtp.wire.deadline = CallDeadline(QUIT_SECONDS)
            with suppress(GatewayError):
                smtp.command(b"QUIT")
    finally:
        smtp.wire.close()


def _log_in(smtp: SmtpWire, credentials: Credentials) -> None:
    # PLAIN is UTF-8 (RFC 4616 section 2).
    response = b64encode(f"\0{credentials.account.login}\0{credentials.password}".encode())
    command = b"AUTH PLAIN " + response
    if len(command) > MAX_COMMAND_BYTES:
        reply = smtp.command(b"AUTH PLAIN")
        if reply.code == 334:
            reply = smtp.command(response)
    else:
        reply = smtp.command(command)
    # RFC 4954 section 6. The server's own words are not passed on, because they could repeat the password.
    if reply.code == 235:
        return
    if reply.code == 535:
        # The mailbox has accepted the password. So this server knows other passwords, or the password is new.
        text = (
            "The server for outgoing mail does not accept the password of your mailbox. If you have changed it, sign in"
            " again. Otherwise tell your administrator."
        )
        raise GatewayError(GatewayCode.MISCONFIGURED, text)
    if reply.is_passing:
        raise GatewayError(
            GatewayCode.BUSY, f"The server for outgoing mail accepts no login now ({reply.code}). Try again later."
        )
    text = f"The server for outgoing mail refused to sign you in ({reply.code}). Tell your administrator."
    raise GatewayError(GatewayCode.MISCONFIGURED, text)


def _open_transaction(smtp: SmtpWire, sender: str, recipients: list[str], message: bytes) -> None:
    """Name sender and recipients. A refused recipient ends the transaction for all."""
    options = [f"SIZE={len(message)}"] if smtp.offers("size") else []
    if not message.isascii():
        if not smtp.offers("8bitmime"):
            raise GatewayError(GatewayCode.MESSAGE_REFUSED, "The server for outgoing mail takes only 7-bit messages.")
        options.append("BODY=8BITMIME")
    _check_accepted(smtp.command(" ".join([f"MAIL FROM:<{sender}>", *options]).encode()), "the sender")
    for recipient in recipients:
        _check_accepted(smtp.command(f"RCPT TO:<{recipient}>".encode()), f"the recipient {recipient}")


def _transfer(smtp: SmtpWire, message: bytes) -> None:
    """Send the message without the line that ends it."""
    smtp.wire.deadline.extend_for(len(message))
    reply = smtp.command(b"DATA")
    if reply.code != 354:
        raise _refusal(reply, "the message")
    # Lines end only in CR LF (`check_message`), so each dot after an LF is at the beginning of a line.
    smtp.wire.send(_LINE_WITH_DOT.sub(b"..", message))
    if not message.endswith(b"\r\n"):
        smtp.wire.send(b"\r\n")
    # A reply that has come already would be taken for the reply to the message.
    smtp.check_quiet()


def _finish(smtp: SmtpWire, seconds: float) -> Outcome:
    """Send the line that ends the message, and return the outcome by the server's reply."""
    # Servers scan a message for long (RFC 5321 section 4.5.3.2.6), so their answer has a deadline of its own.
    smtp.wire.deadline = CallDeadline(seconds)
    try:
        smtp.wire.send(b".\r\n")
        reply = smtp.read_reply()
    except GatewayError:
        return Outcome.PERHAPS
    if reply.is_accepted:
        return Outcome.SENT
    if 300 <= reply.code < 400:  # Such a code is no answer to the end of a message.
        return Outcome.PERHAPS
    raise _refusal(reply, "the message")


def _check_accepted(reply: Reply, what: str) -> None:
    """Raise the error of a reply that is not 2xx. The caller then closes the connection, which ends the transaction."""
    if not reply.is_accepted:
        raise _refusal(reply, what)


def _refusal(reply: Reply, what: str) -> GatewayError:
    text = clean_text(b" ".join(reply.lines))
    if reply.is_passing:
        return GatewayError(GatewayCode.BUSY, f"The mail server does not take {what} now: {reply.code} {text}")
    return GatewayError(GatewayCode.MESSAGE_REFUSED, f"The mail server refused {what}: {reply.code} {text}")
