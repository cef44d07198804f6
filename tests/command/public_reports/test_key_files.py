"""Files of keys and certificates that other people reported, rebuilt (rows 24 to 35 of docs/interoperation.md)."""

from __future__ import annotations

import shutil

import pytest
from asn1crypto import pem

from smime_core.asn1 import der
from tests.support.command.pkcs12_bags import (
    as_ber,
    bmp_string,
    certificate_bag,
    identified,
    key_bag,
    named,
    secret_bag,
    store,
    store_with_pbmac1,
)
from tests.support.command.reported import ReportLab, alice, bob, certify, curve_key, der_of, key, pkcs8, root

PASSWORD = "secret-word1"
POLISH = "żółwiak-żółw"
BAGS = (
    key_bag(key("alice"), PASSWORD.encode(), named("Alice"), identified(b"1")),
    certificate_bag(alice(), named("Alice"), identified(b"1")),
    certificate_bag(root()),
)


def opens(lab: ReportLab, file: bytes, password: str = PASSWORD) -> bool:
    """Whether the key of the file signs as Alice; a wrong password never opens the file."""
    lab.write("word", password.encode() + b"\n")
    lab.write("other", b"another word 1\n")
    options = ("--identity", lab.write("key.p12", file), "--passphrase-file")
    assert lab.sealwax("sign", "letter.eml", *options, "other", "-o", "none.eml").code != 0
    if lab.sealwax("sign", "letter.eml", *options, "word", "-o", "signed.eml").code != 0:
        return False
    assert lab.verdict(lab.read("signed.eml")).startswith("verified: signed by CN=alice")
    return True


def openssl_opens(lab: ReportLab, password: str = PASSWORD) -> bool:
    lab.write("word", password.encode() + b"\n")
    return lab.openssl_or_none("pkcs12", "-in", "key.p12", "-nodes", "-passin", "file:word") is not None


@pytest.mark.parametrize("form", [("-pubin", "-outform", "PEM"), ("-pubin", "-RSAPublicKey_out")])
def test_a_public_key_in_place_of_a_certificate_is_named(lab: ReportLab, form: tuple[str, ...]) -> None:
    """nextcloud/mail#13361."""
    lab.openssl("x509", "-in", "bob.pem", "-pubkey", "-noout", "-out", "plain.pub")
    lab.openssl("rsa", "-in", "plain.pub", *form, "-out", "bob.pub")
    for command in (
        ("encrypt", "letter.eml", "--to", "bob.pub", "-o", "x.eml"),
        ("contacts", "import", "bob.pub", "--contacts", "people.json"),
        ("certificates", "bob.pub"),
        ("verify", "letter.eml", "--anchor", "bob.pub"),
    ):
        done = lab.sealwax(*command)
        assert (done.code, done.line.endswith("found no certificate, but a public key")) == (2, True)


def test_an_owner_is_found_behind_the_authority(lab: ReportLab) -> None:
    """FlowCrypt/flowcrypt-browser#3860."""
    lab.openssl("pkcs8", "-topk8", "-in", "alice.key", "-out", "alice.enc", "-v2", "aes256", "-passout", "file:pw")
    lab.write("shuffled.pem", lab.read("root.pem") + lab.read("alice.pem") + lab.read("alice.enc"))
    options = ("--identity", "shuffled.pem", "--passphrase-file", "pw")
    assert lab.sealwax("sign", "letter.eml", *options, "-o", "signed.eml").code == 0
    assert lab.verdict(lab.read("signed.eml")).startswith("verified: signed by CN=alice")


def test_ber_is_read(lab: ReportLab) -> None:
    """golang/go#48210."""
    lab.openssl("pkcs12", "-export", "-in", "alice.both", "-out", "alice.p12", "-passout", "file:pw")
    for file in (lab.read("alice.p12"), store(BAGS, bmp_string(PASSWORD))):
        assert opens(lab, as_ber(file))
        assert openssl_opens(lab)


def test_a_file_without_a_mac_is_read(lab: ReportLab) -> None:
    """chris2511/xca#617."""
    assert opens(lab, store(BAGS, None))
    assert openssl_opens(lab)


@pytest.mark.parametrize("mac_password", [b"\0\0", b""], ids=["two zero bytes", "none"])
def test_an_empty_password_opens_in_both_forms(lab: ReportLab, mac_password: bytes) -> None:
    """harrison314/BouncyHsm#20."""
    bags = (key_bag(key("alice"), b"", identified(b"1")), certificate_bag(alice(), identified(b"1")))
    assert opens(lab, store(bags, mac_password), "")
    assert openssl_opens(lab, "")


@pytest.mark.parametrize("encode", ["utf-8", "utf-16-be", "bmp"])
def test_pbes2_opens_by_a_password_in_each_form(lab: ReportLab, encode: str) -> None:
    """PeculiarVentures/PKI.js#404. RFC 8018 has no form; openssl and NSS write UTF-8."""
    written = bmp_string(POLISH) if encode == "bmp" else POLISH.encode(encode)
    bags = (key_bag(key("alice"), written, identified(b"1")), certificate_bag(alice(), identified(b"1")))
    assert opens(lab, store(bags, bmp_string(POLISH)), POLISH)
    assert openssl_opens(lab, POLISH) is (encode == "utf-8")


def test_a_password_whose_bytes_were_widened_opens(lab: ReportLab) -> None:
    """ARMmbed/mbed-crypto#337."""
    widened = b"".join(bytes([0, octet]) for octet in POLISH.encode()) + b"\0\0"
    bags = (key_bag(key("alice"), POLISH.encode(), identified(b"1")), certificate_bag(alice(), identified(b"1")))
    assert opens(lab, store(bags, widened), POLISH)
    # OpenSSL reads such a MAC, and then takes the widened password for PBES2 too.
    assert not openssl_opens(lab, POLISH)


def test_the_same_key_identifier_on_every_certificate_confuses_nobody(lab: ReportLab) -> None:
    """Ephenodrom/Dart-Basic-Utils#119."""
    marks = (named("x"), identified(b"1"))
    others = [certificate_bag(certificate, *marks) for certificate in (root(), bob(), alice())]
    assert opens(lab, store([*others, key_bag(key("alice"), PASSWORD.encode(), *marks)], bmp_string(PASSWORD)))
    assert openssl_opens(lab)


def test_a_secret_key_beside_the_private_one_is_passed_over(lab: ReportLab) -> None:
    """kaikramer/keystore-explorer#693."""
    secret = secret_bag(bytes(16), PASSWORD.encode(), named("secret"))
    assert opens(lab, store([secret, *BAGS], bmp_string(PASSWORD)))
    assert openssl_opens(lab)


@pytest.mark.skipif(shutil.which("keytool") is None, reason="Java is not installed")
def test_certificates_that_java_trusts_are_taken_out(lab: ReportLab) -> None:
    """wbond/asn1crypto#31."""
    for name in ("root", "bob"):
        file = ("-alias", name, "-file", f"{name}.pem", "-keystore", "trusted.p12", "-storetype", "PKCS12")
        assert lab.run("keytool", "-importcert", "-noprompt", *file, "-storepass", PASSWORD).returncode == 0
    taken = lab.sealwax("certificates", "trusted.p12", "--passphrase-file", "pw")
    assert taken.code == 0
    assert {octets for _, _, octets in pem.unarmor(taken.stdout, multiple=True)} == {der_of(root()), der_of(bob())}
    shown = lab.sealwax("inspect", "trusted.p12", "--passphrase-file", "pw").stdout
    assert b"CN=bob" in shown
    assert b"CN=Root" in shown
    assert lab.sealwax("certificates", "trusted.p12", "--passphrase-file", "letter.eml").code == 1


@pytest.mark.parametrize(
    ("length", "states_length", "is_read"), [(32, True, True), (32, False, False), (1, True, False)]
)
def test_a_mac_key_without_or_of_a_short_length_is_refused(
    lab: ReportLab, length: int, states_length: bool, is_read: bool
) -> None:
    """dogtagpki/jss#1085. RFC 9579 section 3 requires the length, and at least 20 bytes."""
    file = store_with_pbmac1(BAGS, PASSWORD.encode(), length, states_length=states_length)
    assert opens(lab, file) is is_read


def test_a_private_key_on_a_curve_without_its_public_half_is_read(lab: ReportLab) -> None:
    """DCIT/perl-CryptX#28."""
    private = curve_key("curve")
    number = private.private_numbers().private_value.to_bytes(32, "big")
    algorithm = bytes(der.read_sequence(pkcs8(private))[1].encoded)
    inside = der.sequence(der.integer(1), der.octet_string(number))
    bare = der.sequence(der.integer(0), algorithm, der.octet_string(inside))
    usages = ["digital_signature", "key_agreement"]
    lab.identity("curve", certify("curve", "alice@example.test", private=private, usages=usages), bare)
    assert lab.sealwax("sign", "letter.eml", "--identity", "curve.both", "-o", "signed.eml").code == 0
    assert lab.verdict(lab.read("signed.eml")).startswith("verified")
    lab.openssl("cms", "-encrypt", "-in", "letter.eml", "-out", "sealed.eml", "-aes256", "curve.pem")
    assert lab.sealwax("decrypt", "sealed.eml", "--identity", "curve.both", "-o", "opened").code == 0
    assert b"eight" in lab.read("opened")
