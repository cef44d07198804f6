"""The shape of a domain name: names that look alike have the same shape.

The tables list letters of other scripts, digits and pairs of letters that common sans-serif fonts draw like a letter of
ASCII. Unicode Technical Standard 39, section 4, calls such letters confusable. These tables are much smaller than that
standard's table. They contain only small letters that IDNA 2008 permits in names, and that look like a small letter of
ASCII. Letters with marks need no entry, because marks are left out (NFD).
"""

from __future__ import annotations

import unicodedata
from typing import Final

# Each row: the letter of ASCII, then the code points that look like it, with their scripts.
_ALIKE: Final = {
    "a": "\u0430\u03b1\u0251\u1d00\u0561",  # Cyrillic a, Greek alpha, Latin alpha, small capital, Armenian ayb
    "b": "\u0432\u044c\u03b2\u00df\u0253",  # Cyrillic ve and soft sign, Greek beta, sharp s, hook
    "c": "\u0441\u03f2\u1d04\u0188\u217d",  # Cyrillic es, Greek lunate sigma, small capital, hook, Roman numeral
    "d": "\u0501\u0256\u0257\u0111",  # Cyrillic komi de, tail, hook, stroke
    "e": "\u0435\u0454\u03b5\u04bd\u1d07\u0259",  # Cyrillic ie, Ukrainian ie, Greek epsilon, Abkhasian che
    "f": "\u0192\u03dd\u0584\u017f\u0493",  # hook, Greek digamma, Armenian keh, long s, Cyrillic ghe with stroke
    "g": "\u0261\u0581\u018d\u0260",  # script g, Armenian co, turned delta, hook
    "h": "\u04bb\u0570\u0266\u043d",  # Cyrillic shha, Armenian ho, hook, Cyrillic en
    "j": "\u0458\u03f3\u0575\u0249",  # Cyrillic je, Greek yot, Armenian yi, stroke
    "k": "\u043a\u03ba\u0138\u0199\u049b",  # Cyrillic ka, Greek kappa, kra, hook, Cyrillic ka with descender
    # Letters that are one upright stroke. Some fonts draw a capital i like that.
    "l": "i1\u0456\u04cf\u03b9\u0131\u01c0\u0269\u0142\u0582\u05d5\u0627\u0661\u06f1",
    "m": "\u043c\u1d0d\u0271",  # Cyrillic em, small capital, hook
    "n": "\u043f\u03b7\u0578\u057c\u0273\u0438\u0272",  # Cyrillic pe, Greek eta, Armenian vo and ra
    "o": "0\u043e\u03bf\u0585\u00f8\u03c3\u05e1\u0665\u06f5\u0966\u09e6\u0ae6\u0b66\u0ce6\u0d66\u0e50\u3007\u0275",
    "p": "\u0440\u03c1\u03c6\u0580\u00fe\u01a5",  # Cyrillic er, Greek rho and phi, Armenian reh, thorn, hook
    "q": "\u051b\u0566\u0563\u02a0",  # Cyrillic qa, Armenian za and gim, hook
    "r": "\u0433\u1d26\u0280\u024d\u027c",  # Cyrillic ghe, small capital gamma, small capital, stroke, long leg
    "s": "5\u0455\u0282\u0283\u03c2",  # Cyrillic dze, hook, esh, Greek final sigma
    "t": "\u0442\u03c4\u0167\u01ad",  # Cyrillic te, Greek tau, stroke, hook
    "u": "\u0446\u03c5\u057d\u028b\u1d1c\u0573\u03bc",  # Cyrillic tse, Greek upsilon, Armenian seh, hook, Greek mu
    "v": "\u03bd\u0475\u1d20\u05d8",  # Greek nu, Cyrillic izhitsa, small capital, Hebrew tet
    "w": "\u0461\u03c9\u051d\u0448\u1d21",  # Cyrillic omega, Greek omega, Cyrillic we and sha
    "x": "\u0445\u03c7\u04b3\u1d8d",  # Cyrillic ha, Greek chi, Cyrillic ha with descender, hook
    "y": "\u0443\u03b3\u04af\u0263\u01b4\u10e7\u0447",  # Cyrillic u, Greek gamma, straight u, Latin gamma
    "z": "2\u1d22\u0290\u01b6\u0240",  # small capital, hook, stroke, swash tail
    "3": "\u0437\u04e1\u0292\u025c",  # Cyrillic ze, Abkhasian dze, ezh
    "6": "\u0431",  # Cyrillic be
    "ae": "\u00e6\u04d5",
    "oe": "\u0153",
}
_LETTERS: Final = {ord(alike): letter for letter, row in _ALIKE.items() for alike in row}
# Pairs of letters that are read as one letter, because they are close together.
_PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("nn", "m"))


def shape_of(name: str) -> str:
    """Return the shape of a domain name in small letters: U-labels, or ASCII."""
    shape = _visible(unicodedata.normalize("NFD", name.lower())).translate(_LETTERS)
    # Registries refuse these forms of letters. But the owner of a domain can use them in the names below it.
    shape = _visible(unicodedata.normalize("NFKD", shape.casefold())).translate(_LETTERS)
    for pair, letter in _PAIRS:
        shape = shape.replace(pair, letter)
    return shape


def _visible(text: str) -> str:
    """The text without marks, and without invisible characters such as joiners and soft hyphens."""
    return "".join(character for character in text if unicodedata.category(character)[0] not in "MC")
