"""One row of a message list, made from what IMAP's FETCH returned.

Everything here comes from strangers: unknown charsets, broken encoded words and absent fields are replaced, never
raised, so that one odd message does not hide the list. `protection` is a hint from the outer Content-Type header
(RFC 8551 sections 3.2.2 and 3.5); only the vault gives a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from enum import StrEnum
from typing import Any

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_P7M_NAME = re.compile(r"\.p7[mz]$", re.IGNORECASE)


class Protection(StrEnum):
    """What the outer Content-Type claims."""

    SIGNED = "signed"
    SEALED = "sealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSummary:
    """What a list shows of one message. Addresses read `Name <local@domain>`, or the address alone."""

    uid: int
    sender: str
    recipients: tuple[str, ...]
    subject: str
    date: datetime | None
    size_bytes: int
    seen: bool
    protection: Protection | None


def summary_from_fetch(uid: int, data: Mapping[bytes, Any]) -> MessageSummary:
    """Return the row for one message from imapclient's reply to the items that `imap` asks for."""
    envelope = data[b"ENVELOPE"]
    header = next((value for key, value in data.items() if key.startswith(b"BODY[HEADER.FIELDS")), b"")
    return MessageSummary(
        uid=uid,
        sender=next(iter(_addresses(envelope.from_)), ""),
        recipients=_addresses(envelope.to),
        subject=decode_text(envelope.subject),
        date=envelope.date if isinstance(envelope.date, datetime) else None,
        size_bytes=int(data.get(b"RFC822.SIZE", 0)),
        seen=b"\\Seen" in data.get(b"FLAGS", ()),
        protection=protection_of(header or b""),
    )


def protection_of(header: bytes) -> Protection | None:
    """Return what a Content-Type header field says about the whole message."""
    parsed = BytesHeaderParser().parsebytes(header)
    kind = parsed.get_content_type()
    if kind == "multipart/signed":
        protocol = _parameter(parsed, "protocol")
        return Protection.SIGNED if protocol.endswith("pkcs7-signature") else None
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        smime_type = _parameter(parsed, "smime-type")
        if smime_type in ("compressed-data", "certs-only"):
            return None
        return Protection.SIGNED if smime_type == "signed-data" else Protection.SEALED
    # Outlook sends encrypted mail as octet-stream with nothing but the name to tell.
    if kind == "application/octet-stream" and _P7M_NAME.search(_parameter(parsed, "name")):
        return Protection.SEALED
    return None


def decode_text(value: bytes | None) -> str:
    """Return unstructured header text with its encoded words (RFC 2047) decoded, on one line."""
    if value is None:
        return ""
    text = value.decode("utf-8", "replace")
    try:
        parts = decode_header(text)
    except ValueError:  # binascii.Error and HeaderParseError are among them
        return _one_line(text)
    return _one_line("".join(_decode_part(part, charset) for part, charset in parts))


def _decode_part(part: str | bytes, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "ascii", "replace")
    except (LookupError, ValueError):
        return part.decode("ascii", "replace")


def _addresses(addresses: Sequence[Any] | None) -> tuple[str, ...]:
    return tuple(_address(address) for address in addresses or () if address.mailbox and address.host)


def _address(address: Any) -> str:
    spec = _one_line(f"{address.mailbox.decode('utf-8', 'replace')}@{address.host.decode('utf-8', 'replace')}")
    name = decode_text(address.name)
    return f"{name} <{spec}>" if name else spec


def _parameter(message: Message, name: str) -> str:
    value = message.get_param(name)
    return value.lower() if isinstance(value, str) else ""


def _one_line(text: str) -> str:
    return _CONTROLS.sub(" ", text).strip()
