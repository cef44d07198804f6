"""The lists of messages and folders before a real Dovecot: days, threads, search, folders, keys, swipes, many rows."""

from __future__ import annotations

import re

import pytest

from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser, Chromium
from tests.support.browser.page import CONTROL, ENTER, ESCAPE, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.mail_rig import (
    SETTLED,
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

IN_PAGE = page_scripts("pages/mail_lists.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

FOLDER_NAMES = "() => [...document.querySelectorAll('[data-test=folder]')].map((link) => link.dataset.folder)"


def test_the_newest_date_is_first_below_the_heading_of_its_day(rig: MailRig, mail: Mailbox, browser: Browser) -> None:
    for subject, days in [("New", 0), ("Old", 400), ("Yesterday's", 1), ("Last week's", 3)]:
        mail.append(build_message(subject, days_ago=days))
    page = rig.visit(browser, mail.address)
    wait_for_subjects(page, "New", "Yesterday's", "Last week's", "Old")
    titles = page.js("() => [...document.querySelectorAll('.day-title')].map((each) => each.textContent)")
    assert titles[:2] == ["Today", "Yesterday"]
    assert re.fullmatch(r"[A-Z][a-z]+day", titles[2])
    assert re.search(r"\b20\d\d\b", titles[3])
    page.close()


def test_folders_inside_others_stand_below_them(inbox: Page) -> None:
    placed = inbox.js(IN_PAGE["foldersInsideOthersStandBelowThem"])
    assert placed == [
        True,
        [
            ["INBOX", 0, None],
            ["INBOX/Inside", 0, None],
            ["Work", 0, None],
            ["Work/2025", 1, "2025"],
            ["Work/2025/May", 2, "May"],
            ["Work/2025/May/1", 3, "1"],
            ["Work/2025/May/1/2", 4, "2"],
            ["Work/2025/May/1/2/3", 4, "3"],
            ["Work-2", 0, None],
        ],
    ]


@pytest.mark.thorough(False)
def test_conversations_are_one_row_that_unfolds(rig: MailRig, mail: Mailbox, browser: Browser) -> None:
    mail.append(build_message("Question", days_ago=2, more="Message-ID: <q@x.test>\r\n"))
    mail.append(build_message("Alone", days_ago=1, more="Message-ID: <alone@x.test>\r\n"))
    mail.append(build_message("Re: Question", more="Message-ID: <a@x.test>\r\nIn-Reply-To: <q@x.test>\r\n"))
    page = rig.visit(browser, mail.address)
    page.click(named("threads"))
    wait_for_subjects(page, "Re: Question", "Alone")
    page.click(named("row-thread"))
    wait_for_subjects(page, "Re: Question", "Question", "Alone")
    assert page.js(f"() => document.querySelector('{named('row-thread')}').getAttribute('aria-expanded')") == "true"
    page.click(named("row-thread"))
    wait_for_subjects(page, "Re: Question", "Alone")
    # A thread that is folded is archived whole.
    focus(page, "Re: Question")
    page.type("e")
    wait_for_notice(page, "2 messages archived.")
    assert mail.subjects() == ["Alone"]
    page.close()


@pytest.mark.thorough(False)
def test_the_mail_server_searches_and_escape_ends_it(inbox: Page) -> None:
    inbox.js("() => document.activeElement.blur()")
    inbox.type("/")
    inbox.wait_for("() => document.activeElement.dataset.test === 'search'")
    inbox.type("text of Three" + ENTER)
    wait_for_subjects(inbox, "Three")
    inbox.wait_for_text("1 message found", selector=named("search-note"))
    assert inbox.text(".list-title") == "Found in Inbox"
    inbox.press(ESCAPE)
    wait_for_subjects(inbox, "Six", "Five", "Four", "Three", "Two", "One")
    inbox.fill(named("search"), "nowhere" + ENTER)
    inbox.wait_for_text("No message has these words")
    inbox.wait_for_text("0 messages found", selector=named("search-note"))


def test_a_folder_is_made_renamed_and_deleted(inbox: Page, mail: Mailbox) -> None:
    inbox.click(named("folder-make"))
    inbox.type("Ward 4" + ENTER)
    wait_for_notice(inbox, "Folder Ward 4 made.")
    inbox.wait_for("() => document.querySelector('.list-title').textContent === 'Ward 4'")
    inbox.click(named("folder-settings"))
    inbox.fill(named("folder-name"), "Ward 5")
    inbox.click(named("folder-name-go"))
    wait_for_notice(inbox, "Renamed to Ward 5.")
    inbox.wait_for("() => document.querySelector('.list-title').textContent === 'Ward 5'")
    assert "Ward 5" in mail.folders()
    mail.append(build_message("Inside"), "Ward 5")
    inbox.click(named("refresh"))
    wait_for_subjects(inbox, "Inside")
    inbox.click(named("folder-settings"))
    inbox.click(named("folder-delete"))
    inbox.wait_for_text("The message in it is deleted for ever", selector="dialog")
    inbox.click(named("folder-delete-go"))
    wait_for_notice(inbox, "Folder Ward 5 deleted.")
    assert "Ward 5" not in mail.folders()
    inbox.wait_for("() => document.querySelector('.list-title').textContent === 'Inbox'")


def test_a_subscription_ends_and_comes_back(inbox: Page) -> None:
    open_folder(inbox, "Invoices")
    inbox.click(named("folder-settings"))
    assert inbox.js(f"() => document.querySelector('{named('folder-subscribed')}').checked") is True
    inbox.click(named("folder-subscribed"))
    wait_for_notice(inbox, "No longer subscribed to Invoices.")
    inbox.press(ESCAPE)
    inbox.click(named("undo"))
    wait_for_notice(inbox, "Taken back.")


def test_a_folder_is_used_for_what_the_person_chooses(inbox: Page, mail: Mailbox) -> None:
    open_folder(inbox, "Invoices")
    choose_use(inbox, "trash")
    wait_for_notice(inbox, "Invoices is now used for: Trash.")
    inbox.press(ESCAPE)
    inbox.click(f'{named("folder")}[data-folder="INBOX"]')
    inbox.wait_for("() => document.querySelector('.list-title').textContent === 'Inbox'")
    inbox.wait_for_selector(named("message-row"))
    inbox.js("() => document.activeElement.blur()")
    inbox.type("j#")
    wait_for_notice(inbox, "Moved to the trash.")
    assert len(mail.subjects("Invoices")) == 1
    open_folder(inbox, "Invoices")
    choose_use(inbox, "")
    wait_for_notice(inbox, "used as the mail service says.")
    inbox.press(ESCAPE)


def choose_use(inbox: Page, use: str) -> None:
    """Choose what the open folder is used for."""
    inbox.click(named("folder-settings"))
    inbox.js(
        IN_PAGE["chooseUse"],
        [named("folder-use"), use],
    )


def test_a_name_that_is_taken_keeps_the_dialog(inbox: Page, browser: Browser) -> None:
    browser.expect_error("409")
    inbox.click(named("folder-make"))
    inbox.type("Invoices" + ENTER)
    inbox.wait_for_text("There is a folder of this name already", selector=named("folder-name-error"))
    assert inbox.value(named("folder-name")) == "Invoices"
    inbox.press(ESCAPE)


def test_keys_walk_act_and_stop_while_one_types(inbox: Page, mail: Mailbox) -> None:
    inbox.js("() => document.activeElement.blur()")
    inbox.type("jj")
    assert focused(inbox) == "Five"
    inbox.type("k")
    assert focused(inbox) == "Six"
    inbox.type("s")
    inbox.wait_for_selector(named("row-flag"))
    inbox.type("j#")
    wait_for_notice(inbox, "Moved to the trash.")
    assert mail.subjects("Trash") == ["Five"]
    inbox.click(named("search"))
    inbox.type("e#!z?")
    assert inbox.value(named("search")) == "e#!z?"
    inbox.press(ESCAPE)
    inbox.type("?")
    inbox.wait_for_selector(named("shortcuts-help"))
    inbox.press(ESCAPE)
    inbox.js("() => { location.hash = '#/settings/expert'; }")
    inbox.click(named("shortcuts-switch"))
    inbox.js("() => { location.hash = '#/folder/inbox'; }")
    inbox.wait_for_selector(SETTLED)
    focus(inbox, "Four")
    inbox.type("e")
    assert "Four" in subjects(inbox)


def test_a_tap_opens_again_when_the_selected_messages_are_gone(inbox: Page, mail: Mailbox) -> None:
    inbox.set_viewport(390, 844)
    inbox.click(named("select"))
    inbox.tap("[data-test=message-row]")
    inbox.click(named("selection-acts-archive"))
    wait_for_subjects(inbox, "Five", "Four", "Three", "Two", "One")
    wait_for_notice(inbox, "Archived.")
    assert mail.subjects("Archive") == ["Six"]
    inbox.tap("[data-test=message-row]")
    inbox.wait_for_selector(named("body"))


def test_the_key_for_searching_keeps_the_focus_in_the_field_when_it_closes_a_message(inbox: Page) -> None:
    focus(inbox, "Four")
    inbox.press(ENTER)
    inbox.wait_for_selector(f"{named('reading')}[aria-busy=false] {named('reply')}")
    inbox.type("/")
    inbox.wait_for("() => document.querySelector('[data-test=message-row][aria-current]') === null")
    inbox.type("Four" + ENTER)
    wait_for_subjects(inbox, "Four")


def test_keys_go_to_a_folder_by_its_name_and_to_the_lock(inbox: Page) -> None:
    inbox.js("() => document.activeElement.blur()")
    inbox.type("g")
    inbox.wait_for("(field) => document.activeElement.matches(field)", named("pick-filter"))
    inbox.type("no such folder")
    # Nothing is made here, as it is when messages are moved.
    assert inbox.js("(name) => document.querySelector(name)", named("pick-make")) is None
    inbox.press(CONTROL, "a")
    inbox.type("tra" + ENTER)
    inbox.wait_for_text("Trash", selector="h1.list-title")
    inbox.wait_for_selector(f"{named('messages')}[aria-busy=false]")
    inbox.type("l")
    inbox.wait_for_selector(named("unlock-form"))
    inbox.js("() => { location.hash = '#/folder/inbox'; }")
    inbox.wait_for_selector(SETTLED)


def swipe(page: Page, subject: str, *, dx: int, dy: int = 0) -> None:
    """Move a finger over the row of a message."""
    box = page.js(
        IN_PAGE["swipe"],
        subject,
    )
    x, y = box
    moves = [
        {"type": "pointerMove", "x": x + dx * step // 8, "y": y + dy * step // 8, "duration": 20}
        for step in range(1, 9)
    ]
    page.touch([{"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown", "button": 0}, *moves])
    page.touch([{"type": "pointerUp", "button": 0}])


def test_a_swipe_archives_or_deletes_and_a_scroll_does_neither(inbox: Page, mail: Mailbox) -> None:
    inbox.set_viewport(390, 844)
    swipe(inbox, "Four", dx=4, dy=-160)
    swipe(inbox, "Four", dx=60)
    assert len(subjects(inbox)) == 6
    swipe(inbox, "Four", dx=180)
    wait_for_notice(inbox, "Archived.")
    swipe(inbox, "Three", dx=-180)
    wait_for_notice(inbox, "Moved to the trash.")
    assert mail.subjects("Archive") == ["Four"]
    assert mail.subjects("Trash") == ["Three"]
    inbox.click(named("select"))
    # Chromium takes a tap shortly after a swipe for one that stops its fling.
    inbox.touch([{"type": "pause", "duration": 1_500}])
    inbox.tap("[data-test=message-row]")
    inbox.wait_for_text("1 selected", selector=named("selection-count"))
    # Neither a swipe nor a tap that selects opens a message.
    assert not re.search(r"/\d+$", inbox.url)


def test_a_phone_has_the_navigation_and_the_acts_at_the_bottom(inbox: Page) -> None:
    inbox.set_viewport(390, 844)
    inbox.click(named("nav-menu"))
    inbox.wait_for_selector(named("folder"))
    open_folder(inbox, "Invoices")
    inbox.click(named("nav-search"))
    inbox.wait_for("() => document.activeElement.dataset.test === 'search'")
    inbox.js("() => { location.hash = '#/folder/inbox'; }")
    wait_for_subjects(inbox, "Six", "Five", "Four", "Three", "Two", "One")
    inbox.click(named("message-row"))
    inbox.wait_for_selector(f"{named('reading')}[aria-busy=false]", timeout_seconds=OPERATION_SECONDS)
    bottom = inbox.js(f"() => document.querySelector('{named('message-acts')}').getBoundingClientRect().bottom")
    assert bottom == inbox.js("() => innerHeight")
    inbox.click(named("message-acts-archive"))
    wait_for_notice(inbox, "Archived.")
    inbox.wait_for_selector(named("nav-search"))
    for width in (320, 390):
        inbox.set_viewport(width, 700)
        assert not inbox.overflows_sideways()
        assert inbox.js(ROWS_OF_SEARCH) == 1
        assert find_violations(inbox) == []
        select(inbox, "Five")
        assert find_violations(inbox) == []
        assert not inbox.overflows_sideways()
        select(inbox, "Five")


# In how many rows the field, the choice and the button of the search are.
ROWS_OF_SEARCH = """() => new Set([...document.querySelectorAll(".search-box > *")]
  .filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect().top)).size"""
HOSTILE = IN_PAGE["hostile"]


@pytest.mark.thorough(False)
def test_hostile_folders_flags_and_dates_leave_the_view_whole(inbox: Page) -> None:
    inbox.js(HOSTILE)
    inbox.click(named("refresh"))
    inbox.wait_for("() => document.querySelectorAll('[data-test=folder]').length > 1000")
    inbox.wait_for_selector(SETTLED)
    inbox.wait_for_selector(named("row-deleted"))
    assert inbox.js("() => document.querySelectorAll('.row').length") == 6
    for width in (320, 1100):
        inbox.set_viewport(width, 800)
        assert not inbox.overflows_sideways()
    inbox.js("() => document.querySelector('.row').focus()")
    inbox.type("m")
    inbox.wait_for_selector(named("pick-filter"))
    assert inbox.js("() => document.querySelectorAll('[data-test=pick-folder]').length") == 200
    inbox.type("Folder 999")
    inbox.wait_for("() => document.querySelectorAll('[data-test=pick-folder]').length === 1")
    assert not inbox.overflows_sideways()
    inbox.press(ESCAPE)


# Makes `list` of 10,000 rows in pages of 50, in a pane that scrolls.
MANY = IN_PAGE["many"]

SCROLL = IN_PAGE["scroll"]
# Scrolls as a fast wheel does, from the top. Returns the milliseconds between frames, the middle one of all.
WHEEL = IN_PAGE["wheel"]


def test_ten_thousand_rows_come_as_one_scrolls(chromium: Chromium, rig: MailRig) -> None:
    page = chromium.open(rig.pages_url)
    page.js(MANY)
    page.js(SCROLL, 1000)
    few = page.js(WHEEL)
    assert page.js(SCROLL, 10_000) == 10_000
    # Measured against a tenth of the rows, because the machine of the tests is shared.
    many = page.js(WHEEL)
    assert many < 50 or many < 2 * few, (few, many)
    page.close()


def test_a_message_that_is_shown_late_leaves_the_focus_where_the_person_has_gone(inbox: Page) -> None:
    # Beside the message, the list is shown only on a wide page.
    inbox.set_viewport(1280, 900)
    inbox.js(IN_PAGE["aMessageThatIsShownLateLeavesTheFocusWhereThePersonHasGone"])
    focus(inbox, "Three")
    inbox.press(ENTER)
    inbox.wait_for("() => window.goOn !== undefined")
    inbox.type("k")
    assert focused(inbox) == "Four"
    inbox.js("() => goOn()")
    inbox.wait_for_selector(named("body"), timeout_seconds=OPERATION_SECONDS)
    assert focused(inbox) == "Four"
