"""A message on its way out: the same bytes in any pieces, in memory and in a file, and never in clear on a disk."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given, settings, strategies as st

from tests.support.like_ascii import LIKE_ASCII
from tests.support.servers.bridge import error_of, send
from tests.support.servers.lying_server import LyingServer
from tests.support.servers.mailboxes import ALICE, BOB, login_at
from webbridge import BridgeConfig
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.gateway import GatewayError, OutgoingMessage, submit_message
from webbridge.gateway.outgoing import MAX_HEADER_BYTES, MEMORY_BYTES
from webbridge.sending.header_check import check_header, leave_out_results

HEADER = b"From: alice@example.test\r\nSubject: x\r\n\r\n"
LARGE = HEADER + b"A line that is to be found nowhere.\r\n" * 60_000
PARTS = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"a", b"\0", b"\xe4", b"x" * 600, b"\r\n.\r\n"]), min_size=1
)


def is_fit(content: bytes) -> bool:
    """Whether every server in transit splits this into the same lines."""
    lines = content.split(b"\r\n")
    return not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)


@pytest.fixture
def config(config: BridgeConfig) -> BridgeConfig:
    """A bridge that takes messages larger than those that stay in memory."""
    return replace(config, max_message_bytes=2 * MEMORY_BYTES)


@contextmanager
def disk_of(room: int) -> Iterator[None]:
    """Let files grow only to this size during the block. A write takes the part that has room, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def in_pieces(content: bytes, sizes: list[int]) -> OutgoingMessage:
    message = OutgoingMessage(max_bytes=len(content))
    at = 0
    for size in [*sizes, len(content)]:
        message.write(content[at : at + size])
        at += size
    message.finish()
    return message


@given(PARTS, st.lists(st.integers(0, 700)))
def test_the_pieces_of_an_upload_change_nothing(parts: list[bytes], sizes: list[int]) -> None:
    content = b"".join(parts)
    if not is_fit(content):
        with pytest.raises(GatewayError):
            in_pieces(content, sizes)
        return
    message = in_pieces(content, sizes)
    whole = OutgoingMessage.of(content)
    assert b"".join(message.pieces()) == content
    for outgoing in (message, whole):
        assert outgoing.size_bytes == len(content)
        assert outgoing.is_ascii == content.isascii()
        assert outgoing.longest_line_bytes == max(map(len, content.split(b"\r\n")))
        assert outgoing.ends_with_line == content.endswith(b"\r\n")
        assert outgoing.header == (content[: content.find(b"\r\n\r\n") + 4] if b"\r\n\r\n" in content else content)
    assert message.digest == whole.digest


def test_a_large_message_is_read_as_often_as_needed_and_stands_on_no_disk_in_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert len(LARGE) > MEMORY_BYTES
    with OutgoingMessage.of(LARGE) as message:
        assert b"".join(message.pieces()) == b"".join(message.pieces()) == LARGE
        assert message.header == HEADER
        assert message._file is not None
        number = message._file.fileno()
        assert os.fstat(number).st_nlink == 0
        assert oct(os.fstat(number).st_mode & 0o777) == "0o600"
        on_disk = os.pread(number, len(LARGE), 0)
        assert len(on_disk) == len(LARGE)
        assert b"found nowhere" not in on_disk
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="closed"):
        next(message.pieces())


@settings(max_examples=20)
@example(len(LARGE) - 1, 64 * 1024)
@example(MEMORY_BYTES // 2, 64 * 1024)
@given(st.integers(0, len(LARGE) + 1), st.integers(8_000, 300_000))
def test_a_message_is_kept_whole_or_refused_wherever_the_disk_is_full(room: int, piece_bytes: int) -> None:
    with disk_of(room), OutgoingMessage(max_bytes=len(LARGE)) as message:
        try:
            for start in range(0, len(LARGE), piece_bytes):
                message.write(LARGE[start : start + piece_bytes])
        except OSError:
            assert room < len(LARGE)
        else:
            assert b"".join(message.pieces()) == LARGE


@pytest.mark.server
def test_a_message_that_finds_no_room_is_refused_and_not_sent(
    alice: FlaskClient, memory_server: MemoryMailServer
) -> None:
    large = LARGE[:MEMORY_BYTES] + b"A line\r\n" * 8
    with disk_of(len(large) - 10):
        answer = send(alice, large, BOB)
    assert error_of(answer) == (503, "try-later")
    assert answer.headers["Retry-After"]
    assert memory_server.messages(BOB) == []


def test_a_header_without_an_end_is_refused() -> None:
    with pytest.raises(GatewayError, match="header"):
        OutgoingMessage.of(b"X: y\r\n" * (MAX_HEADER_BYTES // 6 + 1))


FIELDS = st.lists(
    st.sampled_from(
        [
            b"From: alice@example.test",
            b"From : eve@x.test",
            b"from\t:eve@x.test",
            b"X:",
            b"X: y",
            b"Bcc: x@y.test",
            b" z",
            b"\tz",
            b" ",
            b"\t",
            b"",
            b"no field",
            b"From eve@x.test",
            b">From: x",
            b": x",
            b"\x0bFrom: eve@x.test",
            b"\xa0",
            "\uff26rom: eve@x.test".encode(),
            b"From\xa0: eve@x.test",
            b"\x0c",
            b"\x85From: eve@x.test",
            b"From(x): eve@x.test",
        ]
    ),
    max_size=6,
)


@settings(max_examples=400)
@example([b"", b"From: alice@example.test"])
@example([b"X: y", b"no field", b"From: alice@example.test"])
@example([b"X: y", b" ", b"From: alice@example.test"])
@given(FIELDS)
def test_every_server_reads_the_same_header_fields(lines: list[bytes]) -> None:
    message = OutgoingMessage.of(b"\r\n".join([*lines, b"", b"From: eve@x.test"]))
    try:
        check_header(message.header, ALICE)
    except GatewayError:
        return
    # The header ends at the first empty line, and a reader that ends it at the first line without a field agrees.
    end = lines.index(b"") if b"" in lines else len(lines)
    named = [line.partition(b":")[0].rstrip().lower() for line in lines[:end] if not line.startswith((b" ", b"\t"))]
    assert named.count(b"from") == 1
    read = message_from_bytes(message.header)
    assert [name.strip().lower() for name in read] == [name.decode("ascii") for name in named]
    assert (read.get_payload(), read.defects) == ("", [])


@pytest.mark.parametrize("colon", [" : ", "\t: "])
def test_no_field_has_a_blank_before_its_colon(colon: str) -> None:
    """Python's `email` reads no From there."""
    with pytest.raises(GatewayError):
        check_header(f"From{colon}{ALICE}\r\n\r\n".encode(), ALICE)


@pytest.mark.parametrize(
    "sender",
    ["ALICE@Example.TEST", "Alice <alice@example.test>", '"Alice, B" =?utf-8?q?C=C3=B6?=\r\n <alice@example.test>'],
)
def test_from_may_have_the_letters_of_the_account_in_any_case(sender: str) -> None:
    check_header(f"From: {sender}\r\n\r\n".encode(), ALICE)


@pytest.mark.parametrize(
    "sender",
    [
        "boss@bank.test <alice@example.test>",
        "alice@example.test, boss@bank.test",
        "Alice: alice@example.test;",
        "alice@example.test (boss@bank.test)",
        "<@relay.test:alice@example.test>",
        "<boss@bank.test> <alice@example.test>",
        '"alice"@example.test',
        "alice @ example.test",
        "\u00c4lice <alice@example.test>",
        "A. Lice <alice@example.test>",
        ", alice@example.test",
        "<alice@example.test> x",
    ],
)
def test_a_from_that_others_could_read_as_somebody_else_is_refused(sender: str) -> None:
    with pytest.raises(GatewayError, match="one field From"):
        check_header(f"From: {sender}\r\n\r\n".encode(), ALICE)


@pytest.mark.parametrize("name", ["Sender", "Resent-From", "Resent-Sender", "resent-from"])
def test_no_other_field_names_another_sender(name: str) -> None:
    header = b"From: alice@example.test\r\n%s: %s\r\n\r\n"
    check_header(header % (name.encode(), b"Alice <alice@example.test>"), ALICE)
    for sender in (b"boss@bank.test", b"alice@example.test, boss@bank.test", b"alice@example.test (x)", b""):
        with pytest.raises(GatewayError, match="names another sender"):
            check_header(header % (name.encode(), sender), ALICE)


IDS = frozenset({"mx.example.test"})


@pytest.mark.parametrize(
    ("results", "is_kept"),
    [
        (b"mx.example.test; spf=pass smtp.mailfrom=bank.test", False),
        (b"MX.Example.TEST 1; dkim=pass", False),
        (b'"mx.example.test"; none', False),
        (b"\r\n mx.example.test;\r\n\tdkim=pass", False),
        (b"(by us) mx.example.test; dkim=pass", False),
        (b"mx.example.test", False),
        (b"", False),
        (b"mx.other.test; dkim=pass", True),
        (b"mx.example.test.other.test; dkim=pass", True),
    ],
)
def test_results_of_the_operators_own_servers_are_left_out(results: bytes, *, is_kept: bool) -> None:
    field = b"Authentication-Results: " + results + b"\r\n"
    others = b"X: " + field + b"From: alice@example.test\r\n"
    header = others + field + b"authentication-results:mx.example.test;none\r\nSubject: x\r\n\r\n"
    assert leave_out_results(header, IDS) == others + (field if is_kept else b"") + b"Subject: x\r\n\r\n"
    assert leave_out_results(others + b"\r\n", IDS) == others + b"\r\n"


@pytest.mark.parametrize("body_bytes", [0, 1, 64 * 1024, 3 * MEMORY_BYTES])
def test_a_message_with_another_header_is_the_rest_of_the_same_one(body_bytes: int) -> None:
    results = b"Authentication-Results: mx.example.test; x\r\n"
    content = results + HEADER + b"y" * body_bytes
    with OutgoingMessage.of(content) as message:
        message.replace_header(leave_out_results(message.header, IDS))
        message.replace_header(leave_out_results(message.header, IDS))
        assert (message.header, message.size_bytes) == (HEADER, len(content) - len(results))
        assert b"".join(message.pieces()) == b"".join(message.pieces()) == content[len(results) :]


@pytest.mark.server
def test_no_message_brings_results_of_the_mail_server_along(
    alice: FlaskClient, memory_server: MemoryMailServer
) -> None:
    """`authserv_id` is not set, so the name of the mail server counts."""
    foreign = b"Authentication-Results: mx.other.test; spf=pass\r\n"
    own = b"Authentication-Results: %s; spf=pass\r\n" % memory_server.address.smtp.host.encode()
    answer = send(alice, own + foreign + HEADER + b"hello\r\n", BOB).json
    assert answer is not None
    assert answer["outcome"] == "sent"
    for message in (*memory_server.messages(BOB), *memory_server.messages(ALICE, answer["savedTo"])):
        assert message.raw.count(b"spf=pass") == 1
        assert message.raw.endswith(foreign + HEADER + b"hello\r\n")


def test_no_other_character_passes_for_a_letter_of_the_account() -> None:
    """Recipients, and the person who takes over a domain, tell alice@stra\u00dfe.test from alice@strasse.test."""
    for character, letters in LIKE_ASCII.items():
        for place in ("a%sb@example.test", "alice@a%sb.test"):
            with pytest.raises(GatewayError):
                check_header(f"From: {place % character}\r\n\r\n".encode(), place % letters)


WARD = "ward3@example.test"
FROM_WARD = b"From: Ward 3 <Ward3@Example.test>\r\n"


def test_a_shared_address_sends_what_names_the_account_as_its_sender() -> None:
    check_header(FROM_WARD + b"Sender: Alice <ALICE@example.test>\r\n\r\n", ALICE, shared_addresses=[WARD])


@pytest.mark.parametrize(
    "more",
    [
        b"",
        b"Sender: bob@example.test\r\n",
        b"Sender: alice@example.test, bob@example.test\r\n",
        b"Sender: alice@example.test\r\nSender: alice@example.test\r\n",
        b"Sender: Alice\r\n",
    ],
)
def test_a_shared_address_sends_nothing_without_the_person_who_sends_it(more: bytes) -> None:
    with pytest.raises(GatewayError, match="shared address"):
        check_header(FROM_WARD + more + b"\r\n", ALICE, shared_addresses=[WARD])


def test_no_other_address_is_shared() -> None:
    sender = b"Sender: alice@example.test\r\n\r\n"
    for named in (b"From: bob@example.test\r\n", "From: ward3@example.te\u017ft\r\n".encode()):
        with pytest.raises(GatewayError):
            check_header(named + sender, ALICE, shared_addresses=[WARD])
    with pytest.raises(GatewayError, match="another address"):
        check_header(FROM_WARD + sender, ALICE)


@pytest.mark.parametrize("name", [b"Bcc", b"BCC", b"Resent-Bcc"])
def test_no_field_names_hidden_recipients(name: bytes) -> None:
    with pytest.raises(GatewayError, match="hidden"):
        check_header(b"From: alice@example.test\r\n" + name + b": bob@example.test\r\n\r\n", ALICE)


@pytest.mark.server
@pytest.mark.parametrize("size", [1, 2, 3, 7, 64 * 1024])
def test_dots_are_doubled_wherever_pieces_end(smtp: LyingServer, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbridge.gateway.outgoing.PIECE_BYTES", size)
    content = HEADER + b".\r\n..\r\na.b\r\n.\r\n"
    submit_message(login_at(smtp.address(timeout_seconds=5.0)), OutgoingMessage.of(content), [BOB])
    assert smtp.messages == [content.replace(b"\n.", b"\n..")]
