"""Roundcube, walked with the pointer, with the skin and the plugins that Debian installs."""

from __future__ import annotations

import base64
from typing import Final

from tests.support.browser.browsers import Browser
from tests.support.browser.page import CONTROL, ENTER, SHIFT, Page
from tools.days_work.mailbox import INNER_TEXT, SAVED_BYTES, SAVED_NAME, SUBJECT_HITS, SUBJECT_WORD, TEXT_WORD
from tools.days_work.people import BOB, CAROL, CONTACTS, NAMES
from tools.days_work.rig import Rig
from tools.days_work.steps import DRAFT_SUBJECT, FILES_SUBJECT, Reply
from tools.days_work.user import User, becomes_true

SECONDS: Final = 60
_LISTED = """() => window.rcmail?.env.task === 'mail' && !rcmail.busy
  && rcmail.message_list && rcmail.message_list.rowcount > 0"""
_ROWS = "() => Object.values(rcmail.message_list.rows).map(({ uid }) => Number(uid))"
_HAS_SUBJECT = """(text) => !rcmail.busy
  && [...document.querySelectorAll('#messagelist .subject a')].some((one) => one.textContent === text)"""
_IS_GONE = "(rows) => rows.every((row) => !document.querySelector(row)?.getClientRects().length)"
_SHOWS = "(words) => document.querySelector('#messagebody')?.innerText.includes(words)"
_PREVIEWS = """(words) => [...document.querySelectorAll("iframe")].some((frame) =>
  frame.contentDocument?.querySelector("#messagebody")?.innerText.includes(words))"""
_COMPOSES = "() => window.rcmail?.env.action === 'compose' && document.readyState === 'complete' && jQuery.active === 0"
_TO, _CC = (f"#compose_{line} .recipient-input input" for line in ("to", "cc"))
_FEW: Final = 15
_SUBJECT, _BODY = "#compose-subject", "#composebody"


def row_of(uid: int) -> str:
    """The row of a message of the shown folder."""
    encoded = base64.b64encode(str(uid).encode()).decode().rstrip("=").replace("+", "-").replace("/", "_")
    return f"#rcmrow{encoded}"


# Whether no request is running, and the selected message is shown.
_IS_CALM = """() => {
  const frame = document.querySelector("#messagecontframe")?.contentWindow;
  const selected = rcmail.message_list?.get_single_selection();
  return !rcmail.busy && (!selected || String(frame?.rcmail?.env.uid) === String(selected));
}"""


def _folder(name: str) -> str:
    return f'#mailboxlist a[rel="{name}"]'


class Roundcube:
    """Roundcube in a browser of its own."""

    name = "Roundcube"
    is_protecting = False

    def __init__(self, rig: Rig, browser: Browser, *, rest_seconds: float) -> None:
        self._rig = rig
        self._browser = browser
        self._page = self._open_device()
        self.user = User(self._page, rest_seconds=rest_seconds)
        # A window that Roundcube has opened. The person closes it before the next step.
        self._window: Page | None = None

    @property
    def page(self) -> Page:
        """The tab in which the walk goes on."""
        return self._page

    @property
    def clicks(self) -> int:
        return self.user.clicks

    def prepare(self) -> None:
        """A visit of the day before: Anna's contacts are added, and the browser's cache gets the files of Roundcube."""
        page, anna = self._page, self._rig.people.anna
        page.goto(self._rig.url)
        page.fill("#rcmloginuser", anna.address)
        page.fill("#rcmloginpwd", anna.mail_password)
        page.click("#rcmloginsubmit")
        page.wait_for(_LISTED, timeout_seconds=SECONDS)
        for address in CONTACTS:
            page.js("(one) => { rcmail.http_post('addcontact', { _address: one }); }", f"{NAMES[address]} <{address}>")
            page.wait_for("() => jQuery.active === 0")
        self._prepare_more()
        page.click("#taskmenu a.logout")
        page.wait_for_selector("#rcmloginuser")
        page.goto("about:blank")

    def _prepare_more(self) -> None:
        """Prepare what belongs to the program, before the end of the visit."""

    # Signing in, and the lock

    def sign_in(self) -> None:
        self.user.open(self._rig.url)
        self.user.focus("#rcmloginuser")
        self.user.type(self._rig.people.anna.address)
        self.user.focus("#rcmloginpwd")
        self.user.type(self._rig.people.anna.mail_password)
        self.user.press(ENTER)
        self._page.wait_for(_LISTED, timeout_seconds=SECONDS)

    def unlock(self) -> None:
        """Do nothing, because Roundcube has no keys."""

    def lock(self) -> None:
        self._to_list()
        self.user.click("#taskmenu a.logout")
        self._page.wait_for_selector("#rcmloginuser", timeout_seconds=SECONDS)

    # Reading

    def read(self, name: str) -> None:
        self._open(self._uid(name))
        frame = self._page.wait_for_frame(f"_uid={self._uid(name)}&")
        frame.wait_for(_SHOWS, self._rig.messages[name].words, timeout_seconds=SECONDS)
        look = {"M7": self._look_at_pdf, "M8": self._look_at_picture, "M10": self._open_inner, "M15": self._save}
        if name in look:
            look[name](frame)

    def _look_at_pdf(self, frame: Page) -> None:
        self._open_file(frame)
        # The driver cannot look into the browser's own viewer of PDF files. The viewer shows the file in a frame with
        # the viewer's own address.
        assert becomes_true(lambda: sum("_embed=1" in url for url in self._urls()) > 1), "no PDF is shown"

    def _look_at_picture(self, frame: Page) -> None:
        window = self._open_file(frame)
        picture = "() => document.images[0]?.complete && document.images[0].naturalWidth > 0"
        window.wait_for_frame("_part=").wait_for(picture)

    def _open_inner(self, frame: Page) -> None:
        window = self._open_file(frame)
        shows = "(words) => document.body?.innerText.includes(words)"
        window.wait_for_frame("_action=preview").wait_for(shows, INNER_TEXT)

    def _open_file(self, frame: Page) -> Page:
        """Press an attachment, which Roundcube shows in a separate window."""
        self.user.click("#attachment-list a.filename", frame=frame)
        self._window = window = Page(self._browser, self._new_window())
        return window

    def _urls(self) -> list[str]:
        return [context["url"] for context in self._browser.contexts()]

    def _new_window(self) -> str:
        windows: list[str] = []

        def look() -> bool:
            windows[:] = [context for context, url in self._browser.tabs().items() if "_action=get" in url]
            return bool(windows)

        assert becomes_true(look), "no window was opened"
        return windows[0]

    def _save(self, frame: Page) -> None:
        self.user.click("#attachment-list a.filename", frame=frame)
        file = self._rig.downloads / SAVED_NAME
        assert becomes_true(lambda: file.exists() and file.stat().st_size == SAVED_BYTES), "nothing was saved"

    # Writing

    def reply(self, reply: Reply) -> None:
        self._open_whole(reply.name)
        self._answer("reply-all" if reply.to_all else "reply")
        self.user.focus(_BODY)
        if reply.drops_quote:
            self.user.press(CONTROL, "a")
        self.user.type(reply.line)
        if reply.cc:
            self.user.click('#compose_to a[data-popup="headers-menu"]')
            self.user.click("#headers-menu a[data-target=cc]")
            self.user.focus(_CC)
            self.user.type(reply.cc)
            self._page.wait_for_selector("#rcmKSearchpane li.selected, #rcmKSearchpane li")
            self.user.press(ENTER)
        self._send(reply.recipients)

    def reply_to_sent(self, line: str) -> None:
        self._show("Sent")
        self.user.click("#messagelist tbody tr:first-child .subject")
        self._page.wait_for(_PREVIEWS, "The line of step 22", timeout_seconds=SECONDS)
        self._answer("reply")
        self.user.focus(_BODY)
        self.user.type(line)
        self._send()

    def forward(self, name: str, to: str) -> None:
        self._show("INBOX")
        self._open_whole(name)
        self._answer("forward")
        self.user.focus(_TO)
        self.user.type(f"{to},")
        self._send()

    def _answer(self, act: str) -> None:
        self.user.click(f"#toolbar-menu a.{act}:not(.disabled)")
        self._page.wait_for(_COMPOSES, timeout_seconds=SECONDS)

    def _send(self, recipients: int = 1) -> None:
        before = len(self._rig.post.taken)
        self.user.click(".formbuttons button.send")
        # For many recipients, Roundcube asks whether they may all see each other.
        if recipients > _FEW:
            self.user.click(".ui-dialog-buttonset button.mainaction")
        self._rig.post.wait_until_taken(before, recipients)

    # Searching

    def search_subjects(self) -> None:
        self._to_list()
        self.user.focus("#mailsearchform")
        self.user.type(SUBJECT_WORD)
        self.user.press(ENTER)
        self._wait_for_rows({self._uid(name) for name in SUBJECT_HITS})

    def search_text(self) -> None:
        self.user.click(".searchbar a.options")
        self.user.click("#searchmenu input[value=text]")
        self.user.focus("#mailsearchform")
        self.user.press(CONTROL, "a")
        self.user.type(TEXT_WORD)
        self.user.press(ENTER)
        self._wait_for_rows({self._uid("M3")})

    def _wait_for_rows(self, uids: set[int]) -> None:
        self._page.wait_for(f"(uids) => !rcmail.busy && ({_ROWS})().sort().join() === uids.sort().join()", list(uids))

    # Filing

    def archive(self, name: str) -> None:
        if self._page.js("() => document.querySelector('.searchbar a.reset')?.getClientRects().length > 0"):
            self.user.click(".searchbar a.reset")
            self._page.wait_for_selector(row_of(self._uid(name)))
        self.move(name, "Archive")

    def delete(self, name: str) -> None:
        self._open(self._uid(name))
        self._wait_until_calm()
        self.user.click("#toolbar-menu a.delete:not(.disabled)")
        self._wait_until_gone(name)

    def take_back(self, name: str) -> None:
        self._show("Trash")
        self.user.drag("#messagelist tbody tr:first-child .subject", _folder("INBOX"))
        self._page.wait_for("() => !rcmail.busy && rcmail.message_list.rowcount === 0")
        self.user.click(_folder("INBOX"))
        self._page.wait_for(_HAS_SUBJECT, self._rig.messages[name].subject)

    def move(self, name: str, folder: str) -> None:
        self.user.drag(f"{row_of(self._uid(name))} .subject", _folder(folder))
        self._wait_until_gone(name)

    def mark_unread(self, names: tuple[str, ...]) -> None:
        self._select(names)
        self.user.click("#markmessagemenulink")
        self.user.click("#markmessage-menu a.unread.active")
        rows = [f"{row_of(self._uid(name))}.unread" for name in names]
        self._page.wait_for("(rows) => rows.every((row) => document.querySelector(row) !== null)", rows)

    def flag(self, name: str) -> None:
        row = row_of(self._uid(name))
        self.user.click(f"{row} .flags .flag")
        self._page.wait_for_selector(f"{row}.flagged")

    def junk(self, name: str) -> None:
        self.move(name, "Spam")

    def archive_many(self, names: tuple[str, ...]) -> None:
        self._select(names)
        self.user.drag(f"{row_of(self._uid(names[0]))} .subject", _folder("Archive"))
        self._page.wait_for(_IS_GONE, [row_of(self._uid(name)) for name in names])

    def move_to_new(self, name: str, folder: str) -> None:
        self.user.click("a.sidebar-menu")
        self.user.click("#mailboxoptions-menu a.folders.active")
        self._page.wait_for("() => window.rcmail?.env.action === 'folders' && document.readyState === 'complete'")
        self.user.click("#toolbar-menu a.create:not(.disabled)")
        frame = self._page.wait_for_frame("_action=add-folder")
        frame.wait_for_selector("input[name=_name]")
        if not frame.js("() => document.activeElement?.matches('input[name=_name]')"):
            self.user.click("input[name=_name]", frame=frame)
        self.user.type(folder)
        self.user.click("button.submit", frame=frame)
        self._page.wait_for_text(folder, selector="#subscription-table")
        self.user.click("#taskmenu a.mail")
        self._page.wait_for(_LISTED, timeout_seconds=SECONDS)
        self.move(name, folder)

    def visit(self, folder: str) -> None:
        self.user.click(_folder(folder))
        self._page.wait_for("(name) => !rcmail.busy && rcmail.env.mailbox === name", folder)
        self._show("INBOX")

    def _select(self, names: tuple[str, ...]) -> None:
        self.user.click(f"{row_of(self._uid(names[0]))} .subject")
        self.user.click(f"{row_of(self._uid(names[-1]))} .subject", held=SHIFT)

    # Drafts and files

    def begin_draft(self, line: str) -> None:
        before = self._rig.post.count("Drafts")
        self._write(CAROL, DRAFT_SUBJECT, line)
        self.user.click("a.save.draft:not(.disabled)")
        assert becomes_true(lambda: self._rig.post.count("Drafts") > before), "no draft was saved"
        self.user.leave()

    def finish_draft(self, line: str) -> None:
        self._page = self.user.page = self._open_device()
        self.sign_in()
        self._show("Drafts")
        self.user.double_click("#messagelist tbody tr:first-child .subject")
        self._page.wait_for(_COMPOSES, timeout_seconds=SECONDS)
        self.user.focus(_BODY)
        self.user.type(line)
        self._send()

    def send_files(self, line: str) -> None:
        self._write(BOB, FILES_SUBJECT, line)
        self.user.choose_files("#compose-attachments button.attach", "#uploadform input[type=file]", self._rig.attached)
        uploaded = "() => document.querySelectorAll('#attachment-list li:not(.uploading)').length === 2"
        self._page.wait_for(uploaded, timeout_seconds=SECONDS)
        self._send()

    def _begin(self) -> None:
        self._to_list()
        self.user.click("#taskmenu a.compose")
        self._page.wait_for(_COMPOSES, timeout_seconds=SECONDS)

    def _write(self, to: str, subject: str, line: str) -> None:
        self._begin()
        self.user.focus(_TO)
        self.user.type(f"{to},")
        self.user.focus(_SUBJECT)
        self.user.type(subject)
        self.user.focus(_BODY)
        self.user.type(line)

    # Parts

    def _open_device(self) -> Page:
        page = self._browser.open_private("about:blank")
        page.set_viewport(1280, 900)
        return page

    def _uid(self, name: str) -> int:
        return self._rig.uids[name]

    def _open(self, uid: int) -> None:
        self._to_list()
        self.user.click(f"{row_of(uid)} .subject")

    def _open_whole(self, name: str) -> None:
        self._open(self._uid(name))
        self._page.wait_for(_PREVIEWS, self._rig.messages[name].words, timeout_seconds=SECONDS)

    def _show(self, folder: str) -> None:
        self._to_list()
        self._wait_until_calm()
        self.user.click(_folder(folder))
        self._page.wait_for("(name) => !rcmail.busy && rcmail.env.mailbox === name", folder)
        self._page.wait_for(_LISTED, timeout_seconds=SECONDS)

    def _wait_until_calm(self) -> None:
        """Wait, because Roundcube ignores presses during a request, or while it loads the next message."""
        self._page.wait_for(_IS_CALM)

    def _to_list(self) -> None:
        """Close the window that was opened. After a message was sent, Roundcube returns to the list by itself."""
        if self._window is not None:
            self.user.close(self._window)
            self._window = None
            self._page.activate()
        self._page.wait_for("() => window.rcmail?.env.action !== 'compose' && document.readyState === 'complete'")

    def _wait_until_gone(self, name: str) -> None:
        self._page.wait_for(_IS_GONE, [row_of(self._uid(name))])
