"""The security model is short, and each of its promises is numbered, linked to its subject's page, and tested there."""

from __future__ import annotations

import re
from typing import Final

from tests.support.project import ROOT

_MODEL: Final = ROOT / "docs/security_model.md"
_PROMISE: Final = re.compile(r"^\| \[([A-Z]\d+)\]\((security/\w+\.md)#(\w+)\) \| (.+) \|$", re.MULTILINE)
_HELD: Final = re.compile(r'^\| <span id="(\w+)">([A-Z]\d+)</span> \| (.+) \|$', re.MULTILINE)
_WORDS_AT_MOST: Final = 3_000


def test_each_promise_is_linked_to_the_page_that_names_its_tests() -> None:
    promised = {name: (page, anchor) for name, page, anchor, _ in _PROMISE.findall(_MODEL.read_text())}
    tested_promises = {
        name: (f"security/{page.name}", anchor)
        for page in sorted((ROOT / "docs/security").glob("*.md"))
        for anchor, name, tests in _HELD.findall(page.read_text())
        if "`test_" in tests
    }
    # That each named test exists, tests/core/test_library_guide.py holds for all pages.
    assert promised == tested_promises
    assert promised, "the pattern finds no promise"


def test_a_promise_is_one_sentence() -> None:
    sentences = [sentence for *_, sentence in _PROMISE.findall(_MODEL.read_text())]
    assert [text for text in sentences if not re.fullmatch(r"[^.]+(?:\.md[^.]*)?\.", text)] == []


def test_somebody_can_read_the_model_before_trusting_us() -> None:
    # A border of a table is no word.
    words = [word for word in _MODEL.read_text().split() if any(map(str.isalnum, word))]
    assert len(words) <= _WORDS_AT_MOST
