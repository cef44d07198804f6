"""Measures the search in encrypted mail: the time to read messages into the index, and to search 10,000 messages.

The messages that are read come from the demonstration's bridge. Each has 10 KB, and is signed and encrypted. For the
search, the browser makes an index of 10,000 other messages, each with 200 random words out of 20,000. No other program
searches encrypted mail in the browser, so there is no comparison.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Final

from tests.support.browser.browsers import Name
from tests.support.pages.demonstration import write_pages_with_sources
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tools.bench.processor_time import processor_time_of
from tools.bench.results import Figure, Figures, Limit
from tools.bench.visits import build_letter, fresh_browser
from webbridge.demo.stack import DemoStack

_READ: Final = 200
_OURS: Final = "ours"
_READING: Final = "read 10,000 messages of 10 KB"
_PROCESSOR: Final = "the same, processor time"
_SEARCH: Final = "search in 10,000 messages"
_MAX_SECONDS: Final = 15 * 60
_MAX_MILLISECONDS: Final = 300
_MANY: Final = 10_000
# Makes an index of 10,000 messages. Defines `searches`, which searches several times and returns the milliseconds.
_MAKE: Final = """async (count) => {
  const { MailIndex } = await import("/source/webbridge/pages/mail/mail_index.js");
  const seal = (verb, { draft, sealed }) => (verb === "draft.seal" ? { sealed: draft } : { draft: sealed });
  const vault = { call: async (verb, given) => seal(verb, given) };
  const keys = Object.assign(new EventTarget(), {
    unlocked: true, identities: [{ fingerprint: "f".repeat(64) }], copies: () => ({ identities: [], sealKey: null }),
  });
  const index = new MailIndex(async () => vault, keys, () => "bench@example.test");
  await index.begin();
  const word = () => `word${Math.floor(Math.random() * 20000)}${"letters".slice(0, Math.random() * 7)}`;
  const encode = (text) => new TextEncoder().encode(text).buffer;
  const item = (uid) => ({
    folder: "one", uidValidity: 9,
    row: {
      uid, from: "Bob Somebody <bob@example.test>", to: "alice@example.test", subject: "[...]", size: 10000, seen: true,
      date: new Date(uid * 60000).toISOString(), protection: "sealed", problem: null,
    },
    texts: {
      subject: `Letter ${uid}`, people: "Bob Somebody <bob@example.test>",
      text: encode(`${Array.from({ length: 200 }, word).join(" ")}${uid === 4321 ? " lighthouse" : ""}`),
    },
  });
  const some = (from) => Array.from({ length: 100 }, (_, at) => item(from + at));
  for (let uid = 1; uid <= count; uid += 100) await index.add(some(uid), null);
  globalThis.searches = async (runs) => {
    const times = [];
    for (let run = 0; run < runs; run += 1) {
      const begun = performance.now();
      const found = await index.search("one", "text", "LIGHTHOUSE");
      times.push(performance.now() - begun);
      if (found.length !== 1) throw new Error(`found ${found.length}`);
    }
    return times;
  };
}"""


def measure_encrypted_search(name: Name, _dist: Path, runs: int) -> list[Figure]:
    """Read messages into an index once, and search another index `runs` times."""
    with (
        tempfile.TemporaryDirectory() as folder,
        DemoStack(pages_folder=write_pages_with_sources(Path(folder))) as stack,
    ):
        seconds, processor = _measure_reading(name, stack)
        with fresh_browser(name) as browser:
            page = browser.open(stack.pages_url)
            page.js(_MAKE, _MANY)
            times = page.js("(runs) => searches(runs)", runs)
    scale = _MANY / _READ
    return [
        Figure(where=name, job=_READING, who=_OURS, unit="s", values=(seconds * scale,)),
        Figure(where=name, job=_PROCESSOR, who=_OURS, unit="s", values=(processor * scale,)),
        Figure(where=name, job=_SEARCH, who=_OURS, unit="ms", values=tuple(times)),
    ]


def encrypted_search_limits(figures: Figures) -> list[Limit]:
    """Limits: 15 minutes for reading, 300 ms for a search."""
    limits = {_READING: (_MAX_SECONDS, "s"), _SEARCH: (_MAX_MILLISECONDS, "ms")}
    return [
        Limit(
            where=browser,
            what=job,
            value=figures.median(browser, job, _OURS),
            limit=limits[job][0],
            unit=limits[job][1],
        )
        for browser, job in figures.rows
        if job in limits
    ]


def _measure_reading(name: Name, stack: DemoStack) -> tuple[float, float]:
    """The wall time and the processor time for reading `_READ` messages, in seconds."""
    alice, bob = stack.accounts
    for _ in range(_READ):
        stack.mail_server.append(alice.address, build_letter(bob, alice, encrypted=True))
    with fresh_browser(name) as browser:
        pages = MailPages(browser, stack.pages_url, alice)
        pages.enter()
        pages.page.js("() => { location.hash = '#/settings/reading'; }")
        pages.page.wait_for_selector(f"{named('index-switch')}:not(:disabled)", timeout_seconds=OPERATION_SECONDS)
        begun = time.perf_counter()
        processor = processor_time_of(browser, lambda: _read_all(pages))
        return time.perf_counter() - begun, processor


def _read_all(pages: MailPages) -> None:
    pages.page.click(named("index-switch"))
    can_be_searched = """(note, count) =>
      Number(document.querySelector(note).textContent.match(/^[0-9]+/)?.[0]) >= count"""
    pages.page.wait_for(can_be_searched, named("index-note"), _READ, timeout_seconds=_MAX_SECONDS)
