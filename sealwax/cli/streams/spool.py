"""A temporary file for a large standard input, so that it can be read twice.

The file is encrypted with a key that never leaves memory, because the plaintext must not be stored on a disk.
"""

from __future__ import annotations

import os
import tempfile
from typing import BinaryIO, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from sealwax.cli.streams.seekable import SeekableFile
from smime_core.asn1 import Buffer

_BLOCK_BYTES: Final = 1_048_576
_CIPHER_BLOCK: Final = 16  # bytes


class Spool(SeekableFile):
    """A file without a name, encrypted with AES-256-CTR. It is written in order and read from any position.

    The key is used only for this file, so that the counter may start at zero.
    """

    def __init__(self) -> None:
        super().__init__(0)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by close()
        self._key = os.urandom(32)
        self._encryptor = self._cipher(0).encryptor()

    def fill(self, head: bytes, source: BinaryIO) -> None:
        """Append `head` and then all of `source`. Raises OSError."""
        block = head
        while block:
            self.write(block)
            block = source.read(_BLOCK_BYTES)

    def write(self, data: Buffer, /) -> int:  # type: ignore[override]
        """Append bytes. The position for reading stays the same. Raises OSError."""
        self._file.seek(self._size)
        self._file.write(self._encryptor.update(data))
        self._size += len(data)
        return len(data)

    def readinto(self, room: bytearray | memoryview) -> int:  # type: ignore[override]
        first = self._position % _CIPHER_BLOCK
        self._file.seek(self._position - first)
        encrypted = self._file.read(first + len(room))
        data = self._cipher(self._position // _CIPHER_BLOCK).decryptor().update(encrypted)[first:]
        room[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _cipher(self, block: int) -> Cipher[modes.CTR]:
        return Cipher(algorithms.AES(self._key), modes.CTR(block.to_bytes(_CIPHER_BLOCK, "big")))
