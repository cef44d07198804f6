"""The texts as browsers load them. Each file has the texts for one language and one place, without indentation."""

from __future__ import annotations

import html
import json
import re
from typing import Final

from sealwax.words import ENGLISH, Words
from wasm_build.bundle.tree import Content

# In the texts of an extension, a dollar sign begins the name of a value.
_DOLLAR: Final = str.maketrans({"$": "$$"})
_IN_ALL_LANGUAGES: Final = re.compile(r"<!-- (\w+) in all languages -->")


def texts_of_part(words: Words, part: str) -> dict[str, Content]:
    """The files of the texts of one part. Raises WrongWords."""
    return {f"messages.{language}.json": _in_json(words.of_part(language, part)) for language in words.languages}


def texts_of_extension(words: Words) -> dict[str, Content]:
    """The folder `_locales`, in which a browser looks for the texts of an extension. Raises WrongWords."""
    return {
        f"_locales/{language}/messages.json": _in_json(
            {
                name: {"message": text.translate(_DOLLAR)}
                for name, text in {**words.of_part(language, "shared", "extension"), "language_tag": language}.items()
            }
        )
        for language in words.languages
    }


def start_words(words: Words) -> str:
    """The line of `pinned.js` with the words for a failed start of the pages, for use before the texts are loaded."""
    keys = {"title": "pages.start_failed_title", "sentence": "pages.start_part_missing", "again": "shared.try_again"}
    texts = {language: {name: words.texts(language)[key] for name, key in keys.items()} for language in words.languages}
    return f"export const START_WORDS = {_in_json(texts).decode()};\n"


def with_sentences(page: str, words: Words) -> bytes:
    """A page of HTML in which paragraphs, one for each language, replace each comment "KEY in all languages"."""
    return _IN_ALL_LANGUAGES.sub(lambda comment: _paragraphs(words, comment[1]), page).encode()


def _paragraphs(words: Words, name: str) -> str:
    # English comes first, because most people read only the first paragraph, even if their language follows.
    english_first = sorted(words.languages.items(), key=lambda row: row[0] != ENGLISH)
    paragraphs = ((language, facts, words.texts(language)[f"pages.{name}"]) for language, facts in english_first)
    return "".join(
        f'<p lang="{language}" dir="{facts.direction}">{html.escape(text, quote=False)}</p>'
        for language, facts, text in paragraphs
    )


def _in_json(texts: object) -> bytes:
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode()
