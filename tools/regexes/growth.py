"""The verdict on one Python pattern, from the processor time that it takes for texts of growing length."""

from __future__ import annotations

import collections
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from tools.regexes.texts import Pattern, Pressure, UnknownPatternError

_SMALL: Final = 1_024
_LOOK_AGAIN_NS: Final = 100_000  # ten times the time of a linear pattern for _SMALL letters
_LENGTHS: Final = (256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536)
# A quadratic pattern takes half a second for 64 k characters. Some kernels count processor time in steps of ten
# milliseconds.
_JUDGED_FROM_NS: Final = 100_000_000
_NOISE_NS: Final = 10_000_000
_TOO_LONG_NS: Final = 500_000_000  # for 64 k characters; 1 MB would take eight seconds
_MAX_STEP: Final = 2.5  # for twice the text, a linear pattern takes twice the time, a quadratic one four times
_GIVE_UP_SECONDS: Final = 1.0  # of processor time
_GAVE_UP_NS: Final = 10**10
_SUSPECT_NS: Final = 5_000_000


class _TooLongError(Exception):
    pass


def judge(text: str | bytes, flags: int, ways: frozenset[str]) -> str:
    """The fault of the pattern; "" if it takes linear time and has the same matches in all versions of Python."""
    pattern = Pattern(text, flags)
    if pattern.has_possessive_group():
        # https://github.com/python/cpython/issues/106052: Python counts the end of a failed alternative as matched.
        return "a group with a possessive quantifier, which Python before 3.11.5 matches wrongly: take (?>(?:...)+)"
    try:
        pressures = list(pattern.pressures())
    except UnknownPatternError:
        return "unknown: no text was found that reaches one of its repeats"
    for way in sorted(ways):
        apply = _applier(pattern, way)
        slowest, chosen = 0, pressures[0] if pressures else None
        for pressure in pressures:
            taken = _screen(apply, pattern, pressure)
            if taken == _GAVE_UP_NS:
                return f"superlinear by {way}: {_shown(pressure)}"
            if taken > _LOOK_AGAIN_NS and _is_suspect(apply, pattern, pressure) and _grows(apply, pattern, pressure):
                return f"superlinear by {way}: {_shown(pressure)}"
            if taken > slowest:
                slowest, chosen = taken, pressure
        # The slowest text is measured at every length, even if it seemed harmless.
        if chosen is not None and _grows(apply, pattern, chosen):
            return f"superlinear by {way}: {_shown(chosen)}"
    return ""


def _applier(pattern: Pattern, way: str) -> Callable[[Any], object]:
    if way == "finditer":
        return lambda text: collections.deque(pattern.compiled.finditer(text), maxlen=0)
    method: Callable[[Any], object] = getattr(pattern.compiled, way)
    return method


def _screen(apply: Callable[[Any], object], pattern: Pattern, pressure: Pressure) -> int:
    # Short texts come first, because an exponential pattern would not end even with a thousand letters.
    for length in (16, 32, 64):
        taken = _glance(apply, pattern, pressure, length * len(pressure.pump))
        if taken > _SUSPECT_NS:
            return taken
    return _glance(apply, pattern, pressure, _SMALL)


def _is_suspect(apply: Callable[[Any], object], pattern: Pattern, pressure: Pressure) -> bool:
    # For eight times the text, a linear pattern takes eight times as long, a quadratic one sixty-four times.
    short, long = (min(_glance(apply, pattern, pressure, n) for _ in range(2)) for n in (_SMALL, 8 * _SMALL))
    return long > 16 * short or long > _TOO_LONG_NS


def _glance(apply: Callable[[Any], object], pattern: Pattern, pressure: Pressure, length: int) -> int:
    # Elapsed time is exact enough for a short run. Other processes can only make a pattern look slower, and a pattern
    # that looks slow is measured again by processor time.
    text = pattern.encode(pressure.text(length))
    started = time.perf_counter_ns()
    ended = _ends(apply, text)
    return time.perf_counter_ns() - started if ended else _GAVE_UP_NS


def _ends(apply: Callable[[Any], object], text: Any) -> bool:
    try:
        with _deadline():
            apply(text)
    except _TooLongError:
        return False
    return True


def _grows(apply: Callable[[Any], object], pattern: Pattern, pressure: Pressure) -> bool:
    before, steps = 0, 0
    for length in _LENGTHS:
        text = pattern.encode(pressure.text(length))
        taken = min(_time(apply, text) for _ in range(3)) if before < _TOO_LONG_NS / 8 else _time(apply, text)
        if taken > _TOO_LONG_NS:
            return True
        is_step = taken >= _JUDGED_FROM_NS and taken > max(before, _NOISE_NS) * _MAX_STEP
        # Other work of the machine may cause a single high step, so two in a row are needed.
        steps = steps + 1 if is_step else 0
        if steps == 2:
            return True
        before = taken
    return steps > 0 and _grows_once_more(apply, pattern, pressure)


def _grows_once_more(apply: Callable[[Any], object], pattern: Pattern, pressure: Pressure) -> bool:
    times = [
        min(_time(apply, pattern.encode(pressure.text(length))) for _ in range(3))
        for length in (_LENGTHS[-1], 2 * _LENGTHS[-1])
    ]
    return times[1] >= _JUDGED_FROM_NS and times[1] > max(times[0], _NOISE_NS) * _MAX_STEP


def _time(apply: Callable[[Any], object], text: Any) -> int:
    started = time.process_time_ns()
    ended = _ends(apply, text)
    return time.process_time_ns() - started if ended else _GAVE_UP_NS


@contextmanager
def _deadline() -> Iterator[None]:
    def give_up(*_: object) -> None:
        raise _TooLongError

    previous = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, _GIVE_UP_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)


def _shown(pressure: Pressure) -> str:
    return f"{pressure.head!r} + {pressure.pump!r} * n + {pressure.tail!r}"
