"""Measures the cost of a run of a token for a reader, and finds costs that grow faster than the run."""

from __future__ import annotations

import functools
import gc
import itertools
import math
import random
import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, Protocol

from tools.fuzz.contexts import PLACES, TOKENS
from tools.fuzz.targets import Reader, refusal

_FULL_BYTES: Final = 65_536
_GLANCE_BYTES: Final = 16_384
_HARMLESS_GLANCE_SECONDS: Final = 0.0005  # even a quadratic reader then needs less than two seconds for a megabyte
_PLAINLY_LINEAR: Final = 4.8  # a linear reader takes at most 4.8 times as long for four times the length
_HARMLESS_SECONDS: Final = 0.005
# The readers that pairs of tokens are tried with. Other readers call these readers, or share their code.
_BASIC: Final = frozenset(
    ("show", "read entity", "make 7-bit", "blocks", "contacts", "addresses", "words", "parameters", "HTML")
)
# Readers that are left out, because other readers of the same place do the same work.
_DOUBLES: Final = frozenset(
    ("read payload", "decode body", "canonicalise", "find nested layers", "split structure", "decrypt")
)
# Readers of a mail's structure. They are left out for values of header fields, which other readers parse.
_OF_PARTS: Final = frozenset(("make 7-bit", "read entity", "split message", "describe", "protected headers"))
_FIELDS: Final = frozenset(
    ("From", "From, in a name", "From, in a comment", "To", "Subject", "encoded-word", "encoded-word of base64", "Date")
)
# Readers that are left out in these places, because another reader does the same work there.
_SHARED: Final = {
    "make 7-bit": frozenset(
        ("parameter", "parameter in quotes", "parameter in pieces", "boundary", "Content-Type", "Content-Disposition")
    ),
    "examine stream": frozenset(("From", "From, in a name", "From, in a comment")),
}
_MAX_STEP: Final = 2.5
_MEGABYTE: Final = 1_000_000
MAX_SECONDS: Final = 2.0
_KNOWN_WORK_SECONDS: Final = 0.04  # the work in `_seconds_of`, on the idle machine of docs/benchmarks.md


class GrowingCase(Protocol):
    """An input that can have any length, and its reader."""

    def data(self, length: int) -> bytes: ...

    def read(self) -> Reader: ...


class Case(NamedTuple):
    """A run of a token in a place, and its reader."""

    place: str
    around: str
    reader: str
    token: bytes

    def data(self, length: int) -> bytes:
        before, after = PLACES[self.place][0][self.around]
        return before + self.token * max(1, length // len(self.token)) + after

    def read(self) -> Reader:
        return PLACES[self.place][1][self.reader]


def single_tokens() -> Iterator[Case]:
    """Each token in each place, by all readers except those whose work another reader does."""
    yield from (case for case in _cases(TOKENS) if not _is_double(case))


def pairs_of_tokens() -> Iterator[Case]:
    """Each pair of different tokens in each place, by the basic readers: almost a million cases."""
    pairs = tuple(token + other for token in TOKENS for other in TOKENS if token != other)
    yield from (case for case in _cases(pairs) if case.reader in _BASIC and not _is_double(case))


def drawn_pairs(count: int, seed: int) -> Iterator[Case]:
    """`count` cases with a random pair, place and reader. The same seed gives the same cases."""
    dice = random.Random(seed)  # noqa: S311 (the same cases for the same seed)
    places = [
        (place, around, reader)
        for place, (arounds, readers) in PLACES.items()
        for around in arounds
        for reader in readers
    ]
    for _ in range(count):
        token, other = dice.sample(TOKENS, 2)
        yield Case(*dice.choice(places), token + other)


def _is_double(case: Case) -> bool:
    """Whether another reader of the place does the same work."""
    return (
        case.reader in _DOUBLES
        or (case.reader in _OF_PARTS and case.around in _FIELDS)
        or case.around in _SHARED.get(case.reader, ())
    )


def _cases(tokens: tuple[bytes, ...]) -> Iterator[Case]:
    for place, (arounds, readers) in PLACES.items():
        for around in arounds:
            for token in tokens:
                yield from (Case(place, around, reader, token) for reader in readers)


def judge(case: GrowingCase) -> str:
    """The fault of the case; "" if its cost is proportional to its length. Catches SmimeError only."""
    data = case.data(_GLANCE_BYTES)
    at_a_glance = _glance(case, data)
    if at_a_glance < _HARMLESS_GLANCE_SECONDS:
        return ""
    if not _is_plainly_linear(case, at_a_glance):
        finding = _measure(case)
        if finding:
            return finding
    # The cost is linear here, so first a quarter of a megabyte is measured, against a quarter of the time.
    if (
        at_a_glance * _MEGABYTE / _GLANCE_BYTES > MAX_SECONDS / 2
        and _seconds_of(case, _MEGABYTE // 4) > MAX_SECONDS / 4
    ):
        taken = _seconds_of(case, _MEGABYTE)
        if taken > MAX_SECONDS:
            return f"a megabyte takes {taken:.1f} s: {case}"
    return ""


def _seconds_of(case: GrowingCase, length: int) -> float:
    # The seconds, converted to the speed of the machine for which MAX_SECONDS was set. A known piece of work before
    # each run shows how much slower this machine is. The best of three runs counts.
    data, best = case.data(length), float("inf")
    for _ in range(3):
        started = time.process_time()
        sum(number * number for number in range(1_000_000))
        slowness = max(1.0, (time.process_time() - started) / _KNOWN_WORK_SECONDS)
        best = min(best, _processor_time(case, data) / slowness)
        if best <= MAX_SECONDS * length / _MEGABYTE:
            break
    return best


def _is_plainly_linear(case: GrowingCase, at_a_glance: float) -> bool:
    # Other processes can slow down either run. The best of three shorter runs counts, so on a busy machine at worst
    # more cases are measured exactly.
    quarter = case.data(_GLANCE_BYTES // 4)
    return at_a_glance < _PLAINLY_LINEAR * min(_glance(case, quarter) for _ in range(3))


def _measure(case: GrowingCase) -> str:
    if _seconds(case, _FULL_BYTES) < _HARMLESS_SECONDS:
        return ""
    for doubled in (1, 2, 4):
        # Lengths n, 2n, 4n, 8n. If a step is too high, all are measured again at twice the length, then at four times:
        # a busy machine may cause one high step, but in longer runs more steps are long enough to count.
        times = [_seconds(case, doubled * _FULL_BYTES // part) for part in (8, 4, 2, 1)]
        steps = [after / before for before, after in itertools.pairwise(times) if before >= _HARMLESS_SECONDS]
        if not any(step > _MAX_STEP for step in steps):
            return ""
    # A single high step is no fault: the data may just no longer fit into the processor's cache.
    if math.prod(steps) <= _MAX_STEP ** len(steps):
        return ""
    return f"grows by {max(steps):.1f} where the length doubles, {times[-1]:.2f} s at the end: {case}"


def _seconds(case: GrowingCase, length: int) -> float:
    # The processor time, as the best of three runs.
    data, best = case.data(length), float("inf")
    for _ in range(3):
        best = min(best, _processor_time(case, data))
        if best > MAX_SECONDS:
            break
    return best


def _processor_time(case: GrowingCase, data: bytes) -> float:
    return _time(case, data, time.process_time)


def _glance(case: GrowingCase, data: bytes) -> float:
    return _time(case, data, _fine_clock())


def _time(case: GrowingCase, data: bytes, clock: Callable[[], float]) -> float:
    # Without garbage collection, because its cost depends on all objects in memory, such as the samples.
    gc.disable()
    started = clock()
    refusal(case.read(), data)
    taken = clock() - started
    gc.enable()
    return taken


@functools.cache
def _fine_clock() -> Callable[[], float]:
    # Some kernels count processor time in steps of ten milliseconds. With such a kernel, the wall clock is used.
    started = time.process_time()
    while (first := time.process_time()) == started:
        pass
    return time.process_time if first - started < _HARMLESS_GLANCE_SECONDS / 4 else time.perf_counter
