"""The toolbar button is never a dead end: where a page shows nothing to open, a window offers the other ways."""

from __future__ import annotations

import time

import pytest

from tests.support.browser.page import ESCAPE, Page
from tests.support.browser.web_site import WebSite
from tests.support.extension.driver import Extension, textarea
from tests.support.extension.mail_letters import PASSPHRASE, Letters
from tests.support.extension.shown_mail import (
    ATTACHMENT,
    HEAD,
    PAPERCLIP,
    PART,
    RAW,
    SOURCE,
    WORDS,
    opened_text,
    refusal,
    said,
    show,
)
from tests.support.extension.toolbar import POINTING, choose, open_window
from tests.support.extension.webmail import Adaptor

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

PICKED = "() => globalThis.clicks"
COUNT_CLICKS = """() => {
  globalThis.clicks = 0;
  addEventListener("click", () => { globalThis.clicks += 1; });
}"""


@pytest.mark.parametrize(
    ("way", "page"), [("file", "viewer.html"), ("keys", "options.html"), ("write", "compose.html")]
)
def test_a_page_without_mail_leads_to_all_other_ways(
    extension: Extension, site: WebSite, tab: Page, way: str, page: str
) -> None:
    show(site, tab, "<p>Nothing but words.</p>", head="<!doctype html><title>Words</title>")
    window = open_window(extension, tab)
    ways = window.js("() => Array.from(document.querySelectorAll('[data-test^=way-]'), (one) => one.dataset.test)")
    assert ways == [
        f"way-{way}" for way in ("mail", "write", "field", "file", "parcel", "keys", "lock", "teach", "teach-form")
    ]
    assert window.text("[data-test=place]").endswith(f"{site.origin.removeprefix('http://')}.")
    with window.closing():
        window.click(f"[data-test=way-{way}]")
    extension.browser.wait_for_page(page).close()


def test_a_page_of_the_browser_leads_to_the_ways_without_a_page(extension: Extension, tab: Page) -> None:
    window = open_window(extension, tab)
    assert window.js("() => document.querySelectorAll('[data-test^=way-]').length") == 5
    with window.closing():
        window.press(ESCAPE)


def test_the_keys_are_locked_in_the_window_itself(extension: Extension, letters: Letters, tab: Page) -> None:
    extension.unlock(letters.folder / "alice.p12", PASSPHRASE)
    window = open_window(extension, tab)
    window.click("[data-test=way-lock]")
    window.wait_for_text("Your keys are locked", selector="[data-test=state]")
    assert not window.js("() => document.querySelector('[data-test=way-lock]')")
    with window.closing():
        window.press(ESCAPE)
    assert not open_window(extension, tab).js("() => document.querySelector('[data-test=way-lock]')")
    extension.is_locked = True
    extension.unlock(letters.folder / "alice.p12", PASSPHRASE)


def test_a_link_that_no_word_names_is_chosen_by_pointing(
    extension: Extension, site: WebSite, tab: Page, letter: bytes
) -> None:
    site.serve("/mail/7/x", letter, RAW)
    show(site, tab, PAPERCLIP)
    url = tab.url
    choose(extension, tab, "mail")
    tab.js(COUNT_CLICKS)
    tab.click("#letter a")
    assert WORDS in opened_text(extension, tab)
    assert (tab.url, site.asked) == (url, ["/mail/7/x"])
    assert tab.js(PICKED) == 0


def test_pointing_works_with_the_keyboard(extension: Extension, site: WebSite, tab: Page, letter: bytes) -> None:
    site.serve("/mail/7/x", letter, RAW)
    show(site, tab, PAPERCLIP)
    choose(extension, tab, "mail")
    tab.wait_for("() => document.hasFocus()")
    tab.js("() => document.querySelector('#letter a').focus()")
    tab.press("\ue007")
    assert WORDS in opened_text(extension, tab)


@pytest.mark.parametrize("link", ['<a href="/mail/7/other">Words</a>', "<button>Words</button>"])
def test_pointing_at_something_without_a_mail_is_answered_in_words(
    adaptor: Adaptor, site: WebSite, tab: Page, link: str, letter: bytes
) -> None:
    site.serve("/mail/7/other", b"<!doctype html><p>Words")
    show(site, tab, f"<p id=letter>{link}</p>")
    choose(adaptor.extension, tab, "mail")
    tab.click("#letter > *")
    tab.wait_for("() => document.querySelector('#letter').previousElementSibling.localName === 'div'")
    assert said(adaptor, tab).startswith("No message is behind this.")


IN_TEXT = "<a href=/mail/7/x>View source</a>"


def test_a_link_in_the_text_of_a_mail_cannot_be_chosen(
    adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes
) -> None:
    site.serve("/mail/7/x", letter, RAW)
    show(site, tab, f"<div><p>Here are the minutes of our meeting.</p><p id=letter>{IN_TEXT}</p></div>")
    choose(adaptor.extension, tab, "mail")
    tab.click("#letter a")
    adaptor.wait_for_note(tab, "in the text of the message")
    assert site.asked == []


def test_a_link_in_a_frame_with_a_mail_cannot_be_chosen(
    extension: Extension, site: WebSite, tab: Page, letter: bytes
) -> None:
    site.serve("/mail/7/x", letter, RAW)
    show(site, tab, f"<iframe srcdoc='<p id=letter>{IN_TEXT}</p>'></iframe>")
    choose(extension, tab, "mail")
    tab.frames()[0].click("#letter a")
    time.sleep(1)
    assert site.asked == []


def test_the_source_of_another_mail_cannot_be_chosen(adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes) -> None:
    site.serve("/mail/7/x", letter.replace(b"From: ", b"From: Mallory <mallory@example.test>, ", 1), RAW)
    show(site, tab, PAPERCLIP, head=HEAD.replace("[...]", "Another subject"))
    choose(adaptor.extension, tab, "mail")
    tab.click("#letter a")
    assert "a different message" in said(adaptor, tab)


def test_a_text_field_is_protected_by_pointing(extension: Extension, site: WebSite, tab: Page) -> None:
    show(site, tab, textarea("answer"), head="<!doctype html><title>Words</title>")
    choose(extension, tab, "field")
    tab.click("#answer")
    assert extension.frame_in(tab).text.text(".text").strip() == ""


def test_the_pointing_ends_by_escape_and_leaves_the_page_as_it_was(
    extension: Extension, site: WebSite, tab: Page
) -> None:
    show(site, tab, PAPERCLIP)
    before = tab.js("() => document.documentElement.outerHTML")
    choose(extension, tab, "mail")
    tab.wait_for("(before) => document.hasFocus() && document.documentElement.outerHTML !== before", before)
    tab.js(COUNT_CLICKS)
    tab.press(ESCAPE)
    tab.wait_for("(before) => document.documentElement.outerHTML === before", before)
    tab.click("body")
    assert tab.js(PICKED) == 1
    assert site.asked == []


def test_a_source_that_was_not_found_can_be_chosen(adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes) -> None:
    site.serve("/mail/7/x", letter, RAW)
    show(site, tab, PAPERCLIP + ATTACHMENT, bar=SOURCE)
    assert refusal(adaptor, tab) != ""
    box = tab.js("(part) => document.querySelector(part).previousElementSibling.getBoundingClientRect().toJSON()", PART)
    tab.click_at(round(box["x"]) + 24, round(box["bottom"]) - 24)
    tab.wait_for(POINTING)
    tab.click("#letter a")
    assert WORDS in opened_text(adaptor.extension, tab)


LETTERS = {
    "mailto:bob@example.test": (["bob@example.test"], "", ""),
    "mailto:bob%40example.test,%20carol@example.test?subject=A%20b+c&body=one%0D%0Atwo%26": (
        ["bob@example.test", "carol@example.test"],
        "A b+c",
        "one\ntwo&",
    ),
    "MAILTO:?To=bob@example.test&to=bob@example.test&Subject=x%0D%0ABcc:%20eve@example.test&from=eve@example.test": (
        ["bob@example.test"],
        "x Bcc: eve@example.test",
        "",
    ),
    "mailto:%ZZ@example.test,no%20address,<bob@example.test>?subject=%E0%A4&attach=/etc/passwd": (
        ["%ZZ@example.test", "bob@example.test"],
        "%E0%A4",
        "",
    ),
    "mailto:b%E2%80%8Bob@example.test,bob@example.test,%E2%80%AEeve@example.test": (["bob@example.test"], "", ""),
}


@pytest.mark.thorough(after=2)
@pytest.mark.parametrize("address", LETTERS, ids=range(len(LETTERS)))
def test_a_mailto_link_begins_a_message(extension: Extension, site: WebSite, tab: Page, address: str) -> None:
    show(site, tab, "<p>Words", head="<!doctype html><title>Words</title>")
    extension.choose_from_menu(tab, "write to", linkUrl=address)
    window = extension.browser.wait_for_page("compose.html")
    window.wait_for_selector("[data-test=compose-form]")
    recipients, subject, text = LETTERS[address]
    addresses = window.js(
        "() => Array.from(document.querySelectorAll('[data-test=recipient]'), (one) => one.dataset.address)"
    )
    assert addresses == recipients
    assert window.value("[data-test=compose-subject]") == subject
    assert window.value("[data-test=compose-text]") == text
    assert "smime.p7m.eml" in window.text("[data-test=arrives]")
