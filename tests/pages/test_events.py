"""Events from the bridge: the list of the open folder loads again, and the person is not disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import MailPages, named
from tests.support.pages.reporting import pages_that_hear
from tests.support.servers.proxies import NGINX
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/events.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

# Makes `list` with the rows of `messages`, and `events`, whose streams are `streams`.
PARTS = IN_PAGE["parts"]


@pytest.fixture
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with a list and a stream whose bridge is the test's."""
    page = browser.open(demo_stack.pages_url)
    page.js(PARTS)
    yield page
    page.close()


def test_a_new_row_leaves_the_others_in_the_page_with_focus_and_scroll(page: Page) -> None:
    page.js(IN_PAGE["aNewRowLeavesTheOthersInThePageWithFocusAndScroll"])
    assert page.js("() => [shown().slice(0, 3), link(70) === kept, document.activeElement === kept]") == [
        [101, 100, 98], True, True,
    ]  # fmt: skip
    assert page.js("() => list.element.querySelector('[aria-busy]').getAttribute('aria-busy')") == "false"


def test_a_row_that_changes_or_vanishes_passes_its_focus_on(page: Page) -> None:
    page.js(IN_PAGE["aRowThatChangesOrVanishesPassesItsFocusOn"])
    assert page.js("() => [document.activeElement.dataset.uid, link(3).classList.contains('row-unseen')]") == [
        "3",
        False,
    ]
    page.js("async () => { messages = [row(2), row(1)]; await list.refresh(); }")
    assert page.js("() => [shown(), document.activeElement.dataset.uid]") == [[2, 1], "2"]
    page.js("async () => { document.activeElement.blur(); messages = []; await list.refresh(); }")
    assert page.js("() => [shown(), document.activeElement === document.body]") == [[], True]


def test_a_change_during_a_load_is_not_lost_and_a_failure_is_not_shown(page: Page) -> None:
    page.js(IN_PAGE["aChangeDuringALoadIsNotLostAndAFailureIsNotShown"])
    page.wait_for("() => asked === 2 && shown()[0] === 5")
    page.js(IN_PAGE["failToRefresh"])
    assert page.js("() => [shown(), list.element.textContent.includes('!')]") == [[5], False]


def test_a_stream_of_another_account_is_left_and_the_session_is_checked(page: Page) -> None:
    page.js(IN_PAGE["aStreamOfAnotherAccountIsLeftAndTheSessionIsChecked"])
    assert page.js("() => [heard, checks, streams[0].readyState, streams[0].options]") == [
        [], 1, 2, {"withCredentials": True},
    ]  # fmt: skip


def test_a_stream_that_comes_back_reports_its_folders_once(page: Page) -> None:
    page.js(IN_PAGE["aStreamThatComesBackReportsItsFoldersOnce"])
    assert page.js("() => [heard, checks, streams.length, streams[0].readyState]") == [["f", "g"], 0, 1, 2]


def test_a_frozen_page_has_no_stream_and_asks_for_all_that_it_has_missed(page: Page) -> None:
    """Without a stream the bridge wakes the browser by a push message."""
    page.js(IN_PAGE["aFrozenPageHasNoStreamAndAsksForAllThatItHasMissed"])
    assert page.js("() => streams.map(({ readyState }) => readyState)") == [2]
    page.js(IN_PAGE["resumePage"])
    assert page.js("() => [streams.length, said]") == [2, ["arrived", "back", "mail"]]
    page.js("() => { events.stop(); document.dispatchEvent(new Event('resume')); }")
    assert page.js("() => streams.length") == 2


def test_the_end_of_the_session_is_asked_of_the_bridge(page: Page) -> None:
    page.js(IN_PAGE["theEndOfTheSessionIsAskedOfTheBridge"])
    assert page.js("() => [checks, streams[0].readyState]") == [1, 2]


def test_one_tab_holds_the_stream_and_tells_the_others_until_another_takes_over(page: Page) -> None:
    """A browser has six connections to a server over HTTP/1.1. A stream in each tab would leave none."""
    page.js(IN_PAGE["oneTabHoldsTheStreamAndTellsTheOthersUntilAnotherTakesOver"])
    page.wait_for("() => told.length === 6 && streams.length === 1")
    page.js(IN_PAGE["leaveTheStream"])
    # Something may have come while one tab had left and the next had no stream yet.
    page.wait_for("() => told.filter((name) => name === 'back').length === 6")
    page.js("() => streams[1].say('session-ended', {})")
    page.wait_for("() => checks === 6 && streams.every(({ readyState }) => readyState === EventSource.CLOSED)")


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_new_mail_appears_by_itself_in_the_open_inbox(
    browser: Browser, demo_stack: DemoStack, pages_with_sources: Path, tmp_path: Path
) -> None:
    """The bridge and the process of events behind one proxy, as an operator has them."""
    alice = demo_stack.accounts[0]
    server = demo_stack.mail_server.address
    with ExitStack() as stack:
        pages = stack.enter_context(pages_that_hear(server, pages_folder=pages_with_sources, folder=tmp_path))
        visit = MailPages(browser, pages, alice)
        stack.callback(visit.close)
        visit.sign_in()
        visit.page.wait_for("() => location.hash === '#/keys'")
        visit.page.js("() => { location.hash = '#/folder/inbox'; }")
        visit.page.wait_for_selector(f"{named('messages')}[aria-busy=false]")
        visit.page.wait_for_selector(named("message-row"))
        visit.page.js("""() => { document.querySelector('[data-test="message-row"]').focus(); }""")
        text = f"From: bob@example.test\r\nSubject: Written at {datetime.now(UTC)}\r\n\r\nHello\r\n"
        uid = demo_stack.mail_server.append(alice.address, text.encode())
        visit.page.wait_for_selector(f'{named("message-row")}[data-uid="{uid}"]')
        focused = visit.page.js("() => document.activeElement.dataset.uid")
        assert focused not in (None, str(uid))


def test_the_answer_to_a_request_from_before_a_sign_in_does_not_end_its_session(page: Page) -> None:
    """A draft that was on its way when the session ended would show the form for signing in once more."""
    ends = page.js(IN_PAGE["theAnswerToARequestFromBeforeASignInDoesNotEndItsSession"])
    assert ends == [0, 1]
