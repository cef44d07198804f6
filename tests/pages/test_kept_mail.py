"""Mail kept for reading without a connection: what opens it, what is dropped first, and what others do to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.kept_mail import PARTS
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/kept_mail.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


@pytest.fixture
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with the store, before a vault of the test."""
    page = browser.open(demo_stack.pages_url)
    page.js(PARTS)
    page.js("async () => { await begin(); }")
    yield page
    page.js("async () => { lock(true); globalThis.account = address; await kept.end(); }")
    page.close()


def test_what_is_kept_is_read_while_the_keys_are_unlocked_only(page: Page) -> None:
    outcome = page.js(IN_PAGE["whatIsKeptIsReadWhileTheKeysAreUnlockedOnly"])
    assert outcome == ["one", ["locked", None], "one", None, None, 1]


@pytest.mark.thorough(False)
def test_what_was_altered_or_put_elsewhere_on_the_disk_does_not_open(page: Page) -> None:
    outcome = page.js(IN_PAGE["whatWasAlteredOrPutElsewhereOnTheDiskDoesNotOpen"])
    assert outcome == [None, None]


def test_the_messages_opened_first_go_first_whatever_the_clock_says(page: Page) -> None:
    outcome = page.js(IN_PAGE["theMessagesOpenedFirstGoFirstWhateverTheClockSays"])
    assert outcome == [True, False, True, True]


def test_a_full_disk_makes_room_and_is_told_if_there_is_none(page: Page) -> None:
    outcome = page.js(IN_PAGE["aFullDiskMakesRoomAndIsToldIfThereIsNone"])
    assert outcome == [["", "four", 2], ["storage-full", None, "four"], ["", "five"]]


@pytest.mark.thorough(False)
def test_a_tab_keeps_nothing_of_what_another_tab_has_ended_or_begun_anew(page: Page) -> None:
    outcome = page.js(IN_PAGE["aTabKeepsNothingOfWhatAnotherTabHasEndedOrBegunAnew"])
    assert outcome == [0, 0, None]


@pytest.mark.thorough(False)
def test_another_account_reads_nothing_and_another_persons_computer_keeps_nothing(page: Page) -> None:
    outcome = page.js(IN_PAGE["anotherAccountReadsNothingAndAnotherPersonsComputerKeepsNothing"])
    assert outcome == [[None, "none"], False, "none", 1]


@pytest.mark.thorough(False)
def test_a_passphrase_finds_each_account_that_was_kept_under_it(page: Page) -> None:
    outcome = page.js(IN_PAGE["aPassphraseFindsEachAccountThatWasKeptUnderIt"])
    assert [sorted(outcome[0]), *outcome[1:]] == [["first", "second"], ["first"], ["second"], "nothing is kept"]


def test_a_list_has_its_latest_rows_and_those_of_opened_messages(page: Page) -> None:
    outcome = page.js(IN_PAGE["aListHasItsLatestRowsAndThoseOfOpenedMessages"])
    assert outcome == [[9, 8, 3], True, [1]]


def test_the_bridge_is_asked_first_and_its_return_is_noticed(page: Page) -> None:
    outcome = page.js(IN_PAGE["theBridgeIsAskedFirstAndItsReturnIsNoticed"])
    assert outcome == ["from the bridge", ["kept", "not-kept-here", True], ["away", "back"], "from the bridge"]
