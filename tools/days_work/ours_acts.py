"""The acts in our pages that make up the steps, with the pointer. `ours_otherwise` has keyboard and touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.support.browser.browsers import Browser
from tests.support.browser.page import ESCAPE, SHIFT, Page
from tests.support.pages.driver import named
from tools.days_work.rig import Rig
from tools.days_work.user import User

SECONDS: Final = 180
SETTLED = f"{named('messages')}[aria-busy=false]"
_IS_WRITTEN = """(text) => [...document.querySelectorAll(".reading iframe, dialog iframe")]
  .some((frame) => frame.getClientRects().length > 0 && frame.srcdoc.includes(text))"""
_HAS_ROW = "(uid) => document.querySelector(`[data-test=message-row][data-uid='${uid}']`) !== null"
_IS_LEFT = "() => document.querySelector('[data-test=compose-form]') === null"


def row_of(uid: int) -> str:
    """The row of a message."""
    return f'{named("message-row")}[data-uid="{uid}"]'


def _box_of(uid: int) -> str:
    return f'li:has(> [data-uid="{uid}"]) {named("row-select")}'


class Acts:
    """Our pages in one tab."""

    name = "pointer"
    is_protecting = True
    width, height = 1280, 900

    def __init__(self, rig: Rig, browser: Browser, *, rest_seconds: float) -> None:
        self._rig = rig
        self._browser = browser
        self._page = self._open_device()
        self.user = self._make_user(self._page, rest_seconds)

    @property
    def page(self) -> Page:
        """The tab in which the walk goes on."""
        return self._page

    @property
    def clicks(self) -> int:
        return self.user.clicks

    def commit(
        self,
        press: Callable[[], None],
        *,
        report_element: str,
        again: Callable[[], None] | None = None,
        request: tuple[bytes, ...] = (),
    ) -> None:
        """Do `press`, which causes a request. A subclass may break the network, and then call `again`.

        `report_element` names the element that reports the loss. `request` has the beginnings of a request whose answer
        may be lost.
        """
        press()

    def commit_opening(self, press: Callable[[], None]) -> None:
        """Open a message by `press`. After a lost connection, its pane offers to try again."""
        self.commit(press, report_element="reading-error", again=lambda: self.user.click(named("try-again")))

    def open_message(self, uid: int) -> None:
        """Open a message from the list."""
        self.to_list()
        self.end_search()
        self.user.click(row_of(uid))

    def open_first(self) -> None:
        """Open the first message of the list."""
        self.user.click(f"{SETTLED} {named('message-row')}")

    def act(self, name: str, act: str, *, then: Callable[[], None] = lambda: None) -> None:
        """Open a message, and press an act in its bar. `then` answers a further question of the act."""
        self.open_message(self._uid(name))

        def press() -> None:
            self.user.click(named(f"message-acts-{act}"))
            then()

        def act_again() -> None:
            self.open_message(self._uid(name))
            press()

        self.commit(press, report_element="act-notice-text", again=act_again)

    def select(self, names: tuple[str, ...]) -> None:
        """Select a range of messages, from the first to the last name."""
        self.user.click(_box_of(self._uid(names[0])))
        self.user.click(_box_of(self._uid(names[-1])), held=SHIFT)

    def act_on_selection(self, act: str) -> None:
        """Do something with the selected messages."""
        self.commit(lambda: self.user.click(named(f"selection-acts-{act}")), report_element="act-notice-text")

    def end_selection(self) -> None:
        """Select nothing any more."""
        if self._is_there(named("select-none")):
            self.user.click(named("select-none"))

    def press_undo(self) -> None:
        """Take the last act back."""
        self.user.click(named("undo"))

    def press_answer(self, act: str) -> None:
        """Press one of the buttons that answer the open message."""
        self.user.click(named(act))

    def press_lock(self) -> None:
        """Lock the keys."""
        self.user.click(named("lock"))

    def press_write(self) -> None:
        """Begin a new message."""
        self.user.click(named("write"))

    def change_folder(self, name: str) -> None:
        """Show another folder."""
        self.commit(lambda: self.open_folder(name), report_element="list-error")
        self._wait_for_title("Inbox" if name == "INBOX" else name)

    def open_folder(self, name: str) -> None:
        """Ask for another folder."""
        self.to_list()
        self.show_folders()
        self._press_folder(name)

    def show_folders(self) -> None:
        """Show the list of folders, which a wide page always shows."""

    def into_search(self) -> None:
        """Put the focus into the field for searching."""
        self.user.focus(named("search"))

    def end_search(self) -> None:
        """Show the whole folder again if the list shows a search."""
        if self._is_there(named("search-end")):
            self.user.click(named("search-end"))
            self._wait_for_row("M2")

    def to_list(self) -> None:
        """Close the preview that covers the list. After a message was sent, the pages return by themselves."""
        if self._is_there("dialog[open]"):
            self.user.press(ESCAPE)
        self._page.wait_for(_IS_LEFT, timeout_seconds=SECONDS)
        self.leave_message()
        self._page.wait_for_selector(SETTLED)

    def leave_message(self) -> None:
        """Close the message if it hides the list. On a wide page, the message is beside the list."""

    def wait_in_frame(self, function: str, *arguments: str, written: str) -> None:
        """Wait until `function` is true in the frame for foreign markup; in WebKit, until its source has `written`."""
        if self._browser.name == "webkit":
            # WebKit's driver does not enter the frame.
            self._page.wait_for(_IS_WRITTEN, written, timeout_seconds=SECONDS)
        else:
            self._page.wait_for_frame("about:srcdoc").wait_for(function, *arguments)

    # Parts

    def _make_user(self, page: Page, rest_seconds: float) -> User:
        return User(page, rest_seconds=rest_seconds)

    def _open_device(self) -> Page:
        page = self._browser.open_private("about:blank")
        page.set_viewport(self.width, self.height)
        return page

    def _uid(self, name: str) -> int:
        return self._rig.uids[name]

    def _press_folder(self, name: str) -> None:
        self.user.click(f'{named("folder")}[data-folder="{name}"]')

    def _is_there(self, selector: str) -> bool:
        return bool(
            self._page.js("(selector) => document.querySelector(selector)?.getClientRects().length > 0", selector)
        )

    def _wait_for_row(self, name: str) -> None:
        self._page.wait_for(_HAS_ROW, self._uid(name))

    def _wait_until_gone(self, name: str) -> None:
        self._page.wait_for(f"(uid) => !({_HAS_ROW})(uid)", self._uid(name))

    def _wait_for_title(self, title: str) -> None:
        self._page.wait_for("(name) => document.querySelector('.list-title')?.textContent === name", title)
        self._page.wait_for(
            "() => document.querySelector('[data-test=messages]').getAttribute('aria-busy') === 'false'"
            " && document.querySelector('[data-test=list-error]').textContent === ''"
        )
