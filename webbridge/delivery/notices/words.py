"""The texts of notices, and numbers and times in the form of each language."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Final

from sealwax.words import Language, words_of_part

_STEP: Final = 1000
_WHOLE_FROM: Final = 10  # "9.4 MB", but "12 MB"
_UNITS: Final = ("bytes", "kb", "mb", "gb", "tb")


def words(language: Language) -> Mapping[str, str]:
    """Return the texts of a language."""
    return words_of_part(language, "shared", "parcel_mails")


def write_size(count: int, language: Language) -> str:
    """Return a number of bytes as a text with at least two digits, such as "3.4 MB"."""
    texts = words(language)
    value, unit = float(count), 0
    while round(value) >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    has_fraction = unit > 0 and round(value, 1) < _WHOLE_FROM
    number = f"{value:.1f}".replace(".", texts["decimal"]) if has_fraction else f"{value:.0f}"
    return f"{number} {texts[f'unit_{_UNITS[unit]}']}"


def write_time(at: datetime.datetime) -> str:
    """Return a time in a form that people of all languages understand."""
    return f"{at.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC"
