"""Which mail addresses are the same, and which a condition covers."""

from __future__ import annotations

import pytest

from smime_core.mail_address import addresses_match, is_covered


@pytest.mark.parametrize(
    ("address", "conditions"),
    [
        ("a@example.test", ["a@example.test"]),
        ("A@Example.Test", ["b@example.test", "a@example.test"]),
        ("a@example.test", ["@EXAMPLE.test"]),
        ("a@bücher.example", ["@xn--bcher-kva.example"]),
    ],
)
def test_a_condition_covers_its_address_or_its_domain(address: str, conditions: list[str]) -> None:
    assert is_covered(address, conditions)


@pytest.mark.parametrize(
    ("address", "conditions"),
    [
        ("a@example.test", []),
        ("a@example.test", ["b@example.test"]),
        ("a@mail.example.test", ["@example.test"]),
        ("a@badexample.test", ["@example.test"]),
        ("a", ["@", ""]),
        ("is a", ["a"]),
        ("@example.test", ["@example.test"]),
        ("", ["@example.test"]),
        ("a@example.test@evil.test", ["@example.test"]),
    ],
)
def test_a_condition_covers_nothing_else(address: str, conditions: list[str]) -> None:
    assert not is_covered(address, conditions)


def test_an_address_is_compared_as_a_whole() -> None:
    assert addresses_match(" a@example.test", "A@EXAMPLE.TEST")
    assert not addresses_match("a@example.test", "a@example.test.")
