"""The words of notices in five languages, and numbers and times as these languages write them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from sealwax.files.small import read_small
from sealwax.notices.writing import Language

_TEXTS: Final = Path(__file__).with_name("texts.json")
_STEP: Final = 1000
_WHOLE_FROM: Final = 10  # "9.4 MB", but "12 MB"


def words(language: Language) -> Mapping[str, Any]:
    """Return the words of a language."""
    return _texts()[language.value]


def language_of(name: str) -> Language:
    """Return the language of a tag (RFC 5646), such as "de-AT", or English if there are no words in it."""
    try:
        return Language(name.partition("-")[0].lower())
    except ValueError:
        return Language.ENGLISH


def language_asked(tags: Iterable[str]) -> str:
    """Return the first of these tags for which there are words, as the name of a language, or an empty text."""
    asked = (tag.partition("-")[0].lower() for tag in tags)
    return next((name for name in asked if name in tuple(Language)), "")


def write_size(count: int, language: Language) -> str:
    """Return a number of bytes in two digits at least, as "3.4 MB"."""
    texts = words(language)
    value, unit = float(count), 0
    while round(value) >= _STEP and unit < len(texts["units"]) - 1:
        value, unit = value / _STEP, unit + 1
    has_fraction = unit > 0 and round(value, 1) < _WHOLE_FROM
    number = f"{value:.1f}".replace(".", texts["decimal"]) if has_fraction else f"{value:.0f}"
    return f"{number} {texts['units'][unit]}"


def write_time(at: datetime.datetime) -> str:
    """Return a time that people of all languages read alike."""
    return f"{at.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC"


@cache
def _texts() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(read_small(_TEXTS))
    return found
