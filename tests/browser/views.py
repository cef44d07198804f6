"""Every view of the extension, opened as a person comes to it, without a word of any language."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from smime_core.blocking import run
from smime_core.demo_ca import create_authority, issue_identity
from smime_core.fields import seal_field
from tests.browser.compose_driver import Webmail
from tests.browser.extension_driver import Extension, Frame, Site, textarea
from tests.browser.field_pages import NATIVE, PASSPHRASE, TEXT, People, agree_if_asked
from tests.browser.mail_letters import Letters
from tests.browser.page import Page
from tests.browser.test_extension_pages import tab_id, verify
from tests.browser.test_extension_viewer import rich_letter
from tests.browser.test_webmail_saved import READING, Service
from tests.browser.web_site import WebSite

OPENING_SECONDS = 60
FIELD = textarea("answer", data_smime="sign encrypt", data_smime_to="bob@example.test")
FORM = """<form data-smime="sign" data-smime-nonce="n" method="post" action="/orders">
  <input type="hidden" name="price" value="120.00 EUR"><label>Item <input name="item" value="Lamp"></label>
  <button name="go">Order</button></form>"""
FILE = '<input id=field type=file name=scan data-smime="sign encrypt" data-smime-to="bob@example.test">'
# The extension's button above a message stands in a closed shadow root: only its place is known.
_BUTTON_ABOVE = """(selector) => {
  const { x, y, height } = document.querySelector(selector)?.previousElementSibling?.getBoundingClientRect() ?? {};
  return height >= 44 && { x: Math.round(x + 24), y: Math.round(y + 24) };
}"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The extension with Alice's keys, and the sites that she meets with it."""

    extension: Extension
    people: People
    site: Site
    web_site: WebSite
    webmail: Service

    @property
    def letters(self) -> Letters:
        """What Bob writes to her."""
        return Letters(
            alice=self.people.alice,
            bob=self.people.bob,
            authority=self.people.authority,
            folder=self.people.folder,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view that is open: the tab or window with it, and the documents of the extension in it."""

    page: Page
    documents: list[Page]
    frames: list[Page]


Opener = Callable[[Stage], AbstractContextManager[View]]


def _alone(page: Page, *frames: Page) -> View:
    return View(page=page, documents=[page], frames=list(frames))


@contextmanager
def _tab(stage: Stage, name: str) -> Iterator[View]:
    page = stage.extension.browser.open(stage.extension.base + name)
    page.wait_for("() => document.querySelector('h1')?.textContent")
    yield _alone(page)
    page.close()


@contextmanager
def _step(stage: Stage, step: int) -> Iterator[View]:
    """One step of the guide."""
    with _tab(stage, "help.html") as view:
        view.page.js("(step) => chrome.runtime.sendMessage({ type: 'guide.keep', body: { step } })", step)
        view.page.goto(stage.extension.base + "welcome.html")
        view.page.wait_for_selector("#buttons button")
        yield view


@contextmanager
def _mail(stage: Stage) -> Iterator[View]:
    """A signed and sealed mail with markup, a picture and files."""
    file = stage.letters.write("rich.eml", stage.letters.signed_and_sealed(rich_letter()))
    with _tab(stage, "viewer.html") as view:
        view.page.wait_for_selector("[data-test=pick]")
        view.page.choose_files("#file", [file])
        view.page.wait_for_selector(".state-statement", timeout_seconds=OPENING_SECONDS)
        text = view.page.wait_for_frame("mail_view.html")
        text.wait_for_selector("header")
        yield _alone(view.page, text)


@contextmanager
def _writing(stage: Stage) -> Iterator[View]:
    """A letter to somebody who can read it, and to somebody who cannot."""
    webmail = Webmail(stage.extension, stage.site)
    window = webmail.write(to=["bob@example.test", "nobody@example.test"])
    known = "[data-test=recipient][data-address='nobody@example.test']:not([data-readiness=asking])"
    window.wait_for_selector(known, timeout_seconds=OPENING_SECONDS)
    window.fill("[data-test=compose-subject]", "Thursday")
    window.fill("[data-test=compose-text]", TEXT)
    yield _alone(window)
    window.close()
    webmail.close()


@contextmanager
def _page(stage: Stage, *, is_altered: bool) -> Iterator[View]:
    """A published page with its verdict."""
    site = stage.web_site
    url = site.publish("<title>Notice</title><h1>Opening hours</h1><p>Monday", stage.people.bob)
    if is_altered:
        body, headers = site.served["/page.html"]
        site.served["/page.html"] = (body.replace(b"Monday", b"Sunday"), headers)
    tab = stage.extension.browser.open("about:blank")
    viewer = verify(stage.extension, tab, url)
    yield _alone(viewer, *([] if is_altered else [viewer.wait_for_frame("page_view.html")]))
    viewer.close()
    tab.close()


@contextmanager
def _saving(stage: Stage) -> Iterator[View]:
    """A page that is saved."""
    url = stage.web_site.serve("/order.html", b"<!doctype html><html lang=en><title>An order</title><h1>Order</h1>")
    tab = stage.extension.browser.open(url)
    window = stage.extension.browser.open(f"{stage.extension.base}page_save.html?tab={tab_id(stage.extension, url)}")
    window.wait_for_selector("[data-test=save]", timeout_seconds=OPENING_SECONDS)
    yield _alone(window, window.wait_for_frame("page_view.html"))
    window.close()
    tab.close()


@contextmanager
def _asking(stage: Stage, ask: Callable[[Stage, Page], None]) -> Iterator[View]:
    """The window that asks; whatever it asks is refused at the end."""
    page = stage.extension.browser.open("about:blank")
    ask(stage, page)
    window = stage.extension.window()
    yield _alone(window)
    with window.closing():
        window.click("[data-test=refuse]")
    stage.extension.wait_until_window_is_gone()
    page.close()


def _ask_to_seal(stage: Stage, page: Page) -> None:
    page.goto(stage.site.page_with(FIELD))
    stage.extension.write(page, "#answer", TEXT).around.click("[data-test=seal]")


def _ask_to_sign_a_form(stage: Stage, page: Page) -> None:
    page.goto(stage.site.page_with(FORM))
    page.wait_for("() => document.readyState === 'complete'")
    page.click("[name=go]")


def _ask_for_files(stage: Stage, page: Page) -> None:
    page.goto(stage.site.page_with(FILE))
    page.click("#field")


def _ask_to_open(stage: Stage, page: Page) -> None:
    # Nothing is ever agreed to on this site: it asks each time.
    origin = stage.site.other_origin
    armored = stage.people.seal(TEXT, origin=origin, to=stage.people.alice)
    page.goto(stage.site.page_with(textarea("letter", text=armored), origin=origin))
    stage.extension.click_button(page, "#letter")


@contextmanager
def _asking_while_locked(stage: Stage) -> Iterator[View]:
    options = stage.extension.open_options()
    options.click("[data-test=lock]")
    options.wait_for("() => document.querySelector('[data-test=lock]').hidden")
    options.close()
    with _asking(stage, _ask_to_seal) as view:
        yield view
    stage.extension.is_locked = True
    unlock(stage.extension, stage.people.folder / "alice.p12")


@contextmanager
def _editor(stage: Stage) -> Iterator[View]:
    page = stage.extension.browser.open(stage.site.page_with(FIELD))
    yield _framed(page, stage.extension.write(page, "#answer", TEXT))
    page.close()


@contextmanager
def _verdict(stage: Stage, armor: Callable[[Stage], str]) -> Iterator[View]:
    """What a field says in its place after it was opened."""
    page = stage.extension.browser.open(stage.site.page_with(textarea("letter", text=armor(stage))))
    stage.extension.click_button(page, "#letter")
    yield _framed(page, agree_if_asked(stage.extension, page))
    page.close()


def _framed(page: Page, frame: Frame) -> View:
    return View(page=page, documents=[], frames=[frame.around, frame.text])


def _good(stage: Stage) -> str:
    return stage.people.seal(TEXT, origin=stage.site.origin, to=stage.people.alice)


def _altered(stage: Stage) -> str:
    armored = _good(stage)
    middle = len(armored) // 2
    other = "A" if armored[middle] != "A" else "B"
    return armored[:middle] + other + armored[middle + 1 :]


def _by_a_stranger(stage: Stage) -> str:
    at = datetime.datetime.now(datetime.UTC)
    authority = run(create_authority("Elsewhere CA", provider=NATIVE, at=at))
    stranger = run(issue_identity(authority, "bob@example.test", provider=NATIVE, at=at))
    recipients = [stage.people.alice.certificate]
    sealing = seal_field(
        TEXT, origin=stage.site.origin, recipients=recipients, identity=stranger, signing_time=at, provider=NATIVE
    )
    return run(sealing)


@contextmanager
def _mail_in_a_page(stage: Stage) -> Iterator[View]:
    path, stage.webmail.markup, fragment = READING["Gmail"]
    stage.webmail.source = stage.letters.signed_and_sealed(rich_letter())
    page = stage.extension.browser.open(stage.webmail.origin + path + fragment)
    place = page.wait_for(_BUTTON_ABOVE, ".a3s")
    page.click_at(place["x"], place["y"])
    around = page.wait_for_frame("mail_frame.html")
    for _ in range(400):
        if stage.extension.has_window():
            stage.extension.answer()
            break
        if around.js("() => document.querySelector('.state-statement') !== null"):
            break
    around.wait_for_selector(".state-statement", timeout_seconds=OPENING_SECONDS)
    yield View(page=page, documents=[], frames=[around, page.wait_for_frame("mail_view.html")])
    page.close()


VIEWS: dict[str, Opener] = {
    "keys and people": partial(_tab, name="options.html"),
    "help": partial(_tab, name="help.html"),
    "guide, first step": partial(_step, step=0),
    "guide, identity": partial(_step, step=1),
    "guide, pattern": partial(_step, step=2),
    "guide, message": partial(_step, step=3),
    "viewer": partial(_tab, name="viewer.html"),
    "viewer with a mail": _mail,
    "writing": _writing,
    "page, verified": partial(_page, is_altered=False),
    "page, altered": partial(_page, is_altered=True),
    "page to save": _saving,
    "window, seal": partial(_asking, ask=_ask_to_seal),
    "window, locked": _asking_while_locked,
    "window, form": partial(_asking, ask=_ask_to_sign_a_form),
    "window, files": partial(_asking, ask=_ask_for_files),
    "window, open": partial(_asking, ask=_ask_to_open),
    "editor": _editor,
    "field, verified": partial(_verdict, armor=_good),
    "field, altered": partial(_verdict, armor=_altered),
    "field, by a stranger": partial(_verdict, armor=_by_a_stranger),
    "mail in a page": _mail_in_a_page,
}


def fill(extension: Extension, people: People) -> None:
    """Give the extension Alice's keys, Bob's certificate and their authority."""
    unlock(extension, people.folder / "alice.p12")
    extension.import_certificate("anchors", people.folder / "ca.der", expect="Example CA")
    extension.import_certificate("people", people.folder / "bob.der", expect="bob@example.test")


def unlock(extension: Extension, file: Path) -> None:
    """Import a key file, and wait for its keys in whatever language."""
    page = extension.open_options()
    page.choose_files("#p12", [file])
    page.click("[data-test=passphrase]")
    page.type(PASSPHRASE)
    page.click("[data-test=import-keys]")
    page.wait_for("() => document.querySelector('[data-test=lock]')?.hidden === false", timeout_seconds=OPENING_SECONDS)
    page.close()
    extension.is_locked = False
