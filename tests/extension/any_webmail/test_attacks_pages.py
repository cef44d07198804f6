"""Pages that try to stop the extension, or have it hold up the page: by their sizes, names and frames."""

from __future__ import annotations

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.web_site import WebSite
from tests.support.extension.driver import Extension
from tests.support.extension.shown_mail import ATTACHMENT, HEAD, RAW, SOURCE, WORDS, opened_text, refusal, show
from tests.support.extension.toolbar import choose, open_window
from tests.support.extension.webmail import Adaptor

IN_PAGE = page_scripts("extension/any_webmail/attacks_pages.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

EMPTY = "<!doctype html><title>Mail</title><link rel=icon href=data:,>"
# Measures the longest time for which the page's main thread does something else, in milliseconds.
GAPS = """<main></main><script>
  globalThis.longest = 0;
  let last = 0;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
    port2.postMessage(0);
  };
  globalThis.measure = (act) => setTimeout(() => { act(); last = performance.now(); port2.postMessage(0); }, 500);
</script>"""
FILL = IN_PAGE["fill"]
LONGEST = "() => new Promise((done) => setTimeout(() => done(longest), 3000))"
LARGE = {
    "links": ("<a href=/x>smime.p7m</a> ", 8000, False),
    "attributes": ("<a href=/x title=smime.p7m></a>", 8000, False),
    "texts": ("<p>smime.p7m</p>", 8000, False),
    "hidden names": ("<div hidden><a href=/x>smime.p7m</a></div>", 8000, False),
    "names and fields": ("<a href=/x>smime.p7m</a><input name=subject><textarea></textarea>", 2000, False),
    "names in a chain": ("<div><a href=/x>smime.p7m</a></div>", 400, True),
    "a chain": ("<b>x</b>", 2000, True),
}


@pytest.mark.thorough
@pytest.mark.parametrize("case", LARGE)
def test_no_page_with_names_of_parts_is_held_up(extension: Extension, site: WebSite, tab: Page, case: str) -> None:
    """The same page with other words takes as long."""
    piece, count, is_nested = LARGE[case]
    taken = []
    for word in ("smile.p7", "smime.p7"):
        show(site, tab, GAPS, head=EMPTY)
        tab.js(FILL, [piece.replace("smime.p7", word), count, is_nested])
        taken.append(tab.js(LONGEST))
    assert taken[1] < taken[0] + 1000


LABELLED = IN_PAGE["labelled"]
ROWS = """() => measure(() => {
  const row = "<tr><td>Bob<td>bob@example.test<td>[...]<td>2026-11-20 11:00";
  document.querySelector("main").innerHTML = `<table>${row.repeat(1900)}</table>`;
})"""


@pytest.mark.thorough
@pytest.mark.parametrize("fill", [LABELLED, ROWS], ids=["labels", "rows"])
def test_no_search_holds_up_a_page(adaptor: Adaptor, site: WebSite, tab: Page, letter: bytes, fill: str) -> None:
    site.serve("/mail/7/source", letter.replace(b"example.test", b"example.org").replace(b"10:00:00", b"10:07:00"), RAW)
    show(site, tab, ATTACHMENT, head=HEAD + GAPS, bar=SOURCE)
    tab.js(fill)
    tab.js("() => new Promise((done) => setTimeout(() => { longest = 0; done(); }, 2000))")
    assert "a different message" in refusal(adaptor, tab)
    assert tab.js(LONGEST) < 1500


CLOBBER = IN_PAGE["clobber"]


ADD = IN_PAGE["add"]


def test_images_and_forms_named_as_the_properties_of_a_document_stop_nothing(
    extension: Extension, site: WebSite, tab: Page, letter: bytes
) -> None:
    site.serve("/mail/7/x", letter, RAW)
    show(site, tab, '<p><a href="/mail/7/x">Paperclip</a></p>')
    link = tab.js("() => document.querySelector('p a').getBoundingClientRect().toJSON()")
    tab.js(CLOBBER)
    choose(extension, tab, "mail", shown="() => Document.prototype.hasFocus.call(document)")
    tab.click_at(round(link["x"]) + 5, round(link["y"]) + 5)
    assert WORDS in opened_text(extension, tab)


STUCK = {
    "loading for ever": b"<!doctype html><p>Words",
    "busy": b"<!doctype html><script>setTimeout(() => { for (;;); }, 500)</script>",
}


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize("case", STUCK)
def test_no_frame_stops_the_toolbar_button(extension: Extension, site: WebSite, tab: Page, case: str) -> None:
    site.serve("/frame", STUCK[case])
    show(site, tab, "<p>Words", head=EMPTY)
    if case != "busy":
        site.keep_open("/frame")
    tab.js(
        IN_PAGE["noFrameStopsTheToolbarButton"],
        f"{site.other_origin}/frame",
    )
    open_window(extension, tab)
    tab.js("() => { document.querySelector('iframe').remove(); }")
    site.open_until.pop("/frame", None)


def test_such_names_hide_no_mail(extension: Extension, site: WebSite, tab: Page, letter: bytes) -> None:
    site.serve("/mail/7/source", letter, RAW)
    show(site, tab, "", bar=SOURCE)
    tab.js(CLOBBER)
    tab.js(ADD, ATTACHMENT)
    extension.browser.click_toolbar_button(extension.id, tab)
    assert WORDS in opened_text(extension, tab)


FORMS = IN_PAGE["forms"]


@pytest.mark.thorough
def test_no_form_for_mail_holds_up_a_page(extension: Extension, site: WebSite, tab: Page) -> None:
    """Three times as many fields do not take nine times as long."""
    taken = []
    for count in (50, 150):
        show(site, tab, GAPS, head=EMPTY)
        tab.js(FORMS, count)
        tab.js("() => new Promise((done) => setTimeout(() => { longest = 0; done(); }, 2000))")
        extension.browser.click_toolbar_button(extension.id, tab)
        extension.browser.wait_for_page("compose.html").close()
        taken.append(tab.js(LONGEST))
    assert taken[1] < 6 * taken[0] + 200, taken


@pytest.mark.parametrize("way", ["mail", "teach", "field"])
def test_a_page_that_has_gone_is_answered_in_words(extension: Extension, site: WebSite, tab: Page, way: str) -> None:
    """The page has removed all of itself."""
    show(site, tab, "<p>Words", head=EMPTY)
    window = open_window(extension, tab)
    tab.js("() => { document.documentElement.remove(); }")
    window.click(f"[data-test=way-{way}]")
    window.wait_for_text("page", selector="#problem")
