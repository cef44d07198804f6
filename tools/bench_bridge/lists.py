"""Measures the list of a mailbox with 10,000 messages in our pages: the first rows, and scrolling to the end.

The rows come from the bridge over the real Dovecot. The first time is from the click on "Mail", right after the
sign-in, until a frame with rows is painted. Then the list is scrolled to its end, as by a fast mouse wheel. The browser
itself reports each task that takes more than 50 ms.
"""

from __future__ import annotations

from typing import Final

from tests.support.browser.page import Page
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tools.bench.results import Figure, Figures, Limit
from tools.bench.visits import fresh_browser
from tools.bench_bridge.pages import create_anna, running_pages
from tools.bench_bridge.servers import Rig
from tools.bench_bridge.times import OURS

LISTS: Final = "Chromium"
FIRST: Final = "first rows after the sign-in"
LONGEST: Final = "longest task while scrolling through 10,000 rows"
FRAME: Final = "time between two frames while scrolling"
_WIDTH, _HEIGHT = 1280, 900
# Each run signs in again, in a new tab.
_MAX_RUNS: Final = 7
_SCROLL_SECONDS: Final = 240
_ROWS: Final = 10_000

# Notes the time of each click, and of the first frame that is painted after rows have come.
_PRELOAD: Final = """() => {
  const now = () => performance.timeOrigin + performance.now();
  const onClick = ({ timeStamp }) => { window.clickedAt = performance.timeOrigin + timeStamp; };
  addEventListener("click", onClick, { capture: true });
  const look = () => {
    if (window.paintedAt !== undefined || !document.querySelector('[data-test="message-row"]')) return;
    window.paintedAt = null;
    requestAnimationFrame(() => setTimeout(() => { window.paintedAt = now(); }));
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true });
}"""

# Scrolls to the end of the list. Returns the milliseconds of each task over 50, and between each two frames.
_SCROLL: Final = """async () => {
  const list = document.querySelector('[data-test="messages"]');
  let pane = list;
  const scrolls = (one) => one.scrollHeight > one.clientHeight && getComputedStyle(one).overflowY !== "visible";
  while (!scrolls(pane) && pane !== document.scrollingElement) pane = pane.parentElement ?? document.scrollingElement;
  const tasks = [];
  const observer = new PerformanceObserver((all) => tasks.push(...all.getEntries().map(({ duration }) => duration)));
  observer.observe({ type: "longtask" });
  const frame = () => new Promise(requestAnimationFrame);
  const frames = [];
  let [before, ends] = [await frame(), 0];
  // The end counts when nothing more came for two seconds of frames.
  while (ends < 120) {
    const top = pane.scrollTop;
    pane.scrollTop += 600;
    ends = pane.scrollTop === top ? ends + 1 : 0;
    const now = await frame();
    frames.push(now - before);
    before = now;
  }
  observer.disconnect();
  window.scrolled = { tasks, frames, rows: document.querySelectorAll('[data-test="message-row"]').length };
}"""


def measure_lists(rig: Rig, runs: int) -> list[Figure]:
    """Sign in and open the list several times. Scroll through it once."""
    account = create_anna()
    with running_pages(rig.bridge, account) as url, fresh_browser("chromium") as browser:
        browser.bidi.command("script.addPreloadScript", functionDeclaration=_PRELOAD)
        first = []
        for _ in range(min(runs, _MAX_RUNS)):
            pages = MailPages(browser, url, account)
            first.append(_open_list(pages))
            pages.close()
        pages = MailPages(browser, url, account)
        _open_list(pages)
        tasks, frames = _scroll(pages.page)
    return [
        Figure(where=LISTS, job=FIRST, who=OURS, unit="ms", values=tuple(first)),
        # The browser reports only tasks over 50 ms.
        Figure(where=LISTS, job=LONGEST, who=OURS, unit="ms", values=(max(tasks, default=50.0),)),
        Figure(where=LISTS, job=FRAME, who=OURS, unit="ms", values=tuple(frames)),
    ]


def _open_list(pages: MailPages) -> float:
    """Sign in, and open the list. Returns the milliseconds from the click to the rows."""
    page = pages.page
    page.set_viewport(_WIDTH, _HEIGHT)
    pages.sign_in()
    page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    page.click("a.bar-link[href='#/folder/inbox']")
    painted = float(page.wait_for("() => window.paintedAt ?? false", timeout_seconds=OPERATION_SECONDS))
    return painted - float(page.js("() => window.clickedAt"))


def _scroll(page: Page) -> tuple[list[float], list[float]]:
    page.js(f"() => {{ void ({_SCROLL})(); }}")
    scrolling = page.wait_for("() => window.scrolled ?? false", timeout_seconds=_SCROLL_SECONDS)
    if scrolling["rows"] < _ROWS:
        raise AssertionError(f"only {scrolling['rows']} rows came")
    return scrolling["tasks"], scrolling["frames"]


def list_limits(figures: Figures) -> list[Limit]:
    """Limits: 300 ms to the first rows, no task over 50 ms, 60 frames a second."""
    ceilings = {FIRST: 300.0, LONGEST: 50.0, FRAME: 1000 / 60 + 0.5}
    return [
        Limit(where=LISTS, what=job, value=figures.median(LISTS, job, OURS), limit=most, unit="ms")
        for job, most in ceilings.items()
    ]
