"""The duration of a task, measured where it runs. Only benchmarks use this; no set has such cases."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from smime_core.provider import CryptoProvider
from tools.conformance.case import task
from tools.conformance.checks.paths import PathVerdict


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class PathDuration:
    """Returns the median time of `runs` validations of a path, in microseconds, instead of a number of facts."""

    verdict: PathVerdict
    runs: int

    async def run(self, provider: CryptoProvider) -> int:
        prepared = self.verdict.prepare()
        times = []
        for _ in range(self.runs):
            start = time.perf_counter()
            await prepared.validate(provider)
            times.append(time.perf_counter() - start)
        return round(statistics.median(times) * 1_000_000)
