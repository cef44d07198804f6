"""A short description of the program that signs in, for the list of sessions.

User-Agent is free text (RFC 9110 section 10.1.5) that any program can forge. Only names from the tables of this module
are returned, so that no part of the header itself is kept or shown.
"""

from __future__ import annotations

import re
from typing import Final

_MAX_READ_CHARACTERS: Final = 512
# A browser also names the browsers that it resembles, so the first match counts.
_BROWSERS: Final = (
    ("Edge", re.compile(r"\bEdgA?(?:iOS)?/")),
    ("Opera", re.compile(r"\bOPR/")),
    ("Vivaldi", re.compile(r"\bVivaldi/")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/")),
    ("Chromium", re.compile(r"\bChromium/")),
    ("Chrome", re.compile(r"\b(?:Chrome|CriOS|HeadlessChrome)/")),
    ("Safari", re.compile(r"\bSafari/")),
    ("WebKit", re.compile(r"\bAppleWebKit/")),
)
_SYSTEMS: Final = (
    ("Android", re.compile(r"\bAndroid\b")),
    ("iPhone", re.compile(r"\biPhone\b")),
    ("iPad", re.compile(r"\biPad\b")),
    ("Windows", re.compile(r"\bWindows NT\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("macOS", re.compile(r"\bMacintosh\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)


def describe_program(user_agent: str) -> str:
    """Return a description of the program that a User-Agent names, such as "Firefox on Linux", or an empty text."""
    read = user_agent[:_MAX_READ_CHARACTERS]
    browser, system = _first(_BROWSERS, read), _first(_SYSTEMS, read)
    return f"{browser} on {system}" if browser and system else browser or system


def _first(names: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> str:
    return next((name for name, pattern in names if pattern.search(text)), "")
