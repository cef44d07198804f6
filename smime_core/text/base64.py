"""Decode base64 text in pieces. The result does not depend on how the text is cut (RFC 4648, RFC 2045 section 6.8).

Text in memory is decoded as one piece, a stream in many pieces. There are three decoders: `ExactBase64` for PEM and for
files, `Base64BeforeFooter` for CMS in a mail, `LenientBase64` for every other body.
"""

from __future__ import annotations

import binascii
import re
from typing import Final, Protocol

from smime_core.errors import MalformedMessage

MAX_FOOTER_LINE_BYTES: Final = 1_000  # RFC 5322 section 2.1.1: 998 bytes and the line end.

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FOREIGN: Final = bytes(set(range(256)) - set(_ALPHABET) - {ord("=")})
_WHITE_SPACE: Final = b" \t\r\n\f\v"
_GROUP: Final = re.compile(rb"([^=]*+)(=*+)")
_DIGITS_AND_BLANKS: Final = _ALPHABET + b" \t\r\n"
_DIGITS: Final = re.compile(rb"[A-Za-z0-9+/ \t\r\n]*+")
_PADDING: Final = re.compile(rb"=(?:[ \t\r\n]*+=)?[ \t]*+(?=\r?\n|\Z)")
# The longest padding that is accepted, with the line end after it.
_PADDING_WINDOW_BYTES: Final = MAX_FOOTER_LINE_BYTES + 3


class Base64Decoder(Protocol):
    """Decodes base64 text that is fed in pieces."""

    def feed(self, text: bytes) -> bytes:
        """The bytes of the text so far. Raises MalformedMessage."""

    def finish(self) -> bytes:
        """The remaining bytes, at the end of the text. Raises MalformedMessage."""


def decode_all(decoder: Base64Decoder, text: bytes) -> bytes:
    """The bytes of a text in one piece. Raises MalformedMessage."""
    decoded = decoder.feed(text)
    rest = decoder.finish()
    return decoded + rest if rest else decoded


class ExactBase64:
    """Accepts only digits, white space between them, and the right padding."""

    def __init__(self, where: str = "CMS") -> None:
        self._where = where
        self._rest = b""

    def feed(self, text: bytes) -> bytes:
        """The bytes of all whole groups. Raises MalformedMessage."""
        digits = self._rest + text.translate(None, _WHITE_SPACE)
        padding = digits.find(b"=")
        whole = (padding if padding >= 0 else len(digits)) & ~3
        self._rest = digits[whole:]
        if len(self._rest) > 4:
            raise MalformedMessage("the base64 is damaged", where=self._where)
        return self._decode(digits[:whole])

    def finish(self) -> bytes:
        """The last group. Raises MalformedMessage."""
        return self._decode(self._rest)

    def _decode(self, digits: bytes) -> bytes:
        try:
            return binascii.a2b_base64(digits, strict_mode=True)
        except binascii.Error as error:
            raise MalformedMessage("the base64 is damaged or cut short", where=self._where) from error


class Base64BeforeFooter:
    """Decodes a body to which a mailing list or a gateway has added a footer.

    The footer follows the padding, or starts with a line that is no base64. The footer is left out. If too much was
    left out, the parser of the CMS structure notices this from the lengths inside.
    """

    def __init__(self) -> None:
        self._exact = ExactBase64(where="body")
        # Text that is not decoded yet: an unfinished line, which may belong to the footer, or the start of the padding.
        self._held = b""
        self._has_begun = self._is_over = False
        # True if the start of the unfinished line was decoded already, so that the line can no longer belong to the
        # footer.
        self._is_committed = False

    def feed(self, text: bytes) -> bytes:
        """The bytes of the lines that are certainly base64. Raises MalformedMessage."""
        if self._is_over:
            return b""
        self._held += text
        return self._read(is_end=False)

    def finish(self) -> bytes:
        """The bytes of the last line. Raises MalformedMessage."""
        decoded = b"" if self._is_over else self._read(is_end=True)
        if not self._has_begun:
            raise MalformedMessage("the base64 is damaged", where="body")
        return decoded + self._exact.finish()

    def _read(self, *, is_end: bool) -> bytes:
        text = self._held
        end = len(text)
        # Deleting bytes is twice as fast as matching them.
        if text.translate(None, _DIGITS_AND_BLANKS):
            digits = _DIGITS.match(text)
            return self._read_foreign(digits.end() if digits else 0, is_end=is_end)
        return self._take(end) if is_end else self._take_before_open_line(end)

    def _take_before_open_line(self, end: int) -> bytes:
        line = self._held.rfind(b"\n", 0, end) + 1
        cut = max(line, end - MAX_FOOTER_LINE_BYTES)
        self._is_committed = cut > line or (self._is_committed and not line)
        return self._take(cut)

    def _read_foreign(self, end: int, *, is_end: bool) -> bytes:
        text = self._held
        window = text[end : end + _PADDING_WINDOW_BYTES]
        if text[end : end + 1] == b"=":
            if len(window) < _PADDING_WINDOW_BYTES and not is_end:
                return self._take_before_open_line(end)
            padding = _PADDING.match(window)
            if padding and padding.end() <= MAX_FOOTER_LINE_BYTES:
                self._is_over = True
                return self._take(end + padding.end())
        line = text.rfind(b"\n", 0, end) + 1
        if end - line > MAX_FOOTER_LINE_BYTES or (self._is_committed and not line):
            raise MalformedMessage("the base64 is damaged", where="body")
        self._is_over = True
        return self._take(line)

    def _take(self, cut: int) -> bytes:
        taken, self._held = self._held[:cut], self._held[cut:]
        self._has_begun = self._has_begun or bool(taken.strip(_WHITE_SPACE))
        return self._exact.feed(taken)


class LenientBase64:
    """Decodes as much as possible: skips foreign characters, and pads an incomplete last group or drops it.

    As in `binascii` by default, "=" ends the text if it completes a group, and is ignored elsewhere.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._is_over = False

    def feed(self, text: bytes) -> bytes:
        """The bytes of all whole groups."""
        if self._is_over:
            return b""
        digits = self._rest + text.translate(None, _FOREIGN)
        if b"=" in digits:
            digits = self._without_padding(digits)
        # Digits that may become a group with further padding are kept, together with their "=".
        unpadded_length = len(digits.rstrip(b"="))
        whole = len(digits) if self._is_over else unpadded_length & ~3
        self._rest = digits[whole:]
        return binascii.a2b_base64(digits[:whole])

    def finish(self) -> bytes:
        """The last group."""
        digits = b"" if self._is_over else self._rest.rstrip(b"=")
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4)) if len(digits) > 1 else b""

    def _without_padding(self, digits: bytes) -> bytes:
        # The first "=" that completes a group ends the text. Every other "=" is dropped.
        pieces: list[bytes] = []
        count = 0
        for match in _GROUP.finditer(digits):
            pieces.append(match[1])
            count += len(match[1])
            missing = -count % 4
            if missing in (1, 2) and len(match[2]) >= missing:
                self._is_over = True
                return b"".join(pieces) + b"=" * missing
        # An "=" at the end may be the first of two.
        is_open = digits.endswith(b"=") and count % 4 == 2
        return b"".join(pieces) + (b"=" if is_open else b"")
