"""The account at a key server in the extension: several browsers, changes that they follow, and servers that fail."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import issue_identity
from smime_core.identity import export_identity
from tests.support.browser.accessibility import find_violations
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import NATIVE, PASSPHRASE, People
from tests.support.extension.key_accounts import (
    BROUGHT,
    STORED,
    KeyServers,
    act,
    connect,
    open_connecting,
    register,
    wait_until_done,
)
from tests.support.extension.keys_page import KEPT, OPERATION_SECONDS
from tests.support.extension.letters_from_bob import mail_from_bob
from tests.support.extension.own_bridge import name_bridge
from tests.support.extension.viewer import open_file
from tests.support.new_passphrases import is_in_sight
from tests.support.servers.mailboxes import ALICE
from webbridge.demo.stack import DemoStack

# The extension notes with a setting that a mail was read.
FORGET_MAILS = """() => new Promise((resolve) => {
  const opening = indexedDB.open("sealwax");
  opening.onsuccess = () => {
    const change = opening.result.transaction("settings", "readwrite");
    change.objectStore("settings").delete("code offer");
    change.oncomplete = () => {
      opening.result.close();
      resolve(true);
    };
  };
})"""

NEXT = "five other words on paper"
LATER = "six more words on the same paper"
PHONES, DESKTOP = (320, 390), 1100

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]


@pytest.fixture(scope="module")
def options(extension: Extension, servers: KeyServers) -> Page:
    """The page of the first device, whose keys are at the server."""
    page = extension.open_options()
    register(extension, page, servers)
    return page


@pytest.fixture(scope="module")
def elsewhere(second: Extension, servers: KeyServers) -> Page:
    """The page of the second browser, into which the keys were brought."""
    page = second.open_options()
    connect(page, servers)
    act(page, "key-log-in", servers.passphrase)
    wait_until_done(page, BROUGHT)
    return page


def opens(extension: Extension, letter: bytes, folder: Path) -> bool:
    """Whether the extension decrypts a letter."""
    file = folder / "letter.eml"
    file.write_bytes(letter)
    viewer = extension.browser.open(extension.base + "viewer/viewer.html")
    # The viewer shows this text when its listeners are there.
    viewer.wait_for_text("Drop a message")
    open_file(viewer, file)
    state: str = viewer.js("() => document.querySelector('main .state-statement')?.dataset.state ?? ''")
    viewer.close()
    return state == "signed-unverified"


def renewed(people: People, days: int) -> People:
    """The same people, but Alice has a later certificate."""
    at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
    return replace(people, alice=run(issue_identity(people.authority, ALICE, provider=NATIVE, at=at)))


def import_renewal(page: Page, people: People, file: Path) -> None:
    """Import Alice's later key as a file into the page's browser."""
    file.write_bytes(run(export_identity(people.alice, PASSPHRASE.encode(), provider=NATIVE, iterations=2048)))
    page.choose_files("#p12", [file])
    page.click("#p12-passphrase [data-test=passphrase]")
    page.type(PASSPHRASE)
    page.click("[data-test=import-keys]")
    page.wait_for_selector("[data-test=key-not-stored]", timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough(False)
def test_a_new_browser_opens_old_and_new_mail_and_browsers_follow_a_new_passphrase(
    extension: Extension,
    options: Page,
    second: Extension,
    elsewhere: Page,
    servers: KeyServers,
    people: People,
    tmp_path: Path,
) -> None:
    old = mail_from_bob(people, encrypted=True)
    assert opens(second, old, tmp_path)
    later = renewed(people, days=1)
    new = mail_from_bob(later, encrypted=True)
    assert not opens(second, new, tmp_path)
    options.activate()
    import_renewal(options, later, tmp_path / "later.p12")
    act(options, "key-store", servers.passphrase)
    wait_until_done(options, STORED)
    # One key file has both identities now, under the passphrase of the account.
    assert options.js("() => document.querySelectorAll('[data-test=key-file]').length") == 1
    assert options.js("() => document.querySelectorAll('[data-test=identity]').length") == 2
    elsewhere.activate()
    act(elsewhere, "change-passphrase", servers.passphrase, NEXT, NEXT)
    wait_until_done(elsewhere, "have the new passphrase")
    assert is_in_sight(elsewhere, "[data-test=key-server-done]")
    servers.passphrase = NEXT
    assert all(opens(second, letter, tmp_path) for letter in (old, new))
    extension.lock()
    options.activate()
    options.wait_for_selector("[data-test=key-log-in]")
    options.browser.expect_error("401")
    act(options, "key-log-in", PASSPHRASE)
    options.wait_for_text("Wrong passphrase.", timeout_seconds=OPERATION_SECONDS)
    act(options, "key-log-in", NEXT)
    wait_until_done(options, BROUGHT)
    assert all(opens(extension, letter, tmp_path) for letter in (old, new))


def log_in_again(extension: Extension, page: Page, passphrase: str) -> None:
    """Lock the keys, and send the form that brings them."""
    extension.lock()
    page.activate()
    page.wait_for_selector("[data-test=key-log-in]")
    act(page, "key-log-in", passphrase)


def test_an_earlier_record_is_refused_by_name(
    extension: Extension, options: Page, servers: KeyServers, people: People, tmp_path: Path
) -> None:
    options.activate()
    import_renewal(options, renewed(people, days=2), tmp_path / "third.p12")
    act(options, "key-store", servers.passphrase)
    wait_until_done(options, STORED)
    servers.record = servers.given[-1]
    log_in_again(extension, options, servers.passphrase)
    options.wait_for_text("older than those that this device has seen", timeout_seconds=OPERATION_SECONDS)
    assert options.js("() => document.querySelector('[data-test=devices]')") is None
    servers.record = None
    # The passphrase was right, and is still in its field.
    options.click("[data-test=key-log-in-submit]")
    wait_until_done(options, BROUGHT)


def test_keys_open_here_while_the_server_is_away(
    extension: Extension,
    options: Page,
    servers: KeyServers,
    people: People,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(servers, "is_away", True)
    log_in_again(extension, options, servers.passphrase)
    options.wait_for_text("does not answer", timeout_seconds=OPERATION_SECONDS)
    (file,) = json.loads(options.js(KEPT))["keyFiles"]
    extension.unlock_kept(file["id"], servers.passphrase)
    assert opens(extension, mail_from_bob(people, encrypted=True), tmp_path)


def test_a_recovery_code_is_offered_once_after_a_mail_was_read(
    second: Extension, elsewhere: Page, servers: KeyServers, people: People, tmp_path: Path
) -> None:
    offer, is_gone = "[data-test=recovery-offer]", "(offer) => document.querySelector(offer) === null"
    log_in_again(second, elsewhere, servers.passphrase)
    wait_until_done(elsewhere, BROUGHT)
    # An earlier test has opened a mail.
    elsewhere.wait_for(FORGET_MAILS)
    elsewhere.reload()
    elsewhere.wait_for_selector("[data-test=device]", timeout_seconds=OPERATION_SECONDS)
    assert elsewhere.js(is_gone, offer)
    assert opens(second, mail_from_bob(people, encrypted=True), tmp_path)
    elsewhere.activate()
    elsewhere.reload()
    elsewhere.wait_for_text("You have no recovery code yet", selector=offer, timeout_seconds=OPERATION_SECONDS)
    assert find_violations(elsewhere) == []
    elsewhere.click("[data-test=recovery-offer-accept]")
    assert elsewhere.js("() => document.activeElement.closest('form')?.dataset.test") == "make-code"
    elsewhere.reload()
    elsewhere.wait_for_selector("[data-test=device]", timeout_seconds=OPERATION_SECONDS)
    assert elsewhere.js(is_gone, offer)


def test_a_device_is_shut_out_and_a_forgotten_passphrase_replaced(
    second: Extension, elsewhere: Page, servers: KeyServers
) -> None:
    log_in_again(second, elsewhere, servers.passphrase)
    wait_until_done(elsewhere, BROUGHT)
    act(elsewhere, "make-code", servers.passphrase)
    elsewhere.wait_for_text("Write this on paper", timeout_seconds=OPERATION_SECONDS)
    code = elsewhere.text("[data-test=recovery-code]")
    assert len(code.replace("-", "")) == 28
    assert find_violations(elsewhere) == []
    for width in PHONES:
        elsewhere.set_viewport(width, 844)
        assert not elsewhere.overflows_sideways()
    elsewhere.set_viewport(DESKTOP, 844)
    act(elsewhere, "revoke", servers.passphrase, within='[data-test=device][data-this="false"]')
    wait_until_done(elsewhere, "has no access any more")
    assert elsewhere.js("() => document.querySelectorAll('[data-test=device]').length") == 1
    second.lock()
    elsewhere.activate()
    act(elsewhere, "recover", code, LATER, LATER)
    wait_until_done(elsewhere, BROUGHT)
    servers.passphrase = LATER


def test_a_deleted_account_leaves_the_keys_of_the_browser(
    second: Extension, elsewhere: Page, servers: KeyServers, people: People, tmp_path: Path
) -> None:
    log_in_again(second, elsewhere, servers.passphrase)
    wait_until_done(elsewhere, BROUGHT)
    act(elsewhere, "remove-account", servers.passphrase)
    wait_until_done(elsewhere, "has nothing of you any more")
    elsewhere.wait_for_selector("[data-test=key-server-open]")
    assert json.loads(elsewhere.js(KEPT))["keyAccounts"] == []
    assert opens(second, mail_from_bob(people, encrypted=True), tmp_path)


def test_a_disconnected_browser_is_offered_the_key_server_of_its_bridge(
    extension: Extension, options: Page, demo_stack: DemoStack
) -> None:
    options.activate()
    options.click("[data-test=key-disconnect]")
    wait_until_done(options, "has forgotten the account")
    assert options.js("() => document.querySelectorAll('[data-test=key-file]').length") == 1
    name_bridge(extension, demo_stack.pages_url)
    options.activate()
    options.js("() => dispatchEvent(new Event('focus'))")
    options.wait_for(
        "(host) => document.querySelector('[data-test=key-server-find]')?.textContent.includes(host)",
        demo_stack.pages_url.removeprefix("http://"),
    )
    open_connecting(options)
    options.click("[data-test=key-server-find]")
    options.wait_for(
        "(url) => document.querySelector('[data-test=key-server-address]').value === url", demo_stack.keys_url
    )


@pytest.mark.parametrize(
    ("server", "user", "said"),
    [
        ("http://keys.example.test", ALICE, "no address of a key server"),
        ("http://127.0.0.1:1", "alice", "no mail address"),
        ("http://127.0.0.1:1", ALICE, "does not answer"),
    ],
)
def test_an_address_that_is_no_key_server_is_told(options: Page, server: str, user: str, said: str) -> None:
    options.activate()
    if options.js("() => document.querySelector('[data-test=key-disconnect]') !== null"):
        options.click("[data-test=key-disconnect]")
    open_connecting(options)
    options.fill("[data-test=key-server-address]", server)
    options.fill("[data-test=key-account-user]", user)
    options.click("[data-test=key-server-connect]")
    options.wait_for_text(said, selector="[data-test=key-server-problem]", timeout_seconds=OPERATION_SECONDS)
