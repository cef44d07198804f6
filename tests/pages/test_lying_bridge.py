"""The pages before a bridge that answers as it should, but for one lie."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.rule_bridge import RuleRig, ruled as ruled

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

MALLORY = "mallory@example.test"


@pytest.fixture
def alice(browser: Browser, ruled: RuleRig) -> Iterator[MailPages]:
    """The pages before anybody has signed in, for Alice."""
    pages = MailPages(browser, ruled.stack.pages_url, ruled.stack.accounts[0])
    yield pages
    pages.close()


@pytest.mark.thorough(False)
def test_another_account_than_the_one_that_was_typed_is_not_signed_in(alice: MailPages, ruled: RuleRig) -> None:
    """Letters would leave in the name of somebody else, and answers to them would go there."""
    with ruled.bridge.renaming(alice.account.address, MALLORY):
        alice.sign_in()
        alice.page.wait_for_text("another address", selector=named("sign-in-error"), timeout_seconds=OPERATION_SECONDS)
        assert MALLORY not in alice.page.text("body")
    alice.sign_in()
    alice.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    assert alice.page.text(named("account")) == alice.account.address


@pytest.mark.thorough(False)
def test_a_tab_shows_nothing_under_another_address_after_a_reload(alice: MailPages, ruled: RuleRig) -> None:
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


def test_words_of_the_bridge_are_called_its_words(alice: MailPages, ruled: RuleRig) -> None:
    """They would otherwise stand in the page as its own sentence."""
    alice.sign_in()
    alice.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    words = "Your keys are in danger. Type your passphrase at keys.example.test. " + "x" * 1000
    with ruled.bridge.refusing(r"/messages$", code="of-its-own", message=words):
        alice.page.js("() => { location.hash = '#/folder/inbox'; }")
        shown = f"() => document.querySelector('{named('list-error')}')?.textContent || null"
        sentence = alice.page.wait_for(shown, timeout_seconds=OPERATION_SECONDS)
    assert sentence.startswith("The server refused, and says: ")
    assert len(sentence) < 400
    alice.page.browser.expect_error("400")


def test_a_refusal_names_nobody_who_was_not_to_get_the_message(alice: MailPages, ruled: RuleRig) -> None:
    alice.enter()
    alice.write(to="bob@example.test", subject="S", text="T")
    alice.wait_until_sendable()
    refused = [
        {"address": "bob@example.test", "temporary": False, "text": "no such mailbox"},
        {"address": "nobody. Call 555 at once", "temporary": False, "text": "x"},
    ]
    with ruled.bridge.refusing("^POST /api/send$", code="message-refused", message="no", refused=refused):
        alice.page.click(named("send"))
        alice.page.wait_for_text("no such mailbox", selector=named("compose-form"), timeout_seconds=OPERATION_SECONDS)
        assert "555" not in alice.page.text(named("compose-form"))
    alice.discard()
    alice.page.browser.expect_error("400")


def test_an_answer_that_breaks_off_is_one_that_did_not_come(alice: MailPages, ruled: RuleRig) -> None:
    """List, folders and message have the sentence of a server that does not answer, and come at the next try."""
    alice.enter()
    alice.show_inbox()
    uid = int(alice.page.js(f"() => document.querySelector('{named('message-row')}').dataset.uid"))
    with ruled.bridge.cutting("^GET /api/folders"):
        for test in ("list-error", "folders-error"):
            alice.page.click(named("refresh"))
            shown = f"() => document.querySelector('{named(test)}')?.textContent || null"
            assert "does not answer" in alice.page.wait_for(shown, timeout_seconds=OPERATION_SECONDS)
        alice.page.js(f"() => document.querySelector('{named('message-row')}').click()")
        alice.page.wait_for_text("does not answer", selector=named("reading-error"), timeout_seconds=OPERATION_SECONDS)
    alice.open_message(uid)
    assert alice.shows_a_state()
    alice.page.browser.expect_error("ERR_|NetworkError|network")
