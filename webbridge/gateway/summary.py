"""One row of a message list, made from what IMAP's FETCH returned.

Everything here comes from strangers: unknown charsets, broken encoded words and absent fields are replaced, never
raised, so that one odd message does not hide the list. `protection` is a hint from the outer Content-Type header
(RFC 8551 sections 3.2.2 and 3.5); only the vault gives a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from enum import StrEnum
from typing import Any

# Header fields and not ENVELOPE: servers parse that themselves, and one message that they cannot parse hides the list.
SUMMARY_ITEMS = ("UID", "RFC822.SIZE", "FLAGS", "BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE CONTENT-TYPE)]")

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
    """Return the row for one message from imapclient's reply to `SUMMARY_ITEMS`."""
    header = next((value for key, value in data.items() if key.startswith(b"BODY[HEADER.FIELDS")), None)
    fields = BytesHeaderParser().parsebytes(header or b"")
    return MessageSummary(
        uid=uid,
        sender=next(iter(_addresses(fields, "From")), ""),
        recipients=_addresses(fields, "To"),
        subject=decode_text(_raw_field(fields, "Subject")),
        date=_date(_raw_field(fields, "Date")),
        size_bytes=int(data.get(b"RFC822.SIZE", 0)),
        seen=b"\\Seen" in data.get(b"FLAGS", ()),
        protection=protection_of(fields),
    )


def protection_of(fields: Message) -> Protection | None:
    """Return what the Content-Type header field says about the whole message."""
    kind = fields.get_content_type()
    if kind == "multipart/signed":
        protocol = _parameter(fields, "protocol")
        return Protection.SIGNED if protocol.endswith("pkcs7-signature") else None
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        smime_type = _parameter(fields, "smime-type")
        if smime_type in ("compressed-data", "certs-only"):
            return None
        return Protection.SIGNED if smime_type == "signed-data" else Protection.SEALED
    # Outlook sends encrypted mail as octet-stream with nothing but the name to tell.
    if kind == "application/octet-stream" and _P7M_NAME.search(_parameter(fields, "name")):
        return Protection.SEALED
    return None


def decode_text(text: str) -> str:
    """Return unstructured header text with its encoded words (RFC 2047) decoded, on one line."""
    try:
        parts = decode_header(text)
    except (ValueError, HeaderParseError):
        return _one_line(text)
    return _one_line("".join(_decode_part(part, charset) for part, charset in parts))


def _decode_part(part: str | bytes, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "ascii", "replace")
    except (LookupError, ValueError):
        return part.decode("ascii", "replace")


def _addresses(fields: Message, name: str) -> tuple[str, ...]:
    text = _raw_field(fields, name)
    parsed = [(decode_text(shown), _one_line(address)) for shown, address in getaddresses([text]) if address]
    if not parsed and text.strip():
        return (decode_text(text),)
    return tuple(f"{shown} <{address}>" if shown else address for shown, address in parsed)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # RFC 5322 section 3.3: "-0000" is a time in UTC from somewhere unknown.
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _raw_field(fields: Message, name: str) -> str:
    """Return the first field of a name, unfolded; 8-bit bytes are read as UTF-8 (RFC 6532), others replaced."""
    for field, value in fields.raw_items():
        if field.lower() == name.lower():
            octets = str(value).encode("utf-8", "surrogateescape")
            return re.sub(r"\r?\n(?=[ \t])", "", octets.decode("utf-8", "replace"))
    return ""


def _parameter(message: Message, name: str) -> str:
    value = message.get_param(name)
    return value.lower() if isinstance(value, str) else ""


def _one_line(text: str) -> str:
    return _CONTROLS.sub(" ", text).strip()
