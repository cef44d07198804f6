"""Make entities fit for 7-bit transport before they are signed (RFC 8551 section 3.1.3, RFC 1847 section 2.1).

A part is also encoded if a line begins with `From `, is a lone dot, ends with blanks or is too long (RFC 2049 section
3). Other parts stay unchanged. A multipart/signed inside is never changed, because that would break its signature.
"""

from __future__ import annotations

import re
from typing import Final

from smime_core.limits import MAX_MIME_DEPTH, check_limit
from smime_core.mime.addresses import Mailbox, addresses, format_mailbox
from smime_core.mime.canonical import EMBEDDED_MESSAGES, has_crlf_only, has_parts
from smime_core.mime.encoded_words import encode_words
from smime_core.mime.entity import Entity, decode_body, parse_entity
from smime_core.mime.headers import Field
from smime_core.mime.multipart import find_parts
from smime_core.mime.parameters import format_parameterised, parse_parameterised
from smime_core.mime.transfer import encode_base64, encode_quoted_printable

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
    return (
        octets.isascii()
        and b"\0" not in octets
        and not octets.startswith((b"From ", b".\r\n"))
        and not octets.endswith((b" ", b"\t", b"\n."))
        and octets != b"."
        and not _has_long_lines(octets)
        and all(_has_safe_lines(octets, start) for start in range(0, len(octets), _BLOCK_BYTES))
        and has_crlf_only(octets)
    )


def make_seven_bit(entity_bytes: bytes) -> bytes:
    """The entity, with those parts encoded that transport might alter. It must be canonical. Raises LimitExceeded."""
    return _make_seven_bit(entity_bytes, 0)


def _make_seven_bit(encoded: bytes, depth: int) -> bytes:
    check_limit("MIME depth", depth, MAX_MIME_DEPTH)
    if is_transport_safe(encoded):
        return encoded
    entity = parse_entity(encoded)
    if entity.content_type.media_type == "multipart/signed":
        return encoded
    if has_parts(entity):
        return _head(entity, transfer_encoding=None) + _encode_parts(entity, depth)
    if entity.content_type.media_type in EMBEDDED_MESSAGES:
        # RFC 2046 section 5.2.1 permits no encoding here, so the message inside is made fit instead.
        return _head(entity, transfer_encoding=None) + _make_seven_bit(bytes(decode_body(entity)), depth + 1)
    if is_transport_safe(bytes(entity.body)):
        return _head(entity, transfer_encoding=entity.transfer_encoding) + bytes(entity.body)
    decoded = bytes(decode_body(entity))
    is_text = entity.content_type.type == "text" and b"\0" not in decoded and entity.transfer_encoding != "base64"
    if is_text:
        return _head(entity, transfer_encoding="quoted-printable") + encode_quoted_printable(decoded)
    return _head(entity, transfer_encoding="base64") + encode_base64(decoded)


def _encode_parts(entity: Entity, depth: int) -> bytes:
    pieces: list[bytes] = []
    end = 0
    for start, stop in find_parts(entity):
        gap = bytes(entity.body[end:start])
        # The preamble has no meaning (RFC 2046 section 5.1.1). If transport might alter it, it is left out.
        pieces += [
            gap if is_transport_safe(gap) else _delimiter(entity),
            _make_seven_bit(bytes(entity.body[start:stop]), depth + 1),
        ]
        end = stop
    epilogue = bytes(entity.body[end:])
    if not is_transport_safe(epilogue):
        epilogue = _delimiter(entity)[:-2] + b"--\r\n"
    return b"".join([*pieces, epilogue])


def _delimiter(entity: Entity) -> bytes:
    return b"\r\n--" + entity.content_type.parameters["boundary"].encode("utf-8", "replace") + b"\r\n"


def _head(entity: Entity, *, transfer_encoding: str | None) -> bytes:
    # The header section and its blank line. `transfer_encoding` is None for multiparts and embedded messages, which may
    # have no encoding of their own.
    name = "content-transfer-encoding"
    fields = [encode_header_field(field) for field in entity.headers.fields if field.name.lower() != name]
    if transfer_encoding is not None:
        fields.append(f"Content-Transfer-Encoding: {transfer_encoding}\r\n".encode("ascii", "replace"))
    return b"".join([*fields, b"\r\n"])


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
