"""Mails whose S/MIME is below the top: what lists, relays and other programs make of a protected mail."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import pytest

from tests.support.browser.page import Page
from tests.support.browser.web_site import WebSite
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import agree_if_asked
from tests.support.extension.mail_letters import Letters, mail, multipart, text
from tests.support.extension.shown_mail import HEAD, RAW, SOURCE, WORDS, show

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

FOOTER: Final = "Sent by the list of the harbour."


def behind_a_footer(letters: Letters) -> bytes:
    """Return a signed mail as a mailing list changes it."""
    return multipart("mixed", letters.signed_entity(text(WORDS)), text(FOOTER), boundary="list")


def with_a_nameless_part(letters: Letters) -> bytes:
    """Return an encrypted mail as some programs change it: a part of a general name below a text."""
    encrypted = letters.encrypted(mail(text(WORDS)))
    part = encrypted[encrypted.index(b"Content-Type: application/pkcs7-mime") :]
    return multipart("mixed", text(FOOTER), re.sub(rb"smime\.p7m", b"ATT00001", part), boundary="outer")


def with_our_own_file(letters: Letters) -> bytes:
    """Return the message that the extension hands over to a webmail that sends only its own messages."""
    head = b'Content-Type: message/rfc822; name="smime.p7m.eml"\r\nContent-Disposition: attachment\r\n\r\n'
    return multipart("mixed", text(FOOTER), head + letters.encrypted(mail(text(WORDS))), boundary="outer")


@pytest.mark.parametrize("make", [behind_a_footer, with_a_nameless_part, with_our_own_file])
def test_a_part_below_the_top_is_found_and_opened(
    extension: Extension, site: WebSite, tab: Page, letters: Letters, make: Callable[[Letters], bytes]
) -> None:
    site.serve("/mail/7/source", mail(make(letters)), RAW)
    show(site, tab, f"<hr><p id=part>{FOOTER}</p>", head=HEAD.replace("[...]", "Thursday"), bar=SOURCE)
    extension.browser.click_toolbar_button(extension.id, tab)
    view = agree_if_asked(extension, tab).around.wait_for_frame("mail_view.html")
    view.wait_for_text(FOOTER, timeout_seconds=30)
    if make is behind_a_footer:
        view.wait_for_text(WORDS)
        return
    # The frame grows while the view is drawn, so a click at a place could miss.
    view.wait_for_selector("[data-test=open]")
    view.js("() => { document.querySelector('[data-test=open]').click(); }")
    viewer = extension.browser.wait_for_page("viewer.html")
    if extension.has_window():
        extension.answer()
    viewer.wait_for_frame("mail_view.html").wait_for_text(WORDS, timeout_seconds=30)
