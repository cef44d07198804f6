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
from tests.support.command.reported import Desk, alice, bob, certify, curve_key, der_of, key, pkcs8, root

PASSWORD = "secret-word1"
POLISH = "żółwiak-żółw"
BAGS = (
    key_bag(key("alice"), PASSWORD.encode(), named("Alice"), identified(b"1")),
    certificate_bag(alice(), named("Alice"), identified(b"1")),
    certificate_bag(root()),
)


def opens(desk: Desk, file: bytes, password: str = PASSWORD) -> bool:
    """Whether the key of the file signs as Alice; a wrong password never opens the file."""
    desk.write("word", password.encode() + b"\n")
    desk.write("other", b"another word 1\n")
    options = ("--identity", desk.write("key.p12", file), "--passphrase-file")
    assert desk.sealwax("sign", "letter.eml", *options, "other", "-o", "none.eml").code != 0
    if desk.sealwax("sign", "letter.eml", *options, "word", "-o", "signed.eml").code != 0:
        return False
    assert desk.verdict(desk.read("signed.eml")).startswith("verified: signed by CN=alice")
    return True


def openssl_opens(desk: Desk, password: str = PASSWORD) -> bool:
    desk.write("word", password.encode() + b"\n")
    return desk.openssl_or_none("pkcs12", "-in", "key.p12", "-nodes", "-passin", "file:word") is not None


@pytest.mark.parametrize("form", [("-pubin", "-outform", "PEM"), ("-pubin", "-RSAPublicKey_out")])
def test_a_public_key_in_place_of_a_certificate_is_named(desk: Desk, form: tuple[str, ...]) -> None:
    """nextcloud/mail#13361."""
    desk.openssl("x509", "-in", "bob.pem", "-pubkey", "-noout", "-out", "plain.pub")
    desk.openssl("rsa", "-in", "plain.pub", *form, "-out", "bob.pub")
    for command in (
        ("encrypt", "letter.eml", "--to", "bob.pub", "-o", "x.eml"),
        ("contacts", "import", "bob.pub", "--contacts", "people.json"),
        ("certificates", "bob.pub"),
        ("verify", "letter.eml", "--anchor", "bob.pub"),
    ):
        done = desk.sealwax(*command)
        assert (done.code, done.line.endswith("found no certificate, but a public key")) == (2, True)


def test_an_owner_is_found_behind_the_authority(desk: Desk) -> None:
    """FlowCrypt/flowcrypt-browser#3860."""
    desk.openssl("pkcs8", "-topk8", "-in", "alice.key", "-out", "alice.enc", "-v2", "aes256", "-passout", "file:pw")
    desk.write("shuffled.pem", desk.read("root.pem") + desk.read("alice.pem") + desk.read("alice.enc"))
    options = ("--identity", "shuffled.pem", "--passphrase-file", "pw")
    assert desk.sealwax("sign", "letter.eml", *options, "-o", "signed.eml").code == 0
    assert desk.verdict(desk.read("signed.eml")).startswith("verified: signed by CN=alice")


def test_ber_is_read(desk: Desk) -> None:
    """golang/go#48210."""
    desk.openssl("pkcs12", "-export", "-in", "alice.both", "-out", "alice.p12", "-passout", "file:pw")
    for file in (desk.read("alice.p12"), store(BAGS, bmp_string(PASSWORD))):
        assert opens(desk, as_ber(file))
        assert openssl_opens(desk)


def test_a_file_without_a_mac_is_read(desk: Desk) -> None:
    """chris2511/xca#617."""
    assert opens(desk, store(BAGS, None))
    assert openssl_opens(desk)


@pytest.mark.parametrize("mac_password", [b"\0\0", b""], ids=["two zero bytes", "none"])
def test_an_empty_password_opens_in_both_forms(desk: Desk, mac_password: bytes) -> None:
    """harrison314/BouncyHsm#20."""
    bags = (key_bag(key("alice"), b"", identified(b"1")), certificate_bag(alice(), identified(b"1")))
    assert opens(desk, store(bags, mac_password), "")
    assert openssl_opens(desk, "")


@pytest.mark.parametrize("encode", ["utf-8", "utf-16-be", "bmp"])
def test_pbes2_opens_by_a_password_in_each_form(desk: Desk, encode: str) -> None:
    """PeculiarVentures/PKI.js#404. RFC 8018 has no form; openssl and NSS write UTF-8."""
    written = bmp_string(POLISH) if encode == "bmp" else POLISH.encode(encode)
    bags = (key_bag(key("alice"), written, identified(b"1")), certificate_bag(alice(), identified(b"1")))
    assert opens(desk, store(bags, bmp_string(POLISH)), POLISH)
    assert openssl_opens(desk, POLISH) is (encode == "utf-8")


def test_a_password_whose_bytes_were_widened_opens(desk: Desk) -> None:
    """ARMmbed/mbed-crypto#337."""
    widened = b"".join(bytes([0, octet]) for octet in POLISH.encode()) + b"\0\0"
    bags = (key_bag(key("alice"), POLISH.encode(), identified(b"1")), certificate_bag(alice(), identified(b"1")))
    assert opens(desk, store(bags, widened), POLISH)
    # OpenSSL reads such a MAC, and then takes the widened password for PBES2 too.
    assert not openssl_opens(desk, POLISH)


def test_the_same_key_identifier_on_every_certificate_confuses_nobody(desk: Desk) -> None:
    """Ephenodrom/Dart-Basic-Utils#119."""
    marks = (named("x"), identified(b"1"))
    others = [certificate_bag(one, *marks) for one in (root(), bob(), alice())]
    assert opens(desk, store([*others, key_bag(key("alice"), PASSWORD.encode(), *marks)], bmp_string(PASSWORD)))
    assert openssl_opens(desk)


def test_a_secret_key_beside_the_private_one_is_passed_over(desk: Desk) -> None:
    """kaikramer/keystore-explorer#693."""
    secret = secret_bag(bytes(16), PASSWORD.encode(), named("secret"))
    assert opens(desk, store([secret, *BAGS], bmp_string(PASSWORD)))
    assert openssl_opens(desk)


@pytest.mark.skipif(shutil.which("keytool") is None, reason="Java is not installed")
def test_certificates_that_java_trusts_are_taken_out(desk: Desk) -> None:
    """wbond/asn1crypto#31."""
    for name in ("root", "bob"):
        file = ("-alias", name, "-file", f"{name}.pem", "-keystore", "trusted.p12", "-storetype", "PKCS12")
        assert desk.run("keytool", "-importcert", "-noprompt", *file, "-storepass", PASSWORD).returncode == 0
    taken = desk.sealwax("certificates", "trusted.p12", "--passphrase-file", "pw")
    assert taken.code == 0
    assert {octets for _, _, octets in pem.unarmor(taken.stdout, multiple=True)} == {der_of(root()), der_of(bob())}
    shown = desk.sealwax("inspect", "trusted.p12", "--passphrase-file", "pw").stdout
    assert b"CN=bob" in shown
    assert b"CN=Root" in shown
    assert desk.sealwax("certificates", "trusted.p12", "--passphrase-file", "letter.eml").code == 1


@pytest.mark.parametrize(
    ("length", "states_length", "is_read"), [(32, True, True), (32, False, False), (1, True, False)]
)
def test_a_mac_key_without_or_of_a_short_length_is_refused(
    desk: Desk, length: int, states_length: bool, is_read: bool
) -> None:
    """dogtagpki/jss#1085. RFC 9579 section 3 requires the length, and at least 20 bytes."""
    file = store_with_pbmac1(BAGS, PASSWORD.encode(), length, states_length=states_length)
    assert opens(desk, file) is is_read


def test_a_private_key_on_a_curve_without_its_public_half_is_read(desk: Desk) -> None:
    """DCIT/perl-CryptX#28."""
    private = curve_key("curve")
    number = private.private_numbers().private_value.to_bytes(32, "big")
    algorithm = bytes(der.read_sequence(pkcs8(private))[1].encoded)
    inside = der.sequence(der.integer(1), der.octet_string(number))
    bare = der.sequence(der.integer(0), algorithm, der.octet_string(inside))
    usages = ["digital_signature", "key_agreement"]
    desk.identity("curve", certify("curve", "alice@example.test", private=private, usages=usages), bare)
    assert desk.sealwax("sign", "letter.eml", "--identity", "curve.both", "-o", "signed.eml").code == 0
    assert desk.verdict(desk.read("signed.eml")).startswith("verified")
    desk.openssl("cms", "-encrypt", "-in", "letter.eml", "-out", "sealed.eml", "-aes256", "curve.pem")
    assert desk.sealwax("decrypt", "sealed.eml", "--identity", "curve.both", "-o", "opened").code == 0
    assert b"eight" in desk.read("opened")
