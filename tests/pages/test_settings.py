"""Every view and every setting is reached by clicks alone. Each setting has an address, and the search finds it."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.support.browser.accessibility import find_violations
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.project import ROOT

IN_PAGE = page_scripts("pages/settings.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

_PHONE: Final = (390, 844)
_DESKTOP: Final = (1280, 800)
_ROUTES: Final = re.compile(r'case "(\w+)":')
# The link to the outbox is there while a message waits (tests/pages/test_outbox.py).
_WITH_A_WAITING_MESSAGE: Final = {"outbox"}


def enter(visitor: MailPages) -> Page:
    visitor.page.set_viewport(*_DESKTOP)
    visitor.enter()
    return visitor.page


def test_a_walk_by_clicks_alone_reaches_every_view(visitor: MailPages) -> None:
    page = enter(visitor)
    routes = set(_ROUTES.findall((ROOT / "webbridge/pages/app/shown_views.js").read_text()))
    walk = page.js(IN_PAGE["followEveryLink"])
    page.click(named("write"))
    page.wait_for_selector(named("compose-text"))
    reached = {path.split("/")[1] for path in [*walk, page.js("() => location.hash")]}
    visitor.discard()
    page.click(named("lock"))
    page.wait_for_selector(named("unlock-form"))
    reached.add(page.js("() => location.hash").split("/")[1])
    assert routes - reached == _WITH_A_WAITING_MESSAGE
    sections = {path.split("/")[2] for path in walk if path.startswith("#/settings/")}
    assert sections == {section for section, _ in page.js(IN_PAGE["listedSettings"])}


def test_each_setting_is_in_its_section_and_found_by_its_title(visitor: MailPages) -> None:
    page = enter(visitor)
    page.click(named("account"))
    listed: list[tuple[str, list[str]]] = page.js(IN_PAGE["listedSettings"])
    for section, settings in listed:
        page.click(f"{named('settings-section-link')}[data-section={section}]")
        page.wait_for_selector(named(f"section-{section}"), timeout_seconds=OPERATION_SECONDS)
        shown = page.js(IN_PAGE["shownSettings"])
        assert set(shown) <= set(settings), section
        assert find_violations(page) == []
        for setting in shown:
            _find(page, section, setting)


def _find(page: Page, section: str, setting: str) -> None:
    """Type the title of the setting into the search, follow the result, and expect the focus in the setting."""
    path = f"#/settings/{section}/{setting}"
    page.fill(named("settings-search"), page.js(IN_PAGE["titleOf"], section, setting))
    page.click(f'{named("settings-result")}[href="{path}"]')
    page.wait_for("(path) => location.hash === path", path)
    page.wait_for(IN_PAGE["hasFocus"], setting, timeout_seconds=OPERATION_SECONDS)


def test_a_phone_shows_the_sections_or_one_section(visitor: MailPages) -> None:
    page = enter(visitor)
    page.set_viewport(*_PHONE)
    page.click(named("account"))
    page.click(f"{named('settings-section-link')}[data-section=writing]")
    page.wait_for_selector(named("letter-signature"))
    is_shown = "(selector) => document.querySelector(selector).checkVisibility()"
    assert page.js(is_shown, named("settings-search")) is False
    assert not page.overflows_sideways()
    page.click(named("settings-back"))
    page.wait_for(is_shown, named("settings-search"))
    page.fill(named("settings-search"), "no setting has these words")
    page.wait_for_text("No setting found.", selector=named("settings-said"))
    page.set_viewport(*_DESKTOP)


def test_the_widths_of_the_panes_are_kept(visitor: MailPages) -> None:
    page = enter(visitor)
    width = "(selector) => Math.round(document.querySelector(selector).getBoundingClientRect().width)"
    before = page.js(width, ".side > .folders")
    page.js(IN_PAGE["dragBy"], named("width-folders"), 60)
    assert page.js(width, ".side > .folders") == before + 60
    list_before = page.js(width, ".list-pane")
    page.js(IN_PAGE["pressOn"], named("width-list"), "ArrowRight")
    assert page.js(width, ".list-pane") == list_before + 16
    page.js("() => { location.hash = '#/keys'; }")
    page.reload()
    visitor.unlock()
    page.wait_for_selector(".list-pane", timeout_seconds=OPERATION_SECONDS)
    assert page.js(width, ".side > .folders") == before + 60
    assert page.js(width, ".list-pane") == list_before + 16
    for name in ("folders", "list"):
        page.js(IN_PAGE["pressOn"], named(f"width-{name}"), "Home")
    assert page.js(width, ".side > .folders") == before
    assert page.js("() => Object.keys(localStorage).filter((key) => key.startsWith('sealwax-width'))") == []
