"""Signed receipts: a letter asks for one, the reader gives it by a click, and the sender sees who gave one."""

from __future__ import annotations

import email
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smime_core import ess
from smime_core.blocking import run
from smime_core.cms import find_signed_layer
from smime_core.identity.identity import Identity
from tests.support.browser.page import Page
from tests.support.extension.compose_driver import Webmail, send, wait_for_obstacles
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import NATIVE, PASSPHRASE, People
from tests.support.extension.receipt_mails import asking_mail, decrypted, receipt_mail
from tests.support.extension.viewer import open_file

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

NOTE = "[data-test=receipt]"
NO_NOTE = "() => document.querySelector('[data-test=receipt]') === null"


@pytest.fixture
def viewer(extension: Extension, webmail: Webmail) -> Iterator[Page]:
    page = extension.browser.open(extension.base + "viewer/viewer.html")
    yield page
    page.close()


def ask(webmail: Webmail, **letter: Any) -> bytes:
    """Send a letter from Alice to Bob that asks for a receipt, and return it as the webmail took it."""
    window = webmail.write(to=["bob@example.test"], text="Turn left at the lighthouse.", **letter)
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    assert window.js("() => document.querySelector('[data-test=more]').open") is False
    window.click("[data-test=more] summary")
    window.click("[data-test=switch-receipt]")
    window.wait_for_text("It asks for a signed receipt.")
    wait_for_obstacles(window)
    send(window)
    (taken,) = webmail.taken()
    webmail.forget()
    return taken.message


def receipt_by(people: People, signer: Identity, message: bytes, *, number: int = 1) -> bytes:
    return receipt_mail(message, by=signer, sender=people.alice, reader=people.bob, number=number)


def open_mail(viewer: Page, folder: Path, mail: bytes) -> str:
    """Open a mail in the viewer, and return its state."""
    file = folder / "mail.eml"
    file.write_bytes(mail)
    open_file(viewer, file)
    state: str = viewer.js("() => document.querySelector('.state-statement').dataset.state")
    return state


def test_the_sender_sees_who_gave_a_receipt(webmail: Webmail, viewer: Page, people: People, tmp_path: Path) -> None:
    message = ask(webmail)
    assert open_mail(viewer, tmp_path, message) == "verified"
    assert "No verified one has been opened here yet" in viewer.wait_for_text("You asked", selector=NOTE)
    assert open_mail(viewer, tmp_path, receipt_by(people, people.bob, message)) == "verified"
    assert "opened your message of" in viewer.wait_for_text("bob@example.test", selector=NOTE)
    open_mail(viewer, tmp_path, message)
    note = viewer.wait_for_text("opened and verified", selector=NOTE)
    assert "bob@example.test" in note


def test_wrong_receipts_are_said_in_words_and_never_green(
    webmail: Webmail, viewer: Page, people: People, tmp_path: Path
) -> None:
    message = ask(webmail)
    receipt = receipt_by(people, people.bob, message)
    assert open_mail(viewer, tmp_path, receipt_by(people, people.carol, message)) == "signed-unverified"
    viewer.wait_for_text("was not a recipient")
    never_sent = asking_mail(people.alice)
    assert open_mail(viewer, tmp_path, receipt_by(people, people.bob, never_sent)) == "signed-unverified"
    viewer.wait_for_text("for no message that was sent")
    assert open_mail(viewer, tmp_path, receipt.replace(b"bob@example.test", b"carol@example.test")) == "invalid"
    assert open_mail(viewer, tmp_path, receipt) == "verified"
    # The same mail may be opened again. Its copy in another mail, and a second receipt, prove nothing more.
    assert open_mail(viewer, tmp_path, receipt) == "verified"
    assert open_mail(viewer, tmp_path, receipt.replace(b"receipt1@", b"receipt2@")) == "signed-unverified"
    viewer.wait_for_text("has arrived before")
    assert open_mail(viewer, tmp_path, receipt_by(people, people.bob, message, number=3)) == "signed-unverified"


def test_a_letter_that_is_not_signed_asks_for_nothing(webmail: Webmail) -> None:
    window = webmail.write(to=["bob@example.test"])
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    window.click("[data-test=more] summary")
    window.click("[data-test=switch-receipt]")
    window.wait_for_text("It asks for a signed receipt.")
    window.click("[data-test=switch-sign]")
    window.wait_for("() => document.querySelector('[data-test=more]').hidden")
    assert "asks for a signed receipt" not in window.text("main")
    send(window)
    assert len(webmail.taken()) == 1


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_receipt_leaves_only_after_the_click_and_only_once(
    webmail: Webmail, people: People, viewer: Page, tmp_path: Path, encrypted: bool
) -> None:
    mail = asking_mail(people.bob, reader=people.alice if encrypted else None)
    assert open_mail(viewer, tmp_path, mail) == "verified"
    assert "bob@example.test" in viewer.wait_for_text("asks for a signed receipt", selector=NOTE)
    viewer.click("[data-test=receipt-not-now]")
    viewer.wait_for(NO_NOTE)
    window = webmail.write(kind="receipt", mail=mail)
    assert "bob@example.test" in window.text("[data-test=receipt-asked]")
    assert "tells bob@example.test" in window.text("[data-test=receipt-tells]").replace("⁨", "").replace("⁩", "")
    assert window.value("[data-test=compose-from]").endswith(" alice@example.test")
    assert not webmail.page.js("() => document.documentElement.dataset.taken ?? null")
    send(window)
    (taken,) = webmail.taken()
    assert taken.envelope == {"from": "alice@example.test", "to": ["bob@example.test"], "cc": [], "bcc": []}
    receipt = email.message_from_bytes(taken.message)
    assert (receipt["To"], receipt["In-Reply-To"]) == ("bob@example.test", "<asking@example.test>")
    cms = receipt.get_payload(decode=True)
    assert isinstance(cms, bytes)
    verified = run(
        ess.verify_receipt(cms, find_signed_layer(decrypted(mail, people.alice)).signed_data, provider=NATIVE)
    )
    assert verified.certificate == people.alice.certificate
    # The question does not come again, and a second window gives nothing.
    open_mail(viewer, tmp_path, mail)
    viewer.wait_for_text("You made a signed receipt", selector=NOTE)
    again = webmail.write(kind="receipt", mail=mail)
    assert "already made a receipt" in again.text("[data-test=problem]")


def test_a_refused_receipt_may_be_given_later(webmail: Webmail, people: People) -> None:
    mail = asking_mail(people.bob)
    webmail.mood("refuses")
    window = webmail.write(kind="receipt", mail=mail)
    window.click("[data-test=send]")
    window.wait_for_text("the mailbox is full", selector="[data-test=send-error]", timeout_seconds=60)
    window.close()
    webmail.mood("sends")
    send(webmail.write(kind="receipt", mail=mail))
    assert len(webmail.taken()) == 1


def test_all_addresses_that_get_the_receipt_are_named(webmail: Webmail, people: People) -> None:
    window = webmail.write(kind="receipt", mail=asking_mail(people.bob, to=("bob@example.test", "eve@elsewhere.test")))
    assert "eve@elsewhere.test" in window.text("[data-test=receipt-tells]")


def test_doubtful_mail_and_mail_of_oneself_asks_for_nothing(
    webmail: Webmail, people: People, viewer: Page, tmp_path: Path
) -> None:
    mail = asking_mail(people.bob)
    for asking, state in (
        (mail.replace(b"Turn left", b"Turn right"), "invalid"),
        (mail.replace(b"From: bob@", b"From: carol@"), "invalid"),
        (asking_mail(people.alice), "verified"),
    ):
        assert open_mail(viewer, tmp_path, asking) == state
        assert viewer.js(NO_NOTE)
        window = webmail.write(kind="receipt", mail=asking)
        assert "asks for no receipt from you" in window.text("[data-test=problem]")
        window.close()


def test_the_viewer_saves_the_receipt_as_a_file(
    webmail: Webmail, extension: Extension, people: People, viewer: Page, tmp_path: Path
) -> None:
    open_mail(viewer, tmp_path, asking_mail(people.bob))
    viewer.wait_for_selector("[data-test=receipt-send]")
    viewer.click("[data-test=receipt-send]")
    window = extension.browser.wait_for_page("compose.html")
    window.wait_for_selector("[data-test=send]", timeout_seconds=60)
    assert "as a file" in window.text("main")
    send(window)
    assert "attach the saved file" in window.text("[data-test=left]")


def test_locked_keys_are_unlocked_in_the_window(webmail: Webmail, extension: Extension, people: People) -> None:
    extension.lock()
    window = webmail.write(kind="receipt", mail=asking_mail(people.bob))
    window.click("[data-test=passphrase]")
    window.type(PASSPHRASE)
    window.click("[data-test=unlock]")
    window.wait_for(
        "() => !document.querySelector('[data-test=send]').hasAttribute('aria-disabled')", timeout_seconds=60
    )
    extension.is_locked = False
    send(window)
    assert len(webmail.taken()) == 1
