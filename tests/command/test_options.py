"""The effects of the options of sign, encrypt and decrypt, with openssl as the other side where it can."""

from __future__ import annotations

import hmac
import os
from typing import Any

import pytest

from smime_core import blocking
from smime_core.algorithms import AES_256_CBC
from smime_core.asn1 import der
from smime_core.cms.content_info import ID_AUTHENTICATED_DATA, ID_DATA, build_content_info
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kekri import KeyEncryptionKey
from smime_core.cms.recipients.recipient_info import build_recipient_infos
from smime_core.cms.signed_data import build_encapsulated
from smime_core.providers.native import NativeProvider
from tests.support.command.lab import ENTITY, MAIL, READER, SIGNER, TRUST, Lab
from tests.support.command.reports import parsed
from tests.support.people import build_revocation_list

pytestmark = pytest.mark.thorough

BY_EC = ("--identity", "ec/alice.p12", "--passphrase-file", "ec/passphrase.txt")


def described(lab: Lab, name: str) -> dict[str, Any]:
    return parsed(lab.sealwax("inspect", name, "--json"))


def attribute(signer: dict[str, Any], name: str) -> list[str]:
    (values,) = [
        signed_attribute["values"]
        for signed_attribute in signer["signedAttributes"]
        if signed_attribute["name"] == name
    ]
    assert isinstance(values, list)
    return values


def test_several_signers_sign_beside_one_another(lab: Lab) -> None:
    both = ("--identity", "ids/alice.p12", "--identity", "ids/bob.p12", "--passphrase-file", "ids/passphrase.txt")
    lab.made("sign", "mail.eml", *both, "-o", "by_both.eml")
    report = parsed(lab.sealwax("verify", "by_both.eml", *TRUST, "--json"))
    assert len(report["signers"]) == 2
    assert b"plain text" in lab.openssl("cms", "-verify", "-in", "by_both.eml", "-CAfile", "ids/ca.pem")


@pytest.mark.thorough(False)
@pytest.mark.parametrize("options", [("--pss",), ("--key-id",), ("--no-attributes",), ("--pss", "--key-id")])
def test_openssl_verifies_each_kind_of_signature(lab: Lab, options: tuple[str, ...]) -> None:
    lab.made("sign", "mail.eml", *SIGNER, *options, "-o", "kind.eml")
    assert lab.sealwax("verify", "kind.eml", *TRUST).code == 0
    assert b"plain text" in lab.openssl("cms", "-verify", "-in", "kind.eml", "-CAfile", "ids/ca.pem")
    (signer,) = described(lab, "kind.eml")["signers"]
    assert signer["algorithm"].startswith("RSA-PSS") is ("--pss" in options)
    assert signer["sid"].startswith("#") is ("--key-id" in options)
    assert (signer["signedAttributes"] == []) is ("--no-attributes" in options)


@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("padding", ["v1.5", "PSS"])
def test_openssl_and_we_verify_each_others_hashes_of_rsa_signatures(lab: Lab, padding: str, hash_name: str) -> None:
    label = f"RSA{'-PSS' if padding == 'PSS' else ''} with SHA-{hash_name[3:]}"
    pss = ("--pss",) if padding == "PSS" else ()
    lab.made("sign", "mail.eml", *SIGNER, *pss, "--rsa-hash", hash_name, "-o", "ours.eml")
    assert described(lab, "ours.eml")["signers"][0]["algorithm"] == label
    assert b"plain text" in lab.openssl("cms", "-verify", "-in", "ours.eml", "-CAfile", "ids/ca.pem")
    keys = ("-signer", "ids/alice.pem", "-inkey", "ids/alice.key", "-md", hash_name)
    padded = ("-keyopt", "rsa_padding_mode:pss") if pss else ()
    lab.openssl("cms", "-sign", "-in", "mail.eml", *keys, *padded, "-out", "theirs.eml")
    report = parsed(lab.sealwax("verify", "theirs.eml", *TRUST, "--from", "alice@example.test", "--json"))
    assert [(signer["state"], signer["algorithm"]) for signer in report["signers"]] == [("verified", label)]


def test_a_hash_for_rsa_keys_needs_an_rsa_key(lab: Lab) -> None:
    result = lab.sealwax("sign", "mail.eml", *BY_EC, "--rsa-hash", "sha512", "-o", "never.eml")
    assert (result.code, "no signer has one" in result.line) == (2, True)
    assert not (lab.folder / "never.eml").exists()


def test_pss_is_for_rsa_keys(lab: Lab) -> None:
    result = lab.sealwax("sign", "mail.eml", *BY_EC, "--pss", "-o", "never.eml")
    assert (result.code, bool(result.line)) == (1, True)
    assert not (lab.folder / "never.eml").exists()


def test_a_label_and_a_wish_for_a_receipt_are_signed(lab: Lab) -> None:
    lab.made("sign", "mail.eml", *SIGNER, "--label", "1.2.3.4:secret:Eyes only", "--ask-receipt", "-o", "labelled.eml")
    (signer,) = described(lab, "labelled.eml")["signers"]
    assert attribute(signer, "security label") == ['policy 1.2.3.4, secret, marked "Eyes only"']
    assert attribute(signer, "receipt request")[1:] == ["from everybody", "to alice@example.test"]
    assert lab.sealwax("verify", "labelled.eml", *TRUST).code == 0


def test_header_fields_are_signed_unless_told_otherwise(lab: Lab) -> None:
    lab.made("sign", "mail.eml", *SIGNER, "-o", "protected.eml")
    assert described(lab, "protected.eml")["headerProtection"] == "hp-clear"
    signed = lab.openssl("cms", "-verify", "-in", "protected.eml", "-CAfile", "ids/ca.pem")
    assert b"Subject: Supper" in signed
    lab.made("sign", "mail.eml", *SIGNER, "--plain-headers", "-o", "plain.eml")
    assert described(lab, "plain.eml")["headerProtection"] == "none"
    assert b"Subject" not in lab.openssl("cms", "-verify", "-in", "plain.eml", "-CAfile", "ids/ca.pem")


def test_the_subject_is_encrypted_unless_told_otherwise(lab: Lab) -> None:
    lab.made("encrypt", "mail.eml", "--to", "ids/bob.pem", "-o", "hidden.eml")
    assert b"Subject: [...]" in lab.read("hidden.eml")
    assert b"Supper" not in lab.read("hidden.eml")
    opened = lab.sealwax("decrypt", "hidden.eml", *READER).stdout
    assert b"Subject: Supper" in opened
    assert b"[...]" not in opened.replace(b"HP-Outer: Subject: [...]", b"")
    lab.made("encrypt", "mail.eml", "--to", "ids/bob.pem", "--plain-headers", "-o", "shown.eml")
    assert b"Subject: Supper" in lab.read("shown.eml")


@pytest.mark.parametrize("large", [False, True], ids=["memory", "stream"])
def test_signed_and_encrypted_in_one_step(lab: Lab, large: bool) -> None:
    text = b"one more line of text, and a long one at that, for a message beyond the memory's share\r\n"
    name = lab.write(
        "whole.eml", MAIL.replace("ü".encode(), b"ue").replace("ß".encode(), b"ss") + text * 60_000 * large
    )
    lab.made("encrypt", name, *SIGNER, "--to", "ids/bob.pem", "-o", "both.eml")
    assert b"Subject: [...]" in lab.read("both.eml")[:1000]
    result = lab.sealwax("decrypt", "both.eml", *READER, *TRUST, "-o", "both_opened.eml")
    assert "verified: signed by alice@example.test" in result.line
    # The hidden Subject is in the outer header again, and the signed bytes are unchanged.
    head = lab.read("both_opened.eml")[:300]
    assert b"Subject: Supper" in head
    assert b"[...]" not in head
    assert lab.sealwax("verify", "both_opened.eml", *TRUST).code == 0


def test_the_report_says_what_holds_for_each_header_field(lab: Lab) -> None:
    lab.made("encrypt", "mail.eml", *SIGNER, "--to", "ids/bob.pem", "-o", "both.eml")
    report = parsed(lab.sealwax("decrypt", "both.eml", *READER, *TRUST, "--json", "-o", "x.eml"))
    assert report["headerProtection"] == "hp-cipher"
    holds = {
        name: protection for (name, _), protection in zip(report["headers"], report["headerProtections"], strict=True)
    }
    assert ["Subject", "Supper"] in report["headers"]
    assert (holds["Subject"], holds["From"]) == ("signed-and-encrypted", "signed-only")
    plain = parsed(lab.sealwax("verify", "mail.eml", "--json"))
    assert (plain["headerProtection"], plain["headerProtections"]) == ("none", [])


def test_raw_content_is_signed_and_encrypted_in_one_step(lab: Lab) -> None:
    content = lab.write("content.bin", bytes(range(256)) * 3)
    lab.made("encrypt", content, "--raw", *SIGNER, "--to", "ids/bob.pem", "-o", "both.cms")
    lab.made("decrypt", "both.cms", *READER, "-o", "inner.cms")
    result = lab.sealwax("verify", "inner.cms", *TRUST, "--from", "alice@example.test", "-o", "-")
    assert (result.code, result.stdout) == (0, lab.read(content))


def test_from_stands_in_only_where_the_message_names_nobody(lab: Lab) -> None:
    result = lab.sealwax("verify", "signed.eml", *TRUST, "--from", "Alice@Example.test")
    assert (result.code, b"verified: signed by alice@example.test" in result.stdout) == (0, True)
    result = lab.sealwax("verify", "signed.eml", *TRUST, "--from", "bob@example.test")
    assert result.code == 1
    assert "sender-mismatch: the message is from alice@example.test, not from bob@example.test" in result.stderr
    # Bob signs a mail from Alice. His address on the command line does not make it valid.
    as_bob = ("--as", "bob@example.test")
    lab.made("sign", "mail.eml", "--identity", "ids/bob.p12", *SIGNER[2:], *as_bob, "-o", "forged.eml")
    result = lab.sealwax("verify", "forged.eml", *TRUST, "--from", "bob@example.test")
    assert (result.code, "invalid: sender-mismatch" in result.line) == (1, True)


def test_a_signed_mail_is_encrypted_as_it_is(lab: Lab) -> None:
    lab.made("encrypt", "signed.eml", "--to", "ids/bob.pem", "-o", "later.eml")
    assert lab.sealwax("decrypt", "later.eml", *READER, *TRUST, "-o", "opened.eml").line.count("verified")
    assert b"Subject: Supper" in lab.read("later.eml")


@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-192-cbc", "aes-128-gcm", "aes-256-gcm"])
def test_openssl_opens_other_ciphers(lab: Lab, cipher: str) -> None:
    lab.made("encrypt", "mail.eml", "--to", "ids/bob.pem", "--cipher", cipher, "--oaep", "-o", "cipher.eml")
    report = described(lab, "cipher.eml")
    assert report["layers"][0]["algorithm"].lower() == cipher
    assert "OAEP" in report["recipients"][0]["algorithm"]
    keys = ("-recip", "ids/bob.pem", "-inkey", "ids/bob.key")
    assert b"one line of plain text" in lab.openssl("cms", "-decrypt", "-in", "cipher.eml", *keys)


@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("cipher", ["aes-256-cbc", "aes-256-gcm"])
def test_openssl_and_we_open_each_others_hashes_of_oaep(lab: Lab, cipher: str, hash_name: str) -> None:
    lab.made(
        "encrypt", "mail.eml", "--to", "ids/bob.pem", "--cipher", cipher, "--oaep-hash", hash_name, "-o", "ours.eml"
    )
    assert described(lab, "ours.eml")["recipients"][0]["algorithm"] == f"RSA-OAEP with SHA-{hash_name[3:]}"
    keys = ("-recip", "ids/bob.pem", "-inkey", "ids/bob.key")
    assert b"one line of plain text" in lab.openssl("cms", "-decrypt", "-in", "ours.eml", *keys)
    padding = ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", f"rsa_oaep_md:{hash_name}")
    to_bob = ("-recip", "ids/bob.pem", *padding, f"-{cipher}")
    lab.openssl("cms", "-encrypt", "-in", "mail.eml", *to_bob, "-out", "theirs.eml")
    assert b"one line of plain text" in lab.sealwax("decrypt", "theirs.eml", *READER).stdout


def test_chacha20_is_opened_again(lab: Lab) -> None:
    lab.made("encrypt", "mail.eml", "--to", "ids/bob.pem", "--cipher", "chacha20-poly1305", "-o", "chacha.eml")
    assert b"one line of plain text" in lab.sealwax("decrypt", "chacha.eml", *READER).stdout


def test_a_named_shared_key_opens_what_openssl_encrypted_and_the_reverse(lab: Lab) -> None:
    key = lab.write("team.key", os.urandom(32))
    secret = ("-secretkey", lab.read(key).hex(), "-secretkeyid", b"team".hex())
    lab.openssl("cms", "-encrypt", "-in", "entity.txt", "-aes256", "-out", "by_openssl.eml", *secret)
    opened = lab.sealwax("decrypt", "by_openssl.eml", "--shared-key", f"0x{b'team'.hex()}={key}")
    assert ENTITY.split(b"\r\n\r\n")[1] in opened.stdout
    lab.made("encrypt", "mail.eml", "--shared-key", f"team={key}", "--to", "ids/bob.pem", "-o", "for_team.eml")
    assert b"one line of plain text" in lab.openssl("cms", "-decrypt", "-in", "for_team.eml", *secret)
    assert lab.sealwax("decrypt", "for_team.eml", *READER).code == 0
    wrong = lab.write("wrong.key", os.urandom(32))
    refused = lab.sealwax("decrypt", "for_team.eml", "--shared-key", f"team={wrong}")
    assert (refused.code, refused.stdout, bool(refused.line)) == (1, b"", True)
    other = lab.sealwax("decrypt", "for_team.eml", "--shared-key", f"other={key}")
    assert (other.code, "shared key 7465616d" in other.line) == (1, True)
    report = parsed(lab.sealwax("decrypt", "for_team.eml", "--shared-key", f"team={key}", "--json", "-o", "t.eml"))
    assert [recipient["kind"] for recipient in report["recipients"] if recipient["opened"]] == ["kekri"]


def test_the_name_of_a_shared_key_may_be_in_any_charset(lab: Lab) -> None:
    key = lab.write("cafe.key", os.urandom(32))
    lab.made("encrypt", "mail.eml", "--shared-key", f"Caf\udce9={key}", "-o", "for_cafe.eml")
    assert lab.sealwax("decrypt", "for_cafe.eml", "--shared-key", f"0x436166e9={key}").code == 0


def test_certificates_lists_and_a_preference_travel_along(lab: Lab) -> None:
    crl = lab.write("along.crl", build_revocation_list(0xABC))
    carried = ("--carry", crl, "--carry", "ec/ca.pem", "--prefer", "ec/alice.pem")
    lab.made("sign", "mail.eml", *SIGNER, *carried, "-o", "carrying.eml")
    assert lab.sealwax("verify", "carrying.eml", *TRUST).code == 0
    report = described(lab, "carrying.eml")
    assert len(report["certificates"]) == 4
    assert [revocation_list["revoked"] for revocation_list in report["layers"][0]["revocationLists"]] == [["abc"]]
    (preferred,) = attribute(report["signers"][0], "encryption key preference")
    serials = {
        certificate["serialNumber"] for certificate in report["certificates"] if certificate["key"] == "EC P-256"
    }
    assert preferred.rpartition("#")[2] in serials
    refused = lab.sealwax("sign", "mail.eml", *SIGNER, "--carry", "mail.eml")
    assert (refused.code, "no certificates" in refused.line) == (2, True)


def test_authenticated_data_is_opened_when_its_mac_holds(lab: Lab) -> None:
    lab.write("team.key", TEAM_KEY)
    opening = ("--shared-key", "team=team.key")
    authenticated = build_authenticated(b"some content")
    assert lab.sealwax("decrypt", lab.write("mac.der", authenticated), *opening).stdout == b"some content"
    altered = lab.write("mac_altered.der", authenticated.replace(b"some", b"more"))
    result = lab.sealwax("decrypt", altered, *opening)
    assert (result.code, result.stdout, bool(result.line)) == (1, b"", True)
    (layer,) = described(lab, "mac.der")["layers"]
    assert (layer["kind"], layer["algorithm"]) == ("authenticated", "HMAC with sha256")


TEAM_KEY = bytes(range(32))


def build_authenticated(content: bytes) -> bytes:
    """DER of AuthenticatedData for the holders of TEAM_KEY (RFC 5652 section 9.1), without attributes."""
    key = bytes(range(32, 64))
    provider = NativeProvider()
    infos = build_recipient_infos(
        key,
        Encrypting(keks=[KeyEncryptionKey(identifier=b"team", key=TEAM_KEY)]),
        cipher=AES_256_CBC,
        provider=provider,
    )
    return build_content_info(
        ID_AUTHENTICATED_DATA,
        der.sequence(
            der.integer(0),
            der.set_of(blocking.run(infos)),
            der.sequence(der.oid("1.2.840.113549.2.9")),  # HMAC with SHA-256
            b"".join(map(bytes, build_encapsulated(ID_DATA, content))),
            der.octet_string(hmac.digest(key, content, "sha256")),
        ),
    )
