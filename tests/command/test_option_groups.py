"""Groups of options that code makes by itself, without a command line.

mypy takes `given_by` and `group_of` for defaults, so it does not see a field that was forgotten.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.project import ROOT

_MAKERS: Final = {"given_by", "group_of"}
_PACKAGES: Final = ("sealwax", "roaming_keys", "webbridge")


def sources() -> list[tuple[Path, ast.Module]]:
    paths = [path for package in _PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [(path, ast.parse(path.read_text())) for path in paths]


def fields_of(node: ast.ClassDef) -> set[str]:
    """The fields of a class that a command line gives."""
    return {
        line.target.id
        for line in node.body
        if isinstance(line, ast.AnnAssign)
        and isinstance(line.target, ast.Name)
        and isinstance(line.value, ast.Call)
        and isinstance(line.value.func, ast.Name)
        and line.value.func.id in _MAKERS
    }


SOURCES: Final = sources()
CLASSES: Final = [node for _, tree in SOURCES for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
_COUNTS: Final = Counter(node.name for node in CLASSES)
# A name that two classes have says nothing about which of them is made.
GROUPS: Final = {node.name: fields for node in CLASSES if _COUNTS[node.name] == 1 and (fields := fields_of(node))}


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path, tree in SOURCES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GROUPS:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


MADE: Final = dict(calls())


def test_code_makes_some_groups_by_itself() -> None:
    assert "RecipientOptions" in {call.func.id for call in MADE.values() if isinstance(call.func, ast.Name)}


@pytest.mark.parametrize("place", MADE)
def test_a_group_that_code_makes_has_every_field(place: str) -> None:
    call = MADE[place]
    assert isinstance(call.func, ast.Name)
    keywords = {keyword.arg for keyword in call.keywords}
    assert None in keywords or not GROUPS[call.func.id] - keywords
