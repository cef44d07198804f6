"""The list of messages before a hostile bridge or mail server: encrypted subjects, and the requests for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.in_turn]

# Makes `list`, which shows the rows of `messages`. The keys decrypt the subject `within`.
LIST = """async () => {
  const { MessageList } = await import("/source/webbridge/pages/views/message_list.js");
  globalThis.within = "";
  globalThis.messages = [];
  const api = { messages: async () => messages, rawMessage: async () => new ArrayBuffer(1) };
  const mailVault = { subjects: async (found) => found.map(() => within) };
  globalThis.list = new MessageList({ translate: (key) => key, api, mailVault, keys: { unlocked: true } });
  document.body.append(list.element);
  globalThis.row = (given) => ({
    uid: 7, from: "bob@example.test", to: "alice@example.test", subject: "[...]", date: null, size: 10, seen: true,
    protection: "sealed", problem: null, ...given,
  });
  globalThis.subjects = () => [...list.element.querySelectorAll(".row-subject")].map((each) => each.textContent);
}"""


@pytest.fixture
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with a list whose bridge and vault are the test's."""
    page = browser.open(demo_stack.pages_url)
    page.js(LIST)
    yield page
    page.close()


def show(page: Page, within: str, rows: str) -> None:
    """Load the list anew with rows that the bridge gives now."""
    page.js(f"async (text) => {{ within = text; messages = {rows}; await list.load('INBOX', {{}}); }}", within)


def test_a_decrypted_subject_never_stands_in_the_row_of_another_message(page: Page) -> None:
    """A server can give the UIDs of a folder anew, to messages of other people."""
    show(page, "For one row", "[row()]")
    page.wait_for("() => subjects()[0] === 'For one row'")
    show(page, "", "[row({ from: 'eve@example.test', subject: 'Plain', protection: null })]")
    assert page.js("() => subjects()") == ["Plain"]
    show(page, "Of another", "[row({ from: 'eve@example.test' })]")
    page.wait_for("() => subjects()[0] === 'Of another'")
