"""Every view of the extension: axe-core finds nothing, the keyboard reaches everything, and nothing runs off sideways.

Sizes from 320 to 3,840 pixels, light and dark, from left to right and from right to left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.browser.accessibility import Theme, find_violations, shown_in, speaking, walk_by_keyboard
from tests.browser.browsers import Browser, Chromium, Firefox
from tests.browser.extension_driver import Extension, Site

# Alice's keys, Bob's certificate, a site with fields, the folder of the build.
from tests.browser.field_pages import PASSPHRASE, People, folder, people, site  # noqa: F401 (fixtures)
from tests.browser.page import Page
from tests.browser.test_extension import SEAL_FIELD

pytestmark = [pytest.mark.browser, pytest.mark.in_turn, pytest.mark.thorough]

WIDTHS = (320, 390, 1280, 3840)
HEIGHT = 900
THEMES: tuple[Theme, ...] = ("light", "dark")
RIGHT_TO_LEFT = "ar"


@pytest.fixture(scope="module")
def extension(browser: Browser, folder: Path, people: People) -> Iterator[Extension]:  # noqa: F811
    """The extension with Alice's keys, Bob's certificate and their authority."""
    extension = Extension(browser, folder)
    fill(extension, people)
    yield extension
    extension.uninstall()


def fill(extension: Extension, people: People) -> None:  # noqa: F811
    page = extension.browser.open(extension.base + "options.html")
    page.wait_for_selector("[data-test=import-keys]")
    page.choose_files("#p12", [people.folder / "alice.p12"])
    page.click("[data-test=passphrase]")
    page.type(PASSPHRASE)
    page.click("[data-test=import-keys]")
    page.wait_for_text("alice@example.test", selector="#key-files", timeout_seconds=60)
    page.choose_files("#anchor", [people.folder / "ca.der"])
    page.wait_for_text("Example CA", selector="#anchors", timeout_seconds=60)
    page.choose_files("#person", [people.folder / "bob.der"])
    page.wait_for_text("bob@example.test", selector="#people", timeout_seconds=60)
    page.close()


def open_page(extension: Extension, name: str) -> Page:
    page = extension.browser.open(extension.base + name)
    page.wait_for("() => document.querySelector('h1')?.textContent")
    return page


def open_step(step: int) -> Callable[[Extension], Page]:
    """Opens one step of the guide."""

    def open_it(extension: Extension) -> Page:
        page = open_page(extension, "help.html")
        page.js("(step) => chrome.runtime.sendMessage({ type: 'guide.keep', body: { step } })", step)
        page.goto(extension.base + "welcome.html")
        page.wait_for_selector("#buttons button")
        return page

    return open_it


def open_mail(extension: Extension) -> Page:
    page = open_step(3)(extension)
    page.click("[data-test=open-message]")
    viewer = extension.browser.wait_for_page("viewer.html?mail", timeout_seconds=60)
    viewer.wait_for_selector(".state-statement", timeout_seconds=60)
    page.close()
    return viewer


# The views that are tabs of their own; what stands in pages and windows of others has tests of its own below.
VIEWS: dict[str, Callable[[Extension], Page]] = {
    "keys and people": lambda extension: open_page(extension, "options.html"),
    "help": lambda extension: open_page(extension, "help.html"),
    "guide, first step": open_step(0),
    "guide, identity": open_step(1),
    "guide, pattern": open_step(2),
    "guide, message": open_step(3),
    "viewer": lambda extension: open_page(extension, "viewer.html"),
    "viewer with a mail": open_mail,
}


@pytest.mark.heart
@pytest.mark.parametrize("name", VIEWS)
def test_a_view_has_no_violation_and_is_reached_by_keyboard(extension: Extension, name: str) -> None:
    page = VIEWS[name](extension)
    try:
        assert find_violations(page) == []
        page.set_viewport(320, HEIGHT)
        assert not page.overflows_sideways()
        walk = walk_by_keyboard(page)
        assert walk.missed == []
        assert walk.without_ring == []
    finally:
        page.close()


def test_frame_and_window_have_no_violation(extension: Extension, site: Site) -> None:  # noqa: F811
    page = extension.browser.open(site.page_with(SEAL_FIELD))
    frame = extension.write(page, "#answer", "Grüße")
    assert find_violations(frame.around, is_part=True) == []
    assert find_violations(frame.text, is_part=True) == []
    frame.around.click("[data-test=seal]")
    window = extension.window()
    assert find_violations(window) == []
    walk = walk_by_keyboard(window)
    assert (walk.missed, walk.without_ring) == ([], [])
    with window.closing():
        window.click("[data-test=agree]")
    frame.around.wait_for_selector("[data-test=sealed]", timeout_seconds=60)
    assert find_violations(frame.around, is_part=True) == []
    page.close()


def look_everywhere(extension: Extension) -> list[str]:
    """Every view in every size and theme; returns what is wrong, by view."""
    wrong: list[str] = []
    for name, open_view in VIEWS.items():
        page = open_view(extension)
        for theme in THEMES:
            with shown_in(page, theme):
                for width in WIDTHS:
                    page.set_viewport(width, HEIGHT)
                    found = find_violations(page)
                    if page.overflows_sideways():
                        found.append("runs off sideways")
                    wrong += [f"{name}, {theme}, {width} px: {violation}" for violation in found]
        page.close()
    return wrong


@pytest.mark.thorough
def test_every_view_is_sound_in_every_size_and_theme(extension: Extension) -> None:
    assert look_everywhere(extension) == []


@pytest.mark.thorough
def test_every_view_is_sound_from_right_to_left(
    browser: Browser,
    running_browsers: list[Browser],
    folder: Path,  # noqa: F811
    people: People,  # noqa: F811
    tmp_path: Path,
) -> None:
    flags = (f"--lang={RIGHT_TO_LEFT}",)
    own = Chromium(tmp_path, flags=flags) if isinstance(browser, Chromium) else Firefox(tmp_path)
    running_browsers.append(own)
    with nullcontext() if isinstance(own, Chromium) else speaking(own, RIGHT_TO_LEFT):
        extension = Extension(own, folder)
        fill(extension, people)
        page = open_page(extension, "help.html")
        root = page.js("() => [document.documentElement.lang, document.documentElement.dir]")
        assert root == [RIGHT_TO_LEFT, "rtl"]
        page.close()
        wrong = look_everywhere(extension)
    running_browsers.remove(own)
    own.close()
    assert wrong == []
