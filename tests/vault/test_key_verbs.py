"""The vault's verbs for files of keys and certificates, for contacts, and for backups."""

from __future__ import annotations

import base64

import pytest

from smime_core.algorithms import AES_256_GCM
from smime_core.blocking import encrypt_bytes, run
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.errors import ContentTypeMismatch, MalformedMessage, SmimeError, WrongPassphrase
from smime_core.identity.identity import export_identities, load_identities
from smime_core.x509.certificate import Certificate
from tests.support import path_pki
from tests.support.people import PROVIDER, anchor, person
from tests.support.vault.verbs import AT, call
from webbridge.demo.accounts import certificate_pem

OLD, NEW = b"the old passphrase", b"the new passphrase"


def key_file(*names: str) -> bytes:
    return run(export_identities([person(name) for name in names], OLD, provider=PROVIDER, iterations=1000))


def opened(p12: bytes, passphrase: bytes) -> set[str]:
    return {identity.certificate.fingerprint for identity in run(load_identities(p12, passphrase, provider=PROVIDER))}


def export(p12: bytes, passphrase: bytes = OLD, new: bytes = NEW, **options: object) -> bytes:
    exported: bytes = call("key.export", p12=p12, passphrase=passphrase, newPassphrase=new, **options)["p12"]
    return exported


@pytest.mark.parametrize("form", ["modern", "compatible"])
def test_a_key_file_is_written_anew_under_another_passphrase(form: str) -> None:
    exported = export(key_file("alice", "bob"), form=form)
    assert opened(exported, NEW) == {person("alice").certificate.fingerprint, person("bob").certificate.fingerprint}
    with pytest.raises(WrongPassphrase):
        opened(exported, OLD)


def test_one_identity_leaves_alone_with_its_path() -> None:
    alice = person("alice").certificate
    exported = export(key_file("alice", "bob"), only=[alice.fingerprint])
    (identity,) = run(load_identities(exported, NEW, provider=PROVIDER))
    assert identity.certificate == alice
    assert person("bob").certificate not in identity.chain


def test_an_export_needs_the_old_passphrase_a_new_one_and_identities_that_are_there() -> None:
    file = key_file("alice")
    with pytest.raises(WrongPassphrase):
        export(file, passphrase=b"another")
    with pytest.raises(WrongPassphrase):
        export(file, new=b"")
    with pytest.raises(MalformedMessage):
        export(file, only=[person("bob").certificate.fingerprint])
    with pytest.raises(MalformedMessage):
        export(file, form="sha1-3des")


def test_certificates_are_read_out_of_every_kind_of_file() -> None:
    alice, bob = person("alice").certificate, person("bob").certificate
    for file in (
        build_certificates_only([alice, bob]),
        (certificate_pem(alice) + certificate_pem(bob) + certificate_pem(alice)).encode(),
    ):
        read = call("certificate.read", file=file)["certificates"]
        assert sorted(certificate["addresses"] for certificate in read) == [
            ["alice@example.test"],
            ["bob@example.test"],
        ]
    (certificate,) = call("certificate.read", file=alice.der)["certificates"]
    assert (certificate["certificate"], certificate["purposes"]) == (alice.der, ["sign", "seal"])
    with pytest.raises(SmimeError):
        call("certificate.read", file=b"a letter")


def test_an_address_book_gives_certificates_with_their_intermediates() -> None:
    below = path_pki.root("Verbs").issue("Below")
    carol = below.certify("carol@example.test")
    read = call("certificate.read", file=build_certificates_only([below.certificate, carol]))["certificates"]
    assert {certificate["certificate"]: certificate["intermediates"] for certificate in read} == {
        carol.der: [below.certificate.der],
        below.certificate.der: [],
    }


def card(address: str, certificate: Certificate) -> bytes:
    key = base64.b64encode(certificate.der).decode("ascii")
    lines = ("BEGIN:VCARD", "VERSION:4.0", f"EMAIL:{address}", f"KEY:data:;base64,{key}", "END:VCARD", "")
    return "\r\n".join(lines).encode()


def test_a_certificate_for_another_address_than_its_entry_is_left_out() -> None:
    alice, bob = person("alice").certificate, person("bob").certificate
    file = card("alice@example.test", alice) + card("mallory@example.test", bob)
    read = call("certificate.read", file=file)
    assert [certificate["certificate"] for certificate in read["certificates"]] == [alice.der]
    (left,) = read["leftOut"]
    assert (left["name"], left["reason"]["code"]) == ("mallory@example.test", "other-address")
    done = call("contacts.import", contacts=None, file=file, at=AT)
    assert (done["added"], done["known"], done["changes"]) == (["alice@example.test"], 0, [])
    assert done["leftOut"] == read["leftOut"]
    # Under its own address the certificate counts.
    both = call("certificate.read", file=file + card("bob@example.test", bob))
    assert [certificate["certificate"] for certificate in both["certificates"]] == [alice.der, bob.der]


def test_an_import_keeps_a_changed_certificate_only_if_the_person_agrees() -> None:
    bob = person("bob").certificate
    other = path_pki.root("Verbs").certify("bob@example.test")
    known = call("contacts.import", contacts=None, file=bob.der, at=AT)["contacts"]
    for accepts in (False, True):
        done = call("contacts.import", contacts=known, file=other.der, at=AT, acceptChanges=accepts)
        (change,) = done["changes"]
        assert (change["before"]["fingerprint"], change["after"]["fingerprint"]) == (bob.fingerprint, other.fingerprint)
        assert done["added"] == (["bob@example.test"] if accepts else [])
        assert (done["contacts"] == known) is not accepts


def test_a_contact_learns_what_names_its_address_and_nothing_else() -> None:
    bob = person("bob").certificate
    learned = call("contacts.learn", contacts=None, address="bob@example.test", certificates=[bob.der], at=AT)
    (contact,) = call("contacts.list", contacts=learned["contacts"])["people"]
    assert contact["address"] == "bob@example.test"
    assert [(certificate["fingerprint"], certificate["preferred"]) for certificate in contact["certificates"]] == [
        (bob.fingerprint, True)
    ]
    with pytest.raises(MalformedMessage):
        call("contacts.learn", contacts=None, address="alice@example.test", certificates=[bob.der], at=AT)


def learned(name: str) -> bytes:
    address, certificate = f"{name}@example.test", person(name).certificate.der
    reply = call("contacts.learn", contacts=None, address=address, certificates=[certificate], at=AT)
    contacts: bytes = reply["contacts"]
    return contacts


def test_joining_adds_people_and_changes_nobody() -> None:
    joined = call("kept.join", contacts=learned("alice"), added={"contacts": learned("bob")})
    people = call("contacts.list", contacts=joined["contacts"])["people"]
    assert {contact["address"] for contact in people} == {"alice@example.test", "bob@example.test"}
    again = call("kept.join", contacts=joined["contacts"], added={"contacts": learned("bob")})
    assert again["contacts"] == joined["contacts"]


def test_a_backup_opens_by_its_passphrase_alone() -> None:
    backup = call("backup.seal", content=b"everything", passphrase=NEW)["backup"]
    assert b"everything" not in backup
    assert call("backup.open", backup=backup, passphrase=NEW)["content"] == b"everything"
    with pytest.raises(SmimeError):
        call("backup.open", backup=backup, passphrase=OLD)
    with pytest.raises(WrongPassphrase):
        call("backup.seal", content=b"everything", passphrase=b"")


def test_a_backup_that_was_altered_cut_or_is_something_else_is_refused() -> None:
    backup = call("backup.seal", content=b"everything" * 10, passphrase=NEW)["backup"]
    altered = bytearray(backup)
    altered[-20] ^= 1
    for damaged in (bytes(altered), backup[:-1], b"a letter", anchor().der):
        with pytest.raises(SmimeError):
            call("backup.open", backup=damaged, passphrase=NEW)
    encrypting = Encrypting(passwords=[NEW], cipher=AES_256_GCM)
    of_other_content = encrypt_bytes(b"Subject: x\r\n\r\n", encrypting, PROVIDER)
    with pytest.raises(ContentTypeMismatch):
        call("backup.open", backup=of_other_content, passphrase=NEW)
