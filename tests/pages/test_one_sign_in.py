"""One form signs in to the mail and unlocks the keys. The bridge never gets the passphrase."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/one_sign_in.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

FIELD = f"{named('sign-in-form')} {named('passphrase')}"
# Collects the addresses and the bodies of all requests of the page.
LISTEN = IN_PAGE["listen"]


@pytest.fixture
def visitor(browser: Browser, demo_stack: DemoStack, alice: Account) -> Iterator[MailPages]:
    """Alice at the sign-in page."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.page.wait_for_selector(FIELD)
    yield pages
    pages.close()


def type_passphrase(pages: MailPages, passphrase: str) -> None:
    pages.page.click(FIELD)
    pages.page.type(passphrase)


@pytest.mark.thorough(False)
def test_one_form_signs_in_and_unlocks_and_the_bridge_gets_no_passphrase(
    visitor: MailPages, demo_stack: DemoStack
) -> None:
    visitor.page.js(LISTEN)
    type_passphrase(visitor, visitor.account.key_passphrase)
    visitor.sign_in()
    visitor.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    assert visitor.is_unlocked()
    sent = visitor.page.js("() => sent")
    assert any(visitor.account.mail_password in request for request in sent)
    assert not any(visitor.account.key_passphrase in request for request in sent)
    visitor.open_message(demo_stack.mail_server.messages(visitor.account.address)[0].uid)
    assert visitor.state == "verified"


def test_the_form_for_the_keys_tells_of_a_wrong_passphrase(visitor: MailPages) -> None:
    type_passphrase(visitor, "not this one")
    visitor.sign_in()
    form = named("unlock-form")
    visitor.page.wait_for_selector(form, timeout_seconds=OPERATION_SECONDS)
    error = f"{form} {named('passphrase-error')}"
    visitor.page.wait_for_text("passphrase", selector=error)
    assert visitor.page.js("() => document.activeElement.dataset.test") == "passphrase"
    visitor.unlock()
    visitor.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)


def test_the_passphrase_stays_typed_while_the_mail_password_is_corrected(visitor: MailPages) -> None:
    visitor.page.browser.expect_error("401")
    type_passphrase(visitor, visitor.account.key_passphrase)
    visitor.sign_in(password="wrong")
    visitor.page.wait_for_selector(f"{named('sign-in-error')}:not(:empty)", timeout_seconds=OPERATION_SECONDS)
    visitor.page.fill(named("sign-in-password"), visitor.account.mail_password)
    visitor.page.click(FIELD)
    visitor.page.type(ENTER)
    visitor.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    assert visitor.is_unlocked()


def test_after_a_session_that_ended_unlocked_keys_need_no_passphrase(visitor: MailPages, demo_stack: DemoStack) -> None:
    visitor.page.browser.expect_error("401")
    visitor.enter()
    end_session = IN_PAGE["endSession"]
    visitor.page.js(end_session, demo_stack.api_url)
    visitor.page.js("() => { location.hash = '#/folder/sent'; }")
    visitor.page.wait_for_selector(named("session-ended"), timeout_seconds=OPERATION_SECONDS)
    assert visitor.page.js("(field) => document.querySelector(field)", FIELD) is None
    visitor.sign_in()
    visitor.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    assert visitor.is_unlocked()


def test_the_list_comes_once_while_the_person_types_the_passphrase(visitor: MailPages) -> None:
    visitor.page.js(LISTEN)
    visitor.sign_in()
    visitor.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    lists = "() => sent.filter((one) => one.includes('/messages?sort=')).length"
    visitor.page.wait_for(f"() => ({lists})() === 1", timeout_seconds=OPERATION_SECONDS)
    visitor.page.click("a.bar-link[href='#/folder/inbox']")
    visitor.page.wait_for_selector(named("message-row"), timeout_seconds=OPERATION_SECONDS)
    assert visitor.page.js(lists) == 1
