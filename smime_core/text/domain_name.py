"""Domain names in A-labels (RFC 5890 section 2.3.2.1), under the rules of IDNA 2008 (RFC 5891, RFC 5892).

Python's codec `idna` is not used, because it implements IDNA 2003. The codec changes the sharp s to "ss", which yields
another domain, and refuses A-labels that have been valid since 2010. This module leaves out the rules for text from
right to left (RFC 5893), and the rules for characters that are valid only in some context (RFC 5892 appendix A). A
label with such a character has no A-label here.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from smime_core.limits import MAX_HOST_CHARACTERS

_MAX_LABEL_CHARACTERS: Final = 63  # RFC 1035 section 2.3.4
_LETTERS_AND_DIGITS: Final = frozenset({"Ll", "Lu", "Lo", "Nd", "Lm", "Mn", "Mc"})  # RFC 5892 section 2.1
# RFC 5892 section 2.6: characters that are valid or refused whatever the other rules say.
_VALID: Final = frozenset("\u00df\u03c2\u06fd\u06fe\u0f0b\u3007")
_REFUSED: Final = frozenset("\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b")
# RFC 5892 section 2.3: letters and marks that are invisible.
_INVISIBLE: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)


def find_a_labels(domain: str) -> str | None:
    """A domain with its U-labels as A-labels, in lower case. ASCII labels stay as they are.

    Returns None if a label beyond ASCII is no U-label. Upper case and other normal forms are mapped first, as users who
    type an address expect (RFC 5895 section 2).
    """
    if domain.isascii():
        return domain.lower()
    if len(domain) > MAX_HOST_CHARACTERS:
        return None
    # Each character is changed to lower case by itself, because Python turns a capital sigma at the end of a word into
    # another letter.
    lowered = "".join(character.lower() for character in domain)
    labels = [_find_a_label(label) for label in unicodedata.normalize("NFC", lowered).split(".")]
    return None if None in labels else ".".join(filter(None, labels))


def _find_a_label(label: str) -> str | None:
    if label.isascii():
        return label or None
    # RFC 5891 section 4.2.3 refuses some hyphens, and marks at the beginning.
    if label[2:4] == "--" or "-" in (label[0], label[-1]) or unicodedata.category(label[0]).startswith("M"):
        return None
    if not all(character == "-" or _is_valid(character) for character in label):
        return None
    a_label = "xn--" + label.encode("punycode").decode("ascii")
    return a_label if len(a_label) <= _MAX_LABEL_CHARACTERS else None


def _is_valid(character: str) -> bool:
    # RFC 5892 section 3, without the rules that depend on context.
    if character in _VALID:
        return True
    if character in _REFUSED or character in _INVISIBLE or unicodedata.category(character) not in _LETTERS_AND_DIGITS:
        return False
    folded = unicodedata.normalize("NFKC", character).casefold()
    return unicodedata.normalize("NFKC", folded) == character
