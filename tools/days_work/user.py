"""The user that walks the steps. It rests before each press, types at a person's speed, and counts clicks.

The rules are those of docs/days_work.md: each press of the pointer counts, each key that is not part of a text, each
chosen file, and each gesture.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.support.browser.bidi import PATIENCE_SECONDS, Json
from tests.support.browser.page import ENTER, SHIFT, TAB, Page

REST_SECONDS: Final = 0.25
CHARACTERS_A_SECOND: Final = 20
_DRAG_MILLISECONDS: Final = 100
_DRAG_MOVES: Final = 4
_FLING_MILLISECONDS: Final = 1_500
_TAP_SECONDS: Final = 0.3
_MAX_TABS: Final = 150

_IS_FOCUSED = "(selector) => document.activeElement?.matches(selector) === true"
_IS_BOX = "(selector) => document.querySelector(selector).type === 'checkbox'"
# Whether an element is before the element with the focus.
_IS_BEFORE = """(selector) => {
  const element = document.querySelector(selector);
  return Boolean(document.activeElement.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING);
}"""


class User:
    """A user with a pointer and a keyboard at one tab."""

    def __init__(self, page: Page, *, rest_seconds: float = REST_SECONDS) -> None:
        """`rest_seconds` is the rest before each press. If it is 0, as in tests, texts are typed at once."""
        self.page = page
        self.clicks = 0
        self._rest_seconds = rest_seconds

    def open(self, url: str) -> None:
        """Open an address by a bookmark, which counts as one press."""
        self._count()
        self.page.goto(url)

    def click(self, selector: str, *, frame: Page | None = None, held: str | None = None) -> None:
        """Press an element as soon as it can be pressed. `held` is a key that is held down, and counts too."""
        page = frame or self.page
        page.wait_for_aim(selector)
        self._count(2 if held else 1)
        self._strike(page, page.wait_for_aim(selector), held)

    def strike(self, page: Page, find: Callable[[], tuple[int, int]]) -> None:
        """Press the place that `find` returns, such as a button in a closed shadow root, which no selector finds."""
        find()
        self._count()
        self._strike(page, find(), None)

    def do(self, press: Callable[[], None]) -> None:
        """Do `press`, which presses a control of the browser itself. It counts as one press."""
        self._count()
        press()

    def focus(self, selector: str) -> None:
        """Put the focus into a field. This takes a press only if the field does not get the focus by itself."""
        self.page.wait_for_selector(selector)
        # The program may give the focus to the field while the user rests.
        if becomes_true(lambda: self.is_focused(selector), timeout_seconds=self._rest_seconds):
            return
        self.clicks += 1
        self._strike(self.page, self.page.wait_for_aim(selector), None)

    def double_click(self, selector: str) -> None:
        """Press an element twice, without a rest between."""
        self.page.wait_for_aim(selector)
        self._count(2)
        place = self.page.wait_for_aim(selector)
        for _ in range(2):
            self._strike(self.page, place, None)

    def is_focused(self, selector: str) -> bool:
        """Whether an element has the focus."""
        return self.page.js(_IS_FOCUSED, selector) is True

    def press(self, *keys: str) -> None:
        """Press keys together. Each of them counts."""
        self._count(len(keys))
        self.page.press(*keys)

    def reach(self, selector: str) -> None:
        """Put the focus on an element by the Tab key alone."""
        self.page.wait_for_selector(selector)
        for _ in range(_MAX_TABS):
            if becomes_true(lambda: self.is_focused(selector), timeout_seconds=self._rest_seconds):
                return
            self.press(*((SHIFT, TAB) if self.page.js(_IS_BEFORE, selector) else (TAB,)))
        raise AssertionError(f"the Tab key does not reach {selector}")

    def type(self, text: str) -> None:
        """Type a text into the field with the focus."""
        if not self._rest_seconds:
            return self.page.type(text)
        begun = time.perf_counter()
        for number, character in enumerate(text, 1):
            self.page.type(character)
            time.sleep(max(0.0, begun + number / CHARACTERS_A_SECOND - time.perf_counter()))
        return None

    def choose_files(self, button: str, field: str, files: Sequence[Path]) -> None:
        """Press the button for files, and choose them. The driver cannot show the browser's dialog."""
        self.page.wait_for_aim(button)
        self._count(1 + len(files))
        self.page.choose_files(field, files)

    def drag(self, source: str, target: str) -> None:
        """Drag an element onto another one."""
        self.page.wait_for_aim(source)
        self._count()
        # The second look at the target does not scroll, because the source is in view too.
        (x, y), (to_x, to_y) = self.page.wait_for_aim(source), self.page.wait_for_aim(target)
        moves = [
            {
                "type": "pointerMove",
                "x": round(x + (to_x - x) * share / _DRAG_MOVES),
                "y": round(y + (to_y - y) * share / _DRAG_MOVES),
                "duration": _DRAG_MILLISECONDS,
            }
            for share in range(1, _DRAG_MOVES + 1)
        ]
        self.page.drag([{"type": "pointerMove", "x": x, "y": y}, *moves])

    def leave(self) -> None:
        """Close the tab, as the person closes the browser."""
        self.close(self.page)

    def close(self, page: Page) -> None:
        """Close a tab or window."""
        self._count()
        page.close()

    def _count(self, presses: int = 1) -> None:
        time.sleep(self._rest_seconds)
        self.clicks += presses

    def _strike(self, page: Page, place: tuple[int, int], held: str | None) -> None:
        page.click_at(*place, held=held)


class Keyboard(User):
    """A user that has only a keyboard: it goes to each element by the Tab key."""

    def click(self, selector: str, *, frame: Page | None = None, held: str | None = None) -> None:
        """Press Enter on an element, or the space bar on a check box."""
        assert frame is None, "only elements of the page are reached"
        assert held is None, "nothing is held"
        self.reach(selector)
        self.press(" " if self.page.js(_IS_BOX, selector) else ENTER)

    def focus(self, selector: str) -> None:
        self.reach(selector)

    def double_click(self, selector: str) -> None:
        raise NotImplementedError("a keyboard has no double click")

    def drag(self, source: str, target: str) -> None:
        raise NotImplementedError("a keyboard drags nothing")

    def choose_files(self, button: str, field: str, files: Sequence[Path]) -> None:
        self.reach(field)
        self._count(1 + len(files))
        self.page.choose_files(field, files)


class Finger(User):
    """A finger on a phone, which taps in place of the pointer."""

    def type(self, text: str) -> None:
        super().type(text)
        # If a tap follows a key sooner, Chromium moves the focus but not the caret, and text typed afterwards is lost.
        time.sleep(_TAP_SECONDS)

    def swipe(self, selector: str, by: int) -> None:
        """Swipe an element sideways by so many pixels."""
        self.page.wait_for_aim(selector)
        self._count()
        x, y = self.page.wait_for_aim(selector)
        moves: list[Json] = [
            {"type": "pointerMove", "x": round(x + by * share / _DRAG_MOVES), "y": y, "duration": _DRAG_MILLISECONDS}
            for share in range(1, _DRAG_MOVES + 1)
        ]
        down, up = {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}
        self.page.touch([{"type": "pointerMove", "x": x, "y": y}, down, *moves, up])
        # Chromium interprets a tap shortly after a swipe as the end of the swipe's scrolling.
        self.page.touch([{"type": "pause", "duration": _FLING_MILLISECONDS}])

    def _strike(self, page: Page, place: tuple[int, int], held: str | None) -> None:
        assert held is None, "a finger holds no key"
        page.tap_at(*place)


def becomes_true(condition: Callable[[], bool], *, timeout_seconds: float = PATIENCE_SECONDS) -> bool:
    """Wait until a condition holds. Returns false if it does not hold after this time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
