"""Alice writes to Bob in the message window, and Bob opens what arrives, without the extension."""

from __future__ import annotations

import datetime
import email
from email.message import EmailMessage
from email.policy import default

import pytest

from smime_core.blocking import run
from smime_core.cms.recipients.keys import Keys
from smime_core.message import examine_message
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.report.report import MessageReport
from smime_core.trust.judging import Judging
from tests.support.browser.page import Page
from tests.support.extension.compose_driver import address, send
from tests.support.extension.driver import Extension
from tests.support.extension.mail_letters import NATIVE, Letters
from tests.support.servers.mailboxes import BOB

WORDS = "The harbour at noon."


@pytest.fixture(scope="module")
def writer(extension: Extension, letters: Letters) -> Extension:
    """The extension with Bob's certificate."""
    extension.keep(people=[letters.folder / "bob.der"])
    return extension


def window_of(extension: Extension) -> Page:
    """Wait for the message window."""
    window = extension.browser.wait_for_page("compose.html")
    window.wait_for_selector("[data-test=send]", timeout_seconds=60)
    return window


def write(window: Page, *, subject: str = "Thursday", to: tuple[str, ...] = (BOB,)) -> None:
    """Write to Bob, or to several people, and send."""
    for person in to:
        address(window, "compose-to", person)
    window.fill("[data-test=compose-subject]", subject)
    window.fill("[data-test=compose-text]", WORDS)
    send(window)


def opened_by_bob(message: bytes, letters: Letters) -> MessageReport:
    anchor = TrustStore.of(letters.authority.identity.certificate, revocation=RevocationPolicy.NOT_CHECKED)
    judging = Judging(trust_store=anchor, at=datetime.datetime.now(datetime.UTC))
    return run(examine_message(message, judging, provider=NATIVE, keys=Keys(identities=[letters.bob])))


def attached(letter: bytes) -> bytes:
    """The message that is attached to a letter of a webmail."""
    (part,) = email.message_from_bytes(letter, policy=default).iter_attachments()
    assert isinstance(part, EmailMessage)
    assert (part.get_filename(), part.get_content_type()) == ("smime.p7m.eml", "message/rfc822")
    message: EmailMessage = part.get_content()
    return message.as_bytes()
