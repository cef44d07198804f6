"""Every reason that the core gives has a sentence of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import smime_core
from smime_core.cms.attributes import RESORTED
from smime_core.cms.signed_attributes import LOOSE_TIME, OFFSET_TIME
from smime_core.report.reasons import REASONS


def written_codes() -> Iterator[str]:
    """The codes written in calls of `reason` anywhere in the core."""
    for path in Path(smime_core.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reason":
                codes = [part for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
                yield from (code.value for code in codes if isinstance(code.value, str))


def test_every_written_reason_has_its_sentence() -> None:
    codes = set(written_codes())
    assert len(codes) > 20
    assert codes <= set(REASONS)


def test_every_tolerated_deviation_has_its_sentence() -> None:
    assert {RESORTED, OFFSET_TIME, LOOSE_TIME} <= set(REASONS)
