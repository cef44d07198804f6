"""Build plain mail from a draft: RFC 5322, CRLF, 7-bit, ready to be signed (RFC 2045 to 2047, 2231).

Time, message id and boundary come from the caller. Header values with control characters are refused, so that no text
can become another field. Addresses beyond ASCII (RFC 6531) are refused, because 7-bit mail cannot have them.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.mail.html_text import MAX_HTML_CHARACTERS
from smime_core.mime.addresses import Mailbox, addresses, format_mailbox
from smime_core.mime.attachment import Attachment
from smime_core.mime.changes import Preparation
from smime_core.mime.dates import format_date
from smime_core.mime.encoded_words import encode_words
from smime_core.mime.filenames import clean_filename
from smime_core.mime.header_form import write_fields
from smime_core.mime.headers import parse_headers
from smime_core.mime.parameters import format_parameterised
from smime_core.mime.preparation_scan import prepare
from smime_core.mime.transfer import encode_base64, encode_quoted_printable

_LONGEST_LINE: Final = 998  # RFC 5322 section 2.1.1, in bytes without CRLF
# "=_" occurs neither in quoted-printable nor in base64 (RFC 2045 section 6.7), the encodings of all parts except 7-bit
# messages. `_build_mixed` searches attached messages for the boundary.
DEFAULT_BOUNDARY: Final = "=_sealwax_part"
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{0,68}=_[0-9A-Za-z'()+_,./:=?-]{1,60}")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # all of _CONTROLS except tab, LF and CR
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,300}@[!-;=?-~]{1,300}>")
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_LINE_LENGTH: Final = 76


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A mail as its author wrote it. Addresses are `a@example.org` or `Name <a@example.org>`, each one mailbox.

    `date` has a time zone. `message_id` and `in_reply_to` include their angle brackets; `in_reply_to` may be empty.
    `references` are the message ids of the thread, oldest first. If they are empty, the References field has only
    `in_reply_to`. `sent_by` is the person who sends the mail in the name of its author, for example of a hospital ward
    (the Sender field).

    `html` is the same text as an HTML document or a piece of one. It is sent unchanged beside `text`. With `html`,
    `text` must not be empty, because programs and people who read no HTML see only `text`.
    """

    sender: str
    to: Sequence[str]
    date: datetime.datetime
    message_id: str
    cc: Sequence[str] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    in_reply_to: str = ""
    references: Sequence[str] = ()
    sent_by: str = ""
    attachments: Sequence[Attachment] = ()


def build_mail(draft: Draft, *, boundary: str = DEFAULT_BOUNDARY) -> bytes:
    """The mail as bytes. Raises MalformedMessage, whose `where` names the field, for text that cannot be sent.

    A header cannot have control characters. HTML can have tabs and line breaks, but no other control characters. A
    draft with HTML needs a `text` too.
    """
    outer_headers, entity = build_parts(draft, boundary)
    return b"".join((outer_headers, b"MIME-Version: 1.0\r\n", entity))


def build_parts(draft: Draft, boundary: str = DEFAULT_BOUNDARY) -> tuple[bytes, bytes]:
    """Returns (fields that stay outside, entity to protect), as `mime.split_message` would for the finished mail.

    Raises the errors of `build_mail`.
    """
    fields = [
        _address_field("From", [draft.sender]),
        _address_field("Sender", [draft.sent_by] if draft.sent_by else []),
        _address_field("To", draft.to),
        _address_field("Cc", draft.cc),
        _format_subject(draft.subject),
        f"Date: {format_date(draft.date)}\r\n",
        f"Message-ID: {_check_message_id(draft.message_id, 'Message-ID')}\r\n",
    ]
    if draft.in_reply_to:
        parent = _check_message_id(draft.in_reply_to, "In-Reply-To")
        thread = [_check_message_id(reference, "References") for reference in draft.references] or [parent]
        fields += [f"In-Reply-To: {parent}\r\n", "References: {}\r\n".format("\r\n ".join(thread))]
    outer_headers = "".join(fields).encode("ascii")
    if not draft.attachments:
        return outer_headers, _build_body(draft, boundary)
    return outer_headers, b"".join(_build_mixed(draft, boundary))


def build_attachment(attachment: Attachment) -> bytes:
    """A file as a separate entity, 7-bit, ready to be signed. Raises MalformedMessage for a bad name or type.

    An attached message keeps its type only if it is 7-bit already, because RFC 2046 section 5.2.1 permits no encoding
    for it. Such a message is prepared like signed mail.
    """
    if attachment.content_type.lower() == "message/rfc822" and _is_seven_bit(attachment.data):
        head = _attachment_head(attachment, "message/rfc822", encoding="7bit")
        return prepare(head + attachment.data, Preparation.SEVEN_BIT)
    return _attachment_head(attachment, _encoded_type(attachment)) + encode_base64(attachment.data)


def find_message_ids(text: str) -> tuple[str, ...]:
    """The valid message ids in a field of a received mail, for use in a draft. Other text is left out."""
    return tuple(word for word in text.split() if _MESSAGE_ID.fullmatch(word))


def _build_mixed(draft: Draft, boundary: str) -> list[bytes]:
    _check_boundary(boundary)
    # An attached message may have parts with the same boundary. Underscores then make this boundary longer.
    while any(f"--{boundary}".encode("ascii") in attachment.data for attachment in draft.attachments):
        boundary += "_"
    delimiter = f"--{boundary}\r\n".encode("ascii")
    pieces = [_multipart_head("mixed", boundary) + b"\r\n"]
    pieces += [delimiter, _build_body(draft, boundary)]
    for attachment in draft.attachments:
        pieces += [b"\r\n", delimiter, build_attachment(attachment)]
    return [*pieces, f"\r\n--{boundary}--\r\n".encode("ascii")]


def _build_body(draft: Draft, boundary: str) -> bytes:
    if not draft.html:
        return _build_text(draft.text, "plain")
    _check_html(draft)
    _check_boundary(boundary)
    # Neither boundary begins with the other boundary, because some programs compare only the beginning of a delimiter.
    inner = f"alt{boundary}"
    parts = (_build_text(draft.text, "plain"), _build_text(draft.html, "html"))
    # RFC 2046 section 5.1.4: the richest form comes last.
    pieces = [_multipart_head("alternative", inner)]
    pieces += [f"\r\n--{inner}\r\n".encode("ascii") + part for part in parts]
    return b"".join((*pieces, f"\r\n--{inner}--\r\n".encode("ascii")))


def _multipart_head(subtype: str, boundary: str) -> bytes:
    field = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n'
    return write_fields(parse_headers(field.encode("ascii")).fields)


def _build_text(text: str, subtype: str) -> bytes:
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode("ascii") + encode_quoted_printable(text.encode("utf-8", "replace") + b"\n")


def _check_html(draft: Draft) -> None:
    if not draft.text.strip():
        raise MalformedMessage("HTML is sent only beside the same words as text, which is empty", where="text")
    if len(draft.html) > MAX_HTML_CHARACTERS:
        raise MalformedMessage(f"HTML of more than {MAX_HTML_CHARACTERS} characters", where="html")
    if _NO_TEXT.search(draft.html):
        raise MalformedMessage("the HTML has a control character or half of a surrogate pair", where="html")


def _check_boundary(boundary: str) -> None:
    if not _BOUNDARY.fullmatch(boundary):
        raise MalformedMessage('a boundary that holds "=_" is expected', where="boundary")


def _is_seven_bit(data: bytes) -> bool:
    lines = data.split(b"\r\n")
    return (
        data.isascii()
        and b"\0" not in data
        and all(len(line) <= _LONGEST_LINE and b"\r" not in line and b"\n" not in line for line in lines)
    )


def _encoded_type(attachment: Attachment) -> str:
    media_type = attachment.content_type.lower() or "application/octet-stream"
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise MalformedMessage("an attachment's type is type/subtype, without parameters", where="attachments")
    # RFC 2046 sections 5.1 and 5.2 permit no base64 for multipart and message types.
    return "application/octet-stream" if media_type.startswith(("message/", "multipart/")) else media_type


def _attachment_head(attachment: Attachment, media_type: str, *, encoding: str = "base64") -> bytes:
    _refuse_controls(attachment.filename, "attachments")
    name = clean_filename(attachment.filename)
    head = (
        f"Content-Type: {format_parameterised(media_type, {'name': name})}\r\nContent-Transfer-Encoding: {encoding}\r\n"
        f"Content-Disposition: {format_parameterised('attachment', {'filename': name})}\r\n\r\n"
    )
    return head.encode("ascii")


def _address_field(name: str, values: Sequence[str]) -> str:
    if not values:
        return ""
    mailboxes = ",\r\n ".join(format_mailbox(_parse_one(value, name)) for value in values)
    return f"{name}: {mailboxes}\r\n"


def _parse_one(value: str, where: str) -> Mailbox:
    _refuse_controls(value, where)
    mailboxes = addresses(value)
    if len(mailboxes) != 1 or not mailboxes[0].address:
        raise MalformedMessage(f"{value!r} is not one mail address", where)
    if not mailboxes[0].address.isascii():
        raise MalformedMessage(f"{value!r} has an address beyond ASCII, which cannot be mailed yet", where)
    if len(mailboxes[0].address) > 320:  # RFC 5321 section 4.5.3.1: 64 for the local part, 255 for the domain.
        raise MalformedMessage("an address of more than 320 characters", where)
    return mailboxes[0]


def _format_subject(subject: str) -> str:
    if not subject:
        return ""
    _refuse_controls(subject, "Subject")
    words = subject.split(" ")
    # ASCII is encoded too if folding would lose blanks, or if the text looks like an encoded-word.
    if not subject.isascii() or "=?" in subject or "" in words or max(map(len, words)) > 60:
        return f"Subject: {encode_words(subject)}\r\n"
    lines = [f"Subject: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > _LINE_LENGTH:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines) + "\r\n"


def _check_message_id(value: str, where: str) -> str:
    if not _MESSAGE_ID.fullmatch(value):
        raise MalformedMessage("a message id in angle brackets is expected", where)
    return value


def _refuse_controls(value: str, where: str) -> None:
    if _CONTROLS.search(value):
        raise MalformedMessage("a header value has a line break or another control character", where)
