"""Text and header fields that are fit for 7-bit transport (RFC 8551 section 3.1.3, RFC 1847 section 2.1).

Text is also unfit if a line begins with `From `, is a lone dot, ends with blanks or is too long (RFC 2049 section 3).
"""

from __future__ import annotations

import re
from typing import Final

from smime_core.mime.addresses import Mailbox, addresses, format_mailbox
from smime_core.mime.canonical import has_crlf_only
from smime_core.mime.encoded_words import encode_words
from smime_core.mime.headers import Field
from smime_core.mime.parameters import format_parameterised, parse_parameterised

_UNSTRUCTURED_FIELDS: Final = ("subject", "comments", "content-description")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
ADDRESS_FIELDS: Final = ("from", "sender", "reply-to", "to", "cc")
_BLOCK_BYTES: Final = 65_536
_OVERLAP_BYTES: Final = 5  # One less than the length of the longest pattern, "\nFrom ".
_MAX_LINE_LENGTH: Final = 998  # RFC 5322 section 2.1.1, without the CRLF
# Words in a row, without characters that may be syntax in an address field.
_WORDS: Final = re.compile(r"[^ \t\r\n\"(),:;<>@\[\\\]]++(?:[ \t]++[^ \t\r\n\"(),:;<>@\[\\\]]++)*")
_BLANK: Final = re.compile(r"(?<=[^ \t\r\n])[ \t](?=[^ \t\r\n])")


def is_transport_safe(octets: bytes) -> bool:
    """Whether no mail transport has a reason to alter these bytes."""
    return has_safe_lines(octets) and has_crlf_only(octets)


def has_safe_lines(octets: bytes) -> bool:
    """Whether no mail transport has a reason to alter a line of these bytes, whose line ends are not looked at.

    This holds for a text if it holds for each of its lines, so a text may be judged in pieces of whole lines.
    """
    return (
        octets.isascii()
        and b"\0" not in octets
        and not octets.startswith((b"From ", b".\r\n"))
        and not octets.endswith((b" ", b"\t", b"\n."))
        and octets != b"."
        and not _has_long_lines(octets)
        and all(_has_safe_lines(octets, start) for start in range(0, len(octets), _BLOCK_BYTES))
    )


def encode_header_field(field: Field) -> bytes:
    """The field in ASCII with its line end. A field that is fit for transport stays unchanged."""
    if is_transport_safe(field.encoded) and field.encoded.endswith(b"\r\n"):
        return field.encoded
    lines = [line.rstrip(b" \t\r") for line in field.encoded.split(b"\n")]
    stripped = b"".join(line + b"\r\n" for line in lines if line)
    if is_transport_safe(stripped):
        return stripped
    unfolded = _CONTROLS.sub(" ", field.unfolded)
    if field.name.lower() in ("content-type", "content-disposition"):
        value = format_parameterised(*parse_parameterised(unfolded))
    elif field.name.lower() in ADDRESS_FIELDS and (mailboxes := _writable_mailboxes(field)):
        value = ",\r\n ".join(map(format_mailbox, mailboxes))
    elif field.name.lower() in _UNSTRUCTURED_FIELDS:
        value = _encode_foreign(unfolded)
    else:
        value = _WORDS.sub(lambda words: _encode_foreign(words[0]), unfolded)
    if len(field.body) > _MAX_LINE_LENGTH:
        value = _BLANK.sub("\r\n ", value)
    return f"{field.name}: {value}\r\n".encode("ascii", "replace")


def _writable_mailboxes(field: Field) -> tuple[Mailbox, ...]:
    # Returns nothing if a mailbox cannot be written without loss. Then the caller encodes the words of the field one by
    # one.
    mailboxes = addresses(field.unfolded)
    return mailboxes if all(mailbox.address and mailbox.address.isascii() for mailbox in mailboxes) else ()


def _encode_foreign(words: str) -> str:
    # Encodes all words from the first to the last beyond ASCII, because blanks between encoded-words are not displayed.
    if words.isascii():
        return words
    pieces = words.split(" ")
    foreign = [index for index, piece in enumerate(pieces) if not piece.isascii()]
    start, end = foreign[0], foreign[-1] + 1
    return " ".join([*pieces[:start], encode_words(" ".join(pieces[start:end])), *pieces[end:]])


def _has_safe_lines(octets: bytes, start: int) -> bool:
    # WebAssembly finds a single byte ten times as fast as several, so a single byte of each pattern is looked for
    # first. Base64 contains none of these bytes. Blocks overlap, so that no pattern is missed at a border.
    block = octets[max(0, start - _OVERLAP_BYTES) : start + _BLOCK_BYTES]
    return not (
        (b" " in block and (b"\nFrom " in block or b" \r\n" in block))
        or (b"\t" in block and b"\t\r\n" in block)
        or (b"." in block and b"\n.\r\n" in block)
    )


def _has_long_lines(octets: bytes) -> bool:
    # Each step finds the last line end within the next 1,000 bytes, which is faster than a step for each line.
    position = 0
    while len(octets) - position > _MAX_LINE_LENGTH:
        line_feed = octets.rfind(b"\n", position, position + _MAX_LINE_LENGTH + 2)
        if line_feed < 0:
            return True
        position = line_feed + 1
    return False
