"""Measures the extension's cost for a page: processor time of the page's main thread, with and without the extension.

For Chromium the time is the sum of the main thread's tasks in a trace, from the navigation until two seconds after the
load. This sum includes style, layout and garbage collection that the extension causes. Firefox gives no trace by
WebDriver BiDi, so for Firefox the kernel's processor time of the main thread counts. Two browsers, one with the
extension, load the pages in turn. The difference of their medians is the cost.
"""

from __future__ import annotations

import http.server
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from websockets.sync.client import connect

from tests.support.browser.browsers import Chromium, Firefox, Name
from tests.support.extension.driver import Extension
from tools.bench.results import Figure, Figures, Limit

WITH: Final = "with"
WITHOUT: Final = "without"
COST: Final = "scripts of the extension"
_MAX_MILLISECONDS: Final = 5
_QUIET_SECONDS: Final = 2.0  # longer than the timeout of idle callbacks plus the background's answer
_PATIENCE_SECONDS: Final = 30
_FIELD: Final = '<p><label>Field {0} <textarea name="f{0}" rows=2>{1}</textarea></label></p>'
_ENCRYPTED: Final = '<p><label>Field {0} <textarea name="f{0}" rows=2 data-smime="sign encrypt"></textarea></label></p>'
_HEAD: Final = "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><title>A page</title>"
_WORDS: Final = "Nothing in this paragraph is encrypted, and nothing asks for encryption. "

PAGES: Final = {
    "1,000 fields": _HEAD + "".join(_FIELD.format(number, "") for number in range(1000)),
    "1,000 fields that ask for encryption": _HEAD + "".join(_ENCRYPTED.format(number) for number in range(1000)),
    "1 MB": _HEAD + "".join(f"<p class=c{n}>{_WORDS * 3}</p>" for n in range(1_000_000 // (len(_WORDS) * 3 + 14))),
}
_TRACE: Final = {
    "traceConfig": {"includedCategories": ["toplevel", "devtools.timeline"], "excludedCategories": ["*"]},
    "transferMode": "ReportEvents",
}


# Returns the id of the process that shows an address.
_PROCESS_OF: Final = """async (url) => {
  const { children } = await ChromeUtils.requestProcInfo();
  return children.find(({ windows }) => windows.some(({ documentURI }) => documentURI?.spec === url)).pid;
}"""


class Meter(Protocol):
    """A browser that measures its page loads."""

    def measure(self, address: str, place: int) -> tuple[float, float | None]:
        """Load page number `place`. Returns the milliseconds of all tasks, and of extension scripts.

        Both are times of the main thread. The second is None if the browser cannot measure it.
        """


def measure_page_loads(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Load each page in turns in a browser with and a browser without the extension."""
    times: dict[tuple[str, str], list[float]] = {}
    with serve_pages() as address, two_browsers(name, dist) as meters:
        # The first load of each page only fills the caches, and is not counted.
        for run in range(runs + 1):
            for place, job in enumerate(PAGES):
                for side, meter in meters.items():
                    whole, scripts = meter.measure(address, place)
                    if run:
                        times.setdefault((job, side), []).append(whole)
                        if side == WITH and scripts is not None:
                            times.setdefault((job, COST), []).append(scripts)
    return [
        Figure(where=name, job=job, who=side, unit="ms", values=tuple(values)) for (job, side), values in times.items()
    ]


def page_load_limits(figures: Figures) -> list[Limit]:
    """Limit: 5 ms for each page, and 5 ms for the extension's scripts if they were measured separately."""
    limits = []
    for browser, job in figures.rows:
        on, off = figures.median(browser, job, WITH), figures.median(browser, job, WITHOUT)
        costs = {"with - without": None if on is None or off is None else on - off}
        if (scripts := figures.median(browser, job, COST)) is not None:
            costs[COST] = scripts
        limits += [
            Limit(where=browser, what=f"{job}: {what}", value=cost, limit=_MAX_MILLISECONDS, unit="ms")
            for what, cost in costs.items()
        ]
    return limits


class TracedChromium:
    def __init__(self, browser: Chromium, tracer: Tracer) -> None:
        self._browser = browser
        self._tracer = tracer

    def measure(self, address: str, place: int) -> tuple[float, float | None]:
        url = f"{address}/{place}"
        page = self._browser.open("about:blank")
        self._tracer.command("Tracing.start", **_TRACE)
        page.goto(url)
        time.sleep(_QUIET_SECONDS)
        self._tracer.command("Tracing.end")
        events = self._tracer.collect()
        page.close()
        return sum_tasks(events, url)


class CountedFirefox:
    def __init__(self, browser: Firefox) -> None:
        self._browser = browser

    def measure(self, address: str, place: int) -> tuple[float, float | None]:
        # First load an empty page of the same site, because the start of its process is no part of a page load.
        page = self._browser.open(f"{address}/")
        time.sleep(_QUIET_SECONDS)
        process = self._browser.chrome_js(_PROCESS_OF, f"{address}/")
        before = processor_milliseconds(process)
        page.goto(f"{address}/{place}")
        time.sleep(_QUIET_SECONDS)
        whole = processor_milliseconds(process) - before
        if self._browser.chrome_js(_PROCESS_OF, f"{address}/{place}") != process:
            raise RuntimeError("the page has moved to another process")
        page.close()
        return whole, None


def processor_milliseconds(process: int) -> float:
    """The processor time of a process's main thread in milliseconds, from Linux's count in nanoseconds."""
    return int(Path(f"/proc/{process}/task/{process}/schedstat").read_text().split()[0]) / 1e6


class Tracer:
    """A direct connection to Chromium's DevTools, because the driver does not pass on the events of a trace."""

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
        """Wait for the events of the trace that has just ended, and return them."""
        while not any(event["method"] == "Tracing.tracingComplete" for event in self._events):
            self._events.append(json.loads(self._socket.recv(timeout=_PATIENCE_SECONDS)))
        messages, self._events = self._events, []
        collected = [message for message in messages if message["method"] == "Tracing.dataCollected"]
        return [event for message in collected for event in message["params"]["value"]]

    def close(self) -> None:
        self._socket.close()


def sum_tasks(events: list[dict[str, Any]], url: str) -> tuple[float, float]:
    """The milliseconds of the main thread that loaded `url`: of all tasks, and of scripts of an extension."""
    loading = next(
        event for event in events if event["name"] == "ParseHTML" and event["args"]["beginData"].get("url") == url
    )
    own = [event for event in events if (event["pid"], event["tid"]) == (loading["pid"], loading["tid"])]
    begun = min(event["ts"] for event in own if event["name"] == "ParseHTML")
    tasks = [event for event in own if event["name"].endswith("RunTask") and event["ts"] + event.get("dur", 0) > begun]
    return sum(spent(event) for event in tasks) / 1000, sum(extension_spans(own)) / 1000


def extension_spans(events: list[dict[str, Any]]) -> Iterator[float]:
    """The microseconds of each outermost event in which a script of an extension was compiled, run or called."""
    end = 0.0
    for event in sorted((event for event in events if "dur" in event), key=lambda event: event["ts"]):
        names_extension = "chrome-extension://" in json.dumps(event.get("args", {}))
        if names_extension and event["ts"] >= end:
            end = event["ts"] + event["dur"]
            yield spent(event)


def spent(event: dict[str, Any]) -> float:
    """The processor time of an event in microseconds, or its wall time if the trace has no processor time."""
    return float(event.get("tdur", event.get("dur", 0)))


@contextmanager
def two_browsers(name: Name, dist: Path) -> Iterator[dict[str, Meter]]:
    """Run a browser without the extension and one with it during the block."""
    meters: dict[str, Meter] = {}
    with ExitStack() as stack:
        profiles = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for side in (WITHOUT, WITH):
            browser: Chromium | Firefox
            if name == "chromium":
                browser = stack.enter_context(closing(Chromium(profiles / side, flags=("--remote-debugging-port=0",))))
                meters[side] = TracedChromium(browser, stack.enter_context(closing(Tracer(profiles / side))))
            else:
                browser = stack.enter_context(closing(Firefox(profiles / side)))
                meters[side] = CountedFirefox(browser)
            if side == WITH:
                Extension(browser, dist / "extension_test")
        yield meters


@contextmanager
def serve_pages() -> Iterator[str]:
    """Serve the pages on loopback. The path of a page is its number in `PAGES`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = self.path.strip("/")
            body = ([*PAGES.values()][int(place)] if place else _HEAD).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
