"""Every reader reads any bytes and any altered message, key or identity, or refuses them with an SmimeError."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings, strategies as st

from tools.fuzz.alterations import alter
from tools.fuzz.samples import TARGETS_OF_KIND, samples
from tools.fuzz.targets import TARGETS, read_by

# The number of altered inputs of each kind. All together take about 5 seconds.
EXAMPLES = {
    "mail": 250,
    "cms": 400,
    "certificates": 600,
    "revocation": 600,
    "contacts": 400,
    "keys": 500,
    "identities": 300,
    "own": 80,
    "attributes": 400,
    "requests": 300,
    "timestamps": 400,
    "lasting": 100,
    "records": 200,
    "decisions": 200,
    "operators-list": 200,
    "discovery": 200,
    "pool": 150,
    "people-files": 250,
}


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=60)
@given(data=st.binary(max_size=300))
def test_any_octets_are_read_or_refused(target: str, data: bytes) -> None:
    read_by(target, data)


@pytest.mark.parametrize("kind", TARGETS_OF_KIND)
def test_valid_samples_are_read(kind: str) -> None:
    """Otherwise an altered sample would be refused for an error that the sample had before."""
    for sample in samples()[kind]:
        for target in TARGETS_OF_KIND[kind]:
            read_by(target, sample)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_altered_input_is_read_or_refused(kind: str) -> None:
    dice = random.Random(kind)  # noqa: S311 (the same inputs in every run)
    others = [sample for ones in samples().values() for sample in ones]
    for _ in range(EXAMPLES[kind]):
        altered = alter(dice.choice(samples()[kind]), dice, others)
        for target in TARGETS_OF_KIND[kind]:
            read_by(target, altered)
