"""Opens a message in the pages, and measures when its words are there and how long the page stands still."""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named

# Tasks that follow each other note the gaps between them.
_START: Final = """() => {
  globalThis.meter?.port.close();
  const { port1, port2 } = new MessageChannel();
  const meter = globalThis.meter = { port: port1, longest: 0, last: performance.now() };
  port1.onmessage = () => {
    const now = performance.now();
    meter.longest = Math.max(meter.longest, now - meter.last);
    meter.last = now;
    port2.postMessage(0);
  };
  port2.postMessage(0);
}"""
_READ: Final = """async () => {
  await new Promise((resolve) => setTimeout(resolve, 400));
  const { longest } = globalThis.meter;
  globalThis.meter.longest = 0;
  return longest;
}"""
_END: Final = "() => globalThis.meter.port.close()"
_SHOW: Final = """async (selector, hash, words) => {
  const begin = performance.now();
  globalThis.meter.longest = 0;
  location.hash = hash;
  const isShown = () => document.querySelector(selector)?.textContent.includes(words);
  while (!isShown()) await new Promise((resolve) => setTimeout(resolve, 5));
  return performance.now() - begin;
}"""


class Opening(NamedTuple):
    """The milliseconds until the words, and the longest time in which the page stood still.

    The second one is without the time that a page without work stands still on this machine.
    """

    words: float
    longest: float


def measure_opening(pages: MailPages, uid: int, words: str) -> Opening:
    """Open a message of the inbox."""
    page = pages.page
    page.js("() => { location.hash = '#/folder/inbox'; }")
    row = f"[data-uid='{uid}']"
    page.wait_for_selector(row, timeout_seconds=OPERATION_SECONDS)
    page.js(_START)
    idle: float = page.js(_READ)
    address = page.js("(row) => document.querySelector(row).hash", row)
    shown: float = page.js(_SHOW, named("body"), address, words)
    longest: float = page.js(_READ)
    page.js(_END)
    return Opening(words=shown, longest=max(0.0, longest - idle))
