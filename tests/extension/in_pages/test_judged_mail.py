"""A letter in a webmail's form answers the mail that was opened there, whatever the webmail gives at a second look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.page import Page
from tests.support.extension.driver import Extension, Frame
from tests.support.extension.field_pages import People, agree_if_asked
from tests.support.extension.letters_from_bob import mail_from_bob
from tests.support.extension.lying_webmail import READING, WRITING, LyingWebmail, running_webmail
from tests.support.extension.webmail import Adaptor

pytestmark = pytest.mark.browser

REFUSED = "another message than the one that you opened"
OTHER_ID = "<other@example.test>"


@pytest.fixture(scope="module")
def webmail() -> Iterator[LyingWebmail]:
    with running_webmail() as webmail:
        yield webmail


@pytest.fixture
def adaptor(unlocked: Extension) -> Adaptor:
    return Adaptor(unlocked)


@pytest.fixture
def opened(unlocked: Extension, webmail: LyingWebmail, people: People) -> Iterator[tuple[Page, Frame]]:
    """The webmail, and the frame in it that shows the first of its messages. Later readings give another one."""
    webmail.message_id = "<original@example.test>"
    webmail.given = [mail_from_bob(people, encrypted=True, text=text) for text in ("Opened", "Other")]
    webmail.sources.clear()
    page = unlocked.browser.open(webmail.shown)
    unlocked.click_button_above(page, READING)
    frame = agree_if_asked(unlocked, page)
    frame.around.wait_for_selector("[data-test=reply]", timeout_seconds=60)
    yield page, frame
    page.close()


def press(extension: Extension, page: Page) -> None:
    page.wait_for_selector(WRITING)
    extension.click_button_above(page, WRITING)


def open_and_answer(extension: Extension, page: Page, webmail: LyingWebmail, kind: str) -> None:
    """Open the message that the webmail gives now, and begin an answer to it, such as a "reply"."""
    page.goto(webmail.shown)
    extension.click_button_above(page, READING)
    around = agree_if_asked(extension, page).around
    around.wait_for_selector(f"[data-test={kind}]", timeout_seconds=60)
    around.click(f"[data-test={kind}]")
    press(extension, page)


def quoted(page: Page) -> str:
    """The text of the window in which the answer is written."""
    window = page.browser.wait_for_page("compose.html")
    window.wait_for_selector("[data-test=original-state]", timeout_seconds=60)
    text: str = window.value("[data-test=compose-text]")
    window.close()
    return text


@pytest.mark.parametrize("kind", ["reply", "replyAll", "forward"])
def test_an_answer_takes_no_other_message_than_the_one_that_was_opened(
    unlocked: Extension, opened: tuple[Page, Frame], adaptor: Adaptor, webmail: LyingWebmail, kind: str
) -> None:
    page, frame = opened
    frame.around.click(f"[data-test={kind}]")
    press(unlocked, page)
    adaptor.wait_for_note(page, REFUSED)
    assert adaptor.notes(page).count(REFUSED) == 1
    assert not any("compose.html" in context["url"] for context in unlocked.browser.contexts())
    # The same message under the same Message-ID stays refused until it was opened.
    assert len(webmail.sources) == 2
    press(unlocked, page)
    adaptor.wait_for_note(page, REFUSED)


def test_an_answer_that_the_webmail_itself_begins_is_held_to_the_opened_message(
    unlocked: Extension, opened: tuple[Page, Frame], adaptor: Adaptor, webmail: LyingWebmail
) -> None:
    page, _ = opened
    page.goto(f"{webmail.origin}/?_task=mail&_action=compose&_reply_uid=7")
    press(unlocked, page)
    adaptor.wait_for_note(page, REFUSED)


def test_another_message_id_does_not_hide_that_the_begun_answer_is_to_another_message(
    unlocked: Extension, opened: tuple[Page, Frame], adaptor: Adaptor, webmail: LyingWebmail
) -> None:
    page, frame = opened
    webmail.given = [webmail.given[0].replace(b"<original@example.test>", OTHER_ID.encode())]
    webmail.message_id = OTHER_ID
    frame.around.click("[data-test=reply]")
    press(unlocked, page)
    adaptor.wait_for_note(page, REFUSED)
    # After this sentence, the person may answer that message, which its window names and judges.
    press(unlocked, page)
    assert "Other" in quoted(page)


def test_the_opened_message_is_answered(
    unlocked: Extension, opened: tuple[Page, Frame], webmail: LyingWebmail, people: People
) -> None:
    page, _ = opened
    webmail.given = [mail_from_bob(people, encrypted=True, text="Again")]
    open_and_answer(unlocked, page, webmail, "reply")
    assert "Again" in quoted(page)


def test_a_message_is_forwarded_as_a_file_without_another_reading(
    unlocked: Extension, opened: tuple[Page, Frame], webmail: LyingWebmail, people: People
) -> None:
    page, _ = opened
    webmail.given = [mail_from_bob(people, encrypted=True, text="Once more")]
    open_and_answer(unlocked, page, webmail, "forward")
    window = page.browser.wait_for_page("compose.html")
    window.wait_for_selector("[data-test=original-state]", timeout_seconds=60)
    read = len(webmail.sources)
    webmail.given = [mail_from_bob(people, encrypted=True, text="Other")]
    window.click("[data-test=forward-whole]")
    window.wait_for_text("message.eml", selector="[data-test=compose-attachments]", timeout_seconds=60)
    assert len(webmail.sources) == read
    window.close()
