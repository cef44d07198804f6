"""Settings and taught webmails follow a person from one browser with the extension to another, by the account."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from roaming_keys.protocol.messages.written import write
from roaming_keys.protocol.records.entries import Entry
from smime_core.blocking import run
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
    bring,
    connect,
    entries,
    log_in,
    register,
    remove,
    wait_until_done,
)
from tests.support.extension.keys_page import OPERATION_SECONDS, show_section
from tests.support.keys.elsewhere import log_in_elsewhere
from tests.support.pages.driver import named
from tests.support.servers.mailboxes import ALICE

IN_PAGE = page_scripts("extension/options/key_settings.js")


MAIL = "https://mail.example.org"
RECIPE = {
    "version": 1,
    "origin": MAIL,
    "source": {"selector": "", "template": "/raw/{part.path.1.0}"},
    "form": {"to": "#to", "cc": "", "subject": "#subject", "text": "#body", "file": ""},
}
PHONES, DESKTOP = (320, 390), 1100
STATES = IN_PAGE["states"]
CHOOSE = IN_PAGE["choose"]
IS_IDLE = "() => !document.querySelector('#key-server :is([aria-busy=true], [aria-disabled=true])')"
OFFERS = "(count) => document.querySelectorAll('[data-test=setting-offer]').length === count"

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path, people: People) -> Iterator[Extension]:
    """Alice's first browser."""
    extension = Extension(browser, folder)
    extension.import_keys(people.folder / "alice.p12", PASSPHRASE, expect="are ready")
    yield extension
    extension.uninstall()


@pytest.fixture(scope="module")
def options(extension: Extension, servers: KeyServers) -> Page:
    """The page of the first browser, whose keys are at the server."""
    page = extension.open_options()
    register(extension, page, servers)
    return page


@pytest.fixture(scope="module")
def other(second: Extension, servers: KeyServers) -> Page:
    """The page of the other browser, before its first login."""
    page = second.open_options()
    connect(page, servers)
    return page


def wait_for_account(servers: KeyServers, holds: Callable[[Mapping[str, Entry]], bool]) -> Mapping[str, Entry]:
    """The entries of the account, once they are as expected."""
    session, setting = log_in_elsewhere(servers.key_server, ALICE, servers.passphrase)
    deadline = time.monotonic() + OPERATION_SECONDS
    while not holds(session.opened.state.entries):
        assert time.monotonic() < deadline, dict(session.opened.state.entries)
        time.sleep(0.3)
        session = run(session.pull(setting))
    return session.opened.state.entries


def has(name: str, text: str) -> Callable[[Mapping[str, Entry]], bool]:
    """Whether an entry has a text, beside its signature."""
    return lambda stored: name in stored and json.loads(stored[name].value or "{}").get("setting") == text


def is_removed(name: str) -> Callable[[Mapping[str, Entry]], bool]:
    return lambda stored: name in stored and stored[name].value is None


def teach(page: Page, folder: Path) -> None:
    """Load the webmail from a file."""
    file = folder / "webmail.json"
    file.write_text(json.dumps(RECIPE))
    show_section(page, "sites")
    page.choose_files(named("recipe-file"), [file])
    page.click(named("recipe-go"))
    page.wait_for("() => document.querySelectorAll('[data-test=recipe-card]').length === 1")


def look_again(page: Page) -> None:
    """Lets the page read the state anew, as at each focus."""
    page.activate()
    page.js("() => dispatchEvent(new Event('focus'))")


def wait_for_states(page: Page, **expected: object) -> None:
    deadline = time.monotonic() + OPERATION_SECONDS
    while True:
        states = page.js(STATES)
        if all(states[name] == value for name, value in expected.items()):
            return
        assert time.monotonic() < deadline, states
        look_again(page)
        time.sleep(0.5)


def test_a_setting_and_a_webmail_reach_a_new_browser_and_what_is_removed_stays_removed(
    options: Page, other: Page, extension: Extension, second: Extension, servers: KeyServers, tmp_path: Path
) -> None:
    options.activate()
    teach(options, tmp_path)
    options.js(CHOOSE, "revocation", "required")
    show_section(options, "settings")
    options.click(named("harvest"))
    wait_for_account(servers, has("setting:harvest", "false"))
    stored = wait_for_account(servers, has("setting:revocation", '"required"'))
    assert has(f"recipe:{MAIL}", json.dumps(RECIPE, separators=(",", ":")))(stored)
    other.activate()
    act(other, "key-log-in", servers.passphrase)
    wait_until_done(other, BROUGHT)
    # The stricter settings are in effect at once. The webmail waits for an answer.
    wait_for_states(other, revocation="required", harvest=False, recipes=0)
    other.wait_for(OFFERS, 1)
    offer = other.text(named("setting-offer"))
    assert all(detail in offer for detail in (MAIL, "/raw/{part.path.1.0}", "#body", "not in use in this browser yet"))
    assert find_violations(other) == []
    for width in PHONES:
        other.set_viewport(width, 844)
        assert not other.overflows_sideways()
    other.set_viewport(DESKTOP, 844)
    other.click(named("offer-accept"))
    wait_for_states(other, recipes=1)
    other.wait_for(OFFERS, 0)
    show_section(other, "sites")
    remove(other, "recipes.remove")
    wait_for_account(servers, is_removed(f"recipe:{MAIL}"))
    # The first browser has an old copy of the webmail.
    show_section(options, "identities")
    log_in(extension, options, servers)
    wait_for_states(options, recipes=0)
    assert is_removed(f"recipe:{MAIL}")(entries(servers))
    show_section(other, "identities")


def test_a_weaker_setting_asks_once_and_the_other_devices_keep_it_if_this_one_declines(
    options: Page, other: Page, second: Extension, servers: KeyServers
) -> None:
    options.activate()
    options.js(CHOOSE, "revocation", "if-known")
    wait_for_account(servers, has("setting:revocation", '"if-known"'))
    log_in(second, other, servers)
    options.activate()
    options.js(CHOOSE, "revocation", "required")
    wait_for_account(servers, has("setting:revocation", '"required"'))
    log_in(second, other, servers)
    wait_for_states(other, revocation="required")
    options.activate()
    options.js(CHOOSE, "revocation", "not-checked")
    wait_for_account(servers, has("setting:revocation", '"not-checked"'))
    log_in(second, other, servers)
    other.wait_for(OFFERS, 1)
    assert "less strict" in other.text(named("setting-offer"))
    wait_for_states(other, revocation="required")
    other.click(named("offer-decline"))
    other.wait_for(OFFERS, 0)
    log_in(second, other, servers)
    look_again(other)
    wait_for_states(other, revocation="required")
    assert other.js(OFFERS, 0)
    assert has("setting:revocation", '"not-checked"')(entries(servers))
    # A change of this browser is a decision for all.
    other.js(CHOOSE, "revocation", "if-known")
    wait_for_account(servers, has("setting:revocation", '"if-known"'))


def test_strict_cleanup_of_another_browser_locks_the_keys_and_its_end_asks(
    options: Page, other: Page, second: Extension, servers: KeyServers
) -> None:
    for is_strict in (True, False):
        options.activate()
        show_section(options, "settings")
        options.click(named("strict"))
        options.wait_for_text("Your keys are locked", selector=named("state"))
        show_section(options, "identities")
        bring(options, servers)
        wait_for_account(servers, has("setting:strict", json.dumps(is_strict)))
        if other.js("() => !document.getElementById('lock').hidden"):
            second.lock()
        other.activate()
        other.wait_for_selector(named("key-log-in"))
        act(other, "key-log-in", servers.passphrase)
        if is_strict:
            wait_for_states(other, strict=True)
            other.wait_for_text("chose strict cleanup on another device", selector=named("state"))
            other.wait_for(IS_IDLE)
            assert other.text(named("key-server-done")) == ""
            bring(other, servers)
            wait_for_states(other, strict=True)
        else:
            other.wait_for(OFFERS, 1)
            wait_for_states(other, strict=True)
            other.click(named("offer-accept"))
            wait_for_states(other, strict=False)
            other.wait_for(OFFERS, 0)


def test_a_setting_that_no_own_key_has_signed_or_nobody_here_knows_does_not_count(
    extension: Extension, options: Page, servers: KeyServers
) -> None:
    session, setting = log_in_elsewhere(servers.key_server, ALICE, servers.passphrase)
    at = int(time.time() * 1_000) + 60_000
    forged = Entry(at=at, value=write({"setting": "true", "signature": "AAAA"}).decode())
    later = Entry(at=at, value=write({"version": 2, "setting": "true"}).decode())
    planted = {"setting:mozilla": forged, "setting:later": later, f"recipe:{MAIL}": later}
    stored = {**session.opened.state.entries, **planted}
    run(session.push(setting, replace(session.opened, state=replace(session.opened.state, entries=stored))))
    options.activate()
    show_section(options, "trust")
    options.js("() => { document.getElementById('mozilla').checked = false; }")
    options.js(CHOOSE, "revocation", "required")
    show_section(options, "identities")
    log_in(extension, options, servers)
    options.wait_for_text("none of your keys has signed: 1", selector=named("roaming-problem"))
    wait_for_states(options, revocation="required", recipes=0)
    assert options.js("() => document.getElementById('mozilla').checked") is False
    assert options.js(OFFERS, 0)
    assert planted.items() <= entries(servers).items()
