"""The lists of words from which the secrets of parcels are drawn.

Each list has 2,048 words, so that a word has 11 bits, and no two of its words share their first four letters. The words
are in lower case and in Unicode's form NFC.

These are the English, French and Spanish lists of BIP-39, by Marek Palatinus, Pavol Rusnak, Aaron Voisine, Sean Bowe
and those who contributed a list, taken from the package `mnemonic` 0.21 of PyPI under this licence:

The MIT License (MIT). Copyright (c) 2013-2016 Pavol Rusnak

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

LANGUAGES: Final = ("en", "es", "fr")


@functools.cache
def words_of(language: str) -> Sequence[str]:
    """The list of one of LANGUAGES, or the English one for any other language.

    Each list is imported only when it is needed.
    """
    match language:
        case "es":
            from smime_core.parcels.words.spanish import WORDS as words
        case "fr":
            from smime_core.parcels.words.french import WORDS as words
        case _:
            from smime_core.parcels.words.english import WORDS as words
    return tuple(words.split())
