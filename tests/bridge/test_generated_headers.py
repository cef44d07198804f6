"""10,000 generated headers through the reader of rows: each gives a row."""

from __future__ import annotations

from smime_core.mime import Mailbox
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
