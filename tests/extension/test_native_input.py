"""Keys, menus and clicks as the system brings them to the browser's own window: drivers reach only the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import screen as screens
from tests.support.browser.browsers import Browser, Firefox, Name, launch
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.required import require_browser
from tests.support.browser.screen import Screen, running_screen
from tests.support.extension.driver import Extension, Site
from tests.support.extension.field_pages import PASSPHRASE, TEXT, People, agree_if_asked

IN_PAGE = page_scripts("extension/native_input.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

SHORTCUT = "alt+shift+k"
FIELD = "<textarea id=plain rows=6></textarea>"
# The position of an element on the screen. Chromium does not report where its page begins, but the page ends at the
# bottom of the window.
PLACE = IN_PAGE["place"]
# The position of the editor's text in its view, and of the view in its frame. `PLACE_OF_TEXT` computes from them the
# position on the screen.
TEXT_IN_VIEW = "() => { const { x, y } = document.querySelector('.text').getBoundingClientRect(); return [x, y]; }"
VIEW_IN_FRAME = "() => { const { x, y } = document.querySelector('iframe').getBoundingClientRect(); return [x, y]; }"
PLACE_OF_TEXT = IN_PAGE["placeOfText"]
SELECT = IN_PAGE["select"]
# The position of an entry in the menu, which Firefox draws itself.
MENU_ENTRY = IN_PAGE["menuEntry"]


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    if absence := screens.missing_programs():
        pytest.skip(f"not installed: {', '.join(absence)}")
    with running_screen() as screen:
        yield screen


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def extension(
    request: pytest.FixtureRequest,
    screen: Screen,
    folder: Path,
    people: People,
    running_browsers: list[Browser],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Extension]:
    """The extension with Alice's keys, in a browser that has a window on the screen."""
    name: Name = request.param
    require_browser(name)
    browser = launch(name, tmp_path_factory.mktemp("profile"), display=screen.display)
    running_browsers.append(browser)
    extension = Extension(browser, folder)
    extension.unlock(people.folder / "alice.p12", PASSPHRASE)
    extension.keep(anchors=[people.folder / "ca.der"])
    yield extension
    running_browsers.remove(browser)
    browser.close()


@pytest.fixture
def page(extension: Extension) -> Iterator[Page]:
    page = extension.browser.open("about:blank")
    yield page
    page.close()


def test_the_shortcut_opens_the_private_editor_and_keys_go_there(
    extension: Extension, page: Page, screen: Screen, site: Site
) -> None:
    show(page, site.page_with(FIELD), screen, "#plain")
    screen.press(SHORTCUT)
    write_privately(extension, page, screen)


def test_the_menu_of_a_field_opens_the_private_editor(
    extension: Extension, page: Page, screen: Screen, site: Site
) -> None:
    show(page, site.page_with(FIELD), screen, "#plain")
    choose(extension, page, screen, "#plain", "Write or decrypt text here")
    write_privately(extension, page, screen)


def test_the_menu_of_a_selection_opens_what_is_encrypted_in_it(
    extension: Extension, page: Page, screen: Screen, site: Site, people: People
) -> None:
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    show(page, site.page_with(f"<p id=before>Before</p><p id=letter>{armored}</p>"), screen, "#before")
    page.js(SELECT, "#letter")
    choose(extension, page, screen, "#letter", "Decrypt text")
    assert agree_if_asked(extension, page).text.text(".text") == TEXT


def test_text_that_is_dragged_out_of_the_editor_reaches_no_page(
    extension: Extension, page: Page, screen: Screen, site: Site
) -> None:
    show(page, site.page_with(f"<input id=trap>{FIELD}"), screen, "#plain")
    page.js("""() => {
      window.caught = [];
      for (const type of ["dragenter", "dragover", "drop"]) addEventListener(type, () => caught.push(type), true);
    }""")
    screen.press(SHORTCUT)
    frame = extension.frame_in(page)
    frame.around.wait_for_selector("[data-test=encrypt]")
    frame.text.wait_for("() => document.hasFocus()")
    screen.type("only for Bob")
    screen.press("ctrl+a")
    frame.text.wait_for("() => String(getSelection()) === 'only for Bob'")
    box = page.js(PLACE, "#trap")
    start = page.js(PLACE_OF_TEXT, frame.text.js(TEXT_IN_VIEW), frame.around.js(VIEW_IN_FRAME))
    screen.drag(start, box)
    page.js("() => new Promise((resolve) => setTimeout(resolve, 500))")
    assert page.js("() => caught") == []
    assert page.value("#trap") == ""
    assert frame.text.text(".text") == "only for Bob"


def test_a_window_that_the_page_opens_and_closes_leaves_the_editor_grey(
    extension: Extension, page: Page, screen: Screen, site: Site
) -> None:
    show(page, site.page_with(FIELD), screen, "#plain")
    screen.press(SHORTCUT)
    frame = extension.frame_in(page)
    frame.around.wait_for_selector("[data-test=encrypt]")
    frame.text.wait_for("() => document.hasFocus()")
    screen.type("ab")
    grey = "() => document.querySelector('.text').classList.contains('unsure')"
    assert not frame.text.js(grey)
    page.js(
        IN_PAGE["aWindowThatThePageOpensAndClosesLeavesTheEditorGrey"],
        user_activation=True,
    )
    frame.text.wait_for(grey)
    page.js("() => new Promise((resolve) => setTimeout(resolve, 500))")
    screen.type("cd")
    page.js("() => { opened.close(); }")
    frame.text.wait_for("() => document.hasFocus()")
    screen.type("ef")
    frame.text.wait_for("() => document.querySelector('.text').innerText === 'abef'")
    assert page.js("() => stolen") == "cd", "the page gets keys by a window of its own"
    assert frame.text.js(grey)
    screen.click(*page.js(PLACE_OF_TEXT, frame.text.js(TEXT_IN_VIEW), frame.around.js(VIEW_IN_FRAME)))
    frame.text.wait_for(f"() => !({grey})()")


def show(page: Page, address: str, screen: Screen, element: str) -> None:
    """Open a page in front and click an element of it, so that the keys go there."""
    page.goto(address)
    page.activate()
    screen.click(*page.js(PLACE, element))
    page.wait_for("() => document.hasFocus()")


def choose(extension: Extension, page: Page, screen: Screen, element: str, label: str) -> None:
    """Choose an entry of the browser's own menu."""
    screen.click(*page.js(PLACE, element), button=3)
    if isinstance(extension.browser, Firefox):
        place = extension.browser.chrome_js(MENU_ENTRY, label)
        assert place, f"no entry {label!r} in the menu"
        screen.click(*place)
        return
    # Chromium's menu cannot be read by a program. The extension's entry is above "Inspect", which is the last.
    page.js("() => new Promise((resolve) => setTimeout(resolve, 1000))")
    screen.press("Up", "Up", "Return")


def write_privately(extension: Extension, page: Page, screen: Screen) -> None:
    frame = extension.frame_in(page)
    frame.around.wait_for_selector("[data-test=encrypt]")
    frame.text.wait_for("() => document.hasFocus()")
    screen.type("only for Bob")
    frame.text.wait_for("() => document.querySelector('.text').textContent === 'only for Bob'")
    assert page.value("#plain") == ""
