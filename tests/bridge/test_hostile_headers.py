"""Headers by strangers: whatever they contain, each message has a row in the list and can be read, at little cost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings, strategies as st

from tests.support.servers.bridge import bridge_before, folder_path, get, sign_in
from tests.support.servers.lying_server import IMAP, LyingServer
from tools.fuzz.token_growth import Case, judge
from webbridge.gateway import summary
from webbridge.gateway.summary import (
    HEADER_PART_BYTES,
    RECIPIENTS_PART_BYTES,
    SUMMARY_ITEMS,
    HeaderProblem,
    MessageSummary,
    summary_from_fetch,
)

pytestmark = pytest.mark.server

FIELDS = b"BODY[HEADER.FIELDS (FROM SUBJECT DATE CONTENT-TYPE)]<0>"
TO = b"BODY[HEADER.FIELDS (TO)]<0>"
TOKENS = [
    *(b";", b"=", b"(", b")", b"\\", b'"', b"<", b">", b",", b":", b"@", b" ", b"\t", b"*", b"'", b"%", b"[", b"]"),
    *(b"=?", b"?=", b"=?utf-8?q?", b"=?utf-8?b?YQ==?=", b"=?utf-8?b?YQ==?= ", b"=?x?q?=FF?=", b"=?utf-8?q?=0D=0A?="),
    *(b"a", b"1", b"\x00", b"\xff", b"\xc3\xa4", b"%41", b"a*0*=utf-8''x;", b"a*99999=x;", b"a*1=x;", b"a@b,", b"g:;"),
    *(b"\r\n ", b"\r\n\t", b"\n ", b"\r", b"application/pkcs7-mime;", b"99999999999999999999", b"Mon, 1 Jan 0000 "),
]
NAMES = [b"From", b"To", b"Subject", b"Date", b"Content-Type", b"from", b"X"]
texts = st.lists(st.sampled_from(TOKENS) | st.binary(max_size=4), max_size=60).map(b"".join)
headers = st.lists(st.tuples(st.sampled_from(NAMES), texts), max_size=8).map(
    lambda fields: b"".join(name + b": " + text + b"\r\n" for name, text in fields)
) | st.binary(max_size=200)


@pytest.fixture(scope="module")
def server(tls_folder: Path) -> Iterator[LyingServer]:
    with LyingServer(IMAP, tls_folder=tls_folder) as server:
        yield server


@pytest.fixture(scope="module")
def alice(server: LyingServer) -> Iterator[FlaskClient]:
    with bridge_before(server.address()) as browser:
        assert sign_in(browser).status_code == 200
        yield browser


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=headers, second=headers, to=headers)
@example(
    first=b"Content-Type: a/b; x*0*=utf-8''a; x*=b; x*0=c; x*1*=%\r\n", second=b"From: (((((\r\n", to=b"To: g:;;\r\n"
)
@example(first=b"From: g: a@b, c@d;\r\n", second=b"Subject: =?utf-16?b?/w==?=\r\n", to=b"To: " + b"(" * 1000 + b"\r\n")
@example(first=b"Date: Mon, 99 Jan 99999 25:61:61 +9999\r\n", second=b"", to=b"\x00")
def test_every_message_has_a_row_and_can_be_opened(
    server: LyingServer, alice: FlaskClient, first: bytes, second: bytes, to: bytes
) -> None:
    rows = [
        b"* %d FETCH (UID %d %b)\r\n" % (n, uid, items(header, to))
        for n, uid, header in ((1, 5, first), (2, 7, second))
    ]
    server.answers["UID FETCH"] = [b"".join(rows) + b"TAG OK\r\n"]
    response = get(alice, f"{folder_path(alice)}/messages")
    assert response.status_code == 200
    messages = response.get_json()["messages"]
    assert [message["uid"] for message in messages] == [7, 5]
    for message in messages:
        assert message["problem"] in (None, *HeaderProblem)
        for name in ("from", "to", "subject"):
            assert not set(message[name]) & set(map(chr, [*range(32), 127]))
    for uid in (5, 7):
        server.answers["UID FETCH"] = [b"* 1 FETCH (UID %d BODY[] {%d}\r\n%b)\r\nTAG OK\r\n" % (uid, len(first), first)]
        assert get(alice, f"{folder_path(alice)}/9/{uid}/raw").data == first


def items(header: bytes, to: bytes) -> bytes:
    return b"RFC822.SIZE 9 FLAGS () %b {%d}\r\n%b %b {%d}\r\n%b" % (FIELDS, len(header), header, TO, len(to), to)


def row(header: bytes, to: bytes = b"") -> MessageSummary:
    return summary_from_fetch(1, {FIELDS: header, TO: to})


def test_at_most_16_kilobytes_of_a_header_are_asked_for_and_read() -> None:
    assert b"<0.%d>" % HEADER_PART_BYTES in SUMMARY_ITEMS
    assert b"<0.%d>" % RECIPIENTS_PART_BYTES in SUMMARY_ITEMS
    assert HEADER_PART_BYTES + RECIPIENTS_PART_BYTES <= 16 * 1024
    filler = b"Subject: x\r\nX-Filler: " + b"y" * HEADER_PART_BYTES
    late = row(filler + b"\r\nFrom: late@example.test\r\nDate: never\r\n\r\n")
    assert (late.subject, late.sender, late.problem) == ("x", "", HeaderProblem.TOO_LONG)


def test_a_header_that_is_too_long_says_so_and_shows_no_half_of_an_address() -> None:
    filler = b"Subject: x\r\nX-Filler: " + b"y" * (HEADER_PART_BYTES - 45)
    cut = row(filler + b"\r\nFrom: somebody@example.test.of.another.domain\r\n\r\n")
    assert cut.problem is HeaderProblem.TOO_LONG
    assert (cut.sender, cut.subject) == ("", "x")
    many = row(b"From: a@example.test\r\n", b"To: " + b"bob@example.test, " * 1000)
    assert set(many.recipients) == {"bob@example.test", "…"}
    assert many.problem is None


@pytest.mark.parametrize("header", [b"From: (((\r\n", b"From: \xff\xfe\r\n", b"From: nobody\r\n", b'From: "\r\n'])
def test_a_sender_that_cannot_be_read_is_named_so(header: bytes) -> None:
    assert row(header).problem is HeaderProblem.UNREADABLE


@pytest.mark.parametrize(
    "sender", [b"boss@bank.test <a@b.test>", b"G: a@b.test;", b"a@b.test (c@d.test)", b"a@b.test\r\nFrom: c@d.test"]
)
def test_a_sender_that_programs_may_read_differently_is_named_so(sender: bytes) -> None:
    assert row(b"From: " + sender + b"\r\n").problem is HeaderProblem.SENDER_UNCLEAR
    assert row(b"From: Jane (at work) <a@b.test>, c@d.test\r\n").problem is None


@pytest.mark.parametrize(
    "header",
    [
        b"From: a@b.test\r\nSubject: s\rFrom: c@d.test\r\n",
        b"From: \ra@b.test\r\n",
        b"From : a@b.test\r\n",
        b"Subject: s\r\nX Y: 1\r\nFrom: a@b.test\r\n",
    ],
)
def test_a_sender_that_not_every_program_finds_is_named_so(header: bytes) -> None:
    assert row(header).problem is HeaderProblem.SENDER_UNCLEAR


def test_the_line_before_a_message_in_an_mbox_file_hides_no_sender() -> None:
    assert row(b"From a@b.test Mon Nov  2 10:00:00 2026\r\nFrom: a@b.test\r\n").problem is None


@pytest.mark.parametrize(
    "header", [b"\r\n", b"Subject: a draft\r\n", b"From: Bo <b@c.test>\r\n", b"From: b@c, d@e\r\n"]
)
def test_a_header_that_can_be_read_has_no_problem(header: bytes) -> None:
    assert row(header).problem is None


def test_a_row_costs_in_proportion_to_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row reads only small parts of a header. Here the parts are large, so that a quadratic step would show."""
    monkeypatch.setattr(summary, "HEADER_PART_BYTES", 10**6)
    monkeypatch.setattr(summary, "RECIPIENTS_PART_BYTES", 10**6)
    monkeypatch.setattr(summary, "MAX_ADDRESSES_CHARACTERS", 10**6)
    for name in ("From", "To", "Subject", "Content-Type"):
        for token in TOKENS[:36]:
            assert not judge(Case("rows", name, "row", token))
