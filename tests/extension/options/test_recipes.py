"""Webmails that the person has taught the extension, on the page of keys: shown whole, saved, loaded and removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.keys_page import CATCH, saved, show_section

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

ORIGIN = "https://mail.example.org"
SOURCE = {"selector": 'a[rel="papers"]', "template": "/raw/{part.query.uid.0}?folder={page.hash.0}"}
FORM = {"to": 'input[name="to"]', "cc": "", "subject": "#subject", "text": "#body", "file": 'input[type="file"]'}
NO_FORM = dict.fromkeys(FORM, "")
RECIPE = {"version": 1, "origin": ORIGIN, "source": SOURCE, "form": FORM}
BROKEN = {
    "no JSON": b"{",
    "bytes": b"\xff\xfe",
    "list": b"[]",
    "null": b"null",
    "another version": json.dumps({**RECIPE, "version": 2}).encode(),
    "further member": json.dumps({**RECIPE, "to": "#to"}).encode(),
    "no form": json.dumps({"version": 1, "origin": ORIGIN, "source": SOURCE}).encode(),
    "further field": json.dumps({**RECIPE, "form": {**FORM, "send": "#send"}}).encode(),
    "two fields in one name": json.dumps(
        {**RECIPE, "form": {"cc": "", "file,subject": "", "text": "#t", "to": ""}}
    ).encode(),
    "field without a text": json.dumps({**RECIPE, "form": {**FORM, "cc": None}}).encode(),
    "prototype": json.dumps({**RECIPE, "__proto__": {}}).encode(),
    "no origin": json.dumps({**RECIPE, "origin": "mail.example.org"}).encode(),
    "origin with a path": json.dumps({**RECIPE, "origin": ORIGIN + "/"}).encode(),
    "script": json.dumps({**RECIPE, "origin": "javascript:alert(1)"}).encode(),
    "another site": json.dumps({**RECIPE, "source": {**SOURCE, "template": "//evil.example/raw"}}).encode(),
    "another site by a backslash": json.dumps({**RECIPE, "source": {**SOURCE, "template": "/\\evil.example"}}).encode(),
    "nothing in it": json.dumps({**RECIPE, "source": {"selector": "", "template": ""}, "form": NO_FORM}).encode(),
    "number": json.dumps({**RECIPE, "source": {**SOURCE, "selector": 1}}).encode(),
    "too long": json.dumps({**RECIPE, "source": {**SOURCE, "selector": "a" * 501}}).encode(),
    "large": b" " * 20_000 + json.dumps(RECIPE).encode(),
}
LISTED = "() => document.querySelectorAll('[data-test=recipe-card]').length === {count}"


@pytest.fixture
def page(extension: Extension) -> Iterator[Page]:
    page = extension.open_options()
    show_section(page, "sites")
    yield page
    page.close()


def choose(page: Page, folder: Path, content: bytes) -> None:
    file = folder / "webmail.json"
    file.write_bytes(content)
    page.choose_files("[data-test=recipe-file]", [file])


def test_a_webmail_is_loaded_after_all_of_it_was_shown_then_saved_and_removed(page: Page, tmp_path: Path) -> None:
    page.js(CATCH)
    choose(page, tmp_path, json.dumps(RECIPE).encode())
    page.wait_for_selector("dialog")
    text = page.text("dialog")
    assert all(detail in text for detail in (ORIGIN, *SOURCE.values(), *FORM.values()))
    assert page.js(LISTED.format(count=0))
    page.click("[data-test=recipe-go]")
    page.wait_for(LISTED.format(count=1))
    page.click("[data-test=recipe-save]")
    name, content = saved(page)
    assert (name, json.loads(content)) == ("mail.example.org.json", RECIPE)
    page.click("[data-removal^='recipes.remove']")
    page.click("[data-removal^='recipes.remove'][data-asked=yes]")
    page.wait_for(LISTED.format(count=0))


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_is_no_webmail_is_refused_whole(page: Page, tmp_path: Path, kind: str) -> None:
    choose(page, tmp_path, BROKEN[kind])
    page.wait_for_text("no description of a webmail", selector="[data-test=recipe-problem]")
    assert page.js(LISTED.format(count=0))
    assert page.js("() => document.querySelector('dialog') === null")
