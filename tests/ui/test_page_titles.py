"""The titles of pages, by the source: fixed words, because browsers write titles into their history."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from sealwax.words import ENGLISH, WORDS

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("browser_ext", "wasm_build", "webbridge")
OWNER: Final = ROOT / "wasm_build/ui/page_title.js"
TITLE_IS_SET: Final = re.compile(
    r"""document\s*(\.\s*title\b|\[\s*["'`]title)|\b(html|createElement)\(\s*["'`]title["'`]|titlePreface"""
)
CALL: Final = re.compile(r"\bsetTitle\((\w[\w.#]{0,40}), ([^;()]{0,80}(?:\(\))?)\);")
# The expressions that give a key; each is a field or function whose values the next test reads.
KEYS: Final = {
    'view.titleKey ?? "parcel_title"',
    "this.#titleKey, this.#unread ?? 0",
    'link.dataset.text ?? "keys_and_people"',
    "kind.title()",
}
# A view's key, passed on as it is.
PASSED_ON: Final = {"string", "key", "view.titleKey"}


def scripts() -> list[Path]:
    return [script for name in FOLDERS for script in sorted((ROOT / name).rglob("*.js")) if script != OWNER]


def test_one_function_sets_the_title() -> None:
    setting = {str(script.relative_to(ROOT)) for script in scripts() if TITLE_IS_SET.search(script.read_text())}
    assert setting == set()
    assert TITLE_IS_SET.search(OWNER.read_text())


def test_each_title_is_a_key_of_a_catalogue_and_no_text() -> None:
    known = set(WORDS.of_part(ENGLISH, "shared", "extension", "pages"))
    calls = 0
    for script in scripts():
        text = script.read_text()
        for _, expression in CALL.findall(text):
            calls += 1
            literal = re.fullmatch(r'"(\w+)"', expression)
            assert expression in KEYS or (literal and literal[1] in known), (script, expression)
        for expression in re.findall(r"\btitleKey\s*[:=]\s*([^,;}\n]+)", text):
            named = re.findall(r'"(\w+)"', expression)
            assert (named and set(named) <= known) or expression.strip() in PASSED_ON, (script, expression)
    assert calls >= 11


def test_the_markup_of_every_page_has_only_the_name_of_the_product() -> None:
    for name in FOLDERS:
        for page in (ROOT / name).rglob("*.html"):
            for title in re.findall(r"<title>([^<]{0,80})</title>", page.read_text()):
                assert title in {"Sealwax", "Sealwax vault"}, page


def test_no_title_has_a_value_of_a_message() -> None:
    """The words of a title have no place for a value, but for the number of unread messages."""
    literals = {
        literal
        for script in scripts()
        for literal in re.findall(r'\btitleKey[ ]?[:=][^\n"]{0,80}"(\w+)"', script.read_text())
    }
    texts = WORDS.of_part(ENGLISH, "shared", "pages")
    assert literals
    assert all("{" not in texts[key] for key in literals)
