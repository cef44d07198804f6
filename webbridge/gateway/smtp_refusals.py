"""Refusals of a submission server as errors of the gateway (RFC 5321 section 4.2, RFC 1870, RFC 3463)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from webbridge.gateway.door import ConnectionLost, GatewayCode, GatewayError, UnreadableAnswer, clean_text
from webbridge.gateway.smtp_wire import ENDING, Reply, SmtpWire

# RFC 3463 section 2, at the beginning of a reply's text (RFC 2034 section 4).
_ENHANCED_STATUS = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= |\Z)")
NEEDS_LOGIN: Final = 530  # RFC 4954 section 6
# The codes with which servers answer MAIL on a connection that was idle for long, or had too many messages. Such
# servers have ended the login or the TLS of the connection.
_OF_THE_CONNECTION = frozenset({ENDING, 452, 454, NEEDS_LOGIN})
_CONNECTION_STATUS: Final = b"4.4.2"  # RFC 3463 section 3.5: bad connection
# RFC 3463 section 3.4: the message is too big for the system.
TOO_BIG: Final = b"5.3.4"
_SIZE_WORDS = re.compile(
    rb"(?:message|mail) (?:size|length) exceed|(?:message|mail)[a-z ]{0,20} too (?:big|large)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The reply of a server that accepts no message for one recipient. `code` is 0 if the server was not asked."""

    address: str
    is_temporary: bool
    text: str
    code: int = 0


class Refused(GatewayError):
    """The server refused the sender or the message. `without_words` is the text for records.

    A dishonest server could repeat the password or addresses in its words, so records have only its two codes.
    """

    def __init__(self, reply: Reply, what: str, *, names_size: bool = False) -> None:
        if reply.is_passing:
            code, text = GatewayCode.BUSY, f"The mail server does not take {what} now: "
        elif _is_too_large(reply, names_size=names_size):
            code, text = GatewayCode.MESSAGE_TOO_LARGE, "The mail server takes no message of this size: "
        else:
            code, text = GatewayCode.MESSAGE_REFUSED, f"The mail server refused {what}: "
        super().__init__(code, text + words(reply))
        self.reply_code = reply.code
        self.without_words = f"{text}{reply.code} {status_of(reply).decode()}".rstrip()


class SenderRefused(Refused):
    """The server refused MAIL. `is_of_connection` says that another connection may succeed."""

    def __init__(self, reply: Reply, *, names_size: bool) -> None:
        super().__init__(reply, "the sender", names_size=names_size)
        self.is_of_connection = reply.code in _OF_THE_CONNECTION or status_of(reply) == _CONNECTION_STATUS


class RecipientsRefused(GatewayError):
    """The server refused some recipients, and so no recipient got the message."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        first, *others = refusals
        is_temporary = all(refusal.is_temporary for refusal in refusals)
        verb = "does not take the recipient {} now: {}" if is_temporary else "refused the recipient {}: {}"
        text = f"The mail server {verb.format(first.address, first.text)}"
        super().__init__(
            GatewayCode.BUSY if is_temporary else GatewayCode.MESSAGE_REFUSED,
            f"{text} (and {len(others)} more)" if others else text,
        )
        self.refusals = tuple(refusals)


def is_of_the_connection(error: GatewayError, smtp: SmtpWire) -> bool:
    """Return whether an error may be due to a kept connection. After such an error, no part of the message was sent."""
    if isinstance(error, ConnectionLost | UnreadableAnswer):
        return True
    if isinstance(error, SenderRefused) and (error.is_of_connection or smtp.wire.broken or not smtp.wire.is_quiet()):
        return True
    refusals = error.refusals if isinstance(error, RecipientsRefused) else ()
    return (isinstance(error, Refused) and error.reply_code == ENDING) or any(
        refusal.code == ENDING for refusal in refusals
    )


def words(reply: Reply) -> str:
    """Return a reply as one short line for people."""
    return f"{reply.code} {clean_text(b' '.join(reply.lines))}"


def status_of(reply: Reply) -> bytes:
    """Return the enhanced status of a reply, or nothing if it has none."""
    match = _ENHANCED_STATUS.match(reply.lines[0])
    return match[0] if match else b""


def _is_too_large(reply: Reply, *, names_size: bool) -> bool:
    """Return whether a refusal is about the size, like a bare 552 if MAIL named the size (RFC 1870 section 6)."""
    status = status_of(reply)
    if status or reply.code != 552:
        return status == TOO_BIG
    return names_size or _SIZE_WORDS.search(b" ".join(reply.lines)) is not None
