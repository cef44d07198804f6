"""The text of a field is never read as a mail, and a mail never as the text of a field, whatever is around them."""

from __future__ import annotations

import base64
import contextlib
import io
import json
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import example, given, settings, strategies as st

from smime_core import blocking, stream
from smime_core.algorithms import AES_256_CBC, AES_256_GCM, ContentCipher
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.compressed_data import build_compressed_data
from smime_core.cms.content_info import FIELD, ID_DATA, SIGNED_FIELD, armor, unarmor
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import NO_KEYS, Keys
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import ContentTypeMismatch, DecryptionError, MalformedMessage, SmimeError
from smime_core.message import encrypt_bytes, encrypt_entity, sign_bytes, sign_entity
from smime_core.mime import build_pkcs7_mime
from smime_core.own_content import examine_field, examine_field_outside_page, protect_field
from smime_core.provider import NewKey
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, person, trust

ORIGIN: Final = "https://clinic.example"
TEXT: Final = "From: boss@example.test\r\nContent-Type: text/plain\r\n\r\nBlood pressure 120/80"
HEADER: Final = b"From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: Greetings\r\n"
ALICE, BOB = person("alice"), person("bob", NewKey.P256)
KEYS: Final = Keys(identities=[BOB])
STREAMING: Final = NativeStreamingProvider()
JUDGING: Final = Judging(trust_store=trust(), at=NOW)
SIGNING: Final = Signing(identities=[ALICE], signing_time=NOW)
PROTECTIONS: Final = {
    "signed": (True, False, State.VERIFIED),
    "encrypted": (False, True, State.ENCRYPTED_ONLY),
    "signed and encrypted": (True, True, State.VERIFIED),
}
MEMBERS: Final = json.dumps({"origin": ORIGIN, "text": TEXT, "version": "1"}).encode()


def protect(protection: str = "signed and encrypted", *, origin: str = ORIGIN) -> bytes:
    """DER of a field's text."""
    sign, encrypt, _ = PROTECTIONS[protection]
    encrypting = Encrypting(recipients=[BOB.certificate] if encrypt else [])
    signing = SIGNING if sign else None
    return bytes(
        unarmor(run(protect_field(TEXT, PROVIDER, origin=origin, signing=signing, encrypting=encrypting)).encode())
    )


def read_mail(message: bytes, keys: Keys = KEYS) -> MessageReport:
    return blocking.examine_message(message, JUDGING, PROVIDER, keys, sender="alice@example.test")


def read_stream(message: bytes, keys: Keys = KEYS) -> MessageReport:
    return stream.examine_file(io.BytesIO(message), JUDGING, STREAMING, keys, sender="alice@example.test").report


def read_field(message: bytes, keys: Keys = KEYS) -> MessageReport:
    return run(examine_field_outside_page(message, JUDGING, PROVIDER, keys=keys))


def read_field_in_page(cms: bytes, origin: str = ORIGIN) -> MessageReport:
    return run(examine_field(cms, JUDGING, PROVIDER, origin=origin, keys=KEYS))


def mail_of(cms: bytes) -> bytes:
    return build_pkcs7_mime(HEADER, cms, "signed-data")


def binary_mail(cms: bytes) -> bytes:
    return HEADER + b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n" + cms


WAYS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "DER": lambda cms: cms,
    "PEM": lambda cms: armor(cms).encode(),
    "PEM with a byte order mark": lambda cms: b"\xef\xbb\xbf" + armor(cms).encode(),
    "PEM with words behind it": lambda cms: armor(cms).encode() + b"From: alice@example.test\n\nHello\n",
    "base64": base64.encodebytes,
    "mail": mail_of,
    "mail without a type": binary_mail,
    "MIME entity": lambda cms: build_pkcs7_mime(b"", cms, "signed-data"),
}


def encrypted(entity: bytes, cipher: ContentCipher) -> bytes:
    return run(encrypt_entity(entity, Encrypting(recipients=[BOB.certificate], cipher=cipher), PROVIDER))


def signed(entity: bytes, form: SignatureForm) -> bytes:
    return run(sign_entity(entity, Signing(identities=[ALICE], signing_time=NOW, form=form), PROVIDER))


def entity_of(cms: bytes) -> bytes:
    return build_pkcs7_mime(b"", cms, "signed-data")


# A field's text inside the protection of a mail, in which nobody sends one.
DEEPER: Final[dict[str, Callable[[bytes], bytes]]] = {
    "signed": lambda cms: HEADER + signed(entity_of(cms), SignatureForm.OPAQUE),
    "clear-signed": lambda cms: HEADER + signed(entity_of(cms), SignatureForm.DETACHED),
    "encrypted": lambda cms: HEADER + encrypted(entity_of(cms), AES_256_CBC),
    "encrypted with authentication": lambda cms: HEADER + encrypted(entity_of(cms), AES_256_GCM),
    "signed and encrypted": lambda cms: HEADER + encrypted(signed(entity_of(cms), SignatureForm.OPAQUE), AES_256_GCM),
    "compressed": lambda cms: mail_of(build_compressed_data(entity_of(cms), content_type=ID_DATA)),
    "bare CMS": lambda cms: run(sign_bytes(cms, SIGNING, PROVIDER)),
    "bare CMS with a header": lambda cms: run(sign_bytes(mail_of(cms), SIGNING, PROVIDER)),
}


@pytest.mark.parametrize("protection", PROTECTIONS)
@pytest.mark.parametrize("way", WAYS)
def test_the_text_of_a_field_is_read_with_its_site_and_without_a_header(way: str, protection: str) -> None:
    report = read_field(WAYS[way](protect(protection)))
    assert (report.state, report.field_origin, report.content.decode()) == (PROTECTIONS[protection][2], ORIGIN, TEXT)
    assert (report.headers, report.header_protections, report.protected_headers, report.sender) == ((), (), None, None)


@pytest.mark.parametrize("keys", [KEYS, NO_KEYS], ids=["keys", "no keys"])
@pytest.mark.parametrize("protection", PROTECTIONS)
@pytest.mark.parametrize("way", WAYS | DEEPER)
def test_the_text_of_a_field_is_never_read_as_a_mail(way: str, protection: str, keys: Keys) -> None:
    message = (WAYS | DEEPER)[way](protect(protection))
    for read in (read_mail, read_stream):
        try:
            report = read(message, keys)
        except (ContentTypeMismatch, DecryptionError):
            continue
        # Without keys the mail around the text stays closed.
        assert [why.code for why in report.reasons] == ["not-opened"]
        assert not any(fragment in report.content for fragment in (b"Blood", b"BEGIN CMS"))


@pytest.mark.parametrize("protection", PROTECTIONS)
@pytest.mark.parametrize("way", DEEPER)
def test_the_text_of_a_field_inside_a_protected_mail_is_refused(way: str, protection: str) -> None:
    with pytest.raises(ContentTypeMismatch):
        read_field(DEEPER[way](protect(protection)))


def test_an_encrypted_field_stays_closed_without_keys() -> None:
    report = read_field(protect(), NO_KEYS)
    assert ([why.code for why in report.reasons], report.field_origin, report.content) == (["not-opened"], None, b"")


def test_a_detached_signature_is_no_field() -> None:
    content = b"Content-Type: text/plain\r\n\r\n" + TEXT.encode()
    detached = Signing(identities=[ALICE], signing_time=NOW, form=SignatureForm.DETACHED)
    signature = run(sign_bytes(content, detached, PROVIDER, content_type=FIELD))
    mail = (
        HEADER + b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\r\n\r\n--b\r\n'
        b"%b\r\n--b\r\nContent-Type: application/pkcs7-signature\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n%b--b--\r\n"
    ) % (content, base64.encodebytes(signature))
    for read in (read_mail, read_stream, read_field):
        with pytest.raises(ContentTypeMismatch):
            read(mail)
    with pytest.raises(MalformedMessage):
        read_field(signature)


def with_type(cms: bytes, old: str, new: str) -> bytes:
    """The structure with another content type, as anybody can write it."""
    return _replace(der.read_one(cms), der.oid(old), der.oid(new))


def _replace(tlv: der.Tlv, old: bytes, new: bytes) -> bytes:
    # Only the type itself: inside a SET are attributes that the signature or the tag covers.
    whole = bytes(der.element(tlv.tag, tlv.content))
    if whole == old:
        return new
    if tlv.tag not in (der.SEQUENCE, 0xA0) or old not in bytes(tlv.content):
        return whole
    return der.element(tlv.tag, *(_replace(child, old, new) for child in der.read_children(tlv)))


# Mail whose content is, byte for byte, that of a field of the site.
MAILS: Final[dict[str, Callable[[], bytes]]] = {
    "signed": lambda: run(sign_bytes(MEMBERS, SIGNING, PROVIDER)),
    "encrypted": lambda: run(encrypt_bytes(MEMBERS, _to_bob(AES_256_CBC), PROVIDER)),
    "encrypted with authentication": lambda: run(encrypt_bytes(MEMBERS, _to_bob(AES_256_GCM), PROVIDER)),
    "signed and encrypted": lambda: run(
        encrypt_bytes(run(sign_bytes(MEMBERS, SIGNING, PROVIDER)), _to_bob(AES_256_GCM), PROVIDER)
    ),
    "compressed": lambda: build_compressed_data(MEMBERS, content_type=ID_DATA),
    "signed, then called a field": lambda: with_type(MAILS["signed"](), ID_DATA, FIELD),
    "encrypted, then called a field": lambda: with_type(MAILS["encrypted"](), ID_DATA, FIELD),
    "encrypted with authentication, then called a field": lambda: with_type(
        MAILS["encrypted with authentication"](), ID_DATA, FIELD
    ),
    "signed and encrypted, then called a signed field": lambda: with_type(
        MAILS["signed and encrypted"](), ID_DATA, SIGNED_FIELD
    ),
    "signed as mail inside an encrypted field": lambda: run(
        encrypt_bytes(MAILS["signed"](), _to_bob(AES_256_GCM), PROVIDER, content_type=SIGNED_FIELD)
    ),
    "called a field inside an encrypted field": lambda: run(
        encrypt_bytes(MAILS["signed, then called a field"](), _to_bob(AES_256_GCM), PROVIDER, content_type=SIGNED_FIELD)
    ),
}


def _to_bob(cipher: ContentCipher) -> Encrypting:
    return Encrypting(recipients=[BOB.certificate], cipher=cipher)


@pytest.mark.parametrize("mail", MAILS)
def test_a_mail_is_never_read_as_the_text_of_a_field(mail: str) -> None:
    cms = MAILS[mail]()
    for way in WAYS:
        with pytest.raises((ContentTypeMismatch, MalformedMessage, DecryptionError)):
            read_field(WAYS[way](cms))
        with pytest.raises((ContentTypeMismatch, MalformedMessage, DecryptionError)):
            read_field_in_page(WAYS[way](cms))


@pytest.mark.parametrize("protection", PROTECTIONS)
@pytest.mark.parametrize("read", [read_mail, read_stream])
def test_a_field_that_is_called_a_mail_proves_nothing(read: Callable[[bytes], MessageReport], protection: str) -> None:
    cms = protect(protection)
    for old in (FIELD, SIGNED_FIELD):
        cms = with_type(cms, old, ID_DATA)
    with contextlib.suppress(SmimeError):
        assert read(mail_of(cms)).state is State.INVALID


HOSTILE_ORIGINS: Final = (
    "", "null", "clinic.example", "file://", "javascript:alert(1)", "https://", "https://clinic.example/",
    "https://clinic.example/path", "https://user@clinic.example", "https://clinic.example ", "https://clinic.example\n",
    "HTTPS://CLINIC.EXAMPLE", "https://clínic.example", "https://\u202eelpmaxe.cinilc", "https://clinic.example\u2069",
    "Verified: https://clinic.example", "https://clinic.example:123456", "https://[::1", "https://[::1]]",
    "https://" + "a" * 10_000, "https://" + "a." * 127 + "example", "https://clinic.example\x00",
)  # fmt: skip


@pytest.mark.parametrize("origin", HOSTILE_ORIGINS)
def test_a_text_without_a_web_origin_is_refused(origin: str) -> None:
    with pytest.raises(ContentTypeMismatch, match="names no web site"):
        read_field(protect("signed", origin=origin))


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:8080", "https://xn--bcher-kva.example", "https://[2001:db8::1]:8443", "http://a_b.test"],
)
def test_every_web_origin_is_shown(origin: str) -> None:
    assert read_field(protect("signed", origin=origin)).field_origin == origin


@settings(max_examples=60)
@given(origin=st.one_of(st.text(max_size=40), st.text(max_size=20).map("https://".__add__)))
@example(origin="https://a.example\r\n")
def test_a_shown_site_is_one_short_word_of_ascii(origin: str) -> None:
    with contextlib.suppress(ContentTypeMismatch):
        shown = read_field(protect("signed", origin=origin)).field_origin
        assert shown is not None
        assert shown.isascii()
        assert shown.isprintable()
        assert len(shown.split()) == 1


def test_the_text_of_another_site_is_named_in_a_file_and_refused_in_a_page() -> None:
    cms = protect()
    assert read_field(cms).field_origin == ORIGIN
    with pytest.raises(ContentTypeMismatch, match=r"belongs to https://clinic\.example"):
        read_field_in_page(cms, origin="https://evil.example")
