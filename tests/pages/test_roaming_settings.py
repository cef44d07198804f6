"""Strict cleanup follows a person to another browser. It comes at once, and goes only after an answer there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]

IS_STRICT = f"() => document.querySelector('{named('switch-strict')}').checked"
UNLOCKED = f"{named('lock')}[data-unlocked=true]"


@pytest.fixture
def here(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.enter()
    yield pages
    pages.close()


@pytest.fixture
def elsewhere(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    """The same person in a browser that has never seen the pages."""
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    yield pages
    pages.close()


def show_keys(pages: MailPages) -> None:
    pages.page.activate()
    pages.page.js("() => { location.hash = '#/keys'; }")
    pages.page.wait_for_selector(named("switch-strict"))


def unlock(pages: MailPages) -> None:
    """Unlock the keys, and wait until the account was merged."""
    pages.page.activate()
    pages.unlock()
    pages.page.wait_for_selector(UNLOCKED, timeout_seconds=OPERATION_SECONDS)
    show_keys(pages)
    stored = f'{named("roaming")}[data-roaming="stored"]'
    pages.page.wait_for_selector(stored, timeout_seconds=OPERATION_SECONDS)


def switch_strict(pages: MailPages) -> None:
    """Press the switch, which locks the keys, and unlock them."""
    show_keys(pages)
    pages.page.click(named("switch-strict"))
    pages.page.wait_for_selector(named("unlock-form"))
    unlock(pages)


@pytest.mark.thorough
def test_strict_cleanup_comes_at_once_and_goes_after_an_answer(here: MailPages, elsewhere: MailPages) -> None:
    switch_strict(here)
    page = elsewhere.page
    page.activate()
    elsewhere.sign_in()
    elsewhere.unlock()
    page.wait_for_text(
        "chose strict cleanup on another device", selector=named("locked-note"), timeout_seconds=OPERATION_SECONDS
    )
    assert page.js(IS_STRICT) is True
    unlock(elsewhere)
    assert page.js(IS_STRICT) is True
    switch_strict(here)
    page.activate()
    page.click(named("lock"))
    unlock(elsewhere)
    page.wait_for_selector(named("setting-offer"), timeout_seconds=OPERATION_SECONDS)
    assert page.js(IS_STRICT) is True
    assert find_violations(page) == []
    page.click(named("offer-accept"))
    page.wait_for_selector(named("unlock-form"))
    assert page.js(IS_STRICT) is False
    unlock(elsewhere)
    assert page.js(f"(place) => document.querySelector(place) === null && !({IS_STRICT})()", named("setting-offer"))
