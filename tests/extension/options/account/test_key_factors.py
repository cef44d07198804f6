"""Second factors of the account at a key server in the extension, and its recovery code after a theft."""

from __future__ import annotations

import pytest

from tests.support.browser.accessibility import find_violations
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.key_accounts import BROUGHT, KeyServers, act, register, wait_until_done
from tests.support.extension.keys_page import OPERATION_SECONDS
from tests.support.keys.elsewhere import add_app, add_security_key, log_in_elsewhere, plant_code, remove_factors
from tests.support.keys.security_key import SoftKey
from tests.support.pages.driver import named
from tests.support.servers.mailboxes import ALICE

PHONES, DESKTOP = (320, 390), 1100

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]


@pytest.fixture(scope="module")
def options(extension: Extension, servers: KeyServers) -> Page:
    """The page of the extension, connected with Alice's account."""
    page = extension.open_options()
    register(extension, page, servers)
    return page


def wait_for_dialog(page: Page) -> None:
    page.wait_for_selector(named("factor-dialog"), timeout_seconds=OPERATION_SECONDS)


def type_code(page: Page, code: str) -> None:
    page.fill(named("factor-code"), code)
    page.click(named("factor-submit"))


def fits(page: Page) -> bool:
    """Whether the page is usable by everybody, also on a phone."""
    if find_violations(page):
        return False
    for width in PHONES:
        page.set_viewport(width, 844)
        if page.overflows_sideways():
            return False
    page.set_viewport(DESKTOP, 844)
    return True


def lock(extension: Extension, page: Page) -> None:
    extension.lock()
    page.activate()
    page.wait_for_selector(named("key-log-in"))


def test_a_login_asks_for_a_code_of_the_app(extension: Extension, options: Page, servers: KeyServers) -> None:
    session, setting = log_in_elsewhere(servers.key_server, ALICE, servers.passphrase)
    app = add_app(session, setting)
    lock(extension, options)
    act(options, "key-log-in", servers.passphrase)
    wait_for_dialog(options)
    assert fits(options)
    options.browser.expect_error("401")
    type_code(options, "000000")
    options.wait_for_text("Wait for the next code", selector=named("factor-dialog"), timeout_seconds=OPERATION_SECONDS)
    type_code(options, app.code())
    wait_until_done(options, BROUGHT)
    assert options.js("(place) => document.querySelector(place)", named("factor-dialog")) is None
    remove_factors(session, setting)


def test_a_change_asks_for_a_code_too(options: Page, servers: KeyServers) -> None:
    app = add_app(*log_in_elsewhere(servers.key_server, ALICE, servers.passphrase))
    act(options, "make-code", servers.passphrase)
    wait_for_dialog(options)
    type_code(options, app.code())
    options.wait_for_text("Write this on paper", timeout_seconds=OPERATION_SECONDS)
    assert len(options.text(named("recovery-code")).replace("-", "")) == 28
    remove_factors(*log_in_elsewhere(servers.key_server, ALICE, servers.passphrase, app))


def test_a_security_key_is_said_to_work_in_the_pages_only(
    extension: Extension, options: Page, servers: KeyServers
) -> None:
    session, setting = log_in_elsewhere(servers.key_server, ALICE, servers.passphrase)
    add_security_key(session, setting, SoftKey().register)
    lock(extension, options)
    act(options, "key-log-in", servers.passphrase)
    wait_for_dialog(options)
    assert "works only in the pages of your bridge" in options.text(named("factor-no-key"))
    assert options.js("(place) => document.querySelector(place)", named("factor-code")) is None
    assert fits(options)
    options.click(named("factor-cancel"))
    options.wait_for_text("the second factor is missing", selector=named("key-log-in"))
    remove_factors(session, setting)
    # The passphrase is still in its field.
    options.click(named("key-log-in-submit"))
    wait_until_done(options, BROUGHT)


def test_a_changed_recovery_code_is_told_until_there_is_a_new_one(
    extension: Extension, options: Page, servers: KeyServers
) -> None:
    plant_code(*log_in_elsewhere(servers.key_server, ALICE, servers.passphrase))
    lock(extension, options)
    assert options.text(named("lost-code")) == ""
    act(options, "key-log-in", servers.passphrase)
    wait_until_done(options, BROUGHT)
    options.wait_for_text("Somebody has changed the recovery code", selector=named("lost-code"))
    # The note is still there after a change that removes the planted code from the account.
    act(options, "change-passphrase", *[servers.passphrase] * 3)
    done = named("change-passphrase-done")
    options.wait_for_text("have the new passphrase", selector=done, timeout_seconds=OPERATION_SECONDS)
    options.reload()
    options.wait_for_text("Somebody has changed the recovery code", selector=named("lost-code"))
    options.wait_for_selector(named("device"), timeout_seconds=OPERATION_SECONDS)
    assert fits(options)
    act(options, "make-code", servers.passphrase)
    options.wait_for_text("Write this on paper", timeout_seconds=OPERATION_SECONDS)
    assert options.text(named("lost-code")) == ""
