"""Detached signatures over the same text with other line ends: they count for text, and the signed bytes are shown."""

from __future__ import annotations

import io
import itertools
import shutil
import subprocess
from pathlib import Path

import pytest
from asn1crypto import pem
from hypothesis import given, strategies as st

from smime_core import SignatureForm, blocking, stream
from smime_core.cms.signing import AttributesForm, SignerOptions, Signing
from smime_core.mime.line_ends import LineEnds, OneLessLineEnd, OneMoreLineEnd
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report.report import State
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, anchor, person, trust

JUDGING = Judging(trust_store=trust(), at=NOW)
STREAMING = NativeStreamingProvider()
ALICE = "alice@example.test"
LINES = (b"Dear Bob,", b"", b"we meet at eight.", b"")
LF, CRLF = b"\n".join(LINES), b"\r\n".join(LINES)
HEADED = b"Content-Type: text/plain\r\n\r\n" + CRLF
VERIFIED, UNVERIFIED, INVALID = State.VERIFIED, State.SIGNED_UNVERIFIED, State.INVALID
NOTE, DOUBT, FORGERY = "signed-with-other-line-ends", "signed-other-bytes", "message-digest-mismatch"


def sign(content: bytes, *, attributes: AttributesForm = AttributesForm.STANDARD) -> bytes:
    signing = Signing(
        identities=[person("alice")],
        signing_time=NOW,
        form=SignatureForm.DETACHED,
        options=SignerOptions(attributes=attributes),
    )
    return blocking.sign_bytes(content, signing, provider=PROVIDER)


def opinion(cms: bytes, content: bytes | None = None) -> tuple[State, str, bytes]:
    """State, first reason and content, by which memory and stream agree."""
    report = blocking.examine_message(cms, JUDGING, provider=PROVIDER, sender=ALICE, detached_content=content)
    given_apart = None if content is None else io.BytesIO(content)
    streamed = stream.examine_file(io.BytesIO(cms), JUDGING, STREAMING, sender=ALICE, detached_content=given_apart)
    written = io.BytesIO()
    stream.copy_content(streamed, written)
    assert (streamed.report.state, streamed.report.reasons) == (report.state, report.reasons)
    assert written.getvalue() == report.content
    return report.state, report.reasons[0].code, report.content


def multipart(part: bytes, cms: bytes) -> bytes:
    head = b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\r\n\r\n'
    signature = b"Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: binary\r\n\r\n" + cms
    return b"From: alice@example.test\r\n" + head + b"--b\r\n" + part + b"\r\n--b\r\n" + signature + b"\r\n--b--\r\n"


@pytest.mark.parametrize("attributes", AttributesForm)
@pytest.mark.parametrize("received", [LF, CRLF, LF.replace(b"\n", b"\r\r\n"), CRLF.replace(b"\r\n", b"\n", 1)])
@pytest.mark.parametrize("signed", [LF, CRLF, HEADED])
def test_text_is_verified_with_whatever_line_ends_it_was_signed(
    signed: bytes, received: bytes, attributes: AttributesForm
) -> None:
    cms = sign(signed, attributes=attributes)
    state, why, content = opinion(cms, received)
    assert (state, content) == (VERIFIED, signed)
    assert why == ("revocation-not-checked" if signed == received else NOTE)
    forged = received.replace(b"eight", b"seven")
    state, why, content = opinion(cms, forged)
    assert (state, content) == (INVALID, forged)
    assert why in (FORGERY, "signature-mismatch")


@pytest.mark.parametrize("octet", [b"\0", b"\x01", b"\x7f", b"\x1a"])
def test_content_that_is_no_text_is_never_verified_with_other_line_ends(octet: bytes) -> None:
    cms = sign(CRLF + octet)
    assert opinion(cms, CRLF + octet)[0] is VERIFIED
    assert opinion(cms, LF + octet) == (UNVERIFIED, DOUBT, CRLF + octet)
    assert opinion(cms, LF + octet + octet)[:2] == (INVALID, FORGERY)


def test_words_in_any_charset_are_text() -> None:
    for charset in ("utf-8", "latin-1", "iso-2022-jp", "koi8-r"):
        words = {"iso-2022-jp": "八時", "koi8-r": "восемь"}.get(charset, "Grüße")
        text = words.encode(charset) + b"\r\n\t\f"
        assert opinion(sign(text), text.replace(b"\r\n", b"\n"))[:2] == (VERIFIED, NOTE)


def test_a_digest_over_lf_inside_a_mail_is_verified() -> None:
    part = b"Content-Type: text/plain\r\n\r\n" + CRLF
    mail = multipart(part, sign(part.replace(b"\r\n", b"\n")))
    state, why, content = opinion(mail)
    assert (state, why, content) == (VERIFIED, NOTE, part.replace(b"\r\n", b"\n"))
    assert opinion(mail.replace(b"eight", b"seven"))[:2] == (INVALID, FORGERY)


@pytest.mark.parametrize("attributes", AttributesForm)
@pytest.mark.parametrize(
    ("signed", "received"),
    [
        (CRLF, CRLF + b"\r\n"),  # A store puts a line end before the boundary.
        (CRLF + b"\r\n", CRLF),  # A writer signs the line end that belongs to the boundary.
        (CRLF[:-2], CRLF),
        (CRLF, CRLF[:-2]),
    ],
)
def test_text_with_one_line_end_more_or_less_at_its_end_is_verified(
    signed: bytes, received: bytes, attributes: AttributesForm
) -> None:
    header = b"Content-Type: text/plain\r\n\r\n"
    cms = sign(header + signed, attributes=attributes)
    assert opinion(multipart(header + received, cms)) == (VERIFIED, NOTE, header + signed)
    forged = multipart(header + received.replace(b"eight", b"seven"), cms)
    assert opinion(forged)[0] is INVALID
    for octet in (b"\0", b"\x7f"):
        other = sign(octet + signed, attributes=attributes)
        assert opinion(other, octet + received) == (UNVERIFIED, DOUBT, octet + signed)


@pytest.mark.parametrize("more", [b"\r\n\r\n", b" \r\n", b"\r\nP.S. Bring money.\r\n", b"x"])
def test_text_with_anything_else_at_its_end_is_invalid(more: bytes) -> None:
    cms = sign(CRLF)
    assert opinion(cms, CRLF + more)[:2] == (INVALID, FORGERY)
    assert opinion(sign(CRLF + more), CRLF)[:2] == (INVALID, FORGERY)


def test_the_content_of_an_opaque_signature_is_taken_as_it_is() -> None:
    signing = Signing(identities=[person("alice")], signing_time=NOW, form=SignatureForm.OPAQUE)
    cms = blocking.sign_bytes(CRLF, signing, provider=PROVIDER)
    other = cms.replace(b"Dear Bob,\r\n\r\n", b"Dear Bob,\n\n\n\n")
    assert opinion(other)[:2] == (INVALID, FORGERY)


LINE_ENDS = (b"\n", b"\r\n", b"\r\r\n")


@given(
    lines=st.lists(st.tuples(st.sampled_from([b"", b"a", b"=\r=", b"From "]), st.sampled_from(LINE_ENDS))),
    cuts=st.lists(st.integers(0, 60)),
    end=st.sampled_from([b"\n", b"\r\n"]),
)
def test_line_ends_are_replaced_alike_in_any_pieces(
    lines: list[tuple[bytes, bytes]], cuts: list[int], end: bytes
) -> None:
    text = b"".join(line + ending for line, ending in lines)
    whole, pieces = LineEnds(end).replace(text), LineEnds(end)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    fed = b"".join(pieces.feed(text[start:stop]) for start, stop in itertools.pairwise(places))
    assert fed + pieces.finish() == whole == b"".join(line + end for line, _ in lines)


@given(text=st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n"])).map(b"".join), cuts=st.lists(st.integers(0, 60)))
def test_the_last_line_end_is_added_or_left_out_alike_in_any_pieces(text: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    for make_form, expected in ((OneMoreLineEnd, text + b"\r\n"), (OneLessLineEnd, text.removesuffix(b"\r\n"))):
        pieces = make_form()
        fed = b"".join(pieces.feed(text[start:stop]) for start, stop in itertools.pairwise(places))
        assert fed + pieces.finish() == make_form().replace(text) == expected


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("option", ["-binary", "-text", "-crlfeol", "-noattr"])
def test_openssl_and_we_verify_each_others_text(tmp_path: Path, option: str) -> None:
    def openssl(*arguments: str) -> bytes:
        done = subprocess.run(["openssl", "cms", *arguments], cwd=tmp_path, capture_output=True, check=True)
        return done.stdout

    alice = person("alice")
    (tmp_path / "text").write_bytes(LF)
    (tmp_path / "anchor.pem").write_bytes(pem.armor("CERTIFICATE", anchor().der))
    (tmp_path / "own.pem").write_bytes(pem.armor("CERTIFICATE", alice.certificate.der))
    (tmp_path / "own.key").write_bytes(pem.armor("PRIVATE KEY", alice.private_key.pkcs8_der))
    cms = openssl("-sign", "-in", "text", "-signer", "own.pem", "-inkey", "own.key", "-outform", "DER", option)
    signed = {"-binary": LF, "-text": HEADED}.get(option, CRLF)
    why = "revocation-not-checked" if signed == LF else NOTE
    assert opinion(cms, LF) == (VERIFIED, why, signed)
    (tmp_path / "ours").write_bytes(sign(CRLF))
    when = ("-CAfile", "anchor.pem", "-attime", str(int(NOW.timestamp())))
    assert openssl("-verify", "-inform", "DER", "-in", "ours", "-content", "text", *when) == CRLF
