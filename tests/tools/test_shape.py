"""The measures of docs/architecture.md are kept, and the page tells the truth about them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.project import ROOT
from tools.shape.__main__ import TABLE, main
from tools.shape.measures import MEASURES, Counted, Measure, count_all, draw

PAGE = ROOT / "docs" / "architecture.md"
# Lines and the like change with each commit, so the page may lag behind by this part of the value.
STALE = 0.03


@pytest.fixture(scope="module")
def counted() -> dict[str, Counted]:
    return {count.measure.name: count for count in count_all()}


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_is_at_most_its_ceiling(measure: Measure, counted: dict[str, Counted]) -> None:
    assert counted[measure.name].now <= measure.ceiling


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_a_ceiling_above_the_aim_has_its_reason(measure: Measure) -> None:
    assert bool(measure.reason) == (measure.ceiling > measure.wanted)


def test_no_test_imports_another_test(counted: dict[str, Counted]) -> None:
    assert counted["tests that import a test"].now == 0


def test_the_page_has_the_values_of_the_program(counted: dict[str, Counted]) -> None:
    written, drawn = (text.splitlines() for text in (TABLE.read(PAGE), draw(counted.values())))
    assert [without_value(row) for row in written] == [without_value(row) for row in drawn]
    for row, count in zip(written[2:], counted.values(), strict=True):
        assert abs(value_in(row) - count.now) <= STALE * count.now, (
            f"{count.measure.name}: `make shape` writes the page"
        )


def test_counts_what_is_above_its_ceiling_as_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    low = Measure(name="things", count=lambda: 3, before=5, ceiling=2, wanted=2)
    monkeypatch.setattr("tools.shape.measures.MEASURES", (low,))
    assert main([]) == 1
    printed = capsys.readouterr()
    assert "| things | 5 | 3 | 2 |" in printed.out
    assert printed.err == "things: 3, and at most 2 are allowed\n"


def test_writes_only_its_table_into_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tools.shape.measures.MEASURES", (Measure(name="things", count=lambda: 1, before=5, ceiling=2, wanted=2),)
    )
    page = tmp_path / "page.md"
    page.write_text(f"before\n{TABLE.begin}old\n{TABLE.end}after\n")
    assert main(["--page", str(page)]) == 0
    assert page.read_text() == f"before\n{TABLE.begin}{draw(count_all())}{TABLE.end}after\n"


def without_value(row: str) -> str:
    return re.sub(r"^(\| [^|]* \| [^|]* \|) [^|]* \|", r"\1", row)


def value_in(row: str) -> int:
    return int(row.split("|")[3].replace(",", ""))
