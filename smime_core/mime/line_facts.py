"""The facts about text that decide how it is prepared, found piece by piece (RFC 8551 sections 3.1.1, 3.1.3)."""

from __future__ import annotations

from typing import Final

from smime_core.mime.canonical import has_crlf_only, to_crlf
from smime_core.mime.seven_bit import has_safe_lines

_LONGEST_FIT_LINE_BYTES: Final = 1_000  # RFC 5322 section 2.1.1, with the CRLF.
_OVERLAP_BYTES: Final = 2  # One less than the length of "=00".


class LineFacts:
    """The facts about one body, gap or header section.

    `is_crlf`: there is no bare CR or LF. `is_fit`: no transport has a reason to alter it, once its line ends are CRLF.
    `has_nul`: a text that is not fit has a NUL, in quoted-printable also as "=00". Octets (`is_octets`) keep
    their line ends, so with a bare one they are not fit. Only `is_crlf` is found unless `judges_fitness`.
    """

    def __init__(self, *, judges_fitness: bool, is_octets: bool = False, is_quoted: bool = False) -> None:
        self.is_crlf = True
        self.is_fit = True
        self.has_nul = False
        self._judges_fitness = judges_fitness
        self._is_octets = is_octets
        self._is_quoted = is_quoted
        self._open_line = b""

    def feed(self, octets: bytes) -> None:
        """Judge whole lines, and keep the open one. Of a line that is too long only the end is kept."""
        lines = self._open_line + octets if self._open_line else octets
        # A CR at the end may belong to an LF that follows.
        end = len(lines) - lines.endswith(b"\r")
        cut = max(lines.rfind(b"\n"), lines.rfind(b"\r", 0, end)) + 1
        if len(lines) - cut > _LONGEST_FIT_LINE_BYTES:
            self.is_fit = False
            cut = end - _OVERLAP_BYTES
        self._open_line = lines[cut:]
        self._judge(lines[:cut])

    def finish(self) -> None:
        """Judge the last line."""
        self._judge(self._open_line)
        self._open_line = b""

    def _judge(self, lines: bytes) -> None:
        if not self._judges_fitness:
            self.is_crlf = self.is_crlf and has_crlf_only(lines)
            return
        canonical = lines
        if self._is_octets:
            self.is_crlf = self.is_crlf and has_crlf_only(lines)
            self.is_fit = self.is_fit and self.is_crlf
        elif self.is_fit or self.is_crlf:
            canonical = to_crlf(lines)
            self.is_crlf = self.is_crlf and canonical is lines
        self.is_fit = self.is_fit and has_safe_lines(canonical)
        if not self.is_fit and not self.has_nul:
            self.has_nul = b"\0" in lines or (self._is_quoted and b"=00" in lines)
