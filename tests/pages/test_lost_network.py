"""A network that is lost and comes back: the views then show by themselves what they have missed."""

from __future__ import annotations

import pytest

from tests.support.browser.page import ENTER, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.draft_driver import wait_until
from tests.support.pages.driver import named
from tests.support.pages.mail_rig import (
    Mailbox,
    focus,
    focused,
    subjects,
    wait_for_notice,
    wait_for_subjects,
)

IN_PAGE = page_scripts("pages/lost_network.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

# No request gets an answer while `lost` is true. Those to the path `reaches` arrive at the bridge all the same.
LOSE = IN_PAGE["lose"]
# The marks that messages were read get no answer.
LOSE_MARKS = IN_PAGE["loseMarks"]
# The browser says so when its network is back. Otherwise the pages look for the bridge every ten seconds.
COME_BACK = "() => { window.lost = false; dispatchEvent(new Event('online')); }"
# The look for the bridge fails on, so the pages do not know that the network is back.
COME_BACK_UNNOTICED = IN_PAGE["comeBackUnnoticed"]


@pytest.mark.thorough(False)
def test_the_list_shows_what_an_act_has_done_when_the_network_is_back(inbox: Page, mail: Mailbox) -> None:
    inbox.js(LOSE, "/move")
    focus(inbox, "Four")
    inbox.type("e")
    wait_for_notice(inbox, "The server does not answer, so this was perhaps not done")
    assert "Four" in subjects(inbox)
    focus(inbox, "Two")
    inbox.js(COME_BACK)
    wait_for_subjects(inbox, "Six", "Five", "Three", "Two", "One")
    assert mail.subjects("Archive") == ["Four"]
    # A list that was loaded as a whole would have lost it.
    assert focused(inbox) == "Two"


def test_the_selection_comes_back_with_the_rows_of_an_act_that_failed(inbox: Page, mail: Mailbox) -> None:
    focus(inbox, "Four")
    inbox.type("xjx")
    inbox.wait_for_text("2 selected", selector=named("selection-count"))
    inbox.js(LOSE, "")
    inbox.type("e")
    wait_for_notice(inbox, "The server does not answer, so this was perhaps not done")
    inbox.wait_for_text("2 selected", selector=named("selection-count"))
    inbox.js(COME_BACK)
    inbox.click(named("selection-acts-archive"))
    wait_for_subjects(inbox, "Six", "Five", "Two", "One")
    wait_for_notice(inbox, "2 messages archived.")
    assert sorted(mail.subjects("Archive")) == ["Four", "Three"]


def test_an_act_is_taken_back_when_the_network_is_back(inbox: Page, mail: Mailbox) -> None:
    focus(inbox, "Four")
    inbox.type("e")
    wait_for_notice(inbox, "Archived.")
    inbox.js(LOSE, "")
    inbox.type("z")
    wait_for_notice(inbox, "The server does not answer, so this was perhaps not done")
    inbox.js(COME_BACK)
    inbox.type("z")
    wait_for_notice(inbox, "Taken back.")
    wait_for_subjects(inbox, "Six", "Five", "Four", "Three", "Two", "One")
    assert "Four" in mail.subjects()


def test_a_message_that_did_not_come_is_shown_when_the_network_is_back(inbox: Page) -> None:
    inbox.js(LOSE, "")
    focus(inbox, "Three")
    inbox.press(ENTER)
    inbox.wait_for_text("The server does not answer.", selector=named("reading-error"))
    inbox.js(COME_BACK)
    inbox.wait_for_selector(named("body"))


def test_a_folder_that_did_not_come_is_shown_when_the_network_is_back(inbox: Page) -> None:
    inbox.js(LOSE, "")
    inbox.click(f'{named("folder")}[data-folder="Archive"]')
    inbox.wait_for_text("The server does not answer.", selector=named("list-error"))
    inbox.js(COME_BACK)
    inbox.wait_for("(name) => document.querySelector(name).textContent === ''", named("list-error"))
    inbox.wait_for_text("Archive", selector="h1.list-title")


def test_a_press_on_a_folder_that_did_not_come_asks_for_it_again(inbox: Page) -> None:
    archive = f'{named("folder")}[data-folder="Archive"]'
    inbox.js(LOSE, "")
    inbox.click(archive)
    inbox.wait_for_text("The server does not answer.", selector=named("list-error"))
    inbox.js(COME_BACK_UNNOTICED)
    inbox.click(archive)
    inbox.wait_for("(name) => document.querySelector(name).textContent === ''", named("list-error"))


def test_a_message_that_was_read_is_marked_when_the_network_is_back(inbox: Page, mail: Mailbox) -> None:
    inbox.js(LOSE_MARKS)
    focus(inbox, "Three")
    inbox.press(ENTER)
    inbox.wait_for("() => window.comeBack !== undefined")
    (uid,) = inbox.js("() => [...document.querySelectorAll('[aria-current][data-uid]')].map((row) => +row.dataset.uid)")
    assert "Seen" not in mail.flags(uid)
    inbox.js("() => comeBack()")
    wait_until(lambda: "Seen" in mail.flags(uid))
