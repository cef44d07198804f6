"""Measures the time from the click on a row of the list until the mail is painted, in our pages and in Roundcube.

One Chromium has a tab for each program. Both are signed in to the same mailbox, our pages with unlocked keys. The tabs
open the same plain mails of 10 KB in turn, with both programs' caches on. The mail counts as painted with the first
frame after its text came into the page.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Final

from tests.support.browser.bidi import BidiError
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.pages.driver import MailPages
from tools.bench.results import Figure, Figures, Limit
from tools.bench.visits import fresh_browser
from tools.bench_bridge.mail import RECENT
from tools.bench_bridge.pages import create_anna, running_pages
from tools.bench_bridge.servers import PASSWORD, Rig
from tools.bench_bridge.times import ANNA, OURS, THEIRS
from webbridge.demo.accounts import Account

CLICKS: Final = "Chromium"
READ: Final = "from the click to the text of 10 KB"
MAX_RUNS: Final = RECENT - 1
_WIDTH, _HEIGHT = 1280, 900
# After this rest, the page has finished its work after an opening, and the server has closed its session file.
_REST_SECONDS: Final = 1.0

# Runs before the scripts of each page and frame. Notes the time of each click, and of the first frame that is painted
# after an element with the text of a mail has come.
_PRELOAD: Final = """() => {
  const text = '[data-test="body"], #messagebody';
  const now = () => performance.timeOrigin + performance.now();
  let shown = null;
  addEventListener("click", ({ timeStamp }) => {
    window.clickedAt = performance.timeOrigin + timeStamp;
    window.paintedAt = null;
  }, { capture: true });
  const look = () => {
    const element = document.querySelector(text);
    if (!element || element === shown || !element.textContent.includes("brown fox")) return;
    shown = element;
    requestAnimationFrame(() => setTimeout(() => { window.paintedAt = now(); }));
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true });
}"""
_CLICKED: Final = "() => window.clickedAt"
_PAINTED: Final = "() => window.paintedAt"


def measure_clicks(rig: Rig, runs: int) -> list[Figure]:
    """Open a mail in each tab in turn, a new mail each time. The first mail only warms up."""
    account = create_anna()
    with running_pages(rig.bridge, account) as url, fresh_browser("chromium") as browser:
        browser.bidi.command("script.addPreloadScript", functionDeclaration=_PRELOAD)
        tabs: dict[str, Callable[[int], float]] = {OURS: _our_tab(browser, url, account)}
        if rig.cached_roundcube_port is not None:
            tabs[THEIRS] = _their_tab(browser, rig.cached_roundcube_port)
        times: dict[str, list[float]] = {who: [] for who in tabs}
        for run in range(min(runs, MAX_RUNS) + 1):
            for who, open_mail in tabs.items():
                milliseconds = open_mail(run)
                if run:
                    times[who].append(milliseconds)
    return [Figure(where=CLICKS, job=READ, who=who, unit="ms", values=tuple(values)) for who, values in times.items()]


def click_limits(figures: Figures) -> list[Limit]:
    """Limit: Roundcube's time."""
    share = figures.ratio(CLICKS, READ, OURS, THEIRS)
    return [Limit(where=CLICKS, what=f"{READ}: ours / Roundcube", value=share, limit=1.0, unit="times")]


def _our_tab(browser: Browser, url: str, account: Account) -> Callable[[int], float]:
    """Sign in to our pages. Returns the function that opens a mail by its place in the list, from 0 for the newest."""
    pages = MailPages(browser, url, account)
    pages.page.set_viewport(_WIDTH, _HEIGHT)
    pages.enter()
    row = '[data-test="messages"][aria-busy=false] > :nth-child({}) [data-test="message-row"]'
    return lambda place: _open(pages.page, row.format(place + 1), lambda: [pages.page])


def _their_tab(browser: Browser, port: int) -> Callable[[int], float]:
    """Sign in to Roundcube. Returns the function that opens a mail beside the list by its place."""
    page = browser.open_private(f"http://127.0.0.1:{port}/")
    page.set_viewport(_WIDTH, _HEIGHT)
    page.fill("#rcmloginuser", ANNA)
    page.fill("#rcmloginpwd", PASSWORD)
    page.click("#rcmloginsubmit")
    page.wait_for("() => window.rcmail?.env.messagecount !== undefined")
    return lambda place: _open(page, f"#messagelist tbody tr:nth-child({place + 1}) .subject", page.frames)


def _open(page: Page, row: str, frames: Callable[[], list[Page]]) -> float:
    """Click a row. Returns the milliseconds until one of the frames has painted the mail's text."""
    page.activate()
    page.wait_for_selector(row)
    time.sleep(_REST_SECONDS)
    before = {frame.context: _painted_in(frame) for frame in frames()}
    page.click(row)
    clicked = float(page.js(_CLICKED))
    # The browser itself notes the times. Requests from the driver without pauses would slow the browser down.
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        time.sleep(0.25)
        for frame in frames():
            painted = _painted_in(frame)
            if painted and painted != before.get(frame.context):
                return painted - clicked
    raise AssertionError(f"the mail was not shown after a click on {row}")


def _painted_in(frame: Page) -> float | None:
    # A frame may load another document between two requests.
    with contextlib.suppress(BidiError):
        painted = frame.js(_PAINTED)
        return None if painted is None else float(painted)
    return None
