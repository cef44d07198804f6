"""Look-ups of certificates: few at once, and again after a lost network has ended them, of which the writer hears."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/look_ups.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

# Look-ups get no answer before `endLookUps` is called, and then none because the network is lost.
HOLD = IN_PAGE["hold"]


@pytest.fixture
def letter(browser: Browser, demo_stack: DemoStack, alice: Account, bob: Account) -> Iterator[MailPages]:
    """Alice with a message to Bob whose look-up has failed after she pressed Send."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.enter()
    pages.page.js(HOLD)
    pages.write(to=bob.address, subject="On the way", text="Every word of it.")
    pages.page.click(named("send"))
    pages.page.js("() => endLookUps()")
    pages.page.wait_for_selector(named("unencrypted-confirm"), timeout_seconds=OPERATION_SECONDS)
    assert "could not be looked up" in pages.page.text("dialog")
    pages.page.click("dialog button:not(.danger)")
    yield pages
    pages.close()


def test_they_are_made_again_when_the_network_is_back(letter: MailPages) -> None:
    letter.page.js("() => { comeBack(); dispatchEvent(new Event('online')); }")
    letter.wait_until_sendable()
    # The letter leaves only by a press.
    letter.page.wait_for_selector(named("compose-form"))


@pytest.mark.thorough
def test_a_press_on_send_makes_them_again_and_sends(letter: MailPages) -> None:
    letter.page.js("() => comeBack()")
    letter.page.click(named("send"))
    letter.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)


def test_without_a_connection_nothing_says_that_no_certificate_is_known(inbox: Page) -> None:
    outcome = inbox.js(IN_PAGE["withoutAConnectionNothingSaysThatNoCertificateIsKnown"])
    assert outcome == {"readiness": "failed"}


@pytest.mark.thorough
def test_few_are_made_at_once(inbox: Page) -> None:
    most, answers = inbox.js(IN_PAGE["fewAreMadeAtOnce"])
    assert most <= 4
    assert [answer["readiness"] for answer in answers] == ["none"] * 20
