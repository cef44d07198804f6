"""A look at a view of the page of a parcel, wide and narrow, light and dark, and the choice of its language."""

from __future__ import annotations

from tests.support.browser.accessibility import Theme, find_violations, shown_in, walk_by_keyboard
from tests.support.browser.browsers import Firefox
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import named

IN_PAGE = page_scripts("support/pages/parcel_looks.js")

WIDTHS = (320, 390, 1280)
HEIGHT = 844
THEMES: tuple[Theme, ...] = ("light", "dark")
_CHOOSE = IN_PAGE["choose"]


def look(page: Page, view: str) -> list[str]:
    """The faults of a view in every size and theme, and for the keyboard."""
    wrong: list[str] = []
    for theme in THEMES:
        with shown_in(page, theme):
            for width in WIDTHS:
                page.set_viewport(width, HEIGHT)
                faults = find_violations(page) + (["runs off sideways"] if page.overflows_sideways() else [])
                wrong.extend(f"{view}, {theme}, {width} px: {fault}" for fault in faults)
    if isinstance(page.browser, Firefox):
        # Without a screen, Firefox gives a page the focus only sometimes. A page without the focus draws no ring.
        return wrong
    walk = walk_by_keyboard(page)
    wrong.extend(f"{view}: no key reaches {control}" for control in walk.missed)
    wrong.extend(f"{view}: no ring around {control}" for control in walk.without_ring)
    return wrong


def choose_language(page: Page, language: str) -> None:
    """Choose the language of the page in its menu."""
    page.js(_CHOOSE, [named("language"), language])
    page.wait_for("(language) => document.documentElement.lang === language", language)
