"""Views of large mails: one that is closed while it is drawn shows nothing more, and a long text takes few frames."""

from __future__ import annotations

import pytest

from tests.support.browser.page import Page
from tests.support.browser.web_site import site as site
from tests.support.growing import SIZES, growing as growing

pytestmark = pytest.mark.browser

# A text of 1 MB is drawn in so many frames: in two seconds at 60 frames in a second.
MOST_FRAMES = 120


@pytest.mark.parametrize("view", ["parts", "formatted parts", "text: lines", "markup: words"])
def test_a_mail_that_is_closed_while_it_is_drawn_shows_nothing_more_and_nothing_twice(growing: Page, view: str) -> None:
    for tasks in (0, 1, 2, 5, 20):
        outcome = growing.js("(...given) => growing.interrupt(...given)", view, SIZES[view] // 8, tasks)
        assert outcome == {"isQuiet": True, "isOnce": True}, tasks


@pytest.mark.parametrize("view", ["source: lines", "source: control characters", "words of a part"])
def test_a_long_text_is_drawn_in_few_frames(growing: Page, view: str) -> None:
    # The browser lays out and draws the page in each frame. A frame for every 8 KB made hundreds of them.
    assert growing.js("(...given) => growing.countFrames(...given)", view, SIZES[view]) <= MOST_FRAMES


def test_the_letters_of_a_source_follow_each_other_from_left_to_right_in_all_its_pieces(growing: Page) -> None:
    is_left = growing.js("(...given) => growing.isFirstLetterLeft(...given)", "source: right to left", 20_000)
    assert is_left == [True, True]


def test_every_growing_view_is_measured(growing: Page) -> None:
    assert set(SIZES) == set(growing.js("() => growing.names"))
