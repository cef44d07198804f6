"""How hard a new passphrase is to guess, by the package `zxcvbn`.

The measure knows common passwords, English words and names, keyboard rows, dates and repetitions. It knows no word of
another language, so it may call such a passphrase too good. It never refuses a passphrase.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

MAX_MEASURED_CHARACTERS: Final = 72
"""The measured beginning of a passphrase. The work of zxcvbn grows with the square of the length."""

# The characters that zxcvbn reads as letters too, such as 4 for a. The work doubles with most further characters.
_STAND_INS: Final = frozenset("4@8({[<3691!|70$5+%2")
_MAX_STAND_INS: Final = 10

WARNINGS: Final = MappingProxyType(
    {
        "Straight rows of keys are easy to guess.": "key-row",
        "Short keyboard patterns are easy to guess.": "key-pattern",
        'Repeats like "aaa" are easy to guess.': "repeat",
        'Repeats like "abcabcabc" are only slightly harder to guess than "abc".': "repeat",
        'Sequences like "abc" or "6543" are easy to guess.': "sequence",
        "Recent years are easy to guess.": "year",
        "Dates are often easy to guess.": "date",
        "This is a top-10 common password.": "common",
        "This is a top-100 common password.": "common",
        "This is a very common password.": "common",
        "This is similar to a commonly used password.": "like-common",
        "A word by itself is easy to guess.": "word",
        "Names and surnames by themselves are easy to guess.": "name",
        "Common names and surnames are easy to guess.": "name",
    }
)
"""The code of each warning of zxcvbn. Pages have a sentence for each code in `sealwax/words/`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassphraseStrength:
    """The score from 0 (guessed at once) to 4 (strong), and the code of a warning, or ""."""

    score: int
    warning: str


def measure_passphrase(text: str) -> PassphraseStrength:
    """The strength of a passphrase. `zxcvbn` must be installed, or loaded in the vault."""
    # Imported here: the vault loads the package only for a measure, and its lists take a while.
    from zxcvbn import feedback, matching, scoring, time_estimates

    measured = _cut(text)
    if not measured:
        return PassphraseStrength(score=0, warning="")
    found = scoring.most_guessable_match_sequence(measured, matching.omnimatch(measured))
    score = time_estimates.guesses_to_score(found["guesses"])
    warning = feedback.get_feedback(score, found["sequence"])["warning"]
    return PassphraseStrength(score=score, warning=WARNINGS.get(warning, ""))


def _cut(text: str) -> str:
    """The beginning of the text with which zxcvbn ends soon. A shorter text never has a higher score."""
    seen: set[str] = set()
    for position, character in enumerate(text[:MAX_MEASURED_CHARACTERS]):
        seen |= {character} & _STAND_INS
        if len(seen) > _MAX_STAND_INS:
            return text[:position]
    return text[:MAX_MEASURED_CHARACTERS]
