"""Mail that leaves Roundcube with the extension can be read in the pages of the bridge."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser
from tests.support.extension.driver import Extension
from tests.support.extension.webmail import Adaptor, RoundcubePages
from tests.support.pages.driver import MailPages
from tests.support.servers import dovecot, roundcube
from tests.support.servers.mail_host import run_mail_host
from tests.support.servers.roundcube import run_roundcube
from webbridge.demo.stack import DemoStack
from webbridge.demo.tls import write_tls_files

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

PROVIDER = NativeProvider()
TEXT = "From the harbour, through Roundcube."


def test_the_bridge_opens_what_roundcube_sent(
    browser: Browser, demo_stack: DemoStack, built_files: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if dovecot.BINARY is None:
        pytest.skip("dovecot is not installed")
    if absence := roundcube.absence():
        pytest.skip(absence)
    alice, bob = demo_stack.accounts
    now = datetime.now(UTC)
    letter = _letter(alice.address, bob.address)
    signed = blocking.sign_message(letter, Signing(identities=[alice.identity], signing_time=now), provider=PROVIDER)
    message = blocking.encrypt_message(signed, Encrypting(recipients=[bob.identity.certificate]), provider=PROVIDER)
    folder = tmp_path_factory.mktemp("bridge")
    folder.chmod(0o755)
    write_tls_files(folder, at=now)
    passwords = {account.address: "a password" for account in (alice, bob)}
    with run_mail_host(passwords, tls_folder=folder) as mail, run_roundcube(mail) as running:
        extension = Extension(browser, built_files / "extension_test")
        pages, adaptor = (
            RoundcubePages(extension.browser.open("about:blank"), running, address=alice.address),
            Adaptor(extension),
        )
        pages.compose()
        adaptor.send(pages.page, message, deliver="raw", sender=alice.address, to=bob.address)
        (arrived,) = mail.messages(bob.address)
        # Chromium sometimes does not close a page that is about to navigate.
        pages.page.wait_for("() => document.querySelector('body.action-compose') === null")
        adaptor.close()
        pages.close()
        extension.uninstall()
    uid = demo_stack.mail_server.append(bob.address, arrived)
    reader = MailPages(browser, demo_stack.pages_url, bob)
    reader.enter()
    reader.open_message(uid)
    assert (reader.state, reader.body.strip()) == ("verified", TEXT)
    reader.close()


def _letter(sender: str, recipient: str) -> bytes:
    return (
        f"From: {sender}\r\nTo: {recipient}\r\nSubject: The harbour\r\nMessage-ID: <harbour@example.test>\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{TEXT}\r\n"
    ).encode()
