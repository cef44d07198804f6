"""The language of the pages: the one that a browser asks for, and the choice in the menu."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import named

IN_PAGE = page_scripts("pages/languages.js")

MENU = named("language")
# The languages that the browser asks for are settled before the first script of the page runs.
ASK_FOR = """() => {
  Object.defineProperty(Navigator.prototype, "languages", { get: () => %s });
}"""
CHOOSE = IN_PAGE["choose"]
ROOT_STATE = "() => [document.documentElement.lang, document.documentElement.dir]"


@contextmanager
def asking_for(browser: Browser, *languages: str) -> Iterator[None]:
    """Pages that are opened meanwhile see a browser that asks for these languages."""
    script = browser.bidi.command("script.addPreloadScript", functionDeclaration=ASK_FOR % json.dumps(languages))
    try:
        yield
    finally:
        browser.bidi.command("script.removePreloadScript", script=script["script"])


def choose(page: Page, language: str) -> None:
    """Choose a language in the menu, and wait until the page has it."""
    page.wait_for_selector(MENU)
    page.js(CHOOSE, [MENU, language])
    page.wait_for("(language) => document.documentElement.lang === language", language)
    page.wait_for("([menu, language]) => document.activeElement === document.querySelector(menu)", [MENU, language])
