"""A further language, from right to left: the English texts in brackets, with the plural forms of Hebrew."""

from __future__ import annotations

import json
from pathlib import Path

from sealwax.words import ENGLISH, WORDS, forms_of

LANGUAGE = "he"
OWN_NAME = "עברית"
_PLURALS = ("one", "two", "other")


def add_language(folder: Path) -> None:
    """Add the language to a copy of the catalogues."""
    languages = json.loads((folder / "languages.json").read_text())
    languages[LANGUAGE] = {"name": OWN_NAME, "direction": "rtl", "plurals": list(_PLURALS)}
    (folder / "languages.json").write_text(json.dumps(languages))
    texts = {key: in_brackets(text) for key, text in WORDS.texts(ENGLISH).items()}
    (folder / f"{LANGUAGE}.json").write_text(json.dumps(texts, ensure_ascii=False, indent=2))


def in_brackets(text: str) -> str:
    """Return the text of the language for an English text."""
    forms = forms_of(text)
    if len(forms) == 1:
        return f"⟦{text}⟧"
    plurals = " ".join(f"{name} {{⟦{forms['other']}⟧}}" for name in _PLURALS)
    return f"{{count, plural, {plurals}}}"
