"""docs/interoperation.md agrees with the rows and gaps that the tests use."""

from __future__ import annotations

from tests.interop.__main__ import PAGE, build_page
from tests.interop.by_thunderbird import TABLE, make_forms
from tests.support.peers.by_name import PEERS
from tests.support.peers.rows import ENCRYPTIONS, READ_ONLY_ENCRYPTIONS, SIGNINGS
from tests.support.peers.thunderbird import Thunderbird


def test_the_page_is_what_the_rows_and_gaps_say() -> None:
    assert PAGE.read_text() == build_page(), "write it anew: python -m tests.interop"


def test_every_gap_names_a_row() -> None:
    rows = {row.name for row in SIGNINGS} | {row.name for row in ENCRYPTIONS + READ_ONLY_ENCRYPTIONS}
    for gaps in (*(kind.gaps for kind in PEERS.values()), Thunderbird.gaps):
        assert {row for _, row in gaps} <= rows


def test_the_page_has_thunderbirds_verdict_on_each_form() -> None:
    table = TABLE.read(PAGE)
    rows = [line.strip("| \n").split(" | ")[0] for line in table.splitlines()[2:]]
    assert rows == list(make_forms()), "write it anew: make nightly"
