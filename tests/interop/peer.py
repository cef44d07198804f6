"""What a peer of the matrix is: another program that makes CMS structures and reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, Protocol

from tests.interop.rows import Sealing, Signing


class Refused(Exception):
    """The peer's own words on why it does not do or accept something."""


class Direction(StrEnum):
    MAKES = "makes"
    READS = "reads"


Gaps = Mapping[tuple[Direction, str], str]
"""What a peer cannot do: (direction, name of a row) and the reason in one line."""


MAKES: Final = Direction.MAKES
READS: Final = Direction.READS
BOTH: Final = (MAKES, READS)


def gap(reason: str, *rows: str, directions: Iterable[Direction] = BOTH) -> dict[tuple[Direction, str], str]:
    """The rows that one reason keeps a peer from."""
    return {(direction, row): reason for direction in directions for row in rows}


class Peer(Protocol):
    """Structures are DER or BER, never MIME. Every method raises Refused; `gaps` holds what is not asked of it."""

    gaps: Gaps

    def sign(self, content: bytes, row: Signing) -> bytes:
        """SignedData as the row asks."""

    def verify(self, cms: bytes, content: bytes | None) -> None:
        """Return when every signature holds and its certificate leads to the authority; `content` when detached."""

    def seal(self, content: bytes, row: Sealing) -> bytes:
        """EnvelopedData or AuthEnvelopedData as the row asks."""

    def open(self, cms: bytes, row: Sealing, reader: str) -> bytes:
        """The content, by the key of `reader`, or by the row's password or KEK where `reader` is empty."""

    def close(self) -> None:
        """End what was started."""
