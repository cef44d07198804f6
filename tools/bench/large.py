"""Measures files of 100 MB: the time from the request to the last byte, and the renderer's peak memory.

Each job has a new browser. Our vault signs, verifies, encrypts or decrypts a file while it is still arriving. PKI.js
and node-forge need the whole file first.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from smime_core.algorithms import HashName, KeyTransport, TransportScheme
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.stream import encrypt_file, sign_file
from tests.support.browser.bidi import BidiError
from tests.support.browser.browsers import Browser, Name
from tests.support.browser.page import JavaScriptError
from tools.bench.jobs import FORGE, JOBS, OURS, PKIJS, PKIJS_DEFAULTS, STRICT
from tools.bench.open_page import open_page
from tools.bench.people import RSA, People
from tools.bench.results import Figure, Figures, Limit

_PROVIDER: Final = NativeStreamingProvider()
_RUNS: Final = 3
_MAX_PEAK: Final = 4.0  # times the size of the message
_MAX_STRICT: Final = 1.1  # times the strict setting, which does the same work, but whose median may differ by this much
_OAEP: Final = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA256, mgf_hash=HashName.SHA256)
_FILES: Final = {"sign": "content", "verify": "signed", "encrypt": "content", "decrypt": "encrypted"}
# This value, written to /proc/PID/clear_refs, resets the peak to the present size.
_RESET_PEAK: Final = "5"


class Peak(NamedTuple):
    """The peak memory of one process in bytes. `whole` is VmHWM; `own` leaves out RssFile, which processes share."""

    whole: int
    own: int


def measure_large(name: Name, dist: Path, megabytes: int) -> list[Figure]:
    """Measure each job and side: milliseconds, and the peak divided by the content's size."""
    with tempfile.TemporaryDirectory() as folder:
        files, people = Path(folder), People()
        _write_files(files, people, megabytes * 1_000_000)
        return [
            figure
            for job in JOBS
            for side in (OURS, STRICT, PKIJS, PKIJS_DEFAULTS, FORGE)
            if (side, job) != (FORGE, "verify")
            for figure in _measure(name, dist, files, people, side=side, job=job, megabytes=megabytes)
        ]


def large_limits(figures: Figures) -> list[Limit]:
    """Limits: a peak of at most four times the message, and no more time than with the strict setting."""
    peaks = [
        Limit(where=browser, what=job, value=figures.median(browser, job, OURS), limit=_MAX_PEAK, unit="times")
        for browser, job in figures.rows
        if job.endswith(": peak / message")
    ]
    return peaks + [
        Limit(
            where=browser,
            what=f"{job}: ours / strict",
            value=figures.ratio(browser, job, OURS, STRICT),
            limit=_MAX_STRICT,
            unit="times",
        )
        for browser, job in figures.rows
        if "peak" not in job
    ]


def _write_files(folder: Path, people: People, size: int) -> None:
    identity, content = people.identities[RSA], folder / "content"
    block = os.urandom(1_000_000)
    with content.open("wb") as target:
        for _ in range(0, size, len(block)):
            target.write(block)
    with content.open("rb") as source, (folder / "signed").open("wb") as target:
        sign_file(source, target, Signing(identities=[identity], signing_time=people.now), provider=_PROVIDER)
    with content.open("rb") as source, (folder / "encrypted").open("wb") as target:
        encrypt_file(source, target, Encrypting(recipients=[identity.certificate], transport=_OAEP), provider=_PROVIDER)


def _measure(
    name: Name, dist: Path, files: Path, people: People, *, side: str, job: str, megabytes: int
) -> Iterator[Figure]:
    times: list[float] = []
    peaks: list[Peak] = []
    failure = None
    size = megabytes * 1_000_000
    expected = size if job in ("verify", "decrypt") else None
    with open_page(name, dist, {"files": files}) as page:
        page.js("(...a) => measure.prepare(...a)", [side], [people.describe(RSA)])
        try:
            for _ in range(_RUNS):
                reset_peaks(page.browser)
                call = "(...a) => measure.large(...a)"
                times.append(page.js(call, RSA, side, job, f"/files/{_FILES[job]}", expected))
                peaks.append(largest_peak(page.browser))
        except (JavaScriptError, BidiError, TimeoutError) as error:
            # A crashed tab also causes one of these errors.
            failure = str(error)[:200]
    named = f"{job} {megabytes} MB"
    yield Figure(where=name, job=named, who=side, unit="ms", values=tuple(times), failure=failure)
    for what, values in {
        "peak / message": [peak.whole / size for peak in peaks],
        "peak without the browser's program / message": [peak.own / size for peak in peaks],
    }.items():
        job_name = f"{named}: {what}"
        yield Figure(where=name, job=job_name, who=side, unit="times", values=tuple(values), failure=failure)


def reset_peaks(browser: Browser) -> None:
    """Reset the peak memory of all renderers to their present size."""
    for process in _renderers(browser):
        with suppress(OSError):
            (process / "clear_refs").write_text(_RESET_PEAK)


def largest_peak(browser: Browser) -> Peak:
    """The largest peak memory of any renderer since `reset_peaks`."""
    return max(_read_peak(process) for process in _renderers(browser))


def _renderers(browser: Browser) -> Iterator[Path]:
    parents = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        # The process may have ended.
        with suppress(OSError):
            parents[int(status.parent.name)] = int(re.findall(r"^PPid:\s*(\d+)", status.read_text(), re.M)[0])
    for number in parents:
        ancestor = number
        while ancestor in parents and ancestor != browser.process.pid:
            ancestor = parents[ancestor]
        if ancestor == browser.process.pid and _is_renderer(Path("/proc") / str(number)):
            yield Path("/proc") / str(number)


def _is_renderer(process: Path) -> bool:
    with suppress(OSError):
        # Both browsers rewrite the command lines of their child processes, with spaces instead of NULs.
        command = (process / "cmdline").read_bytes().replace(b"\0", b" ").split()
        return b"--type=renderer" in command or b"-isForBrowser" in command
    return False


def _read_peak(process: Path) -> Peak:
    with suppress(OSError):
        status = (process / "status").read_text()
        peak, shared = (int(re.findall(rf"^{name}:\s*(\d+) kB", status, re.M)[0]) for name in ("VmHWM", "RssFile"))
        return Peak(whole=1024 * peak, own=1024 * (peak - shared))
    return Peak(whole=0, own=0)
