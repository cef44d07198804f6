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
from typing import Any

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts

IN_PAGE = page_scripts("support/extension/words.js")

LANGUAGE = "ar"
_OWN_VALUES = r"(\$\w+\$)"
_SHARED_VALUES = r"(\{\w+\})"
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
    for path in (folder / "_locales").glob("*/messages.json"):
        english = folder / "_locales/en/messages.json"
        messages = json.loads((english if path != english else path).read_text())
        path.write_text(json.dumps({key: _own(key, entry) for key, entry in messages.items()}))
    shared = json.loads((folder / "runtime/ui/messages.en.json").read_text())
    bracketed = json.dumps({key: {"message": _forms(entry["message"])} for key, entry in shared.items()})
    for name in ("en", LANGUAGE):
        (folder / f"runtime/ui/messages.{name}.json").write_text(bracketed)
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
    for one in known:
        left = left.replace(one, " ")
    return left


def _own(key: str, entry: dict[str, Any]) -> dict[str, Any]:
    settled = {"languageTag": LANGUAGE, "languageDirection": "rtl"}.get(key)
    if settled is not None or "⟦" in entry["message"]:
        return {**entry, "message": settled or entry["message"]}
    return {**entry, "message": _bracket(entry["message"], _OWN_VALUES)}


def _forms(message: str | dict[str, str]) -> str | dict[str, str]:
    if isinstance(message, str):
        return _bracket(message, _SHARED_VALUES)
    return {form: _bracket(text, _SHARED_VALUES) for form, text in message.items()}


def _bracket(message: str, values: str) -> str:
    parts = re.split(values, message)
    return "".join(part if re.fullmatch(values, part) or not part else f"⟦{part}⟧" for part in parts)
