"""The organisation's signed list in the pages: the first signer is pinned, and later lists need the same signer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from smime_core import RevocationPolicy, TrustAnchor, blocking
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.identity.identity import Identity
from smime_core.own_content import sign_trust_list
from smime_core.own_content.trust_list import TrustList
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.signed_in import alice_in_her_inbox as alice_in_her_inbox
from tests.support.pages.strangers import deliver
from webbridge.config import BridgeConfig
from webbridge.demo import stack as demo_stack
from webbridge.demo.accounts import certificate_pem
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

PROVIDER = NativeProvider()
SENDER = "sam@partner.test"


class Organisation:
    """The signer of the lists in the bridge's file, an impostor, and a sender whose CA only the list trusts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        at = datetime.now(UTC)
        partner = blocking.run(create_authority("Partner CA", provider=PROVIDER, at=at))
        self.anchor = partner.identity.certificate
        self.boss, self.impostor, self.sender = (
            blocking.run(issue_identity(partner, address, provider=PROVIDER, at=at))
            for address in ("boss@partner.test", "impostor@partner.test", SENDER)
        )

    def publish(self, number: int, *, signer: Identity | None = None, revocation: RevocationPolicy) -> None:
        """Replace the file by a new list with this number."""
        at = datetime.now(UTC).replace(microsecond=0)
        trust_list = TrustList(
            name="Example Ltd",
            serial_number=number,
            issued=at,
            expires=at + timedelta(days=30),
            anchors=(TrustAnchor(certificate=self.anchor, addresses=("@partner.test",)),),
            revocation=revocation,
        )
        cms = blocking.run(
            sign_trust_list(trust_list, identity=signer or self.boss, provider=PROVIDER, signing_time=at)
        )
        new = self.path.with_suffix(".new")
        new.write_bytes(cms)
        os.replace(new, self.path)


@pytest.fixture
def organisation(tmp_path: Path) -> Organisation:
    organisation = Organisation(tmp_path / "list.der")
    organisation.publish(2, revocation=RevocationPolicy.IF_KNOWN)
    return organisation


@pytest.fixture
def stack(organisation: Organisation) -> Iterator[DemoStack]:
    with DemoStack(trust_list_file=organisation.path) as stack:
        yield stack


def show_list(pages: MailPages) -> str:
    """The text of the trust settings about the list."""
    pages.page.js("() => { location.hash = '#/settings/people'; }")
    pages.page.wait_for_selector(named("followed-list"), timeout_seconds=OPERATION_SECONDS)
    return pages.page.text(named("followed-list"))


def visit_again(pages: MailPages) -> None:
    # The list is shown while the vault's files still load. The reload stops their load, which Firefox reports.
    pages.page.browser.expect_error("Error in input stream")
    pages.page.reload()
    pages.page.wait_for_selector("main", timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough(False)
def test_the_first_list_is_pinned_and_shown_and_those_whom_it_names_are_verified(
    alice: MailPages, stack: DemoStack, organisation: Organisation
) -> None:
    text = show_list(alice)
    assert "Example Ltd" in text
    assert "List number 2" in text
    assert "Compare the fingerprint" in text
    alice.page.click(named("list-signer"))
    alice.page.wait_for_text("boss@partner.test", selector=named("certificate-dialog"))
    alice.page.click(named("dialog-close"))
    alice.open_message(deliver(stack, stack.accounts[0], organisation.sender, "Offer"))
    assert alice.state == "verified"


@pytest.mark.thorough
def test_an_unsigned_setting_of_trust_no_longer_counts(alice: MailPages, stack: DemoStack) -> None:
    alice.open_message(deliver(stack, stack.accounts[0], stack.accounts[1].identity, "Hello"))
    assert alice.state == "signed-unverified"


@pytest.mark.thorough
def test_a_list_by_somebody_else_and_an_older_one_are_refused_in_plain_words(
    alice: MailPages, organisation: Organisation
) -> None:
    show_list(alice)
    organisation.publish(3, signer=organisation.impostor, revocation=RevocationPolicy.NOT_CHECKED)
    visit_again(alice)
    text = show_list(alice)
    assert "someone else signed" in text
    assert "List number 2, signed by boss@partner.test" in text
    assert "Compare the fingerprint" not in text
    organisation.publish(1, revocation=RevocationPolicy.NOT_CHECKED)
    visit_again(alice)
    text = show_list(alice)
    assert "the list is number 1, and number 2 was seen already" in text
    organisation.publish(4, revocation=RevocationPolicy.IF_KNOWN)
    visit_again(alice)
    assert "List number 4" in show_list(alice)


@pytest.mark.thorough
def test_a_person_may_let_go_of_the_list(alice: MailPages, organisation: Organisation) -> None:
    show_list(alice)
    organisation.publish(1, signer=organisation.impostor, revocation=RevocationPolicy.IF_KNOWN)
    alice.page.click(named("list-stop"))
    alice.page.click(named("list-stop-go"))
    alice.page.wait_for("""() => !document.querySelector('[data-test="followed-list"]')""")
    visit_again(alice)
    assert "impostor@partner.test" in show_list(alice)


def test_no_unsigned_word_of_the_bridge_adds_to_the_list_or_weakens_it(
    browser: Browser, organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation.publish(3, revocation=RevocationPolicy.REQUIRED)
    clocks = tmp_path / "clocks.pem"
    clocks.write_text(certificate_pem(organisation.anchor))
    words: dict[str, Any] = {
        "mozilla_roots": True,
        "timestamp_anchors_file": clocks,
        "revocation": RevocationPolicy.NOT_CHECKED,
    }
    monkeypatch.setattr(demo_stack, "BridgeConfig", lambda **settings: BridgeConfig(**(settings | words)))
    with DemoStack(trust_list_file=organisation.path) as stack:
        pages = MailPages(browser, stack.pages_url, stack.accounts[0])
        pages.enter()
        text = show_list(pages)
        # The sender's certificate names no source of revocation, and the list requires an answer.
        pages.open_message(deliver(stack, stack.accounts[0], organisation.sender, "Offer"))
        state = pages.state
        pages.page.js("() => { location.hash = '#/settings/people'; }")
        pages.page.wait_for_selector(named("operator"), timeout_seconds=OPERATION_SECONDS)
        operator = pages.page.text(named("operator"))
        clocks_shown = pages.page.js("() => document.querySelectorAll('[data-test=operator-timestamps]').length")
        pages.close()
    assert "List number 3" in text
    assert state == "signed-unverified"
    assert "Mozilla" not in operator
    assert clocks_shown == 0
