"""Both directions with `openssl cms`: it reads what the command wrote, and the command reads what it wrote."""

from __future__ import annotations

import pytest

from tests.support.command.lab import ENTITY, READER, SIGNER, TRUST, Lab

SIGN = ("cms", "-sign", "-in", "entity.txt", "-signer", "ids/alice.pem", "-inkey", "ids/alice.key")
ENCRYPT = ("cms", "-encrypt", "-in", "entity.txt", "-aes-256-cbc")
FROM = ("--from", "alice@example.test")


@pytest.mark.parametrize("name", ["signed.eml", "opaque.eml"])
def test_openssl_verifies_a_signed_mail(lab: Lab, name: str) -> None:
    content = lab.openssl("cms", "-verify", "-in", name, "-CAfile", "ids/ca.pem")
    assert b"one line of plain text" in content


def test_openssl_verifies_a_signature_by_ecdsa(lab: Lab) -> None:
    signer = ("--identity", "ec/alice.p12", "--passphrase-file", "ec/passphrase.txt")
    lab.made("sign", "mail.eml", *signer, "-o", "ec.eml")
    assert b"plain text" in lab.openssl("cms", "-verify", "-in", "ec.eml", "-CAfile", "ec/ca.pem")


def test_openssl_verifies_a_detached_signature_over_a_file(lab: Lab) -> None:
    content = lab.write("openssl.bin", bytes(range(256)))
    lab.made("sign", content, "--raw", "--der", *SIGNER, "-o", "openssl.p7s")
    arguments = ("-binary", "-inform", "DER", "-in", "openssl.p7s", "-content", content, "-CAfile", "ids/ca.pem")
    assert lab.openssl("cms", "-verify", *arguments) == lab.read(content)


@pytest.mark.parametrize("folder", ["ids", "ec"])
def test_openssl_decrypts_an_encrypted_mail(lab: Lab, folder: str) -> None:
    lab.made("encrypt", "mail.eml", "--to", f"{folder}/bob.pem", "-o", "for_openssl.eml")
    keys = ("-recip", f"{folder}/bob.pem", "-inkey", f"{folder}/bob.key")
    assert b"one line of plain text" in lab.openssl("cms", "-decrypt", "-in", "for_openssl.eml", *keys)


def test_openssl_decrypts_authenv_der(lab: Lab) -> None:
    content = lab.write("openssl.bin", bytes(range(256)) * 40)
    lab.made("encrypt", content, "--raw", "--modern", "--der", "--to", "ids/bob.pem", "-o", "gcm.cms")
    keys = ("-recip", "ids/bob.pem", "-inkey", "ids/bob.key")
    assert lab.openssl("cms", "-decrypt", "-binary", "-inform", "DER", "-in", "gcm.cms", *keys) == lab.read(content)


@pytest.mark.parametrize(
    "options",
    [
        ("-outform", "SMIME"),
        ("-outform", "SMIME", "-nodetach"),
        ("-outform", "DER", "-nodetach"),
        ("-outform", "PEM", "-nodetach"),
        ("-outform", "DER", "-nodetach", "-stream", "-indef"),
        ("-outform", "DER", "-nodetach", "-noattr"),
        ("-outform", "SMIME", "-keyopt", "rsa_padding_mode:pss"),
    ],
    ids=["multipart", "opaque", "der", "pem", "ber", "no-attributes", "pss"],
)
def test_verifies_what_openssl_signed(lab: Lab, options: tuple[str, ...]) -> None:
    lab.openssl(*SIGN, *options, "-out", "by_openssl.p7m")
    result = lab.sealwax("verify", "by_openssl.p7m", *TRUST, *FROM, "-o", "by_openssl.txt")
    assert (result.code, result.stderr) == (0, "")
    assert lab.read("by_openssl.txt") == ENTITY


@pytest.mark.parametrize(
    "options",
    [
        ("-outform", "SMIME"),
        ("-outform", "DER"),
        ("-outform", "PEM"),
        ("-outform", "DER", "-stream", "-indef"),
    ],
    ids=["smime", "der", "pem", "ber"],
)
def test_decrypts_what_openssl_encrypted_with_rsa_v1_5(lab: Lab, options: tuple[str, ...]) -> None:
    lab.openssl(*ENCRYPT, *options, "-out", "by_openssl.p7m", "ids/bob.pem")
    result = lab.sealwax("decrypt", "by_openssl.p7m", *READER, "--raw")
    assert (result.code, result.stdout, result.stderr) == (0, ENTITY, "")


def test_decrypts_what_openssl_encrypted_with_oaep(lab: Lab) -> None:
    oaep = ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256")
    lab.openssl(*ENCRYPT, "-outform", "DER", "-out", "oaep.p7m", "-recip", "ids/bob.pem", *oaep)
    assert lab.sealwax("decrypt", "oaep.p7m", *READER).stdout == ENTITY


def test_decrypts_what_openssl_encrypted_to_an_ec_key(lab: Lab) -> None:
    lab.openssl(*ENCRYPT, "-outform", "DER", "-out", "ec.p7m", "ec/bob.pem")
    reader = ("--identity", "ec/bob.p12", "--passphrase-file", "ec/passphrase.txt")
    assert lab.sealwax("decrypt", "ec.p7m", *reader).stdout == ENTITY


def test_opens_and_verifies_a_mail_that_openssl_signed_and_encrypted(lab: Lab) -> None:
    lab.openssl(*SIGN, "-out", "inner.eml")
    headers = ("-from", "alice@example.test", "-to", "bob@example.test", "-subject", "both")
    lab.openssl("cms", "-encrypt", "-in", "inner.eml", *headers, "-aes256", "-out", "both_openssl.eml", "ids/bob.pem")
    result = lab.sealwax("decrypt", "both_openssl.eml", *READER, *TRUST, "-o", "both.txt")
    assert (result.code, "verified: signed by" in result.line) == (0, True)
