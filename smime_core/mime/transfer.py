"""Encode and decode content transfer encodings (RFC 2045 section 6), without a Python step for each line."""

from __future__ import annotations

import binascii
import re
import struct
from collections.abc import Iterable
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.mime.encoded_words import decode_base64_tolerantly
from smime_core.text.base64 import Base64BeforeFooter, decode_all

_LINE_LENGTH: Final = 76
_LINES_A_BLOCK: Final = 4_096  # A block of these lines stays in the processor's cache and keeps the heap small.
_BLOCK_BYTES: Final = 57 * _LINES_A_BLOCK
_BLOCK_OF_LINES: Final = struct.Struct(f"{_LINE_LENGTH}s" * _LINES_A_BLOCK)
_FROM_LINE: Final = re.compile(rb"^From [^\n]*", re.MULTILINE)
_BLANKS_AT_LINE_END: Final = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n|\Z)")
_UU_BEGIN: Final = re.compile(rb"^begin [0-7]{3,4} [^\n]{0,1000}\n", re.MULTILINE)


def encode_base64(data: Buffer) -> bytes:
    """Base64 in lines of 76 characters, each ending in CRLF."""
    view = memoryview(data)
    pieces: list[bytes] = []
    for start in range(0, len(view), _BLOCK_BYTES):
        digits = binascii.b2a_base64(view[start : start + _BLOCK_BYTES], newline=False)
        pieces += [b"\r\n".join(_split_lines(digits)), b"\r\n"]
    return b"".join(pieces)


def decode_base64_before_footer(data: Buffer) -> bytes:
    """Decode the base64 of a body to which a mailing list or a gateway has added lines.

    The part after the padding, or from the first line that is no base64, is left out. If too much was left out, the
    lengths inside a CMS structure reveal it. Raises MalformedMessage.
    """
    return decode_all(Base64BeforeFooter(), bytes(data))


def decode_uuencode(data: Buffer) -> bytes:
    """Decode a body in the encoding of old Unix mail, which is no part of MIME, up to the first damaged line."""
    octets = bytes(data)
    begin = _UU_BEGIN.search(octets)
    decoded = bytearray()
    for line in octets[begin.end() if begin else 0 :].splitlines():
        if line.strip() in (b"", b"`", b"end"):
            break
        try:
            decoded += binascii.a2b_uu(line)
        except binascii.Error:
            break
    return bytes(decoded)


def decode_base64_leniently(data: Buffer) -> bytes:
    """Decode base64 as far as possible, as mail programs do."""
    return decode_base64_tolerantly(bytes(data))


def decode_quoted_printable(data: Buffer) -> bytes:
    """Decode quoted-printable, without the blanks at line ends, which were added in transit.

    RFC 2045 section 6.7, rule 3.
    """
    octets = bytes(data)
    if octets.endswith((b" ", b"\t")) or any(end in octets for end in (b" \n", b" \r\n", b"\t\n", b"\t\r\n")):
        octets = _BLANKS_AT_LINE_END.sub(b"", octets)
    return binascii.a2b_qp(octets)


def encode_quoted_printable(text: bytes) -> bytes:
    """Text as quoted-printable with CRLF, in a form that no transport alters.

    `From ` at the start of a line, a lone dot and blanks at the end of a line are encoded (RFC 2049 section 3).
    """
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    # The standard library protects dots and blanks, but not the `From ` of mbox files.
    encoded = binascii.b2a_qp(lines, quotetabs=False, istext=True)
    if encoded.startswith(b"From ") or b"\nFrom " in encoded:
        encoded = _FROM_LINE.sub(_guard_from, encoded)
    return encoded.replace(b"\n", b"\r\n")


def _split_lines(digits: bytes) -> Iterable[bytes]:
    # A whole block is cut in one call, without a Python step for each line.
    if len(digits) == _BLOCK_OF_LINES.size:
        return _BLOCK_OF_LINES.unpack(digits)
    return [digits[start : start + _LINE_LENGTH] for start in range(0, len(digits), _LINE_LENGTH)]


def _guard_from(line: re.Match[bytes]) -> bytes:
    guarded = b"=46" + line[0][1:]
    # The line is now two characters longer. If it exceeds the limit of 76, a soft line break is inserted.
    return guarded if len(guarded) <= _LINE_LENGTH else b"=46rom=\n" + line[0][4:]
