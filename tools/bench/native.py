"""`python -m tools.bench.native`: large files against openssl, small messages against Bouncy Castle, start-up times.

Prints tables with our figure, the other program's, and their ratio (above 1, Sealwax is faster).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.bench import paths, processes, small_messages


def draw_processes(timings: list[processes.Timing]) -> Table:
    """The table of wall time and peak memory of whole processes."""
    table = Table("job", "content MB", "ours s", "openssl s", "openssl / ours", "ours MB", "openssl MB")
    for timing in timings:
        table.add_row(
            timing.job,
            f"{timing.content_bytes // 1_000_000}",
            f"{timing.ours_seconds:.2f}",
            f"{timing.theirs_seconds:.2f}",
            f"{timing.theirs_seconds / timing.ours_seconds:.2f}",
            f"{timing.ours_peak_bytes / 1e6:.0f}",
            f"{timing.theirs_peak_bytes / 1e6:.0f}",
        )
    return table


def draw_rates(rates: list[small_messages.Rate]) -> Table:
    """The table of operations per second on 10 KB."""
    table = Table("10 KB, RSA-2048", "ours /s", "Bouncy Castle /s", "ours / theirs")
    for rate in rates:
        theirs = rate.bouncy_castle
        shown = (f"{theirs:.0f}", f"{rate.ours / theirs:.2f}") if theirs else ("–", "–")
        table.add_row(rate.job, f"{rate.ours:.0f}", *shown)
    return table


def draw_starts(runs: int, folder: Path | None) -> Table:
    """Measure starts: milliseconds until Python has imported the core, and until the command has verified 10 KB."""
    table = Table("start", "ms")
    command = [sys.executable, "-c", "import smime_core"]
    bare = _median([sys.executable, "-c", "pass"], runs, folder)
    table.add_row("Python alone", f"{bare:.0f}")
    table.add_row("import smime_core, beyond Python's own", f"{_median(command, runs, folder) - bare:.0f}")
    timing = next(
        job for job in processes.measure(10_000, runs=runs, folder=folder) if job.job == "verify multipart/signed"
    )
    table.add_row("sealwax verify, 10 KB", f"{timing.ours_seconds * 1000:.0f}")
    table.add_row("openssl cms -verify, 10 KB", f"{timing.theirs_seconds * 1000:.0f}")
    return table


def draw_paths(times: list[paths.PathTime]) -> Table:
    """The table of times for certification paths."""
    table = Table("certification paths", "where", "ms")
    for path_time in times:
        table.add_row(path_time.job, path_time.where, f"{path_time.milliseconds:.2f}")
    return table


def _median(command: list[str], runs: int, folder: Path | None) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, cwd=folder)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.native", description=__doc__)
    parser.add_argument("--megabytes", type=int, nargs="*", default=[100, 1000], help="sizes (default 100 1000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each job, the median counts (default 5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each job on small messages (default 3)")
    parser.add_argument("--folder", type=Path, help="where the large files go (default: the system's temporary folder)")
    options = parser.parse_args()
    console = Console(width=120)
    console.print(draw_rates(small_messages.measure(seconds=options.seconds)))
    console.print(draw_paths(paths.measure()))
    console.print(draw_starts(2 * options.runs + 1, options.folder))
    for size in options.megabytes:
        timings = processes.measure(size * 1_000_000, runs=options.runs, folder=options.folder)
        console.print(draw_processes(timings))


if __name__ == "__main__":
    main()
