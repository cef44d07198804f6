"""The facts about text that decide how it is prepared, found piece by piece (RFC 8551 sections 3.1.1, 3.1.3)."""

from __future__ import annotations

from typing import Final

from smime_core.mime.canonical import has_crlf_only, to_crlf
from smime_core.mime.seven_bit import has_safe_lines

_LONGEST_FIT_LINE_BYTES: Final = 1_000  # RFC 5322 section 2.1.1, with the CRLF.
_CR: Final = 13
_OVERLAP_BYTES: Final = 2  # One less than the length of "=00".


class LineFacts:
    """The facts about one body, gap or header section.

    `is_crlf`: there is no bare CR or LF. `is_fit`: no transport has a reason to alter the text once its line ends are
    CRLF. `has_nul` is judged only if the text is not fit: the text has a NUL, or "=00" in quoted-printable. Bytes that
    are no text (`is_binary`) keep their line ends, so with a bare CR or LF they are not fit. Without `judges_fitness`,
    only `is_crlf` is found.
    """

    def __init__(self, *, judges_fitness: bool, is_binary: bool = False, is_quoted: bool = False) -> None:
        self.is_crlf = True
        self.is_fit = True
        self.has_nul = False
        self._judges_fitness = judges_fitness
        self._is_binary = is_binary
        self._is_quoted = is_quoted
        self._open_line = b""

    def feed(self, octets: bytes, start: int, end: int) -> None:
        """Judge the whole lines of the range, and keep the unfinished line, or only its end if it is too long."""
        if self._open_line:
            # Only the first line is joined with the unfinished line, because copying takes as long as judging.
            first = octets.find(b"\n", start, end) + 1
            if first and end - first > _LONGEST_FIT_LINE_BYTES:
                self._feed_lines(self._open_line + octets[start:first], 0, len(self._open_line) + first - start)
                start = first
            else:
                octets, start, end = self._open_line + octets[start:end], 0, len(self._open_line) + end - start
        self._feed_lines(octets, start, end)

    def _feed_lines(self, octets: bytes, start: int, end: int) -> None:
        # A CR at the end may belong to an LF that follows.
        last = end - (start < end and octets[end - 1] == _CR)
        cut = max(octets.rfind(b"\n", start, end), octets.rfind(b"\r", start, last)) + 1 or start
        if end - cut > _LONGEST_FIT_LINE_BYTES:
            self.is_fit = False
            cut = last - _OVERLAP_BYTES
        self._open_line = octets[cut:end]
        self._judge(octets[start:cut])

    def finish(self) -> None:
        """Judge the last line."""
        self._judge(self._open_line)
        self._open_line = b""

    def _judge(self, lines: bytes) -> None:
        if not self._judges_fitness:
            self.is_crlf = self.is_crlf and has_crlf_only(lines)
            return
        canonical = lines
        if self._is_binary:
            self.is_crlf = self.is_crlf and has_crlf_only(lines)
            self.is_fit = self.is_fit and self.is_crlf
        elif self.is_fit or self.is_crlf:
            canonical = to_crlf(lines)
            self.is_crlf = self.is_crlf and canonical is lines
        self.is_fit = self.is_fit and has_safe_lines(canonical)
        if not self.is_fit and not self.has_nul:
            self.has_nul = b"\0" in lines or (self._is_quoted and b"=00" in lines)
