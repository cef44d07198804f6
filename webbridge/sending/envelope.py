"""The beginning of a request to send: one line of JSON with the envelope, before the bytes of the message.

The envelope is in the body, because proxies log URLs and may log header fields. Also, 500 recipients are longer than
the header fields that servers accept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import IO, Final

from sealwax.service import ServiceError, parse_first_line
from webbridge.gateway import Report
from webbridge.gateway.door import check_recipients
from webbridge.gateway.outgoing import PIECE_BYTES, OutgoingMessage
from webbridge.gateway.wire import on_error
from webbridge.sending.copies import CopyWish, read_wish

MAX_LINE_BYTES: Final = 256 * 1024  # 500 recipients of 254 letters
_RETRY_SECONDS: Final = 60  # By then, other messages are sent and have left the disk.
# The client makes a key from at least 120 random bits.
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{22,64}")

_REPORTS: Final = tuple(map(str, Report))


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The key of a message, its recipients, the wanted reports, and the wish for its copy.

    If `copy` is None, the account's choice for all messages counts.
    """

    key: str
    recipients: list[str]
    copy: CopyWish | None = None
    reports: frozenset[Report] = frozenset()


def read_upload(stream: IO[bytes], *, max_bytes: int) -> tuple[Envelope, OutgoingMessage]:
    """Return the envelope and the message of an upload, which ends with the stream. The caller closes the message.

    Raises ServiceError or GatewayError if the envelope or the message is wrong, or ServiceError if the disk is full.
    """
    line = stream.readline(MAX_LINE_BYTES)
    if not line.endswith(b"\n"):
        raise _bad_request(f"The request begins with one line of JSON of at most {MAX_LINE_BYTES} bytes.")
    envelope = _read_envelope(line)
    return envelope, read_message(stream, max_bytes=max_bytes)


def read_message(stream: IO[bytes], *, max_bytes: int) -> OutgoingMessage:
    """Return the message in the rest of a stream. The caller closes the message. Raises GatewayError."""
    message = OutgoingMessage(max_bytes=max_bytes)
    with on_error(message.close):
        for piece in iter(lambda: stream.read(PIECE_BYTES), b""):
            _keep(message, piece)
        message.finish()
    return message


def check_key(key: object) -> str:
    """Return the key of a message if its form is right. Raises ServiceError."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise _bad_request("The key of a message is 22 to 64 letters, digits, - and _.")
    return key


def _read_envelope(line: bytes) -> Envelope:
    members = parse_first_line(line)
    recipients = members.get("recipients")
    if not isinstance(recipients, list) or not all(isinstance(recipient, str) for recipient in recipients):
        raise _bad_request("The recipients are a list of addresses.")
    copy = members.get("copy")
    return Envelope(
        key=check_key(members.get("key")),
        recipients=check_recipients(recipients),
        copy=None if copy is None else read_wish(copy),
        reports=_read_reports(members.get("reports", [])),
    )


def _read_reports(value: object) -> frozenset[Report]:
    if not isinstance(value, list) or not all(report in _REPORTS for report in value):
        raise _bad_request(f"The member reports is a list of {', '.join(Report)}.")
    return frozenset(map(Report, value))


def _keep(message: OutgoingMessage, piece: bytes) -> None:
    try:
        message.write(piece)
    except OSError as error:
        text = "This server has no room for the message now. Nothing was sent. Try again later."
        raise ServiceError(503, "try-later", text, _RETRY_SECONDS) from error


def _bad_request(text: str) -> ServiceError:
    return ServiceError(400, "bad-request", text)
