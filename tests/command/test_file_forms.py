"""Each verb and option of the command that takes certificates, lists, keys or timestamps reads every form of file."""

from __future__ import annotations

import pytest

from smime_core.asn1 import ValueKind, build_pem, der, parse_file_values
from smime_core.cms.content_info import ID_DATA, ID_SIGNED_DATA, build_content_info
from tests.support.command.lab import READER, SIGNER, TRUST, Lab
from tests.support.file_forms import FORMS

# The grid of all forms is in tests/core/test_doors_for_files.py. These differ most from each other.
SOME_FORMS = ("DER, newline", "PEM, another label", "PEM, one line", "base64, CR LF", "UTF-16 PEM")


def der_of(lab: Lab, name: str, kind: ValueKind) -> bytes:
    return parse_file_values((lab.folder / name).read_bytes()).find(kind)[0].der


@pytest.mark.parametrize("form", SOME_FORMS)
def test_every_door_for_certificates_reads_every_form(lab: Lab, form: str) -> None:
    bob = lab.write("bob.any", FORMS[form](der_of(lab, "ids/bob.pem", ValueKind.CERTIFICATE)))
    root = lab.write("root.any", FORMS[form](der_of(lab, "ids/ca.pem", ValueKind.CERTIFICATE)))
    assert lab.sealwax("certificates", bob).stdout.startswith(b"-----BEGIN CERTIFICATE-----\n")
    assert b"bob@example.test" in lab.sealwax("inspect", bob).stdout
    assert lab.sealwax("contacts", "import", bob, "--contacts", f"{form}.contacts.json").code == 0
    lab.made("encrypt", "mail.eml", "--to", bob, "-o", "to.eml")
    lab.made("decrypt", "to.eml", *READER, "-o", "from.eml")
    assert lab.sealwax("verify", "signed.eml", "--anchor", root, "--no-revocation").code == 0


@pytest.mark.parametrize("form", SOME_FORMS)
def test_every_door_for_keys_reads_every_form(lab: Lab, form: str) -> None:
    p12 = lab.write("alice.any", FORMS[form](der_of(lab, "ids/alice.p12", ValueKind.PKCS12)))
    passphrase = ("--passphrase-file", "ids/passphrase.txt")
    assert b"alice@example.test" in lab.sealwax("identity", "list", p12, *passphrase).stdout
    assert b"PKCS#12" in lab.sealwax("inspect", p12, *passphrase).stdout
    lab.made("sign", "mail.eml", "--identity", p12, *passphrase, "-o", "by.eml")
    assert lab.sealwax("verify", "by.eml", *TRUST).code == 0


def test_p7b_and_signed_mails_are_sources_at_every_door(lab: Lab) -> None:
    lab.made("certificates", "ids/bob.pem", "ids/ca.pem", "--p7c", "-o", "both.p7c")
    lab.made("sign", "mail.eml", *SIGNER, "--carry", "both.p7c", "-o", "carries.eml")
    for source in ("both.p7c", "carries.eml", "signed.eml"):
        assert b"BEGIN CERTIFICATE" in lab.sealwax("certificates", source).stdout
        assert lab.sealwax("contacts", "import", source, "--contacts", f"{source}.json").code == 0
        assert lab.sealwax("encrypt", "mail.eml", "--to", source, "-o", "to.eml").code == 0
    assert lab.sealwax("verify", "signed.eml", "--anchor", "both.p7c", "--no-revocation").code == 0


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.msg", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "Outlook message"),
        ("a.pdf", b"%PDF-1.7\n", "this is a PDF"),
        ("a.asc", b"-----BEGIN PGP MESSAGE-----\n\nhQ==\n-----END PGP MESSAGE-----\n", "this is OpenPGP"),
    ],
)
def test_a_file_of_another_program_is_named_by_every_verb(lab: Lab, name: str, data: bytes, words: str) -> None:
    lab.write(name, data)
    for arguments in (("verify", name), ("inspect", name), ("decrypt", name, *READER), ("certificates", name)):
        result = lab.sealwax(*arguments)
        assert (result.code, words in result.line) == (2, True), (arguments, result.line)


OPENPGP = (
    b"From: alice@example.test\r\nSubject: x\r\n\r\n"
    b"-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nHi\r\n-----BEGIN PGP SIGNATURE-----\r\n"
)


def test_a_mail_of_openpgp_is_called_so_by_every_verb(lab: Lab) -> None:
    lab.write("pgp.eml", OPENPGP)
    assert "OpenPGP, not S/MIME: openpgp-signed" in lab.sealwax("verify", "pgp.eml").line
    assert lab.sealwax("inspect", "pgp.eml").stdout.startswith(b"message: signed with OpenPGP")
    for verb in ("decrypt", "countersign", "add-signer"):
        keys = READER if verb == "decrypt" else SIGNER
        assert "OpenPGP" in lab.sealwax(verb, "pgp.eml", *keys).line


def unreadable(lab: Lab, name: str) -> bytes:
    """A person's certificate whose validity begins at no time."""
    return der_of(lab, f"ids/{name}.pem", ValueKind.CERTIFICATE).replace(b"\x17\x0d", b"\x16\x0d", 1)


FILES = {
    "PEM": lambda *certificates: b"".join(build_pem("CERTIFICATE", certificate) for certificate in certificates),
    "DER": lambda *certificates: b"".join(certificates),
    "p7b": lambda *certificates: build_content_info(
        ID_SIGNED_DATA,
        der.sequence(
            der.integer(1),
            der.set_of([]),
            der.sequence(der.oid(ID_DATA)),
            der.element(0xA0, b"".join(certificates)),
            der.set_of([]),
        ),
    ),
}


@pytest.mark.parametrize("form", FILES)
def test_an_unreadable_certificate_hides_no_other_and_is_named(lab: Lab, form: str) -> None:
    ca = der_of(lab, "ids/ca.pem", ValueKind.CERTIFICATE)
    both = lab.write("both.any", FILES[form](unreadable(lab, "bob"), ca))
    for verb in (
        ("verify", "signed.eml", "--anchor", both, "--no-revocation"),
        ("verify", "signed.eml", *TRUST, "--certificates", both),
        ("certificates", both),
        ("sign", "mail.eml", *SIGNER, "--carry", both, "-o", "by.eml"),
    ):
        result = lab.sealwax(*verb)
        assert (result.code, "a certificate cannot be read, and is left out: CN=" in result.line) == (0, True)
    alone = lab.write("alone.any", FILES[form](unreadable(lab, "bob")))
    for refused in (("verify", "signed.eml", "--anchor", alone), ("certificates", alone), ("encrypt", "--to", alone)):
        result = lab.sealwax(*refused)
        assert (result.code, "alone.any: a certificate cannot be read: CN=" in result.line) == (2, True)


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("order", [("bob", "alice"), ("alice", "bob")])
def test_nobody_takes_the_place_of_a_recipient_who_cannot_be_read(lab: Lab, form: str, order: tuple[str, str]) -> None:
    alice = der_of(lab, "ids/alice.pem", ValueKind.CERTIFICATE)
    certificates = [unreadable(lab, name) if name == "bob" else alice for name in order]
    both = lab.write("both.any", FILES[form](*certificates))
    accepting = ("trust", "accept", both, "--for", "bob@example.test", "--yes", "--decisions", "decisions.json")
    for verb in (("encrypt", "mail.eml", "--to", both, "-o", "never.eml"), accepting):
        result = lab.sealwax(*verb)
        assert (result.code, "a certificate cannot be read: CN=" in result.line) == (2, True)
    assert not (lab.folder / "never.eml").exists()
    assert not (lab.folder / "decisions.json").exists()
