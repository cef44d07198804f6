"""People and groups in the pages: added, named, removed, written to; and the same on another device of the person."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.kept_trust import show_contacts, wait_until_kept
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

PEOPLE = "() => [...document.querySelectorAll('[data-test=recipient]')].map(({ dataset }) => dataset.address)"
CAROL, DAVE, EVE = "carol@partner.test", "dave@partner.test", "eve@partner.test"
WARD = [CAROL, DAVE]


@pytest.fixture
def here(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.enter()
    show_contacts(pages)
    yield pages
    pages.page.js("""async () => indexedDB.deleteDatabase("sealwax")""")
    pages.close()


def add_person(pages: MailPages, address: str, name: str = "") -> None:
    pages.page.click(named("person-add"))
    pages.page.fill(named("person-name"), name)
    pages.page.fill(named("person-address"), address)
    pages.page.click(named("person-save"))
    wait_for_card(pages, address)


def wait_for_card(pages: MailPages, address: str) -> None:
    pages.page.wait_for_selector(f'{named("person")}[data-address="{address}"]', timeout_seconds=OPERATION_SECONDS)


def choose(pages: MailPages, *addresses: str) -> None:
    for address in addresses:
        pages.page.click(f'{named("person")}[data-address="{address}"] {named("person-choose")}')


def make_ward(pages: MailPages) -> None:
    """The group Ward 3 with Carol and Dave, made of the chosen people."""
    add_person(pages, CAROL, "Carol")
    add_person(pages, DAVE)
    choose(pages, CAROL, DAVE)
    assert pages.page.text(named("people-chosen")) == "2 chosen"
    pages.page.click(named("people-make-group"))
    pages.page.fill(named("group-name"), "Ward 3")
    save_group(pages)
    wait_for_group(pages, "2 members: Carol and dave@partner.test")


def save_group(pages: MailPages) -> None:
    """Press the button when the look-ups are over: their words move it."""
    asking = f'dialog {named("recipient")}[data-readiness="asking"]'
    pages.page.wait_for(f"() => !document.querySelector('{asking}')", timeout_seconds=OPERATION_SECONDS)
    pages.page.click(named("group-save"))


def wait_for_group(pages: MailPages, text: str) -> None:
    """Wait for a text in the section of groups, whose names are in marks of direction."""
    look = f"""(text) => document.querySelector('{named("groups")}')
      ?.innerText.replaceAll(/[\\u2068\\u2069]/g, "").includes(text)"""
    pages.page.wait_for(look, text, timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough(False)
def test_the_name_of_a_group_puts_all_members_in_and_missing_certificates_are_one_group(here: MailPages) -> None:
    make_ward(here)
    here.page.click(named("write"))
    here.page.click(named("compose-to"))
    here.page.type("war")
    here.page.wait_for_text("Group of 2", selector=named("suggestion"), timeout_seconds=OPERATION_SECONDS)
    here.page.type(ENTER)
    assert here.page.js(PEOPLE) == WARD
    sentence = "2 members of “Ward 3” cannot receive encrypted mail yet."
    here.page.wait_for_text(sentence, selector=named("obstacle"), timeout_seconds=OPERATION_SECONDS)
    here.page.click(named("remedy-remove-all"))
    assert here.page.js(PEOPLE) == []
    # The whole name and a comma do the same as the suggestion.
    here.page.fill(named("compose-to"), "ward 3,")
    assert here.page.js(PEOPLE) == WARD


def test_people_and_groups_follow_to_another_browser_and_leave_both(
    browser: Browser, here: MailPages, stack: DemoStack
) -> None:
    make_ward(here)
    wait_until_kept(here, 1)
    here.page.js("() => { location.hash = '#/keys'; }")
    stored = f'{named("roaming")}[data-roaming="stored"]'
    here.page.wait_for_selector(stored, timeout_seconds=OPERATION_SECONDS)
    elsewhere = MailPages(browser, stack.pages_url, stack.accounts[0])
    elsewhere.enter()
    show_contacts(elsewhere)
    wait_for_group(elsewhere, "2 members: Carol and dave@partner.test")

    elsewhere.page.click(f'{named("person")}[data-address="{DAVE}"] {named("person-remove")}')
    wait_for_group(elsewhere, "1 member: Carol")
    elsewhere.page.js("() => { location.hash = '#/keys'; }")
    elsewhere.page.wait_for_selector(stored, timeout_seconds=OPERATION_SECONDS)
    elsewhere.close()

    here.page.reload()
    here.unlock()
    here.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    show_contacts(here)
    wait_for_group(here, "1 member: Carol")
    assert DAVE not in here.page.text(named("people"))


def test_names_and_groups_are_changed_and_what_is_wrong_is_said(here: MailPages) -> None:
    page = here.page
    make_ward(here)
    page.click(named("person-add"))
    page.fill(named("person-address"), "carol")
    page.click(named("person-save"))
    page.wait_for_text("not an email address", selector=named("person-error"))
    page.fill(named("person-address"), EVE)
    page.click(named("person-save"))
    wait_for_card(here, EVE)

    page.click(f'{named("person")}[data-address="{EVE}"] {named("person-rename")}')
    page.fill(named("person-name"), "Eve Adams")
    page.click(named("person-save"))
    page.wait_for_text("Eve Adams", selector=f'{named("person")}[data-address="{EVE}"] h3')

    page.click(named("group-make"))
    for name, words in (("", "needs a name"), ("a@b", "needs a name"), ("WARD 3", "already"), ("Ward 4", "one member")):
        page.fill(named("group-name"), name)
        page.click(named("group-save"))
        page.wait_for_text(words, selector=named("group-error"))
    page.fill(named("group-members"), f"{EVE}, nobody")
    save_group(here)
    page.wait_for_text("nobody", selector=named("group-error"))
    page.click(f'dialog {named("recipient")}[data-address="nobody"] .chip-remove')
    save_group(here)
    wait_for_group(here, "1 member: Eve Adams")

    page.click(f'{named("group")}[data-group="Ward 4"] {named("group-edit")}')
    page.fill(named("group-name"), "Ward 5")
    save_group(here)
    page.wait_for_selector(f'{named("group")}[data-group="Ward 5"]')
    assert "Ward 4" not in page.text(named("groups"))
    page.click(f'{named("group")}[data-group="Ward 5"] {named("group-remove")}')
    page.wait_for_text("The people in it stay.")

    choose(here, CAROL, EVE)
    page.click(named("people-remove"))
    page.click(named("people-remove-go"))
    wait_for_group(here, "1 member: dave@partner.test")
    assert page.js(f"() => document.querySelector('{named('people-bar')}').hidden")


@pytest.mark.thorough(False)
def test_a_message_cannot_put_the_members_of_a_group_in(here: MailPages, stack: DemoStack) -> None:
    make_ward(here)
    account = here.account.address
    people = f"From: bob@partner.test\r\nTo: {account}\r\nCc: Ward 3, mallory@partner.test\r\n"
    raw = f"{people}Subject: Hello\r\n\r\nHello\r\n"
    stack.mail_server.append(account, raw.encode())
    uid = stack.mail_server.messages(account)[-1].uid
    here.open_message(uid)
    here.page.click(named("reply-all"))
    here.page.wait_for_selector(named("compose-form"))
    recipients = here.page.js(PEOPLE)
    assert not set(WARD) & set(recipients)
