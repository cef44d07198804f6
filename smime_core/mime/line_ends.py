"""Change the line ends of text in pieces: to those of `openssl cms` in text mode, or by one CRLF more or less."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Final

from smime_core.asn1.der import Buffer

_MAX_RETURNS: Final = 8  # CRs before an LF that count as one line end, as broken gateways write them.
_LINE_END: Final = re.compile(rb"\r{0,%d}\n" % _MAX_RETURNS)
_CRLF: Final = b"\r\n"


class LineForm(ABC):
    """Changes the line ends of a text that is fed in pieces."""

    @abstractmethod
    def feed(self, data: Buffer) -> bytes:
        """The changed text so far."""

    @abstractmethod
    def finish(self) -> bytes:
        """The rest of the changed text."""

    def replace(self, data: Buffer) -> bytes:
        """Change a whole text at once."""
        return self.feed(data) + self.finish()


class OneMoreLineEnd(LineForm):
    """Adds CRLF at the end."""

    def feed(self, data: Buffer) -> bytes:
        """The changed text so far."""
        return bytes(data)

    def finish(self) -> bytes:
        """The line end."""
        return _CRLF


class OneLessLineEnd(LineForm):
    """Leaves out CRLF at the end."""

    def __init__(self) -> None:
        self._kept = b""

    def feed(self, data: Buffer) -> bytes:
        """The text so far, without its last two bytes."""
        octets = self._kept + bytes(data)
        self._kept = octets[-len(_CRLF) :]
        return octets[: -len(_CRLF)]

    def finish(self) -> bytes:
        """The last bytes, unless they are CRLF."""
        return self._kept.removesuffix(_CRLF)


class LineEnds(LineForm):
    """Replaces each LF and the CRs before it with `line_end`. A CR without LF stays. `head` is put before the text."""

    def __init__(self, line_end: bytes, head: bytes = b"") -> None:
        self._line_end = line_end
        self._head = head
        self._kept = b""

    def feed(self, data: Buffer) -> bytes:
        """The text so far, without CRs at its end that may belong to an LF."""
        octets = self._kept + bytes(data)
        end = max(len(octets.rstrip(b"\r")), len(octets) - _MAX_RETURNS)
        self._kept = octets[end:]
        return self._take_head() + _LINE_END.sub(self._line_end, octets[:end])

    def finish(self) -> bytes:
        """The rest of the text."""
        return self._take_head() + self._kept

    def _take_head(self) -> bytes:
        head, self._head = self._head, b""
        return head
