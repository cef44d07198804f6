"""The texts that people read in pages, extension and mails, in each language.

There is one flat file for each language. A key is the name of a part, a full stop, and the name of the text. A part is
the component of Sealwax that uses the text; texts of the part `shared` are for pages and extension. A text that depends
on a number has all its forms, as ICU's MessageFormat writes them: `{count, plural, one {...} other {...}}`.
`notes.json` has a note on each text for translators, and the hash of the English text from which each translation was
made. `same.json` has further keys for some texts, because programs make these keys from a code. `languages.json` is the
list of languages.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, NewType

from sealwax.files.small import read_small
from smime_core.errors import LimitExceeded

FOLDER: Final = Path(__file__).parent
Language = NewType("Language", str)
ENGLISH: Final = Language("en")
PARTS: Final = ("shared", "extension", "pages", "parcel_mails", "key_mails")
_KEY: Final = re.compile(r"(?:shared|extension|pages|parcel_mails|key_mails)\.[a-z0-9][A-Za-z0-9_]*")
_PLURAL: Final = re.compile(r"\{count, plural,((?: [a-z]+ \{(?:[^{}]|\{[a-z_]+\})*\})+)\}")
_FORM: Final = re.compile(r" ([a-z]+) \{((?:[^{}]|\{[a-z_]+\})*)\}")
_VALUE: Final = re.compile(r"\{([a-z_]+)\}")
_HASH_CHARACTERS: Final = 8


class WrongWords(Exception):
    """The texts of a file cannot be used. The message names the file, the key and the fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageFacts:
    """A language's own name, and "ltr" or "rtl". `plurals` are CLDR's categories of its cardinal numbers."""

    name: str
    direction: str
    plurals: tuple[str, ...]


class Words:
    """The texts in the files of a folder. Each file is read when one of its texts is first needed."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._texts: dict[str, Mapping[str, str]] = {}

    @cached_property
    def languages(self) -> Mapping[Language, LanguageFacts]:
        """The languages in the order of menus."""
        return {Language(tag): _read_facts(tag, facts) for tag, facts in self._read("languages.json").items()}

    @cached_property
    def same(self) -> Mapping[str, str]:
        """Further keys, each with the key whose text it has."""
        return self._read("same.json")

    @cached_property
    def _notes(self) -> Mapping[str, Any]:
        return self._read("notes.json")

    def texts(self, language: str) -> Mapping[str, str]:
        """The texts of one language by their whole keys. Raises WrongWords unless the file is complete and right."""
        if language not in self._texts:
            texts = self._read(f"{language}.json")
            wrong = next(self._faults(Language(language), texts), None)
            if wrong is not None:
                raise WrongWords(f"{language}.json: {wrong}")
            self._texts[language] = texts
        return self._texts[language]

    def of_part(self, language: str, *parts: str) -> dict[str, str]:
        """The texts of parts by their names. A text of a later part replaces a text of the same name."""
        texts = self.texts(language)
        whole = {**texts, **{key: texts[of] for key, of in self.same.items()}}
        starts = [f"{part}." for part in parts]
        return {
            key.removeprefix(start): text for start in starts for key, text in whole.items() if key.startswith(start)
        }

    def outdated(self) -> list[tuple[str, str]]:
        """The translations whose English text has changed since they were made, each as (language, key).

        Raises WrongWords if a file is wrong or a text has no note.
        """
        english = self.texts(ENGLISH)
        for language in self.languages:
            self.texts(language)
        return [
            (language, key)
            for key, text in english.items()
            for language in self.languages
            if language != ENGLISH and self.note(key)["made_from"].get(language) != hash_of(text)
        ]

    def note(self, key: str) -> Mapping[str, Any]:
        """The note on a text, with its translations' hashes as `made_from`. Raises WrongWords without a note."""
        entry = self._notes.get(key)
        if not isinstance(entry, dict) or not entry.get("note"):
            raise WrongWords(f"notes.json: {key} has no note")
        return {"made_from": {}, **entry}

    def _faults(self, language: Language, texts: Mapping[str, Any]) -> Iterator[str]:
        facts = self.languages.get(language)
        if facts is None:
            yield "it is not in languages.json"
            return
        english = texts if language == ENGLISH else self.texts(ENGLISH)
        yield from (f"{key} is missing" for key in english if key not in texts)
        for key, text in texts.items():
            if not _KEY.fullmatch(key) or key not in english:
                yield f"{key} is no key"
            elif not isinstance(text, str) or not text.strip():
                yield f"{key} has no text"
            else:
                yield from (f"{key} {fault}" for fault in _faults_of(text, english[key], facts.plurals))
        yield from (f"{key} is also in same.json" for key in texts if key in self.same)
        yield from (f"{of}, which same.json names, is missing" for of in self.same.values() if of not in texts)

    def _read(self, name: str) -> dict[str, Any]:
        path = self._folder / name
        try:
            pairs = json.loads(read_small(path), object_pairs_hook=_once)
        except (OSError, ValueError, LimitExceeded) as error:
            raise WrongWords(f"{name}: {error}") from None
        if not isinstance(pairs, dict):
            raise WrongWords(f"{name}: an object is expected")
        return pairs


def forms_of(text: str) -> dict[str, str]:
    """The forms of a text by their plural categories. A text that depends on no number has only the form `other`."""
    return dict(_pairs_of(text)) or {"other": text}


def values_in(text: str) -> frozenset[str]:
    """The names of the values that a text or a form contains, such as `count`."""
    return frozenset(_VALUE.findall(text))


def hash_of(text: str) -> str:
    """The hash of an English text. `notes.json` has it for each translation made from the text."""
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_CHARACTERS]


def _faults_of(text: str, english: str, plurals: tuple[str, ...]) -> Iterator[str]:
    forms, originals = forms_of(text), forms_of(english)
    english_values = frozenset().union(*map(values_in, originals.values()))
    is_counted = _PLURAL.fullmatch(english) is not None
    if is_counted and [category for category, _ in _pairs_of(text)] != list(plurals):
        yield f"has not the forms {', '.join(plurals)}"
    elif not all(form.strip() for form in forms.values()):
        yield "is empty, or has an empty form"
    elif not is_counted and _PLURAL.fullmatch(text):
        yield "has forms for numbers, and the English has none"
    elif values_in(forms["other"]) != english_values:
        yield f"has other values than the English: {', '.join(sorted(values_in(forms['other']) ^ english_values))}"
    elif any(not values_in(form) <= english_values for form in forms.values()):
        yield "has a form with a value that the English lacks"
    elif any(character in _VALUE.sub("", form) for form in forms.values() for character in "{}"):
        yield "has a brace that is of no value"


def _pairs_of(text: str) -> list[tuple[str, str]]:
    plural = _PLURAL.fullmatch(text)
    return _FORM.findall(plural[1]) if plural else []


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]
    if twice:
        raise ValueError(f"{twice[0]} stands twice")
    return dict(pairs)


def _read_facts(tag: str, facts: Mapping[str, Any]) -> LanguageFacts:
    if not facts.keys() >= {"name", "direction", "plurals"} or facts["direction"] not in ("ltr", "rtl"):
        raise WrongWords(f"languages.json: {tag} needs a name, the direction ltr or rtl, and its plurals")
    return LanguageFacts(name=facts["name"], direction=facts["direction"], plurals=tuple(facts["plurals"]))


WORDS: Final = Words()


def language_of(tag: str) -> Language:
    """The language of a tag (RFC 5646), such as "de-AT", or English if there are no texts in it."""
    return language_asked([tag]) or ENGLISH


def language_asked(tags: Iterable[str]) -> Language | None:
    """The language of the first tag for whose language there are texts, or None."""
    languages = (Language(tag.partition("-")[0].lower()) for tag in tags)
    return next((language for language in languages if language in WORDS.languages), None)


def is_right_to_left(language: Language) -> bool:
    """Whether the language is written from right to left."""
    return WORDS.languages[language].direction == "rtl"


@cache
def words_of_part(language: Language, *parts: str) -> Mapping[str, str]:
    """The texts of parts by their names, as `Words.of_part` returns them."""
    return WORDS.of_part(language, *parts)
