"""Our pages, walked with the pointer."""

from __future__ import annotations

from typing import Final

from tests.support.browser.page import CONTROL, ENTER
from tests.support.pages.driver import named
from tools.days_work.mailbox import (
    HIDDEN_SUBJECT,
    INNER_TEXT,
    PDF_WORDS,
    PICTURE_NAME,
    SAVED_BYTES,
    SAVED_NAME,
    SUBJECT_HITS,
    SUBJECT_WORD,
    TEXT_WORD,
)
from tools.days_work.ours_acts import SECONDS, SETTLED, Acts, row_of
from tools.days_work.people import BOB, CAROL
from tools.days_work.steps import DRAFT_SUBJECT, FILES_SUBJECT, Cannot, Reply
from tools.days_work.user import becomes_true

_STATES: Final = {
    "M1": "plain",
    "M2": "verified",
    "M3": "verified",
    "M4": "verified",
    "M5": "plain",
    "M6": "verified",
    "M7": "encrypted-only",
    "M8": "encrypted-only",
    "M9": "verified",
    "M10": "encrypted-only",
    "M11": "plain",
    "M13": "invalid",
    "M14": "signed-unverified",
    "M15": "encrypted-only",
}
# The encrypted messages that the index takes: those for Anna, without the large one.
INDEXED: Final = 6
_FORMATTED: Final = ("M5", "M6")
_FOR_OTHERS: Final = "M12"
# The longest wait until a draft is on the server, or until a search has an answer.
_DRAFT_SECONDS: Final = 8.0
_OFFER_SECONDS: Final = 2.0

_LOGIN = "() => document.querySelector('[data-test=unlock-form], [data-test=message-row]')?.getClientRects().length > 0"
_HAS_SUBJECT = "(text) => [...document.querySelectorAll('.row-subject')].some((one) => one.textContent === text)"
# The state of the message when its text and its final verdict are shown.
_STATE = """(uid) => location.hash.endsWith(`/${uid}`)
  && document.querySelector(`[data-test=message-row][data-uid="${uid}"][aria-current]`)
  && document.querySelector("[data-test=reading]").getAttribute("aria-busy") === "false"
  && document.querySelector("[data-test=state]")?.dataset.state"""
_IS_INDEXED = (
    "(count) => Number(/\\d+/.exec(document.querySelector('[data-test=index-note]').textContent)?.[0]) >= count"
)
_SHOWS = "(words) => document.querySelector('.reading').innerText.includes(words)"
_FRAME_SHOWS = "(words) => document.body?.innerText.includes(words)"
_IS_DRAWN = """(words) => document.querySelector(".pdf-page > canvas")?.width > 0
  && document.querySelector("[data-test=pdf-words]")?.textContent === words"""
_IS_WRITING = "() => document.querySelector('[data-test=compose-form]')?.getClientRects().length > 0"
_LISTED = """() => document.querySelector("[data-test=messages]").getAttribute("aria-busy") === "false"
  && [...document.querySelectorAll("[data-test=message-row]")].map(({ dataset }) => Number(dataset.uid))"""
_PICTURE = "() => document.images.length === 1 && document.images[0].complete && document.images[0].naturalWidth > 0"


class Ours(Acts):
    """Our pages with the pointer."""

    def prepare(self) -> None:
        """Visit the pages on the day before. Anna adds contacts and has her mail indexed, and the cache is filled."""
        anna, page = self._rig.people.anna, self._page
        page.goto(self._rig.url)
        page.fill(named("sign-in-address"), anna.address)
        page.fill(named("sign-in-password"), anna.mail_password)
        page.click(named("sign-in-submit"))
        page.click(f"{named('unlock-form')} {named('passphrase')}")
        page.type(anna.key_passphrase + ENTER)
        page.wait_for(_HAS_SUBJECT, HIDDEN_SUBJECT, timeout_seconds=SECONDS)
        page.js("() => { location.hash = '#/people'; }")
        self._page.wait_for_selector(named("import-people") + ":not([disabled])", timeout_seconds=SECONDS)
        self._page.choose_files(named("import-people"), [self._rig.contacts_file])
        self._page.wait_for_text("Added: 3.", selector=named("import-counts"), timeout_seconds=SECONDS)
        page.js("() => { location.hash = '#/settings/reading'; }")
        # A message leaves at once, as in the other programs.
        page.js("() => { localStorage.setItem('sealwax-undo-send', '0'); }")
        page.click(named("index-switch"))
        page.wait_for(_IS_INDEXED, INDEXED, timeout_seconds=SECONDS)
        self._page.click(named("sign-out"))
        self._page.wait_for_selector(named("sign-in-form"), timeout_seconds=SECONDS)
        self._page.goto("about:blank")

    # Signing in

    def sign_in(self) -> None:
        """Sign in, until the list or the field for the passphrase is shown. Our pages show the field first."""
        self.user.open(self._rig.url)
        self.user.focus(named("sign-in-address"))
        self.user.type(self._rig.people.anna.address)
        self.user.focus(named("sign-in-password"))
        self.user.type(self._rig.people.anna.mail_password)
        self.commit(lambda: self.user.press(ENTER), report_element="sign-in-error")
        self._page.wait_for(_LOGIN, timeout_seconds=SECONDS)

    def unlock(self) -> None:
        field = f"{named('unlock-form')} {named('passphrase')}"

        def press_enter() -> None:
            self.user.focus(field)
            self.user.press(ENTER)

        self.user.focus(field)
        self.user.type(self._rig.people.anna.key_passphrase)
        self.commit(press_enter, report_element="unlock-error")
        self._page.wait_for(_HAS_SUBJECT, HIDDEN_SUBJECT, timeout_seconds=SECONDS)

    # Reading

    def read(self, name: str) -> None:
        self.commit_opening(lambda: self.open_message(self._uid(name)))
        if name == _FOR_OTHERS:
            return self._page.wait_for_selector(named("claimed"), timeout_seconds=SECONDS)
        state = self._page.wait_for(_STATE, self._uid(name), timeout_seconds=SECONDS)
        assert state == _STATES[name], f"{name} is {state}"
        words = self._rig.messages[name].words
        if name in _FORMATTED:
            self.wait_in_frame(_FRAME_SHOWS, words, written=words)
        else:
            # Some of the words of a changed message are in capitals.
            self._page.wait_for(_SHOWS, words.upper() if name == "M13" else words)
        look = {"M7": self._look_at_pdf, "M8": self._look_at_picture, "M10": self._open_inner, "M15": self._save}
        return look.get(name, lambda: None)()

    def _look_at_pdf(self) -> None:
        self.user.click(named("preview-attachment"))
        self._page.wait_for(_IS_DRAWN, PDF_WORDS, timeout_seconds=SECONDS)

    def _look_at_picture(self) -> None:
        self.user.click(named("preview-attachment"))
        self._page.wait_for_selector(named("preview"))
        assert self._page.text(named("preview")).startswith(PICTURE_NAME)
        self.wait_in_frame(_PICTURE, written="data:image/png")

    def _open_inner(self) -> None:
        self.user.click(named("open-attached"))
        self._page.wait_for(_SHOWS, INNER_TEXT, timeout_seconds=SECONDS)

    def _save(self) -> None:
        self.user.click(named("save-attachment"))
        file = self._rig.downloads / SAVED_NAME
        assert becomes_true(lambda: file.exists() and file.stat().st_size == SAVED_BYTES), "nothing was saved"

    # Writing

    def reply(self, reply: Reply) -> None:
        self.open_message(self._uid(reply.name))
        self._answer("reply-all" if reply.to_all else "reply")
        if reply.to_all:
            # Nothing proves the other recipients of a message whose header fields are not signed.
            self.user.click(named("doubtful-add"))
            self.user.focus(named("compose-text"))
        if reply.drops_quote:
            self.user.press(CONTROL, "a")
        self.user.type(reply.line)
        if reply.cc:
            self.user.click(named("unfold-cc-bcc"))
            self.user.focus(named("compose-cc"))
            self.user.type(reply.cc)
            self._page.wait_for_selector(f'{named("suggestion")}[aria-selected="true"]')
            self.user.press(ENTER)
        if not reply.encrypted:
            self.user.click(named("switch-encrypt"))
        self._send(reply.recipients)

    def reply_to_sent(self, line: str) -> None:
        self.change_folder("Sent")
        self._page.wait_for_selector(f"{SETTLED} {named('message-row')}")
        self.commit_opening(self.open_first)
        self._answer("reply")
        self.user.type(line)
        self._send()

    def forward(self, name: str, to: str) -> None:
        self.change_folder("INBOX")
        self.open_message(self._uid(name))
        self._answer("forward")
        self.user.focus(named("compose-to"))
        self.user.type(f"{to},")
        self._send()

    def _answer(self, act: str) -> None:
        self.press_answer(act)
        self._page.wait_for(_IS_WRITING, timeout_seconds=SECONDS)

    def _send(self, recipients: int = 1) -> None:
        before = len(self._rig.post.taken)
        self.commit(self.press_send, report_element="send-error", again=self.send_again, request=(b"POST /api/send ",))
        self._rig.post.wait_until_taken(before, recipients)

    def press_send(self) -> None:
        """Press Send. The pages themselves wait until the certificates are found."""
        self.user.click(named("send"))

    def send_again(self) -> None:
        """Send a message again that was perhaps not sent."""
        self.press_send()

    # Searching

    def search_subjects(self) -> None:
        self.to_list()
        self._search_for(SUBJECT_WORD)
        uids = sorted(self._uid(name) for name in SUBJECT_HITS)
        assert becomes_true(lambda: sorted(self._listed()) == uids), f"found {self._listed()}"

    def search_text(self) -> None:
        before = self._listed()
        self._search_for(TEXT_WORD)
        uid = self._uid("M3")
        becomes_true(lambda: self._listed() not in (before, None), timeout_seconds=_DRAFT_SECONDS)
        if uid not in self._listed():
            raise Cannot("searches no encrypted text")

    def _search_for(self, word: str) -> None:
        self.into_search()
        self.user.press(CONTROL, "a")
        self.user.type(word)

        def press_enter() -> None:
            self.into_search()
            self.user.press(ENTER)

        self.commit(press_enter, report_element="list-error")

    def _listed(self) -> list[int]:
        answer = self._page.wait_for(f"() => {{ const found = ({_LISTED})(); return found && {{ found }}; }}")
        rows: list[int] = answer["found"]
        return rows

    # Filing

    def archive(self, name: str) -> None:
        self.to_list()
        self.end_search()
        self.act(name, "archive")
        self._wait_until_gone(name)

    def delete(self, name: str) -> None:
        self.act(name, "delete")
        self._wait_until_gone(name)

    def take_back(self, name: str) -> None:
        # Before that, the notice is about the last act.
        self._page.wait_for_text("trash", selector=named("act-notice-text"))
        self.commit(self.press_undo, report_element="act-notice-text")
        # The message has another UID now.
        self._page.wait_for(_HAS_SUBJECT, self._rig.messages[name].subject)

    def move(self, name: str, folder: str) -> None:
        self.act(name, "move", then=lambda: self._pick(folder[:3]))
        self._wait_until_gone(name)

    def mark_unread(self, names: tuple[str, ...]) -> None:
        self.select(names)
        self.act_on_selection("unread")
        rows = [row_of(self._uid(name)) for name in names]
        self._page.wait_for("(rows) => rows.every((row) => document.querySelector(`${row}.row-unseen`))", rows)

    def flag(self, name: str) -> None:
        self.end_selection()
        self.act(name, "flag")
        self.leave_message()
        self._page.wait_for_selector(f"{row_of(self._uid(name))} {named('row-flag')}")

    def junk(self, name: str) -> None:
        self.act(name, "junk")
        self._wait_until_gone(name)

    def archive_many(self, names: tuple[str, ...]) -> None:
        self.to_list()
        self.select(names)
        self.act_on_selection("archive")
        for name in names:
            self._wait_until_gone(name)

    def move_to_new(self, name: str, folder: str) -> None:
        self.act(name, "move", then=lambda: self._pick_new(folder))
        self._wait_until_gone(name)
        self.show_folders()
        self._page.wait_for_selector(f'{named("folder")}[data-folder="{folder}"]')

    def _pick(self, letters: str) -> None:
        self.user.focus(named("pick-filter"))
        self.user.type(letters)
        self.user.press(ENTER)

    def _pick_new(self, folder: str) -> None:
        self.user.focus(named("pick-filter"))
        self.user.type(folder)
        self._page.wait_for_selector(named("pick-make"))
        self.user.press(ENTER)

    def visit(self, folder: str) -> None:
        self.change_folder(folder)
        self.change_folder("INBOX")
        self._wait_for_row("M2")

    # Drafts, files, the lock

    def begin_draft(self, line: str) -> None:
        self.to_list()
        before = self._rig.post.count("Drafts")
        self._write(CAROL, DRAFT_SUBJECT, line)
        is_kept = becomes_true(lambda: self._rig.post.count("Drafts") > before, timeout_seconds=_DRAFT_SECONDS)
        self.user.leave()
        if not is_kept:
            raise Cannot("keeps no drafts on the mail server")

    def finish_draft(self, line: str) -> None:
        self._page = self.user.page = self._open_device()
        self.sign_in()
        self.unlock()
        if self._rig.post.count("Drafts") == 0:
            raise Cannot("has no draft on the mail server")
        # The pages may offer the draft at once.
        if becomes_true(lambda: self._is_there(named("draft-continue")), timeout_seconds=_OFFER_SECONDS):
            self.user.click(named("draft-continue"))
        else:
            self.change_folder("Drafts")
            self._page.wait_for_selector(f"{SETTLED} {named('message-row')}")
            self.commit_opening(self.open_first)
        self._page.wait_for(_IS_WRITING, timeout_seconds=SECONDS)
        self.user.focus(named("compose-text"))
        self.user.type(line)
        self._send()

    def send_files(self, line: str) -> None:
        self.to_list()
        self._write(BOB, FILES_SUBJECT, line)
        self.user.choose_files("label:has([data-test=compose-file])", named("compose-file"), self._rig.attached)
        self._send()

    def _write(self, to: str, subject: str, line: str) -> None:
        self._begin_writing(to, subject)
        self.user.type(line)

    def _begin_writing(self, to: str, subject: str) -> None:
        self.press_write()
        self.user.focus(named("compose-to"))
        self.user.type(f"{to},")
        self.user.focus(named("compose-subject"))
        self.user.type(subject)
        self.user.focus(named("compose-text"))

    def lock(self) -> None:
        self.press_lock()
        self._page.wait_for_selector(f"{named('lock')}[data-unlocked=false]", timeout_seconds=SECONDS)
        self._page.wait_for_selector(named("locked-note"))
        assert HIDDEN_SUBJECT not in self._page.text(), "the locked page shows a subject that was encrypted"
