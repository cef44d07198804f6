"""Names of people as text beside their addresses. `wasm_build/ui/shown_names.js` has the same rules.

A certificate or a header field may hold any text as a name. Beside an address, such a text must not look like another
address, change the direction of writing, or push the address out of sight. The categories are those of Unicode
(UAX 44), and a form is compared after its full decomposition (NFKD of UAX 15).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_SHOWN_NAME_CHARACTERS: Final = 100
"""A longer name is cut, because it would push the address beside it out of sight."""
MAX_READ_NAME_CHARACTERS: Final = 1_000
"""The greatest number of characters of a name that are read."""

# Format characters, with the marks of direction, and halves of surrogate pairs have no picture.
_INVISIBLE: Final = frozenset(("Cf", "Cs"))
# Characters of other categories without a picture: those that programs may ignore (Default_Ignorable_Code_Point of
# Unicode 15), and the empty braille pattern.
_IGNORABLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BREAKS: Final = frozenset(("Cc", "Zl", "Zp"))
# The signs of an address, and their look-alikes that do not decompose into them: an enclosed a, and angle brackets with
# their confusables of UTS 39.
_ADDRESS_SIGN: Final = re.compile(
    "[@<>\u24b6\u24d0\u02c2\u02c3\u1433\u1438\u16b2\u2039\u203a\u2329\u232a\u276c-\u2771\u27e8\u27e9\u29fc\u29fd\u3008\u3009"
    "\U00016f3f\U0001d236\U0001d237\U0001f130\U0001f150\U0001f170]"
)


def clean_name(name: str) -> str:
    """A name in one line of at most 100 characters, without invisible characters. It may be empty."""
    line = visible_line(name[:MAX_READ_NAME_CHARACTERS])
    return line if len(line) <= MAX_SHOWN_NAME_CHARACTERS else f"{line[:MAX_SHOWN_NAME_CHARACTERS]}…"


def visible_line(text: str) -> str:
    """A text in one line, without invisible characters. Runs of blanks are one blank."""
    return " ".join("".join(_visible(character) for character in _IGNORABLE.sub("", text)).split())


def looks_like_address(name: str) -> bool:
    """Whether a name has the sign @ or an angle bracket in any form, so that people could take it for an address."""
    return bool(_ADDRESS_SIGN.search(name) or _ADDRESS_SIGN.search(unicodedata.normalize("NFKD", name)))


def has_ignorable(text: str) -> bool:
    """Whether a text has characters that programs may ignore, or that look like blanks without being any."""
    return not text.isascii() and _IGNORABLE.search(text) is not None


def write_unread(name: str) -> str:
    """A text for somebody whose address is not readable: the name, or "?" if it could be taken for an address."""
    shown = clean_name(name)
    return shown if shown and not looks_like_address(shown) else "?"


def without_address_signs(name: str) -> str:
    """A name in which each sign of an address is an underscore, for use where only the name is known."""
    return _ADDRESS_SIGN.sub("_", name if _ADDRESS_SIGN.search(name) else unicodedata.normalize("NFKD", name))


def write_proved(name: str, address: str) -> str:
    """A proved address with a name in front of it, or only the address if the name may not be beside it.

    Without an address, the name is written in any case.
    """
    shown = clean_name(name)
    if not address:
        return shown
    return address if not shown or looks_like_address(shown) else f"{shown} <{address}>"


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    return "" if category in _INVISIBLE else " " if category in _BREAKS else character
