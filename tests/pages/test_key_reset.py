"""A reset of the account at the key server in the pages: its start, its end after three days, its undoing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from roaming_keys.client.command.ticket_source import TicketSource
from roaming_keys.client.transport import HttpTransport, start_reset
from roaming_keys.protocol.tickets import Purpose
from roaming_keys.server.accounts.resets import MIN_DELAY
from smime_core import blocking
from smime_core.ca.demo import Details, issue_identity
from smime_core.identity.identity import Identity
from smime_core.providers.native import NativeProvider
from tests.support.browser.accessibility import find_violations
from tests.support.browser.page import Page
from tests.support.keys.elsewhere import log_in_elsewhere
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.strangers import stack as stack
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]
PHONES = (320, 390)
PROVIDER = NativeProvider()
FILE_PASSPHRASE, NEW_PASSPHRASE = "of the new file", "quite other words"
START, TIMES, FINISH = named("reset-start"), named("reset-times"), named("reset-finish")
CODE = named("recovery-code")
TOO_EARLY = "it is too early"
STOPPED = "Your reset does not go on"


@pytest.fixture
def demo_stack(stack: DemoStack) -> DemoStack:
    """A separate demonstration, because a reset puts another account in the place of the first one."""
    return stack


@pytest.fixture
def new_keys(demo_stack: DemoStack, alice: Account) -> Identity:
    authority, at = demo_stack.people.authority, datetime.now(UTC)
    details = Details(common_name="Alice")
    return blocking.run(issue_identity(authority, alice.address, provider=PROVIDER, at=at, details=details))


@pytest.fixture
def new_file(new_keys: Identity, tmp_path: Path) -> Path:
    file = tmp_path / "new.p12"
    file.write_bytes(blocking.export_identity(new_keys, FILE_PASSPHRASE.encode(), PROVIDER))
    return file


def locked(pages: MailPages) -> Page:
    """Sign in, and show the view of the locked keys."""
    pages.page.activate()
    pages.sign_in()
    pages.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    return pages.page


def open_part(page: Page, part: str) -> None:
    """Open a part of the view of the locked keys."""
    page.click(f"{named(part)} > summary")


def start_elsewhere(stack: DemoStack, account: Account, folder: Path) -> None:
    """Start a reset with the mail password, without the pages."""
    password = folder / "password"
    password.write_text(account.mail_password)
    source = TicketSource(bridge=stack.api_url, mail_password_file=str(password), ticket_file=None)
    ticket, _ = source.ticket(account.address, Purpose.RESET)
    blocking.run(start_reset(HttpTransport(stack.keys_url), account.address, ticket))


def make_old(stack: DemoStack) -> None:
    """Move the reset three days into the past."""
    older = "UPDATE account_reset SET started = started - :delay, ready = ready - :delay, ends = ends - :delay"
    with closing(sqlite3.connect(stack.keys_database, timeout=OPERATION_SECONDS)) as rows, rows:
        assert rows.execute(older, {"delay": MIN_DELAY.total_seconds()}).rowcount == 1


def stop_elsewhere(stack: DemoStack, account: Account) -> None:
    """Stop the reset on another device, which knows the passphrase."""
    session, setting = log_in_elsewhere(stack.keys_url, account.address, account.key_passphrase)
    blocking.run(session.stop_reset(setting))


def fill_in(page: Page, file: Path) -> None:
    """Fill in the form that finishes a reset, and send it."""
    page.choose_files(named("reset-file"), [file])
    type_into(page, FINISH, FILE_PASSPHRASE, NEW_PASSPHRASE, NEW_PASSPHRASE)
    page.click(named("reset-finish-submit"))


def type_into(page: Page, form: str, *texts: str) -> None:
    """Type into the secret fields of a form, one after the other."""
    for number, typed in enumerate(texts):
        page.js(
            """(form, number) => document.querySelectorAll(`${form} [role="textbox"]`)[number].focus()""", form, number
        )
        page.type(typed)


def finish(pages: MailPages, stack: DemoStack, file: Path, folder: Path) -> Page:
    """Start a reset, wait three days, finish it, and return the page with the recovery code."""
    start_elsewhere(stack, pages.account, folder)
    make_old(stack)
    page = locked(pages)
    open_part(page, "reset")
    page.wait_for_selector(FINISH, timeout_seconds=OPERATION_SECONDS)
    fill_in(page, file)
    page.wait_for_selector(CODE, timeout_seconds=OPERATION_SECONDS)
    return page


def check_form(page: Page) -> None:
    """Expect no violation of the rules for access, and nothing wider than a phone."""
    assert find_violations(page) == []
    for width in PHONES:
        page.set_viewport(width, 844)
        assert not page.overflows_sideways()
    page.set_viewport(1100, 800)


def is_shown(page: Page, selector: str) -> bool:
    return bool(page.js("(selector) => document.querySelector(selector)?.checkVisibility() ?? false", selector))


def fingerprints(stack: DemoStack, account: Account, passphrase: str) -> set[str]:
    """The keys that the key server keeps for the account."""
    session, _ = log_in_elsewhere(stack.keys_url, account.address, passphrase)
    return {identity.certificate.fingerprint for identity in session.opened.identities}


@pytest.mark.thorough(False)
def test_a_reset_is_started_by_the_mail_login_and_shown_after_a_reload(
    visitor: MailPages, demo_stack: DemoStack
) -> None:
    page = locked(visitor)
    open_part(page, "reset")
    page.wait_for_selector(START, timeout_seconds=OPERATION_SECONDS)
    check_form(page)
    page.click(START)
    times = page.wait_for_text("You can finish it from", selector=TIMES, timeout_seconds=OPERATION_SECONDS)
    check_form(page)
    assert not is_shown(page, FINISH)
    page.reload()
    page.wait_for_selector(TIMES, timeout_seconds=OPERATION_SECONDS)
    assert page.text(TIMES) == times
    assert not is_shown(page, START)
    assert not is_shown(page, FINISH)


def test_a_clock_that_is_ahead_finishes_no_reset(
    visitor: MailPages, demo_stack: DemoStack, new_file: Path, tmp_path: Path
) -> None:
    start_elsewhere(demo_stack, visitor.account, tmp_path)
    page = locked(visitor)
    page.js("(ahead) => { const now = Date.now; Date.now = () => now() + ahead; }", MIN_DELAY.total_seconds() * 1000)
    open_part(page, "reset")
    page.wait_for_selector(FINISH, timeout_seconds=OPERATION_SECONDS)
    page.browser.expect_error("409")
    fill_in(page, new_file)
    page.wait_for_text(TOO_EARLY, timeout_seconds=OPERATION_SECONDS)
    assert fingerprints(demo_stack, visitor.account, visitor.account.key_passphrase) == {
        visitor.account.identity.certificate.fingerprint
    }


@pytest.mark.thorough(False)
def test_a_reset_is_finished_after_three_days_with_new_keys_and_a_new_passphrase(
    visitor: MailPages, demo_stack: DemoStack, new_keys: Identity, new_file: Path, tmp_path: Path
) -> None:
    start_elsewhere(demo_stack, visitor.account, tmp_path)
    make_old(demo_stack)
    page = locked(visitor)
    open_part(page, "reset")
    page.wait_for_selector(FINISH, timeout_seconds=OPERATION_SECONDS)
    check_form(page)
    fill_in(page, new_file)
    page.wait_for_selector(CODE, timeout_seconds=OPERATION_SECONDS)
    code = page.text(CODE)
    assert len(code.replace("-", "")) == 28
    check_form(page)
    page.click(named("reset-code-written"))
    page.wait_for("(code) => document.querySelector(code) === null", CODE)
    page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    assert code not in page.js("() => document.documentElement.outerHTML")
    page.js("() => { location.hash = '#/keys'; }")
    page.wait_for_text("Until", selector=named("reset-on"), timeout_seconds=OPERATION_SECONDS)
    check_form(page)
    assert fingerprints(demo_stack, visitor.account, NEW_PASSPHRASE) == {new_keys.certificate.fingerprint}


def test_a_wrong_file_or_a_wrong_passphrase_of_it_is_told_before_anything_changes(
    visitor: MailPages, demo_stack: DemoStack, new_file: Path, tmp_path: Path
) -> None:
    start_elsewhere(demo_stack, visitor.account, tmp_path)
    make_old(demo_stack)
    page = locked(visitor)
    open_part(page, "reset")
    page.wait_for_selector(FINISH, timeout_seconds=OPERATION_SECONDS)
    cut = tmp_path / "cut.p12"
    cut.write_bytes(new_file.read_bytes()[:200])
    fill_in(page, cut)
    page.wait_for_text("not a whole key file", selector=FINISH, timeout_seconds=OPERATION_SECONDS)
    page.choose_files(named("reset-file"), [new_file])
    type_into(page, FINISH, " and more")
    page.click(named("reset-finish-submit"))
    page.wait_for_text("passphrase", selector=f"{FINISH} .field-error:not(:empty)", timeout_seconds=OPERATION_SECONDS)
    assert fingerprints(demo_stack, visitor.account, visitor.account.key_passphrase) == {
        visitor.account.identity.certificate.fingerprint
    }


def test_a_reset_is_undone_by_the_passphrase_from_before(
    visitor: MailPages, demo_stack: DemoStack, new_file: Path, tmp_path: Path
) -> None:
    page = finish(visitor, demo_stack, new_file, tmp_path)
    page.click(named("reset-code-written"))
    page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("lock"))
    page.js("() => { location.hash = '#/keys'; }")
    page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    open_part(page, "undo-reset-part")
    check_form(page)
    page.browser.expect_error("401")
    type_into(page, named("undo-reset"), "still forgotten")
    page.click(named("undo-reset-submit"))
    page.wait_for_text("Wrong passphrase, or the account from before", timeout_seconds=OPERATION_SECONDS)
    type_into(page, named("undo-reset"), visitor.account.key_passphrase)
    page.click(named("undo-reset-submit"))
    page.wait_for_text("is back", selector="#announcer", timeout_seconds=OPERATION_SECONDS)
    before = visitor.account.identity.certificate.fingerprint
    assert fingerprints(demo_stack, visitor.account, visitor.account.key_passphrase) == {before}


def test_a_reset_that_another_device_has_stopped_is_told_at_the_next_visit(
    visitor: MailPages, demo_stack: DemoStack
) -> None:
    page = locked(visitor)
    open_part(page, "reset")
    page.click(START, timeout_seconds=OPERATION_SECONDS)
    page.wait_for_selector(TIMES, timeout_seconds=OPERATION_SECONDS)
    stop_elsewhere(demo_stack, visitor.account)
    page.reload()
    page.wait_for_text(STOPPED, timeout_seconds=OPERATION_SECONDS)
    assert is_shown(page, START)
    check_form(page)


def test_a_reset_that_another_device_stops_meanwhile_is_not_finished(
    visitor: MailPages, demo_stack: DemoStack, new_file: Path, tmp_path: Path
) -> None:
    start_elsewhere(demo_stack, visitor.account, tmp_path)
    make_old(demo_stack)
    page = locked(visitor)
    open_part(page, "reset")
    page.wait_for_selector(FINISH, timeout_seconds=OPERATION_SECONDS)
    stop_elsewhere(demo_stack, visitor.account)
    fill_in(page, new_file)
    page.wait_for_text(STOPPED, timeout_seconds=OPERATION_SECONDS)
    assert is_shown(page, START)


def test_a_reset_that_was_stopped_here_is_not_told_again(visitor: MailPages, demo_stack: DemoStack) -> None:
    page = locked(visitor)
    open_part(page, "reset")
    page.click(START, timeout_seconds=OPERATION_SECONDS)
    page.wait_for_selector(TIMES, timeout_seconds=OPERATION_SECONDS)
    visitor.unlock()
    page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("reset-stop"))
    page.wait_for_text("Your account stays as it is", selector="#announcer", timeout_seconds=OPERATION_SECONDS)
    stored = "() => [localStorage, sessionStorage].map((storage) => storage.getItem('sealwax-reset'))"
    assert page.js(stored) == [None, None]
