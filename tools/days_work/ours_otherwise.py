"""Our pages, walked by keyboard alone, and by touch on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.support.browser.browsers import Chromium
from tests.support.browser.page import CONTROL, ENTER, ESCAPE, SHIFT, Page
from tests.support.pages.driver import named
from tools.days_work.ours import Ours
from tools.days_work.ours_acts import SETTLED, row_of
from tools.days_work.user import Finger, Keyboard, User

_DOWN: Final = "\ue015"
_KEYS: Final = {"archive": "e", "delete": "#", "junk": "!", "flag": "s", "unread": "u", "move": "m"}
_ANSWERS: Final = {"reply": "r", "reply-all": "a", "forward": "f"}
_SWIPES: Final = {"archive": 1, "delete": -1}
# The number of rows to go down from the row with the focus, or from the open message.
_DISTANCE = """(uid) => {
  const rows = [...document.querySelectorAll("[data-test=message-row]")];
  const focused = document.activeElement.closest("li")?.querySelector("a");
  const from = rows.indexOf(focused) >= 0 ? focused : rows.find((row) => row.hasAttribute("aria-current"));
  return rows.findIndex((row) => Number(row.dataset.uid) === uid) - (from ? rows.indexOf(from) : -1);
}"""
_IS_FOCUSED = "(selector) => document.activeElement?.matches(selector) === true"
_IS_ON_LIST = "() => document.querySelector('.mail')?.dataset.pane === 'list'"
_IS_MENU_OPEN = "() => document.querySelector('.mail')?.dataset.menu === 'open'"
_IS_CHOOSING = "() => document.querySelector('.choosing') !== null"


class OursByKeyboard(Ours):
    """Our pages by keyboard alone: with the keys that the pages' help names, and otherwise by Tab."""

    name = "keyboard"

    def open_message(self, uid: int) -> None:
        self.to_list()
        self.end_search()
        self._go_to(uid)
        self.user.press(ENTER)
        # Before that, the keys would act on the last message.
        self._page.wait_for_selector(f"{row_of(uid)}[aria-current]")

    def open_first(self) -> None:
        self.user.press("j")
        self._page.wait_for(_IS_FOCUSED, f"{SETTLED} {named('message-row')}")
        self.user.press(ENTER)

    def act(self, name: str, act: str, *, then: Callable[[], None] = lambda: None) -> None:
        self.to_list()
        self._go_to(self._uid(name))
        self.user.press(_KEYS[act])
        then()

    def act_on_selection(self, act: str) -> None:
        self.user.press(_KEYS[act])

    def select(self, names: tuple[str, ...]) -> None:
        self._go_to(self._uid(names[0]))
        self.user.press("x")
        for _ in names[1:]:
            self.user.press(SHIFT, _DOWN)

    def end_selection(self) -> None:
        if self._is_there(named("select-none")):
            self.user.press(ESCAPE)

    def press_undo(self) -> None:
        self._page.wait_for_selector(named("undo"))
        self.user.press("z")

    def into_search(self) -> None:
        if not self.user.is_focused(named("search")):
            self.user.press("/")
            self._page.wait_for(_IS_FOCUSED, named("search"))

    def end_search(self) -> None:
        if self._is_there(named("search-end")):
            self.into_search()
            self.user.press(ESCAPE)
            self._wait_for_row("M2")

    def open_folder(self, name: str) -> None:
        self.to_list()
        self.user.press("g")
        self._page.wait_for(_IS_FOCUSED, named("pick-filter"))
        self.user.type(name)
        self.user.press(ENTER)

    def press_answer(self, act: str) -> None:
        self._page.wait_for_selector(named(act))
        self.user.press(_ANSWERS[act])

    def press_write(self) -> None:
        self.user.press("c")

    def press_send(self) -> None:
        self.user.press(CONTROL, ENTER)

    def press_lock(self) -> None:
        self.user.press("l")

    def _go_to(self, uid: int) -> None:
        self._page.wait_for_selector(row_of(uid))
        distance = self._page.js(_DISTANCE, uid)
        if distance == 0 and not self.user.is_focused(row_of(uid)):
            # The message is open. Its row gets the focus when it is closed.
            self.user.press(ESCAPE)
        for _ in range(abs(distance)):
            self.user.press("j" if distance > 0 else "k")
        self._page.wait_for(_IS_FOCUSED, row_of(uid))

    def _make_user(self, page: Page, rest_seconds: float) -> User:
        return Keyboard(page, rest_seconds=rest_seconds)


class OursByTouch(Ours):
    """Our pages by touch, on a phone's screen. The driver of WebKitGTK has no touch: there the pointer is used."""

    name = "touch"
    width, height = 390, 844

    def act(self, name: str, act: str, *, then: Callable[[], None] = lambda: None) -> None:
        if act not in _SWIPES or not isinstance(self.user, Finger):
            return super().act(name, act, then=then)
        self.to_list()
        self.end_search()
        return self.user.swipe(row_of(self._uid(name)), _SWIPES[act] * self.width * 9 // 20)

    def select(self, names: tuple[str, ...]) -> None:
        self.to_list()
        self.user.click(named("select"))
        for name in names:
            self.user.click(row_of(self._uid(name)))

    def end_selection(self) -> None:
        super().end_selection()
        if self._page.js(_IS_CHOOSING):
            self.user.click(named("select"))

    def open_folder(self, name: str) -> None:
        if self._page.js(_IS_MENU_OPEN):
            self._press_folder(name)
        else:
            super().open_folder(name)

    def show_folders(self) -> None:
        if not self._page.js(_IS_MENU_OPEN):
            self.user.click(named("nav-menu"))

    def into_search(self) -> None:
        if not self.user.is_focused(named("search")):
            self.user.click(named("nav-search"))

    def leave_message(self) -> None:
        self._page.wait_for_selector(".mail")
        if self._page.js(_IS_MENU_OPEN):
            # The folders cover the list.
            self.user.click(named("nav-menu"))
        if not self._page.js(_IS_ON_LIST):
            self.user.click(named("back"))
        self._page.wait_for(_IS_ON_LIST)

    def _make_user(self, page: Page, rest_seconds: float) -> User:
        kind = User if self._browser.name == "webkit" else Finger
        return kind(page, rest_seconds=rest_seconds)

    def _open_device(self) -> Page:
        page = super()._open_device()
        if isinstance(self._browser, Chromium):
            self._browser.page_cdp(page, "Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=5)
        return page
