"""A person with a certificate of an untrusted authority, and signed letters from this person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from smime_core import blocking
from smime_core.ca.demo import Details, create_authority, issue_identity
from smime_core.cms.signing import Signing
from smime_core.identity.identity import Identity
from smime_core.mail import ProtectionMode
from smime_core.providers.native import NativeProvider
from tests.support.browser.page import ENTER
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.people import with_addresses
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

PROVIDER = NativeProvider()
STRANGER = "sam@partner.test"


@pytest.fixture
def stack() -> Iterator[DemoStack]:
    """A separate demonstration, because these tests put letters into the inbox."""
    with DemoStack() as stack:
        yield stack


def deliver(
    stack: DemoStack, to: Account, identity: Identity, subject: str, protection: ProtectionMode | None = None
) -> int:
    """Put a letter that `identity` signed into a mailbox, and return its UID."""
    message = EmailMessage()
    message["From"] = identity.certificate.email_addresses[0]
    message["To"] = to.address
    message["Subject"] = subject
    message.set_content("Hello.\n")
    signed = blocking.sign_message(
        message.as_bytes().replace(b"\n", b"\r\n"),
        Signing(identities=[identity], signing_time=datetime.now(UTC)),
        provider=PROVIDER,
        protection=protection,
    )
    stack.mail_server.append(to.address, signed)
    return stack.mail_server.messages(to.address)[-1].uid


def welcome_of(stack: DemoStack, account: Account) -> int:
    return stack.mail_server.messages(account.address)[0].uid


def stranger(*further: str) -> Identity:
    """A person with a certificate of an untrusted authority, which names these further addresses too."""
    at = datetime.now(UTC)
    partner = blocking.run(create_authority("Partner CA", provider=PROVIDER, at=at))
    issuing = issue_identity(partner, STRANGER, provider=PROVIDER, at=at, details=Details(common_name="Sam"))
    identity = blocking.run(issuing)
    return with_addresses(identity, STRANGER, *further, name="Sam", issuer=partner) if further else identity


def wait_for_state(pages: MailPages, state: str) -> None:
    selector = f'{named("state")}[data-state="{state}"]'
    pages.page.wait_for_selector(selector, timeout_seconds=OPERATION_SECONDS)


def open_why(pages: MailPages) -> str:
    """Open the explanation of the verdict by the keyboard, and return its text."""
    pages.page.js("""() => document.querySelector('[data-test="why"] > summary').focus()""")
    pages.page.press(ENTER)
    pages.page.wait_for_selector(named("path-node"))
    return pages.page.text(named("why"))
