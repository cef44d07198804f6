"""The search in encrypted mail: what its index finds, what it keeps, and how it is filled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.mail_letters import mail, text
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.mail_rig import wait_for_subjects
from tests.support.pages.received import deliver, signed_and_encrypted, stack as stack
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/mail_index.js")


pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# Returns all that is stored for searches, with its bytes as text; null without a database.
STORED = IN_PAGE["stored"]
# Makes `index` and `filler` before a bridge and a vault of the test, whose "sealing" adds a letter.
PARTS = IN_PAGE["parts"]


@pytest.fixture
def page(browser: Browser, stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with an index whose bridge and vault are the test's."""
    page = browser.open(stack.pages_url)
    page.js(PARTS)
    yield page
    page.js("async () => { await index.end(); localStorage.clear(); }")
    page.close()


def test_words_are_found_without_regard_to_case_and_accents_and_inside_longer_ones(page: Page) -> None:
    outcome = page.js(IN_PAGE["wordsAreFoundWithoutRegardToCaseAndAccentsAndInsideLongerOnes"])
    assert outcome == [[1], [1], [2, 1], [1], [1], [3], [3], [3], [3, 2, 1], [], [], []]


def test_a_search_looks_where_the_person_says(page: Page) -> None:
    outcome = page.js(IN_PAGE["aSearchLooksWhereThePersonSays"])
    assert outcome == [[1], [2, 1], [1], [2], [2], [3]]


@pytest.mark.thorough(False)
def test_a_lock_closes_the_index_and_an_unlock_opens_it_again(page: Page) -> None:
    outcome = page.js(IN_PAGE["aLockClosesTheIndexAndAnUnlockOpensItAgain"])
    assert outcome == [[[], "locked", None], [1], "open", 1]


@pytest.mark.thorough(False)
def test_nothing_is_stored_in_clear_and_no_record_opens_in_the_place_of_another(page: Page) -> None:
    page.js(IN_PAGE["nothingIsStoredInClearAndNoRecordOpensInThePlaceOfAnother"])
    stored = page.js(STORED)
    assert len(stored) == 3
    # Shorter words are by chance among encrypted bytes.
    for word in ("lighthouse", "Harbour", "harbour", "bob@", "example", "[...]"):
        assert all(word not in record for record in stored), word
    refused = page.js(IN_PAGE["exchangeRecords"])
    assert refused == ["OperationError", "broken"]


def test_tabs_add_to_one_index(page: Page) -> None:
    outcome = page.js(IN_PAGE["tabsAddToOneIndex"])
    assert outcome == [[1], [2], [3], 3]


def test_an_index_that_another_tab_has_begun_anew_takes_the_place_of_the_old_one(page: Page) -> None:
    outcome = page.js(IN_PAGE["anIndexThatAnotherTabHasBegunAnewTakesThePlaceOfTheOldOne"])
    assert outcome == [[False, "none"], [1], 1]


def test_a_folder_is_read_once_and_then_only_its_changes(page: Page) -> None:
    outcome = page.js(IN_PAGE["aFolderIsReadOnceAndThenOnlyItsChanges"])
    assert outcome == [
        [[3, 1], [1], [], 2],
        ["done", ["since t1", 5], [], [5], 2],
        ["done", ["since t2"]],
    ]


@pytest.mark.thorough(False)
def test_one_message_takes_nothing_from_the_others(page: Page) -> None:
    """One is gone, one is too much for the vault, and one is for somebody else."""
    outcome = page.js(IN_PAGE["oneMessageTakesNothingFromTheOthers"])
    assert outcome == [["done", [6, 5, 1], 3], ["since t1", 2], True, [6, 5, 4, 1]]


def test_folders_that_are_numbered_anew_or_gone_are_forgotten(page: Page) -> None:
    outcome = page.js(IN_PAGE["foldersThatAreNumberedAnewOrGoneAreForgotten"])
    assert outcome == [[[1], [1], [], 2], [], [], 0]


def test_a_server_that_repeats_itself_ends_the_round(page: Page) -> None:
    outcome = page.js(IN_PAGE["aServerThatRepeatsItselfEndsTheRound"])
    assert outcome == ["done", [1, 2]]


def test_a_failure_is_told_and_a_pause_lasts(page: Page) -> None:
    outcome = page.js(IN_PAGE["aFailureIsToldAndAPauseLasts"])
    assert outcome == ["failed", "paused", True]


def switch_on(pages: MailPages, count: int) -> None:
    """Switch the search in encrypted messages on, and wait until so many can be searched."""
    pages.page.js("() => { location.hash = '#/settings/reading'; }")
    pages.page.wait_for_selector(f"{named('index-switch')}:not(:disabled)", timeout_seconds=OPERATION_SECONDS)
    pages.page.click(named("index-switch"))
    pages.page.wait_for(
        f"(count) => document.querySelector('{named('index-note')}').textContent.startsWith(`${{count}} encrypted`)",
        count,
        timeout_seconds=OPERATION_SECONDS,
    )


def search(pages: MailPages, words: str, place: str = "text") -> None:
    pages.show_inbox()
    pages.page.js(
        IN_PAGE["search"],
        named("search-where"),
        place,
    )
    pages.page.fill(named("search"), words + ENTER)


@pytest.mark.thorough(False)
def test_a_person_finds_a_word_of_an_encrypted_message(browser: Browser, stack: DemoStack) -> None:
    alice, bob = stack.accounts
    # Each browser has words of its own, because the mailbox keeps the mails of the browser before.
    tower, clock = f"lighthouse{browser.name}", f"clock{browser.name}"
    for subject, words in [("The harbour", f"We meet at the {tower}."), ("The station", f"We meet at the {clock}.")]:
        deliver(stack, signed_and_encrypted(bob, alice, mail(text(words), subject=subject)))
    count = len(stack.mail_server.messages(alice.address))
    pages = MailPages(browser, stack.pages_url, alice)
    pages.enter()
    search(pages, tower)
    pages.page.wait_for_text("cannot read what is encrypted", selector=named("search-note"))
    switch_on(pages, count)
    search(pages, f"{tower.upper()} meet")
    wait_for_subjects(pages.page, "The harbour")
    pages.page.wait_for_text("This device has searched the encrypted messages", selector=named("search-note"))
    search(pages, clock, "here")
    wait_for_subjects(pages.page, "The station")
    pages.page.wait_for_text("the mail server has learnt nothing", selector=named("search-note"))
    pages.page.click(named("message-row"))
    pages.page.wait_for_text(f"We meet at the {clock}.", timeout_seconds=OPERATION_SECONDS)
    stored = pages.page.js(STORED)
    assert stored
    for word in ("lighthouse", "clock", "harbour", "station", "bob", "alice"):
        assert all(word not in record.lower() for record in stored), word
    pages.page.click(named("lock"))
    pages.page.wait_for_selector(named("unlock-form"))
    assert "station" not in pages.page.js("() => document.documentElement.outerHTML")
    search(pages, clock)
    pages.page.wait_for_text("unlock your keys", selector=named("search-note"))
    pages.page.js("() => { location.hash = '#/settings/reading'; }")
    pages.page.wait_for_text("While your keys are locked, nothing is searched", selector=named("index-note"))
    pages.close()


def test_on_another_persons_computer_there_is_no_index(browser: Browser, stack: DemoStack) -> None:
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.page.wait_for_selector(named("foreign-computer"))
    pages.page.click(named("foreign-computer"))
    pages.enter()
    pages.page.js("() => { location.hash = '#/settings/reading'; }")
    pages.page.wait_for_text("this browser keeps nothing", selector=named("index-note"))
    assert pages.page.js("(selector) => document.querySelector(selector).disabled", named("index-switch"))
    assert pages.page.js(STORED) is None
    pages.close()
