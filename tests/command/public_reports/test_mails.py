"""Mails that other people reported, rebuilt (rows 1 to 11 and 18 of docs/interoperation.md), with forged twins."""

from __future__ import annotations

import base64
import zlib

import pytest
from asn1crypto import cms

from tests.support.command.reported import DETACHED, ENTITY, FROM_ALICE, HEAD, TRUST, ReportLab, certify, clear, key

FORGED = (b"eight", b"seven")
OTHER_ENDS = "signed-with-other-line-ends"


def is_verified_and_its_twin_is_not(lab: ReportLab, mail: bytes, *options: str, note: str = "") -> None:
    assert FORGED[0] in mail
    line = lab.verdict(mail, *options)
    assert line.startswith("verified: signed by CN=")
    assert note in line
    assert lab.verdict(mail.replace(*FORGED), *options).startswith("invalid: message-digest-mismatch")


@pytest.mark.parametrize("written", ["Alice.Example@example.test", "alice.example@Example.Test"])
@pytest.mark.parametrize("certified", ["Alice.Example@example.test", "alice.example@example.test"])
def test_an_address_with_capitals_is_that_of_the_certificate(lab: ReportLab, certified: str, written: str) -> None:
    """zammad/zammad#4597."""
    lab.identity("capitals", certify("capitals", certified), key("capitals"))
    mail = clear(lab.detached(ENTITY, "capitals"), head=HEAD.replace(b"alice@example.test", written.encode()))
    is_verified_and_its_twin_is_not(lab, mail)
    assert lab.openssl_verifies(mail)


def test_a_multipart_mixed_is_not_signed_and_its_signature_is_named(lab: ReportLab) -> None:
    """ProtonMail/proton-bridge#216."""
    mail = clear(lab.detached(ENTITY), label=DETACHED.replace(b"multipart/signed", b"multipart/mixed"))
    assert lab.verdict(mail).startswith("plain: neither signed nor encrypted: nested-protection")
    assert b"part 2: signed, detached" in lab.sealwax("inspect", "input").stdout
    assert not lab.openssl_verifies(mail)


def test_fields_behind_the_last_outer_field_change_nothing(lab: ReportLab) -> None:
    """hmailserver/hmailserver#468."""
    mail = clear(lab.detached(ENTITY), after=b"X-Spam: YES\r\nX-Reason-Score: 7\r\n")
    is_verified_and_its_twin_is_not(lab, mail)
    assert lab.openssl_verifies(mail)


def test_an_empty_line_before_the_boundary_is_noted(lab: ReportLab) -> None:
    """pjstevns/dbmail#34."""
    mail = clear(lab.detached(ENTITY), gap=b"\r\n")
    is_verified_and_its_twin_is_not(lab, mail, note=OTHER_ENDS)
    assert not lab.openssl_verifies(mail)
    assert lab.verdict(clear(lab.detached(ENTITY), gap=b"\r\n\r\n")).startswith("invalid")


@pytest.mark.parametrize(("signed", "sent"), [(ENTITY + b"\r\n", ENTITY), (ENTITY, ENTITY[:-2])])
def test_a_signature_over_the_line_end_of_the_boundary_is_noted(lab: ReportLab, signed: bytes, sent: bytes) -> None:
    """gazoakley/nodemailer-smime#10."""
    mail = clear(lab.detached(signed), sent)
    is_verified_and_its_twin_is_not(lab, mail, note=OTHER_ENDS)
    assert not lab.openssl_verifies(mail)


def test_a_signature_in_binary_is_read(lab: ReportLab) -> None:
    """OpenAS2/OpenAs2App#294."""
    mail = clear(lab.detached(ENTITY), is_binary=True)
    is_verified_and_its_twin_is_not(lab, mail)
    assert not lab.openssl_verifies(mail)


@pytest.mark.parametrize(
    "label",
    [
        b"multipart/signed",  # simple-java-mail/java-utils-mail-smime#8
        DETACHED.replace(b"pkcs7", b"x-pkcs7"),  # zbateson/mail-mime-parser#60
    ],
)
def test_parameters_of_the_frame_that_differ_change_nothing(lab: ReportLab, label: bytes) -> None:
    mail = clear(lab.detached(ENTITY), label=label)
    is_verified_and_its_twin_is_not(lab, mail)
    assert lab.openssl_verifies(mail)


def test_a_file_p7m_with_the_text_of_a_mail_is_read(lab: ReportLab) -> None:
    """jstedfast/MimeKit#487."""
    text = clear(lab.detached(ENTITY), head=b"")
    is_verified_and_its_twin_is_not(lab, text, *FROM_ALICE)
    assert lab.verdict(text, name="smime.p7m").startswith("signed, not verified: no-sender")
    assert lab.openssl_verifies(text)


@pytest.mark.parametrize("encoding", [b"", b"Content-Transfer-Encoding: binary\r\n"])
def test_signed_binary_compressed_data_is_verified_as_it_is(lab: ReportLab, encoding: bytes) -> None:
    """abhishek-ram/pyas2-lib#47."""
    inner = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n" + bytes(range(256))
    structure = {
        "version": "v0",
        "compression_algorithm": {"algorithm": "zlib"},
        # Without compression, so that the bare LF and the NUL of the content are there.
        "encap_content_info": {"content_type": "data", "content": zlib.compress(inner + b"\neight\n", 0)},
    }
    compressed = cms.ContentInfo({"content_type": "compressed_data", "content": structure}).dump()
    entity = b"Content-Type: application/pkcs7-mime; smime-type=compressed-data\r\n" + encoding + b"\r\n" + compressed
    mail = clear(lab.detached(entity), entity)
    assert lab.verdict(mail).startswith("verified")
    assert lab.sealwax("verify", "input", *TRUST, "-o", "whole").code == 0
    assert lab.read("whole") == inner + b"\neight\n"
    other = structure | {
        "encap_content_info": {"content_type": "data", "content": zlib.compress(inner + b"\nseven\n", 0)}
    }
    forged = cms.ContentInfo({"content_type": "compressed_data", "content": other}).dump()
    assert lab.verdict(mail.replace(compressed, forged)).startswith("invalid: message-digest-mismatch")
    assert not lab.openssl_verifies(mail)


def test_a_signed_multipart_without_its_own_end_is_verified(lab: ReportLab) -> None:
    """bcgit/bc-java#2318."""
    inner = b'Content-Type: multipart/mixed; boundary="in"\r\n\r\n--in\r\n' + ENTITY + b"--in\r\n" + ENTITY
    mail = clear(lab.detached(inner), inner)
    is_verified_and_its_twin_is_not(lab, mail)
    assert lab.openssl_verifies(mail)


@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes])
def test_a_signed_file_in_base64_of_base64_is_read(lab: ReportLab, encode: object) -> None:
    """OCA/l10n-italy#4405."""
    assert callable(encode)
    signed = lab.detached(ENTITY, "alice", "-nodetach")
    assert lab.verdict(encode(encode(signed)), *FROM_ALICE).startswith("verified")
    forged = signed.replace(*FORGED)
    assert lab.verdict(encode(encode(forged)), *FROM_ALICE).startswith("invalid: message-digest-mismatch")
