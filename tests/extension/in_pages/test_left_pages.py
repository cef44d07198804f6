"""A page that is left and shown again by the Back button contains nothing that the extension opened there."""

from __future__ import annotations

from contextlib import suppress

import pytest

from tests.support.browser.bidi import BidiError
from tests.support.browser.browsers import Firefox
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site, textarea
from tests.support.extension.field_pages import ENCRYPT_FIELD, TEXT, People, open_and_agree
from tests.support.extension.letters_from_bob import SECRET_WORDS, mail_from_bob
from tests.support.extension.mail_in_page import open_mail, show_mail
from tests.support.extension.saved_webmails import Service

IN_PAGE = page_scripts("extension/in_pages/left_pages.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

HAS_WORDS = "(words) => words.some((one) => document.documentElement?.outerHTML.includes(one))"
# Records whether the browser kept the document. Back shows only a kept document as it was.
MARK = (
    "() => { window.marked = true; addEventListener('pageshow', ({ persisted }) => { window.wasKept = persisted; }); }"
)
WAS_KEPT = "() => window.marked === true && window.wasKept === true"
BACK = "() => { setTimeout(() => history.back()); }"


def go_and_come_back(extension: Extension, page: Page, site: Site, *, lock: bool) -> None:
    """Go to another page, and come back by the browser's history, as a person does."""
    page.js(MARK)
    page.goto(site.page_with("<h2>Elsewhere</h2>"))
    if lock:
        extension.lock()
    page.activate()
    page.js(BACK)
    page.wait_for("() => document.readyState === 'complete' && !document.body.innerText.includes('Elsewhere')")


def assert_was_kept(extension: Extension, page: Page) -> None:
    """Check that Back has shown the kept document. While it is driven, Chromium keeps none and loads the page again."""
    if isinstance(extension.browser, Firefox):
        # The document is there before its event `pageshow`.
        page.wait_for(WAS_KEPT)


def words_in(page: Page) -> list[str]:
    """The frames that contain words of the opened text or mail."""
    contexts = []
    for frame in page.frames():
        # A frame that disappears during the search shows nothing.
        with suppress(BidiError):
            contexts += [frame.context] if frame.js(HAS_WORDS, [TEXT, SECRET_WORDS]) else []
    return contexts


@pytest.mark.parametrize("lock", [False, True], ids=["left", "locked"])
def test_back_shows_no_opened_field(unlocked: Extension, page: Page, site: Site, people: People, lock: bool) -> None:
    page.goto(site.page_with(textarea("letter", text=people.encrypt(TEXT, origin=site.origin, to=people.alice))))
    open_and_agree(unlocked, page)
    assert words_in(page)
    go_and_come_back(unlocked, page, site, lock=lock)
    assert_was_kept(unlocked, page)
    assert not words_in(page)
    # The field is there as before, and can be opened again.
    unlocked.wait_for_button(page, "#letter")


def test_back_shows_nothing_of_what_was_written(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(ENCRYPT_FIELD))
    unlocked.write(page, "#answer", TEXT)
    assert words_in(page)
    go_and_come_back(unlocked, page, site, lock=False)
    assert_was_kept(unlocked, page)
    assert not words_in(page)
    unlocked.wait_for_button(page, "#answer")


@pytest.mark.parametrize("lock", [False, True], ids=["left", "locked"])
def test_back_shows_no_opened_mail(
    unlocked: Extension, page: Page, site: Site, service: Service, people: People, lock: bool
) -> None:
    show_mail(page, service, mail_from_bob(people, encrypted=True))
    assert SECRET_WORDS in open_mail(unlocked, page).text.text()
    go_and_come_back(unlocked, page, site, lock=lock)
    assert not words_in(page)


# Counts the views at once, since the background removes the whole frame a moment later.
HIDE = IN_PAGE["hide"]


@pytest.mark.parametrize("kind", ["field", "mail"])
def test_a_frame_is_empty_once_its_page_is_hidden(
    unlocked: Extension, page: Page, site: Site, service: Service, people: People, kind: str
) -> None:
    if kind == "mail":
        show_mail(page, service, mail_from_bob(people, encrypted=True))
        around = open_mail(unlocked, page).around
    else:
        page.goto(site.page_with(textarea("letter", text=people.encrypt(TEXT, origin=site.origin, to=people.alice))))
        around = open_and_agree(unlocked, page)
    assert words_in(page)
    assert around.js(HIDE) == [1, 0]
    assert not words_in(page)
