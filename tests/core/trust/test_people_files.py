"""Files with other people's certificates: each form is read, written again, or refused with a reason."""

from __future__ import annotations

import base64
import datetime
import functools
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from smime_core import blocking
from smime_core.asn1 import build_pem
from smime_core.blocking import run
from smime_core.ca.extensions import build_subject_alt_name
from smime_core.cms.carried import parse_carried_certificates
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.cms.content_info import armor
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.limits import (
    MAX_CERTIFICATES,
    MAX_CONTACT_CERTIFICATES,
    MAX_PEOPLE_CERTIFICATES,
    MAX_PERSON_ADDRESSES,
)
from smime_core.report.report import Reason
from smime_core.trust import (
    LEFT_OUT_REASONS,
    NO_CONTACTS,
    CertificateSource,
    Contact,
    Contacts,
    Imported,
    Judging,
    KnownCertificate,
    PeopleFile,
    PeopleForm,
    build_contacts,
    build_people_file,
    choose_recipient,
    find_in_contacts,
    import_changed_people,
    import_people,
    parse_contacts,
    parse_people_file,
    remember_certificate,
)
from smime_core.trust.people_files import reading
from smime_core.x509.certificate import Certificate
from tests.support import path_pki
from tests.support.path_pki import Rig
from tests.support.people import NOW, PROVIDER, anchor, person, trust

ALICE, BOB = person("alice").certificate, person("bob").certificate
YEAR = datetime.timedelta(days=365)


def text64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def folded(line: str, width: int = 76, end: str = "\n") -> str:
    pieces = [line[:width], *(line[start : start + width - 1] for start in range(width, len(line), width - 1))]
    return f"{end} ".join(pieces) + end


def ldif(*lines: str, dn: str = "cn=Bob,dc=example") -> bytes:
    return "".join(("version: 1\n", f"dn: {dn}\n", *(folded(line) for line in lines))).encode()


def card(*lines: str, version: str = "3.0") -> bytes:
    whole = ("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD")
    return "".join(folded(line, 75, "\r\n") for line in whole).encode()


def found(file: PeopleFile) -> list[tuple[str, Certificate]]:
    return [(entry.address, entry.certificate) for entry in file.people]


def left(file: PeopleFile | Imported) -> list[tuple[str, str]]:
    return [(entry.name, entry.reason.code) for entry in file.left_out]


BOBS = [("bob@example.test", BOB)]
DATA = f"data:application/pkix-cert;base64,{text64(BOB.der)}"


@functools.cache
def chain() -> tuple[Rig, Rig, Certificate]:
    """A root, an authority below it, and the certificate of Carol below that."""
    root = path_pki.root("People root")
    below = root.issue("People authority")
    return root, below, below.certify("carol@example.test")


@pytest.mark.parametrize(
    "data",
    [
        BOB.der,
        build_pem("CERTIFICATE", BOB.der),
        b"Bag Attributes\n    friendlyName: bob\n" + build_pem("CERTIFICATE", BOB.der),
        build_certificates_only([BOB]),
        build_pem("PKCS7", build_certificates_only([BOB])),
        armor(build_certificates_only([BOB])).encode(),
        base64.encodebytes(build_certificates_only([BOB])),
        ldif("mail: bob@example.test", f"userCertificate;binary:: {text64(BOB.der)}"),
        ldif("mail: BOB@EXAMPLE.TEST", f"usercertificate:: {text64(BOB.der)}"),
        ldif("mail:: Ym9iQGV4YW1wbGUudGVzdA==", f"userCertificate;binary:: {text64(BOB.der)}"),
        ldif("mozillaSecondEmail: bob@example.test", f"userCertificate;binary:: {text64(BOB.der)}"),
        ldif("mail: bob@example.test", f"userSMIMECertificate;binary:: {text64(build_certificates_only([BOB]))}"),
        b"# an export\n\n" + ldif(f"userCertificate;binary:: {text64(BOB.der)}").replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + ldif(f"userCertificate;binary:: {text64(BOB.der)}"),
        card("EMAIL;TYPE=INTERNET:bob@example.test", f"KEY;TYPE=X509;ENCODING=b:{text64(BOB.der)}"),
        card("EMAIL:bob@example.test", f"KEY;ENCODING=BASE64;X509:{text64(BOB.der)}"),
        card("item1.EMAIL;type=pref:bob@example.test", f"item2.key;encoding=B:{text64(BOB.der)}"),
        card("EMAIL:bob@example.test", f"KEY:{DATA}", version="4.0"),
        card("EMAIL:bob@example.test", f"KEY;MEDIATYPE=application/pkix-cert:{DATA}", version="4.0"),
        card("EMAIL:bob@example.test", "KEY:" + DATA.replace(",", "\\,"), version="4.0"),
        card('EMAIL;LABEL="a:b;c":bob@example.test', f"KEY:{DATA}", version="4.0"),
        card("EMAIL:bob@example.test", f"KEY;VALUE=text:{build_pem('CERTIFICATE', BOB.der).decode()!r}"[:-1])
        .replace(b"text:'", b"text:"),
        card(f"KEY:{DATA}", version="4.0").replace(b"\r\n ", b"\n\t").replace(b"\r\n", b"\n"),
    ],
    ids=[
        "DER", "PEM", "PEM with text", "p7b", "p7b in PEM", "CMS in PEM", "p7b in base64", "LDIF", "case",
        "base64 mail", "second address", "CMS in LDIF", "CRLF and comments", "byte order mark", "vCard 3.0",
        "old parameter", "groups", "data URI", "media type", "escaped comma", "quoted parameter",
        "PEM in a card", "tabs",
    ],
)  # fmt: skip
def test_every_form_gives_the_certificate_and_its_address(data: bytes) -> None:
    file = parse_people_file(data)
    assert found(file) == BOBS
    assert (file.certificates, file.left_out, file.authorities, file.entries_without) == ((BOB,), (), (), 0)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_p7b_of_openssl_is_read(tmp_path: Path) -> None:
    for name, certificate in (("bob", BOB), ("ca", anchor())):
        (tmp_path / f"{name}.pem").write_bytes(build_pem("CERTIFICATE", certificate.der))
    for form in ("PEM", "DER"):
        command = ["openssl", "crl2pkcs7", "-nocrl", "-certfile", "bob.pem", "-certfile", "ca.pem", "-outform", form]
        made = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout
        file = parse_people_file(made)
        assert (found(file), file.authorities) == (BOBS, (anchor(),))


def test_many_entries_are_told_apart() -> None:
    both = ldif(f"userCertificate;binary:: {text64(BOB.der)}") + b"\n\ndn: cn=Nobody\ncn: Nobody\n"
    both += b"\ndn: cn=Alice\nmail: alice@example.test\n" + folded(f"userCertificate:: {text64(ALICE.der)}").encode()
    # The end of the output of ldapsearch, which is no entry.
    both += b"\n# search result\nsearch: 2\nresult: 0 Success\n"
    file = parse_people_file(both)
    assert found(file) == [*BOBS, ("alice@example.test", ALICE)]
    assert file.entries_without == 1


def test_a_certificate_with_two_addresses_belongs_to_those_that_its_entry_states() -> None:
    addresses = build_subject_alt_name(("dora@example.test", "dora@other.test"))
    both = path_pki.root().issue("Dora", addresses, is_ca=False).certificate
    assert found(parse_people_file(both.der)) == [
        ("dora@example.test", both),
        ("dora@other.test", both),
    ]
    stated = card("EMAIL:alice@example.test", "EMAIL:dora@example.test", f"KEY;ENCODING=b:{text64(both.der)}")
    assert found(parse_people_file(stated)) == [("dora@example.test", both)]


@pytest.mark.parametrize("data", [
    card("FN:Mallory", "EMAIL:mallory@example.test", f"KEY;ENCODING=b:{text64(BOB.der)}"),
    ldif("cn: Mallory", "mail: mallory@example.test", f"userCertificate;binary:: {text64(BOB.der)}"),
    # An address that cannot be read is no reason to take those of the certificate.
    card("FN:Mallory", "EMAIL:not an address", f"KEY;ENCODING=b:{text64(BOB.der)}"),
])  # fmt: skip
def test_a_certificate_of_another_address_than_its_entry_is_left_out(data: bytes) -> None:
    file = parse_people_file(data)
    assert not file.people
    (entry,) = file.left_out
    assert (entry.name, entry.certificate) == ("Mallory", BOB)
    sentence = f"{LEFT_OUT_REASONS['other-address']} (bob@example.test)"
    assert entry.reason == Reason(code="other-address", sentence=sentence, values=(("addresses", "bob@example.test"),))


def test_a_certificate_without_an_address_is_left_out() -> None:
    nameless = path_pki.root().issue("Nameless", is_ca=False).certificate
    for data in (nameless.der, card("EMAIL:bob@example.test", f"KEY;ENCODING=b:{text64(nameless.der)}")):
        file = parse_people_file(data)
        assert (file.people, file.certificates) == ((), (nameless,))
        assert [code for _, code in left(file)] == ["no-address"]


@pytest.mark.parametrize(("data", "code"), [
    (card("FN:Bob", "KEY;TYPE=PGP;ENCODING=b:mQENBF"), "not-read"),
    (card("FN:Bob", "KEY;ENCODING=b:!!!!"), "not-read"),
    (card("FN:Bob", f"KEY;ENCODING=q:{text64(BOB.der)}"), "not-read"),
    (card("FN:Bob", "KEY:data:application/pkix-cert,%30%82", version="4.0"), "not-read"),
    (card("FN:Bob", "KEY:http://127.0.0.1/bob.cer", version="4.0"), "link"),
    (card("FN:Bob", "KEY;VALUE=uri:ldap://127.0.0.1/cn=bob", version="4.0"), "link"),
    (ldif("cn: Bob", "userCertificate;binary:< file:///etc/passwd"), "link"),
    (ldif("cn: Bob", "userCertificate;binary: bob"), "not-read"),
    (ldif("cn: Bob", "userCertificate;binary:: ?"), "not-read"),
    (ldif("cn: Bob", f"userCertificate;binary:: {text64(BOB.der[:-9])}"), "not-read"),
])  # fmt: skip
def test_a_value_that_is_no_certificate_is_left_out(data: bytes, code: str) -> None:
    file = parse_people_file(data)
    assert left(file) == [("Bob", code)]
    assert not file.certificates


def test_a_damaged_certificate_does_not_hide_the_others() -> None:
    file = parse_people_file(build_pem("CERTIFICATE", ALICE.der[:-9]) + build_pem("CERTIFICATE", BOB.der))
    assert found(file) == BOBS
    assert left(file) == [("#1", "not-read")]


@pytest.mark.parametrize("data", [
    b"", b"a letter", b"\x30\x80", BOB.der[:200], b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    b"version: 1\ndn: cn=Bob\nno colon\n",
    b"version: 1\ndn: cn=Bob\nmail:: ?\n",
    b"BEGIN:VCARD\r\nVERSION:3.0\r\n",
    b"BEGIN:VCARD\r\nBEGIN:VCARD\r\nEND:VCARD\r\nEND:VCARD\r\n",
])  # fmt: skip
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_people_file(data)


@pytest.mark.parametrize("change", ["changetype: delete", "changetype: modify", "control: 1.2.840.113556.1.4.805 true"])
def test_ldif_that_changes_a_directory_is_refused(change: str) -> None:
    with pytest.raises(MalformedMessage, match="it changes a directory"):
        parse_people_file(ldif(change, f"userCertificate;binary:: {text64(BOB.der)}"))


def test_a_card_of_outlook_is_read() -> None:
    pieces = [text64(BOB.der)[start : start + 72] for start in range(0, len(text64(BOB.der)), 72)]
    lines = (
        "BEGIN:VCARD",
        "VERSION:2.1",
        "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:K=C3=A4the=",
        "=20Bob",
        "LABEL;WORK;ENCODING=QUOTED-PRINTABLE:Street 1=0D=0A=",
        "KEY:http://example.test/=0D=0A=",
        "EMAIL:a@b.test",
        "EMAIL;PREF;INTERNET;QUOTED-PRINTABLE:bob=40example.test",
        "KEY;X509;ENCODING=BASE64:",
        *(f"    {piece}" for piece in pieces),
        "",
        "KEY;ENCODING=QUOTED-PRINTABLE:MII=",
        "END:VCARD",
        "END:VCARD",
        "",
    )
    file = parse_people_file("\r\n".join(lines).encode())
    assert found(file) == BOBS
    # The last KEY is no certificate. Its second line does not end the card.
    assert [entry.name for entry in file.left_out] == ["Käthe Bob"]


@pytest.mark.parametrize("version", ["1.0", "5.0", "", "4.0 "])
def test_only_known_versions_of_cards_are_read(version: str) -> None:
    if version.strip() == "4.0":
        assert parse_people_file(card(version=version)).entries_without == 1
        return
    with pytest.raises(MalformedMessage, match=r"expected version 2\.1, 3\.0 or 4\.0"):
        parse_people_file(card(version=version))


def test_a_quoted_printable_value_may_be_the_end_of_the_file() -> None:
    with pytest.raises(MalformedMessage, match="the last card does not end"):
        parse_people_file(b"BEGIN:VCARD\r\nNOTE;QUOTED-PRINTABLE:a=\r\nEND:VCARD=")


def test_a_signed_message_is_a_source_of_its_certificates() -> None:
    signing = Signing(identities=[person("bob")], signing_time=NOW)
    signed = blocking.sign_bytes(b"x", signing, provider=PROVIDER)
    mail = blocking.sign_message(b"From: bob@example.test\r\n\r\nHi\r\n", signing, provider=PROVIDER)
    for data in (signed, build_pem("CMS", signed), mail):
        assert found(parse_people_file(data)) == BOBS
    # In a directory it is the usual value (RFC 2798 section 2.8).
    assert found(parse_people_file(ldif(f"userSMIMECertificate;binary:: {text64(signed)}"))) == BOBS


def test_the_certificates_and_entries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    two = card(f"KEY;ENCODING=b:{text64(BOB.der)}", f"KEY;ENCODING=b:{text64(BOB.der)}")
    assert MAX_PEOPLE_CERTIFICATES > 2
    for name, limit, text in (
        ("MAX_PEOPLE_CERTIFICATES", 1, "certificates of an address book is 2, at most 1"),
        ("MAX_CONTACTS", 1, "entries of an address book is 2, at most 1"),
        ("MAX_PEOPLE_FILE_BYTES", 9, "bytes of a people file"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(reading, name, limit)
            with pytest.raises(LimitExceeded, match=text):
                parse_people_file(two + card())
    with pytest.raises(LimitExceeded, match="addresses of an entry"):
        parse_people_file(card(*["EMAIL:a@b.test"] * (MAX_PERSON_ADDRESSES + 1)))


@pytest.mark.parametrize("line", ["KEY:http://b.test/", "KEY;ENCODING=b:AAAA", "KEY;ENCODING=b:?"])
def test_the_values_of_one_entry_are_bounded(line: str) -> None:
    assert len(parse_people_file(card(*[line] * MAX_CERTIFICATES)).left_out) == 1
    with pytest.raises(LimitExceeded, match="certificates of an entry"):
        parse_people_file(card(*[line] * (MAX_CERTIFICATES + 1)))


def test_an_encrypted_value_is_no_certificate() -> None:
    encrypted = blocking.encrypt_bytes(b"x", Encrypting(recipients=[BOB]), provider=PROVIDER)
    assert left(parse_people_file(ldif("cn: Bob", f"userCertificate;binary:: {text64(encrypted)}"))) == [
        ("Bob", "not-read")
    ]
    with pytest.raises(MalformedMessage, match="it is encrypted"):
        parse_carried_certificates(encrypted)


@pytest.mark.parametrize("form", [PeopleForm.P7B, PeopleForm.PEM])
def test_a_file_that_could_not_be_read_again_is_not_written(form: PeopleForm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smime_core.trust.people_files.building.MAX_CERTIFICATES", 4)
    assert build_people_file(several().people[:2], form)
    with pytest.raises(LimitExceeded, match="certificates is 5, at most 4"):
        build_people_file(several().people, form)


def imported(data: bytes, contacts: Contacts = NO_CONTACTS, *, at: datetime.datetime = NOW) -> Imported:
    return import_people(contacts, parse_people_file(data), at)


def test_an_import_remembers_with_the_intermediates_of_the_file() -> None:
    root, below, carol = chain()
    done = imported(build_certificates_only([root.certificate, below.certificate, carol, anchor(), BOB]))
    assert [entry.address for entry in done.added] == ["carol@example.test", "bob@example.test"]
    (known,) = done.contacts.people[0].certificates
    assert known == KnownCertificate(
        certificate=carol,
        source=CertificateSource.CONTACTS,
        first_seen=NOW,
        last_seen=NOW,
        intermediates=(below.certificate,),
    )
    assert done.contacts.people[1].certificates[0].intermediates == ()
    assert parse_contacts(build_contacts(done.contacts)) == done.contacts


def test_an_imported_certificate_is_not_trusted_by_its_import() -> None:
    root, below, carol = chain()
    contacts = imported(build_certificates_only([root.certificate, below.certificate, carol])).contacts
    candidates = find_in_contacts(contacts, "carol@example.test")
    for store, usable in ((trust(), False), (trust(root.certificate), True)):
        judging = Judging(trust_store=store, at=NOW, contacts=contacts)
        choice = run(choose_recipient("carol@example.test", candidates, judging, PROVIDER))
        (check,) = choice.checks
        assert check.is_usable is usable
        assert usable or [reason.code for reason in check.reasons] == ["untrusted-anchor"]


def known_from_mail(certificate: Certificate) -> Contacts:
    known = KnownCertificate(
        certificate=certificate, source=CertificateSource.HARVEST, first_seen=NOW - YEAR, last_seen=NOW - YEAR
    )
    contact = remember_certificate(Contact(address="bob@example.test"), known)
    return Contacts(people=(contact,))


def test_a_certificate_that_is_known_stays_as_it_is() -> None:
    contacts = known_from_mail(BOB)
    done = imported(BOB.der, contacts)
    assert (done.contacts, done.added, done.known, done.changes) == (contacts, (), 1, ())


def test_another_certificate_than_the_known_one_waits_for_the_user() -> None:
    other = path_pki.root("Another").certify("bob@example.test")
    contacts, file = known_from_mail(BOB), parse_people_file(build_certificates_only([other, ALICE]))
    done = import_people(contacts, file, NOW)
    assert [entry.address for entry in done.added] == ["alice@example.test"]
    assert done.contacts.find("bob@example.test") == contacts.people[0]
    (change,) = done.changes
    assert (change.before, change.after, change.same_issuer) == (BOB, other, False)
    accepted = import_changed_people(contacts, file, NOW)
    bob = accepted.contacts.find("bob@example.test")
    assert bob is not None
    assert {certificate.certificate for certificate in bob.certificates} == {BOB, other}


def test_a_file_with_certificates_of_a_new_person_by_two_authorities_asks_about_the_older() -> None:
    other = path_pki.root("Another").certify("bob@example.test")
    newest, oldest = sorted((BOB, other), key=lambda certificate: certificate.not_before, reverse=True)
    for order in ([BOB, other], [other, BOB]):
        done = imported(build_certificates_only(order))
        assert [entry.certificate for entry in done.added] == [newest]
        assert [(change.before, change.after) for change in done.changes] == [(newest, oldest)]


def test_an_import_pushes_out_no_certificate() -> None:
    root = path_pki.root("Another")
    many = [
        root.certify("bob@example.test", not_before=NOW - number * YEAR) for number in range(MAX_CONTACT_CERTIFICATES)
    ]
    done = import_changed_people(known_from_mail(BOB), parse_people_file(build_certificates_only(many)), NOW)
    bob = done.contacts.find("bob@example.test")
    assert bob is not None
    assert {certificate.certificate for certificate in bob.certificates} == {BOB, *many[:-1]}
    assert left(done) == [("bob@example.test", "too-many")]


def several() -> Contacts:
    _, below, carol = chain()
    odd = path_pki.root("Käthe, \\; " * 8).certify("käthe+a@example.test")
    file = build_certificates_only([BOB, ALICE, carol, below.certificate, odd])
    assert len(imported(file).added) == 4
    return imported(file).contacts


def facts(contacts: Contacts) -> set[tuple[str, Certificate]]:
    return {(contact.address, known.certificate) for contact in contacts.people for known in contact.certificates}


@pytest.mark.parametrize("form", PeopleForm)
def test_a_file_of_ours_gives_the_same_contacts(form: PeopleForm) -> None:
    contacts = several()
    data = build_people_file(contacts.people, form)
    done = imported(data)
    assert facts(done.contacts) == facts(contacts)
    assert left(done) == []
    _, below, carol = chain()
    again = done.contacts.find("carol@example.test")
    assert again is not None
    intermediates = {known.certificate: known.intermediates for known in again.certificates}
    assert intermediates == {carol: () if form is PeopleForm.VCARD else (below.certificate,)}


@pytest.mark.parametrize(("form", "width"), [(PeopleForm.LDIF, 76), (PeopleForm.VCARD, 75)])
def test_lines_of_a_file_of_ours_are_folded(form: PeopleForm, width: int) -> None:
    lines = build_people_file(several().people, form).splitlines()
    assert max(map(len, lines)) == width


@pytest.mark.parametrize("form", PeopleForm)
def test_nobody_gives_no_file(form: PeopleForm) -> None:
    with pytest.raises(MalformedMessage, match="no contact has a certificate"):
        build_people_file((Contact(address="bob@example.test"),), form)


@pytest.mark.parametrize(
    "address", ["a@b.test\r\nKEY:http://example.test/", "a@b.test\n\ndn: cn=x\nmail: bob@example.test"]
)
@pytest.mark.parametrize("form", [PeopleForm.LDIF, PeopleForm.VCARD])
def test_an_address_adds_no_line_to_a_file(form: PeopleForm, address: str) -> None:
    contact = remember_certificate(
        Contact(address=address),
        KnownCertificate(certificate=BOB, source=CertificateSource.CONTACTS, first_seen=NOW, last_seen=NOW),
    )
    file = parse_people_file(build_people_file((contact,), form))
    assert (file.people, file.entries_without) == ((), 0)
    assert [entry.reason.code for entry in file.left_out] == ["other-address"]


def test_thousands_of_people_are_imported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # One copy of the contacts for each person would make this quadratic.
    copies = []
    with_all = Contacts.with_all

    def counted(self: Contacts, contacts: Iterable[Contact]) -> Contacts:
        copies.append(self)
        return with_all(self, contacts)

    monkeypatch.setattr(Contacts, "with_all", counted)
    imported(build_certificates_only([ALICE, BOB]))
    assert len(copies) == 1
