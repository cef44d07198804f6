"""Fixtures: Alice's pages, after she has signed in and unlocked her keys. A file of tests imports one of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.pages.driver import MailPages
from webbridge.demo.stack import DemoStack


@pytest.fixture(name="alice")
def alice_in_her_inbox(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    """Alice at the file's own `stack`, signed in anew for each test."""
    yield from _entered(browser, stack)


@pytest.fixture(name="alice", scope="module")
def alice_all_along(browser: Browser, demo_stack: DemoStack) -> Iterator[MailPages]:
    """Alice at the one demonstration of all tests, signed in once for a file."""
    yield from _entered(browser, demo_stack)


def _entered(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.enter()
    yield pages
    pages.close()
