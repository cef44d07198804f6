"""Signing out removes what the account kept for reading without a connection, whatever was said about the computer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import ESCAPE, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/signing_out.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

# The data that a session on the person's own computer has kept: a message, and the given number of letters that wait.
KEEP = IN_PAGE["keep"]
COUNT = IN_PAGE["countInPage"]


@pytest.fixture
def visiting(browser: Browser, demo_stack: DemoStack, alice: Account) -> Iterator[MailPages]:
    """Alice, who has said that this is not her computer, with locked keys, where she kept mail before."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.page.js(KEEP, alice.address, 0)
    pages.page.click(named("foreign-computer"))
    pages.sign_in()
    pages.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    yield pages
    pages.close()


def sign_out(page: Page) -> None:
    page.click(named("sign-out"))


def wait_for_end(page: Page) -> None:
    page.wait_for_selector(named("sign-in-form"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough(False)
def test_a_visitor_removes_what_the_same_account_kept_before(visiting: MailPages) -> None:
    page = visiting.page
    page.js("() => { location.hash = '#/settings/reading'; }")
    page.wait_for_text("kept here before is still here", selector=named("offline-note"))
    sign_out(page)
    wait_for_end(page)
    assert page.js(COUNT) == [0, 0, 0]


def test_a_visitor_is_asked_before_waiting_letters_are_deleted(visiting: MailPages) -> None:
    page = visiting.page
    page.js(KEEP, visiting.account.address, 1)
    sign_out(page)
    page.wait_for_text("1 message has not been sent", selector="dialog")
    page.press(ESCAPE)
    page.wait_for("() => !document.querySelector('dialog[open]')")
    assert page.js(COUNT) == [1, 1, 1]


def test_a_letter_that_comes_after_the_question_is_asked_about(visiting: MailPages) -> None:
    page = visiting.page
    page.js(KEEP, visiting.account.address, 1)
    sign_out(page)
    page.wait_for_text("1 message has not been sent", selector="dialog")
    page.js("() => addLetter('late')")
    page.click(named("sign-out-outbox"))
    page.wait_for_text("2 messages have not been sent", selector="dialog")
    assert page.js(COUNT) == [1, 1, 2]
    page.click(named("sign-out-outbox"))
    wait_for_end(page)
    assert page.js(COUNT) == [0, 0, 0]
