"""Measures saving files of one and two gigabytes from a recipient's page: the time, and the memory of the page.

The file goes through the service worker to the browser's downloads, because the driver cannot use the dialog for
saving. The page and its Workers run in the renderers. The memory is the greatest of all renderers together, minus the
least that they had with the parcel open. A separate figure has the memory of all processes of the browser.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sealwax.delivery.outgoing import outgoing_file
from tests.support.browser.browsers import Browser, Chromium, Name
from tests.support.browser.downloads import WITHOUT_DIALOG, downloads_into, wait_for_file
from tests.support.browser.residue.processes import processes_of_kind, proportional_bytes
from tests.support.large_files import hash_file, write_random
from tests.support.pages.parcels import ParcelPage
from tools.bench.processor_time import browser_processes
from tools.bench.results import Figure, Figures, Limit
from tools.bench.visits import fresh_browser
from tools.bench_parcels.openings import link_to, send
from tools.bench_parcels.rig import ParcelRig, run_rig

SIZES: Final = (1_000_000_000, 2_000_000_000)
PAGE, ALL = "page", "all of the browser"
GROWTH: Final = "growth of memory"
_MAX_GROWTH_MB: Final = 150.0
_KINDS: Final = {"chromium": "renderer", "firefox": "tab"}
_MB: Final = 1_000_000
# Meanwhile the browser frees the memory for Python's start, which would otherwise hide a growth.
_SETTLE_SECONDS: Final = 15.0
_SECONDS_BETWEEN: Final = 0.25
_PATIENCE_SECONDS: Final = 1_800.0


def measure_large_files(name: Name) -> list[Figure]:
    """Save a file of each size in a new browser."""
    with run_rig(with_pages=True) as rig:
        return [figure for size in SIZES for figure in _measure(name, rig, size)]


def large_file_limits(figures: Figures) -> list[Limit]:
    """Limit: 150 MB of the page's memory at any size."""
    return [
        Limit(where=browser, what=job, value=figures.median(browser, job, PAGE), limit=_MAX_GROWTH_MB, unit="MB")
        for browser, job in figures.rows
        if job.endswith(GROWTH)
    ]


def _measure(name: Name, rig: ParcelRig, size: int) -> Iterator[Figure]:
    path = rig.folder / f"file-{size}"
    expected = write_random(path, size)
    sent = send(rig, [outgoing_file(path)])
    path.unlink()
    job, saved = f"save {size // 1_000_000_000} GB", rig.folder / "saved"
    with fresh_browser(name) as browser:
        page = ParcelPage(browser, link_to(rig, sent, words=False))
        if isinstance(browser, Chromium):
            browser.keep_no_responses(page.page)
        page.open(sent.secret)
        page.page.js(WITHOUT_DIALOG)
        before = _least(browser)
        with downloads_into(page.page, saved), _watched(browser, before) as growth:
            begun = time.perf_counter()
            page.save(path.name)
            file = wait_for_file(saved, path.name, timeout_seconds=_PATIENCE_SECONDS)
            seconds = time.perf_counter() - begun
        if hash_file(file) != expected:
            raise AssertionError(f"{path.name} was not saved as it was sent")
        page.close()
    file.unlink()
    yield Figure(where=name, job=job, who=PAGE, unit="s", values=(seconds,))
    for who, value in growth.items():
        yield Figure(where=name, job=f"{job}: {GROWTH}", who=who, unit="MB", values=(value / _MB,))


def _count(browser: Browser) -> dict[str, int]:
    """The bytes in use now, of the page's processes and of all processes."""
    processes = browser_processes(browser)
    page = processes_of_kind(processes, _KINDS[browser.name])
    return {PAGE: proportional_bytes(page), ALL: proportional_bytes(processes)}


def _least(browser: Browser) -> dict[str, int]:
    """The least bytes of the page's processes and of all processes, while nobody uses the open page."""
    least, end = _count(browser), time.monotonic() + _SETTLE_SECONDS
    while time.monotonic() < end:
        time.sleep(_SECONDS_BETWEEN)
        least = {who: min(least[who], count) for who, count in _count(browser).items()}
    if not all(least.values()):
        raise AssertionError(f"no processes of a page were found in {browser.name}")
    return least


@contextmanager
def _watched(browser: Browser, before: dict[str, int]) -> Iterator[dict[str, float]]:
    """The greatest growth over `before`, of the page's processes and of all. The dict is filled after the block."""
    growth: dict[str, float] = {}
    most, over = dict(before), threading.Event()

    def look() -> None:
        nonlocal most
        while not over.wait(_SECONDS_BETWEEN):
            most = {who: max(most[who], count) for who, count in _count(browser).items()}

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield growth
    finally:
        over.set()
        watching.join()
    growth.update({who: most[who] - before[who] for who in before})
