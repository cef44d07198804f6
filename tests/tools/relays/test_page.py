"""The table of docs/interoperation.md has a row for each form of mail, and no relay breaks one."""

from __future__ import annotations

from tests.interop.__main__ import PAGE
from tools.relays.forms import judge, make_forms
from tools.relays.page import read_rows
from tools.relays.servers import SERVERS


def test_the_table_has_each_form_and_each_relay() -> None:
    rows = read_rows(PAGE)
    assert [row[0] for row in rows] == list(make_forms()), "write it anew: make relays"
    assert all(len(row) > len(SERVERS) for row in rows)


def test_each_form_is_read_before_it_is_relayed() -> None:
    for name, mail in make_forms().items():
        report = judge(mail)
        assert report.content, name
        assert "headers-altered-outside" not in [reason.code for reason in report.reasons], name
