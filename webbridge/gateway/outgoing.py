"""An outgoing message. It is received and checked in pieces, and passed on in pieces as often as needed.

A message of up to a megabyte stays in memory. A larger message is in a temporary file without a name. The file is
encrypted with AES-256-CTR and a random key that only this process has.
"""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from types import TracebackType
from typing import IO, Final, Self

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from webbridge.gateway.door import GatewayCode, GatewayError

MEMORY_BYTES: Final = 1024 * 1024
PIECE_BYTES: Final = 64 * 1024
MAX_HEADER_BYTES: Final = 256 * 1024  # Our own bound. 500 recipients with names have some 50 KB.

_BARE_LINE_END: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_HEADER_END: Final = b"\r\n\r\n"


class OutgoingMessage:
    """One message. `write` its pieces, `finish`, and then read `pieces` as often as needed. `close` it at the end.

    The message has no NUL and no bare CR or LF, which would allow SMTP smuggling. So all servers on the way split the
    message into the same lines (RFC 5321 section 2.3.8).
    """

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._memory: bytearray | None = bytearray()
        self._file: IO[bytes] | None = None
        self._cipher = Cipher(AES(secrets.token_bytes(32)), CTR(secrets.token_bytes(16)))
        self._encryptor = self._cipher.encryptor()
        self._hash = sha256()
        self._lines = _Lines()
        self._header = bytearray()
        self._has_whole_header = False
        # The number of bytes at the beginning that `replace_header` has replaced, and the bytes that replace them.
        self._left_out_bytes = 0
        self._first = b""
        self._ends_with_line = False
        self.size_bytes = 0
        self.is_ascii = True

    @classmethod
    def of(cls, content: bytes, *, max_bytes: int | None = None) -> OutgoingMessage:
        """Return a finished message. Raises as `write` and `finish` do."""
        message = cls(max_bytes=len(content) if max_bytes is None else max_bytes)
        message.write(content)
        message.finish()
        return message

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def header(self) -> bytes:
        """The header fields, with the empty line after them if there is one."""
        return bytes(self._header)

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the message."""
        return self._hash.digest()

    @property
    def longest_line_bytes(self) -> int:
        """The length of the longest line without its line end."""
        return self._lines.longest_bytes

    @property
    def ends_with_line(self) -> bool:
        """Whether the message ends with CR LF."""
        return self._ends_with_line

    def write(self, piece: bytes) -> None:
        """Add the next bytes. Raises GatewayError with BAD_ARGUMENT or MESSAGE_TOO_LARGE, OSError for a full disk."""
        if not piece:
            return
        if self.size_bytes + len(piece) > self._max_bytes:
            text = f"The message has more than {self._max_bytes} bytes, which is the most that is taken."
            raise GatewayError(GatewayCode.MESSAGE_TOO_LARGE, text)
        self._lines.check(piece)
        self.size_bytes += len(piece)
        self.is_ascii = self.is_ascii and piece.isascii()
        self._ends_with_line = piece.endswith(b"\n")
        self._hash.update(piece)
        self._note_header(piece)
        self._store(piece)

    def finish(self) -> None:
        """Check the end of the message. Raises GatewayError with BAD_ARGUMENT."""
        if not self.size_bytes:
            raise GatewayError(GatewayCode.BAD_ARGUMENT, "The message is empty.")
        self._lines.check_end()

    def replace_header(self, header: bytes) -> None:
        """Replace the received header. `header`, `pieces` and `size_bytes` have the new header from now on.

        The new header has only lines of the received header. The digest stays that of the received message.
        """
        self._left_out_bytes += len(self._header) - len(self._first)
        self.size_bytes += len(header) - len(self._header)
        self._header = bytearray(header)
        self._first = header

    def pieces(self) -> Iterator[bytes]:
        """Yield the message from its beginning, at most PIECE_BYTES at once."""
        left_out = self._left_out_bytes
        if self._first:
            yield self._first
        for piece in self._kept():
            if rest := piece[left_out:]:
                yield rest
            left_out = max(0, left_out - len(piece))

    def _kept(self) -> Iterator[bytes]:
        """Yield the message as it was received."""
        if self._memory is not None:
            message = bytes(self._memory)
            yield from (message[start : start + PIECE_BYTES] for start in range(0, len(message), PIECE_BYTES))
            return
        if self._file is None:
            raise ValueError("the message is closed")
        decryptor = self._cipher.decryptor()
        self._file.seek(0)
        while piece := self._file.read(PIECE_BYTES):
            yield decryptor.update(piece)

    def close(self) -> None:
        """Delete the message."""
        self._memory = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def _store(self, piece: bytes) -> None:
        if self._memory is not None:
            if len(self._memory) + len(piece) <= MEMORY_BYTES:
                self._memory += piece
                return
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (`close` closes it)
            _write_all(self._file, self._encryptor.update(bytes(self._memory)))
            self._memory = None
        if self._file is None:
            raise ValueError("the message is closed")
        _write_all(self._file, self._encryptor.update(piece))

    def _note_header(self, piece: bytes) -> None:
        if self._has_whole_header:
            return
        searched = max(0, len(self._header) - len(_HEADER_END))
        self._header += piece
        end = self._header.find(_HEADER_END, searched)
        if end >= 0:
            self._has_whole_header = True
            del self._header[end + len(_HEADER_END) :]
        elif len(self._header) > MAX_HEADER_BYTES:
            text = f"The message's header is longer than {MAX_HEADER_BYTES} bytes."
            raise GatewayError(GatewayCode.BAD_ARGUMENT, text)


class _Lines:
    """Checks the lines of a message. A piece of the message may end anywhere, also within a line end."""

    def __init__(self) -> None:
        self._at = 0
        self._held_cr = b""
        self._line_bytes = 0
        self.longest_bytes = 0

    def check(self, piece: bytes) -> None:
        """Raise GatewayError with BAD_ARGUMENT for a NUL, or a bare CR or LF."""
        data = self._held_cr + piece
        self._held_cr = b"\r" if data.endswith(b"\r") else b""
        if self._held_cr:
            data = data[:-1]
        if b"\0" in data:
            raise GatewayError(GatewayCode.BAD_ARGUMENT, "The message contains a NUL.")
        lines = data.split(b"\r\n")
        # Counting is ten times as fast as the search. The search is needed only for the position in the error.
        if not data.count(b"\r") == data.count(b"\n") == len(lines) - 1:
            raise _bare_line_end(self._at + _first_bare_line_end(data))
        lengths = list(map(len, lines))
        lengths[0] += self._line_bytes
        self._line_bytes = lengths[-1]
        self.longest_bytes = max(self.longest_bytes, *lengths)
        self._at += len(data)

    def check_end(self) -> None:
        """Raise GatewayError with BAD_ARGUMENT if the message ends with a CR."""
        if self._held_cr:
            raise _bare_line_end(self._at)


def _write_all(file: IO[bytes], data: bytes) -> None:
    """Write all of the data, or raise OSError. When the disk fills up, a raw file accepts only a part of the data."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _first_bare_line_end(data: bytes) -> int:
    match = _BARE_LINE_END.search(data)
    return match.start() if match else 0


def _bare_line_end(position: int) -> GatewayError:
    return GatewayError(
        GatewayCode.BAD_ARGUMENT, f"The message has a bare CR or LF at byte {position}; lines end in CR LF."
    )
