"""A tour of the views of the pages that show what is a person's own: subjects, texts, names, addresses, file names.

Each stop shows a random word for each of these things. A test then looks for the words where no view may leave them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.browser.page import ENTER, ESCAPE, Page
from tests.support.browser.profile_search import Marks
from tests.support.extension.mail_letters import file, multipart, picture, text
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.parcel_letters import ParcelLetter
from tests.support.pages.parcels import MESSAGE, ParcelPage, ParcelRig, letter
from tests.support.pages.pdf_files import pdf
from tests.support.pages.received import deliver, signed_and_encrypted

_SETTLED = f"{named('messages')}[aria-busy=false]"
_FILES = f"{named('my-files')}[aria-busy=false]"
_NO_DIALOG = "() => document.querySelector('dialog') === null"


@dataclass
class Tour:
    """Where the tour is: the pages of the first account in a tab beside `beside`, in the browser's own profile."""

    beside: Page
    rig: ParcelRig
    folder: Path
    marks: Marks = field(default_factory=Marks)
    _pages: MailPages | None = None

    @property
    def pages(self) -> MailPages:
        """The mail of the first account, with unlocked keys."""
        if self._pages is None:
            first = self.rig.stack.accounts[0]
            self._pages = MailPages(self.beside.browser, self.rig.stack.pages_url, first, beside=self.beside)
            self._pages.enter()
        return self._pages

    @property
    def page(self) -> Page:
        return self.pages.page

    def go(self, path: str, selector: str) -> None:
        """Go to a view, and wait until it shows something."""
        self.page.js("(path) => { location.hash = path; }", path)
        self.page.wait_for_selector(selector, timeout_seconds=OPERATION_SECONDS)

    def write_file(self, thing: str, data: bytes, end: str = "txt") -> Path:
        """A file of the computer whose name has the word for `thing`."""
        path = self.folder / f"{self.marks(thing)}.{end}"
        path.write_bytes(data)
        return path

    def receive(self, thing: str, *files: bytes) -> int:
        """Deliver a signed and encrypted message of the second account, and return its UID."""
        alice, bob = self.rig.stack.accounts[:2]
        head = (
            f'From: "{self.marks(f"name in {thing}")}" <{bob.address}>\r\nTo: {alice.address}\r\n'
            f"Subject: {self.marks(f'subject of {thing}')}\r\n"
        )
        body = multipart("mixed", text(self.marks(f"text of {thing}")), *files)
        return deliver(self.rig.stack, signed_and_encrypted(bob, alice, head.encode() + body))


def open_parcel(tour: Tour) -> None:
    """The parcel's page, its letter and files, and a reply that is begun."""
    marks, rig = tour.marks, tour.rig
    message = letter(marks("subject"), marks("text"), attached=[(f"{marks('attachment')}.txt", b"Bring wax.")])
    files = {MESSAGE: message, f"{marks('file')}.pdf": b"%PDF-1.7 the plan"}
    sent = rig.send(files, kind="message", signer=rig.stack.accounts[1].identity)
    reader = ParcelPage(tour.beside.browser, sent.link(rig.stack.pages_url), beside=tour.beside)
    reader.open(sent.words)
    reader.page.wait_for_text(marks("subject"), selector=named("parcel-heading"), timeout_seconds=OPERATION_SECONDS)
    assert marks("text") in reader.page.text(named("body"))
    assert marks("subject") not in reader.page.js("() => document.title")
    reader.page.wait_for_selector(named("write-answer"), timeout_seconds=OPERATION_SECONDS)
    reader.page.click(named("write-answer"))
    reader.page.wait_for_selector(named("answer-text"), timeout_seconds=OPERATION_SECONDS)
    reader.page.fill(named("answer-text"), marks("reply to a parcel"))
    marks.words["words"] = sent.words
    # A page that is left keeps its entry in the history.
    reader.page.reload()
    reader.page.wait_for_selector("#app h1", timeout_seconds=OPERATION_SECONDS)


def send_and_read(tour: Tour) -> None:
    """A written message with a file, the list of sent messages, the message and its source, a search."""
    marks, pages, page = tour.marks, tour.pages, tour.page
    pages.write(to=tour.rig.stack.accounts[1].address, subject=marks("written subject"), text=marks("written text"))
    page.choose_files(named("compose-file"), [tour.write_file("written file", marks("content of a file").encode())])
    pages.send()
    page.click(f"{named('folder')}[data-folder=Sent]")
    page.wait_for("(inbox) => !location.hash.startsWith(inbox)", "#/folder/inbox")
    page.wait_for_text("bob@", selector=f"{_SETTLED} {named('message-row')}", timeout_seconds=OPERATION_SECONDS)
    page.click(named("message-row"))
    page.wait_for_text(marks("written text"), selector=named("body"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("view-source"))
    page.wait_for_selector(named("source"), timeout_seconds=OPERATION_SECONDS)
    tour.go("#/folder/inbox", _SETTLED)
    page.fill(named("search"), marks("search words") + ENTER)
    page.wait_for_selector(_SETTLED, timeout_seconds=OPERATION_SECONDS)
    page.click(named("search-end"))


def preview_files(tour: Tour) -> None:
    """A received message, previews of its picture, text and PDF file, its row in the list, a reply with a quotation."""
    marks, page = tour.marks, tour.page
    uid = tour.receive(
        "a letter",
        file(f"{marks('picture')}.png", "image/png", picture()),
        file(f"{marks('notes')}.txt", "text/plain", marks("text of a preview").encode()),
        file(f"{marks('plan')}.pdf", "application/pdf", pdf(marks("text of a PDF"))),
    )
    tour.pages.open_message(uid)
    page.wait_for_text(marks("text of a letter"), selector=named("body"), timeout_seconds=OPERATION_SECONDS)
    for number, shown in enumerate((".preview-picture", named("preview-text"), named("pdf-words")), 1):
        page.click(f"[data-test=attachment]:nth-of-type({number}) {named('preview-attachment')}")
        page.wait_for("(shown) => document.querySelector(shown) !== null", shown, timeout_seconds=OPERATION_SECONDS)
        page.press(ESCAPE)
        page.wait_for(_NO_DIALOG)
    tour.go("#/folder/inbox", _SETTLED)
    row = f'{named("message-row")}[data-uid="{uid}"]'
    page.wait_for_text(marks("subject of a letter"), selector=row, timeout_seconds=OPERATION_SECONDS)
    tour.pages.open_message(uid)
    page.click(named("reply"))
    page.wait_for("(it) => document.querySelector(it)?.value.includes('> ')", named("compose-text"))
    tour.pages.discard()


def print_message(tour: Tour) -> None:
    """A message on paper."""
    tour.pages.open_message(tour.receive("a printed letter"))
    printed = tour.marks("text of a printed letter")
    tour.page.wait_for_text(printed, selector=named("body"), timeout_seconds=OPERATION_SECONDS)
    tour.page.browser.bidi.command("browsingContext.print", context=tour.page.context)


def keep_a_draft(tour: Tour) -> None:
    """A draft, its row in the folder for drafts, and the draft opened again."""
    marks, pages, page = tour.marks, tour.pages, tour.page
    pages.write(to=f"{marks('recipient')}@elsewhere.test", subject=marks("draft's subject"), text=marks("draft"))
    page.choose_files(named("compose-file"), [tour.write_file("draft's file", marks("content of a draft").encode())])
    saved = f"{named('draft-state')}[data-state=saved]:not([data-pending])"
    page.wait_for_selector(saved, timeout_seconds=OPERATION_SECONDS)
    # A folder other than the inbox leaves no row of the one before.
    tour.go("#/folder/Drafts", f"{_SETTLED} {named('message-row')}")
    page.wait_for_text(marks("draft's subject"), selector=_SETTLED, timeout_seconds=OPERATION_SECONDS)
    page.click(named("message-row"))
    look = "(field, text) => document.querySelector(field)?.value === text"
    page.wait_for(look, named("compose-text"), marks("draft"), timeout_seconds=OPERATION_SECONDS)
    pages.discard()


def keep_files(tour: Tour) -> None:
    """My files: a file and a folder, each by its name."""
    marks, page = tour.marks, tour.page
    tour.go("#/files", _FILES)
    page.choose_files(named("files-picker"), [tour.write_file("kept file", marks("content of a kept file").encode())])
    page.wait_for_text(marks("kept file"), selector=named("files"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("new-folder"))
    page.fill(named("file-name"), marks("folder of files"))
    page.press(ENTER)
    page.wait_for_text(marks("folder of files"), selector=named("files"), timeout_seconds=OPERATION_SECONDS)
    page.fill(named("files-find"), marks("kept file"))


def send_a_parcel(tour: Tour) -> None:
    """A letter that goes as a parcel, its words, and the list of sent parcels with one of them opened."""
    marks = tour.marks
    written = ParcelLetter.of(tour.pages)
    person = f"{marks('recipient of a parcel')}@elsewhere.test"
    written.write(person, subject=marks("subject of a parcel"), text=marks("text of a parcel"))
    written.attach(tour.write_file("file of a parcel", b"The plan"))
    written.ask()
    written.go()
    marks.words["words of a sent parcel"] = written.wait_until_sent()
    written.finish()
    tour.go("#/parcels", named("sent-parcel"))
    tour.page.wait_for_text(person, selector=named("sent-parcel"), timeout_seconds=OPERATION_SECONDS)
    tour.page.click(f"{named('sent-parcel')} {named('sent-parcel-open')}")
    tour.page.wait_for_selector(f"{named('sent-parcel-details')}[aria-busy=false]", timeout_seconds=OPERATION_SECONDS)


def add_people(tour: Tour) -> None:
    """People and trust with a person and a group, and an address completed from them."""
    marks, page = tour.marks, tour.page
    tour.go("#/people", named("person-add"))
    page.click(named("person-add"))
    page.fill(named("person-name"), marks("person"))
    page.fill(named("person-address"), f"{marks('address of a person')}@elsewhere.test")
    page.click(named("person-save"))
    page.wait_for_text(marks("person"), selector=named("people"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("group-make"))
    page.fill(named("group-name"), marks("group"))
    page.press(ESCAPE)
    page.wait_for(_NO_DIALOG)
    tour.go("#/folder/inbox", _SETTLED)
    page.click(named("write"))
    page.click(named("compose-to"))
    page.type(marks("person")[:8])
    page.wait_for_selector(named("suggestion"))
    page.press(ENTER)
    tour.pages.discard()


def change_account(tour: Tour) -> None:
    """Settings of the account: the text below messages."""
    tour.go("#/settings/writing", named("letter-signature"))
    tour.page.fill(named("letter-signature"), tour.marks("text below messages"))
    tour.page.click(named("letter-signature-save"))


Stop = Callable[[Tour], None]
# The first ones are walked in each run of the tests, all of them in a thorough one.
STOPS: dict[str, Stop] = {
    "a parcel": open_parcel,
    "a message that is sent, read and searched": send_and_read,
    "a received message and its files": preview_files,
    "a printed message": print_message,
    "a draft": keep_a_draft,
    "my files": keep_files,
    "a sent parcel": send_a_parcel,
    "people": add_people,
    "the account": change_account,
}

# The stop that shows a view, by the view's module in `webbridge/pages`.
SHOWN_BY: dict[str, str] = {
    "reading/attachment_preview.js": "a received message and its files",
    "files/files_view.js": "my files",
    "parcels/answer/parcel_answer.js": "a parcel",
    "parcels/letter/parcel_letter.js": "a sent parcel",
    "parcels/page/views/opened_view.js": "a parcel",
    "reading/pdf/pdf_view.js": "a received message and its files",
    "reading/pdf_preview.js": "a received message and its files",
    "account/views/account_view.js": "the account",
    "app/views/late_view.js": "my files",
    "reading/views/mail_view.js": "a message that is sent, read and searched",
    "files/views/my_files_view.js": "my files",
    "trust/views/people_view.js": "people",
    "parcels/views/sent_parcels_view.js": "a sent parcel",
    "reading/views/source_view.js": "a message that is sent, read and searched",
    "writing/views/writing_view.js": "a draft",
}

# The views at which the tour does not stop, each with the reason.
NOT_SHOWN: dict[str, str] = {
    "parcels/page/views/certificate_view.js": "asks for a key file and its passphrase, and shows no parcel",
    "parcels/page/views/linkless_view.js": "shows no parcel",
    "account/views/accounts_view.js": "shows the accounts of this browser, whose addresses come from the bridge",
    "keys/views/keys_view.js": "shows certificates, which are public; test_unlock_on_disk.py searches for the secrets",
    "writing/views/outbox_view.js": "needs messages on this device; test_undo_send.py searches for their words",
    "keys/views/recovery_view.js": "shows codes of factors; test_key_residue.py searches for secrets of the keys",
    "keys/views/roaming_view.js": "shows the state of the keys at the key server",
    "keys/views/shared_identities_view.js": "shows certificates of shared identities, which are public",
    "account/views/sign_in_view.js": "the field for the address and the one for the password are typed at each stop",
}
