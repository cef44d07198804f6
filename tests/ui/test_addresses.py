"""Two addresses are the same for the pages and the extension exactly if they are the same for the core."""

from __future__ import annotations

from typing import Final

from smime_core.text.mail_address import addresses_match
from tests.support.node_tests import check_in_node
from tests.support.project import ROOT

_FORMATS: Final = ROOT / "wasm_build/ui/formats.js"
_NAMES: Final = ("address", "email", "from", "sender", "account")
_PAIRS: Final = (
    ("alice@example.test", "ALICE@Example.test"),
    ("alice@example.test", "bob@example.test"),
    ("kevin@example.test", "\u212aevin@example.test"),
    ("\u00e4@example.test", "\u00c4@example.test"),
    ("i@example.test", "\u0130@example.test"),
    ("strasse@example.test", "stra\u00dfe@example.test"),
)


def pairs() -> list[dict[str, str | bool]]:
    return [{"one": first, "other": other, "match": addresses_match(first, other)} for first, other in _PAIRS]


def test_addresses_are_the_same_as_in_the_core() -> None:
    check_in_node("addresses", "addresses are the same as in the core", pairs())


def test_no_module_compares_addresses_by_the_lower_case_of_all_letters() -> None:
    modules = [*ROOT.glob("browser_ext/**/*.js"), *ROOT.glob("webbridge/pages/*.js"), *ROOT.glob("wasm_build/**/*.js")]
    assert _FORMATS in modules
    lines = [
        (module.name, line) for module in modules for line in module.read_text().splitlines() if ".toLowerCase" in line
    ]
    ends = tuple(f"{name}{mark}" for name in _NAMES for mark in ("", "?"))
    assert [(name, line) for name, line in lines if ".addresses" in line] == []
    assert [(name, line) for name, line in lines if any(piece.lower().endswith(ends) for piece in _before(line))] == []


def _before(line: str) -> list[str]:
    """The texts before each `.toLowerCase` of a line."""
    return line.split(".toLowerCase")[:-1]


def test_two_addresses_share_kept_state_only_if_they_are_the_same() -> None:
    check_in_node("addresses", "two addresses share kept state only if they are the same", pairs())
