"""Measures the cost of the mail pages for a device: processor seconds of all processes of the browser, and wall time.

The cost of a job includes some seconds of background work after it. The cost of an empty tab in the same browser for
the same time is subtracted. The driver waits by a script in the page, because each request from the driver would cost
time too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.support.browser.browsers import Browser, Name
from tests.support.browser.page import Page
from tests.support.pages.driver import MailPages, named
from tools.bench.processor_time import processor_time_of
from tools.bench.results import Figure, Figures, Limit
from tools.bench.visits import UNTIL, build_letter, fresh_browser
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

PROCESSOR: Final = "processor"
WALL: Final = "wall"
_RUNS: Final = 5
_BACKGROUND_SECONDS: Final = 5.0
_IDLE_SECONDS: Final = 300.0
_SETTLE_SECONDS: Final = 3.0
_FURTHER: Final = 10
_LIMITS: Final = {"open a mail": 0.20, "warm visit: sign in, unlock": 3.0, "five idle minutes": 1.0}


def measure_cost(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Measure each job up to five times, each time in a new browser. Measure the idle minutes once."""
    times: dict[str, list[tuple[float, float]]] = {}
    with DemoStack(pages_folder=dist / "pages") as stack:
        reader, writer = stack.accounts
        for _ in range(1 + _FURTHER):
            stack.mail_server.append(reader.address, build_letter(writer, reader, encrypted=True))
        stack.mail_server.append(reader.address, build_letter(writer, reader, encrypted=False))
        for number in range(min(runs, _RUNS)):
            with fresh_browser(name) as browser:
                visit = _Visit(browser, stack, reader, times)
                visit.all_jobs()
                if number == 0:
                    visit.idle()
    return [
        Figure(where=name, job=job, who=who, unit="s", values=tuple(value[index] for value in values))
        for job, values in times.items()
        for index, who in enumerate((PROCESSOR, WALL))
    ]


def cost_limits(figures: Figures) -> list[Limit]:
    """The limits of processor time."""
    return [
        Limit(where=browser, what=job, value=figures.median(browser, job, PROCESSOR), limit=_LIMITS[job], unit="s")
        for browser, job in figures.rows
        if job in _LIMITS
    ]


class _Visit:
    """A person's visit in one browser."""

    def __init__(
        self, browser: Browser, stack: DemoStack, account: Account, found: dict[str, list[tuple[float, float]]]
    ) -> None:
        self._browser = browser
        self._stack = stack
        self._account = account
        self._found = found
        self._blank = browser.open("about:blank")
        time.sleep(_SETTLE_SECONDS)
        self._idle_rate = processor_time_of(browser, lambda: time.sleep(_BACKGROUND_SECONDS)) / _BACKGROUND_SECONDS
        self._pages: MailPages

    def all_jobs(self) -> None:
        """Measure every job but the idle minutes."""
        messages = self._stack.mail_server.messages(self._account.address)
        *sealed, plain = [message.uid for message in messages[-(2 + _FURTHER) :]]
        first, *further = sealed
        self._measure("cold visit: sign in, unlock", self._enter)
        self._leave()
        self._measure("warm visit: sign in, unlock", self._enter)
        self._measure("open an unencrypted mail", lambda: self._open(plain))
        self._measure("open a mail", lambda: self._open(first))
        self._measure("open the next ten", lambda: self._open(*further))
        self._measure("encrypt and send", self._write)
        self._measure("lock", lambda: self._click("lock", f"!document.querySelector('{named('messages')}')"))

    def idle(self) -> None:
        """Measure five minutes in which nothing happens, with unlocked keys."""
        self._leave()
        self._enter()
        time.sleep(_BACKGROUND_SECONDS)
        self._measure("five idle minutes", lambda: time.sleep(_IDLE_SECONDS), background_seconds=0)

    def _enter(self) -> None:
        pages = self._pages = MailPages(self._browser, self._stack.pages_url, self._account, beside=self._blank)
        _wait(pages.page, named("sign-in-submit"))
        pages.sign_in()
        _wait(pages.page, named("unlock-form"))
        pages.unlock()
        _wait(pages.page, f"{named('messages')}[aria-busy=false] {named('message-row')}")

    def _leave(self) -> None:
        page = self._pages.page
        page.click(named("sign-out"))
        _wait(page, named("sign-in-submit"))
        page.close()

    def _open(self, *uids: int) -> None:
        for uid in uids:
            self._open_one(self._pages.page, uid)

    def _open_one(self, page: Page, uid: int) -> None:
        page.js('(uid) => { document.querySelector(`[data-uid="${uid}"]`).click(); }', uid)
        shown = f"""() => location.hash.endsWith('/{uid}')
          && document.querySelector('{named("reading")}').getAttribute('aria-busy') === 'false'
          && document.querySelector('{named("state")}')?.dataset.state !== 'checking'"""
        page.js(UNTIL % shown)

    def _write(self) -> None:
        page = self._pages.page
        self._pages.write(to=self._stack.accounts[1].address, subject="A letter", text="Words.")
        _wait(page, f"{named('send')}:not([aria-disabled])")
        page.click(named("send"))
        _wait(page, named("sent"))

    def _click(self, test: str, condition: str) -> None:
        self._pages.page.click(named(test))
        self._pages.page.js(UNTIL % f"() => {condition}")

    def _measure(self, job: str, act: Callable[[], object], *, background_seconds: float = _BACKGROUND_SECONDS) -> None:
        wall = 0.0
        begun = time.perf_counter()

        def whole() -> None:
            nonlocal wall
            act()
            wall = time.perf_counter() - begun
            time.sleep(background_seconds)

        spent = processor_time_of(self._browser, whole)
        empty = self._idle_rate * (time.perf_counter() - begun)
        self._found.setdefault(job, []).append((max(0.0, spent - empty), wall))


def _wait(page: Page, selector: str) -> None:
    page.when_loaded()
    page.js(UNTIL % f"() => Boolean(document.querySelector(`{selector}`)?.getClientRects().length)")
