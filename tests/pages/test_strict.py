"""The switch for strict cleanup in the pages: it locks the keys, lasts, and makes each operation end its Worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/strict.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

BEFORE_THE_PAGE = IN_PAGE["beforeThePage"]
KEYS_VIEW = "() => { location.hash = '#/keys'; }"
IS_STRICT = f"() => document.querySelector('{named('switch-strict')}').checked"
UNLOCKED = f"{named('lock')}[data-unlocked=true]"


@pytest.fixture
def alice(browser: Browser, demo_stack: DemoStack) -> Iterator[MailPages]:
    pages = MailPages(browser, "about:blank", demo_stack.accounts[0])
    script = browser.bidi.command(
        "script.addPreloadScript", functionDeclaration=BEFORE_THE_PAGE, contexts=[pages.page.context]
    )["script"]
    pages.page.goto(demo_stack.pages_url)
    pages.enter()
    yield pages
    browser.bidi.command("script.removePreloadScript", script=script)
    leave_unstrict(pages)
    pages.page.js("() => { localStorage.clear(); }")
    pages.close()


def leave_unstrict(pages: MailPages) -> None:
    """Switch strict cleanup off in the account too, or it comes to all later pages of this person."""
    open_keys(pages)
    if not pages.page.js(IS_STRICT):
        return
    pages.page.click(named("switch-strict"))
    pages.unlock()
    pages.page.wait_for_selector(UNLOCKED, timeout_seconds=OPERATION_SECONDS)
    open_keys(pages)
    stored = f'{named("roaming")}[data-roaming="stored"]'
    pages.page.wait_for_selector(stored, timeout_seconds=OPERATION_SECONDS)


def open_keys(pages: MailPages) -> None:
    pages.page.js(KEYS_VIEW)
    pages.page.wait_for_selector(named("switch-strict"))


def read_welcome(pages: MailPages, stack: DemoStack) -> list[bool | str]:
    """The messages to Workers while a mail is opened: of a request whether it is strict, and the word that ends it."""
    pages.page.js("() => { requests.length = 0; }")
    pages.show_inbox()
    pages.open_message(stack.mail_server.messages(pages.account.address)[0].uid)
    pages.page.wait_for_selector(f"{named('state')}[data-state=verified]", timeout_seconds=OPERATION_SECONDS)
    messages: list[bool | str] = pages.page.js("() => requests")
    return messages


@pytest.mark.thorough
def test_strict_cleanup_is_chosen_in_the_view_of_the_keys(alice: MailPages, demo_stack: DemoStack) -> None:
    usual = read_welcome(alice, demo_stack)
    assert {False, "rest"} <= set(usual) <= {False, "rest", "end"}
    open_keys(alice)
    assert alice.page.js(IS_STRICT) is False
    alice.page.click(named("switch-strict"))
    alice.page.wait_for_selector(named("unlock-form"))
    assert alice.page.js(IS_STRICT) is True
    alice.unlock()
    alice.page.wait_for_selector(UNLOCKED, timeout_seconds=OPERATION_SECONDS)
    strict = read_welcome(alice, demo_stack)
    assert set(strict) == {True, "end"}
    alice.page.goto(demo_stack.pages_url)
    open_keys(alice)
    assert alice.page.js(IS_STRICT) is True


@pytest.mark.thorough
def test_strict_cleanup_counts_in_a_tab_that_was_open_before(alice: MailPages, demo_stack: DemoStack) -> None:
    """The choice is one for the browser. Another tab would go on with keys in WebCrypto until it is loaded again."""
    other = MailPages(alice.page.browser, demo_stack.pages_url, alice.account, beside=alice.page)
    open_keys(other)
    other.page.wait_for_selector(UNLOCKED, timeout_seconds=OPERATION_SECONDS)
    alice.page.activate()
    open_keys(alice)
    alice.page.click(named("switch-strict"))
    other.page.activate()
    other.page.wait_for_selector(named("unlock-form"))
    other.page.wait_for(IS_STRICT)
    # The keys are locked now, and the switch follows all the same.
    alice.page.activate()
    alice.page.click(named("switch-strict"))
    other.page.activate()
    other.page.wait_for(f"() => !({IS_STRICT})()")
    other.close()
