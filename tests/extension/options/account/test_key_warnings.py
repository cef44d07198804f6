"""Warnings for the owner of an account at a key server: the page shows a reset, the server learns of saved files."""

from __future__ import annotations

import datetime
from contextlib import closing

import pytest

from roaming_keys.client.transport import HttpTransport, start_reset
from roaming_keys.protocol.tickets import Purpose, issue_ticket
from sealwax.service import Database
from smime_core import blocking
from tests.support.browser.accessibility import find_violations
from tests.support.browser.page import Page
from tests.support.databases.audit_trails import trail_in
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import PASSPHRASE
from tests.support.extension.key_accounts import KeyServers, log_in, register, wait_until_done
from tests.support.extension.keys_page import NEW, OPERATION_SECONDS, show_section, submit, type_passphrase
from tests.support.keys.elsewhere import log_in_elsewhere
from tests.support.pages.driver import named
from tests.support.servers.bridge import ENROLMENT_KEY
from tests.support.servers.mailboxes import ALICE

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]
NOTICE = named("reset-notice")


@pytest.fixture(scope="module")
def options(extension: Extension, servers: KeyServers) -> Page:
    page = extension.open_options()
    register(extension, page, servers)
    return page


def start(servers: KeyServers) -> None:
    """Start a reset, as somebody who can read Alice's mail."""
    at = datetime.datetime.now(datetime.UTC)
    ticket = issue_ticket(ENROLMENT_KEY, audience=servers.key_server, user=ALICE, at=at, purpose=Purpose.RESET)
    blocking.run(start_reset(HttpTransport(servers.key_server), ALICE, ticket))


def test_a_reset_that_goes_on_is_shown_and_can_be_stopped(
    extension: Extension, options: Page, servers: KeyServers
) -> None:
    start(servers)
    log_in(extension, options, servers)
    options.wait_for_text("asked for a new account at the key server", selector=NOTICE)
    assert find_violations(options) == []
    for width in (320, 390):
        options.set_viewport(width, 844)
        assert not options.overflows_sideways()
    options.set_viewport(1100, 800)
    # The notice outlasts a lock, when nothing can be stopped before the person logs in.
    extension.lock()
    options.activate()
    options.wait_for("(place) => document.querySelector(place)?.hidden === true", named("reset-stop"))
    assert options.text(NOTICE) != ""
    log_in(extension, options, servers)
    options.click(named("reset-stop"))
    wait_until_done(options, "Your account stays as it is")
    options.wait_for("(place) => !document.querySelector(place)", NOTICE)
    session, _ = log_in_elsewhere(servers.key_server, ALICE, servers.passphrase)
    assert session.reset_ready is None


def test_a_reset_that_another_device_has_stopped_is_shown_no_more(
    extension: Extension, options: Page, servers: KeyServers
) -> None:
    start(servers)
    log_in(extension, options, servers)
    options.wait_for_selector(NOTICE)
    session, setting = log_in_elsewhere(servers.key_server, ALICE, servers.passphrase)
    blocking.run(session.stop_reset(setting))
    options.click(named("reset-stop"))
    options.wait_for("(place) => !document.querySelector(place)", NOTICE, timeout_seconds=OPERATION_SECONDS)


def test_the_server_learns_that_keys_are_saved_to_a_file(
    extension: Extension, options: Page, servers: KeyServers
) -> None:
    log_in(extension, options, servers)
    before = exports(servers)
    options.click(named("export-keys"))
    for index, text in enumerate((PASSPHRASE, NEW, NEW)):
        type_passphrase(options, "export", index, text)
    submit(options, "export")
    assert exports(servers) == before + 1
    # A backup holds the same key file, and asks for no passphrase of the keys.
    show_section(options, "backup")
    options.click(named("make-backup"))
    for index in range(2):
        type_passphrase(options, "backup", index, NEW)
    submit(options, "backup")
    assert exports(servers) == before + 2


def exports(servers: KeyServers) -> int:
    """The number of saved files in the audit trail of the key server."""
    assert servers.database is not None
    with closing(Database(servers.database)) as database:
        return sum(entry.kind == "keys-exported" for entry in trail_in(database).entries(database, user=ALICE))
