"""The pages before a bridge that answers as it should, but for one lie."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.rule_bridge import RuleHouse, ruled

__all__ = ["ruled"]

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.in_turn]

MALLORY = "mallory@example.test"


@pytest.fixture
def alice(browser: Browser, ruled: RuleHouse) -> Iterator[MailPages]:
    """The pages before anybody has signed in, for Alice."""
    pages = MailPages(browser, ruled.stack.pages_url, ruled.stack.accounts[0])
    yield pages
    pages.close()


@pytest.mark.heart
def test_another_account_than_the_one_that_was_typed_is_not_signed_in(alice: MailPages, ruled: RuleHouse) -> None:
    """Letters would leave in the name of somebody else, and answers to them would go there."""
    with ruled.bridge.renaming(alice.account.address, MALLORY):
        alice.sign_in()
        alice.page.wait_for_text("another address", selector=named("sign-in-error"), timeout_seconds=OPERATION_SECONDS)
        assert MALLORY not in alice.page.text("body")
    alice.sign_in()
    alice.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    assert alice.page.text(named("account")) == alice.account.address


@pytest.mark.heart
def test_a_tab_shows_nothing_under_another_address_after_a_reload(alice: MailPages, ruled: RuleHouse) -> None:
    alice.sign_in()
    alice.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    with ruled.bridge.renaming(alice.account.address, MALLORY):
        alice.page.reload()
        alice.page.wait_for_selector(
            f"{named('accounts-view')}, {named('sign-in-form')}", timeout_seconds=OPERATION_SECONDS
        )
        assert alice.page.js(f"() => document.querySelector('{named('account')}')?.textContent ?? ''") == ""
    alice.page.reload()
    alice.page.wait_for_text(alice.account.address, selector="body", timeout_seconds=OPERATION_SECONDS)
