"""Which mail addresses are the same, and which a condition covers (MUSTS 37)."""

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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@bu\u0308cher.example", "a@bücher.Example"),
    ],
)
def test_a_domain_is_the_same_in_each_of_its_forms(one: str, other: str) -> None:
    assert addresses_match(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a@fa\u00df.example", "a@fass.example"),  # another domain to IDNA 2008
        ("a@\uff47oogle.example", "a@google.example"),
        ("a@google\u3002example", "a@google.example"),
        ("a@x\u200dy.example", "a@xy.example"),
        ("stra\u00dfe@example.test", "strasse@example.test"),
        ("\u212aevin@example.test", "kevin@example.test"),
        ("\u00c4@example.test", "\u00e4@example.test"),
    ],
)
def test_what_only_looks_alike_is_not_the_same(one: str, other: str) -> None:
    assert not addresses_match(one, other)
    assert not is_covered(one, [other])
