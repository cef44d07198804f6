"""Messages that Alice of the demonstration receives, protected in each way, and her pages with unlocked keys."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from smime_core import blocking
from smime_core.cms import Encrypting, Signing
from smime_core.mail import ProtectionMode
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.pages.driver import OPERATION_SECONDS, MailPages
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

NATIVE = NativeProvider()


@pytest.fixture(scope="module")
def stack(pages_with_sources: Path) -> Iterator[DemoStack]:
    """A demonstration of one module's own, because its tests put letters into the inbox."""
    with DemoStack(pages_folder=pages_with_sources) as stack:
        yield stack


@pytest.fixture(scope="module")
def pages(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    """Alice with unlocked keys."""
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.enter()
    yield pages
    pages.close()


def _signing(account: Account) -> Signing:
    return Signing(identities=[account.identity], signing_time=datetime.now(UTC))


def signed(account: Account, message: bytes, protection: ProtectionMode = ProtectionMode.CLEAR) -> bytes:
    """The message with its header fields, signed by this person."""
    return blocking.sign_message(message, _signing(account), provider=NATIVE, protection=protection)


def signed_entity(account: Account, entity: bytes) -> bytes:
    """A multipart/signed by this person that covers only this entity."""
    return blocking.sign_entity(entity, _signing(account), provider=NATIVE)


def encrypted(account: Account, message: bytes) -> bytes:
    """The message with its header fields, encrypted to this person."""
    encrypting = Encrypting(recipients=[account.identity.certificate])
    return blocking.encrypt_message(message, encrypting, provider=NATIVE, protection=ProtectionMode.CIPHER)


def signed_and_encrypted(writer: Account, reader: Account, message: bytes) -> bytes:
    """The message signed by one person, then encrypted to the other."""
    encrypting = Encrypting(recipients=[reader.identity.certificate])
    return blocking.encrypt_message(signed(writer, message, ProtectionMode.CIPHER), encrypting, provider=NATIVE)


def deliver(stack: DemoStack, message: bytes) -> int:
    """Put a message into Alice's inbox, and return its UID."""
    address = stack.accounts[0].address
    stack.mail_server.append(address, message)
    return stack.mail_server.messages(address)[-1].uid


def open_formatted(pages: MailPages, uid: int) -> Page:
    """Open a message, and return its first frame when the frame is loaded."""
    pages.open_message(uid)
    pages.page.wait_for_selector("iframe.markup", timeout_seconds=OPERATION_SECONDS)
    frame = pages.page.wait_for_frame("about:srcdoc")
    frame.wait_for("() => document.readyState === 'complete'")
    return frame
