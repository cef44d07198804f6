"""Text with other line ends, in pieces, as `openssl cms` writes it in text mode."""

from __future__ import annotations

import re
from typing import Final

from smime_core.asn1.der import Buffer

_MAX_RETURNS: Final = 8  # CRs before an LF that count as one line end, as broken gateways write them.
_LINE_END: Final = re.compile(rb"\r{0,%d}\n" % _MAX_RETURNS)


class LineEnds:
    """Replaces each LF and the CRs before it by `line_end`. A CR without LF stays. `head` is put before the text."""

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

    def replace(self, data: Buffer) -> bytes:
        """A whole text at once."""
        return self.feed(data) + self.finish()

    def _take_head(self) -> bytes:
        head, self._head = self._head, b""
        return head
