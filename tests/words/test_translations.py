"""The texts say what the core says, each has a caller, and each language is in its own words."""

from __future__ import annotations

import re

import pytest

from sealwax.words import ENGLISH, WORDS, forms_of
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

LANGUAGES = tuple(language for language in WORDS.languages if language != ENGLISH)

# The texts that may be the same as in English, each with the reason.
SAME_IN_EVERY_LANGUAGE = {
    "extension.extension_name": "a name",
    "extension.restore_value": "two values and a colon",
    "extension.settings_labels_kept": "two values and a colon",
    "pages.filter_button_named": "two values and a colon",
    "pages.title_with_unread": "only values and brackets",
    "shared.error_other": "only what the core said",
    "shared.left_out_entry": "only values and a colon",
    "shared.reason_status": "only values and a colon",
    "shared.reason_with_detail": "only values and brackets",
    "shared.revocation_because": "only values and a colon",
    "shared.source_with_detail": "only values and brackets",
}
# These languages have the same words as English.
SAME_IN_ONE_LANGUAGE = {
    "de": {
        "extension.keys_request_name",
        "extension.people_person",
        "pages.act_word_junk",
        "pages.folder_junk",
        "pages.format_link",
        "pages.index_pause",
        "pages.name",
        "pages.search_in_body",
        "shared.unfold_cc_bcc",
        "shared.bcc",
        "shared.cc",
        "shared.details",
    },
    "es": {"shared.cc"},
    "fr": {
        "extension.pattern_arcs",
        "extension.pattern_orange",
        "extension.pattern_triangles",
        "extension.pattern_turquoise",
        "extension.pattern_violet",
        "extension.people_actions",
        "extension.sites_title",
        "pages.filter_kind",
        "pages.index_pause",
        "pages.layer_compressed",
        "pages.layer_signed",
        "pages.threads",
        "shared.cc",
        "shared.certificate_purpose_mail",
        "shared.date",
        "shared.letter",
        "shared.protection",
    },
    "ar": set[str](),
}


def shared(language: str) -> dict[str, str]:
    return WORDS.of_part(language, "shared")


def own(language: str) -> dict[str, str]:
    return WORDS.of_part(language, "extension")


def of_pages(language: str) -> dict[str, str]:
    return WORDS.of_part(language, "pages")


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_the_name_of_a_button_has_its_words(language: str) -> None:
    # People who speak to the device say the words that are on the button (WCAG 2.5.3).
    texts = {key: "".join(forms_of(text).values()) for key, text in {**shared(language), **of_pages(language)}.items()}
    buttons = {
        key: text.rstrip("… ") for key, text in texts.items() if not text.endswith(".") and f"{key}_named" in texts
    }
    assert {"person_rename", "accounts_show", "remove"} <= buttons.keys()
    assert [key for key, text in buttons.items() if text.lower() not in texts[f"{key}_named"].lower()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_is_left(language: str) -> None:
    english, translated = WORDS.texts(ENGLISH), WORDS.texts(language)
    same = {key for key, text in english.items() if translated[key] == text and not key.startswith("parcel_mails.")}
    assert same - SAME_IN_EVERY_LANGUAGE.keys() == SAME_IN_ONE_LANGUAGE[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_descriptions_fit_into_the_stores(language: str) -> None:
    # Both stores allow 132 characters.
    assert len(own(language)["extension_description"]) <= 132


def test_every_text_of_the_pages_has_a_caller() -> None:
    places = (ROOT / "webbridge/pages", ROOT / "wasm_build/ui", ROOT / "wasm_build/parcels", ROOT / "wasm_build/vault")
    code = "".join(path.read_text() for place in places for path in place.rglob("*.js"))
    quoted = set(re.findall(r'["`]([a-z][a-z0-9_]*)["`]', code))
    # Keys are also made of a stem and a code: `error_${code}`, `${act}_named`.
    stems = tuple(re.findall(r"`([a-z_]+_)\$\{", code))
    ends = tuple(re.findall(r"\}(_[a-z_]+)`", code))
    made = {key for key in of_pages("en") if key.startswith(stems) or key.endswith(ends)}
    # The build puts these into the pages' markup and their first script.
    built = {"needs_javascript", "parcel_needs_javascript", "start_part_missing"}
    assert of_pages("en").keys() - quoted - made == built


def test_every_text_of_the_extension_has_a_caller() -> None:
    folder = ROOT / "browser_ext"
    code = "".join(path.read_text() for kind in ("*.js", "*.html", "*.json") for path in folder.rglob(kind))
    quoted = set(re.findall(r'["`]([a-z][a-z0-9_]*)["`]|__MSG_(\w+)__', code))
    stems = tuple(re.findall(r"`([a-z_]+_)\$\{", code))
    named = {name for pair in quoted for name in pair}
    assert {key for key in own("en") if not key.startswith(stems)} - named == set()


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
    codes = set(re.findall(r'_said\("([a-z-]+)"', source)) - {"moment", "constraint"}
    return {
        *codes,
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
    keys = {
        *(f"certificate_{slug(code)}" for code in page_codes()),
        *(f"error_decision_refused_{slug(why)}" for why in refusals()),
    }
    assert len(page_codes()) > 40
    assert len(refusals()) == 13
    assert keys - shared(language).keys() == set()


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_every_verdict_of_the_core_has_words(language: str) -> None:
    keys = {
        *(f"reason_{slug(code)}" for code in REASONS),
        *(f"recipient_reason_{slug(code)}" for code in (*CHOICE_REASONS, *WARNINGS)),
        *(f"left_out_{slug(code)}" for code in LEFT_OUT_REASONS),
        *(f"unknown_{slug(code)}" for code in UNKNOWN_REASONS),
        *(f"revoked_{reason}" for reason in REVOCATION_REASONS),
        *(f"anchor_{source}" for source in SOURCES),
        *(f"step_{slug(label)}" for label in step_labels()),
    }
    assert keys - shared(language).keys() == set()


def test_the_english_catalogue_says_what_the_core_says() -> None:
    english = shared("en")
    for prefix, sentences in (
        ("reason_", {code: sentence for code, sentence in REASONS.items() if code not in WITH_VALUE}),
        ("recipient_reason_", {**CHOICE_REASONS, **WARNINGS}),
        ("left_out_", LEFT_OUT_REASONS),
        ("unknown_", UNKNOWN_REASONS),
        ("anchor_", SOURCES),
    ):
        assert {code: english[prefix + slug(code)] for code in sentences} == sentences


# The error codes that no step of a person can cause.
CODES_WITHOUT_WORDS = {"unknown"}


def test_every_error_of_the_extension_and_of_the_vault_has_words() -> None:
    scripts = [*(ROOT / "browser_ext").rglob("*.js"), *(ROOT / "wasm_build/vault").rglob("*.js")]
    raising = re.compile(r'new (?:RequestError|VaultError)\(\s*"([a-z-]+)"')
    # These functions throw the code that they are given last.
    passed = re.compile(r'\b(?:required|checkGranted|database\.find|memory\.find)\([^;]{0,300}?, "([a-z-]+)",?\s*\)')
    sources = [path.read_text() for path in scripts]
    codes = {
        code for source in sources for way in (raising, passed) for code in way.findall(source)
    } - CODES_WITHOUT_WORDS
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
