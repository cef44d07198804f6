"""The six words of a parcel: drawn, typed by people, and refused without being repeated."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, strategies as st

from smime_core.errors import ParcelWordsRefused
from smime_core.parcels import LANGUAGES, SECRET_WORDS, make_secret, parse_words
from smime_core.parcels.words import words_of
from smime_core.providers.native import NativeProvider
from tests.support.people import PROVIDER

SECRET = "abandon ability able about above absent"


def plain(word: str) -> str:
    return "".join(
        character for character in unicodedata.normalize("NFD", word) if not unicodedata.combining(character)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_list_has_2048_words_that_differ_in_their_first_four_letters(language: str) -> None:
    words = words_of(language)
    assert len(words) == len({plain(word)[:4] for word in words}) == 2048
    assert all(word == unicodedata.normalize("NFC", word).lower() and word.isalpha() for word in words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_secret_is_six_words_of_the_list(language: str) -> None:
    secrets = {make_secret(PROVIDER, language=language) for _ in range(20)}
    assert len(secrets) == 20
    for secret in secrets:
        assert set(secret.split(" ")) <= set(words_of(language))
        assert len(secret.split(" ")) == SECRET_WORDS


def test_a_language_without_a_list_gets_english_words() -> None:
    assert set(make_secret(PROVIDER, language="ar").split(" ")) <= set(words_of("en"))


class _Counting(NativeProvider):
    """Random bytes that count upwards in steps of two bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def random_bytes(self, length: int) -> bytes:
        self.number += length // 2
        return b"".join(number.to_bytes(2, "big") for number in range(self.number - length // 2, self.number))


def test_every_word_is_drawn_equally_often() -> None:
    provider = _Counting()
    drawn = [word for _ in range(1024) for word in make_secret(provider).split(" ")]
    assert {drawn.count(word) for word in (words_of("en")[0], words_of("en")[2047], "zebra")} == {3}


@pytest.mark.parametrize(
    "typed",
    [
        SECRET,
        "Abandon ABILITY able About above Absent",
        "  abandon  ability\table\nabout above absent ",
        "abandon-ability-able-about-above-absent",
        "abandon, ability, able, about, above, absent.",
        "aban abil able abou abov abse",
        "aband abili able about above absen",
        "\u2067abandon\u2069 ability\u200f able\u200b about \u202babove\u202c absent\ufeff",
        "abandon\u00a0ability\u3000able about above absent",
        "abandon \uff41bility able about above absent",
        "abandon ability \u00e0ble about above absent",
        "aban\u00addon ability able about above absent",
        "abandon\u2013ability\u2014able\u2010about\u00b7above\u060cabsent",
    ],
)
def test_what_people_type_is_read(typed: str) -> None:
    assert parse_words(typed) == SECRET


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_read_in_full_by_four_letters_and_without_accents(language: str) -> None:
    words = words_of(language)
    for start in range(0, 2046, SECRET_WORDS):
        secret = words[start : start + SECRET_WORDS]
        for typed in (secret, [plain(word) for word in secret], [word.upper() for word in secret]):
            assert parse_words(" ".join(typed), language=language) == " ".join(secret)
        short = [unicodedata.normalize("NFC", word)[:4] if len(word) >= 4 else word for word in secret]
        assert parse_words("-".join(short), language=language) == " ".join(secret)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_another_list_than_that_of_the_page_are_read(language: str) -> None:
    for _ in range(50):
        secret = make_secret(PROVIDER, language=language)
        assert parse_words(unicodedata.normalize("NFD", secret), language="de") == secret


def test_words_in_full_decide_between_two_lists() -> None:
    """Each of these English words is also the beginning of a French one, such as "aboutir" and "absurde"."""
    english = "about absurd accuse acid adult affair"
    assert parse_words(english, language="fr") == english
    assert parse_words("acti acti acti acti acti acti", language="fr").split() == ["actif"] * 6


@pytest.mark.parametrize(
    ("typed", "why", "word_number"),
    [
        ("", "word-count", None),
        (" - ", "word-count", None),
        ("abandon ability able about above", "word-count", None),
        ("abandon ability able about above absent absorb", "word-count", None),
        ("abandon abilities able about above absent", "unknown-word", 2),
        ("abandon ability able about above geheimnis", "unknown-word", 6),
        ("abandon ability abl about above absent", "unknown-word", 3),
        ("abandon " * 200, "too-long", None),
    ],
)
def test_other_words_are_refused_with_the_number_of_the_word(typed: str, why: str, word_number: int | None) -> None:
    with pytest.raises(ParcelWordsRefused) as refused:
        parse_words(typed)
    assert (refused.value.why, refused.value.word_number) == (why, word_number)
    assert refused.value.code == "parcel-words-refused"


@given(st.text(max_size=80))
def test_any_text_is_a_secret_or_refused(text: str) -> None:
    try:
        secret = parse_words(text)
    except ParcelWordsRefused:
        return
    assert len(secret.split(" ")) == SECRET_WORDS


def test_no_error_repeats_a_typed_word() -> None:
    with pytest.raises(ParcelWordsRefused) as refused:
        parse_words("abandon ability able about above geheimnis")
    shown = f"{refused.value} {refused.value!r} {refused.value.__context__}"
    assert not any(word in shown for word in ("abandon", "ability", "geheimnis"))
