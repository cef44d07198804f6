"""The outbox: what waits is sent once, whatever is lost on the way, and its failures are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.kept_mail import PARTS
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/outbox.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# Makes `outbox` before a bridge that sends one message for a key, as the real one. `mode` is what happens to a request.
OUTBOX = IN_PAGE["outboxInPage"]


@pytest.fixture
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with an empty outbox, without a connection."""
    page = browser.open(demo_stack.pages_url)
    page.js(PARTS)
    page.js(OUTBOX)
    yield page
    page.js(IN_PAGE["page"])
    page.close()


@pytest.mark.thorough(False)
def test_what_waits_is_sent_once_and_in_its_order(page: Page) -> None:
    outcome = page.js(IN_PAGE["whatWaitsIsSentOnceAndInItsOrder"])
    assert outcome == [
        [True, True],
        [["waiting", "waiting"], 0],
        [["one", "one@example.test"], ["bcc", "bcc@example.test"], ["open", "open@example.test"]],
        [],
        0,
    ]


@pytest.mark.thorough(False)
def test_a_lost_answer_sends_nothing_twice(page: Page) -> None:
    outcome = page.js(IN_PAGE["aLostAnswerSendsNothingTwice"])
    assert outcome == [["waiting"], 1, ["key of one", "key of one"], []]


@pytest.mark.thorough(False)
def test_a_bridge_that_never_answers_holds_no_other_letter_and_sends_nothing_twice(page: Page) -> None:
    outcome = page.js(IN_PAGE["aBridgeThatNeverAnswersHoldsNoOtherLetterAndSendsNothingTwice"])
    assert outcome == [["Hello", ["waiting", "held"]], ["one"], ["key of one", "key of one"], ["held"]]


def test_a_lock_during_the_request_sends_nothing_twice(page: Page) -> None:
    outcome = page.js(IN_PAGE["aLockDuringTheRequestSendsNothingTwice"])
    assert outcome == [["locked", []], 1, ["key of one", "key of one"], 0]


@pytest.mark.parametrize("jump", [13 * 3_600_000, -3_600_000])
def test_a_request_that_the_bridge_has_forgotten_is_not_repeated_without_a_question(page: Page, jump: int) -> None:
    outcome = page.js(
        IN_PAGE["aRequestThatTheBridgeHasForgottenIsNotRepeatedWithoutAQuestion"],
        jump,
    )
    assert outcome == [[["unknown"], "look key of one", 1, False], 2, False, []]


def test_a_refusal_is_told_and_another_try_has_another_key(page: Page) -> None:
    outcome = page.js(IN_PAGE["aRefusalIsToldAndAnotherTryHasAnotherKey"])
    assert outcome == [[["refused message-refused"], 0, True], 1, 2, []]


def test_a_message_without_a_confirmation_is_told(page: Page) -> None:
    outcome = page.js(IN_PAGE["aMessageWithoutAConfirmationIsTold"])
    assert outcome == [["unknown", "unknown"], 2]


def test_a_letter_that_is_changed_is_not_sent_and_comes_back_whole(page: Page) -> None:
    outcome = page.js(IN_PAGE["aLetterThatIsChangedIsNotSentAndComesBackWhole"])
    assert outcome == [[["held"], 0, "Hello", [0, 1, 2]], 0, 1, None]


def test_a_letter_without_all_of_its_copies_is_not_sent(page: Page) -> None:
    """A page may end between the copy for people in Bcc and that for all others."""
    outcome = page.js(IN_PAGE["aLetterWithoutAllOfItsCopiesIsNotSent"])
    assert outcome == [[["held"], False, True], [["held"], 0], ["bcc", "open"], []]


def test_a_letter_that_cannot_be_kept_stays_where_it_was_written(page: Page) -> None:
    outcome = page.js(IN_PAGE["aLetterThatCannotBeKeptStaysWhereItWasWritten"])
    assert outcome == ["storage-full", [], 0]


def test_a_copy_is_not_kept_alone_when_the_copies_before_cannot_be_read(page: Page) -> None:
    """Otherwise the people of the other copies would get nothing, and nobody would hear of it."""
    outcome = page.js(IN_PAGE["aCopyIsNotKeptAloneWhenTheCopiesBeforeCannotBeRead"])
    assert outcome == ["storage-refused", [["first", "first@example.test"]]]


def test_with_a_connection_nothing_waits(page: Page) -> None:
    outcome = page.js("""async () => {
      await back();
      return [await put("one"), sent.length, (await letters.readLetters()).length];
    }""")
    assert outcome == [False, 1, 0]


def test_an_error_of_a_question_is_no_refusal_of_the_letter(page: Page) -> None:
    """A mailbox by POP3 has no folder for sent mail, so that nobody can look there for what was perhaps sent."""
    outcome = page.js(IN_PAGE["anErrorOfAQuestionIsNoRefusalOfTheLetter"])
    assert outcome == [["unknown"], False, 1]


@pytest.mark.parametrize("code", ["bad-argument", "message-too-large"])
def test_an_error_of_a_repeated_request_says_nothing_about_the_one_before(page: Page, code: str) -> None:
    outcome = page.js(
        IN_PAGE["anErrorOfARepeatedRequestSaysNothingAboutTheOneBefore"],
        code,
    )
    assert outcome == [[], 1, 0]


def test_an_answer_of_the_person_counts_for_the_letter_that_was_shown(page: Page) -> None:
    """Another tab has sent the letter again since, and its answer was lost."""
    outcome = page.js(IN_PAGE["anAnswerOfThePersonCountsForTheLetterThatWasShown"])
    assert outcome == [1, []]


@pytest.mark.thorough(False)
def test_a_letter_is_kept_or_refused_whatever_another_tab_has_done(page: Page) -> None:
    """Another tab signs out, or has begun anew since: nothing of this tab is written under the earlier key."""
    outcome = page.js(IN_PAGE["aLetterIsKeptOrRefusedWhateverAnotherTabHasDone"])
    assert outcome == ["unreachable", [[], 0], True, ["waiting"], 1]


@pytest.mark.thorough(False)
def test_a_letter_that_comes_during_a_sign_out_is_kept_or_refused(page: Page) -> None:
    """The count of letters and the deletion are one step, at each moment at which another tab adds a letter."""
    outcome = page.js(IN_PAGE["aLetterThatComesDuringASignOutIsKeptOrRefused"])
    assert outcome == [[], False, 1]


def test_two_tabs_that_begin_together_lose_no_letter(page: Page) -> None:
    outcome = page.js(IN_PAGE["twoTabsThatBeginTogetherLoseNoLetter"])
    assert outcome == [["one one", "two two"]] * 3


@pytest.mark.thorough(False)
def test_a_letter_is_either_sent_or_taken_back(page: Page) -> None:
    """Two tabs send it when its time has come, while a third tab takes it back, in every order."""
    outcome = page.js(IN_PAGE["aLetterIsEitherSentOrTakenBack"])
    assert outcome == [[], True, True]


@pytest.mark.thorough(False)
def test_no_story_of_errors_calls_a_letter_changeable_that_somebody_got(page: Page) -> None:
    """Requests and questions fail before or after they have done their work, by any code; each story is drawn."""
    outcome = page.js(IN_PAGE["noStoryOfErrorsCallsALetterChangeableThatSomebodyGot"])
    assert outcome == []
