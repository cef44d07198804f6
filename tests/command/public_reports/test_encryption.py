"""Encrypted messages that other people reported, rebuilt (rows 36 to 40 of docs/interoperation.md)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from smime_core.asn1 import der
from smime_core.cms.content_info import ID_DATA, ID_ENCRYPTED_DATA, ID_ENVELOPED_DATA, build_content_info
from tests.support.command.reported import ENTITY, ReportLab, alice, bob, certify, curve_key, spki_of

NOT_DECRYPTED = "the message could not be decrypted: it was changed in transit, or encrypted for another key"
STANDARD_ECDH_SHA256 = "1.3.132.1.11.1"
ECKA_EG_SHA256 = "0.4.0.127.0.7.1.1.5.1.1.3"
EC_PUBLIC_KEY, P_256, P_384 = "1.2.840.10045.2.1", "1.2.840.10045.3.1.7", "1.3.132.0.34"


def encrypted(lab: ReportLab, *options: str) -> bytes:
    """The letter, encrypted by openssl."""
    return lab.openssl("cms", "-encrypt", "-binary", "-in", "letter.eml", "-outform", "DER", "-aes256", *options)


def with_recipients(message: bytes, change: Callable[[cms.RecipientInfo], bytes]) -> bytes:
    enveloped = cms.ContentInfo.load(message)["content"]
    recipients = b"".join(change(recipient) for recipient in enveloped["recipient_infos"])
    inside = (der.element(der.SET, recipients), enveloped["encrypted_content_info"].dump())
    return build_content_info(ID_ENVELOPED_DATA, der.sequence(der.integer(2), *inside))


def opens(lab: ReportLab, message: bytes, reader: str = "bob", *, line: str = "") -> bool:
    """Whether the message is decrypted; `line` is what is said otherwise."""
    done = lab.sealwax("decrypt", lab.write("sealed", message), "--identity", f"{reader}.both", "-o", "opened")
    if done.code:
        assert done.line == f"sealwax: {line}"
        return False
    assert b"We meet at eight." in lab.read("opened")
    return True


def openssl_opens(lab: ReportLab, *options: str) -> bool:
    return lab.openssl_or_none("cms", "-decrypt", "-inform", "DER", "-in", "sealed", *options) is not None


BOB = ("-recip", "bob.pem", "-inkey", "bob.key")


def test_the_base64_body_of_an_encrypted_mail_is_decrypted(lab: ReportLab) -> None:
    """kimusan/Tachyon#92."""
    lab.openssl("cms", "-encrypt", "-in", "letter.eml", "-out", "mail.eml", "-aes256", "bob.pem")
    body = lab.read("mail.eml").split(b"\n\n", 1)[1]
    for text in (body, body.replace(b"\n", b""), body.replace(b"\n", b"\r\n")):
        assert opens(lab, text)
    assert not openssl_opens(lab, *BOB)
    assert lab.sealwax("decrypt", "sealed", "--identity", "alice.both", "-o", "other").code == 1


def by_whole_key(certificate: x509.Certificate) -> Callable[[cms.RecipientInfo], bytes]:
    """Names the recipient with this key identifier by its SubjectPublicKeyInfo in place of it."""
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest

    def change(recipient: cms.RecipientInfo) -> bytes:
        chosen = recipient.chosen
        if chosen["rid"].chosen.native != identifier:
            return bytes(recipient.dump())
        rest = (chosen["key_encryption_algorithm"].dump(), chosen["encrypted_key"].dump())
        return der.sequence(der.integer(2), der.element(0x80, spki_of(certificate)), *rest)

    return change


def test_a_whole_key_in_place_of_its_identifier_keeps_nobody_out(lab: ReportLab) -> None:
    """bcgit/bc-java#1380."""
    both = encrypted(lab, "-keyid", "alice.pem", "bob.pem")
    for whose in (alice(), bob()):
        message = with_recipients(both, by_whole_key(whose))
        assert opens(lab, message, "alice")
        assert opens(lab, message, "bob")
    assert not openssl_opens(lab, *BOB)
    only = with_recipients(encrypted(lab, "-keyid", "bob.pem"), by_whole_key(bob()))
    assert opens(lab, only)
    assert lab.sealwax("decrypt", "sealed", "--identity", "alice.both", "-o", "other").code == 1


def curve_reader(lab: ReportLab) -> tuple[str, ...]:
    usages = ["digital_signature", "key_agreement"]
    certificate = certify("reader", private=curve_key("reader"), usages=usages)
    lab.identity("reader", certificate, curve_key("reader"))
    return ("-recip", "reader.pem", "-inkey", "reader.key")


def with_originator(parameters: bytes) -> Callable[[cms.RecipientInfo], bytes]:
    def change(recipient: cms.RecipientInfo) -> bytes:
        chosen = recipient.chosen
        algorithm = der.sequence(der.oid(EC_PUBLIC_KEY), parameters)
        point = chosen["originator"].chosen["public_key"].dump()
        originator = der.explicit(0, der.element(0xA1, algorithm + point))
        rest = chosen["key_encryption_algorithm"].dump() + chosen["recipient_encrypted_keys"].dump()
        return der.element(0xA1, chosen["version"].dump() + originator + rest)

    return change


@pytest.mark.parametrize(
    ("parameters", "fits"),
    [(b"\x05\x00", True), (b"", True), (der.oid(P_256), True), (der.oid(P_384), False)],
    ids=["NULL", "absent", "the curve", "another curve"],
)
def test_the_originators_key_is_on_the_curve_of_the_recipients(lab: ReportLab, parameters: bytes, fits: bool) -> None:
    """PeculiarVentures/PKI.js#119."""
    reader = curve_reader(lab)
    message = with_recipients(encrypted(lab, "reader.pem"), with_originator(parameters))
    assert opens(lab, message, "reader", line=NOT_DECRYPTED) is fits
    assert openssl_opens(lab, *reader) is fits


def with_agreement(oid: str) -> Callable[[cms.RecipientInfo], bytes]:
    def change(recipient: cms.RecipientInfo) -> bytes:
        chosen = recipient.chosen
        wrap = bytes(der.read_sequence(chosen["key_encryption_algorithm"].dump())[1].encoded)
        algorithm = der.sequence(der.oid(oid), wrap)
        fields = chosen["version"].dump() + chosen["originator"].dump() + algorithm
        return der.element(0xA1, fields + chosen["recipient_encrypted_keys"].dump())

    return change


def test_an_agreement_that_is_not_read_is_named(lab: ReportLab) -> None:
    """bcgit/bc-java#790."""
    reader = curve_reader(lab)
    message = encrypted(lab, "-recip", "reader.pem", "-keyopt", "ecdh_kdf_md:sha256")
    assert opens(lab, with_recipients(message, with_agreement(STANDARD_ECDH_SHA256)), "reader")
    line = f"keyEncryptionAlgorithm: {ECKA_EG_SHA256} is not supported"
    assert not opens(lab, with_recipients(message, with_agreement(ECKA_EG_SHA256)), "reader", line=line)
    assert not openssl_opens(lab, *reader)


@pytest.mark.parametrize("has_tag", [False, True])
@pytest.mark.parametrize("is_sequence", [False, True])
def test_encrypted_data_without_room_for_a_tag_is_refused(lab: ReportLab, has_tag: bool, is_sequence: bool) -> None:
    """openssl/openssl#28607. RFC 5652 section 8 has no field for a tag, and nothing may come out unchecked."""
    cek, nonce = bytes(range(32)), bytes(12)
    sealed = AESGCM(cek).encrypt(nonce, ENTITY, b"")
    parameters = der.octet_string(nonce)
    if is_sequence:
        parameters = der.sequence(parameters, der.integer(16))
    algorithm = der.sequence(der.oid("2.16.840.1.101.3.4.1.46"), parameters)
    content = der.element(0x80, sealed if has_tag else sealed[:-16])
    inside = der.sequence(der.oid(ID_DATA), algorithm, content)
    lab.write("sealed", build_content_info(ID_ENCRYPTED_DATA, der.sequence(der.integer(0), inside)))
    lab.write("shared.key", cek)
    done = lab.sealwax("decrypt", "sealed", "--shared-key", "shared.key", "-o", "nothing")
    assert done.code == 2
    assert not (lab.folder / "nothing").exists()
