"""A webmail has several messages in one page: the extension reads the one that is shown and fills in its own form."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.compose_driver import send, wait_for_obstacles
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import People, agree_if_asked
from tests.support.extension.letters_from_bob import mail_from_bob
from tests.support.extension.played_bridge import played_bridge
from tests.support.extension.saved_webmails import GMAIL_COMPOSE, running_service

IN_PAGE = page_scripts("extension/in_pages/reading_pane.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

READING = "[data-test=reading]"
# Shows another message as the bridge's pages do: the element stays, and its content changes.
_GO_TO = IN_PAGE["goTo"]
_BEGIN_ANOTHER = IN_PAGE["beginAnother"]
_OFFERED = """(reading) => {
  const pane = document.querySelector(reading);
  return pane.previousElementSibling?.getBoundingClientRect().height > 0 && pane.getBoundingClientRect().height > 0;
}"""


@pytest.fixture
def webmail(unlocked: Extension, people: People) -> Iterator[Page]:
    """A page of a webmail that has the messages 7 and 8, and shows message 7."""
    with played_bridge() as bridge:
        bridge.mail = mail_from_bob(people, encrypted=True, text="Words of message seven.")
        bridge.others[8] = mail_from_bob(people, encrypted=True, text="Words of message eight.")
        page = unlocked.browser.open(bridge.url)
        yield page
        page.close()


def open_shown(extension: Extension, page: Page) -> str:
    """Click the extension's button above the message, and return the text of the frame."""
    extension.click_button_above(page, READING)
    view = agree_if_asked(extension, page)
    mail = view.around.wait_for_frame("mail_view.html")
    return mail.wait_for_text("Words of message", timeout_seconds=30)


def test_the_button_opens_the_message_that_is_shown_now(unlocked: Extension, webmail: Page) -> None:
    webmail.activate()
    webmail.wait_for(_OFFERED, READING)
    webmail.js(_GO_TO, 8)
    assert "message eight" in open_shown(unlocked, webmail)


def test_an_opened_message_goes_when_another_takes_its_place(unlocked: Extension, webmail: Page) -> None:
    assert "message seven" in open_shown(unlocked, webmail)
    webmail.js(_GO_TO, 8)
    webmail.wait_for(_OFFERED, READING)
    assert not [frame for frame in webmail.frames() if "mail_view" in frame.url]
    assert "message eight" in open_shown(unlocked, webmail)


def test_an_opened_message_goes_when_none_is_shown(unlocked: Extension, webmail: Page) -> None:
    assert "message seven" in open_shown(unlocked, webmail)
    webmail.js(_GO_TO, 0)
    webmail.wait_for("(reading) => document.querySelector(reading).getBoundingClientRect().height > 0", READING)
    assert not webmail.frames()


def test_a_finished_message_goes_into_the_form_that_it_was_written_for(unlocked: Extension) -> None:
    own = GMAIL_COMPOSE.replace("rsa@example.test", "bob@example.test").replace("rsa2@", "alice@")
    with running_service() as service:
        service.markup = own
        page = unlocked.browser.open(f"{service.origin}/mail/u/0/")
        unlocked.click_button_above(page, "[role=textbox]")
        window = unlocked.browser.wait_for_page("compose.html")
        window.wait_for_selector("[data-test=send]", timeout_seconds=60)
        window.fill("[data-test=compose-text]", "Words for Bob.")
        # Meanwhile the person begins another message in the webmail.
        page.js(_BEGIN_ANOTHER)
        wait_for_obstacles(window)
        send(window)
        texts, files = page.js("""() => [
          [...document.querySelectorAll("[role=textbox]")].map((one) => one.innerText),
          [...document.querySelectorAll("[type=file]")].map((one) => one.files.length),
        ]""")
        page.close()
        window.close()
    assert "smime.p7m" in texts[0]
    assert texts[1] == "For Carol, in clear."
    assert files == [1, 0]
