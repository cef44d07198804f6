"""After a lock of the mail pages no process of the browser has any part of the private key.

The page draws the mail while the vault works, and takes the memory blocks that the browser's own copies of the key were
in. What it writes into a block may be shorter than the key.
"""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Final

import pytest

from tests.support.browser.browsers import Name
from tests.support.browser.required import require_browser
from tests.support.browser.residue.lab import Watch, start
from tests.support.browser.residue.private_keys import private_key_needles
from tests.support.browser.residue.processes import describe
from tests.support.pages.driver import MailPages, named
from tests.support.pages.received import deliver, signed_and_encrypted
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]

LETTER: Final = """From: {bob}\r\nTo: {alice}\r\nSubject: The harbour\r\nDate: {date}\r\nMIME-Version: 1.0\r
Content-Type: text/plain\r\n\r\nAt noon.\r\n"""
# The cleanup after the last operation has ended then.
REST_SECONDS: Final = 8


@pytest.mark.parametrize("name", ["chromium", pytest.param("firefox", marks=pytest.mark.thorough)])
def test_nothing_of_the_key_is_left_when_a_mail_was_read_and_the_keys_are_locked(
    name: Name, demo_stack: DemoStack, alice: Account, bob: Account, tmp_path: Path
) -> None:
    require_browser(name)
    letter = LETTER.format(bob=bob.address, alice=alice.address, date=format_datetime(datetime.now(UTC)))
    uid = deliver(demo_stack, signed_and_encrypted(bob, alice, letter.encode()))
    url = demo_stack.pages_url
    with closing(start(name, tmp_path)) as browser:
        pages = MailPages(browser, url, alice, beside=browser.open(url))
        pages.enter()
        pages.open_message(uid)
        assert pages.state == "verified"
        time.sleep(REST_SECONDS)
        pages.page.click(named("lock"))
        watch = Watch(browser, tmp_path, private_key_needles("private key", alice.identity.private_key))
        left = watch.wait_until_gone(pages.page)
        assert left == [], describe(left)
        assert watch.scan_disk() == []
