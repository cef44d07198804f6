"""A damaged multipart/signed has a verdict and shows its text. Altered text is never verified."""

from __future__ import annotations

import base64
import hashlib
import io

import pytest

from smime_core import blocking, stream
from smime_core.algorithms import AES_256_CBC
from smime_core.asn1 import der
from smime_core.cms.attributes import CONTENT_TYPE, MESSAGE_DIGEST, build_attribute
from smime_core.cms.content_info import ID_ENVELOPED_DATA, ID_SIGNED_DATA, build_content_info, parse_content_info
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import NO_KEYS, Keys
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import DecryptionError
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, anchor, person, trust
from tests.support.signed_structures import signer_info

JUDGING = Judging(trust_store=trust(), at=NOW)
STREAMING = NativeStreamingProvider()
PART = b"Content-Type: text/plain\r\n\r\nWe meet at eight.\r\n"
SIGNATURE = b"Content-Type: %s; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n"
TYPE = b"application/pkcs7-signature"
HEAD = (
    b"From: Alice <alice@example.test>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b\r\n\r\n'
)
VERIFIED, UNVERIFIED, INVALID = State.VERIFIED, State.SIGNED_UNVERIFIED, State.INVALID


def sign(part: bytes = PART, form: SignatureForm = SignatureForm.DETACHED) -> bytes:
    signing = Signing(identities=[person("alice")], signing_time=NOW, form=form)
    return base64.encodebytes(blocking.sign_bytes(part, signing, provider=PROVIDER)).replace(b"\n", b"\r\n")


def mail(*parts: bytes, end: bytes = b"--b--\r\n", head: bytes = HEAD) -> bytes:
    return head + b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end


def whole(kind: bytes = TYPE, **other: bytes) -> bytes:
    return mail(PART, SIGNATURE % kind + sign(), **other)


def examine(message: bytes, keys: Keys = NO_KEYS) -> MessageReport:
    """The report, by which memory and stream agree."""
    report = blocking.examine_message(message, JUDGING, provider=PROVIDER, keys=keys)
    streamed = stream.examine_file(io.BytesIO(message), JUDGING, STREAMING, keys)
    written = io.BytesIO()
    stream.copy_content(streamed, written)
    assert (streamed.report.state, streamed.report.reasons) == (report.state, report.reasons)
    assert written.getvalue() == report.content
    return report


def codes(report: MessageReport) -> list[str]:
    return [reason.code for reason in report.reasons]


SMALL_DAMAGE = {
    "no closing boundary": whole(end=b""),
    "pkcs7-mime": whole(b"application/pkcs7-mime; smime-type=signed-data"),
    "x-pkcs7-mime": whole(b"application/x-pkcs7-mime"),
    "pkcs7-mime and no closing boundary": whole(b"application/pkcs7-mime", end=b""),
}


@pytest.mark.parametrize("name", SMALL_DAMAGE)
def test_damage_that_leaves_text_and_signature_whole_is_a_note(name: str) -> None:
    report = examine(SMALL_DAMAGE[name])
    assert (report.state, report.content) == (VERIFIED, PART)
    assert codes(report) == ["revocation-not-checked", "frame-damaged"]
    forged = examine(SMALL_DAMAGE[name].replace(b"eight", b"seven"))
    assert (forged.state, codes(forged)[0]) == (INVALID, "message-digest-mismatch")


def unnamed(signature: bytes, fields: bytes = b"") -> bytes:
    return mail(PART, b"Content-Type: " + TYPE + b"\r\n" + fields + b"\r\n" + signature)


IN_OTHER_FORMS = {
    "base64 that is not named": unnamed(sign()),
    "base64 that is called binary": unnamed(sign(), b"Content-Transfer-Encoding: binary\r\n"),
    "base64 in quoted-printable": unnamed(
        sign().replace(b"=", b"=3D"), b"Content-Transfer-Encoding: quoted-printable\r\n"
    ),
    "PEM": unnamed(b"-----BEGIN PKCS7-----\r\n" + sign() + b"-----END PKCS7-----"),
}


@pytest.mark.parametrize("name", IN_OTHER_FORMS)
def test_a_signature_in_any_form_of_a_file_is_read(name: str) -> None:
    report = examine(IN_OTHER_FORMS[name])
    assert (report.state, report.content) == (VERIFIED, PART)
    forged = examine(IN_OTHER_FORMS[name].replace(b"eight", b"seven"))
    assert (forged.state, codes(forged)[0]) == (INVALID, "message-digest-mismatch")


UNREADABLE = {
    "no second part": mail(PART),
    "neither a second part nor an end": mail(PART, end=b""),
    "a third part": mail(PART, SIGNATURE % TYPE + sign(), b"Content-Type: text/plain\r\n\r\nA footer"),
    "a second part of another type": mail(PART, b"Content-Type: text/plain\r\n\r\n" + sign()),
    "no base64": mail(PART, SIGNATURE % TYPE + b"*" * 80),
    "no CMS": mail(PART, SIGNATURE % TYPE + base64.encodebytes(b"hello" * 9)),
    "cut base64": mail(PART, SIGNATURE % TYPE + sign()[:400]),
    "an empty signature": mail(PART, SIGNATURE % TYPE),
    "an opaque signature": mail(PART, SIGNATURE % TYPE + sign(form=SignatureForm.OPAQUE)),
    "something encrypted": mail(
        PART, SIGNATURE % TYPE + base64.encodebytes(build_content_info(ID_ENVELOPED_DATA, der.sequence()))
    ),
    "no SignedData": mail(
        PART, SIGNATURE % TYPE + base64.encodebytes(build_content_info(ID_SIGNED_DATA, der.sequence()))
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_signature_that_cannot_be_read_leaves_the_text_readable(name: str) -> None:
    report = examine(UNREADABLE[name])
    assert (report.state, codes(report)) == (UNVERIFIED, ["malformed-message"])
    assert report.content.rstrip(b"\r\n") == PART.rstrip(b"\r\n")


@pytest.mark.parametrize(
    "message",
    [
        whole(head=HEAD.replace(b"boundary=b", b"boundary=c")),
        whole(head=HEAD.replace(b"; boundary=b", b"")),
        HEAD + b"--b--\r\n" + PART,
        HEAD + b"--b\r\n",
        HEAD,
    ],
    ids=["another boundary", "no boundary", "only an end", "only a beginning", "no body"],
)
def test_a_signed_message_without_parts_shows_its_body(message: bytes) -> None:
    report = examine(message)
    assert (report.state, codes(report)) == (UNVERIFIED, ["malformed-message"])
    assert report.content == message.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("first", [b"--B", b"--b\r", b"-- b", b""])
def test_a_damaged_first_boundary_leaves_the_text_readable(first: bytes) -> None:
    message = whole().replace(b"\r\n--b\r\n", b"\r\n" + first + b"\r\n", 1)
    report = examine(message)
    assert (report.state, codes(report)) == (UNVERIFIED, ["malformed-message"])
    assert b"We meet at eight." in report.content


@pytest.mark.parametrize("further", [(), (PART,)])
def test_a_signature_before_its_text_leaves_the_text_readable(further: tuple[bytes, ...]) -> None:
    report = examine(mail(SIGNATURE % TYPE + sign(), PART, *further))
    assert (report.state, codes(report)) == (UNVERIFIED, ["malformed-message"])
    assert b"We meet at eight." in report.content


def test_a_signature_without_content_is_the_content_of_the_layer_around_it() -> None:
    part = SIGNATURE % TYPE + sign()
    signing = Signing(identities=[person("alice")], signing_time=NOW, form=SignatureForm.OPAQUE)
    signed = blocking.sign_message(b"From: alice@example.test\r\n" + part, signing, provider=PROVIDER)
    report = examine(signed)
    assert (report.state, report.content, len(report.layers)) == (VERIFIED, part, 1)


def test_a_closing_boundary_without_its_hyphens_closes() -> None:
    assert examine(whole(end=b"--b\r\n")).state is VERIFIED


def test_a_message_that_is_cut_anywhere_has_a_verdict() -> None:
    message = whole()
    body = message.index(b"\r\n\r\n") + 4
    for end in range(body, len(message), 7):
        report = blocking.examine_message(message[:end], JUDGING, provider=PROVIDER)
        assert report.state in (UNVERIFIED, INVALID) or report.content == PART


@pytest.mark.parametrize("name", UNREADABLE)
def test_in_encryption_without_a_tag_an_unreadable_signature_is_like_any_failed_decryption(name: str) -> None:
    bob = person("bob")
    encrypting = Encrypting(recipients=[bob.certificate], cipher=AES_256_CBC)
    encrypted = blocking.encrypt_message(UNREADABLE[name], encrypting, provider=PROVIDER)
    with pytest.raises(DecryptionError):
        blocking.examine_message(encrypted, JUDGING, provider=PROVIDER, keys=Keys(identities=[bob]))


def any_content(content_type: str, content: bytes) -> bytes:
    """SignedData as in PKCS #7 version 1.5, whose content is not inside an OCTET STRING."""
    digest = hashlib.sha256(bytes(der.read_one(content).content)).digest()
    attributes = [
        build_attribute(CONTENT_TYPE, der.oid(content_type)),
        build_attribute(MESSAGE_DIGEST, der.octet_string(digest)),
    ]
    certificates = der.set_of([person("alice").certificate.der, anchor().der], tag=0xA0)
    return build_content_info(
        ID_SIGNED_DATA,
        der.sequence(
            der.integer(1),
            der.set_of([]),
            der.sequence(der.oid(content_type), der.explicit(0, content)),
            certificates,
            der.set_of([signer_info(attributes)]),
        ),
    )


@pytest.mark.parametrize("content", [der.sequence(der.integer(7)), der.element(0x0C, b"text"), der.integer(7)])
def test_a_content_without_its_octet_string_is_checked_and_named(content: bytes) -> None:
    """RFC 5652 section 5.2.1: the digest is over the content octets, without tag and length."""
    signed = any_content("1.2.3.4", content)
    report = examine(signed)
    assert (report.state, "content-type-mismatch" in codes(report)) == (UNVERIFIED, True)
    assert report.content == bytes(der.read_one(content).content)
    forged = examine(signed.replace(content, content[:-1] + bytes([content[-1] ^ 1])))
    assert (forged.state, codes(forged)[0]) == (INVALID, "message-digest-mismatch")


def test_a_structure_without_its_octet_string_is_opened() -> None:
    """The signature covers its content octets, so those lack the tag and the length of the structure."""
    bob = person("bob")
    encrypted = blocking.encrypt_bytes(PART, Encrypting(recipients=[bob.certificate]), provider=PROVIDER)
    for structure in (base64.b64decode(sign(form=SignatureForm.OPAQUE)), encrypted):
        info = parse_content_info(structure)
        report = examine(any_content(info.content_type, bytes(info.content.encoded)), Keys(identities=[bob]))
        assert (report.state, codes(report)[0], report.content) == (UNVERIFIED, "no-sender", PART)
