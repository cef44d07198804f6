"""Files of a message in the pages: several at once, dropped ones, and one that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/attaching.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

FILES = "() => document.querySelector('[data-test=compose-attachments]').textContent"
# A file that is gone when it is read, and one that is read only when `goOn` is called.
DROP = IN_PAGE["dropInPage"]


@pytest.fixture
def letter(browser: Browser, demo_stack: DemoStack, alice: Account, bob: Account) -> Iterator[MailPages]:
    """A letter of Alice to Bob."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.enter()
    pages.write(to=bob.address, subject="Files", text="Every word of it.")
    pages.wait_until_sendable()
    yield pages
    pages.close()


def test_several_files_are_attached_at_once(letter: MailPages, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.txt", "two.txt")]
    for path in paths:
        path.write_text("08:00")
    letter.page.choose_files(named("compose-file"), paths)
    letter.page.wait_for_text("two.txt", selector=named("compose-attachments"))
    assert "one.txt" in letter.page.js(FILES)


@pytest.mark.thorough(False)
def test_a_letter_waits_for_a_file_that_is_being_read(letter: MailPages) -> None:
    letter.page.js(DROP, "slow")
    letter.page.wait_for_selector(f'{named("obstacle")}[data-code="reading"]')
    assert letter.page.js(f"() => document.querySelector('{named('reading-files')}').checkVisibility()")
    letter.page.js("() => window.goOn()")
    letter.wait_until_sendable()
    assert "times.txt" in letter.page.js(FILES)


def test_a_press_on_send_while_a_file_is_read_sends_the_letter_after_it(letter: MailPages) -> None:
    letter.page.js(DROP, "slow")
    letter.page.wait_for_selector(f'{named("obstacle")}[data-code="reading"]')
    letter.page.click(named("send"))
    letter.page.js("() => window.goOn()")
    letter.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)


def test_a_file_that_cannot_be_read_is_named_and_the_letter_stays(letter: MailPages) -> None:
    letter.page.js(DROP, "gone")
    letter.page.wait_for_text("times.txt", selector=named("attach-error"), timeout_seconds=OPERATION_SECONDS)
    assert letter.page.js(FILES) == ""
    assert letter.page.value(named("compose-text")) == "Every word of it."
    letter.wait_until_sendable()
