"""The view of the account: where it is signed in, and the ends of sessions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser, Firefox
from tests.support.browser.page import ENTER, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/account.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

PHONES = (320, 390)


@pytest.fixture
def elsewhere(browser: Browser, demo_stack: DemoStack, alice: Account) -> Iterator[MailPages]:
    """Alice, signed in in another browser only: sessions that other modules have left are ended."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.sign_in()
    pages.page.wait_for_selector(named("unlock-form"))
    pages.page.js("() => { location.hash = '#/settings/devices'; }")
    pages.page.wait_for_selector(named("session"), timeout_seconds=OPERATION_SECONDS)
    if pages.page.js("(all) => document.querySelector(all)?.checkVisibility() ?? false", named("end-others")):
        pages.page.click(named("end-others"))
        pages.page.wait_for_text("You are signed in only here.", timeout_seconds=OPERATION_SECONDS)
    pages.page.js("() => { location.hash = '#/keys'; }")
    pages.page.wait_for_selector(named("unlock-form"))
    yield pages
    pages.close()


def cards(page: Page) -> list[str]:
    texts: list[str] = page.js(
        """() => [...document.querySelectorAll('[data-test="session"] h3')].map((one) => one.textContent)"""
    )
    return texts


def wait_for_cards(page: Page, count: int) -> None:
    page.wait_for(
        """(count) => document.querySelectorAll('[data-test="session"]').length === count""",
        count,
        timeout_seconds=OPERATION_SECONDS,
    )


def test_the_person_sees_where_they_are_signed_in_and_ends_one_session_by_keyboard(
    elsewhere: MailPages, visitor: MailPages
) -> None:
    page = visitor.page
    page.activate()
    visitor.sign_in()
    page.wait_for_selector(named("unlock-form"))
    page.click(named("account"))
    page.click(f"{named('settings-section-link')}[data-section=devices]")
    wait_for_cards(page, 2)
    program = "Firefox on Linux" if isinstance(page.browser, Firefox) else "Chrome on Linux"
    assert cards(page) == [f"{program}, this browser", program]
    assert find_violations(page) == []
    for width in PHONES:
        page.set_viewport(width, 844)
        assert not page.overflows_sideways()
    page.js("""() => document.querySelector('[data-this="false"] [data-test="end-session"]').focus()""")
    page.press(ENTER)
    page.wait_for_text("You are signed in only here.", timeout_seconds=OPERATION_SECONDS)
    assert page.text("#announcer").endswith("is signed out.")
    assert page.js("() => document.activeElement.id") == "sessions-title"
    page.browser.expect_error("401")
    elsewhere.page.activate()
    elsewhere.page.js("() => { location.hash = '#/settings/devices'; }")
    elsewhere.page.wait_for_selector(named("session-ended"))


@pytest.mark.thorough(False)
def test_all_other_sessions_end_at_once_and_the_own_goes_on(elsewhere: MailPages, visitor: MailPages) -> None:
    page = visitor.page
    page.activate()
    visitor.sign_in()
    page.wait_for_selector(named("unlock-form"))
    page.js("() => { location.hash = '#/settings/devices'; }")
    page.wait_for_selector(named("end-others"))
    page.click(named("end-others"))
    page.wait_for_text("You are signed in only here.", timeout_seconds=OPERATION_SECONDS)
    assert page.text("#announcer") == "You are signed out everywhere else."
    wait_for_cards(page, 1)
    # The button of the own session signs out as the one in the bar does.
    page.click(named("end-session"))
    page.wait_for_selector(named("sign-in-form"))


def choose(page: Page, test: str, value: str) -> None:
    page.wait_for_selector(f"{named(test)}:not(:disabled)")
    page.js(
        IN_PAGE["choose"],
        test,
        value,
    )


def test_the_person_chooses_that_no_copies_are_kept_and_otherwise_for_one_message(
    visitor: MailPages, demo_stack: DemoStack, alice: Account, bob: Account
) -> None:
    page = visitor.page
    visitor.enter()
    page.js("() => { location.hash = '#/settings/writing'; }")
    choose(page, "copies", "false")
    page.click(named("copies-save"))
    page.wait_for_text("Your choice is saved.", selector="#announcer")
    before = len(demo_stack.mail_server.messages(alice.address, "Sent"))
    visitor.write(to=bob.address, subject="One", text="Without a copy.")
    visitor.wait_until_sendable()
    page.click(named("send"))
    page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("sent"))
    assert page.text(named("sent-copy")) == "No copy was kept, as you chose."
    page.click(named("dialog-close"))
    assert len(demo_stack.mail_server.messages(alice.address, "Sent")) == before
    visitor.write(to=bob.address, subject="Two", text="With a copy.")
    choose(page, "compose-copy", "true")
    visitor.send()
    assert len(demo_stack.mail_server.messages(alice.address, "Sent")) == before + 1
    page.js("() => { location.hash = '#/settings/writing'; }")
    choose(page, "copies", "true")
    page.click(named("copies-save"))
    page.wait_for_text("Your choice is saved.", selector="#announcer")


def test_a_choice_that_the_mail_server_cannot_keep_is_not_saved(visitor: MailPages) -> None:
    """The demonstration's mail server keeps no keywords of a client."""
    page = visitor.page
    page.browser.expect_error("422")
    visitor.sign_in()
    page.wait_for_selector(named("unlock-form"))
    page.js("() => { location.hash = '#/settings/writing'; }")
    choose(page, "copies", "30")
    page.click(named("copies-save"))
    problem = page.wait_for_text("cannot mark copies", selector=named("copies-error"))
    assert "Keep the copy, or keep none." in problem
    page.reload()
    page.wait_for_selector(f"{named('copies')}:not(:disabled)", timeout_seconds=OPERATION_SECONDS)
    assert page.value(named("copies")) == "true"
    assert find_violations(page) == []
    for width in PHONES:
        page.set_viewport(width, 844)
        assert not page.overflows_sideways()
