"""The guards of forms and files in pages that write their document anew, or hide their forms in shadow trees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.driver import Extension, Site
from tests.support.project import ROOT

IN_PAGE = page_scripts("extension/in_pages/guards.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

FORM = (
    '<form method=post action="/taken" data-smime=sign><input name=sum value=120>'
    "<button id=go style='inline-size:120px;block-size:50px'>Go</button></form>"
)
# Returns the position of an element in the innermost shadow tree, which is the page's variable `inside`.
PLACE = """(name) => {
  const { x, y } = inside.querySelector(name).getBoundingClientRect();
  return [Math.round(x + 10), Math.round(y + 10)];
}"""
WAIT = "() => new Promise((resolve) => setTimeout(resolve, 800))"
MAKE_TREE = IN_PAGE["makeTree"]


def refuse(extension: Extension) -> None:
    window = extension.window()
    assert "120" in window.text()
    with window.closing():
        window.click("[data-test=refuse]")
    extension.wait_until_window_is_gone()


@pytest.mark.parametrize("way", ["open", "write"])
def test_a_document_that_is_written_anew_is_guarded(unlocked: Extension, page: Page, site: Site, way: str) -> None:
    page.goto(site.page_with(FORM))
    unlocked.window_after_click(page, "#go")
    refuse(unlocked)
    page.js(
        IN_PAGE["aDocumentThatIsWrittenAnewIsGuarded"],
        FORM,
        way,
    )
    address = page.url
    unlocked.window_after_click(page, "#go")
    refuse(unlocked)
    assert page.url == address


@pytest.mark.parametrize("mode", ["open", "closed"])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("by", ["click", "script"])
def test_a_form_in_a_shadow_tree_is_signed_or_stays(
    unlocked: Extension, page: Page, site: Site, mode: str, depth: int, by: str
) -> None:
    page.goto(site.page_with("<p>Text</p><button id=outside>Outside</button>"))
    page.wait_for("() => document.readyState === 'complete'")
    page.js(MAKE_TREE, FORM, mode, depth)
    address = page.url
    if by == "script":
        # The person clicks into the form, and then presses a button elsewhere.
        page.click_at(*page.js(PLACE, "input"))
        page.js(WAIT)
        page.js("() => outside.addEventListener('click', () => inside.querySelector('form').requestSubmit())")
        page.click("#outside")
    else:
        # The first click may only load the scripts.
        for _ in range(4):
            page.click_at(*page.js(PLACE, "#go"))
            page.js(WAIT)
            if unlocked.has_window():
                break
    refuse(unlocked)
    assert page.url == address


def test_a_marked_form_that_a_script_sends_is_told(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(FORM + "<button id=script type=button>By script</button>"))
    # The first click makes the extension load its scripts for forms.
    unlocked.window_after_click(page, "#go")
    refuse(unlocked)
    page.js("() => script.addEventListener('click', () => HTMLFormElement.prototype.submit.call(document.forms[0]))")
    page.click("#script")
    window = unlocked.window()
    assert window.text("[data-test=origin]") == site.origin
    assert window.text("[data-test=unsigned]") == f"{site.origin}/taken"
    assert window.js("() => document.querySelector('[data-test=agree]')") is None
    with window.closing():
        window.click("[data-test=refuse]")
    unlocked.wait_until_window_is_gone()


def test_a_form_that_a_script_only_reads_is_noted_beside_it(unlocked: Extension, page: Page, site: Site) -> None:
    page.goto(site.page_with(FORM))
    unlocked.window_after_click(page, "#go")
    refuse(unlocked)
    page.js("() => { new FormData(document.forms[0]); }")
    page.wait_for("() => document.forms[0].nextElementSibling?.getBoundingClientRect().height > 0")
    page.js("() => new Promise((resolve) => setTimeout(resolve, 500))")
    assert not unlocked.has_window()


def test_every_script_in_a_page_listens_by_the_guard() -> None:
    own = re.compile(r"(?<![\w.])(?:window\.|document\.|globalThis\.)?addEventListener\(|capture: false")
    # A handler of the page that stops an event would hide it from a listener in the bubbling phase.
    scripts = sorted(Path(ROOT, "browser_ext/content").rglob("*.js"))
    assert len(scripts) > 10
    # After the handlers of `submit` a form's address is settled, which Chromium reads before the event `formdata`.
    assert [script.name for script in scripts if own.search(script.read_text())] == ["old_entries.js"]
