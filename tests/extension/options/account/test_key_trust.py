"""Contacts and decisions follow a person from one browser with the extension to another, by the account."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from roaming_keys.protocol.messages.written import write
from roaming_keys.protocol.records.entries import Entry
from smime_core import Certificate
from smime_core.blocking import run
from smime_core.trust import Decision, DecisionKind, build_decisions
from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import PASSPHRASE, People
from tests.support.extension.key_accounts import (
    BROUGHT,
    KeyServers,
    act,
    connect,
    entries,
    log_in,
    register,
    remove,
    wait_until_done,
)
from tests.support.extension.keys_page import OPERATION_SECONDS, show_section
from tests.support.extension.letters_from_bob import mail_from_bob
from tests.support.extension.viewer import open_file
from tests.support.keys.elsewhere import add_app, log_in_elsewhere, remove_factors
from tests.support.pages.driver import named
from tests.support.servers.mailboxes import ALICE

IN_PAGE = page_scripts("extension/options/key_trust.js")


BOB = "bob@example.test"
PHONES, DESKTOP = (320, 390), 1100
# Lets the page read the state anew every two seconds, as at each focus.
REFRESHED = IN_PAGE["refreshed"]

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path, people: People) -> Iterator[Extension]:
    """Alice's first browser, which trusts the authority of her own certificate."""
    extension = Extension(browser, folder)
    extension.import_keys(people.folder / "alice.p12", PASSPHRASE, expect="are ready")
    yield extension
    extension.uninstall()


@pytest.fixture(scope="module")
def options(extension: Extension, servers: KeyServers) -> Page:
    """The page of the first browser, whose keys are at the server."""
    page = extension.open_options()
    page.wait_for_selector(named("authority-trust"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("authority-trust"))
    page.wait_for("(place) => document.querySelectorAll(place).length === 1", named("decision"))
    register(extension, page, servers)
    return page


def state_of(extension: Extension, letter: bytes, folder: Path) -> str:
    """The state that the extension shows for a letter."""
    file = folder / "letter.eml"
    file.write_bytes(letter)
    viewer = extension.browser.open(extension.base + "viewer/viewer.html")
    viewer.wait_for_text("Drop a message")
    open_file(viewer, file)
    state: str = viewer.js("() => document.querySelector('main .state-statement')?.dataset.state ?? ''")
    viewer.close()
    return state


def wait_for_entries(servers: KeyServers, kind: str, *, removed: bool) -> list[str]:
    """Wait until the account has an entry of a kind, and return the names of those that are removed, or are not."""
    session, setting = log_in_elsewhere(servers.key_server, ALICE, servers.passphrase)
    deadline = time.monotonic() + OPERATION_SECONDS
    while True:
        session = run(session.pull(setting))
        stored = session.opened.state.entries
        names = [name for name, entry in stored.items() if name.startswith(kind) and (entry.value is None) == removed]
        if names:
            return names
        assert time.monotonic() < deadline, f"the account has no {kind}"
        time.sleep(0.3)


def count(page: Page, test: str) -> int:
    number: int = page.js("(place) => document.querySelectorAll(place).length", named(test))
    return number


def test_a_new_browser_gives_the_same_verdict_and_what_is_removed_stays_removed(
    extension: Extension, options: Page, second: Extension, servers: KeyServers, people: People, tmp_path: Path
) -> None:
    letter = mail_from_bob(people, encrypted=False)
    # Bob is remembered from this letter. The change goes to the account by itself.
    assert state_of(extension, letter, tmp_path) == "verified"
    assert wait_for_entries(servers, "contact:", removed=False) == [f"contact:{BOB}"]
    page = second.open_options()
    assert state_of(second, letter, tmp_path) != "verified"
    page.activate()
    connect(page, servers)
    act(page, "key-log-in", servers.passphrase)
    wait_until_done(page, BROUGHT)
    assert "kept there too" in page.text(named("roaming"))
    assert find_violations(page) == []
    for width in PHONES:
        page.set_viewport(width, 844)
        assert not page.overflows_sideways()
    page.set_viewport(DESKTOP, 844)
    assert state_of(second, letter, tmp_path) == "verified"
    page.activate()
    show_section(page, "people")
    page.wait_for_text(BOB, selector=named("people"))
    show_section(page, "trust")
    remove(page, "trust.remove")
    assert len(wait_for_entries(servers, "decision:", removed=True)) == 1
    # The first browser has an old copy of the decision.
    assert count(options, "decision") == 1
    show_section(options, "identities")
    log_in(extension, options, servers)
    assert count(options, "decision") == 0
    assert state_of(extension, letter, tmp_path) != "verified"
    assert [entry.value for name, entry in entries(servers).items() if name.startswith("decision:")] == [None]


def plant_decision(servers: KeyServers, certificate: Certificate) -> None:
    """Store a decision about a certificate without a signature of Alice's, as a thief in an open session does."""
    at = datetime.datetime.now(datetime.UTC)
    decision = Decision(certificate=certificate, kind=DecisionKind.EXACT, addresses=(BOB,), accepted_at=at)
    text = json.dumps(json.loads(build_decisions((decision,))), separators=(",", ":"))
    planted = Entry(at=int(at.timestamp() * 1_000), value=write({"decision": text, "signature": "AAAA"}).decode())
    session, setting = log_in_elsewhere(servers.key_server, ALICE, servers.passphrase)
    stored = {**session.opened.state.entries, f"decision:{certificate.fingerprint}": planted}
    run(session.push(setting, replace(session.opened, state=replace(session.opened.state, entries=stored))))


def test_a_decision_that_no_own_key_has_signed_is_told_and_does_not_count(
    extension: Extension, options: Page, servers: KeyServers, people: People
) -> None:
    before = count(options, "decision")
    plant_decision(servers, people.bob.certificate)
    log_in(extension, options, servers)
    options.wait_for_text("none of your keys has signed: 1", selector=named("roaming-problem"))
    assert count(options, "decision") == before


def test_changes_after_the_session_has_ended_are_sent_at_the_next_login(
    extension: Extension, options: Page, servers: KeyServers, people: People, tmp_path: Path
) -> None:
    # Bob is remembered from this letter, unless an earlier test has done so.
    state_of(extension, mail_from_bob(people, encrypted=False), tmp_path)
    wait_for_entries(servers, "contact:", removed=False)
    log_in(extension, options, servers)
    # A new second factor ends all other sessions.
    session, setting = log_in_elsewhere(servers.key_server, ALICE, servers.passphrase)
    add_app(session, setting)
    remove_factors(session, setting)
    show_section(options, "people")
    options.browser.expect_error("401")
    remove(options, "contacts.remove")
    options.wait_for(REFRESHED, "sent when you bring your keys", timeout_seconds=OPERATION_SECONDS)
    assert entries(servers)[f"contact:{BOB}"].value is not None
    show_section(options, "identities")
    log_in(extension, options, servers)
    assert entries(servers)[f"contact:{BOB}"].value is None
    assert "only in this browser" not in options.text(named("roaming-problem"))
