"""Dates in header fields, in today's form and in that of old mail (RFC 5322 sections 3.3 and 4.3)."""

from __future__ import annotations

import datetime

import pytest

from smime_core.mail.header_policies import hcp_shy
from smime_core.mime import format_date, parse_date
from smime_core.report import report_to_json
from smime_core.text.times import utc_text
from tests.support.answered_mails import Letter, Named, report_on
from tests.support.misread_dates import MISREAD


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


@pytest.mark.parametrize("year", ["0001", "9999"])
@pytest.mark.parametrize("day", ["1 Jan", "31 Dec"])
@pytest.mark.parametrize("zone", ["+2359", "+0001", "+0000", "-0001", "-2359", "EST", "PDT"])
@pytest.mark.parametrize("time", ["00:00:00", "23:59:60"])
def test_every_date_at_the_ends_of_time_can_be_converted_to_another_zone(
    year: str, day: str, zone: str, time: str
) -> None:
    text = f"{day} {year} {time} {zone}"
    date = parse_date(text)
    if date is None:
        assert hcp_shy("Date", text) == text
    else:
        assert parse_date(format_date(date.astimezone(datetime.UTC))) == date
        assert hcp_shy("Date", text) == format_date(date.astimezone(datetime.UTC))


@pytest.mark.parametrize("text", ["1 Jan 0001 00:00:00 +0100", "31 Dec 9999 23:59:59 -0100"])
def test_a_date_before_the_first_year_or_after_the_last_one_in_utc_is_none(text: str) -> None:
    assert parse_date(text) is None


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
        # RFC 5234 appendix B.1: only these ten characters are digits.
        *("١ Jan 2026 00:00 GMT", "1 Jan २०२६ 00:00 GMT", "1 Jan 2026 0٠:00 GMT", "1 Jan 2026 00:00 +000０"),
    ],
)
def test_text_that_is_no_date_gives_none(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize("year", [1, 999, 9999])
def test_a_moment_in_a_report_has_four_digits_of_a_year(year: int) -> None:
    """A certificate may name any year, but browsers read no date whose year has fewer digits."""
    time = datetime.datetime(year, 12, 31, 23, 59, 59, 7, tzinfo=datetime.UTC)
    assert utc_text(time) == f"{year:04}-12-31T23:59:59Z"


@pytest.mark.parametrize(
    ("text", "expected", "signer"),
    # A signer leaves empty fields out.
    [*((*case, signer) for case in MISREAD.items() for signer in (None, "bob")), ("", None, None)],
)
def test_the_report_has_the_time_of_the_date_field(text: str, expected: str | None, signer: str | None) -> None:
    fields = {"From": "bob@example.test", "Date": text, "date": "1 Jan 2000 00:00:00 +0000"}
    named = {name: Named(text=value, addresses=()) for name, value in fields.items()}
    report = report_on(Letter(fields=named, signer=signer, protects_fields=True))
    assert report_to_json(report)["date"] == expected


def test_a_protected_date_is_the_one_in_the_report() -> None:
    inside = {"From": "bob@example.test", "Date": "20 Nov 2026 08:00:00 +0000"}
    fields = {name: Named(text=value, addresses=()) for name, value in inside.items()}
    changed = {"Date": Named(text="1 Jan 2000 00:00:00 +0000", addresses=())}
    letter = Letter(fields=fields, changed=changed, signer="bob", protects_fields=True)
    assert report_to_json(report_on(letter))["date"] == "2026-11-20T08:00:00Z"
