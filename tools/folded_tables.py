"""Tables of Markdown whose long rows are split into several rows, so that all lines are easy to read."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Final

MAX_LINE: Final = 300
# A bar between cells. A bar with a backslash before it is text of its cell.
_BAR: Final = re.compile(r" (?<!\\)\| ")
# The places where a cell may be split, the best first.
_ENDS: Final = (". ", "; ", ", ", ": ", " ")
_CODE: Final = "`"


def fold_tables(text: str) -> str:
    """The text with each long row of a table split. Further rows have the rest of each cell, or empty cells."""
    return "\n".join(
        _fold(line) if line.startswith("| ") and len(line) > MAX_LINE else line for line in text.split("\n")
    )


def _fold(line: str) -> str:
    cells = [cell.strip() for cell in _BAR.split(line.removeprefix("| ").removesuffix(" |"))]
    room = MAX_LINE - len("| ") - len(" |") - len(" | ") * (len(cells) - 1)
    pieces = [
        _pieces(cell, share) for cell, share in zip(cells, _shares([len(cell) for cell in cells], room), strict=True)
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in zip_longest(*pieces, fillvalue=""))


def _shares(lengths: list[int], room: int) -> list[int]:
    """The characters for each cell: short cells get what they need, and long cells share the rest equally."""
    shares, left = dict.fromkeys(range(len(lengths)), 0), room
    for count, at in enumerate(sorted(shares, key=lambda share: lengths[share])):
        shares[at] = min(lengths[at], left // (len(lengths) - count))
        left -= shares[at]
    return list(shares.values())


def _pieces(cell: str, width: int) -> list[str]:
    pieces = []
    while len(cell) > width:
        # If a piece ends within code, it gets a backquote at its end, and the next piece gets one at its beginning.
        at = _end(cell, width - len(_CODE))
        piece, cell = cell[:at].rstrip(), cell[at:]
        if piece.count(_CODE) % 2:
            piece, cell = piece + _CODE, _CODE + cell
        pieces.append(piece)
    return [*pieces, cell]


def _end(cell: str, width: int) -> int:
    for end in _ENDS:
        at = cell.rfind(end, width // 2, width)
        if at >= 0:
            return at + len(end)
    return cell.rfind(" ", 1, width) + 1 or width
