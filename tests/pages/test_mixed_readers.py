"""Thunderbird opens no message for an ML-KEM key beside other certificates: the pages ask before they send one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from smime_core import blocking
from smime_core.asn1 import build_pem
from smime_core.ca.demo import Details, issue_identity
from smime_core.provider import NewKey
from tests.support.browser.browsers import Browser
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.kept_trust import show_contacts
from tests.support.pages.strangers import PROVIDER
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

CONFIRM = named("mixed-confirm")
BACK = f"dialog:has({CONFIRM}) button:first-child"
FOCUSED = "() => document.activeElement.getAttribute('data-test')"


@pytest.fixture
def alice(browser: Browser, stack: DemoStack, tmp_path: Path) -> Iterator[MailPages]:
    """Alice, whose contacts have Kim with an ML-KEM key."""
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.enter()
    add_person(pages, stack, tmp_path / "kim.pem", "kim@example.test", NewKey.ML_KEM_768)
    yield pages
    pages.page.js("""async () => indexedDB.deleteDatabase("sealwax")""")
    pages.close()


@pytest.fixture
def received(stack: DemoStack, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that got a message, from a mail server that accepts everybody."""
    addresses: list[str] = []

    async def keep(address: str, _raw: bytes) -> None:
        addresses.append(address)

    monkeypatch.setattr(stack.mail_server, "has_account", lambda _: True)
    monkeypatch.setattr(stack.mail_server, "deliver", keep)
    return addresses


def add_person(pages: MailPages, stack: DemoStack, file: Path, address: str, key: NewKey) -> None:
    details = Details(crl_urls=(stack.list_url,))
    issuing = issue_identity(
        stack.people.authority, address, provider=PROVIDER, at=datetime.now(UTC), key=key, details=details
    )
    file.write_bytes(build_pem("CERTIFICATE", blocking.run(issuing).certificate.der))
    show_contacts(pages)
    pages.page.choose_files(named("import-people"), [file])
    pages.page.wait_for_text("Added: 1", selector=named("import-counts"), timeout_seconds=OPERATION_SECONDS)


def ask(pages: MailPages) -> str:
    """Press Send, and return the text of the question."""
    pages.page.click(named("send"))
    pages.page.wait_for_selector(CONFIRM, timeout_seconds=OPERATION_SECONDS)
    return pages.page.text(f"dialog:has({CONFIRM})")


def test_the_question_names_both_groups_and_leads_back_to_the_recipients(alice: MailPages) -> None:
    page = alice.page
    alice.write(to="kim@example.test, bob@example.test", subject="Thursday", text="At one?")
    alice.wait_until_sendable()
    question = ask(alice)
    assert "cannot open this message for bob@example.test" in question
    assert "encrypted for kim@example.test, with an ML-KEM key" in question
    assert "password" not in question
    page.click(BACK)
    assert page.js(FOCUSED) == "compose-to"
    assert "kim@example.test" in ask(alice), "an answer that sends nothing agrees to nothing"
    page.click(BACK)
    page.click("[data-address='kim@example.test'] .chip-remove")
    alice.send()


def test_an_agreed_mix_is_sent_to_all_in_one_message(alice: MailPages, received: list[str]) -> None:
    alice.write(to="kim@example.test, bob@example.test", subject="Thursday", text="At one?")
    alice.wait_until_sendable()
    ask(alice)
    alice.page.click(CONFIRM)
    alice.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)
    assert sorted(received) == ["bob@example.test", "kim@example.test"]


def test_the_mail_beside_a_parcel_is_asked_about_too(alice: MailPages) -> None:
    page = alice.page
    alice.write(to="kim@example.test, bob@example.test, carla@elsewhere.test", subject="Thursday", text="At one?")
    page.click(named("remedy-parcel"), timeout_seconds=OPERATION_SECONDS)
    page.wait_for_selector(CONFIRM, timeout_seconds=OPERATION_SECONDS)
    assert "carla" not in page.text(f"dialog:has({CONFIRM})")
    page.click(CONFIRM)
    page.wait_for_selector(named("parcel-question"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.parametrize("to", ["bob@example.test", "kim@example.test"])
def test_readers_of_one_kind_are_not_asked_about(alice: MailPages, received: list[str], to: str) -> None:
    alice.write(to=to, subject="Thursday", text="At one?")
    alice.send()
    assert received == [to]
