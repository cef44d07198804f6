"""The acts and results of a person who reads and writes with the extension in a webmail."""

from __future__ import annotations

import contextlib
import datetime
import email
import tempfile
import time
from dataclasses import dataclass
from email.policy import default
from pathlib import Path
from typing import Any, Final

from smime_core.blocking import run
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.message import sign_message
from smime_core.report.report import MessageReport, State
from tests.support.browser.bidi import BidiError
from tests.support.browser.page import JavaScriptError, Page
from tests.support.extension.compose_driver import send
from tests.support.extension.driver import Extension, notes_below
from tests.support.extension.keys_page import CATCH, saved
from tests.support.extension.letter_to_bob import opened_by_bob
from tests.support.extension.mail_letters import NATIVE, Letters, mail, text
from tests.support.servers.mail_host import MailHost
from tests.support.servers.mailboxes import ALICE, BOB
from tools.webmails.driven import Driven

WORDS: Final = "The harbour at noon."
READINGS: Final = {
    "encrypted and signed": State.VERIFIED,
    "signed clear": State.VERIFIED,
    "signed opaque": State.VERIFIED,
    "altered": State.INVALID,
}
WRITINGS: Final = ("new", "reply")
_SECONDS: Final = 40
_STATE: Final = "() => document.querySelector('.state-statement')?.dataset.state ?? ''"
_PROBLEM: Final = "() => document.querySelector('[data-test=problem]')?.textContent ?? ''"


@dataclass(frozen=True, slots=True)
class Met:
    """`good`: the result is right. `presses` on the extension's buttons. `said`: the shown state or sentence."""

    good: bool
    presses: int
    said: str
    is_attached_by_hand: bool = False


def letter(letters: Letters, kind: str) -> bytes:
    """One of the mails of `READINGS`, from Bob to Alice."""
    plain = mail(text(WORDS))
    if kind == "encrypted and signed":
        return letters.signed_and_encrypted(plain)
    if kind == "signed opaque":
        now = datetime.datetime.now(datetime.UTC)
        signing = Signing(identities=[letters.bob], signing_time=now, form=SignatureForm.OPAQUE)
        return run(sign_message(plain, signing, provider=NATIVE))
    signed = letters.signed(plain)
    return signed.replace(b"at noon", b"at nine") if kind == "altered" else signed


class Person:
    """One person at one tab, whose presses on buttons of the extension are counted."""

    def __init__(self, extension: Extension, tab: Page) -> None:
        self.extension, self.tab, self.presses = extension, tab, 0

    def press_toolbar(self) -> None:
        """Press the toolbar's button, once the page is at rest."""
        time.sleep(1)
        self.presses += 1
        self.extension.browser.click_toolbar_button(self.extension.id, self.tab)

    def agree_if_asked(self) -> None:
        """Agree in the extension's window, if it is there."""
        if self.extension.has_window():
            self.presses += 1
            self.extension.answer()

    def send(self, window: Page) -> None:
        """Press Send in the message window."""
        self.presses += 1
        send(window)


def read(extension: Extension, tab: Page, driven: Driven[Any], uid: int, wanted: State) -> Met:
    """Show a mail, press the toolbar's button, and agree if the extension asks."""
    driven.show(uid)
    person = Person(extension, tab)
    person.press_toolbar()
    state, sentence = _verdict(person)
    extension.browser.close_pages("toolbar.html")
    return Met(state == wanted, person.presses, state or sentence)


def _verdict(person: Person) -> tuple[str, str]:
    """Wait for the state of the mail, or for a sentence of the extension."""
    end, tab = time.monotonic() + _SECONDS, person.tab
    while time.monotonic() < end:
        person.agree_if_asked()
        with contextlib.suppress(BidiError, JavaScriptError):
            for frame in tab.frames():
                if "mail_frame.html" not in frame.url:
                    continue
                if state := frame.js(_STATE):
                    return str(state), ""
                if problem := frame.js(_PROBLEM):
                    return "", str(problem)
        if any("toolbar.html" in context["url"] for context in tab.browser.contexts()):
            return "", "the toolbar's window"
        time.sleep(0.2)
    return "", _notes(tab) or "nothing"


def _notes(tab: Page) -> str:
    """The sentences that the extension shows in a page."""
    with contextlib.suppress(BidiError):
        return " / ".join(filter(None, (notes_below(frame, "html") for frame in [tab, *tab.frames()])))
    return ""


def write(extension: Extension, tab: Page, driven: Driven[Any], host: MailHost, letters: Letters, kind: str) -> Met:
    """Write to Bob from the webmail's form, have it sent by the webmail, and open the mail that arrives."""
    host.empty(BOB)
    if kind == "reply":
        host.empty(ALICE)
        driven.show(host.append(ALICE, letter(letters, "encrypted and signed")))
        driven.reply()
    else:
        driven.begin()
    person = Person(extension, tab)
    person.press_toolbar()
    try:
        window = extension.browser.wait_for_page("compose.html")
    except AssertionError:
        return Met(False, person.presses, _notes(tab) or "nothing")
    window.wait_for_selector("[data-test=send]", timeout_seconds=60)
    try:
        window.wait_for_selector(f"[data-test=recipient][data-address='{BOB}']", timeout_seconds=20)
    except AssertionError:
        return Met(False, person.presses, window.text())
    window.fill("[data-test=compose-text]", WORDS)
    window.js(CATCH)
    try:
        person.send(window)
    except AssertionError as error:
        return Met(False, person.presses, str(error))
    note = window.text()
    is_saved = window.js("() => document.querySelector('[data-test=saved-hint]') !== null")
    file = saved(window) if is_saved else None
    window.close()
    tab.activate()
    if file:
        _attach(driven, *file)
    if file or "handed over" in note.lower():
        driven.send()
    arrived = b"".join(host.wait_for_messages(BOB, timeout_seconds=_SECONDS)[-1:])
    if not arrived:
        return Met(False, person.presses, f"nothing arrived; {note}")
    report = opened(arrived, letters)
    is_whole = report.state is State.VERIFIED and WORDS in report.content.decode() and WORDS.encode() not in arrived
    note = report.state if is_whole else f"{report.state}: {report.reasons}"
    return Met(is_whole, person.presses, note, is_attached_by_hand=file is not None)


def _attach(driven: Driven[Any], name: str, message: bytes) -> None:
    """Attach the message that the extension has saved by hand."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(message)
        driven.attach(file)


def opened(message: bytes, letters: Letters) -> MessageReport:
    """Return Bob's report on a mail: on the attached message, if there is one."""
    parts = [
        part
        for part in email.message_from_bytes(message, policy=default).walk()
        if (part.get_filename() or "").endswith(".eml")
    ]
    if not parts:
        return opened_by_bob(message, letters)
    content = parts[0].get_content()
    return opened_by_bob(content if isinstance(content, bytes) else content.as_bytes(), letters)
