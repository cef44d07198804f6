"""A page of a webmail without an adaptor that shows one protected mail, and what the extension makes of it."""

from __future__ import annotations

import time

import pytest

from tests.support.browser.bidi import PATIENCE_SECONDS
from tests.support.browser.page import Page
from tests.support.browser.web_site import WebSite
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import agree_if_asked
from tests.support.extension.mail_letters import Letters, mail, text
from tests.support.extension.webmail import Adaptor

WORDS = "The harbour at noon."
PART = "#part"
# The place of the webmail's further controls.
BAR = "<!-- bar -->"
# A webmail shows the outer header, in which encryption has hidden the subject.
HEAD = f"""<!doctype html><title>Mail</title><link rel=icon href=data:,><script></script>
<div><button>Print</button> {BAR}</div>
<table><tr><th>From:<td>Bob &lt;bob@example.test&gt;
<tr><th>Subject:<td>[...]<tr><th>Date:<td>2026-11-20 11:00</table>"""
# The thin rule is not as high as the extension's button, for which the tests wait above the attachment.
ATTACHMENT = '<hr><div id=part><a href="/part/7/2">smime.p7m</a> 4 kB</div>'
SIGNATURE = '<hr><div id=part><a href="/part/7/2">smime.p7s</a> 4 kB</div>'
SOURCE = '<a href="/mail/7/source">View source</a>'
# No word of this link or of its address names a source.
PAPERCLIP = '<p id=letter><a href="/mail/7/x">Paperclip</a></p>'
RAW = "application/octet-stream"
SEARCHING = "Looking for the message…"


@pytest.fixture
def letter(letters: Letters) -> bytes:
    """A mail, signed by Bob and encrypted to Alice."""
    return letters.signed_and_encrypted(mail(text(WORDS)))


def show(site: WebSite, tab: Page, markup: str, *, head: str = HEAD, bar: str = "") -> None:
    """Go to a page of the webmail with these controls in its bar, and forget the requests until then."""
    tab.goto(site.serve("/mail/7", (head.replace(BAR, bar) + markup).encode()))
    tab.activate()
    site.asked.clear()


def open_mail(extension: Extension, tab: Page) -> str:
    """Click the offer above the attachment, and return the text of the opened mail."""
    extension.click_button_above(tab, PART)
    return opened_text(extension, tab)


def opened_text(extension: Extension, tab: Page) -> str:
    view = agree_if_asked(extension, tab)
    return view.around.wait_for_frame("mail_view.html").wait_for_text(WORDS, timeout_seconds=30)


def refusal(adaptor: Adaptor, tab: Page) -> str:
    """Click the offer, and return the sentence that appears below it."""
    adaptor.extension.click_button_above(tab, PART)
    return said(adaptor, tab)


def said(adaptor: Adaptor, tab: Page, *, timeout_seconds: float = PATIENCE_SECONDS) -> str:
    """Wait for the sentence that ends a search."""
    deadline = time.monotonic() + timeout_seconds
    while (sentence := adaptor.notes(tab)) in ("", SEARCHING) and time.monotonic() < deadline:
        time.sleep(0.1)
    return sentence
