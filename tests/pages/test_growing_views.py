"""No mail stops a view: the time to draw one grows no faster than the mail, and no step takes long."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.web_site import WebSite, site as site
from tests.support.growing import serve_growing_views

pytestmark = pytest.mark.browser

# A step of twice the size may take 2.5 times as long: twice is linear, four times quadratic.
MAX_STEP = 2.5
# Shorter times count as so much, because they are too inexact.
HARMLESS_MILLISECONDS = 60
# A page that stands still for longer seems to hang.
LONGEST_MILLISECONDS = 50
# A text of 1 MB is drawn in so many frames: in two seconds at 60 frames in a second.
MOST_FRAMES = 120
# One good run of so many is enough, because a busy machine slows down single runs.
RUNS = 5

# Each view with its largest size. The first ones are the attacks that once held a page for a minute.
SIZES = {
    "people": 60_000,
    "markup: attributes": 200_000,
    "text: marks": 3_000_000,
    "markup: unclosed formatting": 200_000,
    "parts": 1_000,
    "recipients": 10_000,
    "name": 1_000_000,
    "attachments": 1_000,
    "name of an attachment": 500_000,
    "formatted parts": 1_000,
    "signers": 100,
    "reasons": 10_000,
    "signers in the extension": 100,
    "recipients in the extension": 10_000,
    "reasons in the extension": 10_000,
    "source: lines": 130_000,
    "source: control characters": 260_000,
    "source: right to left": 50_000,
    "words of a part": 600_000,
    "markup: bare attributes": 200_000,
    "markup: elements": 375_000,
    "markup: depth": 600_000,
    "markup: lists": 375_000,
    "markup: few open formatting": 200_000,
    "markup: table": 600_000,
    "markup: links": 60_000,
    "markup: styles": 150_000,
    "markup: style attribute": 300_000,
    "markup: pictures": 90_000,
    "markup: words": 600_000,
    "markup: one word": 3_000_000,
    "markup: marks": 3_000_000,
    "markup: marks on one letter": 3_000_000,
    "markup: comments": 200_000,
    "markup: quotes": 300_000,
    "markup: brackets": 3_000_000,
    "text: words": 600_000,
    "text: lines": 3_000_000,
    "text: one word": 3_000_000,
    "text: links": 60_000,
    "text: marks on one letter": 3_000_000,
    "text: directions": 600_000,
    "text: isolates": 1_500_000,
    "text: right to left": 500_000,
}


@pytest.fixture(scope="module")
def growing(browser: Browser, site: WebSite, built_files: Path) -> Iterator[Page]:
    page = browser.open_private(serve_growing_views(site, built_files / "pages"))
    page.wait_for("() => globalThis.growing !== undefined")
    yield page
    page.close()


@pytest.mark.thorough(after=4)
@pytest.mark.parametrize("view", SIZES)
def test_a_view_of_a_large_mail_never_stands_still(growing: Page, view: str) -> None:
    longest: dict[str, float] = {}
    for _ in range(RUNS):
        # On a busy machine each page stands still at times, also without work.
        idle = growing.js("() => growing.measureNothing()")
        for act, milliseconds in _measure(growing, view, SIZES[view], "longest").items():
            longest[act] = min(milliseconds - idle, longest.get(act, milliseconds))
        if max(longest.values()) <= LONGEST_MILLISECONDS:
            return
    pytest.fail(f"{view}: the page stood still for {longest} milliseconds")


@pytest.mark.thorough
@pytest.mark.parametrize("view", SIZES)
def test_the_time_of_a_view_grows_no_faster_than_the_mail(growing: Page, view: str) -> None:
    sizes = [SIZES[view] // 8 * times for times in (1, 2, 4, 8)]
    for _ in range(RUNS):
        times = [sum(_measure(growing, view, size, "busy").values()) for size in sizes]
        if _steps_above(times) == 0:
            return
    pytest.fail(f"{view}: {times} milliseconds for {sizes}")


@pytest.mark.parametrize("view", ["parts", "formatted parts", "text: lines", "markup: words"])
def test_a_mail_that_is_closed_while_it_is_drawn_shows_nothing_more_and_nothing_twice(growing: Page, view: str) -> None:
    for tasks in (0, 1, 2, 5, 20):
        found = growing.js("(...given) => growing.interrupt(...given)", view, SIZES[view] // 8, tasks)
        assert found == {"isQuiet": True, "isOnce": True}, tasks


@pytest.mark.parametrize("view", ["source: lines", "source: control characters", "words of a part"])
def test_a_long_text_is_drawn_in_few_frames(growing: Page, view: str) -> None:
    # The browser lays out and draws the page in each frame. A frame for every 8 KB made hundreds of them.
    assert growing.js("(...given) => growing.countFrames(...given)", view, SIZES[view]) <= MOST_FRAMES


def test_the_letters_of_a_source_follow_each_other_from_left_to_right_in_all_its_pieces(growing: Page) -> None:
    is_left = growing.js("(...given) => growing.isFirstLetterLeft(...given)", "source: right to left", 20_000)
    assert is_left == [True, True]


def test_every_growing_view_is_measured(growing: Page) -> None:
    assert set(SIZES) == set(growing.js("() => growing.names"))


def _steps_above(times: list[float]) -> int:
    steps = itertools.pairwise(times)
    return sum(after > MAX_STEP * max(before, HARMLESS_MILLISECONDS) for before, after in steps)


def _measure(growing: Page, view: str, size: int, figure: str) -> dict[str, float]:
    """The figure of each act in milliseconds: opening the view, its button for more, and closing it."""
    result = growing.js("(view, size) => growing.measureView(view, size)", view, size)
    return {act: result[act][figure] for act in ("opening", "more", "closing") if result[act] is not None}
