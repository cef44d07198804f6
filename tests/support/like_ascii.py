"""The characters that some form of lower case or normalisation turns into ASCII, as the Kelvin sign."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


_FORMS: Final[tuple[Callable[[str], str], ...]] = (str.lower, str.upper, str.casefold, _compatible)
LIKE_ASCII: Final = {
    character: folded
    for code in range(0x80, 0x20000)
    if not 0xD800 <= code < 0xE000
    for form in _FORMS
    if (folded := form(character := chr(code)).lower()).isascii()
}
"""The ASCII text that each of them becomes."""
