"""Tests that the results of `make bench-bridge` find their places in the page. They measure nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.project import ROOT
from tools.bench.results import Figure, Figures, Limit
from tools.bench_bridge.__main__ import PARTS
from tools.bench_bridge.page import MACHINE, write_page, write_table

PAGE = ROOT / "docs/benchmarks.md"


def test_each_part_has_a_place_in_the_page(tmp_path: Path) -> None:
    page = Path(shutil.copy(PAGE, tmp_path))
    write_page(page, {name: f"the block of {name}" for name in (MACHINE, *PARTS)})
    text = page.read_text()
    for name in (MACHINE, *PARTS):
        assert text.count(f"\nthe block of {name}\n") == 1


def test_a_block_replaces_only_the_earlier_one(tmp_path: Path) -> None:
    page = Path(shutil.copy(PAGE, tmp_path))
    write_page(page, {"times": "first", "clicks": "kept"})
    before = page.read_text()
    write_page(page, {"times": "second"})
    assert page.read_text() == before.replace("\nfirst\n", "\nsecond\n")


def test_a_line_has_the_limit_of_its_job_and_says_that_it_is_missed() -> None:
    figures = Figures(
        [
            Figure(where="near", job="list", who="ours", unit="ms", values=(4.0,)),
            Figure(where="near", job="list", who="Roundcube", unit="ms", values=(8.0,)),
            Figure(where="near", job="list 50", who="ours", unit="count", values=(3.0,)),
        ]
    )
    limits = [
        Limit(where="near", what="list: ours / Roundcube", value=0.5, limit=0.4, unit="times"),
        Limit(where="far", what="list", value=1.0, limit=2.0, unit="ms"),
        Limit(where="near", what="list 50: beside one", value=3.0, limit=5.0, unit="times"),
    ]
    table = write_table(figures, limits, {"date": "2026-11-24", "processor": "2 × A", "load": "1.0"})
    assert table.splitlines()[2:4] == [
        "| near | list | 4.0 ms | 8.0 ms | 0.40, **missed** |",
        "| near | list 50 | 3 | – | beside one 3.00, at most 5.00 |",
    ]
    assert table.splitlines()[-1] == "Measured 2026-11-24 on 2 × A, load before it 1.0."
