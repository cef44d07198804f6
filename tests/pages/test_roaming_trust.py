"""Contacts and decisions follow a person to another browser, through the account at the key server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from smime_core import Certificate, Encrypting, Identity, blocking
from smime_core.ca.demo import create_authority, issue_identity
from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.kept_trust import accept, show_people
from tests.support.pages.strangers import PROVIDER, STRANGER, deliver, stranger, wait_for_state, welcome_of
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/roaming_trust.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]
Verdict = tuple[str, str]


@pytest.fixture
def here(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.enter()
    yield pages
    pages.close()


@pytest.fixture
def elsewhere(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    """The same person in a browser that has never seen the pages."""
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    yield pages
    pages.close()


def wait_until_stored(pages: MailPages) -> None:
    """Show the keys, and wait until contacts and decisions are at the key server."""
    pages.page.js("() => { location.hash = '#/keys'; }")
    pages.page.wait_for_selector(f'{named("roaming")}[data-roaming="stored"]', timeout_seconds=OPERATION_SECONDS)
    pages.page.wait_for_text("kept there too", selector=named("roaming"))


def verdict_on(pages: MailPages, letter: int) -> Verdict:
    """The state of a message, and the words of its verdict."""
    pages.open_message(letter)
    pages.page.wait_for_selector(f"{named('state')}:not([data-state=checking])", timeout_seconds=OPERATION_SECONDS)
    return pages.state, pages.page.text(named("state"))


def remove_decision(pages: MailPages) -> None:
    show_people(pages)
    pages.page.wait_for_text(STRANGER, selector=named("decision"), timeout_seconds=OPERATION_SECONDS)
    pages.page.click(named("decision-remove"))
    pages.page.wait_for_text("Nothing", selector=named("decisions"), timeout_seconds=OPERATION_SECONDS)


def deliver_pairs(stack: DemoStack, accepted: Identity, pairs: int) -> list[int]:
    """Letters of one person, and as many of others who have certificates for the same address."""
    alice = stack.accounts[0]
    others = [stranger() for _ in range(min(pairs, 3))]
    letters = []
    for number in range(pairs):
        letters.append(deliver(stack, alice, accepted, f"Letter {number}"))
        letters.append(deliver(stack, alice, others[number % len(others)], f"Another {number}"))
    return letters


def compare_verdicts(here: MailPages, elsewhere: MailPages, letters: list[int]) -> list[Verdict]:
    """Accept the person of the first letter here. Returns the verdicts, which are the same in a fresh browser."""
    here.page.activate()
    accept(here, letters[0])
    wait_until_stored(here)
    before = [verdict_on(here, letter) for letter in letters]
    wait_until_stored(here)
    elsewhere.page.activate()
    elsewhere.enter()
    for letter, (state, _) in zip(letters, before, strict=True):
        # On a busy machine the decisions come later than the letter, and its verdict changes then.
        elsewhere.open_message(letter)
        wait_for_state(elsewhere, state)
    assert [verdict_on(elsewhere, letter) for letter in letters] == before
    return before


def test_a_fresh_browser_shows_the_same_verdicts_and_what_is_removed_stays_removed(
    here: MailPages, elsewhere: MailPages, stack: DemoStack
) -> None:
    letters = [*deliver_pairs(stack, stranger(), 1), welcome_of(stack, here.account)]
    verdicts = compare_verdicts(here, elsewhere, letters)
    assert [state for state, _ in verdicts] == ["verified", "signed-unverified", "verified"]
    remove_decision(elsewhere)
    wait_until_stored(elsewhere)
    # This browser has an old copy, and merges it at its next unlocking.
    here.page.activate()
    here.page.click(named("lock"))
    here.unlock()
    here.page.wait_for("() => location.hash !== '#/keys'", timeout_seconds=OPERATION_SECONDS)
    here.open_message(letters[0])
    wait_for_state(here, "signed-unverified")
    show_people(here)
    here.page.wait_for_text("Nothing", selector=named("decisions"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough
def test_a_fresh_browser_shows_the_same_verdicts_of_fifty_messages(
    here: MailPages, elsewhere: MailPages, stack: DemoStack
) -> None:
    verdicts = compare_verdicts(here, elsewhere, deliver_pairs(stack, stranger(), 25))
    assert [state for state, _ in verdicts] == ["verified", "signed-unverified"] * 25


def renewed(account: Account, folder: Path) -> Path:
    """A file with another identity of the account's address, by another authority."""
    at = datetime.now(UTC)
    authority = blocking.run(create_authority("Renewing CA", provider=PROVIDER, at=at))
    identity = blocking.run(issue_identity(authority, account.address, provider=PROVIDER, at=at))
    file = folder / "renewed.p12"
    file.write_bytes(blocking.export_identity(identity, b"of the file", PROVIDER))
    return file


def encrypted_for(certificate: Certificate, account: Account, text: str) -> bytes:
    headers = f"From: {account.address}\r\nTo: {account.address}\r\nSubject: {text}\r\n".encode()
    body = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text.encode() + b"\r\n"
    return blocking.encrypt_message(headers + body, Encrypting(recipients=[certificate]), provider=PROVIDER)


@pytest.mark.thorough
def test_a_renewed_key_opens_new_mail_on_another_device_and_earlier_mail_stays_readable(
    here: MailPages, elsewhere: MailPages, stack: DemoStack, tmp_path: Path
) -> None:
    account = here.account
    file = renewed(account, tmp_path)
    (old,) = blocking.load_identities(account.p12, account.key_passphrase.encode(), PROVIDER)
    (new,) = blocking.load_identities(file.read_bytes(), b"of the file", PROVIDER)
    letters = []
    for identity, words in ((old, "To the earlier key"), (new, "To the renewed key")):
        stack.mail_server.append(account.address, encrypted_for(identity.certificate, account, words))
        letters.append((stack.mail_server.messages(account.address)[-1].uid, words))
    wait_until_stored(here)
    page = here.page
    page.js("(form) => { document.querySelector(form).closest('details').open = true; }", named("add-key"))
    page.choose_files(named("added-file"), [file])
    page.click(f'{named("add-key")} [role="textbox"]')
    page.type("of the file")
    page.click(named("add-key-submit"))
    page.wait_for(
        "(list) => document.querySelectorAll(`${list} > li`).length === 2",
        named("identities"),
        timeout_seconds=OPERATION_SECONDS,
    )
    elsewhere.page.activate()
    elsewhere.enter()
    for letter, words in letters:
        elsewhere.open_message(letter)
        assert words in elsewhere.body


# Holds the answer of the key server to the next change that is stored there, until `release` is called.
HOLD = IN_PAGE["hold"]


@pytest.mark.thorough
@pytest.mark.parametrize("loses", ["the answer", "the page"])
def test_a_decision_removed_while_it_is_stored_does_not_come_back(
    here: MailPages, elsewhere: MailPages, stack: DemoStack, loses: str
) -> None:
    here.page.activate()
    wait_until_stored(here)
    letter = deliver(stack, here.account, stranger(), "A stranger")
    here.page.js(HOLD, stack.keys_url)
    accept(here, letter)
    here.page.wait_for("() => Boolean(globalThis.release)", timeout_seconds=OPERATION_SECONDS)
    if loses == "the page":
        here.page.js("() => { location.hash = '#/keys'; }")
        here.page.reload()
        here.unlock()
        here.page.wait_for("() => location.hash !== '#/keys'", timeout_seconds=OPERATION_SECONDS)
    remove_decision(here)
    if loses == "the answer":
        here.page.js("() => release()")
    wait_until_stored(here)
    show_people(here)
    here.page.wait_for_text("Nothing", selector=named("decisions"), timeout_seconds=OPERATION_SECONDS)
    elsewhere.page.activate()
    elsewhere.enter()
    wait_until_stored(elsewhere)
    show_people(elsewhere)
    elsewhere.page.wait_for_text("Nothing", selector=named("decisions"), timeout_seconds=OPERATION_SECONDS)
    # It can be accepted again.
    here.page.activate()
    accept(here, letter)
    wait_until_stored(here)
    show_people(here)
    here.page.wait_for_text(STRANGER, selector=named("decision"), timeout_seconds=OPERATION_SECONDS)
