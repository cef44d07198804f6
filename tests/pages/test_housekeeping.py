"""Acts on messages in the pages, before a real Dovecot: archive, delete, move, spam, flags, and their undoing."""

from __future__ import annotations

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER, ESCAPE, SHIFT, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.mail_rig import (
    Mailbox,
    MailRig,
    build_message,
    focus,
    focused,
    open_folder,
    select,
    subjects,
    wait_for_notice,
    wait_for_subjects,
)

IN_PAGE = page_scripts("pages/housekeeping.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

DOWN = "\ue015"


@pytest.fixture
def page(inbox: Page) -> Page:
    """The inbox with six messages."""
    return inbox


@pytest.mark.thorough(False)
def test_selected_rows_are_archived_and_come_back(page: Page, mail: Mailbox) -> None:
    select(page, "Five", "Four")
    assert page.text(named("selection-count")) == "2 selected"
    page.click(named("selection-acts-archive"))
    assert "Five" not in subjects(page)
    wait_for_notice(page, "2 messages archived.")
    assert sorted(mail.subjects("Archive")) == ["Five", "Four"]
    assert focused(page) == "Three"
    page.click(named("undo"))
    wait_for_notice(page, "Taken back.")
    wait_for_subjects(page, "Six", "Five", "Four", "Three", "Two", "One")
    assert mail.subjects("Archive") == []


@pytest.mark.thorough(False)
def test_the_open_message_is_deleted_and_the_next_row_has_the_focus(page: Page, mail: Mailbox) -> None:
    page.click(f"li:nth-of-type(4) {named('message-row')}")
    page.wait_for_selector(named("message-acts-delete"))
    page.wait_for(
        f"() => document.querySelector('{named('reading')}').getAttribute('aria-busy') === 'false'",
        timeout_seconds=OPERATION_SECONDS,
    )
    opened = page.text(f"{named('reading')} h2")
    page.click(named("message-acts-delete"))
    wait_for_notice(page, "Moved to the trash.")
    assert mail.subjects("Trash") == [opened]
    page.wait_for("() => !location.hash.match(/\\d+\\/\\d+$/)")
    assert focused(page) == {"Five": "Four", "Four": "Three"}[opened]


@pytest.mark.thorough(False)
def test_messages_of_the_trash_are_deleted_forever_after_a_question(page: Page, mail: Mailbox) -> None:
    mail.append(build_message("Gone"), "Trash")
    open_folder(page, "Trash")
    wait_for_subjects(page, "Gone")
    select(page, "Gone")
    assert page.text(named("selection-acts-delete")) == "Delete forever"
    page.click(named("selection-acts-delete"))
    page.wait_for_selector(named("delete-for-ever"))
    assert page.js(f"() => document.querySelector('{named('delete-for-ever')}').className") == "danger"
    page.press(ESCAPE)
    assert subjects(page) == ["Gone"]
    page.click(named("selection-acts-delete"))
    page.click(named("delete-for-ever"))
    wait_for_notice(page, "Deleted for ever.")
    assert mail.subjects("Trash") == []
    assert page.js(f"() => document.querySelector('{named('undo')}').hidden") is True


def test_a_message_is_moved_to_a_folder_that_is_found_by_typing(page: Page, mail: Mailbox) -> None:
    focus(page, "Three")
    page.type("m")
    page.wait_for_selector(named("pick-filter"))
    page.type("inv" + ENTER)
    wait_for_notice(page, "Moved to Invoices.")
    assert mail.subjects("Invoices") == ["Three"]
    assert focused(page) == "Two"


def test_a_message_is_moved_to_a_folder_that_is_made_while_typing(page: Page, mail: Mailbox) -> None:
    focus(page, "Five")
    page.type("m")
    page.wait_for_selector(named("pick-filter"))
    page.type("Ward 4")
    page.wait_for_selector(named("pick-make"))
    page.press(ENTER)
    wait_for_notice(page, "Moved to Ward 4.")
    assert "Five" not in subjects(page)
    assert mail.subjects("Ward 4") == ["Five"]
    page.wait_for_selector(f'{named("folder")}[data-folder="Ward 4"]')


def test_spam_goes_to_its_folder_and_back(page: Page, mail: Mailbox) -> None:
    focus(page, "Two")
    page.type("!")
    wait_for_notice(page, "Moved to spam.")
    assert mail.subjects("Junk") == ["Two"]
    open_folder(page, "Junk", shown="Spam")
    wait_for_subjects(page, "Two")
    select(page, "Two")
    assert page.text(named("selection-acts-junk")) == "Not spam"
    page.click(named("selection-acts-junk"))
    wait_for_notice(page, "Moved to the inbox.")
    assert "Two" in mail.subjects()


def test_flags_and_unread_are_set_for_many_and_taken_back_by_a_key(page: Page, mail: Mailbox) -> None:
    select(page, "Six", "Five")
    page.click(named("selection-acts-flag"))
    wait_for_notice(page, "2 messages flagged.")
    assert page.js("() => document.querySelectorAll('[data-test=row-flag]').length") == 2
    assert page.text(named("selection-acts-flag")) == "Unflag"
    assert "Flagged" in mail.flags(6)
    page.click(named("selection-acts-unread"))
    wait_for_notice(page, "2 messages marked as read.")
    assert "Seen" in mail.flags(5)
    assert page.js("() => document.querySelectorAll('.row-unseen').length") == 4
    page.js("() => document.activeElement.blur()")
    page.type("z")
    wait_for_notice(page, "Taken back.")
    page.wait_for("() => document.querySelectorAll('.row-unseen').length === 6")
    assert "Seen" not in mail.flags(5)


def test_ranges_are_selected_by_shift(page: Page) -> None:
    focus(page, "Five")
    page.press(SHIFT, DOWN)
    page.press(SHIFT, DOWN)
    assert page.text(named("selection-count")) == "3 selected"
    assert focused(page) == "Three"
    page.press(ESCAPE)
    page.wait_for(f"() => document.querySelector('{named('selection-acts')}').hidden")
    focus(page, "Six")
    page.type("x")
    page.click(named("select-all"))
    assert page.text(named("selection-count")) == "6 selected"


def test_a_refused_act_brings_the_rows_back_and_says_why(page: Page, mail: Mailbox, browser: Browser) -> None:
    browser.expect_error("502")
    browser.expect_error("503")
    browser.expect_error("500")
    page.js(IN_PAGE["aRefusedActBringsTheRowsBackAndSaysWhy"])
    focus(page, "Four")
    page.type("e")
    wait_for_notice(page, "Nothing was changed. The mail server refuses this")
    assert subjects(page) == ["Six", "Five", "Four", "Three", "Two", "One"]
    assert "Four" in mail.subjects()


@pytest.mark.thorough(False)
def test_an_act_whose_answer_is_lost_is_not_said_to_have_changed_nothing(page: Page, mail: Mailbox) -> None:
    page.js(IN_PAGE["anActWhoseAnswerIsLostIsNotSaidToHaveChangedNothing"])
    focus(page, "Four")
    page.type("e")
    wait_for_notice(page, "so this was perhaps not done, or only in part.")
    wait_for_subjects(page, "Six", "Five", "Three", "Two", "One")
    assert mail.subjects("Archive") == ["Four"]


def test_a_server_that_only_marks_says_so_and_keeps_the_rows(page: Page) -> None:
    page.js(IN_PAGE["aServerThatOnlyMarksSaysSoAndKeepsTheRows"])
    focus(page, "Four")
    page.type("e")
    wait_for_notice(page, "cannot remove single messages")
    assert "Four" in subjects(page)


def test_without_a_place_for_an_archive_the_button_says_why(rig: MailRig, mail: Mailbox, browser: Browser) -> None:
    mail.append(build_message("Only"))
    page = rig.visit(browser, mail.address)
    page.js(IN_PAGE["withoutAPlaceForAnArchiveTheButtonSaysWhy"])
    wait_for_subjects(page, "Only")
    select(page, "Only")
    page.click(named("selection-acts-archive"))
    wait_for_notice(page, "no folder for the archive, and none could be made")
    assert subjects(page) == ["Only"]
    select(page, "Only")
    select(page, "Only")
    state = page.js(f"""() => {{
      const button = document.querySelector('{named("selection-acts-archive")}');
      const reason = document.getElementById(button.getAttribute("aria-describedby"));
      return [button.getAttribute("aria-disabled"), reason.textContent];
    }}""")
    assert state[0] == "true"
    assert "none could be made" in state[1]
    page.close()


def test_an_archive_is_made_where_there_is_none(rig: MailRig, mail: Mailbox, browser: Browser) -> None:
    mail.append(build_message("Only"))
    page = rig.visit(browser, mail.address)
    wait_for_subjects(page, "Only")
    focus(page, "Only")
    page.type("e")
    wait_for_notice(page, "Archived.")
    assert mail.subjects("Archive") == ["Only"]
    page.wait_for_selector(f'{named("folder")}[data-folder="Archive"]')
    page.close()
