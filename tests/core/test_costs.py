"""Hostile megabytes that once cost too much stay cheap. `make fuzz` measures every hostile input with every reader."""

from __future__ import annotations

import pytest

from tools.fuzz.hostile import hostile
from tools.fuzz.measure import MAX_BYTES, MAX_SECONDS, measure
from tools.fuzz.targets import TARGETS

PATIENCE = 2  # times MAX_SECONDS, because other work on the machine slows down processor time too


@pytest.mark.parametrize(
    ("name", "target", "reader"),
    [
        ("NULLs in a SEQUENCE", "structure", "describe"),
        ("empty pieces", "examine-stream", "examine stream"),
        ("pieces in one another", "examine-stream", "examine stream"),
        ("signers with keys of 16,384 bits", "examine", "examine"),
        ("issuers of one name", "examine", "examine"),
        ("a password of the most iterations", "decrypt", "open octets"),
        ("a zlib bomb", "examine-stream", "examine stream"),
        ("PKCS#12 safes with scrypt at the limit", "identities", "identities"),
        ("PKCS#12 safes with 3DES", "identities", "identities"),
        ("messages in one another", "mime", "read entity"),
    ],
)
@pytest.mark.thorough
def test_a_hostile_megabyte_costs_little(name: str, target: str, reader: str) -> None:
    cost = measure(TARGETS[target][reader], hostile(name))
    assert cost.ending == "read" or cost.ending.startswith("refused")
    assert cost.seconds < PATIENCE * MAX_SECONDS
    assert cost.octets < MAX_BYTES
