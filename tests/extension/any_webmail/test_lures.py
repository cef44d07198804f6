"""Lures in a mail's text that carry the extension's own marks, and pages that only look like one with a mail."""

from __future__ import annotations

import pytest

from tests.support.browser.page import Page
from tests.support.browser.web_site import WebSite
from tests.support.extension.driver import Extension, notes_below

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

LINK = '<a id=link data-smime=decrypt href="/mail/7/delete">The contract</a>'
TEXT = f"<p>Please open the file that is waiting for you today.</p>{LINK}<p>Kind regards, and see you soon.</p>"
HEAD = "<div>From: Bob &lt;bob@example.test&gt;</div><div>2026-11-20 11:00</div>"
PAGES = {
    "after the lines of a mail": f"<script></script>{HEAD}<div class=text>{TEXT}</div>",
    "after a name and a time": "<script></script><h2>Thursday</h2><b title='bob@example.test'>Bob</b> <i>3h</i>"
    f"<article>{TEXT}</article>",
    "in a table, in German": "<script></script><table><tr><th>Von:<td>Bob<tr><th>Datum:<td>20. Nov. 2026</table>"
    f"<div>{TEXT}</div>",
}
OWN = {
    "a page with a date": f"<h1>Your results of 20 Nov 2026</h1>{TEXT}",
    "a page with an address below": f"<h1>Your results</h1>{TEXT}<p>office@example.test, since 2001-01-01</p>",
    "a page with a person and a date, and the link by itself": f"{HEAD}<ul><li>{LINK}</ul>",
}


def note_after_press(extension: Extension, tab: Page, site: WebSite, markup: str) -> str:
    """Serve a page, press the button beside its link, and return the note there, which may be empty."""
    site.serve("/mail/7/delete", b"deleted", "text/plain")
    tab.goto(site.serve("/mail/7", f"<!doctype html><title>Mail</title>{markup}".encode()))
    extension.wait_for_button(tab, "#link")
    site.asked.clear()
    extension.click_button(tab, "#link")
    for _ in range(100):
        if site.asked or "text of the message" in (note := notes_below(tab, "body")):
            break
        tab.js("() => new Promise((done) => setTimeout(done, 50))")
    return note if not site.asked else ""


@pytest.mark.parametrize("name", PAGES)
def test_a_marked_link_in_the_text_of_a_mail_is_not_followed(
    extension: Extension, tab: Page, site: WebSite, name: str
) -> None:
    note = note_after_press(extension, tab, site, PAGES[name])
    assert "This link is in the text of the message" in note
    assert site.asked == []


@pytest.mark.parametrize("name", OWN)
def test_a_marked_link_of_the_site_itself_is_followed(
    extension: Extension, tab: Page, site: WebSite, name: str
) -> None:
    note_after_press(extension, tab, site, OWN[name])
    assert site.asked == ["/mail/7/delete"]
    for context in tab.browser.contexts():
        if "viewer" in context["url"]:
            tab.browser.wait_for_page("viewer").close()
