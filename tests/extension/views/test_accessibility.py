"""Every view of the extension: axe-core finds nothing, the keyboard reaches everything, and nothing runs off sideways.

Sizes from 320 to 3,840 pixels, light and dark and in forced colours, large text, from left to right and from right to
left.
"""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.support.browser.accessibility import Theme, find_violations, shown_in, speaking, walk_by_keyboard
from tests.support.browser.browsers import Browser, Chromium, Firefox
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.compose_driver import add_fake_webmail
from tests.support.extension.driver import Extension
from tests.support.extension.stage import Stage, View, fill
from tests.support.extension.views import STATES, VIEWS

IN_PAGE = page_scripts("extension/views/accessibility.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

WIDTHS = (320, 390, 1280, 3840)
# The width of the window for text of twice the size. It shows as much as a window of half the width (WCAG 2.2, 1.4.4).
LARGE_TEXT_WIDTH = 1280
HEIGHT = 900
ALL = VIEWS | STATES
# One view of each kind, for `make test`.
IN_EACH_RUN = ("keys and people", "viewer with a mail", "writing", "window, encrypt")
THEMES: tuple[Theme, ...] = ("light", "dark")
RIGHT_TO_LEFT = "ar"
# Returns the number of animations when the wax seal appears anew.
MOVING = IN_PAGE["moving"]
TWICE = "() => { document.documentElement.style.fontSize = '200%'; }"


@pytest.fixture(scope="module")
def folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build with a content script that plays a webmail, in which letters are written."""
    return add_fake_webmail(folder, tmp_path_factory.mktemp("extension") / "with_webmail")


def violations(view: View) -> list[str]:
    """The faults of a view, as sentences."""
    faults = [violation for page in view.documents for violation in find_violations(page)]
    faults += [violation for frame in view.frames for violation in find_violations(frame, is_part=True)]
    wide = [page.url for page in view.documents + view.frames if page.overflows_sideways()]
    return faults + [f"{url} runs off sideways" for url in wide]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.thorough(False)) if name in IN_EACH_RUN else name for name in ALL]
)
def test_a_view_has_no_violation_and_is_reached_by_keyboard(stage: Stage, name: str) -> None:
    if name == "field, covered" and not isinstance(stage.extension.browser, Chromium):
        pytest.skip("Firefox tells no document what lies over it (docs/security/web_pages.md)")
    with ALL[name](stage) as view:
        assert violations(view) == []
        view.page.set_viewport(320, HEIGHT)
        assert [page.url for page in view.documents if page.overflows_sideways()] == []
        for page in view.documents:
            walk = walk_by_keyboard(page)
            assert walk.missed == []
            assert walk.without_ring == []


def test_the_persons_own_pattern_stays_in_forced_colours(stage: Stage) -> None:
    with VIEWS["window, encrypt"](stage) as view, shown_in(view.page, "light", forced_colors=True):
        image = view.page.js("() => getComputedStyle(document.querySelector('[data-test=pattern]')).backgroundImage")
        assert "gradient" in image


def test_nothing_moves_where_less_motion_is_asked_for(stage: Stage) -> None:
    with STATES["writing, sent"](stage) as view:
        assert view.page.js(MOVING) > 0
        with shown_in(view.page, "light", reduced_motion=True):
            assert view.page.js(MOVING) == 0


def look_everywhere(stage: Stage) -> list[str]:
    """Every view in every size and theme; returns what is wrong, by view."""
    wrong: list[str] = []
    for name, open_view in VIEWS.items():
        with open_view(stage) as view:
            for theme in THEMES:
                with shown_in(view.page, theme):
                    for width in WIDTHS:
                        view.page.set_viewport(width, HEIGHT)
                        wrong += [f"{name}, {theme}, {width} px: {fault}" for fault in violations(view)]
            view.page.set_viewport(LARGE_TEXT_WIDTH, HEIGHT)
            for page in view.documents:
                page.js(TWICE)
            wrong += [f"{name}, large text: {fault}" for fault in violations(view)]
    return wrong


def test_every_view_is_sound_in_every_size_and_theme(stage: Stage) -> None:
    assert look_everywhere(stage) == []


def test_every_view_is_sound_from_right_to_left(
    stage: Stage, folder: Path, running_browsers: list[Browser], tmp_path: Path
) -> None:
    flags = (f"--lang={RIGHT_TO_LEFT}",)
    is_chromium = isinstance(stage.extension.browser, Chromium)
    own = Chromium(tmp_path, flags=flags) if is_chromium else Firefox(tmp_path)
    own.expect_error("favicon|404|byte stream was erroneous")
    running_browsers.append(own)
    with nullcontext() if is_chromium else speaking(own, RIGHT_TO_LEFT):
        extension = Extension(own, folder)
        fill(extension, stage.people)
        page = extension.open_options()
        root = page.js("() => [document.documentElement.lang, document.documentElement.dir]")
        assert root == [RIGHT_TO_LEFT, "rtl"]
        page.close()
        wrong = look_everywhere(dataclasses.replace(stage, extension=extension))
    running_browsers.remove(own)
    own.close()
    assert wrong == []
