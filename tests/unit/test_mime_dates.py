"""Dates of header fields, as they are written today and as old mail has them (RFC 5322 sections 3.3 and 4.3)."""

from __future__ import annotations

import pytest

from smime_core.mime import format_date, parse_date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fri, 20 Nov 2026 08:00:00 +0100", "2026-11-20T08:00:00+01:00"),
        ("20 Nov 2026 08:00 -0000", "2026-11-20T08:00:00+00:00"),
        ("Fri, 20 Nov 2026 08:00:60 GMT (London)", "2026-11-20T08:00:59+00:00"),
        ("Fri, 20 Nov 98 08:00:00 EST", "1998-11-20T08:00:00-05:00"),
        ("Fri, 20 Nov 26 08:00:00 pdt", "2026-11-20T08:00:00-07:00"),
        ("Fri, 20 Nov 126 08:00:00 UT", "2026-11-20T08:00:00+00:00"),
        ("Fri, 20 Nov 2026 08:00:00 Q", "2026-11-20T08:00:00+00:00"),
    ],
)
def test_a_date_is_read(text: str, expected: str) -> None:
    date = parse_date(text)
    assert date is not None
    assert date.isoformat() == expected
    assert parse_date(format_date(date)) == date


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "never",
            "20 Nov 2026",
            "Fri, 99 Nov 2026 08:00:00 +0000",
            "1 Jan 0000 00:00:00 +0000",
            "1 Jan 2026 0:0:0 GMT",
        ),
        *(
            "1 Jan 2026 00:00:00 +9999",
            "1 Jan 2026 25:00:00 +0000",
            "1 Xyz 2026 00:00:00 +0000",
            "1 Jan 20261 00:00 GMT",
        ),
    ],
)
def test_what_is_no_date_gives_none(text: str) -> None:
    assert parse_date(text) is None
