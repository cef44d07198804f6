"""The interface of a peer of the interoperability matrix: another program that makes and reads CMS structures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, Protocol

from tests.support.peers.rows import EncryptingRow, SigningRow


class Refused(Exception):
    """The peer refused an operation or an input. The text is the peer's own."""


class Direction(StrEnum):
    MAKES = "makes"
    READS = "reads"


Gaps = Mapping[tuple[Direction, str], str]
"""The operations that a peer cannot do: maps (direction, name of a row) to the reason in one line."""


MAKES: Final = Direction.MAKES
READS: Final = Direction.READS
BOTH: Final = (MAKES, READS)


def gap(reason: str, *rows: str, directions: Iterable[Direction] = BOTH) -> dict[tuple[Direction, str], str]:
    """The gaps of these rows, all with the same reason."""
    return {(direction, row): reason for direction in directions for row in rows}


class Peer(Protocol):
    """A peer. Its structures are DER or BER, never MIME. All methods raise Refused. Tests leave out its `gaps`."""

    gaps: Gaps

    def sign(self, content: bytes, row: SigningRow) -> bytes:
        """Make the SignedData that the row describes."""

    def verify(self, cms: bytes, content: bytes | None) -> None:
        """Return if every signature is valid and its certificate chains to the authority. `content`: if detached."""

    def encrypt(self, content: bytes, row: EncryptingRow) -> bytes:
        """Make the EnvelopedData or AuthEnvelopedData that the row describes."""

    def open(self, cms: bytes, row: EncryptingRow, reader: str) -> bytes:
        """Decrypt the content with the key of `reader`, or with the row's password or KEK if `reader` is empty."""

    def close(self) -> None:
        """End the processes of the peer."""
