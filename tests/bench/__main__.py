"""`make bench`: ours, PKI.js and node-forge in one Chromium page, in turn; medians and ratios.

Writes build/bench.json: a list of {"job", "bytes", "browser", "ours_ms", "peers": {name: ms or null}, "runs"}.
"""

from __future__ import annotations

import argparse
import base64
import datetime
import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from smime_core import blocking
from smime_core.blocking import run
from smime_core.demo_ca import create_authority, issue_identity
from smime_core.providers.native import NativeProvider
from tests.bench import paths
from tests.bench.server import serve_page
from tests.browser.browsers import Name, launch
from tests.browser.page import Page

_JOBS = ("sign", "verify", "encrypt", "decrypt")
_SIZES = (10_000, 10_000_000)
_PASSPHRASE = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Medians of one job; `bytes` is the content's size, and a peer without that job has None."""

    job: str
    bytes: int
    browser: str
    ours_ms: float
    peers: dict[str, float | None]
    runs: int


def make_person() -> dict[str, str]:
    """An RSA-2048 identity as the page wants it, in base64."""
    provider, now = NativeProvider(), datetime.datetime.now(datetime.UTC)
    authority = run(create_authority("Bench CA", provider=provider, at=now))
    identity = run(issue_identity(authority, "alice@example.test", provider=provider, at=now))
    p12 = blocking.export_identity(identity, _PASSPHRASE.encode(), provider=provider, iterations=2048)
    parts = {
        "key": identity.private_key.pkcs8_der,
        "certificate": identity.certificate.der,
        "anchor": authority.identity.certificate.der,
        "p12": p12,
    }
    return {"passphrase": _PASSPHRASE, **{name: base64.b64encode(der).decode() for name, der in parts.items()}}


def measure_jobs(page: Page, browser: str, runs: int) -> list[Measurement]:
    """Every job at every size."""
    measurements = []
    for size in _SIZES:
        for job in _JOBS:
            times: dict[str, list[float] | None] = page.js("(...a) => measure.job(...a)", job, size, runs)
            medians = {name: statistics.median(list_) if list_ else None for name, list_ in times.items()}
            ours = medians.pop("ours")
            assert ours is not None
            measurements.append(
                Measurement(job=job, bytes=size, browser=browser, ours_ms=ours, peers=medians, runs=runs)
            )
    return measurements


def measure_starts(page: Page, browser: str, runs: int) -> Measurement:
    """Cold starts, in turn: ours is the snapshot's, its "peer" the plain one."""
    times: dict[str, list[float]] = {"snapshot": [], "plain": []}
    for _ in range(runs):
        for kind, values in times.items():
            values.append(page.js("(kind) => measure.start(kind)", kind))
    snapshot, plain = (statistics.median(values) for values in times.values())
    return Measurement(
        job="cold start", bytes=0, browser=browser, ours_ms=snapshot, peers={"plain start": plain}, runs=runs
    )


def draw(measurements: Sequence[Measurement]) -> Table:
    """The table for people; a ratio is ours divided by theirs, so that less than 1 is faster."""
    names = list(dict.fromkeys(name for measurement in measurements for name in measurement.peers))
    table = Table("job", "bytes", "browser", "ours ms", *(column for name in names for column in (name, "ratio")))
    for measurement in measurements:
        cells = []
        for name in names:
            theirs = measurement.peers.get(name)
            cells += [f"{theirs:.1f}", f"{measurement.ours_ms / theirs:.2f}"] if theirs else ["–", "–"]
        table.add_row(
            measurement.job, f"{measurement.bytes:,}", measurement.browser, f"{measurement.ours_ms:.1f}", *cells
        )
    return table


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=9, help="runs of each job, the median counts (default 9)")
    parser.add_argument("--browser", choices=["chromium", "firefox"], default="chromium")
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    parser.add_argument("--dist", type=Path, default=Path("dist"), help="the bundle to measure (default dist)")
    options = parser.parse_args()
    name: Name = options.browser
    with tempfile.TemporaryDirectory() as profile, serve_page(options.dist / "runtime") as address:
        browser = launch(name, Path(profile))
        try:
            page = browser.open(address)
            page.wait_for("() => Boolean(globalThis.measure)")
            page.js("(person) => measure.prepare(person)", make_person())
            measurements = [*measure_jobs(page, name, options.runs), measure_starts(page, name, options.runs)]
        finally:
            browser.close()
    path_time = paths.measure_in_browser(name)
    measurements.append(
        Measurement(
            job="validate a path", bytes=0, browser=name, ours_ms=path_time.milliseconds, peers={}, runs=options.runs
        )
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps([asdict(measurement) for measurement in measurements], indent=1) + "\n")
    Console().print(draw(measurements))


if __name__ == "__main__":
    main()
