"""The bridge's pages, wide and narrow, light and dark: axe-core finds no fault, the keyboard reaches all controls."""

from __future__ import annotations

import pytest

from tests.support.browser.accessibility import Theme, find_violations, shown_in, walk_by_keyboard
from tests.support.browser.browsers import Firefox
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

WIDTHS = (320, 390, 1280)
HEIGHT = 844
THEMES: tuple[Theme, ...] = ("light", "dark")


def test_every_page_is_sound_in_every_size_and_theme(visitor: MailPages, bob: Account, welcome: int) -> None:
    page = visitor.page
    wrong: list[str] = []

    def look(view: str) -> None:
        for theme in THEMES:
            with shown_in(page, theme):
                for width in WIDTHS:
                    page.set_viewport(width, HEIGHT)
                    faults = find_violations(page) + (["runs off sideways"] if page.overflows_sideways() else [])
                    wrong.extend(f"{view}, {theme}, {width} px: {fault}" for fault in faults)
        if isinstance(page.browser, Firefox):
            # Without a screen, Firefox gives a page the focus only sometimes. A page without the focus draws no ring.
            return
        walk = walk_by_keyboard(page)
        wrong.extend(f"{view}: no key reaches {control}" for control in walk.missed)
        wrong.extend(f"{view}: no ring around {control}" for control in walk.without_ring)

    look("sign-in")
    visitor.sign_in()
    page.wait_for_selector(named("unlock-form"))
    look("unlock")
    visitor.unlock()
    page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    look("inbox")
    visitor.open_message(welcome)
    look("reading")
    page.set_viewport(390, HEIGHT)
    page.click(named("back"))
    visitor.write(to=f"{bob.address},stranger@example.test", subject="Thursday", text="At one.")
    page.wait_for_text("stranger@example.test cannot receive encrypted mail yet", timeout_seconds=OPERATION_SECONDS)
    look("writing")
    assert not wrong, "\n".join(wrong)
