"""The output of `inspect` for every structure, as text for people and by the schema for programs."""

from __future__ import annotations

import pytest

from smime_core import blocking
from smime_core.algorithms import AES_256_CBC
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.encrypted_data import build_encrypted_data
from smime_core.providers.native import NativeProvider
from tests.support.command.lab import READER, SIGNER, Lab
from tests.support.command.reports import parsed
from tests.support.vectors import vectors

STANDARD = [
    "content type",
    "security label",
    "signing time",
    "algorithm protection",
    "message digest",
    "signing certificate, version 2",
    "capabilities",
]


def test_shows_every_attribute_in_words(lab: Lab) -> None:
    lab.made("sign", "mail.eml", *SIGNER, "--label", "1.2.3.4:confidential", "-o", "attributes.eml")
    (signer,) = parsed(lab.sealwax("inspect", "attributes.eml", "--json"))["signers"]
    values = {attribute["name"]: attribute["values"] for attribute in signer["signedAttributes"]}
    assert sorted(values) == sorted(STANDARD)
    assert values["content type"] == ["data"]
    assert values["security label"] == ["policy 1.2.3.4, confidential"]
    assert values["algorithm protection"] == ["sha256", "RSA with SHA-256"]
    assert values["signing time"] == [signer["signingTime"]]
    assert "AES-256-GCM" in values["capabilities"]
    assert signer["unsignedAttributes"] == []
    tree = lab.sealwax("inspect", "attributes.eml").stdout.decode()
    for name in STANDARD:
        assert f"signed: {name}: " in tree


def test_shows_protected_parts_below_the_top_with_their_place(lab: Lab) -> None:
    signed = lab.read("signed.eml").split(b"\r\n\r\n", 1)
    part = signed[0][signed[0].index(b"Content-Type") :] + b"\r\n\r\n" + signed[1]
    mixed = b'From: x@y.test\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    mixed += b"--b\r\n\r\ntext\r\n--b\r\n" + part + b"\r\n--b--\r\n"
    report = parsed(lab.sealwax("inspect", lab.write("nested.eml", mixed), "--json"))
    assert [(layer["kind"], layer["path"], layer["coversWhole"]) for layer in report["layers"]] == [
        ("signed", "2", False)
    ]
    assert "part 2: signed, detached" in lab.sealwax("inspect", "nested.eml").stdout.decode()


def test_shows_encrypted_data(lab: Lab) -> None:
    encrypted = build_encrypted_data(
        b"text", bytes(32), content_type=ID_DATA, cipher=AES_256_CBC, provider=NativeProvider()
    )
    name = lab.write("encrypted_data.der", blocking.run(encrypted))
    report = parsed(lab.sealwax("inspect", name, "--json"))
    assert [(layer["kind"], layer["algorithm"]) for layer in report["layers"]] == [("encrypted", "AES-256-CBC")]
    assert report["recipients"] == []


@pytest.mark.parametrize(
    ("form", "label"), [(("-topk8",), "encrypted"), (("-topk8", "-outform", "DER"), "encrypted"), ((), "private key")]
)
def test_shows_keys_in_every_form(lab: Lab, form: tuple[str, ...], label: str) -> None:
    passphrase = ("-passout", "file:ids/passphrase.txt") if form else ("-nocrypt",)
    lab.openssl("pkcs8", *(form or ("-topk8",)), "-in", "ids/alice.key", *passphrase, "-out", "a.key")
    shown = lab.sealwax("inspect", "a.key", "--passphrase-file", "ids/passphrase.txt").stdout.decode()
    assert label in shown.splitlines()[0]
    assert "private key: RSA 2048" in shown
    assert "PRIVATE KEY-----" not in shown
    if form:
        wrong = lab.write("wrong.txt", b"wrong\n")
        refused = lab.sealwax("inspect", "a.key", "--passphrase-file", wrong)
        assert (refused.code, "passphrase" in refused.line) == (1, True)


@pytest.mark.parametrize("kind", ["pkcs1", "sec1"])
def test_shows_keys_of_old_forms(lab: Lab, kind: str) -> None:
    if kind == "pkcs1":
        lab.openssl("rsa", "-in", "ids/alice.key", "-traditional", "-out", "old.key")
    else:
        lab.openssl("ec", "-in", "ec/alice.key", "-outform", "DER", "-out", "old.key")
    expected = "RSA 2048" if kind == "pkcs1" else "EC P-256"
    assert parsed(lab.sealwax("inspect", "old.key", "--json"))["keys"] == [expected]


def test_shows_the_certificates_beside_a_key(lab: Lab) -> None:
    lab.write("both.pem", lab.read("ids/alice.key") + lab.read("ids/alice.pem"))
    report = parsed(lab.sealwax("inspect", "both.pem", "--json"))
    assert (report["keys"], len(report["certificates"])) == (["RSA 2048"], 1)


def test_a_damaged_name_in_one_certificate_hides_no_other(lab: Lab) -> None:
    lab.made("certificates", "ids/alice.pem", "ids/bob.pem", "--p7c", "-o", "two.p7c")
    # The first occurrence is in the subject. The new bytes are no UTF-8, so replacement characters are shown.
    damaged = lab.read("two.p7c").replace(b"alice@example.test", b"\xff" * 18, 1)
    report = parsed(lab.sealwax("inspect", lab.write("damaged.p7c", damaged), "--json"))
    damaged_text = "CN=" + "\ufffd" * 18
    assert {certificate["subject"] for certificate in report["certificates"]} == {"CN=bob@example.test", damaged_text}
    assert f"certificate: {damaged_text}" in lab.sealwax("inspect", "damaged.p7c").stdout.decode()


def test_a_mail_that_quotes_a_key_is_a_mail(lab: Lab) -> None:
    quoting = lab.write("quoting.eml", b"Subject: my key\r\n\r\n" + lab.read("ids/alice.key"))
    shown = lab.sealwax("inspect", quoting).stdout.decode()
    assert "neither signed nor encrypted" in shown
    assert "private key" not in shown


def test_shows_recipients_of_every_kind(lab: Lab) -> None:
    lab.write("password", b"correct horse\n")
    lab.write("team.key", bytes(range(32)))
    for_whom = ("--to", "ids/bob.pem", "--to", "ec/bob.pem", "--password-file", "password", "--allow-mixed")
    lab.made("encrypt", "mail.eml", *for_whom, "--shared-key", "team=team.key", "-o", "four.eml")
    recipients = parsed(lab.sealwax("inspect", "four.eml", "--json"))["recipients"]
    assert sorted(recipient["kind"] for recipient in recipients) == ["kari", "kekri", "ktri", "pwri"]
    assert lab.sealwax("decrypt", "four.eml", *READER).code == 0


@pytest.mark.thorough
def test_an_attribute_that_nobody_knows_is_shown_by_its_number(lab: Lab) -> None:
    names = set()
    for path in sorted(vectors("rfc4134").glob("4.*.bin")):
        result = lab.sealwax("inspect", str(path), "--json")
        assert result.code in (0, 2), (path.name, result.stderr)
        if result.code == 0:
            for signer in parsed(result)["signers"]:
                names |= {
                    attribute["name"] for attribute in (*signer["signedAttributes"], *signer["unsignedAttributes"])
                }
    assert {"security label", "mailing list history", "content hints", "countersignature"} <= names
    assert "" in names
