"""A browser that stores nothing, or has no room left: the page says why, and works again once there is room."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.identity.identity import export_identity
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser, Chromium
from tests.support.browser.databases import WALK
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.kept_trust import show_people
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/storage.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

PASSPHRASE = "Vier Möwen & ein Wal"
NATIVE = NativeProvider()

# Simulates a browser that refuses to store anything, or has no room left. The test sets `trouble` to "refused", "full",
# or "" if storing works.
BEFORE_THE_PAGE = IN_PAGE["beforeThePage"]
# The same for the extension's background in Chromium, where only writing can fail.
WORKER_TROUBLE = IN_PAGE["workerTrouble"]


@pytest.fixture
def alice(browser: Browser, demo_stack: DemoStack) -> Iterator[MailPages]:
    """Alice at the sign-in page, in a browser that stores nothing."""
    pages = MailPages(browser, "about:blank", demo_stack.accounts[0])
    script = browser.bidi.command(
        "script.addPreloadScript", functionDeclaration=BEFORE_THE_PAGE, contexts=[pages.page.context]
    )["script"]
    pages.page.goto(demo_stack.pages_url)
    yield pages
    browser.bidi.command("script.removePreloadScript", script=script)
    pages.page.js("() => { trouble = ''; indexedDB.deleteDatabase('sealwax'); }")
    pages.close()


def read_welcome(pages: MailPages, stack: DemoStack) -> None:
    pages.open_message(stack.mail_server.messages(pages.account.address)[0].uid)
    assert pages.state == "verified"


@pytest.mark.thorough
def test_a_browser_that_keeps_nothing_reads_mail_all_the_same(alice: MailPages, demo_stack: DemoStack) -> None:
    alice.enter()
    read_welcome(alice, demo_stack)
    alice.page.wait_for_text(
        "refuses to keep anything here", selector=named("notice"), timeout_seconds=OPERATION_SECONDS
    )
    assert show_people(alice) == "storage-refused"
    # From now on the browser allows storing, so the next change of contacts is kept.
    alice.page.js("() => { trouble = ''; }")
    alice.page.click(named("lock"))
    alice.unlock()
    alice.page.wait_for_selector(f"{named('lock')}[data-unlocked=true]", timeout_seconds=OPERATION_SECONDS)
    read_welcome(alice, demo_stack)
    alice.page.wait_for(f"async () => (await ({WALK})([])).records", timeout_seconds=OPERATION_SECONDS)
    assert show_people(alice) == "kept"


@pytest.mark.thorough
def test_a_full_disk_is_said_and_what_comes_next_is_kept(alice: MailPages, demo_stack: DemoStack) -> None:
    # A real store fails the request. This one throws in the handler of the one before, which aborts too, but is logged.
    alice.page.browser.expect_error("QuotaExceededError: no room")
    alice.page.js("() => { trouble = 'full'; }")
    alice.enter()
    read_welcome(alice, demo_stack)
    alice.page.wait_for_text("has no room left", selector=named("notice"), timeout_seconds=OPERATION_SECONDS)
    assert show_people(alice) == "storage-full"
    alice.page.js("() => { trouble = ''; }")
    alice.page.click(named("lock"))
    alice.unlock()
    alice.page.wait_for_selector(f"{named('lock')}[data-unlocked=true]", timeout_seconds=OPERATION_SECONDS)
    read_welcome(alice, demo_stack)
    alice.page.wait_for(f"async () => (await ({WALK})([])).records", timeout_seconds=OPERATION_SECONDS)
    assert "has no room left" not in alice.page.text(named("notice"))


@pytest.fixture
def extension(browser: Browser, folder: Path) -> Iterator[Extension]:
    extension = Extension(browser, folder)
    yield extension
    extension.uninstall()


@contextmanager
def full_background(extension: Extension) -> Iterator[None]:
    """Make the storage of the extension's background full while the context lasts."""
    browser = extension.browser
    if isinstance(browser, Chromium):
        trouble_worker(browser, extension, "full")
        try:
            yield
        finally:
            trouble_worker(browser, extension, "")
        return
    # The page stays open, because the function that replaces `put` belongs to it. Once a page is closed, Firefox
    # refuses calls of its functions with a TypeError, "can't access dead object".
    page = extension.open_options()
    page.js(IN_PAGE["fullBackground"])
    try:
        yield
    finally:
        page.js("() => restore()")
        page.close()


def trouble_worker(browser: Chromium, extension: Extension, trouble: str) -> None:
    """Make the storage of the background in Chromium full if `trouble` is "full". Otherwise restore it."""
    browser.run_in_service_worker(extension.id, f"({WORKER_TROUBLE})({trouble!r})")


@pytest.mark.thorough
def test_an_extension_without_room_says_so_and_takes_the_keys_later(extension: Extension, tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    authority = run(create_authority("Example CA", provider=NATIVE, at=now))
    alice = run(issue_identity(authority, "alice@example.test", provider=NATIVE, at=now))
    p12 = run(export_identity(alice, PASSPHRASE.encode(), provider=NATIVE, iterations=2048))
    (tmp_path / "alice.p12").write_bytes(p12)
    with full_background(extension):
        extension.import_keys(tmp_path / "alice.p12", PASSPHRASE, expect="has no room left")
        page = extension.open_options()
        page.wait_for_text("No keys yet", selector="[data-test=state]")
        page.close()
    extension.import_keys(tmp_path / "alice.p12", PASSPHRASE, expect="are ready")
