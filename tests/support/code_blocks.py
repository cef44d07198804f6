"""The examples in the pages of the documentation."""

from __future__ import annotations

import re
from typing import NamedTuple

# The repeats are not possessive: Python 3.11.2 matches nothing if a group with a look-ahead is repeated possessively.
_BLOCK = re.compile(r"^```(\w+)\n((?:(?!```).*\n)*)```$", re.MULTILINE)


class Block(NamedTuple):
    """One fenced code block. `line` is the line of the page on which its text begins."""

    language: str
    text: str
    line: int


def code_blocks(page: str) -> list[Block]:
    """The fenced blocks of a Markdown page that name a language, in the page's order."""
    return [Block(match[1], match[2], page.count("\n", 0, match.start(2)) + 1) for match in _BLOCK.finditer(page)]


def examples(page: str, language: str) -> list[str]:
    """The texts of the blocks in one language."""
    return [block.text for block in code_blocks(page) if block.language == language]
