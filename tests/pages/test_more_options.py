"""Signatures that last and security labels in the pages: never sent in another way than the sentence says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from smime_core import ess
from smime_core.blocking import run
from smime_core.cades import CadesLevel, cades_level
from smime_core.cms import Keys, SignerInfo, find_signed_layer
from smime_core.message import decrypt_entity
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.command.timestamp_services import serve
from tests.support.extension.receipt_mails import asking_mail
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.received import deliver
from tests.support.timestamp_service import answer
from webbridge import BridgeConfig
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/more_options.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

NAMES = [{"value": 5, "name": "Confidential"}, {"value": 6, "name": "Internal"}]
POLICY = {"policy": "1.2.3.4", "name": "Example Ltd", "classifications": NAMES}
CHOOSE = IN_PAGE["choose"]


class StackWithStatements(DemoStack):
    """A demonstration whose bridge offers timestamps and security labels."""

    service = ""

    def _bridge_config(self, private: Path, list_host: str) -> BridgeConfig:
        policy = private / "labels.json"
        policy.write_text(json.dumps(POLICY))
        config = super()._bridge_config(private, list_host)
        return replace(config, timestamp_service=self.service, label_policy_file=policy)


@pytest.fixture(scope="module")
def clock() -> dict[str, Callable[[bytes], bytes]]:
    """The answers of a timestamp service, by "answer"."""
    return {"answer": lambda query: run(answer(query))}


@pytest.fixture(scope="module")
def offering(clock: dict[str, Callable[[bytes], bytes]], pages_with_sources: Path) -> Iterator[DemoStack]:
    with serve(lambda query: clock["answer"](query)) as url:
        stack = StackWithStatements(pages_folder=pages_with_sources)
        stack.service = url
        with stack:
            yield stack


@pytest.fixture
def letter(browser: Browser, offering: DemoStack) -> Iterator[MailPages]:
    """A letter of Alice to Bob, with the rarer options unfolded."""
    pages = MailPages(browser, offering.pages_url, offering.accounts[0])
    pages.enter()
    pages.write(to=offering.accounts[1].address, subject="The ferry", text="It leaves at nine.")
    pages.page.click(f"{named('more')} summary")
    pages.page.click(named("switch-lasting"))
    pages.wait_until_sendable()
    yield pages
    pages.close()


def signer_of(stack: DemoStack) -> SignerInfo:
    """The signer of the message that Bob got last."""
    bob = stack.accounts[1]
    message = stack.mail_server.messages(bob.address)[-1].raw
    layer = find_signed_layer(run(decrypt_entity(message, Keys(identities=[bob.identity]), provider=NativeProvider())))
    (info,) = layer.signed_data.signer_infos
    assert isinstance(info, SignerInfo)
    return info


@pytest.mark.thorough(False)
def test_a_signature_has_the_timestamp_and_the_label_of_the_sentence(letter: MailPages, offering: DemoStack) -> None:
    letter.page.js(CHOOSE, "6")
    leaves = letter.page.text(named("leaves"))
    assert "confirms the time of the signature" in leaves
    assert "Internal" in leaves
    letter.send()
    info = signer_of(offering)
    assert cades_level(info, has_revocation_data=False) is CadesLevel.T
    label = ess.parse_security_label(info.attributes)
    assert label is not None
    assert (label.policy, label.classification) == ("1.2.3.4", 6)
    letter.page.click(f"{named('folder')}[data-folder=Sent]")
    row = f"{named('messages')}[aria-busy=false] {named('message-row')}"
    letter.page.wait_for_text("bob@", selector=row, timeout_seconds=OPERATION_SECONDS)
    letter.page.click(row)
    letter.page.wait_for_text("It leaves at nine.", selector=named("body"), timeout_seconds=OPERATION_SECONDS)


def test_without_a_signature_its_statements_are_gone(letter: MailPages) -> None:
    letter.page.click(named("switch-sign"))
    assert "confirms the time" not in letter.page.text(named("leaves"))
    assert letter.page.js("() => document.querySelector('[data-test=switch-lasting]').checkVisibility()") is False
    # The copy in Sent is no matter of the signature.
    assert letter.page.js("() => document.querySelector('[data-test=compose-copy]').checkVisibility()") is True


def test_after_a_failure_of_the_service_nothing_was_sent(
    letter: MailPages, offering: DemoStack, clock: dict[str, Callable[[bytes], bytes]]
) -> None:
    bob = offering.accounts[1].address
    before, good = len(offering.mail_server.messages(bob)), clock["answer"]
    clock["answer"] = lambda _: b"no timestamp"
    try:
        letter.page.click(named("send"))
        letter.page.wait_for_text(
            "so nothing was sent", selector=named("send-error"), timeout_seconds=OPERATION_SECONDS
        )
        assert len(offering.mail_server.messages(bob)) == before
        letter.page.click(named("send-unstamped"))
        letter.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)
    finally:
        clock["answer"] = good
    assert cades_level(signer_of(offering), has_revocation_data=False) is CadesLevel.B


def test_a_letter_that_comes_back_keeps_its_statements(letter: MailPages) -> None:
    back = letter.page.js(
        IN_PAGE["aLetterThatComesBackKeepsItsStatements"],
        POLICY,
    )
    label = {"policy": "1.2.3.4", "classification": 6}
    # A label is of one policy: under another one, the same number means something else.
    assert [options["label"] for options in back] == [label, None, None]
    assert [(options["receipt"], options["lasting"]) for options in back] == [(True, True)] * 3


def test_a_received_message_shows_the_name_of_its_label(letter: MailPages, offering: DemoStack) -> None:
    alice, bob = offering.accounts
    for label, words in (("1.2.3.4", "Confidential"), ("1.2.3.5", "unknown here")):
        letter.open_message(deliver(offering, asking_mail(bob.identity, recipient=alice.address, label=label)))
        assert words in letter.page.text(named("mail-label"))
