"""The sealed session: how long keys stay unlocked, what locks them, and what is left after a lock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.databases import WALK
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/session.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

MINUTE = 60_000
HOUR = 60 * MINUTE

# Lets a test move the page's clocks, and collects every random value of 32 bytes that the page makes. The
# device's token for the key server is drawn as eight words, and is not among them.
BEFORE_THE_PAGE = IN_PAGE["beforeThePage"]

# Returns the reason why a session is over, or null. Each time is [wall, steady, life]: two clocks in minutes, and the
# number of the process to which the steady clock belongs.
JUDGE = IN_PAGE["judge"]


@pytest.fixture
def visitor(browser: Browser, demo_stack: DemoStack, alice: Account) -> Iterator[MailPages]:
    """Alice at the sign-in page. The test can move the clocks of the page."""
    pages = MailPages(browser, "about:blank", alice)
    script = browser.bidi.command(
        "script.addPreloadScript", functionDeclaration=BEFORE_THE_PAGE, contexts=[pages.page.context]
    )["script"]
    pages.page.goto(demo_stack.pages_url)
    yield pages
    browser.bidi.command("script.removePreloadScript", script=script)
    pages.page.js("async () => indexedDB.deleteDatabase('sealwax')")
    pages.close()


@pytest.fixture
def empty(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin that serves the session's module."""
    page = browser.open(demo_stack.pages_url)
    yield page
    page.close()


def move_clock(page: Page, *, wall: int = 0, steady: int = 0) -> None:
    """Move the page's clocks by these milliseconds. No timer fires because of it."""
    page.js("(wall, steady) => { shift.wall += wall; shift.steady += steady; }", wall, steady)


def wait_until_locked(pages: MailPages, because: str) -> None:
    pages.page.wait_for_text(because, selector=named("locked-note"))
    assert not pages.is_unlocked()


@pytest.mark.thorough(after=2)
@pytest.mark.parametrize(
    ("begun", "used", "now", "reason"),
    [
        ((0, 0, 1), (0, 0, 1), (14.9, 14.9, 1), None),
        ((0, 0, 1), (0, 0, 1), (15, 15, 1), "idle"),
        ((0, 0, 1), (719, 719, 1), (719.9, 719.9, 1), None),
        ((0, 0, 1), (719, 719, 1), (720, 720, 1), "too-long"),
        # The computer slept, and the steady clock did not run meanwhile.
        ((0, 0, 1), (0, 0, 1), (16, 1, 1), "idle"),
        # The wall clock was set back by 15 minutes, so only the steady clock shows that time has passed.
        ((0, 0, 1), (0, 0, 1), (0, 15, 1), "idle"),
        ((0, 0, 1), (10, 10, 1), (9, 11, 1), "clock"),
        # The service worker has started again, so its steady clock cannot be compared with the earlier one.
        ((0, 0, 1), (10, 10, 1), (11, 900, 2), None),
        ((0, 0, 1), (10, 10, 1), (9, 0, 2), "clock"),
        ((0, 0, 1), (10, 10, 1), (25, 0, 2), "idle"),
    ],
)
def test_a_session_ends_by_whichever_clock_went_further(
    empty: Page, begun: tuple[float, ...], used: tuple[float, ...], now: tuple[float, ...], reason: str | None
) -> None:
    assert empty.js(JUDGE, list(begun), list(used), list(now)) == reason


def test_setting_the_clock_back_in_small_steps_gains_nothing(empty: Page) -> None:
    steps = empty.js(IN_PAGE["settingTheClockBackInSmallStepsGainsNothing"])
    assert steps == 2


def test_locking_overwrites_the_key_and_stops_what_runs_with_it(empty: Page) -> None:
    seen = empty.js(IN_PAGE["lockingOverwritesTheKeyAndStopsWhatRunsWithIt"])
    assert seen["before"] == {"open": True, "key": True, "copy": True}
    assert seen["outcomes"] == ["locked", "locked"]
    assert seen["stopped"] == ["slow"]
    assert seen["late"] == [0, 0, 0]
    assert seen["reasons"] == ["hand"]
    assert (seen["key"], seen["buffer"]) == (False, 4096)
    assert (seen["open"], seen["copy"], seen["reopened"]) == (False, None, "locked")
    assert seen["free"] == "free"


@pytest.mark.thorough
def test_nothing_done_for_a_while_locks_by_a_timer_too(empty: Page) -> None:
    reason = empty.js(IN_PAGE["nothingDoneForAWhileLocksByATimerToo"])
    assert reason == "idle"


@pytest.mark.thorough
def test_keys_that_nobody_used_are_locked_and_the_page_says_why(visitor: MailPages) -> None:
    visitor.enter()
    move_clock(visitor.page, wall=14 * MINUTE)
    visitor.page.press("x")
    move_clock(visitor.page, wall=14 * MINUTE)
    visitor.page.press("x")
    assert visitor.is_unlocked()
    # The computer slept, so no timer has run. The next key press checks the deadlines.
    move_clock(visitor.page, wall=16 * MINUTE)
    visitor.page.press("x")
    wait_until_locked(visitor, "nothing was done for 15 minutes")
    visitor.unlock()
    visitor.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("wall", "steady", "because"),
    [
        pytest.param(13 * HOUR, 0, "12 hours have passed", id="whole"),
        pytest.param(-HOUR, 0, "clock was set back", id="clock"),
    ],
)
def test_other_ends_have_words_too(visitor: MailPages, wall: int, steady: int, because: str) -> None:
    visitor.enter()
    move_clock(visitor.page, wall=wall, steady=steady)
    # No key is pressed and no timer fires. The page checks the deadlines when it is shown again.
    visitor.page.js("() => document.dispatchEvent(new Event('visibilitychange'))")
    wait_until_locked(visitor, because)


def test_the_deadline_is_judged_when_keys_are_used(visitor: MailPages, demo_stack: DemoStack, alice: Account) -> None:
    welcome = demo_stack.mail_server.messages(alice.address)[0].uid
    visitor.enter()
    # The message is opened by its address, as from the browser's history, without a click or a key press. The clock
    # moves in the same step, because a list that still decrypts subjects judges the deadline too, and is then gone.
    row = f'{named("message-row")}[data-uid="{welcome}"]'
    address = visitor.page.wait_for("(row) => document.querySelector(row)?.hash", row)
    visitor.page.js("(address, wall) => { shift.wall += wall; location.hash = address; }", address, 16 * MINUTE)
    visitor.page.wait_for_text("nothing was done for 15 minutes")
    assert not visitor.is_unlocked()
    assert not visitor.shows_a_state()


def test_subjects_that_the_list_decrypts_by_itself_do_not_keep_keys_unlocked(empty: Page) -> None:
    """A slow bridge decides when the list decrypts the next subjects."""
    seen = empty.js(IN_PAGE["subjectsThatTheListDecryptsByItselfDoNotKeepKeysUnlocked"])
    assert seen == [True, False]


def test_leaving_the_page_locks(visitor: MailPages) -> None:
    visitor.enter()
    keys = visitor.page.js("""() => {
      dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
      return drawn.map(({ view }) => view.some((octet) => octet));
    }""")
    assert keys
    assert not any(keys)
    visitor.page.js("() => { location.hash = '#/keys'; }")
    wait_until_locked(visitor, "when you left the page")


@pytest.mark.thorough
def test_signing_out_while_keys_are_being_unlocked_leaves_them_locked(empty: Page) -> None:
    seen = empty.js(IN_PAGE["signingOutWhileKeysAreBeingUnlockedLeavesThemLocked"])
    assert seen == [["locked", False], ["open", True]]


def test_a_sign_out_that_the_bridge_does_not_confirm_is_said(visitor: MailPages) -> None:
    """The cookie is still there, and a reload shows the mail without a password."""
    visitor.sign_in()
    visitor.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    visitor.page.js(IN_PAGE["aSignOutThatTheBridgeDoesNotConfirmIsSaid"])
    visitor.page.click(named("sign-out"))
    visitor.page.wait_for_text("may still be open", selector=named("session-left"))
    visitor.page.reload()
    visitor.page.wait_for_selector(named("sign-out"))
    visitor.page.js("() => { location.hash = '#/keys'; }")
    visitor.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    visitor.page.click(named("sign-out"))
    visitor.page.wait_for_selector(named("sign-in-form"))
    assert not visitor.page.js(f"() => document.querySelector('{named('session-left')}')")


@pytest.mark.thorough
def test_no_key_stands_in_the_databases_of_the_pages(visitor: MailPages, demo_stack: DemoStack, alice: Account) -> None:
    visitor.enter()
    visitor.open_message(demo_stack.mail_server.messages(alice.address)[0].uid)
    visitor.page.wait_for(f"async () => (await ({WALK})([])).records", timeout_seconds=OPERATION_SECONDS)
    keys = visitor.page.js("() => drawn.map(({ octets }) => octets)")
    assert keys
    # The search must first find a key and these bytes in a database of the test. This shows that the search works.
    visitor.page.js(
        IN_PAGE["noKeyStandsInTheDatabasesOfThePages"],
        keys[0],
    )
    seen: dict[str, Any] = visitor.page.js(WALK, keys)
    assert (seen["keys"], seen["found"]) == (1, 1)
    visitor.page.js("() => { indexedDB.deleteDatabase('control'); }")
    visitor.page.wait_for("async () => (await indexedDB.databases()).every(({ name }) => name !== 'control')")
    seen = visitor.page.js(WALK, keys)
    assert seen["records"] >= 1
    assert (seen["keys"], seen["found"]) == (0, 0)
