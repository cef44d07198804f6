"""10,000 generated headers through the reader of rows: each gives a row."""

from __future__ import annotations

import pytest

from smime_core.mime import Mailbox
from smime_core.text.shown_name import looks_like_address
from tests.support.hostile_headers import generated_headers
from webbridge.gateway.summary import (
    MAX_TEXT_CHARACTERS,
    RECIPIENTS_PART_BYTES,
    HeaderProblem,
    summary_from_fetch,
    summary_from_header,
)

HEADERS = 10_000
FIELDS = b"BODY[HEADER.FIELDS (FROM SUBJECT DATE CONTENT-TYPE)]<0>"
TO = b"BODY[HEADER.FIELDS (TO)]<0>"


def test_each_of_ten_thousand_hostile_headers_gives_a_row() -> None:
    problems = set()
    for uid, (fields, to) in enumerate(generated_headers(HEADERS, seed=16), 1):
        for row in (
            summary_from_fetch(uid, {FIELDS: fields, TO: to[:RECIPIENTS_PART_BYTES]}),
            summary_from_header(uid, fields + to, size_bytes=1),
        ):
            assert row.uid == uid
            for text in (row.subject, row.sender, *row.recipients):
                assert len(text) <= 2 * MAX_TEXT_CHARACTERS + 3
                assert not any(ord(letter) < 32 or ord(letter) == 127 for letter in text)
            problems.add(row.problem)
    assert problems == {None, *HeaderProblem}


def test_a_row_has_its_sender_parsed_as_the_verdict_reads_them() -> None:
    for text, name in [
        (b'"Bob <carol@example.test>" <bob@example.test>', "Bob <carol@example.test>"),
        (b"(carol@example.test) bob@example.test", ""),
        (b"Friends: =?utf-8?q?Carol?= <bob@example.test>;", "Carol"),
    ]:
        row = summary_from_fetch(1, {FIELDS: b"From: " + text + b"\r\nSubject: x\r\n\r\n", TO: b"\r\n"})
        assert row.author == Mailbox(name, "bob@example.test")
    unreadable = summary_from_fetch(1, {FIELDS: b"From: bob at example\r\nSubject: x\r\n\r\n", TO: b"\r\n"})
    assert (unreadable.author, unreadable.sender) == (None, "bob at example")


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        (b"ceo@bank.example <eve@@evil.test>", "?"),
        (b"ceo@bank.example <", "?"),
        (b"Boss <ceo@bank.example> (", "Boss"),
        (b"Boss <ceo@bank.example> x", "Boss"),
        (b"=?utf-8?q?ceo=40bank.example?=", "?"),
        ("ceo\uff20bank.example".encode(), "?"),
        (b"=?utf-8?q?Bank_=E2=80=AEoec?=", "Bank oec"),
        (b"<@relay.test:ceo@bank.example>", "?"),
        (b"nobody", "nobody"),
        (b'"', '"'),
    ],
)
def test_people_who_cannot_be_read_have_no_text_that_looks_like_an_address(field: bytes, shown: str) -> None:
    for name in (b"From", b"To"):
        line = name + b": " + field + b"\r\n"
        row = summary_from_fetch(1, {FIELDS: line if name == b"From" else b"\r\n", TO: line})
        assert row.author is None
        assert (row.sender if name == b"From" else ", ".join(row.recipients)) == shown


def test_no_row_of_ten_thousand_hostile_headers_shows_an_address_that_nobody_parsed() -> None:
    unread = 0
    for uid, (fields, to) in enumerate(generated_headers(HEADERS, seed=39), 1):
        row = summary_from_header(uid, fields + to, size_bytes=1)
        unread += row.author is None and bool(row.sender)
        assert row.author is not None or not looks_like_address(row.sender), row
    assert unread
