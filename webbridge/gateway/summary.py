"""One row of a message list, made from the answer to IMAP's FETCH.

All fields come from strangers. An unreadable field is left out, and the row says so. So one damaged message does not
hide the list. `protection` is a hint from the outer Content-Type header (RFC 8551 sections 3.2.2 and 3.5). Only the
vault gives a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from smime_core.errors import SmimeError
from smime_core.mime import Headers, Mailbox, addresses, is_read_alike, parse_content_type, parse_date, parse_headers
from smime_core.text import write_proved, write_unread
from webbridge.gateway.imap_fetch import flags_of
from webbridge.gateway.imap_syntax import Value, read_number

# The most bytes that are requested of a header. The recipients are requested separately, so that a long list of
# recipients does not cut off other fields.
HEADER_PART_BYTES = 12 * 1024
RECIPIENTS_PART_BYTES = 2 * 1024
# Header fields are requested instead of ENVELOPE, because a server has to parse the message for ENVELOPE. One message
# that it cannot parse would hide the list.
SUMMARY_ITEMS = (
    b"(UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (FROM SUBJECT DATE CONTENT-TYPE)]<0.%d>"
    b" BODY.PEEK[HEADER.FIELDS (TO)]<0.%d>)" % (HEADER_PART_BYTES, RECIPIENTS_PART_BYTES)
)
MAX_TEXT_CHARACTERS = 1000  # The longest text in one field of a row.
MAX_ADDRESSES_CHARACTERS = 2000  # Only this much of From is parsed, because only its first mailbox is shown.
MAX_SIZE_BYTES = 2**63 - 1
SEEN = ("\\Seen",)

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_PGP_MIME = {
    ("multipart/encrypted", "application/pgp-encrypted"),
    ("multipart/signed", "application/pgp-signature"),
}
_P7M_NAME = re.compile(r"\.p7[mz]$", re.IGNORECASE)


class Protection(StrEnum):
    """The protection that the outer Content-Type claims."""

    SIGNED = "signed"
    ENCRYPTED = "sealed"  # The word of the bridge's API.


class HeaderProblem(StrEnum):
    """The reasons for which a row lacks a field, as stable words for programs."""

    UNREADABLE = "header-unreadable"
    TOO_LONG = "header-too-long"
    SENDER_UNCLEAR = "sender-unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSummary:
    """The row of one message in a list.

    `sender` and `recipients` are texts for people: `Name <local@domain>`, or only the address. If no address of a field
    is readable, the text is the first name in the field, or "?" if that name looks like an address. `author` is the
    sender as a mailbox, or None.
    """

    uid: int
    sender: str = ""
    recipients: tuple[str, ...] = ()
    author: Mailbox | None = None
    subject: str = ""
    date: datetime | None = None
    size_bytes: int = 0
    flags: tuple[str, ...] = ()
    """The flags as the server spells them. Letters of system flags may have any case."""
    protection: Protection | None = None
    openpgp: bool = False
    problem: HeaderProblem | None = None

    @property
    def seen(self) -> bool:
        """Whether the message has been opened."""
        return any(flag.upper() == "\\SEEN" for flag in self.flags)


def summary_from_fetch(uid: int, data: Mapping[bytes, Value]) -> MessageSummary:
    """Return the row for one message from the server's answer to `SUMMARY_ITEMS`."""
    header, to = _header_parts(data)
    return _summary(uid, read_number(data.get(b"RFC822.SIZE")) or 0, header, to, flags=flags_of(data))


def summary_from_header(uid: int, header: bytes | None, *, size_bytes: int) -> MessageSummary:
    """Return the row for one message of a server without flags. `header` is the whole header, or None if unknown."""
    if header is None:
        return _summary(uid, size_bytes, None, None, flags=SEEN)
    shown = _fields_named(header, (b"from", b"subject", b"date", b"content-type"))[:HEADER_PART_BYTES]
    to = _fields_named(header, (b"to",))[:RECIPIENTS_PART_BYTES]
    return _summary(uid, size_bytes, shown, to, flags=SEEN)


def _fields_named(header: bytes, names: Sequence[bytes]) -> bytes:
    """Return the lines of the fields with these names."""
    lines: list[bytes] = []
    is_kept = False
    for line in _LINE.findall(header):
        if not line.startswith((b" ", b"\t")):
            is_kept = line.partition(b":")[0].strip().lower() in names
        if is_kept:
            lines.append(line)
    return b"".join(lines)


def _summary(
    uid: int, size_bytes: int, header: bytes | None, to: bytes | None, *, flags: tuple[str, ...]
) -> MessageSummary:
    size_bytes = min(size_bytes, MAX_SIZE_BYTES)
    unreadable = MessageSummary(uid=uid, size_bytes=size_bytes, flags=flags, problem=HeaderProblem.UNREADABLE)
    if header is None:
        return unreadable
    try:
        fields = _whole_fields(header)
        sender, author, is_readable = _sender(fields)
        return replace(
            unreadable,
            sender=sender,
            author=author,
            recipients=_recipients(to or b""),
            subject=_one_line(fields.get("Subject") or ""),
            date=parse_date(fields.get_unfolded("Date") or ""),
            protection=protection_of(fields.get_unfolded("Content-Type") or ""),
            openpgp=is_openpgp(fields.get_unfolded("Content-Type") or ""),
            problem=_problem(header, fields, is_readable=is_readable),
        )
    except SmimeError:
        return unreadable


def _problem(header: bytes, fields: Headers, *, is_readable: bool) -> HeaderProblem | None:
    if _is_cut(header):
        return HeaderProblem.TOO_LONG
    if not is_readable:
        return HeaderProblem.UNREADABLE
    return None if is_read_alike(fields) else HeaderProblem.SENDER_UNCLEAR


def protection_of(content_type: str) -> Protection | None:
    """Return the protection that an unfolded Content-Type claims for the whole message."""
    parsed = parse_content_type(content_type)
    kind, parameters = parsed.media_type, parsed.parameters
    if kind == "multipart/signed":
        is_smime = parameters.get("protocol", "").lower().endswith("pkcs7-signature")
        return Protection.SIGNED if is_smime else None
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        smime_type = parameters.get("smime-type", "").lower()
        if smime_type in ("compressed-data", "certs-only"):
            return None
        return Protection.SIGNED if smime_type == "signed-data" else Protection.ENCRYPTED
    # Outlook sends some encrypted mail as octet-stream. Then only the file's name shows that it is encrypted.
    if kind == "application/octet-stream" and _P7M_NAME.search(parameters.get("name", "")):
        return Protection.ENCRYPTED
    return None


def is_openpgp(content_type: str) -> bool:
    """Return whether an unfolded Content-Type is for PGP/MIME (RFC 3156), which the pages name but do not read."""
    parsed = parse_content_type(content_type)
    protocol = parsed.parameters.get("protocol", "").lower()
    return (parsed.media_type, protocol) in _PGP_MIME


def _header_parts(data: Mapping[bytes, Value]) -> tuple[bytes | None, bytes | None]:
    """Return the header fields and, requested separately, the recipients. A missing part is None."""
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
    """Return the fields. If the part was cut, the last field is left out, because its address may be cut."""
    headers = parse_headers(part)
    last = headers.fields[-1:]
    if not _is_cut(part) or [field.name.lower() for field in last] == ["subject"]:
        return headers
    return Headers(headers.fields[:-1], headers.raw)


def _sender(fields: Headers) -> tuple[str, Mailbox | None, bool]:
    """Return the first readable mailbox of From, as text and parsed, and whether the field is readable."""
    text = fields.get_unfolded("From") or ""
    mailboxes = addresses(text[:MAX_ADDRESSES_CHARACTERS])
    whole = mailboxes if len(text) <= MAX_ADDRESSES_CHARACTERS else mailboxes[:-1]
    mailbox = next((_shown(mailbox) for mailbox in whole if mailbox.address), None)
    if mailbox is not None or not text:
        return "" if mailbox is None else _text_of(mailbox), mailbox, True
    return _unread(mailboxes), None, False


def _recipients(part: bytes) -> tuple[str, ...]:
    """Return the texts of To's mailboxes, with a mark if some are left out.

    If no address is readable, return a name.
    """
    headers = parse_headers(part)
    text = headers.get_unfolded("To") or ""
    is_cut = _is_cut(part, RECIPIENTS_PART_BYTES)
    addressees = addresses(text)
    mailboxes = [_shown(mailbox) for mailbox in (addressees[:-1] if is_cut else addressees) if mailbox.address]
    if mailboxes or not text:
        return (*map(_text_of, mailboxes), *(("…",) if is_cut else ()))
    return (_unread(addressees),)


def _unread(mailboxes: Sequence[Mailbox]) -> str:
    """Return a text for mailboxes without a readable address. The text never looks like an address."""
    return write_unread(mailboxes[0].name if mailboxes else "")


def _shown(mailbox: Mailbox) -> Mailbox:
    return Mailbox(_one_line(mailbox.name), _one_line(mailbox.address))


def _text_of(mailbox: Mailbox) -> str:
    return write_proved(mailbox.name, mailbox.address)


def _one_line(text: str) -> str:
    line = _CONTROLS.sub(" ", text).strip()
    return line if len(line) <= MAX_TEXT_CHARACTERS else line[: MAX_TEXT_CHARACTERS - 1] + "…"
