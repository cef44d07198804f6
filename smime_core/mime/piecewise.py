"""Transfer encodings in pieces. The result does not depend on how the body is cut (RFC 2045 section 6).

A body in memory is encoded and decoded by `transfer` as one piece, a stream in many pieces. Lines may be of any length.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.limits import MAX_WHOLE_BYTES, check_limit
from smime_core.mime.transfer import decode_quoted_printable, encode_base64, encode_quoted_printable

_BASE64_LINES_BYTES: Final = 57 * 16_384  # Input bytes that become whole lines of base64.
_LONG_LINE_BYTES: Final = 65_536  # A line of this length or more is divided.
# A soft line break of the encoder, but not one that `encode_quoted_printable` adds after an encoded `From`.
_SOFT_BREAK: Final = re.compile(rb"(?<!=46rom)=\r\n")
# A position that is not inside "=XX" or a run of blanks, where quoted-printable may be cut.
_QUOTED_CUT: Final = re.compile(rb"(?<![=\r])(?<!=.)(?<![ \t])(?=[^ \t])", re.DOTALL)


class Base64Encoder:
    """Encodes as `encode_base64` does."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: Buffer) -> bytes:
        """The base64 of all whole lines."""
        self._rest += data
        whole = len(self._rest) - len(self._rest) % _BASE64_LINES_BYTES
        encoded = encode_base64(self._rest[:whole])
        del self._rest[:whole]
        return encoded

    def finish(self) -> bytes:
        """The base64 of the last, unfinished line."""
        return encode_base64(self._rest)


class QuotedPrintableEncoder:
    """Encodes text without NUL as `encode_quoted_printable` does."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """The lines so far, and a long line up to a soft line break."""
        octets = self._rest + data
        # A CR at the end may belong to an LF that follows.
        end = len(octets) - octets.endswith(b"\r")
        cut = max(octets.rfind(b"\n", 0, end), octets.rfind(b"\r", 0, end)) + 1
        encoded = encode_quoted_printable(octets[:cut])
        self._rest = octets[cut:]
        if len(self._rest) > _LONG_LINE_BYTES:
            encoded += self._encode_long_line()
        return encoded

    def finish(self) -> bytes:
        """The last line."""
        return encode_quoted_printable(self._rest)

    def _encode_long_line(self) -> bytes:
        # After a soft line break the encoder is in its initial state, so a new run can begin there. The last lines are
        # left out, because the encoder looks ahead for more characters at the end of the text.
        whole = encode_quoted_printable(self._rest)
        breaks = [match.end() for match in _SOFT_BREAK.finditer(whole, len(whole) - 1_000, len(whole) - 200)]
        encoded = whole[: breaks[-1]] if breaks else b""
        self._rest = self._rest[len(binascii.a2b_qp(encoded)) :]
        return encoded


class QuotedPrintableDecoder:
    """Decodes as `decode_quoted_printable` does."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """The lines so far, and a long line up to a place that is not inside "=XX" or a run of blanks.

        Raises LimitExceeded if there is no such place.
        """
        octets = self._rest + data
        cut = octets.rfind(b"\n") + 1
        if len(octets) - cut > _LONG_LINE_BYTES:
            cut = self._find_cut(octets, cut)
        check_limit("bytes of blanks in quoted-printable", len(octets) - cut, MAX_WHOLE_BYTES)
        self._rest = octets[cut:]
        return decode_quoted_printable(octets[:cut])

    def finish(self) -> bytes:
        """The last line."""
        return decode_quoted_printable(self._rest)

    def _find_cut(self, octets: bytes, start: int) -> int:
        # Looks in the last bytes first, because they nearly always have such a place.
        for near in (max(len(octets) - 256, start + 2), start + 2):
            cuts = [match.start() for match in _QUOTED_CUT.finditer(octets, near)]
            if cuts:
                return cuts[-1]
        return start
