"""Rows of docs/extension.md, "Reports of other projects": conditions of webmails that public threads report."""

from __future__ import annotations

import base64

import pytest

from tests.support.browser.page import Page
from tests.support.browser.web_site import WebSite
from tests.support.extension.driver import Extension
from tests.support.extension.mail_letters import Letters, mail, text
from tests.support.extension.shown_mail import HEAD, RAW, SIGNATURE, SOURCE, WORDS, opened_text, show

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

SIGNED_HEAD = HEAD.replace("[...]", "Thursday")
SETTLED = "() => new Promise((done) => setTimeout(done, 1500))"


def press(extension: Extension, tab: Page) -> str:
    """Press the toolbar button, and return the text of the mail that opens."""
    extension.browser.click_toolbar_button(extension.id, tab)
    return opened_text(extension, tab)


@pytest.mark.parametrize("name", ["noname", "Part_1.bin", "ATT00001", "attachment"])
def test_5_a_part_of_another_name_is_opened(
    extension: Extension, site: WebSite, tab: Page, letter: bytes, name: str
) -> None:
    site.serve("/mail/7/source", letter, RAW)
    show(site, tab, f'<hr><div id=part><a href="/part/7/2">{name}</a> 4 kB</div>', bar=SOURCE)
    assert WORDS in press(extension, tab)


def test_6_a_part_that_is_shown_as_text_is_opened(
    extension: Extension, site: WebSite, tab: Page, letter: bytes
) -> None:
    site.serve("/mail/7/source", letter, RAW)
    armored = base64.encodebytes(base64.b64decode(letter.partition(b"\r\n\r\n")[2])).decode()
    show(site, tab, f"<hr><pre id=part>{armored}</pre>", bar=SOURCE)
    assert WORDS in press(extension, tab)


REPLY = """<form id=reply action=/send method=post><p>To: <input name=to value="bob@example.test"></p>
<p>Subject: <input name=subject value="Re: Thursday"></p><p>smime.p7s</p><textarea name=body rows=6>Dear Bob</textarea>
<input type=file name=file><button>Send</button></form>"""


def test_7_nothing_stands_in_a_reply_that_is_being_written(
    extension: Extension, site: WebSite, tab: Page, letters: Letters
) -> None:
    site.serve("/mail/7/source", letters.signed(mail(text(WORDS))), RAW)
    show(site, tab, SIGNATURE + REPLY, head=SIGNED_HEAD, bar=SOURCE)
    extension.wait_for_button_above(tab, "#part")
    before = tab.js("() => document.querySelector('#reply').outerHTML")
    tab.click("textarea")
    tab.type("More words.")
    tab.js(SETTLED)
    assert tab.js("() => document.querySelector('#reply').outerHTML") == before
    assert tab.js("() => document.querySelector('textarea').value").endswith("More words.")


def test_19_a_signature_that_is_in_no_list_is_judged(
    extension: Extension, site: WebSite, tab: Page, letters: Letters
) -> None:
    site.serve("/mail/7/source", letters.signed(mail(text(WORDS))), RAW)
    show(site, tab, f"<hr><p id=part>{WORDS}</p>", head=SIGNED_HEAD, bar=SOURCE)
    assert WORDS in press(extension, tab)
