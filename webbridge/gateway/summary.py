"""One row of a message list, made from what IMAP's FETCH returned.

Everything here comes from strangers: a field that cannot be read is left out and the row says so, so that one odd
message does not hide the list. `protection` is a hint from the outer Content-Type header (RFC 8551 sections 3.2.2 and
3.5); only the vault gives a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from smime_core.errors import SmimeError
from smime_core.mime import Headers, Mailbox, addresses, parse_date, parse_headers
from smime_core.mime.parameters import parse_content_type
from webbridge.gateway.imap_syntax import Value, read_number

# At most 16 KB of a header. The recipients are asked for apart: a long list of them leaves the other fields whole.
HEADER_PART_BYTES = 12 * 1024
RECIPIENTS_PART_BYTES = 2 * 1024
# Header fields and not ENVELOPE: servers parse that themselves, and one message that they cannot parse hides the list.
SUMMARY_ITEMS = (
    b"(UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (FROM SUBJECT DATE CONTENT-TYPE)]<0.%d>"
    b" BODY.PEEK[HEADER.FIELDS (TO)]<0.%d>)" % (HEADER_PART_BYTES, RECIPIENTS_PART_BYTES)
)
MAX_TEXT_CHARACTERS = 1000  # of one field in a list
MAX_ADDRESSES_CHARACTERS = 2000  # of From: only its first mailbox is shown
MAX_SIZE_BYTES = 2**63 - 1

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_P7M_NAME = re.compile(r"\.p7[mz]$", re.IGNORECASE)


class Protection(StrEnum):
    """What the outer Content-Type claims."""

    SIGNED = "signed"
    SEALED = "sealed"


class HeaderProblem(StrEnum):
    """Why a row does not show all that it should; stable words for programs."""

    UNREADABLE = "header-unreadable"
    TOO_LONG = "header-too-long"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSummary:
    """What a list shows of one message. Addresses read `Name <local@domain>`, or the address alone."""

    uid: int
    sender: str = ""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    date: datetime | None = None
    size_bytes: int = 0
    seen: bool = False
    protection: Protection | None = None
    problem: HeaderProblem | None = None


def summary_from_fetch(uid: int, data: Mapping[bytes, Value]) -> MessageSummary:
    """Return the row for one message from the server's answer to `SUMMARY_ITEMS`, whatever that holds."""
    flags = data.get(b"FLAGS")
    seen = isinstance(flags, list) and any(isinstance(flag, bytes) and flag.upper() == b"\\SEEN" for flag in flags)
    size_bytes = min(read_number(data.get(b"RFC822.SIZE")) or 0, MAX_SIZE_BYTES)
    header, to = _header_parts(data)
    if header is None:
        return MessageSummary(uid=uid, size_bytes=size_bytes, seen=seen, problem=HeaderProblem.UNREADABLE)
    try:
        fields = _whole_fields(header)
        sender, is_readable = _sender(fields)
        return MessageSummary(
            uid=uid,
            sender=sender,
            recipients=_recipients(to or b""),
            subject=_one_line(fields.get("Subject") or ""),
            date=parse_date(fields.get_unfolded("Date") or ""),
            size_bytes=size_bytes,
            seen=seen,
            protection=protection_of(fields.get_unfolded("Content-Type") or ""),
            problem=HeaderProblem.TOO_LONG if _is_cut(header) else None if is_readable else HeaderProblem.UNREADABLE,
        )
    except SmimeError:
        return MessageSummary(uid=uid, size_bytes=size_bytes, seen=seen, problem=HeaderProblem.UNREADABLE)


def protection_of(content_type: str) -> Protection | None:
    """Return what an unfolded Content-Type says about the whole message."""
    parsed = parse_content_type(content_type)
    kind, parameters = parsed.media_type, parsed.parameters
    if kind == "multipart/signed":
        is_smime = parameters.get("protocol", "").lower().endswith("pkcs7-signature")
        return Protection.SIGNED if is_smime else None
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        smime_type = parameters.get("smime-type", "").lower()
        if smime_type in ("compressed-data", "certs-only"):
            return None
        return Protection.SIGNED if smime_type == "signed-data" else Protection.SEALED
    # Outlook sends encrypted mail as octet-stream with nothing but the name to tell.
    if kind == "application/octet-stream" and _P7M_NAME.search(parameters.get("name", "")):
        return Protection.SEALED
    return None


def _header_parts(data: Mapping[bytes, Value]) -> tuple[bytes | None, bytes | None]:
    """Return the fields that were asked for together, and the recipients; None for what did not come."""
    header = to = None
    for name, value in data.items():
        if name.startswith(b"BODY[HEADER.FIELDS") and isinstance(value, bytes):
            if b"SUBJECT" in name:
                header = value[:HEADER_PART_BYTES]
            else:
                to = value[:RECIPIENTS_PART_BYTES]
    return header, to


def _is_cut(part: bytes, allowed: int = HEADER_PART_BYTES) -> bool:
    return len(part) >= allowed


def _whole_fields(part: bytes) -> Headers:
    """Return the fields. Of a part that was cut the last one is left out: half an address is another address."""
    headers = parse_headers(part)
    last = headers.fields[-1:]
    if not _is_cut(part) or [field.name.lower() for field in last] == ["subject"]:
        return headers
    return Headers(headers.fields[:-1], headers.raw)


def _sender(fields: Headers) -> tuple[str, bool]:
    """Return the first mailbox of From, and whether it can be read; else the text of the field."""
    text = fields.get_unfolded("From") or ""
    found = addresses(text[:MAX_ADDRESSES_CHARACTERS])
    whole = found if len(text) <= MAX_ADDRESSES_CHARACTERS else found[:-1]
    mailbox = next((mailbox for mailbox in whole if mailbox.address), None)
    if mailbox is not None or not text:
        return "" if mailbox is None else _shown(mailbox), True
    return _one_line(fields.get("From") or ""), False


def _recipients(part: bytes) -> tuple[str, ...]:
    """Return the mailboxes of To, with a mark where some are left out; its text where no address can be read."""
    headers = parse_headers(part)
    text = headers.get_unfolded("To") or ""
    is_cut = _is_cut(part, RECIPIENTS_PART_BYTES)
    found = addresses(text)
    mailboxes = [mailbox for mailbox in (found[:-1] if is_cut else found) if mailbox.address]
    if mailboxes or not text:
        return (*map(_shown, mailboxes), *(("…",) if is_cut else ()))
    return (_one_line(headers.get("To") or ""),)


def _shown(mailbox: Mailbox) -> str:
    name, address = _one_line(mailbox.name), _one_line(mailbox.address)
    return f"{name} <{address}>" if name else address


def _one_line(text: str) -> str:
    line = _CONTROLS.sub(" ", text).strip()
    return line if len(line) <= MAX_TEXT_CHARACTERS else line[: MAX_TEXT_CHARACTERS - 1] + "…"
