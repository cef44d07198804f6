"""Submission of one message with SMTP (RFC 6409, RFC 5321), to all of its recipients or to none.

A server accepts a message only with its reply to the line that ends the message (RFC 5321 section 4.1.1.4). So after an
error before that line, no recipient has got the message. After that line, only the reply shows whether the message was
sent. Without a reply, it was perhaps sent.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from webbridge.gateway.door import (
    ConnectionLost,
    Credentials,
    GatewayCode,
    GatewayError,
    MailServer,
    Secret,
    ServerTooSlow,
    UnreadableAnswer,
    check_address,
    check_recipients,
    clean_text,
)
from webbridge.gateway.failures import login_code
from webbridge.gateway.outgoing import OutgoingMessage
from webbridge.gateway.sasl import Exchange, MechanismRefused, log_in_by, with_mechanisms_left
from webbridge.gateway.smtp_refusals import (
    NEEDS_LOGIN,
    TOO_BIG,
    RecipientsRefused,
    Refusal,
    Refused,
    SenderRefused,
    is_of_the_connection,
    status_of,
    words,
)
from webbridge.gateway.smtp_wire import Reply, SmtpWire
from webbridge.gateway.wire import CallDeadline, on_error

MAX_COMMAND_BYTES = 500  # RFC 5321 section 4.5.3.1.4: 512 with the line end
MAX_LINE_BYTES = 998  # RFC 5321 section 4.5.3.1.6: 1000 with the line end
MAX_SIZE_DIGITS = 20  # RFC 1870 section 3
# RFC 4954 section 6, RFC 5321 section 4.2.4: the server does not know the command or the mechanism, or the mechanism is
# too weak.
_OF_THE_MECHANISM = frozenset({500, 501, 502, 503, 504, 534})


class Outcome(StrEnum):
    """The outcome of a submission, as stable words for programs. A refusal raises a GatewayError instead."""

    SENT = "sent"
    PERHAPS = "perhaps"
    """The server may have received the whole message, but did not confirm it."""


class Report(StrEnum):
    """An event that the mail servers report to the sender (RFC 3461 section 4.1), as stable words for programs."""

    SUCCESS = "success"
    FAILURE = "failure"
    DELAY = "delay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """The abilities of a submission server. `max_bytes` is None if it names no limit."""

    max_bytes: int | None
    eight_bit: bool
    utf8: bool
    reports: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """Takes and keeps a person's connections that are logged in and ready for a message. By default there are none."""

    take: Callable[[], SmtpWire | None] = lambda: None
    keep: Callable[[SmtpWire], None] = SmtpWire.leave


NEW_CONNECTIONS: Final = Connections()


def submit_message(
    credentials: Credentials,
    message: OutgoingMessage,
    recipients: list[str],
    *,
    reports: Collection[Report] = (),
    before_last_line: Callable[[], None] = lambda: None,
    connections: Connections = NEW_CONNECTIONS,
) -> Outcome:
    """Pass the bytes to the submission server unchanged.

    SMTP ends every message with CR LF (RFC 5321 section 4.1.1.4), so a message without a last CR LF gets one.
    The mail servers report the events in `reports` to the sender. If it is empty, each server follows its default.
    `before_last_line` is called when the server has everything except the line that ends the message. If this call
    raises an error, no recipient gets the message. `connections` may have a connection that an earlier message has left
    open. Raises GatewayError if no recipient got the message. The code is BUSY if a later try may succeed,
    MESSAGE_REFUSED, MISCONFIGURED (also for a refused password), UNREACHABLE, UNREADABLE, BAD_ARGUMENT,
    MESSAGE_TOO_LARGE, or NOT_OFFERED for reports.
    """
    checked = check_recipients(recipients)
    if message.longest_line_bytes > MAX_LINE_BYTES:
        text = (
            f"The message has a line of {message.longest_line_bytes} bytes. Mail servers take at most {MAX_LINE_BYTES}."
        )
        raise GatewayError(GatewayCode.BAD_ARGUMENT, text)
    sender = check_address(credentials.account.address)
    smtp = _begin(credentials, connections, lambda smtp: _open_transaction(smtp, sender, checked, message, reports))
    with on_error(smtp.wire.close):
        _transfer(smtp, message)
        before_last_line()
        outcome = _finish(smtp, credentials.account.server.timeout_seconds)
    if outcome is Outcome.SENT:
        connections.keep(smtp)
    else:
        smtp.leave()
    return outcome


def ask_offers(server: MailServer) -> Offers:
    """Return the abilities that the submission server announces. Raises GatewayError."""
    smtp = SmtpWire.connect(server, CallDeadline(server.timeout_seconds))
    offers = Offers(
        max_bytes=_max_bytes(smtp),
        eight_bit=smtp.offers("8bitmime"),
        utf8=smtp.offers("smtputf8"),
        reports=smtp.offers("dsn"),
    )
    smtp.leave()
    return offers


def _begin(credentials: Credentials, connections: Connections, opening: Callable[[SmtpWire], None]) -> SmtpWire:
    """Return a connection with an open transaction. If a kept connection is unusable, a new one is tried once."""
    connection = connections.take()
    if connection is not None:
        connection.wire.deadline = CallDeadline(credentials.account.server.timeout_seconds)
        try:
            opening(connection)
        except GatewayError as error:
            is_useless = is_of_the_connection(error, connection)
            connection.wire.close()
            if not is_useless:
                raise
        else:
            return connection
    smtp = _log_in_anew(credentials)
    with on_error(smtp.wire.close):
        opening(smtp)
    return smtp


def _log_in_anew(credentials: Credentials) -> SmtpWire:
    server = credentials.account.server
    deadline = CallDeadline(server.timeout_seconds)

    def connect(refused: set[str]) -> SmtpWire:
        smtp = SmtpWire.connect(server, deadline)
        with on_error(smtp.wire.close):
            _log_in(smtp, credentials, refused)
        return smtp

    return with_mechanisms_left(connect)


def _log_in(smtp: SmtpWire, credentials: Credentials, refused: set[str]) -> None:
    """Log in with a mechanism that the server offers. A server without mechanisms trusts the bridge's IP address."""
    offered = smtp.mechanisms()
    reason = log_in_by(
        offered,
        credentials,
        credentials.account.server.smtp,
        lambda exchange: _authenticate(smtp, exchange, credentials),
        refused=refused,
    )
    if reason is None or not offered:
        return
    if isinstance(reason, MechanismRefused):
        raise reason
    named = clean_text(" ".join(sorted(offered)))
    text = f"The server for outgoing mail offers no known way to sign in ({named}). Tell your administrator."
    raise GatewayError(GatewayCode.MISCONFIGURED, text)


def _authenticate(smtp: SmtpWire, exchange: Exchange, credentials: Credentials) -> None:
    """Log in with one mechanism. A short first message is part of the command (RFC 4954 section 4)."""
    command = f"AUTH {exchange.mechanism.value}".encode()
    first = None if exchange.first is None else b64encode(exchange.first)
    is_short = first is not None and len(command) + len(first) + 1 <= MAX_COMMAND_BYTES
    reply = smtp.command(command + b" " + first if first is not None and is_short else command)
    if first is not None and not is_short and reply.code == 334:
        reply = smtp.command(first)
    while reply.code == 334:
        reply = smtp.command(exchange.answer_line(reply.lines[-1]))
    if reply.code != 235:
        raise _login_refusal(reply, credentials)


def _login_refusal(reply: Reply, credentials: Credentials) -> GatewayError:
    # RFC 4954 section 6. The server's own words are not passed on, because they could repeat the password.
    is_of_the_mechanism = reply.code in _OF_THE_MECHANISM
    text = b" ".join(reply.lines).decode("utf-8", "replace")
    says_later = not is_of_the_mechanism and login_code("AUTHENTICATIONFAILED", text) is GatewayCode.BUSY
    if reply.is_passing or says_later:
        return GatewayError(
            GatewayCode.BUSY, f"The server for outgoing mail accepts no login now ({reply.code}). Try again later."
        )
    if reply.code == 535:
        # The mailbox's server accepted the password before. So this server has other passwords, or the password has
        # changed.
        is_token = credentials.kind is Secret.TOKEN
        text = (
            f"The server for outgoing mail does not accept the {credentials.kind.value} of your mailbox."
            f" {'It may have expired: sign in' if is_token else 'If you have changed it, sign in'} again."
            " Otherwise tell your administrator."
        )
        return GatewayError(GatewayCode.MISCONFIGURED, text)
    text = f"The server for outgoing mail refused to sign you in ({reply.code}). Tell your administrator."
    return MechanismRefused(text) if is_of_the_mechanism else GatewayError(GatewayCode.MISCONFIGURED, text)


def _open_transaction(
    smtp: SmtpWire, sender: str, recipients: list[str], message: OutgoingMessage, reports: Collection[Report]
) -> None:
    """Name sender and recipients, and announce the message. If a recipient is refused, nobody gets the message."""
    _check_size(smtp, message)
    _check_letters(smtp, recipients)
    if reports and not smtp.offers("dsn"):
        text = "The server for outgoing mail gives no reports of delivery. Send the message without asking for them."
        raise GatewayError(GatewayCode.NOT_OFFERED, text)
    options = [*_mail_options(smtp, message, recipients), *(["RET=HDRS"] if reports else [])]
    mail = " ".join([f"MAIL FROM:<{sender}>", *options]).encode()
    notify = f" NOTIFY={','.join(report.upper() for report in Report if report in reports)}" if reports else ""
    rcpts = [f"RCPT TO:<{recipient}>{notify}".encode() for recipient in recipients]
    of_sender, *of_recipients = smtp.commands([mail, *rcpts])
    if of_sender.code == NEEDS_LOGIN and not smtp.mechanisms():
        text = "The server for outgoing mail wants a login, and offers no way to sign in. Tell your administrator."
        raise GatewayError(GatewayCode.MISCONFIGURED, text)
    if not of_sender.is_accepted:
        raise SenderRefused(of_sender, names_size=smtp.offers("size"))
    for reply in of_recipients:
        if status_of(reply) == TOO_BIG:
            raise Refused(reply, "the message")
    refusals = [
        Refusal(address=recipient, is_temporary=reply.is_passing, text=words(reply), code=reply.code)
        for recipient, reply in zip(recipients, of_recipients, strict=True)
        if not reply.is_accepted
    ]
    # After an error the connection is closed, which ends the transaction.
    if refusals:
        raise RecipientsRefused(refusals)
    smtp.wire.deadline.extend_for(message.size_bytes)
    reply = smtp.command(b"DATA")
    if reply.code != 354:
        raise Refused(reply, "the message")


def _check_size(smtp: SmtpWire, message: OutgoingMessage) -> None:
    """Raise GatewayError if the server has said that it accepts no message of this size (RFC 1870 section 3)."""
    most = _max_bytes(smtp)
    if most is not None and most < message.size_bytes:
        text = f"The message has {message.size_bytes} bytes. The server for outgoing mail takes at most {most}."
        raise GatewayError(GatewayCode.MESSAGE_TOO_LARGE, text)


def _max_bytes(smtp: SmtpWire) -> int | None:
    most = smtp.parameters("size")
    if not (most.isascii() and most.isdigit()) or len(most) > MAX_SIZE_DIGITS:
        return None
    return int(most) or None


def _check_letters(smtp: SmtpWire, recipients: list[str]) -> None:
    """Raise GatewayError for addresses beyond ASCII if the server does not accept them (RFC 6531 section 3.2)."""
    if smtp.offers("smtputf8"):
        return
    text = "the server for outgoing mail takes only addresses in ASCII"
    refusals = [
        Refusal(address=recipient, is_temporary=False, text=text) for recipient in recipients if not recipient.isascii()
    ]
    if refusals:
        raise RecipientsRefused(refusals)


def _mail_options(smtp: SmtpWire, message: OutgoingMessage, recipients: list[str]) -> list[str]:
    """Return the parameters of MAIL (RFC 1870, RFC 6152, RFC 6531). Raises GatewayError if one is not offered."""
    options = [f"SIZE={message.size_bytes}"] if smtp.offers("size") else []
    if not message.is_ascii:
        if not smtp.offers("8bitmime"):
            raise GatewayError(GatewayCode.MESSAGE_REFUSED, "The server for outgoing mail takes only 7-bit messages.")
        options.append("BODY=8BITMIME")
    if not message.header.isascii() and not smtp.offers("smtputf8"):
        text = "The server for outgoing mail takes no header fields with letters beyond ASCII."
        raise GatewayError(GatewayCode.MESSAGE_REFUSED, text)
    if not (message.header.isascii() and all(map(str.isascii, recipients))):
        options.append("SMTPUTF8")
    return options


def _transfer(smtp: SmtpWire, message: OutgoingMessage) -> None:
    """Send the message without the line that ends it."""
    try:
        _send_lines(smtp, message)
        # A reply that has come too early would be taken for the reply to the message.
        smtp.wire.check_quiet()
    except (ConnectionLost, ServerTooSlow, UnreadableAnswer):
        # RFC 5321 section 3.8: a server may say 421 at any time, and close the connection. Servers also send other
        # refusals early.
        early = smtp.last_words()
        if early is not None and early.code >= 400:
            raise Refused(early, "the message") from None
        raise


def _send_lines(smtp: SmtpWire, message: OutgoingMessage) -> None:
    is_line_start = True
    for piece in message.pieces():
        # Lines end only in CR LF, so each dot after an LF is at the beginning of a line.
        stuffed = piece.replace(b"\n.", b"\n..")
        smtp.wire.check_quiet()
        smtp.wire.send(b"." + stuffed if is_line_start and piece.startswith(b".") else stuffed)
        is_line_start = piece.endswith(b"\n")
    if not message.ends_with_line:
        smtp.wire.send(b"\r\n")


def _finish(smtp: SmtpWire, seconds: float) -> Outcome:
    """Send the line that ends the message, and return the outcome that the server's reply shows."""
    # Servers may scan a message for a long time (RFC 5321 section 4.5.3.2.6), so their reply has a new deadline.
    smtp.wire.deadline = CallDeadline(seconds)
    try:
        smtp.wire.send(b".\r\n")
        reply = smtp.read_reply()
    except GatewayError:
        return Outcome.PERHAPS
    # RFC 5321 section 4.3.2: after the end of a message only 250 says that it was accepted. Other codes below 400 do
    # not fit this line.
    if reply.code == 250:
        return Outcome.SENT
    if reply.code < 400:
        return Outcome.PERHAPS
    raise Refused(reply, "the message")
