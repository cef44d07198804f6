"""Signatures and signers that other people reported, rebuilt (rows 12 to 23 of docs/interoperation.md)."""

from __future__ import annotations

import hashlib

import pytest
from cryptography import x509

from smime_core.asn1 import der
from smime_core.cms.attributes import SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, build_attribute
from tests.support.command.reported import (
    ENTITY,
    FROM_ALICE,
    TRUST,
    ReportLab,
    alice,
    certify,
    clear,
    der_of,
    key,
    root,
    signed_attributes,
    signed_by_alice,
    with_field,
)

FORGED = ENTITY.replace(b"eight", b"seven")
ID_CT_RECEIPT = "1.2.840.113549.1.9.16.1.1"


def unsorted_attributes(content: bytes) -> list[bytes]:
    """Attributes whose order is not that of DER."""
    attributes = sorted(signed_attributes(content))
    return [*attributes[1:], attributes[0]]


@pytest.mark.parametrize("in_order", [False, True], ids=["as they are", "in DER order"])
def test_attributes_in_any_order_are_verified_with_a_note(lab: ReportLab, in_order: bool) -> None:
    """bcgit/bc-java#1484: RFC 5652 section 5.4 signs the DER order, and openssl what is there."""
    attributes = unsorted_attributes(ENTITY)
    covered = sorted(attributes) if in_order else attributes
    signed = signed_by_alice(ENTITY, attributes, covered=covered)
    assert lab.verdict(signed, *FROM_ALICE).startswith("verified: signed by CN=alice")
    assert "signed-attributes-resorted" in lab.verdict(signed, *FROM_ALICE)
    assert lab.openssl_verifies(signed) is not in_order
    forged = signed_by_alice(FORGED, attributes, covered=covered)
    assert lab.verdict(forged, *FROM_ALICE).startswith("invalid: message-digest-mismatch")
    others = signed_by_alice(FORGED, unsorted_attributes(FORGED), covered=covered)
    assert lab.verdict(others, *FROM_ALICE).startswith("invalid: signature-mismatch")


def test_another_content_type_than_signed_is_invalid(lab: ReportLab) -> None:
    """openssl/openssl#9009."""
    signed = signed_by_alice(ENTITY, sorted(signed_attributes(ENTITY, content_type=ID_CT_RECEIPT)))
    assert lab.verdict(signed, *FROM_ALICE).startswith("invalid: content-type-mismatch")


def essential_hashes(kind: str, algorithm: str, *certificates: x509.Certificate) -> bytes:
    hashes = [hashlib.new(algorithm, der_of(certificate)).digest() for certificate in certificates]
    value = der.sequence(der.sequence(*(der.sequence(der.octet_string(digest)) for digest in hashes)))
    return build_attribute(kind, value)


@pytest.mark.parametrize(("kind", "algorithm"), [(SIGNING_CERTIFICATE, "sha1"), (SIGNING_CERTIFICATE_V2, "sha256")])
def test_two_fingerprints_of_signing_certificates_are_read_in_their_order(
    lab: ReportLab, kind: str, algorithm: str
) -> None:
    """openssl/openssl#14190. RFC 5035 section 3: the first one is the signer's."""
    right = essential_hashes(kind, algorithm, alice(), root())
    signed = signed_by_alice(ENTITY, sorted(signed_attributes(ENTITY, right)))
    assert lab.verdict(signed, *FROM_ALICE).startswith("verified")
    wrong = essential_hashes(kind, algorithm, root(), alice())
    named = signed_by_alice(ENTITY, sorted(signed_attributes(ENTITY, wrong)))
    assert lab.verdict(named, *FROM_ALICE).startswith("invalid: signing-certificate-mismatch")
    assert lab.openssl_verifies(signed)
    assert lab.openssl_verifies(named)


def test_a_signature_without_content_over_no_bytes_needs_an_empty_file(lab: ReportLab) -> None:
    """wolfSSL/wolfssl#10804."""
    signed = signed_by_alice(None, sorted(signed_attributes(b"")))
    done = lab.sealwax("verify", lab.write("alone.p7s", signed), *TRUST, *FROM_ALICE)
    assert (done.code, done.line) == (2, "sealwax: SignedData: the signed content is missing: give its file too")
    for name, content, state in (("none", b"", "verified"), ("one", b"\n", "invalid: message-digest-mismatch")):
        options = ("--content", lab.write(name, content))
        assert lab.verdict(signed, *FROM_ALICE, *options).startswith(state)
        assert lab.openssl_verifies(signed, *options) is (state == "verified")


def test_a_file_that_was_signed_twice_has_two_signatures(lab: ReportLab) -> None:
    """eniocarboni/p7m#2."""
    inner = lab.detached(b"Pay eight.\n", "alice", "-nodetach")
    outer = lab.detached(inner, "bob", "-nodetach")
    from_bob = ("--from", "bob@example.test")
    line = lab.verdict(outer, *from_bob)
    assert line.startswith("verified: signed by the author CN=bob <bob@example.test>; also signed by CN=alice")
    assert lab.sealwax("verify", "input", *TRUST, *from_bob, "-o", "whole").code == 0
    assert lab.read("whole") == b"Pay eight.\n"
    forged = lab.detached(inner.replace(b"eight", b"seven"), "bob", "-nodetach")
    assert lab.verdict(forged, *from_bob).startswith("invalid: message-digest-mismatch")


def test_the_certificate_of_an_organisation_is_not_that_of_a_person(lab: ReportLab) -> None:
    """DirectProject/nhin-d#132."""
    lab.identity("clinic", certify("clinic", names=[x509.DNSName("example.test")]), key("clinic"))
    mail = clear(lab.detached(ENTITY, "clinic"))
    assert lab.verdict(mail).startswith("signed, not verified: no-address-in-certificate")
    assert lab.openssl_verifies(mail)
    refused = lab.sealwax("sign", "letter.eml", "--identity", "clinic.both", "-o", "signed.eml")
    assert "nothing was signed: no-address-in-certificate" in refused.line


def test_a_key_file_with_one_own_certificate_signs(lab: ReportLab) -> None:
    """neomutt/neomutt#935."""
    own = certify("own", "alice@example.test", is_own=True)
    lab.identity("own", own, key("own"))
    lab.openssl("pkcs12", "-export", "-in", "own.both", "-out", "own.p12", "-passout", "file:pw")
    signing = ("--identity", "own.p12", "--passphrase-file", "pw")
    assert lab.sealwax("sign", "letter.eml", *signing, "-o", "signed.eml").code == 0
    assert lab.verdict(lab.read("signed.eml")).startswith("signed, not verified: untrusted-anchor")
    accepting = ("--for", "alice@example.test", "--yes", "--decisions", "decisions.json")
    assert lab.sealwax("trust", "accept", "own.pem", *accepting).code == 0
    judged = lab.sealwax("verify", "signed.eml", "--decisions", "decisions.json", "--no-revocation")
    assert judged.code == 0
    forged = lab.write("forged.eml", lab.read("signed.eml").replace(b"eight", b"seven"))
    assert lab.sealwax("verify", forged, "--decisions", "decisions.json", "--no-revocation").code == 1


def test_a_certificate_for_non_repudiation_signs_and_receives_nothing(lab: ReportLab) -> None:
    """jstedfast/MimeKit#119."""
    certificate = certify("notary", "alice@example.test", usages=["content_commitment"])
    lab.identity("notary", certificate, key("notary"))
    assert lab.sealwax("sign", "letter.eml", "--identity", "notary.both", "-o", "signed.eml").code == 0
    assert lab.verdict(lab.read("signed.eml")).startswith("verified")
    assert lab.openssl_verifies(lab.read("signed.eml"))
    assert lab.sealwax("encrypt", "letter.eml", "--to", "notary.pem", "-o", "other.eml").code == 1


def test_certificates_with_a_negative_number_sign_and_receive(lab: ReportLab) -> None:
    """kellyjonbrazil/jc#444."""
    lab.identity("negative", with_field(alice(), 1, der.element(0x02, b"\x9b\x01\x02")), key("alice"))
    assert lab.verdict(clear(lab.detached(ENTITY, "negative"))).startswith("verified")
    assert lab.sealwax("encrypt", "letter.eml", "--to", "negative.pem", "-o", "ours.eml").code == 0
    theirs = ("-in", "letter.eml", "-out", "theirs.eml", "-aes256", "negative.pem")
    lab.openssl("cms", "-encrypt", *theirs)
    for name in ("ours.eml", "theirs.eml"):
        assert lab.sealwax("decrypt", name, "--identity", "negative.both", "-o", "opened").code == 0
        assert b"eight" in lab.read("opened")
    assert lab.openssl("cms", "-decrypt", "-in", "ours.eml", "-recip", "negative.pem", "-inkey", "negative.key")


@pytest.mark.parametrize(("tag", "shown"), [(0x0C, "BJ\ufffdRN"), (0x13, "BJ\ufffdRN"), (0x14, "BJÖRN")])
def test_a_name_with_a_byte_of_latin_1_is_verified(lab: ReportLab, tag: int, shown: str) -> None:
    """chris2511/xca#568."""
    common_name = der.sequence(der.oid("2.5.4.3"), der.element(tag, "BJÖRN".encode("latin-1")))
    certificate = with_field(alice(), 5, der.sequence(der.element(der.SET, common_name)))
    signature = signed_by_alice(None, sorted(signed_attributes(ENTITY)), certificate_der=certificate)
    line = lab.verdict(clear(signature))
    assert line.startswith(f"verified: signed by CN={shown} <alice@example.test>")
    assert lab.verdict(clear(signature, FORGED)).startswith("invalid: message-digest-mismatch")
    assert lab.openssl_verifies(clear(signature)) is (tag != 0x0C)
