"""The secret of a parcel: six random words, which the sender tells the recipient.

A secret is generated, never chosen. Six words of a list of 2,048 have 66 bits. The text from which keys are derived is
the six words in lower case and Unicode's form NFC, joined by one space. `parse_words` finds it in the text that a
person types.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from smime_core.errors import ParcelWordsRefused
from smime_core.parcels.words import LANGUAGES, words_of
from smime_core.provider import CryptoProvider

SECRET_WORDS: Final = 6
MAX_TYPED_CHARACTERS: Final = 1_000  # Six long words have about 60.

_SHORTEST_PREFIX: Final = 4  # No two words of a list have the same four first letters.
_BETWEEN_WORDS: Final = re.compile(r"[\s\-_.,;:/+\u00b7\u060c\u2010-\u2015\u2022\u3001]+")
# Characters that show nothing: marks of the writing direction, joiners, the soft hyphen, the byte order mark.
_INVISIBLE: Final = dict.fromkeys(
    [0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF]
)


def make_secret(provider: CryptoProvider, *, language: str = "en") -> str:
    """Six random words of the list for this language, or of the English list if there is none."""
    return draw_words(provider, SECRET_WORDS, language)


def draw_words(provider: CryptoProvider, count: int, language: str) -> str:
    """Random words of the list for this language, or of the English list if there is none, joined by spaces."""
    words = words_of(language)
    random = provider.random_bytes(2 * count)
    # The length of every list is a power of two, so that all words are equally likely.
    numbers = [int.from_bytes(random[start : start + 2], "big") for start in range(0, len(random), 2)]
    return " ".join(words[number % len(words)] for number in numbers)


def parse_words(text: str, *, language: str = "en") -> str:
    """The secret in a text that a person typed, as keys are derived from it.

    Accepts capital letters, missing accents, further spaces, hyphens, commas and dots, marks of the writing direction,
    and four or more first letters in place of a word. All words must be of one list. The list for `language` is tried
    first.

    Raises ParcelWordsRefused, which gives the number of an unknown word but never the word.
    """
    if len(text) > MAX_TYPED_CHARACTERS:
        raise ParcelWordsRefused("too-long", f"more than {MAX_TYPED_CHARACTERS} characters")
    visible = text.translate(_INVISIBLE)
    typed = [word for word in _BETWEEN_WORDS.split(visible) if word]
    if len(typed) != SECRET_WORDS:
        raise ParcelWordsRefused("word-count", f"{len(typed)} words, expected {SECRET_WORDS}")
    languages = sorted(LANGUAGES, key=lambda candidate: (candidate != language, candidate))
    readings: list[_Reading] = []
    for candidate in languages:
        readings.append(_read(typed, candidate))
        # No other list can give a better result than six words in full, and reading a list takes a while in a browser.
        if readings[-1].is_exact:
            break
    # `max` returns the first of equal readings. Six words in full decide between lists that share first letters.
    best = max(readings, key=lambda reading: (len(reading.found), reading.is_exact))
    if best.unknown is not None:
        raise ParcelWordsRefused("unknown-word", f"word {best.unknown} is of no list", word_number=best.unknown)
    return " ".join(best.found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """Typed words read with one list. `is_exact`: all are in full. `unknown`: the number of the first unknown word."""

    found: Sequence[str]
    is_exact: bool
    unknown: int | None


def _read(typed: Sequence[str], language: str) -> _Reading:
    by_key = _words_by_key(language)
    keys = [_key(word) for word in typed]
    words = [by_key.get(key) or by_key.get(_prefix_key(key)) for key in keys]
    # All typed letters must be equal to those of the word, not only the first four.
    matches = [
        word if word is not None and _key(word).startswith(key) else None for key, word in zip(keys, words, strict=True)
    ]
    known = [word for word in matches if word is not None]
    return _Reading(
        found=known,
        is_exact=[_key(word) for word in known] == keys,
        unknown=next((number for number, word in enumerate(matches, start=1) if word is None), None),
    )


@cache
def _words_by_key(language: str) -> Mapping[str, str]:
    # The words under their letters without accents, and under their first four letters.
    words = {_key(word): word for word in words_of(language)}
    return {_prefix_key(key): word for key, word in words.items()} | words


def _prefix_key(key: str) -> str:
    return f"{key[:_SHORTEST_PREFIX]}…" if len(key) >= _SHORTEST_PREFIX else key


def _key(word: str) -> str:
    folded = word.casefold()
    if folded.isascii():
        return folded
    # NFKD also turns the full-width letters of some keyboards into plain ones.
    letters = unicodedata.normalize("NFKD", folded)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
