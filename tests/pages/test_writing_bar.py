"""The bar with Send and the sentence of what will be sent, which is always visible, and the text field that grows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.signed_in import alice_all_along as alice_all_along
from webbridge.demo.accounts import Account

IN_PAGE = page_scripts("pages/writing_bar.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

# The window of a phone, above its keyboard.
PHONE = (390, 500)
IS_IN_WINDOW = """(selector) => {
  const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight && bottom > top;
}"""


@pytest.fixture
def letter(alice: MailPages, bob: Account) -> Iterator[MailPages]:
    """A letter to Bob with sixty lines, in the window of a phone."""
    alice.page.set_viewport(*PHONE)
    alice.write(to=bob.address, subject="Lighthouses", text="A line of it.\n" * 60)
    alice.wait_until_sendable()
    yield alice
    alice.page.click(named("discard"))
    alice.page.set_viewport(1100, 800)


@pytest.mark.thorough(False)
def test_send_and_what_will_be_sent_are_visible_wherever_the_page_is_scrolled(letter: MailPages) -> None:
    for place in ("0", "document.documentElement.scrollHeight / 2", "document.documentElement.scrollHeight"):
        letter.page.js(f"() => scrollTo({{ top: {place}, behavior: 'instant' }})")
        for name in ("send", "leaves"):
            assert letter.page.js(IS_IN_WINDOW, named(name)), (place, name)


def test_the_bar_leaves_room_for_the_text(letter: MailPages) -> None:
    height = letter.page.js(f"() => document.querySelector('{named('writing-bar')}').offsetHeight")
    assert height < PHONE[1] * 0.55


def test_the_text_field_grows_and_shrinks_with_its_text(letter: MailPages) -> None:
    field = "() => { const { clientHeight, scrollHeight } = document.querySelector('[data-test=compose-text]');"
    letter.page.wait_for(f"{field} return clientHeight > 1200 && scrollHeight <= clientHeight + 1; }}")
    letter.page.fill(named("compose-text"), "Short.")
    letter.page.wait_for(f"{field} return clientHeight < 400; }}")


def test_a_field_that_gets_the_focus_is_not_behind_the_bar(letter: MailPages) -> None:
    letter.page.js("() => scrollTo({ top: 0, behavior: 'instant' })")
    above = IN_PAGE["above"]
    letter.page.wait_for(above, timeout_seconds=OPERATION_SECONDS)


def test_a_reason_against_sending_is_beside_send(alice: MailPages) -> None:
    alice.page.set_viewport(*PHONE)
    alice.page.click(named("write"))
    alice.page.wait_for_selector(named("obstacle"))
    assert alice.page.js(IS_IN_WINDOW, named("obstacle"))
    alice.page.click(named("discard"))
    alice.page.set_viewport(1100, 800)
