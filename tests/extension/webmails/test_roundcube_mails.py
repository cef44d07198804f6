"""Mails that are opened in Roundcube: an attached message, and one that asks for a receipt."""

from __future__ import annotations

import email
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core import ess
from smime_core.blocking import run
from smime_core.cms import find_signed_layer
from tests.support.browser.browsers import Browser
from tests.support.extension.compose_driver import send
from tests.support.extension.driver import Extension
from tests.support.extension.receipt_mails import asking_mail
from tests.support.extension.webmail import RoundcubePages
from tests.support.extension.webmail_letters import ME, PEER, as_attached_message, encrypted
from tests.support.peers.people import PASSPHRASE, PROVIDER, identity, write_people
from tests.support.servers.mail_host import MailHost

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extension]:
    """The extension with the keys of the person at the browser, and the authority of both people."""
    people = write_people(tmp_path_factory.mktemp("people"))
    extension = Extension(browser, folder)
    extension.unlock(people / "rsa2.p12", PASSPHRASE)
    extension.keep(anchors=[people / "ca.pem"])
    yield extension
    extension.uninstall()


def test_an_attached_message_opens_with_one_more_click(
    extension: Extension, pages: RoundcubePages, mail: MailHost
) -> None:
    pages.show(mail.append(ME, as_attached_message(encrypted())))
    outer = pages.open_shown(extension).wait_for_frame("mail_view.html")
    outer.wait_for_text("See the attachment.")
    assert "smime.p7m.eml" in outer.wait_for_text("message/rfc822", selector="[data-test=file]")
    outer.click("[data-test=open]")
    viewer = extension.browser.wait_for_page("viewer.html")
    viewer.wait_for_frame("mail_view.html").wait_for_text("For nobody else.", timeout_seconds=30)
    viewer.close()


def test_the_receipt_arrives_and_the_mail_stays_open(
    browser: Browser, extension: Extension, pages: RoundcubePages, mail: MailHost
) -> None:
    # Firefox reports that it stopped loading a font of Roundcube because the next page came.
    browser.expect_error("downloadable font")
    for account in (ME, PEER):
        mail.empty(account)
    asking = asking_mail(identity("rsa"), recipient=ME, to=(PEER,))
    pages.show(mail.append(ME, asking))
    around = pages.open_shown(extension)
    assert PEER in around.wait_for_text("asks for a signed receipt", selector="[data-test=receipt]", timeout_seconds=60)
    assert mail.messages(PEER) == []
    around.click("[data-test=receipt-send]")
    window = extension.browser.wait_for_page("compose.html")
    window.wait_for_selector("[data-test=receipt-tells]", timeout_seconds=60)
    assert mail.messages(PEER) == []
    send(window)
    (arrived,) = mail.messages(PEER)
    receipt = email.message_from_bytes(arrived)
    assert ME in receipt["From"]
    assert receipt["To"] == PEER
    cms = receipt.get_payload(decode=True)
    assert isinstance(cms, bytes)
    verified = run(ess.verify_receipt(cms, find_signed_layer(asking).signed_data, provider=PROVIDER))
    assert ME in verified.certificate.email_addresses
    assert pages.is_open()
    window.close()
