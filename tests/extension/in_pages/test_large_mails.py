"""A mail of any size opens in the extension's frame: its words are there, and little of the rest until it is wanted."""

from __future__ import annotations

import pytest

from smime_core.blocking import run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.message import encrypt_message
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import NATIVE, People, agree_if_asked
from tests.support.extension.played_bridge import played_bridge
from tests.support.large_mails import LARGE_MAILS

IN_PAGE = page_scripts("extension/in_pages/large_mails.js")

pytestmark = pytest.mark.browser

READING = "[data-test=reading]"
# A mail of some lines has about a hundred elements.
MOST_ELEMENTS = 1_000
MOST_LETTERS = 200_000
SIZE = IN_PAGE["size"]


@pytest.mark.thorough(after=2)
@pytest.mark.parametrize("kind", LARGE_MAILS)
def test_a_large_mail_shows_its_words_and_few_elements(unlocked: Extension, people: People, kind: str) -> None:
    with played_bridge() as bridge:
        encrypting = Encrypting(recipients=[people.alice.certificate])
        bridge.mail = run(encrypt_message(LARGE_MAILS[kind](), encrypting, provider=NATIVE))
        page = unlocked.browser.open(bridge.url)
        try:
            unlocked.click_button_above(page, READING)
            view = agree_if_asked(unlocked, page)
            mail = view.around.wait_for_frame("mail_view.html")
            mail.wait_for_text("Hello", timeout_seconds=60)
            size = mail.js(SIZE)
            assert size["elements"] <= MOST_ELEMENTS
            assert size["letters"] <= MOST_LETTERS
            # Formatting that is too large is not drawn.
            assert size["frames"] == 0
        finally:
            page.close()
