"""What the extension costs a page: main-thread time of its renderer by tracing, with and without it in one run.

The trace sums the processor time of the tasks of the page's main thread, from the navigation until the page has been
quiet for a while; what the extension causes in style, layout and garbage is in it. The two browsers take turns; the
difference of the medians is the cost. Chromium only: Firefox traces nothing over WebDriver BiDi.
"""

from __future__ import annotations

import http.server
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import connect

from tests.bench.results import Figure, Figures, Limit
from tests.browser.browsers import Chromium, Name
from tests.browser.extension_driver import Extension

WITH: Final = "with"
WITHOUT: Final = "without"
COST: Final = "scripts of the extension"
_MAX_MILLISECONDS: Final = 5
_QUIET_SECONDS: Final = 2.0  # longer than the idle callbacks' last moment and the background's answer
_PATIENCE_SECONDS: Final = 30
_FIELD: Final = '<p><label>Field {0} <textarea name="f{0}" rows=2>{1}</textarea></label></p>'
_SEALED: Final = '<p><label>Field {0} <textarea name="f{0}" rows=2 data-smime="sign encrypt"></textarea></label></p>'
_HEAD: Final = "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><title>A page</title>"
_WORDS: Final = "Nothing in this paragraph is sealed, and nothing asks for a seal. "

PAGES: Final = {
    "1,000 fields": _HEAD + "".join(_FIELD.format(number, "") for number in range(1000)),
    "1,000 fields that ask for a seal": _HEAD + "".join(_SEALED.format(number) for number in range(1000)),
    "1 MB": _HEAD + "".join(f"<p class=c{n}>{_WORDS * 3}</p>" for n in range(1_000_000 // (len(_WORDS) * 3 + 14))),
}
_TRACE: Final = {
    "traceConfig": {"includedCategories": ["toplevel", "devtools.timeline"], "excludedCategories": ["*"]},
    "transferMode": "ReportEvents",
}


def measure_page_loads(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Each page in a browser with and in one without the extension, in turn."""
    if name != "chromium":
        return []
    times: dict[tuple[str, str], list[float]] = {}
    with serve_pages() as address, two_browsers(dist) as browsers:
        # The first load of each is for the caches.
        for run in range(runs + 1):
            for place, job in enumerate(PAGES):
                for side, (browser, tracer) in browsers.items():
                    whole, scripts = measure_load(browser, tracer, f"{address}/{place}")
                    if run:
                        times.setdefault((job, side), []).append(whole)
                        if side == WITH:
                            times.setdefault((job, COST), []).append(scripts)
    return [
        Figure(browser=name, job=job, who=side, unit="ms", values=tuple(values))
        for (job, side), values in times.items()
    ]


def page_load_limits(figures: Figures) -> list[Limit]:
    """At most 5 ms for each page."""
    limits = []
    for browser, job in figures.rows:
        on, off = figures.median(browser, job, WITH), figures.median(browser, job, WITHOUT)
        cost = None if on is None or off is None else on - off
        limits += [
            Limit(browser=browser, what=f"{job}: with - without", value=cost, limit=_MAX_MILLISECONDS, unit="ms"),
            Limit(
                browser=browser,
                what=f"{job}: {COST}",
                value=figures.median(browser, job, COST),
                limit=_MAX_MILLISECONDS,
                unit="ms",
            ),
        ]
    return limits


def measure_load(browser: Chromium, tracer: Tracer, url: str) -> tuple[float, float]:
    """Milliseconds of the page's main thread for one load: of all its tasks, and of the extension's scripts."""
    page = browser.open("about:blank")
    tracer.command("Tracing.start", **_TRACE)
    page.goto(url)
    time.sleep(_QUIET_SECONDS)
    tracer.command("Tracing.end")
    events = tracer.collect()
    page.close()
    return sum_tasks(events, url)


class Tracer:
    """A connection of its own to Chromium's DevTools: the driver hands on no events of a trace."""

    def __init__(self, profile: Path) -> None:
        port, path = (profile / "data/DevToolsActivePort").read_text().split()
        self._socket = connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None)
        self._events: list[dict[str, Any]] = []
        self._last_id = 0

    def command(self, method: str, **params: object) -> None:
        self._last_id += 1
        self._socket.send(json.dumps({"id": self._last_id, "method": method, "params": params}))
        while (message := json.loads(self._socket.recv(timeout=_PATIENCE_SECONDS))).get("id") != self._last_id:
            self._events.append(message)

    def collect(self) -> list[dict[str, Any]]:
        """The events of the trace that was just ended."""
        while not any(event["method"] == "Tracing.tracingComplete" for event in self._events):
            self._events.append(json.loads(self._socket.recv(timeout=_PATIENCE_SECONDS)))
        messages, self._events = self._events, []
        collected = [message for message in messages if message["method"] == "Tracing.dataCollected"]
        return [event for message in collected for event in message["params"]["value"]]

    def close(self) -> None:
        self._socket.close()


def sum_tasks(events: list[dict[str, Any]], url: str) -> tuple[float, float]:
    """Milliseconds of the main thread that loaded `url`: all its tasks, and what ran in files of an extension."""
    loading = next(
        event for event in events if event["name"] == "ParseHTML" and event["args"]["beginData"].get("url") == url
    )
    own = [event for event in events if (event["pid"], event["tid"]) == (loading["pid"], loading["tid"])]
    begun = min(event["ts"] for event in own if event["name"] == "ParseHTML")
    tasks = [event for event in own if event["name"].endswith("RunTask") and event["ts"] + event.get("dur", 0) > begun]
    return sum(spent(event) for event in tasks) / 1000, sum(extension_spans(own)) / 1000


def extension_spans(events: list[dict[str, Any]]) -> Iterator[float]:
    """Microseconds of each outermost span in which a script of an extension was compiled, run or called."""
    end = 0.0
    for event in sorted((event for event in events if "dur" in event), key=lambda event: event["ts"]):
        names_extension = "chrome-extension://" in json.dumps(event.get("args", {}))
        if names_extension and event["ts"] >= end:
            end = event["ts"] + event["dur"]
            yield spent(event)


def spent(event: dict[str, Any]) -> float:
    """Microseconds of processor time, which other processes do not lengthen; by the clock where there is no more."""
    return float(event.get("tdur", event.get("dur", 0)))


@contextmanager
def two_browsers(dist: Path) -> Iterator[dict[str, tuple[Chromium, Tracer]]]:
    """A Chromium with the extension, which may act on loopback pages, and one without."""
    with tempfile.TemporaryDirectory() as profiles:
        browsers = {
            side: Chromium(Path(profiles) / side, flags=("--remote-debugging-port=0",)) for side in (WITHOUT, WITH)
        }
        tracers: dict[str, Tracer] = {}
        try:
            tracers |= {side: Tracer(Path(profiles) / side) for side in browsers}
            Extension(browsers[WITH], dist / "extension_test")
            yield {side: (browser, tracers[side]) for side, browser in browsers.items()}
        finally:
            for tracer in tracers.values():
                tracer.close()
            for browser in browsers.values():
                browser.close()


@contextmanager
def serve_pages() -> Iterator[str]:
    """The pages on loopback, by their place in `PAGES`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = [*PAGES.values()][int(self.path.strip("/"))].encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
