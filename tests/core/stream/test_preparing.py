"""A mail of any size is prepared as memory prepares it: the same bytes, whatever is in it and wherever blocks end."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Final

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from smime_core import SignatureForm, State, blocking, limits, stream
from smime_core.blocking import run
from smime_core.cms import Encrypting, Keys, Signing
from smime_core.errors import LimitExceeded, MalformedMessage, SmimeError
from smime_core.mail import ProtectionMode
from smime_core.mime import (
    Entity,
    Preparation,
    decode_body,
    parse_entity,
    parse_parts,
    piecewise,
    prepare,
    split_message,
    to_crlf,
)
from smime_core.mime.changes import Change
from smime_core.mime.preparation_scan import PreparationScan
from smime_core.mime.seven_bit import is_transport_safe
from smime_core.mime.transfer import decode_quoted_printable, encode_base64, encode_quoted_printable
from smime_core.stream import octets as octets_module
from smime_core.stream.mail_writing import split_mail
from smime_core.stream.octets import MemoryOctets, Transform, read_head
from smime_core.trust.judging import Judging
from tests.support.people import NOW, person, trust
from tests.support.streamed_mail import PROVIDER
from tests.support.unfit_mails import UNFIT_LEAVES, unfit_mail

SAFE = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
BLOCKS = st.sampled_from([1, 2, 3, 7, 64, 1_000])
BOUNDARIES: Final = (b"a", b"b", b"a--", b"ab")
LINES: Final = (
    b"", b"plain", b"-- ", b"flowed ", b"tab\t", b"From x", b">From x", b".", b"Gr\xc3\xbc\xc3\x9fe", b"nul\0", b"-",
    b"--", b"x" * 998, b"x" * 999, b"QUJD", b"=C3=BC =", b"a=00", b"=", b"Subject: x", b"--a ", b"--b", b"--a--",
    b"--ab-", b"Content-Type: text/html", b"begin 644 x", b"#86)C",
)  # fmt: skip
LINE_ENDS: Final = (b"\r\n", b"\n", b"\r")
ENCODINGS: Final = (b"", b"7bit", b"8bit", b"binary", b"base64", b"quoted-printable", b"x-uuencode", b"x-unheard-of")
TYPES: Final = (
    b"", b"text/plain", b"text/html", b"image/png", b"application/octet-stream", b"message/rfc822", b"message/global",
    b"application/pkcs7-mime", b"message/delivery-status",
)  # fmt: skip


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """Lines of every kind, each with a line end of its own or all with the same."""
    ends = st.just(draw(st.sampled_from(LINE_ENDS[:2]))) if draw(st.booleans()) else st.sampled_from(LINE_ENDS)
    lines = draw(st.lists(st.sampled_from(LINES), max_size=6))
    return b"".join(line + draw(ends) for line in lines) + draw(st.sampled_from((b"", b"", b"end", b" ", b"\r")))


@st.composite
def entities(draw: st.DrawFn, depth: int = 0) -> bytes:
    """Entities of every shape: nested multiparts without their end, embedded messages, text without a header."""
    end = draw(st.sampled_from(LINE_ENDS[:2]))
    fields = [draw(st.sampled_from((b"", b"", b"", b"From x", b"X-Note: \xc3\xa4 "))), b""]
    if draw(st.integers(0, 7)) == 0:
        return draw(texts())
    if encoding := draw(st.sampled_from(ENCODINGS)):
        fields.insert(1, b"Content-Transfer-Encoding: " + encoding)
    if depth < 3 and draw(st.integers(0, 1)):
        boundary = draw(st.sampled_from(BOUNDARIES))
        kind = draw(st.sampled_from((b"mixed", b"mixed", b"signed", b"digest", b"encrypted")))
        fields.insert(1, b"Content-Type: multipart/" + kind + b"; boundary=" + boundary)
        parts = draw(st.lists(entities(depth + 1), max_size=3))
        between = st.sampled_from((end, end, end, b"\r", b" " + end, b""))
        body = draw(st.sampled_from((b"", b"", b"preamble " + end, b"preamble" + end)))
        body += b"".join(b"--" + boundary + draw(between) + part + end for part in parts)
        body += draw(st.sampled_from((b"--" + boundary + b"--" + end, b"--" + boundary + b"--", b"", b"--" + boundary)))
    else:
        if kind := draw(st.sampled_from(TYPES)):
            fields.insert(1, b"Content-Type: " + kind)
        is_message = kind.startswith(b"message/") and depth < 3
        body = draw(entities(depth + 1)) if is_message else draw(texts())
    head = end.join(field for field in fields if field) + end
    entity: bytes = head + draw(st.sampled_from((end, end, end, b""))) + body
    return entity


def streamed(message: bytes, preparation: Preparation, block_bytes: int) -> tuple[bytes, bytes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(octets_module, "BLOCK_BYTES", block_bytes)
        outer, entity = run(split_mail(MemoryOctets(message), preparation))
        return outer, run(read_head(entity, 10_000_000))


def outcome(split: Callable[[], tuple[bytes, bytes]]) -> tuple[bytes, bytes] | str:
    try:
        return split()
    except SmimeError as error:
        return error.code


@SAFE
@given(entities(), st.sampled_from(list(Preparation)), BLOCKS)
@example(unfit_mail(*UNFIT_LEAVES.values()), Preparation.SEVEN_BIT, 64)
@example(unfit_mail(*UNFIT_LEAVES.values()), Preparation.CANONICAL, 64)
def test_any_mail_is_prepared_in_a_stream_as_in_memory(
    entity: bytes, preparation: Preparation, block_bytes: int
) -> None:
    message = b"From: alice@example.test\nSubject: x\n" + entity
    expected = outcome(lambda: split_message(message, preparation))
    assert outcome(lambda: streamed(message, preparation, block_bytes)) == expected


@SAFE
@given(entities(), BLOCKS)
def test_the_changes_do_not_depend_on_where_blocks_end(entity: bytes, block_bytes: int) -> None:
    for preparation in Preparation:
        whole, in_blocks = PreparationScan(preparation), PreparationScan(preparation)
        whole.feed(entity)
        for start in range(0, len(entity), block_bytes):
            in_blocks.feed(entity[start : start + block_bytes])
        segments = whole.finish()
        assert in_blocks.finish() == segments
        # The segments are the whole entity, each byte once.
        assert [segment.start for segment in segments] == [0, *(part.end for part in segments[:-1])][: len(segments)]
        assert (segments[-1].end if segments else 0) == len(entity)


@SAFE
@given(entities())
def test_what_is_prepared_needs_no_change(entity: bytes) -> None:
    canonical = prepare(entity, Preparation.CANONICAL)
    assert prepare(canonical, Preparation.CANONICAL) == canonical
    with_type = b"Content-Type: multipart/mixed; boundary=outermost\r\n\r\n--outermost\r\n" + entity
    fit = prepare(with_type, Preparation.SEVEN_BIT)
    assert prepare(fit, Preparation.SEVEN_BIT) == fit


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("name", UNFIT_LEAVES)
def test_only_the_leaf_that_needs_it_is_encoded_anew(name: str, line_end: bytes) -> None:
    fit = b"Content-Type: text/plain\n\nfit"
    message = unfit_mail(fit, UNFIT_LEAVES[name], line_end=line_end)
    _, entity = streamed(message, Preparation.SEVEN_BIT, 64)
    assert is_transport_safe(entity)
    first, changed, attachment = parse_parts(parse_entity(entity))
    before = parse_parts(parse_entity(message))
    assert bytes(first.encoded) == to_crlf(fit)
    assert bytes(attachment.encoded) == to_crlf(before[2].encoded)
    is_binary = name == "binary file"
    assert said(changed, is_binary=is_binary) == said(before[1], is_binary=is_binary)


@pytest.mark.parametrize("name", UNFIT_LEAVES)
def test_inside_encryption_only_line_ends_change(name: str) -> None:
    message = unfit_mail(UNFIT_LEAVES[name])
    _, entity = streamed(message, Preparation.CANONICAL, 64)
    (changed, _), (before, _) = parse_parts(parse_entity(entity)), parse_parts(parse_entity(message))
    is_binary = name == "binary file"
    assert bytes(changed.body) == (bytes(before.body) if is_binary else to_crlf(before.body))
    assert bytes(changed.headers.raw) == to_crlf(before.headers.raw)


@pytest.mark.parametrize("name", UNFIT_LEAVES)
@pytest.mark.parametrize("preparation", list(Preparation))
def test_a_signed_mail_is_not_touched(name: str, preparation: Preparation) -> None:
    head, blank, body = UNFIT_LEAVES[name].partition(b"\n\n")
    leaf = to_crlf(head + blank) + (body if name == "binary file" else to_crlf(body))
    signature = b"Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\nMAA=\r\n"
    parts = b"--s\r\n" + leaf + b"\r\n--s\r\n" + signature + b"--s--\r\n"
    inner = b"Content-Type: multipart/signed; boundary=s \r\n\r\n" + parts
    assert streamed(b"Subject: x\n" + inner, preparation, 64)[1] == inner
    wrapped = unfit_mail(UNFIT_LEAVES["flowed"], inner)
    assert inner in streamed(wrapped, preparation, 64)[1]


def test_a_part_without_a_type_in_a_digest_stays_a_message() -> None:
    digest = b"Content-Type: multipart/digest; boundary=d\n\n--d\n\nFrom: bob@example.test\n\nHi \n--d--\n"
    (part,) = parse_parts(parse_entity(streamed(digest, Preparation.SEVEN_BIT, 64)[1]))
    assert part.content_type.media_type == "message/rfc822"
    assert part.transfer_encoding == "7bit"
    assert said(parse_entity(part.body)) == b"Hi "


def test_text_beyond_ascii_without_fields_of_mime_says_so() -> None:
    for preparation, encoding in ((Preparation.CANONICAL, "8bit"), (Preparation.SEVEN_BIT, "quoted-printable")):
        entity = parse_entity(streamed("Subject: x\n\nGrüße\n".encode(), preparation, 3)[1])
        assert entity.content_type.parameters == {"charset": "utf-8"}
        assert entity.transfer_encoding == encoding
        assert said(entity) == "Grüße\r\n".encode()


def test_a_long_text_becomes_base64_which_is_made_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b"flowed \r\n" * 10
    monkeypatch.setattr("smime_core.mime.preparation_scan._MOST_QUOTED_BYTES", len(body))
    for text, expected in ((body, "quoted-printable"), (body + b"\r\n", "base64")):
        head = b"Content-Type: text/plain; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        mail, entity = split_message(head + text)[1], streamed(head + text, Preparation.SEVEN_BIT, 7)[1]
        assert prepare(mail, Preparation.SEVEN_BIT) == entity
        assert (parse_entity(entity).transfer_encoding, said(parse_entity(entity))) == (expected, text)


@pytest.mark.parametrize("kind", ["depth", "parts of a multipart", "parts of a message", "header section"])
def test_a_mail_beyond_the_limits_is_refused_by_both(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smime_core.mime.preparation_scan.MAX_MESSAGE_PARTS", 2_000)
    message = _beyond(kind)
    with pytest.raises(LimitExceeded, match=kind):
        split_message(message)
    with pytest.raises(LimitExceeded, match=kind):
        streamed(message, Preparation.SEVEN_BIT, 1_000)


def _beyond(kind: str) -> bytes:
    part = b"--Q\n\nx \n"
    if kind == "depth":
        part = b"\nx "
        for level in range(limits.MAX_MIME_DEPTH + 1):
            part = b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n%b\n--%d--\n" % (level, level, part, level)
    elif kind == "parts of a multipart":
        return b"Content-Type: multipart/mixed; boundary=Q\n\n" + part * (limits.MAX_MIME_PARTS + 2) + b"--Q--"
    elif kind == "parts of a message":
        inner = b"Content-Type: multipart/mixed; boundary=Q\n\n" + part * 900 + b"--Q--\n"
        return b"Content-Type: multipart/mixed; boundary=R\n\n" + (b"--R\n" + inner) * 3 + b"--R--"
    else:
        part = b"--Q\nX: " + b"x" * limits.MAX_HEADER_BYTES + b"\n\nx\n"
    return b"Content-Type: multipart/mixed; boundary=Q\n\n--Q\n" + part + b"\n--Q--\n"


def test_damaged_base64_of_cms_is_refused_before_anything_is_written() -> None:
    head = b"From: alice@example.test\nContent-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n"
    target = io.BytesIO()
    for form in SignatureForm:
        signing = Signing(identities=[person("alice")], signing_time=NOW, form=form)
        with pytest.raises(MalformedMessage, match="base64"):
            stream.sign_mail_file(io.BytesIO(head + b"MIII!*" * 400), target, signing, PROVIDER)
    assert not target.getvalue()


class Repeated:
    """A head, a piece many times, and an end, which never are in memory together."""

    def __init__(self, head: bytes, piece: bytes, count: int, end: bytes = b"") -> None:
        self._pieces = (head, *([piece] * count), end)

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        for piece in self._pieces:
            if start < len(piece):
                yield memoryview(piece)[start:]
            start = max(start - len(piece), 0)

    async def length(self) -> int:
        return sum(map(len, self._pieces))


@pytest.mark.parametrize("encoding", [b"8bit", b"quoted-printable", b"base64", b"binary"])
@pytest.mark.parametrize("kind", [b"text/plain", b"application/octet-stream"])
def test_a_mail_that_is_one_line_takes_constant_memory(kind: bytes, encoding: bytes) -> None:
    head = b"Subject: x\nContent-Type: " + kind + b"\nContent-Transfer-Encoding: " + encoding + b"\n\n"
    size = 0

    async def measure(source: Repeated) -> int:
        nonlocal size
        _, entity = await split_mail(source, Preparation.SEVEN_BIT)
        size = sum([len(block) async for block in entity.blocks()])
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        peak = run(measure(Repeated(head, b"one line " * 14_563, 400)))
    finally:
        tracemalloc.stop()
    assert size > 30_000_000
    assert peak < 10_000_000


def test_kept_parts_take_no_memory() -> None:
    scan = PreparationScan(Preparation.SEVEN_BIT)
    scan.feed(b"Content-Type: multipart/mixed; boundary=Q\r\n\r\n")
    for _ in range(900):
        scan.feed(b"--Q\r\nContent-Type: text/plain\r\n\r\nfit\r\n")
    scan.feed(b"--Q\r\nContent-Type: text/plain\r\n\r\nunfit \r\n--Q--\r\n")
    assert [segment.change for segment in scan.finish()] == [
        Change.HEAD, Change.KEEP, Change.HEAD, Change.QUOTED_PRINTABLE, Change.KEEP,
    ]  # fmt: skip


PIECES: Final = st.lists(
    st.sampled_from(
        [b"a", b" ", b"\t", b"=", b"\xc3", b".", b"From ", b"\n", b"x" * 30, b"=\r\n", b"=41", b"=4", b"\r"]
    ),
    max_size=120,
).map(b"".join)
LONG_PIECES: Final = PIECES.map(lambda data: (data.translate(None, b"\r\n") or b"-") * 12)


def in_pieces(transform: Transform, data: bytes, size: int) -> bytes:
    pieces = [transform.feed(data[start : start + size]) for start in range(0, len(data), size)]
    return b"".join([*pieces, transform.finish()])


@SAFE
@given(PIECES | LONG_PIECES, st.sampled_from([1, 3, 50, 700]))
def test_transfer_encodings_in_pieces_are_those_of_the_whole(data: bytes, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(piecewise, "_LONG_LINE_BYTES", 1_500)
        patch.setattr(piecewise, "_BASE64_LINES_BYTES", 57)
        assert in_pieces(piecewise.QuotedPrintableEncoder(), data, size) == encode_quoted_printable(data)
        assert in_pieces(piecewise.Base64Encoder(), data, size) == encode_base64(data)
        lines = to_crlf(data)
        assert in_pieces(piecewise.QuotedPrintableDecoder(), lines, size) == decode_quoted_printable(lines)


@pytest.mark.parametrize("name", UNFIT_LEAVES)
@pytest.mark.parametrize("form", list(SignatureForm))
def test_a_stream_signs_and_encrypts_what_memory_does(name: str, form: SignatureForm) -> None:
    message = unfit_mail(UNFIT_LEAVES[name])
    signing = Signing(identities=[person("alice")], signing_time=NOW, form=form)
    signed, encrypted = io.BytesIO(), io.BytesIO()
    stream.sign_mail_file(io.BytesIO(message), signed, signing, PROVIDER, ProtectionMode.CLEAR)
    encrypting = Encrypting(recipients=[person("bob").certificate])
    stream.encrypt_mail_file(io.BytesIO(signed.getvalue()), encrypted, encrypting, PROVIDER)
    keys, judging = Keys(identities=[person("bob")]), Judging(trust_store=trust(), at=NOW)
    report = blocking.examine_message(encrypted.getvalue(), judging, PROVIDER, keys)
    assert report.state is State.VERIFIED, report.reasons
    in_memory = blocking.sign_message(message, signing, PROVIDER, ProtectionMode.CLEAR)
    assert blocking.examine_message(in_memory, judging, PROVIDER).content == report.content


def said(entity: Entity, *, is_binary: bool = False) -> bytes:
    """The bytes of a leaf or of the message inside, without their encoding, and with CRLF unless they are octets."""
    if entity.content_type.media_type == "message/rfc822":
        return said(parse_entity(entity.body))
    decoded = bytes(decode_body(entity))
    return decoded if is_binary else to_crlf(decoded)
