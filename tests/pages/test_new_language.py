"""A language that is new and written from right to left is in the pages that a build with it makes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.words import ENGLISH, WORDS
from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.new_language import LANGUAGE, OWN_NAME, add_language, in_brackets
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.languages import ROOT_STATE, asking_for, choose
from tests.support.project import ROOT
from wasm_build.bundle.build import build_pages
from wasm_build.bundle.tree import list_folder, write_tree
from webbridge.demo.stack import DemoStack
from webbridge.pages_app import BUILT_PAGES

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

SOURCES = ("browser_ext", "wasm_build", "webbridge/pages", "sealwax/words")
TEXTS = WORDS.of_part(ENGLISH, "pages")


@pytest.fixture(scope="module")
def pages_with_hebrew(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built with the new language over the runtime that is there."""
    root, pages = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("pages")
    for folder in SOURCES:
        shutil.copytree(ROOT / folder, root / folder)
    (root / "node_modules").symlink_to(ROOT / "node_modules")
    add_language(root / "sealwax/words")
    write_tree(pages, build_pages(root, list_folder(BUILT_PAGES / "runtime")))
    return pages


@pytest.fixture(scope="module")
def stack(pages_with_hebrew: Path) -> Iterator[DemoStack]:
    with DemoStack(pages_folder=pages_with_hebrew) as running:
        yield running


def test_a_new_language_from_right_to_left_is_shown(browser: Browser, stack: DemoStack) -> None:
    with asking_for(browser, "he-IL"):
        visitor = MailPages(browser, stack.pages_url, stack.accounts[0])
        page = visitor.page
        page.wait_for_selector(named("language"))
        assert page.js(ROOT_STATE) == [LANGUAGE, "rtl"]
        assert page.text("h1") == in_brackets(TEXTS["sign_in_title"])
        assert OWN_NAME in page.text(named("language"))
        visitor.enter()
        page.wait_for_text(in_brackets(TEXTS["folder_inbox"]), timeout_seconds=OPERATION_SECONDS)
        for width in (390, 1100):
            page.set_viewport(width, 844)
            assert not page.overflows_sideways()
            assert find_violations(page) == []
        page.js("() => { location.hash = '#/settings/language'; }")
        choose(page, ENGLISH)
        assert page.js(ROOT_STATE) == [ENGLISH, "ltr"]
        visitor.close()
