"""The toolbar's button is pressed again where a mail is open whose part the page does not name."""

from __future__ import annotations

import pytest

from tests.support.browser.page import Page
from tests.support.browser.web_site import WebSite
from tests.support.extension.driver import Extension
from tests.support.extension.mail_letters import Letters, mail, text
from tests.support.extension.shown_mail import HEAD, RAW, SOURCE, WORDS, opened_text, show

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# A mail's text with a bar of controls, and lines as above a mail. Our frame hides the webmail's own lines.
LURE = """<hr><div id=part><p><a href="/reply">Reply</a> <a href="/mail/9/source">View source</a></p>
<p>From: Carol &lt;carol@example.test&gt;</p><p>2026-11-20 11:00</p></div>"""
SETTLED = "() => new Promise((done) => setTimeout(done, 2500))"


def test_a_second_press_asks_nothing_of_the_mails_text_and_leaves_the_mail_open(
    extension: Extension, site: WebSite, tab: Page, letters: Letters
) -> None:
    site.serve("/mail/7/source", letters.signed(mail(text(WORDS))), RAW)
    show(site, tab, LURE, head=HEAD.replace("[...]", "Thursday"), bar=SOURCE)
    extension.browser.click_toolbar_button(extension.id, tab)
    assert WORDS in opened_text(extension, tab)
    extension.browser.click_toolbar_button(extension.id, tab)
    tab.js(SETTLED)
    assert set(site.asked) == {"/mail/7/source"}
    assert any("mail_frame.html" in frame.url for frame in tab.frames())


def test_a_part_that_the_mails_text_names_asks_nothing_of_it_while_the_mail_is_open(
    extension: Extension, site: WebSite, tab: Page, letters: Letters
) -> None:
    site.serve("/mail/7/source", letters.signed(mail(text(WORDS))), RAW)
    show(site, tab, LURE, head=HEAD.replace("[...]", "Thursday"), bar=SOURCE)
    extension.browser.click_toolbar_button(extension.id, tab)
    assert WORDS in opened_text(extension, tab)
    tab.js("""() => document.querySelector("#part").insertAdjacentHTML("beforeend",
      '<hr><div id=lure><a href="/mail/9/x">smime.p7s</a> 4 kB</div>')""")
    extension.click_button_above(tab, "#lure")
    tab.js(SETTLED)
    assert set(site.asked) == {"/mail/7/source"}
