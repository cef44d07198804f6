"""No mail stops a view: the time to draw one grows no faster than the mail, and no step takes long.

Other work on the machine makes steps longer, so `make nightly` runs these tests alone.
"""

from __future__ import annotations

import itertools

import pytest

from tests.support.browser.page import Page
from tests.support.browser.web_site import site as site
from tests.support.growing import SIZES, growing as growing

pytestmark = pytest.mark.browser

# A step of twice the size may take 2.5 times as long: twice is linear, four times quadratic.
MAX_STEP = 2.5
# Shorter times count as so much, because they are too inexact.
HARMLESS_MILLISECONDS = 60
# A page that stands still for longer seems to hang.
LONGEST_MILLISECONDS = 50
# One good run of so many is enough, because a busy machine slows down single runs.
RUNS = 5


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


def _steps_above(times: list[float]) -> int:
    steps = itertools.pairwise(times)
    return sum(after > MAX_STEP * max(before, HARMLESS_MILLISECONDS) for before, after in steps)


def _measure(growing: Page, view: str, size: int, figure: str) -> dict[str, float]:
    """The figure of each act in milliseconds: opening the view, its button for more, and closing it."""
    result = growing.js("(view, size) => growing.measureView(view, size)", view, size)
    return {act: result[act][figure] for act in ("opening", "more", "closing") if result[act] is not None}
