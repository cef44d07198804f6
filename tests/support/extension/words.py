"""A language made for finding words that stand in no catalogue: every text of a catalogue in brackets.

The build's English is replaced by it, and calls itself Arabic: dates and numbers are then written in another script,
and the core's own English is not taken for the person's language. What is left in Latin letters outside the brackets
is data, a technical word, or a fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.browser.page import Page

LANGUAGE = "ar"
_OWN_VALUES = r"(\$\w+\$)"
_SHARED_VALUES = r"(\{\w+\})"
_BRACKETED = re.compile(r"⟦[^⟦⟧]*⟧")
_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_WORD = re.compile(r"[A-Za-z]{2,}")

# What is the same in every language. Each is taken out in turn: one expression of all of them costs far more.
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
    re.compile(r"(?<![\w-])[\w-]++\.(p12|der|eml|p7m|p7s|p7b|txt|png|bin|pem|html|pdf)\b"),
    re.compile(r"\b(text|image|application|message|multipart)/[\w.+-]+"),
    re.compile(r"\b(RSA|SHA-?\d+|AES-\d+-(GCM|CBC)|ECDSA|EC P-\d+|P-\d+|RSASSA-PKCS1-v1_5|3DES|RC2|PKCS #1 v1\.5)\b"),
    re.compile(r"\b(UTC|GMT|MB|KB|kB)\b"),
    re.compile(r"(?<!\+)\b((Alt|Shift|Ctrl|Command|MacCtrl)\+)+\w\b"),
    re.compile(r"\bSealwax\b"),
)

# What a person sees, hears or is asked: text, and the attributes that are read out; what is marked as English is left
# out, and so is what somebody else wrote.
_SPOKEN = """(others) => {
  const spoken = [["title", document.title]];
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true });
  const isOurs = (element) => !element.closest("[lang=en], script, style, noscript")
    && !(others && element.closest(others));
  for (const details of document.querySelectorAll("details")) details.open = true;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (data.trim() && isShown(parentElement) && isOurs(parentElement)) spoken.push([parentElement.tagName, data]);
  }
  for (const element of document.querySelectorAll("*")) {
    if (!isOurs(element)) continue;
    for (const name of ["aria-label", "aria-description", "aria-valuetext", "title", "placeholder", "alt"]) {
      if (element.getAttribute(name)) spoken.push([`${element.tagName} ${name}`, element.getAttribute(name)]);
    }
  }
  return spoken;
}"""


def speak_in_brackets(folder: Path) -> Path:
    """Give a built extension the language of brackets, in the place of every other."""
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
    """Words outside the brackets that are neither technical nor in `data`; `others` selects what others wrote."""
    known = sorted(data, key=len, reverse=True)
    return [f"{where}: {text}" for where, text in page.js(_SPOKEN, others) if _WORD.search(_left_over(text, known))]


def _left_over(text: str, known: list[str]) -> str:
    # Nothing stands inside brackets but the words of the catalogue: values stand between them.
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
