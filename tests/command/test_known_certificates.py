"""Known certificates are used: two certificates of one person, and certificates that a message lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from smime_core import Identity, Signing, blocking
from smime_core.asn1.pem import build_pem
from smime_core.ca.extensions import build_key_usage
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.trust import parse_contacts
from smime_core.x509.certificate import Certificate, KeyUsage
from tests.support import path_pki
from tests.support.command.lab import QuickLab
from tests.support.people import MESSAGE, NOW, PROVIDER

DORA = "dora@example.test"
CONTACTS = ("--contacts", "contacts.json")
JUDGED = ("--anchor", "root.pem", "--no-revocation", "--at", "2026-06-01T12:00:00Z", *CONTACTS)
ROOT, OTHER = path_pki.root("Root of Dora"), path_pki.root("Another root")
ISSUING = ROOT.issue("Issuing CA of Dora")


def certify(usage: KeyUsage, key: str, issuer: path_pki.Rig = ISSUING) -> Certificate:
    key_usage = build_key_usage(usage)
    extensions = [extension for extension in path_pki.person_extensions(DORA) if extension.oid != key_usage.oid]
    return path_pki.issue(DORA, key, issuer, (*extensions, key_usage))


SIGNING = certify(KeyUsage.DIGITAL_SIGNATURE, "dora signs")
RECEIVING = certify(KeyUsage.KEY_AGREEMENT, "dora receives")
FOREIGN = certify(KeyUsage.KEY_AGREEMENT, "mallory receives", OTHER)


@pytest.fixture
def lab(tmp_path: Path) -> QuickLab:
    lab = QuickLab(tmp_path)
    for name, certificate in (("sign", SIGNING), ("receive", RECEIVING), ("foreign", FOREIGN)):
        lab.write(f"{name}.pem", build_pem("CERTIFICATE", certificate.der))
    lab.write("root.pem", build_pem("CERTIFICATE", ROOT.certificate.der))
    lab.write("issuing.pem", build_pem("CERTIFICATE", ISSUING.certificate.der))
    holder = Identity(certificate=SIGNING, private_key=path_pki.key("dora signs"), chain=(ISSUING.certificate,))
    mail = MESSAGE.replace(b"Alice <alice@", b"Dora <dora@")
    signing = Signing(identities=[holder], signing_time=NOW)
    lab.write("mail.eml", blocking.sign_message(mail, signing, provider=PROVIDER))
    bare = Signing(
        identities=[Identity(certificate=SIGNING, private_key=holder.private_key, chain=())], signing_time=NOW
    )
    lab.write("leaf.eml", blocking.sign_message(mail, bare, provider=PROVIDER))
    return lab


def known(lab: QuickLab) -> set[Certificate]:
    return {
        certificate.certificate
        for contact in parse_contacts(lab.read("contacts.json")).people
        for certificate in contact.certificates
    }


@pytest.mark.parametrize("first", ["sign", "receive"])
def test_a_second_certificate_for_the_other_use_is_taken_without_a_question(lab: QuickLab, first: str) -> None:
    for name in (first, "receive" if first == "sign" else "sign"):
        taken = lab.sealwax("contacts", "import", f"{name}.pem", *CONTACTS)
        assert (taken.code, taken.stderr) == (0, "")
    assert known(lab) == {SIGNING, RECEIVING}


def test_a_mail_by_the_signing_certificate_is_verified_without_a_note(lab: QuickLab) -> None:
    lab.sealwax("contacts", "import", "receive.pem", *CONTACTS)
    verified = lab.sealwax("verify", "--remember", "mail.eml", *JUDGED)
    assert (verified.code, verified.stderr, b"certificate-changed" in verified.stdout) == (0, "", False)
    assert known(lab) == {SIGNING, RECEIVING}


def test_encryption_takes_the_certificate_to_receive_though_the_other_is_newer(lab: QuickLab) -> None:
    lab.sealwax("contacts", "import", "receive.pem", *CONTACTS)
    lab.sealwax("verify", "--remember", "mail.eml", *JUDGED)
    lab.write("letter.eml", MESSAGE.replace(b"bob@", b"dora@"))
    trust = ("--anchor", "root.pem", "--no-revocation", "--certificates", "issuing.pem")
    lab.made("encrypt", "--to", DORA, *trust, *CONTACTS, "letter.eml", "-o", "encrypted.eml")
    assert f", #{RECEIVING.serial_number:x}".encode() in lab.sealwax("inspect", "encrypted.eml").stdout


@pytest.mark.parametrize("first", ["sign", "receive"])
def test_a_second_certificate_by_another_authority_is_asked_about(lab: QuickLab, first: str) -> None:
    lab.sealwax("contacts", "import", f"{first}.pem", *CONTACTS)
    refused = lab.sealwax("contacts", "import", "foreign.pem", *CONTACTS)
    assert (refused.code, FOREIGN in known(lab)) == (1, False)
    assert "another certificate than before" in refused.line
    lab.write("both.p7b", build_certificates_only([SIGNING, FOREIGN]))
    together = lab.sealwax("contacts", "import", "both.p7b", "--contacts", "new.json")
    assert "another certificate than before" in together.line


def test_a_certificate_that_the_message_lacks_is_one_of_a_file_or_a_contact(lab: QuickLab) -> None:
    assert "untrusted-anchor" in lab.sealwax("verify", "leaf.eml", *JUDGED).line
    assert lab.sealwax("verify", "leaf.eml", "--certificates", "issuing.pem", *JUDGED).code == 0
    lab.sealwax("contacts", "import", "receive.pem", "issuing.pem", *CONTACTS)
    assert lab.sealwax("verify", "leaf.eml", *JUDGED).code == 0
