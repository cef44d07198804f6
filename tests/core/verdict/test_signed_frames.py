"""A multipart/mixed between a clear signature and content that is signed, compressed or a forwarded mail."""

from __future__ import annotations

import io
import re
from typing import Final

import pytest
from hypothesis import given, settings, strategies as st

from smime_core import blocking, stream
from smime_core.blocking import run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.describe import describe_message
from smime_core.errors import MalformedMessage
from smime_core.mail.header_protection import HeaderScheme, ProtectionMode
from smime_core.message import compress_message, sign_entity
from smime_core.mime import find_signed_parts, parse_entity, parse_parts, split_message
from smime_core.report.report import LayerKind, MessageReport, State
from smime_core.trust.judging import Judging
from tests.support.people import MESSAGE, NOW, PROVIDER, TEXT, person, trust
from tools.fuzz.agreement import opinion_of
from tools.fuzz.targets import STREAMING

ALICE, BOB = person("alice"), person("bob")
HEAD: Final = MESSAGE.partition(b"MIME-Version")[0]
BOUNDARY: Final = re.compile(rb"sealwax-[0-9a-f]{32}")
FORWARDED: Final = HEAD + b"Content-Type: message/rfc822\r\n\r\n" + MESSAGE.replace(TEXT.encode(), b"hello")


def signing(form: SignatureForm = SignatureForm.DETACHED) -> Signing:
    return Signing(identities=[ALICE], signing_time=NOW, form=form)


def sign(mail: bytes, form: SignatureForm = SignatureForm.DETACHED, protection: ProtectionMode | None = None) -> bytes:
    return blocking.sign_message(mail, signing(form), PROVIDER, protection)


def signed_part(mail: bytes) -> bytes:
    return bytes(find_signed_parts(parse_entity(mail)).content)


def examine(mail: bytes) -> MessageReport:
    judging, keys = Judging(trust_store=trust(), at=NOW), Keys(identities=[BOB])
    report = blocking.examine_message(mail, judging, PROVIDER, keys)
    target = io.BytesIO()
    streamed = stream.examine_file(io.BytesIO(mail), judging, STREAMING, keys)
    stream.copy_content(streamed, target)
    assert opinion_of(streamed.report, target.getvalue()) == opinion_of(report, report.content)
    return report


FRAMED: Final = {
    "compressed": compress_message(MESSAGE),
    "signed opaquely": sign(MESSAGE, SignatureForm.OPAQUE),
    "signed in clear": sign(MESSAGE),
    "a forwarded mail": FORWARDED,
}
NOT_FRAMED: Final = {
    "text": MESSAGE,
    "encrypted": blocking.encrypt_message(MESSAGE, Encrypting(recipients=[BOB.certificate]), PROVIDER),
    "a wrapped message": FORWARDED.replace(b"message/rfc822", b"message/rfc822; forwarded=no"),
}


@pytest.mark.parametrize("name", FRAMED)
def test_such_content_is_inside_a_multipart_mixed(name: str) -> None:
    frame = parse_entity(signed_part(sign(FRAMED[name])))
    (part,) = parse_parts(frame)
    assert frame.content_type.media_type == "multipart/mixed"
    assert bytes(part.encoded) == split_message(FRAMED[name])[1]


@pytest.mark.parametrize("name", NOT_FRAMED)
def test_other_content_is_directly_inside_the_signature(name: str) -> None:
    assert parse_entity(signed_part(sign(NOT_FRAMED[name]))).content_type.media_type != "multipart/mixed"


@pytest.mark.parametrize("name", FRAMED)
def test_an_opaque_signature_needs_no_frame(name: str) -> None:
    report = examine(sign(FRAMED[name], SignatureForm.OPAQUE))
    assert report.layers[0].kind is LayerKind.SIGNED
    assert b"multipart/mixed" not in report.content


@pytest.mark.parametrize("protection", [None, ProtectionMode.CLEAR])
@pytest.mark.parametrize("name", [*FRAMED, *NOT_FRAMED])
def test_streams_write_what_memory_writes(name: str, protection: ProtectionMode | None) -> None:
    mail, target = {**FRAMED, **NOT_FRAMED}[name], io.BytesIO()
    try:
        in_memory = sign(mail, protection=protection)
    except MalformedMessage as error:
        with pytest.raises(MalformedMessage, match=re.escape(str(error))):
            stream.sign_mail_file(io.BytesIO(mail), target, signing(), STREAMING, protection)
        return
    stream.sign_mail_file(io.BytesIO(mail), target, signing(), STREAMING, protection)
    streamed = target.getvalue()
    assert BOUNDARY.sub(b"=B", signed_part(streamed)) == BOUNDARY.sub(b"=B", signed_part(in_memory))


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("compressed", [LayerKind.SIGNED, LayerKind.COMPRESSED]),
        ("signed opaquely", [LayerKind.SIGNED, LayerKind.SIGNED]),
        ("signed in clear", [LayerKind.SIGNED, LayerKind.SIGNED]),
    ],
)
def test_what_is_framed_is_opened_and_shown_as_part_of_the_whole(name: str, kinds: list[LayerKind]) -> None:
    mail = sign(FRAMED[name])
    report = examine(mail)
    assert (report.state, report.reasons[1:]) == (State.VERIFIED, ())
    assert [(layer.kind, layer.covers_whole) for layer in report.layers] == [(kind, True) for kind in kinds]
    assert b"=C3=BC" in report.content
    assert [layer.kind for layer in describe_message(mail).layers] == kinds


def test_a_forwarded_mail_stays_one_and_keeps_its_senders_apart() -> None:
    report = examine(sign(FORWARDED.replace(b"hello", b"hi"), protection=ProtectionMode.CLEAR))
    assert (report.state, report.header_scheme) == (State.VERIFIED, HeaderScheme.CLEAR)
    assert b"message/rfc822" in report.content


_BEFORE, _INNER = FORWARDED.split(b"rfc822")
FROM_CAROL: Final = _BEFORE + b"rfc822" + re.sub(rb"(?m)^From:[^\r\n]*", b"From: Carol <carol@example.test>", _INNER)
HANDLED: Final = {
    "signed in clear": sign(FROM_CAROL),
    "signed opaquely": sign(FROM_CAROL, SignatureForm.OPAQUE),
    "signed, header fields too": sign(FROM_CAROL, SignatureForm.OPAQUE, ProtectionMode.CLEAR),
    "compressed and signed": sign(compress_message(FROM_CAROL)),
    "compressed and signed opaquely": sign(compress_message(FROM_CAROL), SignatureForm.OPAQUE),
    "signed and encrypted": blocking.encrypt_message(
        sign(FROM_CAROL, SignatureForm.OPAQUE), Encrypting(recipients=[BOB.certificate]), PROVIDER
    ),
}


@pytest.mark.parametrize("name", HANDLED)
def test_a_mail_of_somebody_else_that_is_sent_on_as_the_whole_text_is_no_letter_of_theirs(name: str) -> None:
    assert FROM_CAROL.count(b"carol@") == 1
    report = examine(HANDLED[name])
    assert (report.state, report.reasons[1:]) == (State.VERIFIED, ())
    assert b"carol@example.test" in report.content


def test_an_encrypted_mail_of_somebody_else_is_no_letter_of_theirs() -> None:
    report = examine(blocking.encrypt_message(FROM_CAROL, Encrypting(recipients=[BOB.certificate]), PROVIDER))
    assert (report.state, [reason.code for reason in report.reasons]) == (State.ENCRYPTED_ONLY, [])


def test_a_frame_around_compressed_content_is_passed_when_it_was_encrypted_around() -> None:
    mail = blocking.encrypt_message(sign(FRAMED["compressed"]), Encrypting(recipients=[BOB.certificate]), PROVIDER)
    assert examine(mail).state is State.VERIFIED


def test_a_frame_outside_a_signature_lifts_nothing() -> None:
    part = FRAMED["signed opaquely"].partition(HEAD)[2]
    frame = b"Content-Type: multipart/mixed; boundary=M\r\n\r\n--M\r\n" + part + b"\r\n--M--\r\n"
    report = examine(HEAD + frame)
    assert report.state is State.PLAIN


@pytest.mark.parametrize("more", [b"\r\n--M\r\n\r\nmore", b"\r\n--M\r\nContent-Type: text/plain\r\n\r\nmore"])
def test_a_part_beside_others_is_judged_by_itself(more: bytes) -> None:
    part = FRAMED["signed opaquely"].partition(HEAD)[2]
    frame = b"Content-Type: multipart/mixed; boundary=M\r\n\r\n--M\r\n" + part + more + b"\r\n--M--\r\n"
    report = examine(HEAD + run(sign_entity(frame, signing(), PROVIDER)))
    assert [layer.covers_whole for layer in report.layers] == [True, False]


def test_a_forged_signature_in_a_frame_makes_the_whole_invalid() -> None:
    part = FRAMED["signed in clear"].partition(HEAD)[2].replace(b"=C3=BC", b"=C3=9C")
    frame = b"Content-Type: multipart/mixed; boundary=M\r\n\r\n--M\r\n" + part + b"\r\n--M--\r\n"
    assert examine(HEAD + run(sign_entity(frame, signing(), PROVIDER))).state is State.INVALID


PIECES: Final = st.sampled_from(
    [b"", b"\r\n", b"\n", b"--M", b"--M--", b"--M\r\n", b"\r\n--M\r\n", b"\r\n--M--\r\n", b"x", b"--Mx", b"PART"]
)


@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(PIECES, max_size=9))
def test_memory_and_streams_see_the_same_frames(pieces: list[bytes]) -> None:
    part = FRAMED["compressed"].partition(HEAD)[2]
    body = b"".join(part if piece == b"PART" else piece for piece in pieces)
    frame = b"Content-Type: multipart/mixed; boundary=M\r\n\r\n" + body
    examine(HEAD + run(sign_entity(frame, signing(SignatureForm.OPAQUE), PROVIDER)))
