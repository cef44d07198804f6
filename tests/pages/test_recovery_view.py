"""The pages show who can recover the encryption keys, and what an administrator has done to the account."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from roaming_keys.client.transport import HttpTransport
from roaming_keys.organisation.protocol.messages import CaseFacts, RecoveryStatus
from roaming_keys.organisation.protocol.owner import with_first_passphrase, with_policy
from roaming_keys.protocol.key_account import KeyAccount
from roaming_keys.protocol.login import LoginContext, log_in
from roaming_keys.protocol.messages.accounts import Device
from roaming_keys.protocol.session import Setting
from smime_core.blocking import run
from tests.support.browser.accessibility import find_violations
from tests.support.browser.page_scripts import page_scripts
from tests.support.keys.organisation import policy_of
from tests.support.keys.people import PROVIDER
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/recovery_view.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]
CASE = CaseFacts(
    id="c1",
    user="alice@example.test",
    # The mark would turn the rest of the sentence around.
    reason="she has left\u202e",
    asked=1_790_000_000,
    asked_by="adam",
    recipient="Sam",
    recipient_fingerprint="0" * 64,
    needed=2,
    approved_by=("olga",),
)


def confirm(stack: DemoStack, alice: Account) -> None:
    """Confirm the officers on another device. Nothing is copied, because the key may also sign."""
    account = KeyAccount(server=stack.keys_url, user=alice.address, passphrase=alice.key_passphrase.encode())
    setting = Setting(transport=HttpTransport(stack.keys_url), provider=PROVIDER)
    context = LoginContext(device=Device(token=os.urandom(32), name="a laptop"), known=None, at=datetime.now(UTC))
    session = run(log_in(setting, account, context))
    state = with_policy(session.opened.state, policy_of(), context.at)
    state = with_first_passphrase(state, context.at)
    run(session.push(setting, replace(session.opened, state=state)))


@pytest.mark.thorough
def test_the_owner_sees_officers_cases_and_what_to_do(
    visitor: MailPages, demo_stack: DemoStack, alice: Account
) -> None:
    confirm(demo_stack, alice)
    page = visitor.page
    status = RecoveryStatus(policy=policy_of("olga", "otto"), cases=(CASE,), renew=4_000_000_000)
    page.js(
        IN_PAGE["theOwnerSeesOfficersCasesAndWhatToDo"],
        status.to_json().decode(),
    )
    visitor.enter()
    page.js("() => { location.hash = '#/keys'; }")
    page.wait_for_selector(named("recovery_on"), timeout_seconds=OPERATION_SECONDS)
    text = page.text(named("recovery"))
    for sentence in (
        "Recovery is on: 2 of 3 officers together can open your encryption keys",
        "Your organisation offers recovery by 2 of 2 officers",
        "Sam is to get your encryption keys. adam asked for that on",
        "she has left. 1 of 2 officers have approved.",
        "Your administrator asks you for a new certificate.",
        "Your administrator knows your passphrase. Change it now.",
    ):
        assert sentence in text
    assert "\u202e" not in text
    page.js("(place) => document.querySelectorAll(place).forEach((one) => { one.open = true; })", "details")
    assert "olga@example.test" in page.text(named("recovery_on"))
    assert "may also sign is left out" in page.text(named("recovery"))
    assert page.text(named("factors-error")) == ""
    assert find_violations(page) == []
    for width in (320, 390):
        page.set_viewport(width, 844)
        assert not page.overflows_sideways()
