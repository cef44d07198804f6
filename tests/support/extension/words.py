"""Finds words that are in no message catalogue, by a test language in which every text of a catalogue is in brackets.

The test language replaces all languages of the build, and calls itself Arabic. So dates and numbers are in another
script, and the core's English texts are not in the person's language. Words in Latin letters outside brackets are data,
technical words, or errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from sealwax.words import ENGLISH, WORDS, forms_of
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts

IN_PAGE = page_scripts("support/extension/words.js")

LANGUAGE = "ar"
_VALUES = r"(\{\w+\})"
_BRACKETED = re.compile(r"⟦[^⟦⟧]*⟧")
_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_WORD = re.compile(r"[A-Za-z]{2,}")

# Texts that are the same in every language. They are removed one by one, because one expression for all is slow.
_TECHNICAL = (
    re.compile(r"\bMII[A-Za-z0-9+/=\s]{60,}"),
    re.compile(r"(?<![^\s<>(),:;@])[^\s<>(),:;@]++@[\w.-]+"),
    re.compile(r"(?<!\w)@[\w-]+\.[\w.-]+"),
    re.compile(r"https?://\S+"),
    re.compile(r"\b(CN|O|OU|C|SERIALNUMBER|emailAddress)=[^,]*"),
    re.compile(r"\b([0-9A-Fa-f]{2}:){3,}[0-9A-Fa-f]{2}\b"),
    re.compile(r"\b[0-9a-f]{8,}\b"),
    re.compile(r"\b([0-9a-f]{4} ){3,}[0-9a-f]{1,4}\b"),
    re.compile(r"\b\d+(\.\d+){2,}\b"),
    re.compile(r"(?<![\w-])[\w-]++\.(p12|der|eml|p7m|p7s|p7b|txt|png|bin|pem|html|js|pdf)\b"),
    re.compile(r"\b(text|image|application|message|multipart)/[\w.+-]+"),
    re.compile(r"\b(RSA|SHA-?\d+|AES-\d+-(GCM|CBC)|ECDSA|EC P-\d+|P-\d+|RSASSA-PKCS1-v1_5|3DES|RC2|PKCS #1 v1\.5)\b"),
    re.compile(r"\b(UTC|GMT|MB|KB|kB)\b"),
    re.compile(r"(?<!\+)\b((Alt|Shift|Ctrl|Command|MacCtrl)\+)+\w\b"),
    re.compile(r"\bSealwax\b"),
)

# Collects the words that a person sees or hears: texts, and attributes that screen readers read. Leaves out words that
# are marked as English, and elements that match `others`.
_SPOKEN = IN_PAGE["spokenInPage"]


def speak_in_brackets(folder: Path) -> Path:
    """Replace all languages of a built extension by the test language."""
    texts = {name: _in_brackets(text) for name, text in WORDS.of_part(ENGLISH, "shared", "extension").items()}
    messages = {name: {"message": text} for name, text in {**texts, "language_tag": LANGUAGE}.items()}
    for path in (folder / "_locales").glob("*/messages.json"):
        path.write_text(json.dumps(messages))
    return folder


def foreign_words(page: Page, *, data: Iterable[str] = (), others: str = "") -> list[str]:
    """The words outside brackets that are neither technical nor in `data`.

    `others` selects elements with foreign content, which are left out.
    """
    known = sorted(data, key=len, reverse=True)
    return [f"{where}: {text}" for where, text in page.js(_SPOKEN, others) if _WORD.search(_left_over(text, known))]


def _left_over(text: str, known: list[str]) -> str:
    # Brackets contain only words of a catalogue. Inserted values are outside.
    left = _BRACKETED.sub(" ", _MARKS.sub("", text))
    for technical in _TECHNICAL:
        left = technical.sub(" ", left)
    for phrase in known:
        left = left.replace(phrase, " ")
    return left


def _in_brackets(text: str) -> str:
    forms = forms_of(text)
    if len(forms) == 1:
        return _bracket(text)
    return f"{{count, plural, {' '.join(f'{name} {{{_bracket(form)}}}' for name, form in forms.items())}}}"


def _bracket(text: str) -> str:
    parts = re.split(_VALUES, text)
    return "".join(part if re.fullmatch(_VALUES, part) or not part else f"⟦{part}⟧" for part in parts)
