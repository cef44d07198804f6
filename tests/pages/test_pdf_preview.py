"""PDF files in the pages: drawn by a worker without an origin, which reaches neither the pages nor the network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.browser.accessibility import Theme, find_violations, shown_in
from tests.support.browser.page import ESCAPE
from tests.support.browser.page_scripts import page_program, page_scripts
from tests.support.extension.hostile_mails import counting_server
from tests.support.extension.mail_letters import file, mail, multipart, text
from tests.support.pages.driver import MailPages, named
from tests.support.pages.pdf_files import bomb_pdf, endless_pdf, locked_pdf, narrow_pdf, pdf, reaching_pdfs
from tests.support.pages.received import deliver, encrypted, pages as pages, stack as stack
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/pdf_preview.js")


pytestmark = pytest.mark.browser

THEMES: tuple[Theme, ...] = ("light", "dark")
WIDTHS = (390, 1280)
CLOSED = "() => document.querySelector('dialog') === null && document.querySelector('iframe') === null"
SCRIPTS = "() => [...document.scripts].map(({ src }) => src.split('/').at(-1))"
WIDEST = "() => Math.max(...[...document.querySelectorAll('.pdf-page > canvas')].map(({ width }) => width))"
SHOW = "(number) => document.querySelectorAll('.pdf-page')[number - 1].scrollIntoView({ block: 'center' })"
# The number of dark pixels of the first drawn page.
INK = IN_PAGE["ink"]
# Restored by `RESTORE`, as everything that a test replaces in the page.
SHORT_TIMES = IN_PAGE["shortTimes"]
RESTORE = "() => window.restore()"
# A library that somebody has taken over. It tries to reach others, and tells as the words of a page what it got.
HOSTILE_LIBRARY = page_program("pages/hostile_library.js")
# A library that somebody has taken over, and that does not keep to the order of question and answer.
ANSWERING_LIBRARY = page_program("pages/answering_library.js")
AREA = "port.postMessage(drawn(4000, 2001, ''));"
SIDE = "port.postMessage(drawn(4097, 1, ''));"
WORDS = "port.postMessage(drawn(100, 100, 'a'.repeat(50001)));"
UNASKED = "for (let count = 0; count < 2; count += 1) port.postMessage(drawn(100, 100, ''));"
OTHER_TYPE = "port.postMessage({ type: 'other' });"
# The smallest distance between the upper edges of two pages that follow each other, as a part of the width of a page.
NEAREST = """() => {
  const edges = [...document.querySelectorAll(".pdf-page")].map((page) => page.getBoundingClientRect());
  return Math.min(...edges.slice(1).map(({ top, width }, index) => (top - edges[index].top) / width));
}"""
# In the place of the library, which the browser itself compares with its hash.
REPLACE_LIBRARY = IN_PAGE["replaceLibrary"]
HOLD_LIBRARY = IN_PAGE["holdLibrary"]
TRIES_IN_FRAME = IN_PAGE["triesInFrame"]


def receive(pages: MailPages, stack: DemoStack, *files: bytes, type: str = "application/pdf") -> None:
    """Deliver a message with these files, and open it."""
    parts = [file(f"plan{number}.pdf", type, data) for number, data in enumerate(files, 1)]
    message = mail(multipart("mixed", text("See the plan."), *parts))
    pages.open_message(deliver(stack, encrypted(stack.accounts[0], message)))


def preview(pages: MailPages, row: int = 1) -> None:
    """Ask for the preview of a file of the open message."""
    pages.page.click(f"[data-test=attachment]:nth-of-type({row}) {named('preview-attachment')}")
    pages.page.wait_for_selector(named("preview"))


def close(pages: MailPages) -> None:
    pages.page.press(ESCAPE)
    pages.page.wait_for(CLOSED)


@contextmanager
def replaced(pages: MailPages, function: str, *given: str) -> Iterator[None]:
    """Something in the page is replaced during the block."""
    pages.page.js(function, *given)
    try:
        yield
    finally:
        pages.page.js(RESTORE)


def problem(pages: MailPages) -> str:
    """The sentence for a file that is not shown."""
    selector = named("pdf-problem")
    pages.page.wait_for(f"() => document.querySelector('{selector}').textContent !== ''")
    return pages.page.text(selector)


def words(pages: MailPages) -> str:
    """The words of the first page that is drawn."""
    selector = named("pdf-words")
    pages.page.wait_for(f"() => document.querySelector('{selector}') !== null")
    content: str = pages.page.js(f"() => document.querySelector('{selector}').textContent")
    return content


def test_the_pages_of_a_pdf_are_shown_with_their_words_and_escape_leaves_nothing(
    pages: MailPages, stack: DemoStack
) -> None:
    receive(pages, stack, pdf("The first page", "The second page"))
    assert "pdf_view.js" not in pages.page.js(SCRIPTS), "it is loaded with the first preview"
    preview(pages)
    assert words(pages) == "The first page"
    assert pages.page.text(named("pdf-status")) == "2 pages"
    assert pages.page.js(INK) > 100
    assert pages.page.js("() => document.querySelector('iframe').getAttribute('sandbox')") == "allow-scripts"
    pages.page.js(SHOW, 2)
    pages.page.wait_for_text("The second page", selector=named("pdf-pages"))
    before = pages.page.js(WIDEST)
    pages.page.click(named("pdf-larger"))
    pages.page.wait_for(f"(before) => ({WIDEST})() > 1.4 * before", before)
    close(pages)
    assert pages.page.js("() => document.activeElement.dataset.test") == "preview-attachment"
    assert "pdf_view.js" in pages.page.js(SCRIPTS)


@pytest.mark.thorough
def test_a_long_pdf_is_drawn_where_it_is_looked_at(pages: MailPages, stack: DemoStack) -> None:
    receive(pages, stack, pdf(*(f"Page {number}" for number in range(1, 61))), type="application/octet-stream")
    preview(pages)
    words(pages)
    assert pages.page.text(named("pdf-status")) == "60 pages"
    assert pages.page.js("() => document.querySelectorAll('.pdf-page').length") == 60
    for number in (12, 24, 36, 48, 60):
        pages.page.js(SHOW, number)
        pages.page.wait_for_text(f"Page {number}", selector=named("pdf-pages"))
    assert pages.page.js("() => document.querySelectorAll('.pdf-page > canvas').length") <= 12
    close(pages)


@pytest.mark.thorough
def test_the_preview_of_a_pdf_is_sound_in_every_size_and_theme(pages: MailPages, stack: DemoStack) -> None:
    receive(pages, stack, pdf("The first page", "The second page"))
    preview(pages)
    words(pages)
    wrong: list[str] = []
    for theme in THEMES:
        with shown_in(pages.page, theme):
            for width in WIDTHS:
                pages.page.set_viewport(width, 844)
                faults = find_violations(pages.page) + (["sideways"] if pages.page.overflows_sideways() else [])
                wrong.extend(f"{theme}, {width} px: {fault}" for fault in faults)
    assert wrong == []
    close(pages)


def test_the_first_five_hundred_pages_are_shown(pages: MailPages, stack: DemoStack) -> None:
    receive(pages, stack, pdf(*(f"Page {number}" for number in range(501))))
    preview(pages)
    words(pages)
    assert pages.page.text(named("pdf-status")).startswith("501 pages The first 500 are shown.")
    assert pages.page.js("() => document.querySelectorAll('.pdf-page').length") == 500
    close(pages)


@pytest.mark.thorough
def test_a_pdf_that_cannot_be_shown_says_so(pages: MailPages, stack: DemoStack) -> None:
    receive(pages, stack, locked_pdf(), b"%PDF-1.7 plan", pdf("Cut")[:200], b"<html>No PDF</html>" * 1000)
    preview(pages)
    assert "protected by a password" in problem(pages)
    close(pages)
    for row in (2, 3, 4):
        preview(pages, row)
        assert problem(pages) == "This PDF cannot be shown here. You can save it."
        close(pages)


@pytest.mark.parametrize(
    "some",
    [{"a script on opening", "a picture elsewhere"}, pytest.param(set(reaching_pdfs("")), marks=pytest.mark.thorough)],
    ids=["few", "all"],
)
def test_nothing_in_a_pdf_reaches_the_network_or_runs(pages: MailPages, stack: DemoStack, some: set[str]) -> None:
    with counting_server() as server:
        files = {name: data for name, data in reaching_pdfs(server.url).items() if name in some}
        receive(pages, stack, *files.values())
        for row, name in enumerate(files, 1):
            preview(pages, row)
            assert words(pages).startswith("Shown"), name
            pages.page.click(".pdf-page > canvas")
            close(pages)
        assert server.asked == []


def test_a_library_that_was_taken_over_reaches_nothing(pages: MailPages, stack: DemoStack) -> None:
    pages.page.browser.expect_error(
        "Content.Security|violat|Refused|blocked|may not load|sandbox|Unsafe attempt|WebSocket|establish a connection"
    )
    receive(pages, stack, pdf("Secret"))
    with counting_server() as server:
        library = HOSTILE_LIBRARY.replace("SERVER", json.dumps(server.url))
        with replaced(pages, REPLACE_LIBRARY, library):
            preview(pages)
            assert json.loads(words(pages)) == {"origin": "null", "reached": []}
        frame = pages.page.wait_for_frame("about:srcdoc")
        assert frame.js(TRIES_IN_FRAME, server.url) == []
        # A page of the server in the place of the frame could tell the server what the frame has.
        frame.js("(server) => { location.href = server + '/place'; }", server.url)
        close(pages)
        assert server.asked == []


@pytest.mark.parametrize("data", [endless_pdf(), pytest.param(bomb_pdf(300), marks=pytest.mark.thorough)])
def test_a_pdf_without_an_end_is_given_up_and_the_page_goes_on(pages: MailPages, stack: DemoStack, data: bytes) -> None:
    receive(pages, stack, data)
    with replaced(pages, SHORT_TIMES):
        preview(pages)
        assert "takes too long" in problem(pages)
        assert pages.page.js("() => document.querySelector('iframe')") is None
        close(pages)


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize("answer", [AREA, SIDE, WORDS, OTHER_TYPE], ids=["area", "side", "words", "other-type"])
def test_an_answer_beyond_the_limits_ends_the_worker(pages: MailPages, stack: DemoStack, answer: str) -> None:
    receive(pages, stack, pdf("Secret"))
    with replaced(pages, REPLACE_LIBRARY, ANSWERING_LIBRARY.replace("ANSWER", answer)):
        preview(pages)
        assert problem(pages) == "This PDF cannot be shown here. You can save it."
        assert pages.page.js("() => document.querySelector('iframe, canvas')") is None
        close(pages)


def test_an_answer_that_nobody_asked_for_ends_the_worker(pages: MailPages, stack: DemoStack) -> None:
    receive(pages, stack, pdf("Secret"))
    with replaced(pages, REPLACE_LIBRARY, ANSWERING_LIBRARY.replace("ANSWER", UNASKED)):
        preview(pages)
        pages.page.wait_for("() => document.querySelector('iframe') === null")
        # Pages to be drawn later are requested from nobody.
        pages.page.click(named("pdf-larger"))
        assert problem(pages) == "This PDF cannot be shown here. You can save it."
        close(pages)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "library", ["const one = ;", "throw new Error('no such function');"], ids=["unknown-language", "missing-function"]
)
def test_a_library_that_does_not_start_is_told_at_once(pages: MailPages, stack: DemoStack, library: str) -> None:
    """As in an old browser, which does not know its language."""
    pages.page.browser.expect_error("SyntaxError|Unexpected token|no such function|expected expression")
    receive(pages, stack, pdf("Secret"))
    with replaced(pages, REPLACE_LIBRARY, library):
        preview(pages)
        # Long before the time for the start of the worker is over.
        pages.page.wait_for_text("cannot be shown here", selector=named("pdf-problem"), timeout_seconds=15)
        assert pages.page.js("() => document.querySelector('iframe')") is None
        close(pages)


@pytest.mark.thorough
def test_pages_of_extreme_shapes_leave_the_others_in_reach(pages: MailPages, stack: DemoStack) -> None:
    receive(pages, stack, narrow_pdf(60))
    preview(pages)
    words(pages)
    pages.page.js(SHOW, 60)
    pages.page.wait_for_text("Page 60", selector=named("pdf-pages"))
    assert pages.page.js("() => document.querySelectorAll('.pdf-page > canvas').length") <= 12
    assert pages.page.js(NEAREST) > 0.1
    close(pages)


def test_a_lock_closes_the_preview_of_a_pdf_also_one_that_is_on_its_way(pages: MailPages, stack: DemoStack) -> None:
    receive(pages, stack, pdf("A secret"))
    preview(pages)
    assert words(pages) == "A secret"
    close(pages)
    with replaced(pages, HOLD_LIBRARY):
        pages.page.click(named("preview-attachment"))
        pages.page.wait_for("() => window.isAsked")
        pages.page.js(f"() => document.querySelector('{named('lock')}').click()")
        pages.page.wait_for_selector(named("unlock-form"))
        pages.page.js("() => window.release()")
        pages.page.wait_for("() => window.isGiven")
    assert pages.page.js(CLOSED)
    assert "A secret" not in pages.page.js("() => document.documentElement.outerHTML")
