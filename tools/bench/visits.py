"""Shared parts of the measurements of the mail pages: letters of 10 KB, a wait inside the page, a new browser."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser, Chromium, Name, launch
from tests.support.browser.page import Page
from webbridge.demo.accounts import Account

_TEXT: Final = "Nothing in this letter is worth reading.\n" * 240  # a mail of 10 KB
# Waits for a condition in the page itself, because each request from the driver would cost time too.
UNTIL: Final = """() => new Promise((resolve) => {
  const isSo = %s;
  const look = () => { if (isSo()) { observer.disconnect(); resolve(true); } };
  const observer = new MutationObserver(look);
  observer.observe(document, { subtree: true, childList: true, attributes: true });
  look();
})"""


def build_letter(sender: Account, recipient: Account, *, encrypted: bool) -> bytes:
    """A letter in plain text. With `encrypted`, it is signed and encrypted."""
    plain = (
        f"From: {sender.address}\r\nTo: {recipient.address}\r\nSubject: A letter\r\nMIME-Version: 1.0\r\n"
        f"Date: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S +0000}\r\nContent-Type: text/plain\r\n\r\n"
    ).encode() + _TEXT.replace("\n", "\r\n").encode()
    if not encrypted:
        return plain
    provider = NativeProvider()
    signing = Signing(identities=[sender.identity], signing_time=datetime.now(UTC))
    signed = blocking.sign_message(plain, signing, provider=provider)
    return blocking.encrypt_message(signed, Encrypting(recipients=[recipient.identity.certificate]), provider=provider)


def visit(browser: Browser, url: str) -> Page:
    """Open a new tab without the driver's record of responses, which would take time and memory."""
    page = browser.open("about:blank")
    if isinstance(browser, Chromium):
        browser.keep_no_responses(page)
    page.goto(url)
    return page


@contextmanager
def fresh_browser(name: Name, *flags: str) -> Iterator[Browser]:
    """A browser with a new profile. `flags` are further options for Chromium."""
    with ExitStack() as stack:
        profile = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = Chromium(profile, flags=flags) if name == "chromium" else launch(name, profile)
        stack.callback(browser.close)
        yield browser
