"""The extension in Roundcube, walked with the pointer: it reads and writes the protected messages.

Everything else is done in Roundcube itself. The extension's button above a message opens it. The button above
Roundcube's text field opens the extension's window for writing. This window stays open after sending, and closing it
counts as one click.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.support.browser.browsers import Browser
from tests.support.browser.page import CONTROL, ENTER, Page
from tests.support.extension.driver import Extension
from tests.support.pages.driver import named
from tests.support.project import ROOT
from tools.days_work.mailbox import HIDDEN_SUBJECT, INNER_TEXT, SAVED_BYTES, SAVED_NAME
from tools.days_work.people import BOB
from tools.days_work.rig import Rig
from tools.days_work.roundcube import SECONDS, Roundcube, row_of
from tools.days_work.steps import FILES_SUBJECT, Cannot, Reply
from tools.days_work.user import becomes_true

# Unprotected messages are read in Roundcube alone.
_STATES: Final = {
    "M2": "verified",
    "M3": "verified",
    "M4": "verified",
    "M6": "verified",
    "M9": "verified",
    "M10": "encrypted-only",
    "M13": "invalid",
    "M14": "signed-unverified",
    "M15": "encrypted-only",
}
_ONLY_SIGNED: Final = ("M2", "M9", "M13", "M14")
_FOR_OTHERS: Final = "M12"
_FORMATTED: Final = "M6"
_NO_PREVIEW: Final = "saves the files of an encrypted message, and shows none"
_NO_DRAFT: Final = "keeps its drafts encrypted in this browser, and on the mail server only by a bridge"
_EXTENSION: Final = ROOT / "dist" / "extension_test"
_SHOWS: Final = "(words) => document.body?.innerText.includes(words)"
_LOCKED: Final = "Your keys are locked"


class Extended(Roundcube):
    """Roundcube in a browser with the extension, which has Anna's keys and the certificates of her contacts."""

    name = "extension"
    is_protecting = True

    def __init__(self, rig: Rig, browser: Browser, *, rest_seconds: float) -> None:
        self._extension = Extension(browser, _EXTENSION)
        super().__init__(rig, browser, rest_seconds=rest_seconds)

    def _prepare_more(self) -> None:
        """Anna imports her keys and certificates, lets the extension open mail of this site, and locks her keys."""
        anna, extension = self._rig.people.anna, self._extension
        extension.keep(people=[self._rig.contacts_file], anchors=[self._rig.authority_file])
        extension.open_keys(self._rig.write_key_file(), anna.key_passphrase)
        self._page.activate()
        self._page.click(f"{row_of(self._uid('M3'))} .subject")
        frame = self._page.wait_for_frame(f"_uid={self._uid('M3')}&")
        extension.click_button_above(frame, "#messagebody")
        extension.answer()
        frame.wait_for_frame("mail_frame.html").wait_for_selector(".state-statement[data-state]")
        extension.lock()

    # The keys

    def unlock(self) -> None:
        raise Cannot("shows no encrypted subject in Roundcube's list; it asks for the passphrase in step 5")

    def lock(self) -> None:
        self._to_list()
        self.user.do(lambda: self._browser.click_toolbar_button(self._extension.id, self._page))
        window = self._browser.wait_for_page("toolbar.html")
        with self._at(window):
            self.user.click(named("way-lock"))
            window.wait_for_text(_LOCKED, selector=named("state"), timeout_seconds=SECONDS)
        assert HIDDEN_SUBJECT not in self._page.text(), "the locked page shows a subject that was encrypted"

    # Reading

    def read(self, name: str) -> None:
        if name in ("M7", "M8"):
            raise Cannot(_NO_PREVIEW)
        if name not in (*_STATES, _FOR_OTHERS):
            return super().read(name)
        self._open(self._uid(name))
        frame = self._page.wait_for_frame(f"_uid={self._uid(name)}&")
        self.user.strike(frame, lambda: self._button(frame, "#messagebody"))
        around = frame.wait_for_frame("mail_frame.html", timeout_seconds=SECONDS)
        if self._extension.is_locked and name not in _ONLY_SIGNED:
            self._give_passphrase()
        if name == _FOR_OTHERS:
            return around.wait_for_selector(named("problem"), timeout_seconds=SECONDS)
        around.wait_for_selector(f".state-statement[data-state={_STATES[name]}]", timeout_seconds=SECONDS)
        view = around.wait_for_frame("mail_view.html")
        shown = view.wait_for_frame("about:srcdoc") if name == _FORMATTED else view
        words = self._rig.messages[name].words
        # Some of the words of a changed message are in capitals.
        shown.wait_for(_SHOWS, words.upper() if name == "M13" else words)
        if name == "M4":
            view.wait_for_text(HIDDEN_SUBJECT, selector=named("subject"))
        look = {"M10": self._open_attached, "M15": self._save_attached}
        return look.get(name, lambda _: None)(view)

    def _give_passphrase(self) -> None:
        """Type the passphrase into the window that asks for it before the first encrypted message."""
        window = self._extension.window(tick_proposed=False)
        with self._at(window):
            self.user.focus(named("passphrase"))
            self.user.type(self._rig.people.anna.key_passphrase)
            with window.closing():
                self.user.press(ENTER)
        self._extension.is_locked = False

    def _open_attached(self, view: Page) -> None:
        self.user.click(named("open"), frame=view)
        self._window = self._browser.wait_for_page("viewer.html")
        self._window.wait_for_frame("mail_view.html").wait_for(_SHOWS, INNER_TEXT, timeout_seconds=SECONDS)

    def _save_attached(self, view: Page) -> None:
        self.user.click(named("save"), frame=view)
        file = self._rig.downloads / SAVED_NAME
        assert becomes_true(lambda: file.exists() and file.stat().st_size == SAVED_BYTES), "nothing was saved"

    # Writing

    def reply(self, reply: Reply) -> None:
        self._open_row(reply.name)
        self._answer("reply-all" if reply.to_all else "reply")
        with self._writing(reply.recipients):
            if reply.to_all:
                self.user.click(named("doubtful-add"))
            self.user.focus(named("compose-text"))
            if reply.drops_quote:
                self.user.press(CONTROL, "a")
            self.user.type(reply.line)
            if reply.cc:
                self.user.click(named("unfold-cc-bcc"))
                self.user.focus(named("compose-cc"))
                self.user.type(reply.cc)
                self.user.page.wait_for_selector(f'{named("suggestion")}[aria-selected="true"]')
                self.user.press(ENTER)
            if not reply.encrypted:
                self.user.click(named("switch-encrypt"))

    def reply_to_sent(self, line: str) -> None:
        self._show("Sent")
        self.user.click("#messagelist tbody tr:first-child .subject")
        self._wait_until_calm()
        self._answer("reply")
        with self._writing():
            self.user.focus(named("compose-text"))
            self.user.type(line)

    def forward(self, name: str, to: str) -> None:
        self._show("INBOX")
        self._open_row(name)
        self._answer("forward")
        with self._writing():
            self.user.focus(named("compose-to"))
            self.user.type(f"{to},")

    def send_files(self, line: str) -> None:
        self._begin()
        with self._writing() as window:
            self.user.focus(named("compose-to"))
            self.user.type(f"{BOB},")
            self.user.focus(named("compose-subject"))
            self.user.type(FILES_SUBJECT)
            self.user.focus(named("compose-text"))
            self.user.type(line)
            self.user.choose_files("label:has([data-test=compose-file])", named("compose-file"), self._rig.attached)
            rows = f"() => document.querySelectorAll('{named('compose-attachments')} > li').length === 2"
            window.wait_for(rows, timeout_seconds=SECONDS)

    def begin_draft(self, line: str) -> None:
        raise Cannot(_NO_DRAFT)

    def finish_draft(self, line: str) -> None:
        raise Cannot(_NO_DRAFT)

    def search_text(self) -> None:
        raise Cannot("searches no encrypted text")

    @contextmanager
    def _writing(self, recipients: int = 1) -> Iterator[Page]:
        """The extension's window for writing, opened from Roundcube's. At the end of the block the message is sent."""
        self.user.strike(self._page, lambda: self._button(self._page, "#composebodycontainer"))
        self._window = window = self._browser.wait_for_page("compose.html")
        window.wait_for_selector(named("send"), timeout_seconds=SECONDS)
        with self._at(window):
            yield window
            before = len(self._rig.post.taken)
            # The button is grey until the window has the message that is answered or forwarded.
            self.user.click(f"{named('send')}:not([aria-disabled])")
            self._rig.post.wait_until_taken(before, recipients)

    @contextmanager
    def _at(self, window: Page) -> Iterator[None]:
        """Let the user act in another tab or window during the block."""
        before, self.user.page = self.user.page, window
        try:
            yield
        finally:
            self.user.page = before

    # Parts

    def _open_device(self) -> Page:
        # The extension would not run in a tab with a separate storage.
        page = self._browser.open("about:blank")
        page.set_viewport(1280, 900)
        return page

    def _open_row(self, name: str) -> None:
        """Select a message. The extension's window quotes it later."""
        self._open(self._uid(name))
        self._wait_until_calm()

    def _button(self, page: Page, element: str) -> tuple[int, int]:
        place = self._extension.wait_for_button_above(page, element)
        return place["x"], place["y"]
