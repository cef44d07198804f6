"""Roundcube with the extension on one side, Thunderbird on the other: each reads what the other sent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.extension.compose_driver import send
from tests.support.extension.driver import Extension
from tests.support.extension.webmail import Adaptor, RoundcubePages
from tests.support.extension.webmail_letters import ME, PEER, encrypted
from tests.support.peers.people import PASSPHRASE, write_people
from tests.support.peers.thunderbird import Thunderbird
from tests.support.servers.mail_host import MailHost

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

TEXT = "hello from Thunderbird"


@pytest.fixture(scope="module")
def people_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_people(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def thunderbird(people_folder: Path, mail: MailHost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thunderbird]:
    if absence := Thunderbird.absence():
        pytest.skip(absence)
    started = Thunderbird(people_folder, tmp_path_factory.mktemp("thunderbird"), smtp_port=mail.smtp_port)
    yield started
    started.close()


@pytest.fixture(scope="module")
def extension(browser: Browser, people_folder: Path, folder: Path) -> Iterator[Extension]:
    """The extension with the keys of the person at the browser, and the authority of both people."""
    extension = Extension(browser, folder)
    extension.unlock(people_folder / "rsa2.p12", PASSPHRASE)
    extension.keep(anchors=[people_folder / "ca.pem"], people=[people_folder / "rsa.pem"])
    yield extension
    extension.uninstall()


@pytest.fixture(autouse=True)
def empty_mailboxes(mail: MailHost) -> None:
    for account in (ME, PEER):
        mail.empty(account)
    mail.empty(ME, "Gesendet")


def newest(mail: MailHost, account: str) -> int:
    """The UID of the one message in an inbox, once it is there."""
    deadline = time.monotonic() + 10
    while not (uids := mail.uids(account)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return uids[-1]


def shown_text(page: Page) -> str:
    view = page.wait_for_frame("mail_view.html")
    return view.wait_for_text(TEXT, selector="main")


@pytest.mark.parametrize(
    ("sign", "encrypt", "state"),
    [(True, False, "verified"), (True, True, "verified"), (False, True, "encrypted-only")],
    ids=["signed", "signed and encrypted", "encrypted"],
)
def test_mail_of_thunderbird_is_opened_in_roundcube(
    extension: Extension,
    pages: RoundcubePages,
    thunderbird: Thunderbird,
    mail: MailHost,
    *,
    sign: bool,
    encrypt: bool,
    state: str,
) -> None:
    thunderbird.send(ME, "Across the fence", TEXT, sign=sign, encrypt=encrypt)
    pages.show(newest(mail, ME))
    around = pages.open_shown(extension)
    assert around.js("() => document.querySelector('.state-statement').dataset.state") == state
    assert TEXT in shown_text(pages.page)
    if encrypt:
        assert TEXT not in pages.page.js("() => document.documentElement.outerHTML")


def test_thunderbird_opens_the_answer_that_was_written_with_the_extension_in_roundcube(
    extension: Extension, pages: RoundcubePages, thunderbird: Thunderbird, mail: MailHost
) -> None:
    thunderbird.send(ME, "Across the fence", TEXT, sign=True, encrypt=True)
    pages.compose(_reply_uid=str(newest(mail, ME)))
    window = pages.write_encrypted(extension)
    window.wait_for_selector("[data-test=send]", timeout_seconds=60)
    window.wait_for_selector(f"[data-test=recipient][data-address='{PEER}'][data-readiness=ready]", timeout_seconds=60)
    window.fill("[data-test=compose-text]", "hello from Roundcube")
    send(window)
    (arrived,) = mail.messages(PEER)
    assert b"hello from Roundcube" not in arrived
    verdict = thunderbird.verdict(arrived)
    assert (verdict.signed, verdict.encrypted) == ("SUCCESS", "SUCCESS")
    # Thunderbird is not known to read protected header fields, so the text repeats the Subject for it.
    assert verdict.text.startswith("Subject: Re: Across the fence\n\nhello from Roundcube")
    (copy,) = mail.messages(ME, "Gesendet")
    assert b"hello from Roundcube" not in copy
    window.close()


def test_thunderbird_verifies_what_roundcube_sent_on(
    extension: Extension, pages: RoundcubePages, thunderbird: Thunderbird, mail: MailHost
) -> None:
    adaptor = Adaptor(extension)
    pages.compose()
    adaptor.send(pages.page, encrypted("rsa2", "rsa", sender=ME, to=PEER), deliver="raw", sender=ME, to=PEER)
    adaptor.close()
    verdict = thunderbird.verdict(mail.messages(PEER)[0])
    assert (verdict.signed, verdict.encrypted, verdict.text) == ("SUCCESS", "SUCCESS", "For nobody else.")


def test_thunderbird_shows_an_attached_message_as_an_attachment(
    extension: Extension, pages: RoundcubePages, thunderbird: Thunderbird, mail: MailHost
) -> None:
    """Thunderbird 153 opens S/MIME only if it is the whole message. So the adaptor resends messages where it can."""
    adaptor = Adaptor(extension)
    pages.compose()
    adaptor.send(pages.page, encrypted("rsa2", "rsa", sender=ME, to=PEER), deliver="attachment", sender=ME, to=PEER)
    adaptor.close()
    verdict = thunderbird.verdict(mail.messages(PEER)[0])
    assert (verdict.signed, verdict.encrypted, verdict.text) == (None, None, "See the attachment.")
