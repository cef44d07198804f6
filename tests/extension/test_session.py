"""The extension's session: where its key is, what ends it, and what the end leaves."""

from __future__ import annotations

import base64
import datetime
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.identity.identity import export_identity
from smime_core.identity.pkcs12 import Pkcs12Form
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser, Chromium
from tests.support.browser.databases import WALK
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension
from tests.support.extension.session import AGE, MINUTE, SESSION

IN_PAGE = page_scripts("extension/session.js")

pytestmark = pytest.mark.browser

PASSPHRASE = "Vier Möwen & ein Wal"
NATIVE = NativeProvider()

ENCRYPTED = IN_PAGE["encrypted"]
IMPORT = IN_PAGE["importNow"]

# Asks the vault without a pause, while it is closed and started again.
ASK_THROUGH_LOCKS = IN_PAGE["askThroughLocks"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Alice's keys: `alice.p12`, and `slow.p12`, which takes seconds to open."""
    now = datetime.datetime.now(datetime.UTC)
    folder = tmp_path_factory.mktemp("keys")
    authority = run(create_authority("Example CA", provider=NATIVE, at=now))
    alice = run(issue_identity(authority, "alice@example.test", provider=NATIVE, at=now))
    for name, iterations in (("alice", 2048), ("slow", 2_000_000)):
        p12 = run(
            export_identity(alice, PASSPHRASE.encode(), provider=NATIVE, iterations=iterations, form=Pkcs12Form.MODERN)
        )
        (folder / f"{name}.p12").write_bytes(p12)
    return folder


@pytest.fixture
def options(extension: Extension, files: Path) -> Iterator[Page]:
    """The page with keys and people, with Alice's keys unlocked."""
    extension.open_keys(files / "alice.p12", PASSPHRASE)
    page = extension.open_options()
    yield page
    page.close()


def is_locked(page: Page) -> bool:
    return page.js(SESSION) is None and page.js(ENCRYPTED) == 0


def wait_until_locked(page: Page) -> None:
    page.wait_for(f"async () => await ({SESSION})() === null && await ({ENCRYPTED})() === 0")


def test_the_key_stands_in_session_storage_alone_and_goes_with_the_lock(options: Page) -> None:
    session: dict[str, Any] = options.js(SESSION)
    assert len(session["key"]) == 32
    assert options.js(ENCRYPTED) == 1
    walked = options.js(WALK, [session["key"]])
    assert walked["records"] >= 2
    assert (walked["keys"], walked["found"]) == (0, 0)
    options.click("[data-test=lock]")
    options.wait_for_text("Your keys are locked", selector="[data-test=state]")
    assert is_locked(options)


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize(
    ("begun", "used", "because"),
    [
        pytest.param(16 * MINUTE, 16 * MINUTE, "nothing was done for 15 minutes", id="idle"),
        pytest.param(13 * 60 * MINUTE, MINUTE, "12 hours have passed", id="whole"),
        pytest.param(0, -MINUTE, "clock was set back", id="clock"),
    ],
)
def test_the_deadline_is_judged_at_use_and_said_in_words(options: Page, begun: int, used: int, because: str) -> None:
    options.js(AGE, begun, used)
    options.reload()
    options.wait_for_text(because, selector="[data-test=state]")
    assert is_locked(options)


@pytest.mark.thorough
def test_the_alarm_locks_what_nobody_uses(options: Page) -> None:
    options.js(AGE, 16 * MINUTE, 16 * MINUTE)
    options.js("async () => (globalThis.browser ?? chrome).alarms.create('lock', { when: Date.now() })")
    wait_until_locked(options)


@pytest.mark.thorough
def test_an_alarm_that_comes_too_early_locks_nothing_and_is_set_again(options: Page) -> None:
    options.js(AGE, 5 * MINUTE, 5 * MINUTE)
    options.js("async () => (globalThis.browser ?? chrome).alarms.create('lock', { when: Date.now() })")
    left = "async () => ((await (globalThis.browser ?? chrome).alarms.get('lock'))?.scheduledTime ?? 0) - Date.now()"
    options.wait_for(f"async () => await ({left})() > {9 * MINUTE}")
    assert options.js(left) <= 10 * MINUTE
    assert not is_locked(options)


@pytest.mark.thorough
def test_a_wrong_passphrase_unlocks_nothing(extension: Extension, options: Page, files: Path) -> None:
    options.click("[data-test=lock]")
    wait_until_locked(options)
    extension.import_keys(files / "alice.p12", "not her passphrase", expect="does not open")
    assert options.js(SESSION)["times"] is None
    options.reload()
    options.wait_for_text("Your keys are locked", selector="[data-test=state]")


def test_a_lock_in_the_middle_stops_the_operation_and_keeps_nothing(options: Page, files: Path) -> None:
    options.click("[data-test=lock]")
    wait_until_locked(options)
    slow = base64.b64encode((files / "slow.p12").read_bytes()).decode()
    options.js(IMPORT, slow, PASSPHRASE)
    options.wait_for(SESSION)
    options.js("async () => (await import('/source/browser_ext/shared/request.js')).ask('session.lock')")
    assert options.js("() => globalThis.imported") == "locked"
    assert is_locked(options)


@pytest.mark.thorough
def test_requests_to_a_closed_vault_wait_for_the_next_one(options: Page) -> None:
    outcomes = options.js(ASK_THROUGH_LOCKS, 10)
    assert "answered" in outcomes
    assert set(outcomes) <= {"answered", "locked"}


@pytest.mark.thorough
def test_an_import_goes_on_when_the_background_ends_in_the_middle(
    browser: Browser, extension: Extension, options: Page, files: Path
) -> None:
    slow = base64.b64encode((files / "slow.p12").read_bytes()).decode()
    options.js(IMPORT, slow, PASSPHRASE)
    # The vault was running already, and is opening the file by now.
    time.sleep(1)
    if not isinstance(browser, Chromium):
        # In Firefox the vault is in the background page, and rejects its running calls when this page ends.
        options.js("async () => void (await browser.runtime.getBackgroundPage()).dispatchEvent(new Event('pagehide'))")
    extension.stop_background()
    # The import starts again in a new vault.
    outcome = "async () => Promise.race([globalThis.imported, new Promise((resolve) => setTimeout(resolve, 1000))])"
    assert options.wait_for(outcome, timeout_seconds=180) == "imported"


@pytest.mark.thorough
def test_the_computers_own_lock_locks_the_keys(browser: Browser, extension: Extension, options: Page) -> None:
    if not isinstance(browser, Chromium):
        # Firefox has the API, but never reports the state "locked".
        assert options.js("async () => (await browser.idle.queryState(15))") in ("active", "idle")
        return
    browser.run_in_service_worker(extension.id, "chrome.idle.onStateChanged.dispatch('locked')")
    wait_until_locked(options)
    options.reload()
    options.wait_for_text("together with the computer’s screen", selector="[data-test=state]")
