"""What a run of a token costs a reader, and whether the cost grows faster than the run."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

from tests.fuzz.contexts import PLACES, TOKENS
from tests.fuzz.targets import Reader, refusal

_FULL_BYTES: Final = 65_536
_GLANCE_BYTES: Final = 32_768
_HARMLESS_GLANCE_SECONDS: Final = 0.002  # even a quadratic reader would read a megabyte within the two seconds
_HARMLESS_SECONDS: Final = 0.005
# Readers that the others are built of, or that share their work: the pairs are left to these.
_BASIC: Final = frozenset(
    ("show", "read entity", "make 7-bit", "blocks", "contacts", "addresses", "words", "parameters", "HTML")
)
# What reads nothing that another reader of the place does not read too.
_DOUBLES: Final = frozenset(
    ("read payload", "decode body", "canonicalise", "find nested layers", "split structure", "decrypt")
)
_MAX_STEP: Final = 2.5
_MEGABYTE: Final = 1_000_000
MAX_SECONDS: Final = 2.0


class Case(NamedTuple):
    """A token in a place, and who reads it."""

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
    """Every token in every place, by every reader but those whose work another one does too."""
    yield from (case for case in _cases(TOKENS) if case.reader not in _DOUBLES)


def pairs_of_tokens() -> Iterator[Case]:
    """Every two different tokens in every place, by the basic readers: about a million."""
    pairs = tuple(one + other for one in TOKENS for other in TOKENS if one != other)
    yield from (case for case in _cases(pairs) if case.reader in _BASIC)


def drawn_pairs(count: int, seed: int) -> Iterator[Case]:
    """So many pairs by any reader, the same for one seed."""
    dice = random.Random(seed)  # noqa: S311 (the same for one seed)
    places = [
        (place, around, reader)
        for place, (arounds, readers) in PLACES.items()
        for around in arounds
        for reader in readers
    ]
    for _ in range(count):
        one, other = dice.sample(TOKENS, 2)
        yield Case(*dice.choice(places), one + other)


def _cases(tokens: tuple[bytes, ...]) -> Iterator[Case]:
    for place, (arounds, readers) in PLACES.items():
        for around in arounds:
            for token in tokens:
                yield from (Case(place, around, reader, token) for reader in readers)


def judge(case: Case) -> str:
    """What is wrong with the case; an empty text when its cost grows with its length. Foreign errors pass through."""
    # By the clock first: another process can only make it look worse, and then it is measured properly.
    started = time.perf_counter()
    refusal(case.read(), case.data(_GLANCE_BYTES))
    if time.perf_counter() - started < _HARMLESS_GLANCE_SECONDS or _seconds(case, _FULL_BYTES) < _HARMLESS_SECONDS:
        return ""
    for doubled in (1, 2):
        # n, 2n, 4n, 8n; a step too high is looked at again at twice the length.
        times = [_seconds(case, doubled * _FULL_BYTES // part) for part in (8, 4, 2, 1)]
        steps = [after / before for before, after in itertools.pairwise(times) if before >= _HARMLESS_SECONDS]
        if not any(step > _MAX_STEP for step in steps):
            break
    else:
        return f"grows by {max(steps):.1f} where the length doubles, {times[-1]:.2f} s at the end: {case}"
    if times[-1] * _MEGABYTE / (doubled * _FULL_BYTES) > MAX_SECONDS / 2:
        taken = _seconds(case, _MEGABYTE)
        if taken > MAX_SECONDS:
            return f"a megabyte takes {taken:.1f} s: {case}"
    return ""


def _seconds(case: Case, length: int) -> float:
    # Processor time, the best of three.
    data, best = case.data(length), float("inf")
    for _ in range(3):
        started = time.process_time()
        refusal(case.read(), data)
        best = min(best, time.process_time() - started)
        if best > MAX_SECONDS:
            break
    return best
