"""A tour of the views of the extension that show what is a person's own: subjects, texts, names, addresses, file names.

Each stop shows a random word for each of these things. A test then looks for the words where no view may leave them.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from smime_core.blocking import run
from smime_core.ca.demo import issue_identity
from tests.support.browser.page import Page
from tests.support.browser.profile_search import Marks
from tests.support.extension.compose_driver import Webmail, send
from tests.support.extension.driver import textarea
from tests.support.extension.field_pages import NATIVE, agree_if_asked, encrypt
from tests.support.extension.keys_page import show_section
from tests.support.extension.mail_in_page import open_mail, show_mail
from tests.support.extension.mail_letters import file, mail, multipart, text
from tests.support.extension.stage import OPENING_SECONDS, Stage
from tests.support.extension.viewer import open_file
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.parcels import MESSAGE, ParcelRig, letter

_BOB = "bob@example.test"
_KNOWN = "[data-test=recipient]:not([data-readiness=asking])"
_FIELD = textarea("answer", data_smime="sign encrypt", data_smime_to=_BOB)
# The page of a site is in the browser's cache, so the word comes into the form later.
_FORM = """<form data-smime="sign" data-smime-nonce="n" method="post" action="/orders" autocomplete="off">
  <label>Item <input name="item" value="Lamp"></label><button name="go">Order</button></form>"""
_ORDER = "(word) => { document.querySelector('[name=item]').defaultValue = word; }"


@dataclass
class ExtensionTour:
    """The extension with Alice's keys, the sites that she visits, and a service with parcels."""

    stage: Stage
    rig: ParcelRig
    folder: Path
    marks: Marks = field(default_factory=Marks)

    def letter(self, thing: str) -> bytes:
        """A signed and encrypted message with a file."""
        name, content = self.marks(f"file in {thing}"), self.marks(f"content of the file in {thing}")
        body = text(self.marks(f"text of {thing}"))
        attached = file(f"{name}.txt", "text/plain", content.encode())
        subject = self.marks(f"subject of {thing}")
        return self.stage.letters.signed_and_encrypted(mail(multipart("mixed", body, attached), subject=subject))

    def open(self, address: str) -> Page:
        return self.stage.extension.browser.open(address)


def open_parcel(tour: ExtensionTour) -> None:
    """A parcel with its letter and files, and a reply that is begun."""
    marks, rig = tour.marks, tour.rig
    tour.stage.extension.keep(anchors=[rig.stack.folder / "ca.pem"])
    message = letter(marks("subject"), marks("text"), attached=[(f"{marks('attachment')}.txt", b"Bring wax.")])
    files = {MESSAGE: message, f"{marks('file')}.pdf": b"%PDF-1.7 the plan"}
    sent = rig.send(files, kind="message", signer=rig.stack.accounts[1].identity)
    marks.words["words"] = sent.words
    page = tour.open(f"{tour.stage.extension.base}parcel/parcel.html")
    page.wait_for_selector(named("address"))
    page.fill(named("address"), sent.link(rig.stack.pages_url))
    page.click(named("address-go"))
    page.wait_for_selector(named("admit-server"))
    page.click(named("admit-server"))
    page.wait_for_selector(named("words"), timeout_seconds=OPERATION_SECONDS)
    page.fill(named("words"), sent.words)
    page.click(named("open-parcel"))
    page.wait_for_selector(f'{named("parcel")}[aria-busy="false"]', timeout_seconds=OPERATION_SECONDS)
    # The subject is in the sandboxed frame of the letter.
    page.wait_for_text(marks("file"), selector="main", timeout_seconds=OPERATION_SECONDS)
    assert marks("subject") not in page.js("() => document.title")
    page.wait_for_selector(named("write-answer"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("write-answer"))
    page.wait_for_selector(named("answer-text"))
    page.fill(named("answer-text"), marks("reply"))


def open_mail_file(tour: ExtensionTour) -> None:
    """The viewer with the file of a mail."""
    path = tour.folder / f"{tour.marks('name of a mail')}.eml"
    path.write_bytes(tour.letter("a mail"))
    viewer = tour.open(f"{tour.stage.extension.base}viewer/viewer.html")
    open_file(viewer, path)
    shown = viewer.wait_for_frame("mail_view.html")
    shown.wait_for_text(tour.marks("text of a mail"), timeout_seconds=OPENING_SECONDS)


def write_a_letter(tour: ExtensionTour) -> None:
    """The window for writing: a draft, the draft that is continued, and the letter that is sent."""
    marks = tour.marks
    webmail = Webmail(tour.stage.extension, tour.stage.site)
    window = webmail.write(to=[_BOB])
    window.wait_for_selector(_KNOWN, timeout_seconds=OPENING_SECONDS)
    window.fill(named("compose-subject"), marks("written subject"))
    window.fill(named("compose-text"), marks("written text"))
    attached = tour.folder / f"{marks('written file')}.txt"
    attached.write_text(marks("content of a file"))
    window.choose_files(named("compose-file"), [attached])
    window.wait_for_text(marks("written file"), selector=named("compose-attachments"))
    selector = f"{named('draft-state')}[data-state=kept]"
    window.wait_for_selector(selector, timeout_seconds=OPENING_SECONDS)
    window.close()
    window = webmail.write()
    window.wait_for_selector(named("draft-continue"), timeout_seconds=OPENING_SECONDS)
    window.click(named("draft-continue"))
    look = "(field, text) => document.querySelector(field)?.value === text"
    window.wait_for(look, named("compose-text"), marks("written text"), timeout_seconds=OPENING_SECONDS)
    send(window)
    webmail.taken()


def write_in_a_field(tour: ExtensionTour) -> None:
    """A text in the extension's editor, the window that asks, and another text that is opened in its field."""
    stage, site = tour.stage, tour.stage.site
    encrypt(stage.extension, tour.open(site.page_with(_FIELD)), "#answer", tour.marks("text in a field"))
    armored = stage.people.encrypt(tour.marks("opened text"), origin=site.origin, to=stage.people.alice)
    page = tour.open(site.page_with(textarea("letter", text=armored)))
    stage.extension.click_button(page, "#letter")
    frame = agree_if_asked(stage.extension, page)
    frame.text.wait_for_text(tour.marks("opened text"), timeout_seconds=OPENING_SECONDS)


def open_mail_in_a_page(tour: ExtensionTour) -> None:
    """A mail that is opened in its place in a webmail."""
    page = tour.open("about:blank")
    show_mail(page, tour.stage.webmail, tour.letter("a mail in a page"))
    frame = open_mail(tour.stage.extension, page)
    frame.text.wait_for_text(tour.marks("text of a mail in a page"), timeout_seconds=OPENING_SECONDS)


def sign_a_form(tour: ExtensionTour) -> None:
    """The window that shows what a form will send."""
    page = tour.open(tour.stage.site.page_with(_FORM))
    page.js(_ORDER, tour.marks("field of a form"))
    window = tour.stage.extension.window_after_click(page, "[name=go]")
    window.wait_for_text(tour.marks("field of a form"))
    with window.closing():
        window.click(named("refuse"))


def look_for_people(tour: ExtensionTour) -> None:
    """Keys and people: a person, and the words by which they are looked for."""
    at = datetime.datetime.now(datetime.UTC)
    name = tour.marks("person")
    person = run(issue_identity(tour.stage.people.authority, f"{name}@example.test", provider=NATIVE, at=at))
    path = tour.folder / "person.der"
    path.write_bytes(person.certificate.der)
    options = tour.stage.extension.open_options()
    show_section(options, "people")
    options.choose_files("#person", [path])
    options.wait_for_text(name, selector="#people", timeout_seconds=OPENING_SECONDS)
    options.fill(named("people-search"), tour.marks("words of a search"))


Stop = Callable[[ExtensionTour], None]
# The first ones are walked in each run of the tests, all of them in a thorough one.
STOPS: dict[str, Stop] = {
    "a parcel": open_parcel,
    "the file of a mail": open_mail_file,
    "writing": write_a_letter,
    "a field": write_in_a_field,
    "a mail in a page": open_mail_in_a_page,
    "a form": sign_a_form,
    "people": look_for_people,
}

# The stop that shows a page of the extension.
SHOWN_BY: dict[str, str] = {
    "compose/compose.html": "writing",
    "frame/broker.html": "a field",
    "frame/mail_frame.html": "a mail in a page",
    "frame/mail_view.html": "a mail in a page",
    "frame/view.html": "a field",
    "options/options.html": "people",
    "parcel/parcel.html": "a parcel",
    "prompt/prompt.html": "a form",
    "viewer/viewer.html": "the file of a mail",
}

# The pages at which the tour does not stop, each with the reason.
NOT_SHOWN: dict[str, str] = {
    "guide/help.html": "shows fixed words",
    "guide/welcome.html": "shows fixed words and a message that is the same for all",
    "page_save/page_save.html": "shows a page of a site, which the browser keeps itself",
    "sign_in/sign_in.html": "asks for a password; its address has that of the account",
    "stopped/stopped.html": "shows fixed words",
    "toolbar/toolbar.html": "names downloads, which the browser keeps itself",
    "vault_home/offscreen.html": "is never seen",
    "viewer/page_view.html": "shows a page of a site, which the browser keeps itself",
    "viewer/page_viewer.html": "shows a page of a site, which the browser keeps itself",
}
