"""Tests that the results of `make bench-parcels` find their places in the page. They measure nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.project import ROOT
from tools.bench_bridge.page import write_page
from tools.bench_parcels.__main__ import MACHINE, PARTS


def test_each_part_has_a_place_in_the_page(tmp_path: Path) -> None:
    page = Path(shutil.copy(ROOT / "docs/benchmarks.md", tmp_path))
    write_page(page, {name: f"the block of {name}" for name in (MACHINE, *PARTS)})
    text = page.read_text()
    for name in (MACHINE, *PARTS):
        assert text.count(f"\nthe block of {name}\n") == 1
