"""Cases for the cost of a run of elements: everywhere in a sample where DER or BER allows elements or bytes."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator
from typing import Final, NamedTuple

from tools.fuzz.alterations import Span, find_tlvs, length_octets, replaced
from tools.fuzz.samples import TARGETS_OF_KIND, samples
from tools.fuzz.targets import Reader, read_by

# Binary kinds only: `token_growth` has the cases for text.
_KINDS: Final = (
    "cms", "certificates", "revocation", "timestamps", "identities", "own", "attributes", "requests", "lasting",
    "records", "pool", "parcels",
)  # fmt: skip
_TOKENS: Final = (
    b"\x00",
    b"\xff",
    b"\x80",
    b"\x30\x00",
    b"\x30\x80",
    b"\x31\x00",
    b"\x24\x80",
    b"\xa0\x00",
    b"\x02\x01\x01",
    b"\x04\x00",
    b"\x04\x01a",
    b"\x05\x00",
    b"\x06\x03*\x03\x04",
    b"\x0c\x01a",
    b"\x82\x01a",
)


class ElementCase(NamedTuple):
    """A run of a token at the end of one element of a sample, and the target that reads the sample."""

    kind: str
    sample: int
    element: int
    target: str
    token: bytes

    def data(self, length: int) -> bytes:
        """The sample with a run of about `length` bytes, and with correct lengths of the enclosing elements."""
        seed = samples()[self.kind][self.sample]
        spans = _elements(seed)
        span = spans[self.element]
        content = seed[span.content : span.end] + self.token * max(1, length // len(self.token))
        new = seed[span.start : span.start + 1] + length_octets(len(content)) + content
        return replaced(seed, spans, span, new)

    def read(self) -> Reader:
        """All readers of the target."""
        return functools.partial(read_by, self.target)


def element_cases() -> Iterator[ElementCase]:
    """All cases: each token, or a copy of an element's last child, at the end of each element of the samples."""
    for kind in _KINDS:
        for number, seed in enumerate(samples()[kind]):
            for index, span in enumerate(_elements(seed)):
                for target in TARGETS_OF_KIND[kind]:
                    yield from (ElementCase(kind, number, index, target, token) for token in _tokens(seed, span))


def drawn_elements(count: int, seed: int) -> Iterator[ElementCase]:
    """`count` random cases, about as many of each kind. The same seed gives the same cases."""
    dice = random.Random(seed)  # noqa: S311 (the same cases for the same seed)
    for _ in range(count):
        kind = dice.choice(_KINDS)
        number, data = dice.choice(list(enumerate(samples()[kind])))
        index, span = dice.choice(list(enumerate(_elements(data))))
        yield ElementCase(kind, number, index, dice.choice(TARGETS_OF_KIND[kind]), dice.choice(_tokens(data, span)))


@functools.cache
def _elements(seed: bytes) -> list[Span]:
    return find_tlvs(seed)


def _tokens(seed: bytes, span: Span) -> tuple[bytes, ...]:
    children = [
        element
        for element in _elements(seed)
        if span.content <= element.start and element.end == span.end and element != span
    ]
    if not children:
        return _TOKENS
    last = max(children, key=lambda child: child.end - child.start)
    return (*_TOKENS, seed[last.start : last.end])
