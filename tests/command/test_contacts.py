"""`sealwax contacts`: people are taken from address books, listed, written to others, and forgotten."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from smime_core.asn1.pem import build_pem
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.trust import (
    NO_CONTACTS,
    PeopleForm,
    build_people_file,
    import_people,
    parse_contacts,
    parse_people_file,
)
from smime_core.trust.contacts_json import build_contacts
from tests.support import path_pki
from tests.support.command.lab import QuickLab
from tests.support.people import NOW, anchor, person

ALICE, BOB = person("alice").certificate, person("bob").certificate
CONTACTS = ("--contacts", "contacts.json")


@pytest.fixture
def lab(tmp_path: Path) -> QuickLab:
    lab = QuickLab(tmp_path)
    book = import_people(NO_CONTACTS, parse_people_file(build_certificates_only([ALICE, BOB])), NOW).contacts
    lab.write("people.ldif", build_people_file(book.people, PeopleForm.LDIF))
    lab.write("people.vcf", build_people_file(book.people, PeopleForm.VCARD))
    lab.write("people.p7b", build_certificates_only([ALICE, BOB, anchor()]))
    lab.write("bob.pem", build_pem("CERTIFICATE", BOB.der))
    return lab


def known(lab: QuickLab, name: str = "contacts.json") -> dict[str, set[str]]:
    people = parse_contacts(lab.read(name)).people
    return {
        contact.address: {certificate.certificate.fingerprint for certificate in contact.certificates}
        for contact in people
    }


BOTH = {"alice@example.test": {ALICE.fingerprint}, "bob@example.test": {BOB.fingerprint}}


@pytest.mark.parametrize("name", ["people.ldif", "people.vcf", "people.p7b"])
def test_an_address_book_is_taken_in_every_form(lab: QuickLab, name: str) -> None:
    result = lab.sealwax("contacts", "import", name, *CONTACTS)
    assert (result.code, result.stderr, known(lab)) == (0, "", BOTH)
    summary = result.stdout.decode().splitlines()[-1]
    assert summary.startswith("taken: 2; known before: 0")
    assert ("of authorities, which are not trusted by this: 1" in summary) is (name == "people.p7b")
    assert stat.S_IMODE((lab.folder / "contacts.json").stat().st_mode) == 0o600
    again = lab.sealwax("contacts", "import", name, "people.ldif", *CONTACTS)
    assert (again.code, known(lab)) == (0, BOTH)
    assert again.stdout.decode().splitlines()[-1].startswith("taken: 0; known before: 4")


@pytest.mark.parametrize("form", ["--ldif", "--vcard", "--p7b", "--pem"])
def test_exported_contacts_are_imported_again(lab: QuickLab, form: str) -> None:
    lab.sealwax("contacts", "import", "people.ldif", *CONTACTS)
    lab.made("contacts", "export", form, "-o", "out", *CONTACTS)
    assert stat.S_IMODE((lab.folder / "out").stat().st_mode) == 0o600
    assert lab.sealwax("contacts", "import", "out", "--contacts", "again.json").code == 0
    assert known(lab, "again.json") == BOTH
    lab.made("contacts", "export", "bob@EXAMPLE.test", form, "-o", "bob", *CONTACTS)
    assert [contact.certificate for contact in parse_people_file(lab.read("bob")).people] == [BOB]


def test_an_exported_p7b_is_read_by_openssl(lab: QuickLab) -> None:
    lab.sealwax("contacts", "import", "bob.pem", *CONTACTS)
    lab.made("contacts", "export", "--p7b", "-o", "bob.p7b", *CONTACTS)
    printed = lab.openssl("pkcs7", "-inform", "DER", "-in", "bob.p7b", "-print_certs")
    assert parse_people_file(printed).certificates == (BOB,)


def test_what_is_not_taken_is_reported(lab: QuickLab) -> None:
    nameless = path_pki.root().issue("Nameless", is_ca=False).certificate
    book = lab.read("people.vcf").replace(b"EMAIL;TYPE=INTERNET:bob@", b"EMAIL;TYPE=INTERNET:mallory@")
    lab.write("mixed.vcf", book + b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Carol\r\nKEY:http://c.test/\r\nEND:VCARD\r\n")
    lab.write("nameless.pem", build_pem("CERTIFICATE", nameless.der))
    result = lab.sealwax("contacts", "import", "mixed.vcf", "nameless.pem", *CONTACTS)
    assert (result.code, list(known(lab))) == (0, ["alice@example.test"])
    assert result.stderr.splitlines() == [
        f"sealwax: not taken: {BOB.common_name}: The certificate is for another address than its entry. "
        "(bob@example.test)",
        "sealwax: not taken: Carol: The entry names a link to the certificate, and links are not followed.",
        "sealwax: not taken: Nameless: The certificate names no email address.",
    ]
    only = lab.sealwax("contacts", "import", "nameless.pem", "--contacts", "none.json", "--json")
    shown = json.loads(only.stdout)
    assert (only.code, shown["added"], shown["leftOut"][0]["reason"]["code"]) == (1, [], "no-address")
    assert shown["leftOut"][0]["fingerprint"] == nameless.fingerprint
    assert not (lab.folder / "none.json").exists()


def test_another_certificate_than_the_known_one_waits_for_consent(lab: QuickLab) -> None:
    other = path_pki.root("Another").certify("bob@example.test")
    lab.write("other.pem", build_pem("CERTIFICATE", other.der))
    lab.sealwax("contacts", "import", "bob.pem", *CONTACTS)
    refused = lab.sealwax("contacts", "import", "other.pem", *CONTACTS)
    assert (refused.code, known(lab)["bob@example.test"]) == (1, {BOB.fingerprint})
    assert refused.line == (
        "sealwax: bob@example.test: another certificate than before, not taken: --accept-change does, once you are sure"
    )
    accepted = lab.sealwax("contacts", "import", "other.pem", "--accept-change", *CONTACTS)
    assert (accepted.code, known(lab)["bob@example.test"]) == (0, {BOB.fingerprint, other.fingerprint})


def test_nothing_is_taken_if_one_file_cannot_be_read(lab: QuickLab) -> None:
    lab.write("change.ldif", b"dn: cn=Bob\nchangetype: delete\n")
    result = lab.sealwax("contacts", "import", "people.ldif", "change.ldif", *CONTACTS)
    assert (result.code, "it changes a directory" in result.line) == (2, True)
    assert not (lab.folder / "contacts.json").exists()


def test_contacts_are_listed_and_forgotten(lab: QuickLab) -> None:
    lab.sealwax("contacts", "import", "people.p7b", *CONTACTS)
    lines = lab.sealwax("contacts", "list", *CONTACTS).stdout.decode().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["alice@example.test", "bob@example.test"]
    assert f"from contacts, SHA-256 {ALICE.fingerprint}" in lines[0]
    shown = json.loads(lab.sealwax("contacts", "list", "--json", *CONTACTS).stdout)
    assert [contact["address"] for contact in shown["contacts"]] == ["alice@example.test", "bob@example.test"]
    assert shown["contacts"][0]["certificates"][0]["source"] == "contacts"
    assert lab.sealwax("contacts", "remove", "ALICE@example.test", *CONTACTS).stdout == b"alice@example.test: removed\n"
    assert list(known(lab)) == ["bob@example.test"]
    assert lab.sealwax("contacts", "remove", "alice@example.test", *CONTACTS).code == 2


def test_nobody_is_exported_to_no_file(lab: QuickLab) -> None:
    lab.write("contacts.json", build_contacts(NO_CONTACTS))
    result = lab.sealwax("contacts", "export", "-o", "out", *CONTACTS)
    assert (result.code, "no contact has a certificate" in result.line) == (2, True)
    assert lab.sealwax("contacts", "export", "bob@example.test", "-o", "out", *CONTACTS).code == 2
    assert not (lab.folder / "out").exists()


@pytest.mark.parametrize("data", [b"", b"hello", b"From: alice@example.test\n\nHi\n"])
def test_a_file_without_people_is_named(lab: QuickLab, data: bytes) -> None:
    result = lab.sealwax("contacts", "import", "bob.pem", lab.write("other.pem", data), *CONTACTS)
    assert (result.code, "sealwax: other.pem: " in result.line) == (2, True)
    assert not (lab.folder / "contacts.json").exists()
