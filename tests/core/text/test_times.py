"""Times as text, in one form."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, strategies as st

from smime_core.text.times import parse_utc_text, utc_text


@given(st.datetimes())
def test_every_time_in_whole_seconds_is_read_as_it_was_written(time: datetime.datetime) -> None:
    moment = time.replace(microsecond=0, tzinfo=datetime.UTC)
    assert parse_utc_text(utc_text(moment)) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00+00:00",
        "2026-01-31T12:00Z",
        "2026-01-31T12:00:00.5Z",
        "2026-01-31 12:00:00Z",
        "20260131T120000Z",
        "2026-W05-6T12:00:00Z",
        "2026-1-31T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "٢٠٢٦-01-31T12:00:00Z",
    ],
)
def test_no_other_form_of_a_time_is_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_utc_text(text)
