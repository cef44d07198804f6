"""Measures small parcels, each submitted by one request to the API. The clients share the servers' cores."""

from __future__ import annotations

import http.client
import multiprocessing
import secrets
import time
from contextlib import closing
from typing import Final

from tests.support.servers.parcels import Draft
from tools.bench.results import Figure, Figures, Limit
from tools.bench_parcels.rig import ParcelRig
from tools.bench_parcels.transfers import OURS

WHERE: Final = "10 KB"
JOB: Final = "parcels submitted"
# The limit is a time and not a rate, because every figure must be below its limit.
EACH: Final = "of them one takes"
_CLIENTS: Final = 8
_WARM_UP_SECONDS: Final = 3.0
_SECONDS: Final = 20.0
_CHUNK_BYTES: Final = 10_000
_MANIFEST_BYTES: Final = 2_000
_WANTED: Final = 100


def measure_submissions(rig: ParcelRig) -> list[Figure]:
    """Submit parcels from several clients at the same time."""
    begun = time.monotonic() + _WARM_UP_SECONDS
    with multiprocessing.get_context("fork").Pool(_CLIENTS) as pool:
        counts = pool.starmap(_submit_many, [(rig.port, rig.token, begun)] * _CLIENTS)
    rate = sum(counts) / _SECONDS
    return [
        Figure(where=WHERE, job=JOB, who=OURS, unit="per second", values=(rate,)),
        Figure(where=WHERE, job=EACH, who=OURS, unit="ms", values=(1000 / rate,)),
    ]


def submission_limits(figures: Figures) -> list[Limit]:
    """Limit: a hundred parcels in a second."""
    value = figures.median(WHERE, EACH, OURS)
    return [Limit(where=WHERE, what=EACH, value=value, limit=1000 / _WANTED, unit="ms")]


def _submit_many(port: int, token: str, begun: float) -> int:
    """The number of parcels that the bridge acknowledged to one client within the measured time."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "X-Sealwax": "1"}
    count = 0
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        while time.monotonic() < begun + _SECONDS:
            chunk, manifest = secrets.token_bytes(_CHUNK_BYTES), secrets.token_bytes(_MANIFEST_BYTES)
            body = Draft(chunks=(chunk,), manifest=manifest).body(whole=True)
            connection.request("POST", "/api/parcels", body, headers)
            answer = connection.getresponse()
            reply = answer.read()
            if answer.status != 201:
                raise RuntimeError(f"{answer.status}: {reply[:300]!r}")
            count += begun <= time.monotonic() < begun + _SECONDS
    return count
