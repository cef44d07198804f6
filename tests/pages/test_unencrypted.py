"""Missing certificates in the pages: one group for many, and a red question before a message is sent unencrypted."""

from __future__ import annotations

import pytest

from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.signed_in import alice_all_along as alice_all_along
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/unencrypted.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

PEOPLE = "() => [...document.querySelectorAll('[data-test=recipient]')].map(({ dataset }) => dataset.address)"
COUNT = "(selector) => document.querySelectorAll(selector).length"
STRANGERS = [f"stranger{number}@example.test" for number in range(30)]


def begin(pages: MailPages, to: list[str]) -> None:
    pages.page.click(named("write"))
    pages.page.wait_for_selector(named("compose-form"))
    pages.page.fill(named("compose-to"), ",".join(to) + ",")
    pages.page.fill(named("compose-text"), "Every word of it.")


def discard(pages: MailPages) -> None:
    pages.page.click(named("discard"))


@pytest.mark.thorough
def test_thirty_missing_certificates_are_one_group(alice: MailPages, bob: Account) -> None:
    begin(alice, [bob.address, *STRANGERS])
    group = f'{named("obstacle")}[data-code="certificates"]'
    alice.page.wait_for_text("30", selector=group, timeout_seconds=OPERATION_SECONDS)
    assert alice.page.js(COUNT, named("obstacle")) == 1
    assert alice.page.js(COUNT, f"{group} button") == 4
    alice.page.click(named("remedy-look-up-all"))
    alice.page.wait_for_text("30", selector=group, timeout_seconds=OPERATION_SECONDS)
    alice.page.click(named("remedy-remove-all"))
    assert alice.page.js(PEOPLE) == [bob.address]
    alice.wait_until_sendable()
    assert alice.page.value(named("compose-text")) == "Every word of it."
    discard(alice)


def test_sending_unencrypted_asks_in_red(alice: MailPages) -> None:
    begin(alice, STRANGERS[:1])
    alice.page.click(named("remedy-encrypt-off"), timeout_seconds=OPERATION_SECONDS)
    alice.page.wait_for_selector(named("unencrypted-confirm"))
    assert alice.page.js("() => document.querySelector('[data-test=switch-encrypt]').checked")
    # Grey while the question is new, so that no press that was meant for something else agrees.
    alice.page.wait_for(
        IN_PAGE["sendingUnencryptedAsksInRed"],
        named("unencrypted-confirm"),
    )
    alice.page.click(named("unencrypted-confirm"))
    assert not alice.page.js("() => document.querySelector('[data-test=switch-encrypt]').checked")
    alice.wait_until_sendable()
    assert alice.page.js(COUNT, named("obstacle")) == 0
    discard(alice)


def test_a_reply_to_an_encrypted_message_stays_encrypted_until_the_person_agrees(
    alice: MailPages, demo_stack: DemoStack
) -> None:
    alice.open_message(demo_stack.mail_server.messages(alice.account.address)[0].uid)
    alice.page.click(named("reply"))
    alice.page.wait_for_selector(named("compose-form"))
    alice.page.click(named("switch-encrypt"))
    alice.page.wait_for_selector(named("unencrypted-confirm"))
    assert alice.page.js("() => document.querySelector('[data-test=switch-encrypt]').checked")
    alice.page.click("dialog button:not(.danger)")
    assert alice.page.js("() => document.querySelector('[data-test=switch-encrypt]').checked")
    alice.page.click(named("discard"))
