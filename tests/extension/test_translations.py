"""Every language of extension and pages is complete, uses the same values as English, and is in its own words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smime_core.errors import (
    AlgorithmForbidden,
    ContentTypeMismatch,
    LimitExceeded,
    MalformedMessage,
    MessageDigestMismatch,
    PathError,
    ProviderError,
    SignatureMismatch,
    SmimeError,
    UnsupportedAlgorithm,
    UnsupportedByProvider,
)
from smime_core.pkix.revocation import UNKNOWN_REASONS
from smime_core.report import certificate_page
from smime_core.report.path_tree import REVOCATION_REASONS, SOURCES
from smime_core.report.reasons import REASONS
from smime_core.trust import LEFT_OUT_REASONS
from smime_core.trust.recipient_choice import CHOICE_REASONS, WARNINGS
from tests.support.project import ROOT

LOCALES = ROOT / "browser_ext/_locales"
SHARED = ROOT / "wasm_build/ui"
PAGES = ROOT / "webbridge/pages"
LANGUAGES = ("ar", "de", "es", "fr")
RIGHT_TO_LEFT = {"ar"}
Catalogue = Callable[[str], dict[str, Any]]

# The categories of CLDR's plural rules for cardinal numbers, as Intl.PluralRules names them.
PLURAL_CATEGORIES = {
    "ar": {"zero", "one", "two", "few", "many", "other"},
    "de": {"one", "other"},
    "es": {"one", "many", "other"},
    "fr": {"one", "many", "other"},
}

# The texts that may be the same as in English, each with the reason.
SAME_IN_EVERY_LANGUAGE = {
    "restoreValue": "two values and a colon",
    "settingsLabelsKept": "two values and a colon",
    "extensionName": "a name",
    "title_with_unread": "only values and brackets",
    "error_other": "only what the core said",
    "source_with_detail": "only values and brackets",
    "reason_with_detail": "only values and brackets",
    "reason_status": "only values and a colon",
    "left_out_entry": "only values and a colon",
    "revocation_because": "only values and a colon",
    "languageDirection": "a word of HTML",
}
SAME_IN_ONE_LANGUAGE = {
    ("de", "peoplePerson"): "German has the same word",
    ("de", "folder_junk"): "German has the same word",
    **{
        ("fr", key): "French has the same word"
        for key in (
            "sitesTitle",
            "patternOrange",
            "patternViolet",
            "patternTurquoise",
            "patternTriangles",
            "patternArcs",
            "mailDate",
            "date",
            "protection",
            "letter",
            "threads",
            "reading_label",
            "layer_signed",
            "layer_compressed",
            "mailCc",
            "cc",
            "peopleActions",
            "certificate_purpose_mail",
            "index_pause",
        )
    },
    **{
        ("de", key): "German has the same word"
        for key in (
            "factor_name",
            "folder_name",
            "search_in_body",
            "act_word_junk",
            "format_link",
            "mailCc",
            "composeBcc",
            "cc",
            "bcc",
            "unfold_cc_bcc",
            "details",
            "keysDetails",
            "keysRequestName",
            "index_pause",
        )
    },
    **{("es", key): "mail programs in Spanish write it so" for key in ("cc", "mailCc")},
}


def messages(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def own(language: str) -> dict[str, Any]:
    return messages(LOCALES / language / "messages.json")


def shared(language: str) -> dict[str, Any]:
    return messages(SHARED / f"messages.{language}.json")


def of_pages(language: str) -> dict[str, Any]:
    return messages(PAGES / f"words/messages.{language}.json")


# The catalogues that the scripts of pages and extension load, in one format.
CATALOGUES = pytest.mark.parametrize("catalogue", [shared, of_pages])


def own_values(entry: dict[str, Any]) -> set[str]:
    """The values that one text of the extension names, in lower case, as the browsers compare them."""
    return {name.lower() for name in re.findall(r"\$(\w+)\$", entry["message"])}


def shared_forms(entry: dict[str, Any]) -> list[str]:
    message = entry["message"]
    return list(message.values()) if isinstance(message, dict) else [message]


def test_folders_and_catalogues_are_the_languages_of_this_test() -> None:
    assert {path.name for path in LOCALES.iterdir()} == {"en", *LANGUAGES}
    files = {f"messages.{name}.json" for name in ("en", *LANGUAGES)}
    assert {path.name for path in SHARED.glob("messages.*.json")} == files
    assert {path.name for path in (PAGES / "words").glob("messages.*.json")} == files
    menu = (SHARED / "languages.js").read_text().split("export const LANGUAGES = {")[1].split("}")[0]
    assert {entry.split(":")[0].strip() for entry in menu.split(",") if ":" in entry} == {"en", *LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_and_none_is_left_over(language: str) -> None:
    assert own(language).keys() == own("en").keys()
    assert shared(language).keys() == shared("en").keys()
    assert of_pages(language).keys() == of_pages("en").keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_name_the_same_values_as_in_english(language: str) -> None:
    english, translated = own("en"), own(language)
    for key, entry in english.items():
        assert own_values(translated[key]) == own_values(entry), key
        assert translated[key].get("placeholders") == entry.get("placeholders"), key
        assert own_values(entry) == {name.lower() for name in entry.get("placeholders", {})}, key


@CATALOGUES
@pytest.mark.parametrize("language", LANGUAGES)
def test_loaded_texts_name_no_other_values_and_the_last_form_names_all(language: str, catalogue: Catalogue) -> None:
    english, translated = catalogue("en"), catalogue(language)
    for key, entry in english.items():
        wanted = {name for form in shared_forms(entry) for name in re.findall(r"\{(\w+)\}", form)}
        forms = [set(re.findall(r"\{(\w+)\}", form)) for form in shared_forms(translated[key])]
        assert forms[-1] == wanted, key
        assert all(form <= wanted for form in forms), key


@CATALOGUES
@pytest.mark.parametrize("language", LANGUAGES)
def test_counted_texts_have_every_form_of_their_language(language: str, catalogue: Catalogue) -> None:
    translated = catalogue(language)
    for key, entry in catalogue("en").items():
        if isinstance(entry["message"], dict):
            assert translated[key]["message"].keys() == PLURAL_CATEGORIES[language], key


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_the_name_of_a_button_has_its_words(language: str) -> None:
    # People who speak to the device say the words that are on the button (WCAG 2.5.3).
    texts = {key: "".join(shared_forms(entry)) for key, entry in of_pages(language).items()}
    buttons = {
        key: text.rstrip("… ") for key, text in texts.items() if not text.endswith(".") and f"{key}_named" in texts
    }
    assert {"person_rename", "accounts_show"} <= buttons.keys()
    assert [key for key, text in buttons.items() if text.lower() not in texts[f"{key}_named"].lower()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_is_left(language: str) -> None:
    for catalogue in (own, shared, of_pages):
        english, translated = catalogue("en"), catalogue(language)
        same = {key for key, entry in english.items() if translated[key]["message"] == entry["message"]}
        unexplained = {
            key for key in same - SAME_IN_EVERY_LANGUAGE.keys() if (language, key) not in SAME_IN_ONE_LANGUAGE
        }
        assert unexplained == set()


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_a_language_says_its_name_and_direction(language: str) -> None:
    assert own(language)["languageTag"]["message"] == language
    assert own(language)["languageDirection"]["message"] == ("rtl" if language in RIGHT_TO_LEFT else "ltr")


def test_every_english_text_has_a_note_for_the_translator() -> None:
    assert [key for key, entry in own("en").items() if not entry.get("description")] == []
    assert [key for key, entry in (shared("en") | of_pages("en")).items() if not entry.get("note")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_descriptions_fit_into_the_stores(language: str) -> None:
    # Both stores allow 132 characters.
    assert len(own(language)["extensionDescription"]["message"]) <= 132


def test_every_text_of_the_pages_has_a_caller() -> None:
    places = (PAGES, SHARED, ROOT / "wasm_build/parcels", ROOT / "wasm_build/vault")
    code = "".join(path.read_text() for place in places for path in place.rglob("*.js"))
    quoted = set(re.findall(r'["`]([a-z][a-z0-9_]*)["`]', code))
    # Keys are also made of a stem and a code: `error_${code}`, `${act}_named`.
    stems = tuple(re.findall(r"`([a-z_]+_)\$\{", code))
    ends = tuple(re.findall(r"\}(_[a-z_]+)`", code))
    made = [key for key in of_pages("en") if key.startswith(stems) or key.endswith(ends)]
    assert of_pages("en").keys() - quoted - set(made) == set()


# Steps of path validation that can only pass, so there is no sentence for their failure.
ALWAYS_PASSED = {"6.1.3 (a)(4)", "6.1.4 (g)"}
# The reasons whose sentence in the catalogues contains their value.
WITH_VALUE = {
    "headers-altered-outside",
    "signed-by-sender-field",
    "display-name-differs",
    "sender-field-differs",
    "sent-by",
    "sent-by-proved",
}


def slug(code: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", code))


def step_labels() -> set[str]:
    sources = "".join(path.read_text() for path in (ROOT / "smime_core/pkix").glob("*.py"))
    return set(re.findall(r'"([46](?:\.\d+)+(?: \([a-z]\))?(?:\(\d\))?)"', sources)) - ALWAYS_PASSED


# Rows of a certificate that are technical, or that only the command shows.
ROWS_WITHOUT_WORDS = {"sha256", "sha1", "trust", "revocation"}


def page_codes() -> set[str]:
    """The codes of the words of a certificate's page in `smime_core.report.certificate_page`."""
    source = (ROOT / "smime_core/report/certificate_page.py").read_text()
    said = set(re.findall(r'_said\("([a-z-]+)"', source)) - {"moment", "constraint"}
    return {
        *said,
        *(f"row-{code}" for code in set(re.findall(r'PageRow\(code="([a-z0-9-]+)"', source)) - ROWS_WITHOUT_WORDS),
        *(f"use-{str(usage.name).lower().replace('_', '-')}" for usage in certificate_page._USAGES),
        *(f"purpose-{code}" for code, _ in certificate_page._PURPOSES.values()),
        *(f"policy-{who}" for who in certificate_page._VALIDATED),
        *(f"name-{kind}" for kind in certificate_page._NAME_KINDS if kind != "directory"),
        *(f"constraint-{rule}" for rule in (*certificate_page._CONSTRAINT_WORDS.values(), "unknown")),
    }


def refusals() -> set[str]:
    source = (ROOT / "smime_core/trust/decisions.py").read_text()
    return {word for line in re.findall(r"\bwhy ?=(.*)", source) for word in re.findall(r'"([a-z-]+)"', line)}


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_every_page_of_a_certificate_and_every_refusal_has_words(language: str) -> None:
    wanted = {
        *(f"certificate_{slug(code)}" for code in page_codes()),
        *(f"error_decision_refused_{slug(why)}" for why in refusals()),
    }
    assert len(page_codes()) > 40
    assert len(refusals()) == 13
    assert wanted - shared(language).keys() == set()


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_every_verdict_of_the_core_has_words(language: str) -> None:
    wanted = {
        *(f"reason_{slug(code)}" for code in REASONS),
        *(f"recipient_reason_{slug(code)}" for code in (*CHOICE_REASONS, *WARNINGS)),
        *(f"left_out_{slug(code)}" for code in LEFT_OUT_REASONS),
        *(f"unknown_{slug(code)}" for code in UNKNOWN_REASONS),
        *(f"revoked_{reason}" for reason in REVOCATION_REASONS),
        *(f"anchor_{source}" for source in SOURCES),
        *(f"step_{slug(label)}" for label in step_labels()),
    }
    assert wanted - shared(language).keys() == set()


def test_the_english_catalogue_says_what_the_core_says() -> None:
    english = shared("en")
    for prefix, sentences in (
        ("reason_", {code: said for code, said in REASONS.items() if code not in WITH_VALUE}),
        ("recipient_reason_", {**CHOICE_REASONS, **WARNINGS}),
        ("left_out_", LEFT_OUT_REASONS),
        ("unknown_", UNKNOWN_REASONS),
        ("anchor_", SOURCES),
    ):
        assert {code: english[prefix + slug(code)]["message"] for code in sentences} == sentences


# The error codes that no step of a person can cause.
CODES_WITHOUT_WORDS = {"unknown"}


def test_every_error_of_the_extension_and_of_the_vault_has_words() -> None:
    scripts = [*(ROOT / "browser_ext").rglob("*.js"), *(ROOT / "wasm_build/vault").rglob("*.js")]
    raising = re.compile(r'new (?:RequestError|VaultError)\(\s*"([a-z-]+)"')
    codes = {code for path in scripts for code in raising.findall(path.read_text())} - CODES_WITHOUT_WORDS
    assert len(codes) > 50
    assert {f"error_{slug(code)}" for code in codes} - own("en").keys() - shared("en").keys() == set()


@pytest.mark.parametrize(
    "error",
    [
        MalformedMessage,
        LimitExceeded,
        UnsupportedAlgorithm,
        AlgorithmForbidden,
        ProviderError,
        UnsupportedByProvider,
        SignatureMismatch,
        MessageDigestMismatch,
        ContentTypeMismatch,
        PathError,
        *PathError.__subclasses__(),
    ],
)
def test_every_error_about_a_signer_is_a_reason(error: type[SmimeError]) -> None:
    assert error.code in REASONS
