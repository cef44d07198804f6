"""Fixtures for tests of the pages: a person who has not signed in yet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.pages.driver import MailPages
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack


@pytest.fixture
def visitor(browser: Browser, demo_stack: DemoStack, alice: Account) -> Iterator[MailPages]:
    """Alice at the sign-in page."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    yield pages
    pages.close()


@pytest.fixture
def welcome(demo_stack: DemoStack, alice: Account) -> int:
    """The UID of the first message in Alice's inbox."""
    return demo_stack.mail_server.messages(alice.address)[0].uid
