"""The memory of two tabs of the pages about an account at a key server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/key_server_memory.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

# Makes `tabs`, two memories over one database, and `known`, which makes what a device knows.
TABS = IN_PAGE["tabsInPage"]


@pytest.fixture
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    page = browser.open(demo_stack.pages_url)
    page.js(TABS, "alice@example.test")
    yield page
    page.close()


def test_a_slower_tab_does_not_forget_a_later_record(page: Page) -> None:
    page.js("() => write(0, { version: 4 })")
    page.js("() => Promise.all([write(0, { version: 6 }), write(1, { version: 5 })])")
    assert [page.js("(tab) => read(tab)", tab) for tab in (0, 1)] == [{"version": 6}] * 2
    page.js("() => write(1, { version: 7 })")
    assert page.js("() => read(0)") == {"version": 7}


def test_both_tabs_are_one_device(page: Page) -> None:
    page.js("() => write(0, { version: 1 })")
    tokens = """async (account) => {
      const kept = await Promise.all(tabs.map((tab) => tab.read(account)));
      return kept.map(({ token }) => new Uint8Array(token).join());
    }"""
    first, second = page.js(tokens, "alice@example.test")
    assert first == second


@pytest.mark.parametrize("reset", [{"version": 2, "reset": 1_800_000_000}, {"version": 2, "reset": 1_900_000_000}])
def test_an_account_after_a_reset_that_the_person_agreed_to_is_remembered(page: Page, reset: dict[str, int]) -> None:
    page.js("() => write(0, { version: 9, reset: 1_700_000_000 })")
    page.js("(reset) => write(0, reset)", reset)
    assert page.js("() => read(0)") == reset
    assert page.js("() => read(1)") == reset
