"""Markup of pages and mails that becomes active when it is parsed twice does nothing in the views."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension
from tests.support.extension.hostile_markup import Listener, listening, mutations
from tests.support.project import ROOT
from wasm_build.bundle.scripts import bundle_scripts
from wasm_build.bundle.tree import read_content

IN_PAGE = page_scripts("extension/viewer/markup.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

PROBE = "tests/support/extension/markup_probe.js"
# Shows markup in the same frame as the view does: without scripts and origin, under the view's own policy.
SHOW = IN_PAGE["show"]
EMBED = IN_PAGE["embed"]
FOUND = IN_PAGE["foundInPage"]


VIEWS = {"page": "viewer/page_view.html", "mail": "frame/mail_view.html"}


@pytest.fixture(params=["page", "mail"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of content that the view shows."""
    return str(request.param)


@pytest.fixture
def view(extension: Extension, kind: str) -> Iterator[Page]:
    extension.browser.expect_error("Content.Security|sandbox|favicon|may not load")
    around = extension.open_options()
    # The view is in a sandboxed frame, as in the extension. Otherwise Firefox applies the extension's own policy to it.
    around.js(EMBED, f"{extension.base}{VIEWS[kind]}")
    frame = around.wait_for_frame(f"{kind}_view.html")
    script = bundle_scripts(ROOT, "probe", "iife", {"probe.js": PROBE})["probe.js"]
    frame.js(f"() => {{ {read_content(script).decode()}\n}}")
    yield frame
    around.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def test_markup_that_comes_to_life_when_it_is_parsed_twice_reaches_nobody(
    view: Page, listener: Listener, kind: str
) -> None:
    for name, markup in mutations(listener.url).items():
        shown = view.js(SHOW, kind, markup)
        assert listener.heard == [], name
        if shown != "refused":
            assert "Text" in shown, name
            # The three `meta` elements (policy, referrer and DNS look-ups) are the view's own.
            assert view.js(FOUND, shown) == [[], [], 3], name


def test_the_listener_hears_what_nobody_cleans(view: Page, listener: Listener) -> None:
    policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
    view.js(SHOW, "as it is", f"{policy}<link rel=preconnect href={listener.url}><p>Text")
    deadline = time.monotonic() + 5
    while not listener.heard and time.monotonic() < deadline:
        time.sleep(0.05)
    assert listener.heard != [], "no policy stops a page from connecting ahead"


def test_a_page_keeps_its_drawings_styles_and_fields(view: Page, kind: str) -> None:
    if kind == "mail":
        return
    drawing = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()
    markup = (
        "<!doctype html><html lang=de class=a><head><title>A &lt;b&gt;</title><style>p::before{content:'<b>'}"
        "b{color:red}</style></head><body bgcolor=white><svg viewBox='0 0 9 9'><path d='M0 0h9' fill='url(#a)'/></svg>"
        "<form><label for=n>N</label><input id=n value=Bob><textarea>x</textarea></form>"
        f"<img src='data:image/png;base64,{drawing}'>"
        "<table><tr><td>Cell</table><a href='other.html#x'>Other</a>"
    )
    shown = view.js(SHOW, "page", markup)
    for part in (
        'lang="de"',
        "A &lt;b&gt;</title>",
        "color:red",
        "M0 0h9",
        "url(#a)",
        'value="Bob"',
        "<td>Cell",
        "data:image/png",
    ):
        assert part in shown, part
    assert 'href="https://site.example/other.html#x"' in shown


def test_a_link_that_writes_mail_names_everybody_whom_it_writes_to(view: Page, kind: str) -> None:
    if kind == "page":
        return
    place = "(url) => markupProbe.readLink(url).place"
    links = {
        "mailto:bob@bank.test": "bob@bank.test",
        "mailto:bob@bank.test?To=eve@evil.test&x=y&bcc=m%40evil.test": "bob@bank.test, eve@evil.test, m@evil.test",
        "mailto:?cc=eve@evil.test": "eve@evil.test",
        "https://bank.test@evil.test/?to=bob@bank.test": "evil.test",
    }
    assert {link: view.js(place, link) for link in links} == links
