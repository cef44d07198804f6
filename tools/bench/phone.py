"""Measures the mail pages at the speed and size of a phone, and in the same browser at full speed.

The viewport has 390 × 844 pixels. Every process of the browser runs for a sixth of the time (`duty_cycle`). The browser
reports 2 GB of device memory, and no process gets more for its own data (RLIMIT_DATA). The servers run at full speed.
Times are from the click or key until the result is painted, by the clock of the page. The driver asks only once for
each time, and the page answers after the result is painted.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final

from tests.support.browser.browsers import Browser, Name
from tests.support.browser.page import ENTER, Page
from tests.support.browser.residue.processes import proportional_bytes
from tests.support.pages.driver import MailPages, named
from tools.bench.duty_cycle import slowed
from tools.bench.processor_time import browser_processes
from tools.bench.results import Figure, Figures, Limit
from tools.bench.visits import UNTIL, build_letter, fresh_browser
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

SLOW: Final = "at a sixth"
FULL: Final = "at full speed"
_OPEN_FIRST: Final = "open the first mail after unlocking"
_OPEN_NEXT: Final = "open a further mail"
_MEMORY: Final = "memory of all processes"
_MAX_MILLISECONDS: Final = {
    "first visit: unlock": 5000,
    "second visit: unlock": 5000,
    _OPEN_FIRST: 1000,
    _OPEN_NEXT: 1000,
}
_RUNS: Final = 5
_FURTHER: Final = 5
_SETTLE_SECONDS: Final = 3.0
_WIDTH, _HEIGHT = 390, 844
_GIGABYTES: Final = 2

# Runs before the scripts of each page.
_PRELOAD: Final = f"""() => {{
  Object.defineProperty(Navigator.prototype, "deviceMemory", {{ configurable: true, get: () => {_GIGABYTES} }});
  const look = () => {{
    if (!document.querySelector('{named("sign-in-submit")}')?.getClientRects().length) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => {{ window.formShownAt = performance.now(); }}));
  }};
  const observer = new MutationObserver(look);
  observer.observe(document, {{ subtree: true, childList: true, attributes: true }});
}}"""
_FORM_SHOWN: Final = f"() => ({UNTIL % '() => window.formShownAt !== undefined'})().then(() => window.formShownAt)"
# Waits for an event of this type, then for the condition and the next paint. The promise resolves with the
# milliseconds.
_ARM: Final = """() => {
  const [name, type, key, isSo] = ["%s", "%s", %s, %s];
  window[name] = new Promise((resolve) => {
    const begin = (event) => {
      if (key && event.key !== key) return;
      removeEventListener(type, begin, { capture: true });
      const look = () => {
        if (!isSo()) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - event.timeStamp)));
      };
      const observer = new MutationObserver(look);
      observer.observe(document, { subtree: true, childList: true, attributes: true });
      look();
    };
    addEventListener(type, begin, { capture: true });
  });
}"""
_SPENT: Final = "() => window.spent"
# A computation in a Worker, which shows how much the browser is slowed down. At full speed it takes about 0.2 s.
_COUNT: Final = """() => new Promise((resolve) => {
  const count = () => {
    const begun = performance.now();
    for (let number = 0; number < 3e8; number += 1);
    return performance.now() - begun;
  };
  const worker = new Worker(URL.createObjectURL(new Blob([`postMessage((${count})())`])));
  worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
})"""


def measure_phone(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Measure each job up to five times, each time in a new browser, slowed down and at full speed in turn."""
    series: dict[tuple[str, str], list[float]] = {}
    with DemoStack(pages_folder=dist / "pages") as stack:
        reader, writer = stack.accounts
        for number in range(1 + _FURTHER + 1):
            is_last = number == 1 + _FURTHER
            stack.mail_server.append(reader.address, build_letter(writer, reader, encrypted=not is_last))
        for _ in range(min(runs, _RUNS)):
            for side in (SLOW, FULL):
                with _browser(name) as browser:
                    for job, value in _Visit(browser, stack, reader, is_slow=side == SLOW).all_jobs():
                        series.setdefault((job, side), []).append(value)
    figures = [
        Figure(where=name, job=job, who=side, unit="MB" if job == _MEMORY else "ms", values=tuple(values))
        for (job, side), values in series.items()
    ]
    return Figures(figures).with_ratio(SLOW, FULL)


def phone_limits(figures: Figures) -> list[Limit]:
    """Limits of the slowed browser: a mail in a second, unlocking in five."""
    return [
        Limit(
            where=browser,
            what=f"{job}, {SLOW}",
            value=figures.median(browser, job, SLOW),
            limit=_MAX_MILLISECONDS[job],
            unit="ms",
        )
        for browser, job in figures.rows
        if job in _MAX_MILLISECONDS
    ]


class _Visit:
    """Two visits of a person in one browser."""

    def __init__(self, browser: Browser, stack: DemoStack, account: Account, *, is_slow: bool) -> None:
        self._browser = browser
        self._stack = stack
        self._account = account
        self._is_slow = is_slow
        self._pages: MailPages

    def all_jobs(self) -> Iterator[tuple[str, float]]:
        """The milliseconds of each job, and the largest memory after a job in MB."""
        self._browser.bidi.command("script.addPreloadScript", functionDeclaration=_PRELOAD)
        blank = self._browser.open("about:blank")
        time.sleep(_SETTLE_SECONDS)
        memory = []
        with slowed(self._browser) if self._is_slow else nullcontext():
            yield "control: count in a Worker", blank.js(_COUNT)
            for job, value in self._jobs(blank):
                yield job, value
                memory.append(proportional_bytes(browser_processes(self._browser)) / 1e6)
        yield _MEMORY, max(memory)

    def _jobs(self, blank: Page) -> Iterator[tuple[str, float]]:
        *sealed, plain = [
            message.uid for message in self._stack.mail_server.messages(self._account.address)[-(2 + _FURTHER) :]
        ]
        first, *further = sealed
        yield from self._enter("first visit", blank)
        self._leave()
        yield from self._enter("second visit", blank)
        yield from self._open(_OPEN_FIRST, first)
        for uid in further:
            yield from self._open(_OPEN_NEXT, uid)
        yield from self._open("open a mail that nobody encrypted or signed", plain)
        yield "encrypt and send", self._write()
        yield "lock", self._click("lock", f"() => !document.querySelector('{named('messages')}')")

    def _enter(self, visit: str, blank: Page) -> Iterator[tuple[str, float]]:
        pages = self._pages = MailPages(self._browser, "about:blank", self._account, beside=blank)
        pages.page.set_viewport(_WIDTH, _HEIGHT)
        pages.page.goto(self._stack.pages_url)
        yield f"{visit}: until the form", pages.page.js(_FORM_SHOWN)
        pages.page.fill(named("sign-in-address"), self._account.address)
        pages.page.fill(named("sign-in-password"), self._account.mail_password)
        yield f"{visit}: sign in", self._click("sign-in-submit", _is_visible(named("unlock-form")))
        pages.page.click(f"{named('unlock-form')} {named('passphrase')}")
        pages.page.type(self._account.key_passphrase)
        listed = _is_visible(f"{named('messages')}[aria-busy=false] {named('message-row')}")
        pages.page.js(_ARM % ("spent", "keydown", "'Enter'", listed))
        pages.page.type(ENTER)
        yield f"{visit}: unlock", pages.page.js(_SPENT)
        time.sleep(_SETTLE_SECONDS)

    def _leave(self) -> None:
        page = self._pages.page
        self._click("sign-out", _is_visible(named("sign-in-submit")))
        page.close()

    def _open(self, job: str, uid: int) -> Iterator[tuple[str, float]]:
        page = self._pages.page
        row = f'[data-uid="{uid}"]'
        page.js(UNTIL % _is_visible(row))
        page.js(_ARM % ("read", "click", "null", _is_read(uid)))
        page.js(_ARM % ("spent", "click", "null", _is_judged(uid)))
        page.js(f"() => {{ document.querySelector('{row}').click(); }}")
        read, spent = page.js("() => Promise.all([window.read, window.spent])")
        page.js(f"() => {{ document.querySelector('{named('back')}').click(); }}")
        time.sleep(_SETTLE_SECONDS)
        yield f"{job}: its text", read
        yield job, spent

    def _write(self) -> float:
        page = self._pages.page
        self._pages.write(to=self._stack.accounts[1].address, subject="A letter", text="Words.")
        page.js(UNTIL % _is_visible(f"{named('send')}:not([aria-disabled])"))
        return self._click("send", _is_visible(named("sent")))

    def _click(self, test: str, condition: str) -> float:
        page = self._pages.page
        page.js(_ARM % ("spent", "click", "null", condition))
        page.click(named(test))
        spent: float = page.js(_SPENT)
        return spent


def _is_visible(selector: str) -> str:
    return f"() => Boolean(document.querySelector(`{selector}`)?.getClientRects().length)"


def _is_read(uid: int) -> str:
    """The condition that the text of this mail is shown, and the text of the last mail is gone."""
    body = f"document.querySelector('{named('body')}')"
    return f"((before) => () => location.hash.endsWith('/{uid}') && ![null, before].includes({body}))({body})"


def _is_judged(uid: int) -> str:
    """The condition that the verdict is final."""
    return f"""() => location.hash.endsWith('/{uid}')
      && document.querySelector('{named("reading")}').getAttribute('aria-busy') === 'false'
      && document.querySelector('{named("state")}')?.dataset.state !== 'checking'"""


@contextmanager
def _browser(name: Name) -> Iterator[Browser]:
    with fresh_browser(name) as browser:
        # Processes that start later inherit the limit.
        for process in browser_processes(browser):
            with suppress(ProcessLookupError):
                resource.prlimit(process, resource.RLIMIT_DATA, (_GIGABYTES << 30, _GIGABYTES << 30))
        yield browser
