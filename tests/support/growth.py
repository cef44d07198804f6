"""Checks that the cost of reading grows in proportion to the input, independent of the machine's speed."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

# An input of four times the size must cost less than nine times the work: four times is linear, 16 times quadratic.
_TIMES = 4
_MAX_GROWTH = 9
# Shorter runs are not compared: their measured times are too inexact.
_HARMLESS_SECONDS = 0.05


def grows_in_proportion(work: Callable[[int], Callable[[], object]], size: int) -> bool:
    """Whether the cost of the call that `work(size)` returns is proportional to `size`.

    Only processor time of this thread counts, and the time of `work` itself is not measured. One good comparison of
    three is enough, because a busy machine slows down single runs.
    """
    return any(_growth(work, size) < _MAX_GROWTH for _ in range(3))


def _growth(work: Callable[[int], Callable[[], object]], size: int) -> float:
    small, large = _processor_seconds(work(size // _TIMES)), _processor_seconds(work(size))
    return large / small if large > _HARMLESS_SECONDS else 0.0


def _processor_seconds(call: Callable[[], object]) -> float:
    # No garbage is collected during the call. A full collection visits all objects that earlier tests left, and would
    # probably fall into the longer of the two runs.
    gc.collect()
    gc.disable()
    try:
        start = time.thread_time()
        call()
        return time.thread_time() - start
    finally:
        gc.enable()
