"""A short description of the program that signs in, for the list of sessions.

User-Agent is free text (RFC 9110 section 10.1.5) that any program can forge. Only names from the tables of this module
are returned, so that no part of the header itself is kept or shown.
"""

from __future__ import annotations

import re
from typing import Final

_MAX_READ_CHARACTERS: Final = 512
# A browser also names those that it resembles, so the first match counts.
_BROWSERS: Final = (
    ("Edge", r"\bEdgA?(?:iOS)?/"),
    ("Opera", r"\bOPR/"),
    ("Vivaldi", r"\bVivaldi/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chromium", r"\bChromium/"),
    ("Chrome", r"\b(?:Chrome|CriOS|HeadlessChrome)/"),
    ("Safari", r"\bSafari/"),
    ("WebKit", r"\bAppleWebKit/"),
)
_SYSTEMS: Final = (
    ("Android", r"\bAndroid\b"),
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Windows", r"\bWindows NT\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("macOS", r"\bMacintosh\b"),
    ("Linux", r"\bLinux\b"),
)


def describe_program(user_agent: str) -> str:
    """Return a description as "Firefox on Linux" of the program that a User-Agent names, or an empty text."""
    read = user_agent[:_MAX_READ_CHARACTERS]
    browser, system = _first(_BROWSERS, read), _first(_SYSTEMS, read)
    return f"{browser} on {system}" if browser and system else browser or system


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for name, pattern in names if re.search(pattern, text)), "")
