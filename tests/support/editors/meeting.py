"""The outcome when a person writes in an editor, asks Sealwax to encrypt, and posts, as the editor's model shows."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import time
from typing import Final

from tests.support.browser.bidi import BidiError
from tests.support.browser.page import JavaScriptError, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.editors.kits import Posting
from tests.support.extension.compose_driver import send
from tests.support.extension.driver import Extension, Frame, agree_in, notes_below

IN_PAGE = page_scripts("support/editors/meeting.js")

SECRET: Final = "The key is under the third flower pot."
READY: Final = "() => document.documentElement.dataset.kit === 'ready'"
# The middle of the first line of the largest thing in which a person can write.
SPOT: Final = IN_PAGE["spot"]
BOB_READY: Final = "[data-test=recipient][data-address='bob@example.test'][data-readiness=ready]"
WRITTEN: Final = "(text) => kit.model().includes(text)"
ARMOR: Final = re.compile(r"^(-----BEGINCMS-----[A-Za-z0-9+/=]+-----ENDCMS-----)+$")


@dataclasses.dataclass(frozen=True, slots=True)
class Meeting:
    """`way`: "works", "refused", or "none" where no frame opened. `said`: the sentence of a refusal, or the note.

    `model`: the editor's own text after that. `posted`: what the page's button sent then.
    """

    way: str
    said: str
    model: str
    posted: str

    @property
    def is_silent(self) -> bool:
        """Whether the person was told nothing, or that something is encrypted which the page has in clear."""
        if self.way == "works":
            return not (is_encrypted(self.model) and is_encrypted(self.posted))
        return not self.said


def is_encrypted(text: str) -> bool:
    """Whether a model is encrypted text and nothing else. Editors of Markdown escape its characters."""
    return ARMOR.match(re.sub(r"[\s\\\u200b\u2060\ufeff]+", "", text)) is not None


def type_secret(page: Page) -> None:
    """Type the secret into the editor of the page."""
    page.click_at(*page.js(SPOT))
    page.type(SECRET)
    page.wait_for(WRITTEN, SECRET)


def meet(extension: Extension, page: Page, editors: Posting, kit: str) -> Meeting:
    """Write the secret in an editor, encrypt it, and press the page's button."""
    page.goto(editors.field(kit))
    page.wait_for(READY)
    type_secret(page)
    extension.choose_from_menu(page, "field")
    frame = frame_or_none(extension, page)
    if frame is None:
        return Meeting("none", words_of_extension(extension, page), page.js("() => kit.model()"), "")
    frame.around.wait_for_selector("[data-test=encrypt]")
    frame.around.click("[data-test=encrypt]")
    window = extension.window()
    agree_in(window)
    problem = _problem_in(extension, window)
    if not problem:
        frame.around.wait_for_text("Encrypted for", timeout_seconds=30)
    way = "refused" if problem else "works"
    model = page.js("() => kit.model()")
    return Meeting(way, problem, model, _posted_by(page, editors))


def send_mail(extension: Extension, page: Page, editors: Posting, kit: str) -> tuple[str, str]:
    """Write the secret in a form for mail, have the encrypted message attached there, and press the form's button.

    Returns what the page has posted, and the sentence with which the message was not handed over, or "".
    """
    page.goto(editors.mail_form(kit))
    page.wait_for(READY)
    page.fill("[name=to]", "bob@example.test")
    page.fill("[name=subject]", "Plans")
    type_secret(page)
    extension.choose_from_menu(page, "field")
    window = extension.browser.wait_for_page("compose.html")
    window.wait_for_selector(BOB_READY, timeout_seconds=60)
    try:
        send(window)
        # A form with several inputs for files gets none: the person saves the message, and is told what to do there.
        sentence = window.js("() => document.querySelector('[data-test=saved-hint]')?.textContent ?? ''")
    except AssertionError as error:
        sentence = str(error)
    window.close()
    return _posted_by(page, editors), sentence


def _posted_by(page: Page, editors: Posting) -> str:
    """Press the page's own button, and return what it posts."""
    editors.posted.clear()
    page.activate()
    page.js("() => document.querySelector('#send').click()")
    deadline = time.monotonic() + 5
    while not editors.posted and time.monotonic() < deadline:
        time.sleep(0.05)
    return editors.posted[-1] if editors.posted else ""


def frame_or_none(extension: Extension, page: Page, seconds: float = 6) -> Frame | None:
    """The extension's frame in a page; None if there is none after some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if any("view.html" in frame.url for frame in page.frames()):
            return extension.frame_in(page)
        time.sleep(0.05)
    return None


def words_of_extension(extension: Extension, page: Page) -> str:
    """The note below the editor, or what the toolbar's window begins with."""
    if any("toolbar.html" in context["url"] for context in page.browser.contexts()):
        return extension.browser.wait_for_page("toolbar.html").text()
    return notes_below(page, "body")


def _problem_in(extension: Extension, window: Page) -> str:
    """Wait until the extension's window has closed, and return "", or the problem that it shows."""
    for _ in range(600):
        if not extension.has_window():
            return ""
        with contextlib.suppress(BidiError, JavaScriptError):
            if problem := window.js("() => document.querySelector('[data-test=problem]')?.textContent ?? ''"):
                with window.closing():
                    window.click("[data-test=refuse]")
                return str(problem)
        time.sleep(0.05)
    raise AssertionError("the extension's window stays open")
