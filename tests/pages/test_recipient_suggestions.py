"""The people whom the person knows complete what is typed under To, by keyboard, as a combobox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]

PEOPLE = "() => [...document.querySelectorAll('[data-test=recipient]')].map(({ dataset }) => dataset.address)"
INPUT = f"document.querySelector('{named('compose-to')}')"
ESCAPE, TAB, DOWN = "\ue00c", "\ue004", "\ue015"


@pytest.fixture(scope="module")
def alice(browser: Browser, demo_stack: DemoStack) -> Iterator[MailPages]:
    """Alice, who knows Bob by his message."""
    pages = MailPages(browser, demo_stack.pages_url, demo_stack.accounts[0])
    pages.enter()
    pages.open_message(demo_stack.mail_server.messages(pages.account.address)[0].uid)
    pages.page.wait_for_selector(f"{named('state')}[data-state=verified]", timeout_seconds=OPERATION_SECONDS)
    yield pages
    pages.close()


@pytest.fixture
def line(alice: MailPages) -> Iterator[MailPages]:
    """The line To of a new message, with the focus."""
    alice.page.click(named("write"))
    alice.page.wait_for_selector(named("compose-form"))
    alice.page.click(named("compose-to"))
    yield alice
    alice.discard()


@pytest.mark.parametrize("key", [ENTER, TAB])
def test_a_key_takes_the_person_whose_name_begins_with_what_is_typed(line: MailPages, bob: Account, key: str) -> None:
    line.page.type("bo")
    line.page.wait_for_selector(f'{named("suggestion")}[aria-selected="true"]', timeout_seconds=OPERATION_SECONDS)
    assert line.page.js(f"() => {INPUT}.getAttribute('aria-expanded')") == "true"
    line.page.type(key)
    assert line.page.js(PEOPLE) == [bob.address]
    assert line.page.js(f"() => document.activeElement === {INPUT}")
    assert line.page.js(f"() => [{INPUT}.value, {INPUT}.getAttribute('aria-expanded')]") == ["", "false"]


def test_escape_closes_the_list_and_keeps_what_is_typed(line: MailPages) -> None:
    line.page.type("bo")
    line.page.wait_for_selector(named("suggestion"), timeout_seconds=OPERATION_SECONDS)
    line.page.type(ESCAPE)
    assert line.page.js(f"() => document.querySelector('{named('suggestions')}').hidden")
    assert line.page.value(named("compose-to")) == "bo"


def test_enter_keeps_a_complete_address_as_it_is_typed(line: MailPages, bob: Account) -> None:
    line.page.type(bob.address[:-1])
    line.page.wait_for_selector(named("suggestion"), timeout_seconds=OPERATION_SECONDS)
    line.page.type(ENTER)
    assert line.page.js(PEOPLE) == [bob.address[:-1]]


def test_an_arrow_chooses_and_a_press_takes(line: MailPages, bob: Account) -> None:
    line.page.type(bob.address)
    line.page.wait_for_selector(f'{named("suggestion")}[aria-selected="false"]', timeout_seconds=OPERATION_SECONDS)
    line.page.type(DOWN)
    active = line.page.js(f"() => {INPUT}.getAttribute('aria-activedescendant')")
    assert line.page.js("(id) => document.getElementById(id).dataset.address", active) == bob.address
    line.page.click(named("suggestion"))
    assert line.page.js(PEOPLE) == [bob.address]
