"""The catalogues are whole, follow the English, say nothing twice, and are refused by name where they are wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from sealwax.words import ENGLISH, FOLDER, PARTS, WORDS, Language, Words, WrongWords, forms_of, hash_of, values_in
from tests.support.new_language import add_language
from wasm_build.bundle.catalogues import start_words, texts_of_extension, texts_of_part, with_sentences
from wasm_build.bundle.tree import read_content

LANGUAGES: Final = tuple(WORDS.languages)
OTHERS: Final = tuple(language for language in LANGUAGES if language != ENGLISH)
MAX_LINES: Final = 18_000
# Texts of a part that stand in the place of the shared one of the same name, each with the reason.
REPLACED: Final = {
    "extension.error_locked": "a text that was being written is still there",
    "pages.error_malformed_message": "the pages know that it is a message",
    "pages.recover_meaning": "the pages offer the reset themselves",
}


def test_each_language_of_the_list_has_a_file() -> None:
    lists = {"languages.json", "notes.json", "same.json"}
    assert {path.name for path in FOLDER.glob("*.json")} - lists == {f"{language}.json" for language in LANGUAGES}
    lines = sum(len(path.read_text().splitlines()) for path in FOLDER.glob("*.json"))
    assert lines <= MAX_LINES


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_is_missing_and_none_is_left_over(language: Language) -> None:
    assert WORDS.texts(language).keys() == WORDS.texts(ENGLISH).keys()


@pytest.mark.parametrize("language", OTHERS)
def test_texts_name_the_same_values_as_in_english(language: Language) -> None:
    for key, text in WORDS.texts(ENGLISH).items():
        value_names = {name for form in forms_of(text).values() for name in values_in(form)}
        forms = forms_of(WORDS.texts(language)[key])
        assert values_in(forms["other"]) == value_names, key
        assert all(values_in(form) <= value_names for form in forms.values()), key


@pytest.mark.parametrize("language", OTHERS)
def test_counted_texts_have_every_form_of_their_language(language: Language) -> None:
    counted = [key for key, text in WORDS.texts(ENGLISH).items() if len(forms_of(text)) > 1]
    assert len(counted) > 40
    for key in counted:
        assert tuple(forms_of(WORDS.texts(language)[key])) == WORDS.languages[language].plurals, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_its_name_and_direction(language: Language) -> None:
    script = f"""
      const {{ pluralCategories }} = new Intl.PluralRules("{language}").resolvedOptions();
      const names = new Intl.DisplayNames("{language}", {{ type: "language" }});
      const {{ direction }} = new Intl.Locale("{language}").textInfo;
      console.log(JSON.stringify([names.of("{language}"), direction, pluralCategories]));
    """
    output = subprocess.run(["node", "-e", script], capture_output=True, check=True, text=True).stdout
    name, direction, plurals = json.loads(output)
    facts = WORDS.languages[language]
    assert (facts.name.lower(), facts.direction, set(facts.plurals)) == (name.lower(), direction, set(plurals))


def test_every_english_text_has_a_note_for_the_translator() -> None:
    notes = [WORDS.note(key) for key in WORDS.texts(ENGLISH)]
    assert len(notes) == len(json.loads((FOLDER / "notes.json").read_text()))
    assert {tuple(note["made_from"]) for note in notes} == {tuple(sorted(OTHERS))}


def test_no_translation_is_older_than_its_english() -> None:
    assert WORDS.outdated() == []


def test_no_text_stands_twice() -> None:
    standing = defaultdict(list)
    for key in WORDS.texts(ENGLISH):
        standing[tuple(WORDS.texts(language)[key] for language in LANGUAGES)].append(key)
    assert [keys for keys in standing.values() if len(keys) > 1] == []
    assert all(of in WORDS.texts(ENGLISH) for of in WORDS.same.values())


def test_a_text_of_a_room_replaces_a_shared_one_on_purpose() -> None:
    shared = WORDS.of_part(ENGLISH, "shared")
    named = {f"{part}.{name}" for part in ("extension", "pages") for name in WORDS.of_part(ENGLISH, part)}
    assert {key for key in named if key.partition(".")[2] in shared} == REPLACED.keys()


# One change of a copy each, with the words of its refusal.
Change = Callable[[dict[str, Any]], None]
WRONG: Final[dict[str, tuple[str, Change, str]]] = {
    "half a catalogue": ("de", lambda texts: cut(texts, len(texts) // 2), "is missing"),
    "a missing key": ("de", lambda texts: cut(texts, 1), "is missing"),
    "an unknown key": ("de", lambda texts: texts.update({"pages.tea_time": "Tee"}), "pages.tea_time is no key"),
    "a key of no part": ("de", lambda texts: texts.update({"kitchen.tea": "Tee"}), "kitchen.tea is no key"),
    "an empty text": ("fr", lambda texts: texts.update({"shared.cancel": " "}), "shared.cancel has no text"),
    "a number": ("fr", lambda texts: texts.update({"shared.cancel": 3}), "shared.cancel has no text"),
    "another value": ("es", lambda texts: texts.update({"shared.cancel": "{who}"}), "other values"),
    "a lost value": ("es", lambda texts: texts.update({"shared.remove_named": "Quitar"}), "other values"),
    "a lost form": (
        "ar",
        lambda texts: texts.update({"shared.parcel_tries_left": "{count, plural, one {x} other {{count} y}}"}),
        "has not the forms zero, one, two, few, many, other",
    ),
    "a form of no number": (
        "de",
        lambda texts: texts.update({"shared.cancel": "{count, plural, one {a} other {b}}"}),
        "has forms for numbers",
    ),
    "an empty form": (
        "de",
        lambda texts: texts.update({"shared.parcel_tries_left": "{count, plural, one {} other {{count} y}}"}),
        "an empty form",
    ),
    "a form twice": (
        "de",
        lambda texts: texts.update({"shared.parcel_tries_left": "{count, plural, one {x} one {z} other {{count} y}}"}),
        "has not the forms one, other",
    ),
    "an open brace": ("de", lambda texts: texts.update({"shared.cancel": "Abbrechen {"}), "a brace"),
}


def cut(texts: dict[str, Any], count: int) -> None:
    for key in list(texts)[-count:]:
        del texts[key]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER, tmp_path / "words", ignore=shutil.ignore_patterns("*.py", "__pycache__"))


def change(folder: Path, language: str, act: Change) -> None:
    file = folder / f"{language}.json"
    texts = json.loads(file.read_text())
    act(texts)
    file.write_text(json.dumps(texts))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_catalogue_is_refused_by_name(name: str, copy: Path) -> None:
    language, act, complaint = WRONG[name]
    change(copy, language, act)
    with pytest.raises(WrongWords, match=f"^{language}.json: ") as refused:
        Words(copy).texts(language)
    assert complaint in str(refused.value)
    with pytest.raises(WrongWords):
        texts_of_part(Words(copy), "pages")


@pytest.mark.parametrize("content", ["", "[]", '{"shared.cancel": "a", "shared.cancel": "b"}', '{"shared.cancel": '])
def test_a_file_that_is_no_catalogue_is_refused_by_name(content: str, copy: Path) -> None:
    (copy / "fr.json").write_text(content)
    with pytest.raises(WrongWords, match=r"^fr\.json: "):
        Words(copy).texts("fr")


def test_a_key_that_stands_twice_is_named(copy: Path) -> None:
    (copy / "fr.json").write_text('{"shared.cancel": "a", "shared.cancel": "b"}')
    with pytest.raises(WrongWords, match=r"^fr\.json: shared\.cancel stands twice"):
        Words(copy).texts("fr")


@pytest.mark.parametrize("facts", [{"direction": "RTL"}, {"direction": None}, {"name": None}])
def test_a_language_without_a_name_or_a_direction_is_refused_by_name(copy: Path, facts: dict[str, str | None]) -> None:
    languages = json.loads((copy / "languages.json").read_text())
    languages["ar"] = {name: value for name, value in (languages["ar"] | facts).items() if value is not None}
    (copy / "languages.json").write_text(json.dumps(languages))
    with pytest.raises(WrongWords, match=r"^languages\.json: ar needs"):
        Words(copy).texts("ar")


def test_a_language_without_a_file_is_refused_by_name(copy: Path) -> None:
    (copy / "fr.json").unlink()
    with pytest.raises(WrongWords, match=r"^fr\.json: "):
        texts_of_extension(Words(copy))


def test_a_changed_english_text_names_the_older_translations(copy: Path) -> None:
    change(copy, ENGLISH, lambda texts: texts.update({"shared.cancel": "Stop"}))
    assert Words(copy).outdated() == [(language, "shared.cancel") for language in LANGUAGES if language != ENGLISH]
    assert hash_of("Stop") != hash_of("Cancel")


def test_a_new_language_from_right_to_left_is_in_every_place(copy: Path) -> None:
    add_language(copy)
    words = Words(copy)
    extension = texts_of_extension(words)
    own = json.loads(read_content(extension["_locales/he/messages.json"]))
    assert own["language_tag"] == {"message": "he"}
    assert own["cancel"] == {"message": "⟦Cancel⟧"}
    for part in ("shared", "pages"):
        assert json.loads(read_content(texts_of_part(words, part)["messages.he.json"])) == words.of_part("he", part)
    assert '"he":{"title":"⟦The mail cannot be reached⟧"' in start_words(words)
    page = with_sentences("<noscript><!-- needs_javascript in all languages --></noscript>", words).decode()
    assert '<p lang="he" dir="rtl">⟦Sealwax decrypts and encrypts mail in this browser' in page
    assert page.startswith('<noscript><p lang="en"')
    for part in PARTS:
        assert words.of_part("he", part).keys() == WORDS.of_part(ENGLISH, part).keys()
