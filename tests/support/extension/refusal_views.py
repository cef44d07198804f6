"""Views of what the extension says where a page does not keep the encrypted text. No words of a language matter."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import agree_in, note_after
from tests.support.extension.editor_pages import page_with
from tests.support.extension.stage import OPENING_SECONDS, Opener, Stage, View, alone

IN_PAGE = page_scripts("support/extension/refusal_views.js")

_SENTENCE_CHARACTERS: Final = 50
_KEEPING: Final = 'field.addEventListener("input", () => { model = field.innerText; });'
_DRAWING_AGAIN: Final = 'field.addEventListener("input", () => { field.textContent = model; });'
_RETURN: Final = "() => { document.querySelector('#field').textContent = 'under the third flower pot'; }"
_DAMAGE: Final = """() => {
  const field = document.querySelector("#field");
  field.textContent = field.textContent.slice(0, 400);
}"""
_REWRITE: Final = """() => { document.querySelector("#field").value = "I owe you 1000"; }"""
_COVER: Final = IN_PAGE["coverInPage"]
# The editor keeps its text 0.7 s after a key at the latest.
_KEPT_SECONDS: Final = 3.0
_FORM: Final = """<form method=post><textarea id=field name=letter data-smime=encrypt></textarea>
  <button id=send>Go</button></form>"""


def _ask(stage: Stage, page: Page) -> None:
    stage.extension.write(page, "#field", "").around.click("[data-test=encrypt]")


def _encrypt(stage: Stage, page: Page, words: str) -> None:
    frame = stage.extension.write(page, "#field", words)
    frame.around.click("[data-test=encrypt]")
    stage.extension.answer()
    frame.around.wait_for_selector(".encrypted-block", timeout_seconds=OPENING_SECONDS)
    frame.around.click("[data-test=close]")
    page.wait_for("() => document.querySelector('#field').getBoundingClientRect().height > 0")


@contextmanager
def _window_of(stage: Stage, page: Page) -> Iterator[View]:
    window = stage.extension.window()
    yield alone(window)
    with window.closing():
        window.click("[data-test=refuse]")
    page.close()


@contextmanager
def _refused(stage: Stage) -> Iterator[View]:
    """The window after an editor has drawn its own text again."""
    page = stage.extension.browser.open(page_with(stage.site, _DRAWING_AGAIN))
    _ask(stage, page)
    window = stage.extension.window()
    agree_in(window)
    window.wait_for("() => document.querySelector('[data-test=problem]')?.textContent", timeout_seconds=OPENING_SECONDS)
    with _window_of(stage, page) as view:
        yield view


@contextmanager
def _told(stage: Stage, *, change: str) -> Iterator[View]:
    """The note below a field whose encrypted text the page has changed."""
    page = stage.extension.browser.open(page_with(stage.site, _KEEPING))
    _encrypt(stage, page, "")
    page.js(change)
    deadline = time.monotonic() + OPENING_SECONDS
    # A button beside the field has a few words.
    while len(note_after(page, "#field")) < _SENTENCE_CHARACTERS:
        assert time.monotonic() < deadline, "the page shows no note"
        time.sleep(0.1)
    yield View(page=page, documents=[], frames=[])
    page.close()


@contextmanager
def _replaced(stage: Stage) -> Iterator[View]:
    """The private editor after the page has put its own text in the place of the encrypted one."""
    page = stage.extension.browser.open(stage.site.page_with(_FORM))
    frame = stage.extension.write(page, "#field", "under the third flower pot")
    frame.around.click("[data-test=encrypt]")
    stage.extension.answer()
    frame.around.wait_for_selector(".encrypted-block", timeout_seconds=OPENING_SECONDS)
    page.js(_REWRITE)
    frame.around.wait_for_selector("[data-test=replaced]", timeout_seconds=OPENING_SECONDS)
    yield View(page=page, documents=[], frames=[frame.around])
    page.close()


@contextmanager
def _page_left(stage: Stage) -> Iterator[View]:
    """The window with the text that was typed in a page, after the page has gone to another address."""
    page = stage.extension.browser.open(stage.site.page_with(_FORM))
    stage.extension.write(page, "#field", "under the third flower pot")
    time.sleep(_KEPT_SECONDS)
    page.goto(stage.site.page_with("<h2>Elsewhere</h2>"))
    around = stage.extension.browser.wait_for_page("broker.html?frame=")
    around.wait_for_frame("view.html").wait_for_text("flower", selector=".text")
    yield alone(around)
    around.close()
    page.close()


@contextmanager
def _covered(stage: Stage, *, opener: Opener) -> Iterator[View]:
    """An opened text over which the page has laid something."""
    with opener(stage) as view:
        view.page.js(_COVER)
        (around,) = view.frames[:1]
        around.wait_for("() => document.querySelector('[data-test=covered]')?.textContent")
        yield view


@contextmanager
def _stopped(stage: Stage) -> Iterator[View]:
    """The window after a press that would have sent the page's own text in place of the encrypted one."""
    page = stage.extension.browser.open(stage.site.page_with(_FORM))
    _encrypt(stage, page, "under the third flower pot")
    page.js(_REWRITE)
    page.click("#send")
    with _window_of(stage, page) as view:
        yield view


REFUSALS: Final[dict[str, Opener]] = {
    "window, field refused": _refused,
    "window, sending stopped": _stopped,
    "editor, page replaced its text": _replaced,
    "window, page left": _page_left,
    "note, text came back": partial(_told, change=_RETURN),
    "note, text damaged": partial(_told, change=_DAMAGE),
}


def covered(opener: Opener) -> Opener:
    """The view of an opened text that the page covers."""
    return partial(_covered, opener=opener)
