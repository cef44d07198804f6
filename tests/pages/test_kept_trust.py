"""The pages keep the person's own decisions between two sessions as ciphertext, and nothing on others' computers."""

from __future__ import annotations

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.kept_trust import accept, show_contacts, show_people, store_nothing_at_keys, wait_until_kept
from tests.support.pages.signed_in import alice_in_her_inbox as alice_in_her_inbox
from tests.support.pages.strangers import STRANGER, deliver, open_why, stranger, wait_for_state, welcome_of
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/kept_trust.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

DATABASES = "async () => (await indexedDB.databases()).map(({ name }) => name)"
# Changes the only kept state: "save" remembers it in the page, "damage" flips one bit of it, and "restore" puts the
# remembered state back.
REPLACE = IN_PAGE["replace"]


def sign_out(pages: MailPages) -> None:
    pages.page.click(named("sign-out"))
    pages.page.wait_for_selector(named("sign-in-form"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough
def test_a_decision_outlives_the_session_until_it_is_removed(alice: MailPages, stack: DemoStack) -> None:
    letter = deliver(stack, alice.account, stranger(), "A stranger")
    accept(alice, letter)
    sign_out(alice)
    ((_, _, octets),) = wait_until_kept(alice, 1)
    assert STRANGER not in str(octets)
    assert "sealwax-trust-state" not in str(octets)

    alice.enter()
    alice.open_message(letter)
    assert alice.state == "verified"
    assert show_people(alice) == "kept"
    alice.page.wait_for_text(STRANGER, selector=named("decision"), timeout_seconds=OPERATION_SECONDS)
    show_contacts(alice)
    alice.page.wait_for_text(STRANGER, selector=named("person"), timeout_seconds=OPERATION_SECONDS)
    show_people(alice)
    alice.page.click(named("decision-remove"), timeout_seconds=OPERATION_SECONDS)
    alice.page.wait_for_text("Nothing", selector=named("decisions"), timeout_seconds=OPERATION_SECONDS)
    sign_out(alice)
    alice.enter()
    alice.open_message(letter)
    assert alice.state == "signed-unverified"


@pytest.mark.thorough
def test_a_decision_removed_while_the_keys_are_locked_does_not_come_back(alice: MailPages, stack: DemoStack) -> None:
    accept(alice, deliver(stack, alice.account, stranger(), "A stranger"))
    wait_until_kept(alice, 1)
    alice.page.click(named("lock"))
    assert show_people(alice) == "locked"
    alice.page.wait_for_selector(named("decision-remove"), timeout_seconds=OPERATION_SECONDS)
    alice.page.click(named("decision-remove"))
    alice.page.wait_for_text("Nothing", selector=named("decisions"), timeout_seconds=OPERATION_SECONDS)
    alice.page.js("() => { location.hash = '#/keys'; }")
    alice.unlock()
    # After the unlocking the page shows the letter that was open before.
    wait_for_state(alice, "signed-unverified")
    assert show_people(alice) == "kept"
    alice.page.wait_for_text("Nothing", selector=named("decisions"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough
@pytest.mark.parametrize(("change", "why"), [("damage", "damaged"), ("restore", "older")])
def test_a_damaged_or_older_state_is_reported_and_not_used(
    alice: MailPages, stack: DemoStack, change: str, why: str
) -> None:
    letter = deliver(stack, alice.account, stranger(), "A stranger")
    store_nothing_at_keys(alice, stack)
    alice.open_message(welcome_of(stack, alice.account))
    wait_until_kept(alice, 1)
    alice.page.js(REPLACE, "save")
    accept(alice, letter)
    wait_until_kept(alice, 2)
    sign_out(alice)
    alice.page.js(REPLACE, change)
    alice.enter()
    alice.page.wait_for_text("is not used", selector=named("notice"), timeout_seconds=OPERATION_SECONDS)
    assert show_people(alice) == "unreadable"
    assert why in alice.page.text(named("keeping-problem"))
    alice.open_message(letter)
    assert alice.state == "signed-unverified"
    show_people(alice)
    alice.page.click(named("begin-anew"))
    alice.page.wait_for(f"() => document.querySelector('{named('keeping')}')?.dataset.keeping === 'kept'")
    assert "is not used" not in alice.page.text(named("notice"))


@pytest.mark.thorough
def test_nothing_is_kept_on_a_computer_of_somebody_else(browser: Browser, stack: DemoStack) -> None:
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.page.click(named("foreign-computer"))
    pages.enter()
    letter = deliver(stack, pages.account, stranger(), "A stranger")
    accept(pages, letter)
    assert show_people(pages) == "off"
    pages.page.reload()
    pages.page.js("() => { location.hash = '#/keys'; }")
    pages.unlock()
    pages.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    pages.open_message(letter)
    assert pages.state == "signed-unverified"
    sign_out(pages)
    assert pages.page.js(DATABASES) == []
    pages.close()


# The visible buttons, fields and links that have no name for screen readers.
NAMELESS = IN_PAGE["nameless"]


@pytest.mark.thorough
def test_every_control_of_trust_has_a_name(alice: MailPages, stack: DemoStack) -> None:
    page = alice.page
    page.js("() => document.body.append(document.createElement('button'))")
    assert page.js(NAMELESS) == ["<button></button>"]
    page.js("() => document.body.lastChild.remove()")
    nameless = {}
    alice.open_message(deliver(stack, alice.account, stranger(), "A stranger"))
    open_why(alice)
    nameless["why"] = page.js(NAMELESS)
    page.click(named("accept-exact"))
    page.wait_for_selector(named("accept-dialog"))
    nameless["accepting"] = page.js(NAMELESS)
    page.click(named("accept-compared"))
    page.click(named("accept-go"))
    wait_for_state(alice, "verified")
    show_people(alice)
    page.wait_for_selector(named("decision-remove"), timeout_seconds=OPERATION_SECONDS)
    nameless["people"] = page.js(NAMELESS)
    sign_out(alice)
    nameless["signing in"] = page.js(NAMELESS)
    assert {view: controls for view, controls in nameless.items() if controls} == {}
