"""Measures the processor time of all processes of the browser for the encrypted subjects of a list of 20 mails.

Each mail has 10 KB. Every reading includes the cleanup after it. The time of an empty tab over the same period is
subtracted. PKI.js decrypts the same mails and keeps its keys. It cannot parse mail, so a pattern finds the subject.
"""

from __future__ import annotations

import base64
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from smime_core import blocking
from smime_core.algorithms import HashName, KeyTransport, TransportScheme
from smime_core.blocking import run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.identity.identity import Identity
from smime_core.mail import ProtectionMode, protect_headers
from smime_core.message import encrypt_entity
from tests.support.browser.browsers import Name, launch
from tests.support.browser.page import Page
from tools.bench.jobs import OURS, PKIJS, STRICT
from tools.bench.people import PROVIDER, RSA, People
from tools.bench.processor_time import processor_time_of
from tools.bench.results import Figure, Figures, Limit
from tools.bench.server import serve_page

_ROWS: Final = 20
_TEXT: Final = b"Nothing in this letter is worth reading.\r\n" * 240  # a mail of 10 KB
_OAEP: Final = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA256, mgf_hash=HashName.SHA256)
_V1_5: Final = KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
_JOB: Final = f"subjects of {_ROWS} mails of 10 KB, RSA-2048"
_OAEP_JOB: Final = f"{_JOB}, OAEP"
_JOBS: Final = {_OAEP_JOB: (_OAEP, (OURS, STRICT, PKIJS)), f"{_JOB}, v1.5": (_V1_5, (OURS, STRICT))}
_MAX_MILLISECONDS: Final = 150
# Linux counts the time of each process in steps of 10 ms, so several readings are measured together.
_READINGS: Final = 5
_SETTLE_SECONDS: Final = 3.0
_IDLE_SECONDS: Final = 5.0


def measure_subjects(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Measure each side in turn, `runs` times. Each time covers several readings."""
    series: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as profile, serve_page({"runtime": dist / "runtime"}) as address:
        browser = launch(name, Path(profile))
        try:
            browser.open("about:blank")
            time.sleep(_SETTLE_SECONDS)
            idle_rate = processor_time_of(browser, lambda: time.sleep(_IDLE_SECONDS)) / _IDLE_SECONDS
            page = browser.open(address)
            page.wait_for("() => Boolean(globalThis.measure)")
            people = People()
            page.js("(...a) => measure.prepare(...a)", [OURS, STRICT, PKIJS], [people.describe(RSA)])
            for job, (transport, sides) in _JOBS.items():
                mails = [_build_row(people.identities[RSA], transport, number) for number in range(_ROWS)]
                page.js("(rows) => measure.keepRows(rows)", mails)
                for side in sides:
                    # Warms up, and waits until the Workers of the earlier sides have rehearsed.
                    _read(page, side, 1)
                for _ in range(runs):
                    for side in sides:
                        spent = _measure(page, side, idle_rate)
                        series.setdefault((job, side), []).append(spent)
        finally:
            browser.close()
    figures = [
        Figure(where=name, job=job, who=side, unit="ms", values=tuple(values)) for (job, side), values in series.items()
    ]
    return Figures(figures).with_ratio(OURS, PKIJS)


def subjects_limits(figures: Figures) -> list[Limit]:
    """Limit: 150 ms of processor time, for OAEP with our default setting. Other figures have no limit."""
    return [
        Limit(where=browser, what=job, value=figures.median(browser, job, OURS), limit=_MAX_MILLISECONDS, unit="ms")
        for browser, job in figures.rows
        if job == _OAEP_JOB
    ]


def _measure(page: Page, side: str, idle_rate: float) -> float:
    begun = time.perf_counter()
    spent = processor_time_of(page.browser, _reading(page, side))
    empty = idle_rate * (time.perf_counter() - begun)
    return max(0.0, spent - empty) * 1000 / _READINGS


def _reading(page: Page, side: str) -> Callable[[], None]:
    return lambda: _read(page, side, _READINGS)


def _read(page: Page, side: str, times: int) -> None:
    subjects = page.js("(...a) => measure.subjects(...a)", RSA, side, times)
    if subjects != [_subject(number) for number in range(_ROWS)]:
        raise RuntimeError(f"{side} has read {subjects}")


def _subject(number: int) -> str:
    return f"Letter {number}"


def _build_row(reader: Identity, transport: KeyTransport, number: int) -> dict[str, str]:
    """A mail whose subject is only in the encrypted part, and its CMS, both in base64."""
    headers = f"From: bob@example.test\r\nTo: alice@example.test\r\nSubject: {_subject(number)}\r\n".encode()
    entity = b"Content-Type: text/plain\r\n\r\n" + _TEXT
    outer, inner = protect_headers(headers, entity, ProtectionMode.CIPHER)
    encrypting = Encrypting(recipients=[reader.certificate], transport=transport)
    encrypted = run(encrypt_entity(inner, encrypting, PROVIDER))
    cms = blocking.encrypt_bytes(inner, encrypting, provider=PROVIDER)
    return {"mail": base64.b64encode(outer + encrypted).decode(), "cms": base64.b64encode(cms).decode()}
