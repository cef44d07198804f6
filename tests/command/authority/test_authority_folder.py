"""A CA in a folder: its creation with or without an offline root, its register after crashes, and its refusals."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sealwax.authority.answering import AuthorityResponder
from sealwax.authority.folder import AuthorityFolder, Role, Settings, check_url, new_folder
from sealwax.authority.founding import (
    accept_issuing,
    certify_responder,
    create_root,
    request_issuing,
    sign_issuing,
)
from sealwax.authority.issuing import (
    Order,
    issue_certificate,
    issuing_crl_issuer,
    keep_root_list,
    make_list,
    revoke_certificate,
    root_crl_issuer,
)
from sealwax.authority.publishing import build_ldif, write_directory
from sealwax.authority.register import Entry, Issuer, Kind
from smime_core import blocking
from smime_core.asn1.pem import build_pem
from smime_core.blocking import run
from smime_core.ca.certification_request import open_certification_request
from smime_core.ca.profile import Generation
from smime_core.ca.profile_checks import check_profile
from smime_core.errors import (
    MalformedMessage,
    SignatureMismatch,
    UnsupportedAlgorithm,
    WrongPassphrase,
)
from smime_core.keys import public_key_of
from smime_core.provider import NewKey
from smime_core.x509.certificate import Certificate
from tests.support.authority_folders import (
    AT,
    PARAMETERS,
    PROVIDER,
    SETTINGS,
    found,
    issue,
    latest,
    new_key,
    open_role,
    revoke,
)
from tests.support.project import ROOT

DAY = datetime.timedelta(days=1)


def entries(folder: AuthorityFolder) -> list[Entry]:
    with folder.register.read() as rows:
        return list(rows.entries())


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new CA. It is made only once, because the derivation of the keys from the passphrase is slow on purpose."""
    return found(tmp_path_factory.mktemp("founded") / "ca").path


@pytest.fixture
def authority(founded: Path, tmp_path: Path) -> AuthorityFolder:
    return AuthorityFolder(Path(shutil.copytree(founded, tmp_path / "ca")))


def test_a_new_ca_has_its_roles_their_keys_encrypted_and_both_lists(authority: AuthorityFolder) -> None:
    for role in Role:
        assert authority.has_key(role)
        file = authority.path / f"{role}.key"
        assert b"ENCRYPTED PRIVATE KEY" in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0
        with pytest.raises(WrongPassphrase):
            authority.open_role(role, b"wrong horse")
        opened = authority.open_role(role, PARAMETERS.passphrase)
        assert public_key_of(opened.private_key).spki_der == opened.certificate.public_key.spki_der
    assert [entry.kind for entry in entries(authority)] == [Kind.AUTHORITY, Kind.RESPONDER]
    assert latest(authority, Issuer.ROOT).crl_number == 1
    assert latest(authority, Issuer.ISSUING).crl_number == 1
    assert authority.settings() == SETTINGS


def test_where_something_stands_no_ca_is_made(tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca" / "thesis.txt").write_text("precious")
    with pytest.raises(FileExistsError, match="is there already"):
        found(tmp_path / "ca")
    assert [path.name for path in tmp_path.rglob("*")] == ["ca", "thesis.txt"]


def test_a_ca_that_fails_to_be_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(MalformedMessage, match="two letters"):
        found(tmp_path / "ca", Settings(name="Example", url="http://pki.example.test", country="Germany"))
    assert list(tmp_path.iterdir()) == []


def test_the_root_may_stay_offline(tmp_path: Path) -> None:
    with new_folder(tmp_path / "safe") as draft:
        root = create_root(draft, SETTINGS, PARAMETERS)
    with new_folder(tmp_path / "online") as draft:
        request_pem = request_issuing(draft, SETTINGS, PARAMETERS)
    safe, online = AuthorityFolder(tmp_path / "safe"), AuthorityFolder(tmp_path / "online")
    assert online.find_certificate(Role.ISSUING) is None

    request = blocking.run(open_certification_request(request_pem, provider=PROVIDER))
    issuing = sign_issuing(safe, request, root=open_role(safe, Role.ROOT), at=AT)
    accept_issuing(online, issuing, root, root_list=latest(safe, Issuer.ROOT).der, parameters=PARAMETERS)

    assert not online.has_key(Role.ROOT)
    assert not safe.has_key(Role.ISSUING)
    assert check_profile(issue(online)) == ()
    assert [entry.certificate for entry in entries(safe)] == [issuing]

    # The root revokes the issuing CA. The online folder gets the root's CRL as a file, too.
    crl_issuer = root_crl_issuer(safe, open_role(safe, Role.ROOT))
    revoke_certificate(safe, issuing.serial_number, "cACompromise", crl_issuer=crl_issuer, at=AT + DAY)
    keep_root_list(online, latest(safe, Issuer.ROOT).der, root, at=AT + DAY)
    assert list(latest(online, Issuer.ROOT).revoked) == [issuing.serial_number]


def test_nobody_elses_root_is_accepted(tmp_path: Path, authority: AuthorityFolder) -> None:
    with new_folder(tmp_path / "other") as draft:
        other_root = create_root(draft, SETTINGS, PARAMETERS)
    other = AuthorityFolder(tmp_path / "other")
    own_root, own_issuing = authority.certificate(Role.ROOT), authority.certificate(Role.ISSUING)
    good_list, other_list = latest(authority, Issuer.ROOT).der, latest(other, Issuer.ROOT).der
    with pytest.raises(SignatureMismatch):
        accept_issuing(authority, own_issuing, other_root, root_list=other_list, parameters=PARAMETERS)
    with pytest.raises(SignatureMismatch):
        accept_issuing(authority, own_issuing, own_root, root_list=other_list, parameters=PARAMETERS)
    with pytest.raises(MalformedMessage, match="for the key in this folder"):
        accept_issuing(authority, own_root, own_root, root_list=good_list, parameters=PARAMETERS)


def test_an_older_list_of_the_root_replaces_no_newer_one(authority: AuthorityFolder) -> None:
    old = latest(authority, Issuer.ROOT).der
    make_list(authority, root_crl_issuer(authority, open_role(authority, Role.ROOT)), at=AT + DAY)
    root = authority.certificate(Role.ROOT)
    with pytest.raises(MalformedMessage, match="has number 1, 2 is here"):
        keep_root_list(authority, old, root, at=AT + DAY)
    issuing_list = latest(authority, Issuer.ISSUING).der
    with pytest.raises(SignatureMismatch):
        keep_root_list(authority, issuing_list, root, at=AT + DAY)


def test_a_request_in_the_roots_own_name_is_not_signed(authority: AuthorityFolder) -> None:
    from smime_core.ca.certification_request import build_authority_request, open_certification_request
    from smime_core.ca.names import EMPTY_NAME

    root = open_role(authority, Role.ROOT)
    for subject_der in (root.certificate.subject_der, EMPTY_NAME):
        key = run(PROVIDER.generate_key(NewKey.P256))
        data = run(build_authority_request(key, subject_der, provider=PROVIDER))
        request = run(open_certification_request(data, provider=PROVIDER))
        with pytest.raises(MalformedMessage, match="a name of its own"):
            sign_issuing(authority, request, root=root, at=AT)


def test_an_issued_certificate_is_in_the_register(authority: AuthorityFolder) -> None:
    issued = issue(authority)
    with authority.register.read() as rows:
        entry = rows.find(issued.serial_number)
        assert rows.find(issued.serial_number + 1) is None
    assert entry is not None
    assert entry.certificate == issued
    assert (entry.kind, entry.issuer, entry.addresses) == (Kind.PERSON, Issuer.ISSUING, ("alice@example.test",))
    assert [entry.state(AT + days * DAY) for days in (0, 364, 366)] == ["valid", "valid", "expired"]


def test_a_revoked_certificate_is_on_the_next_list_with_its_reason(authority: AuthorityFolder) -> None:
    alice, bob = issue(authority), issue(authority, "bob@example.test")
    entry = revoke(authority, bob, "superseded", at=AT + DAY)
    assert entry.state(AT + DAY) == "revoked"
    read = latest(authority, Issuer.ISSUING)
    assert read.crl_number == 2
    assert read.this_update == AT + DAY
    assert list(read.revoked) == [bob.serial_number]
    assert list(read.find_entries(alice.serial_number)) == []


def test_an_expired_certificate_stays_on_one_list_more(authority: AuthorityFolder) -> None:
    bob = issue(authority, days=10)
    revoke(authority, bob)
    crl_issuer = issuing_crl_issuer(authority, open_role(authority, Role.ISSUING))
    listed = []
    for days in (5, 15, 20):
        make_list(authority, crl_issuer, at=AT + days * DAY)
        listed.append(list(latest(authority, Issuer.ISSUING).revoked))
    assert listed == [[bob.serial_number], [bob.serial_number], []]


def test_nothing_is_revoked_twice_or_by_another_issuer_or_unissued(authority: AuthorityFolder) -> None:
    alice = issue(authority)
    revoke(authority, alice)
    with pytest.raises(MalformedMessage, match="was revoked on 2026-06-01 already"):
        revoke(authority, alice, "keyCompromise")
    with pytest.raises(MalformedMessage, match="was not issued here"):
        revoke(authority, authority.certificate(Role.ROOT))
    with pytest.raises(MalformedMessage, match="is of the root CA"):
        revoke(authority, authority.certificate(Role.ISSUING))
    with pytest.raises(MalformedMessage, match="expected one of"):
        revoke(authority, issue(authority), "certificateHold")
    assert latest(authority, Issuer.ISSUING).crl_number == 2
    assert [entry.revoked is None for entry in entries(authority)] == [True, True, False, True]


def test_a_key_that_others_know_gets_no_certificate_again(authority: AuthorityFolder) -> None:
    key = new_key()
    revoke(authority, issue(authority, key=key), "superseded")
    revoke(authority, issue(authority, key=key), "keyCompromise")
    with pytest.raises(UnsupportedAlgorithm, match="others know this key"):
        issue(authority, key=key)


def test_the_key_of_the_ca_gets_no_certificate(authority: AuthorityFolder) -> None:
    with pytest.raises(UnsupportedAlgorithm, match="key of the CA itself"):
        issue(authority, key=authority.certificate(Role.ISSUING).public_key)


def test_an_expired_ca_issues_nothing(authority: AuthorityFolder) -> None:
    with pytest.raises(MalformedMessage, match="has expired"):
        issue(authority, at=authority.certificate(Role.ISSUING).not_after + DAY)


def test_a_failure_while_issuing_leaves_the_register_as_it_was(authority: AuthorityFolder) -> None:
    before = entries(authority)
    alice = authority.certificate(Role.RESPONDER)
    with pytest.raises(MalformedMessage, match="given before"), authority.register.change() as changes:  # noqa: PT012
        changes.revoke(alice.serial_number, at=AT, reason="unspecified")
        changes.add(alice, issuer=Issuer.ISSUING, kind=Kind.PERSON)
    assert [entry.revoked for entry in entries(authority)] == [entry.revoked for entry in before]


def test_a_process_killed_in_the_middle_leaves_the_old_state(authority: AuthorityFolder) -> None:
    script = (
        "import sys, time, datetime, pathlib\n"
        "from sealwax.authority.register import Register\n"
        "with Register(pathlib.Path(sys.argv[1])).change() as changes:\n"
        "    number = next(iter(changes.entries())).certificate.serial_number\n"
        "    changes.revoke(number, at=datetime.datetime.now(datetime.UTC), reason='unspecified')\n"
        "    print('written', flush=True)\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", script, str(authority.path / "register.sqlite")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
    assert all(entry.revoked is None for entry in entries(authority))
    assert issue(authority).serial_number in {entry.certificate.serial_number for entry in entries(authority)}


def test_many_at_once_lose_no_entry_and_no_list_number(authority: AuthorityFolder) -> None:
    signer = open_role(authority, Role.ISSUING)
    key = new_key()
    failures: list[BaseException] = []

    def work(number: int) -> None:
        order = Order(public_key=key, addresses=(f"a{number}@example.test",), generation=Generation.STRICT, days=30)
        try:
            for _ in range(3):
                made = issue_certificate(authority, order, issuing=signer, at=AT)
            crl_issuer = issuing_crl_issuer(authority, signer)
            revoke_certificate(authority, made.serial_number, "superseded", crl_issuer=crl_issuer, at=AT)
        except BaseException as error:  # noqa: BLE001  # shown by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    people = [entry for entry in entries(authority) if entry.kind is Kind.PERSON]
    assert len({entry.certificate.serial_number for entry in people}) == 18
    read = latest(authority, Issuer.ISSUING)
    assert read.crl_number == 7
    assert set(read.revoked) == {entry.certificate.serial_number for entry in people if entry.revoked is not None}
    assert len(read.revoked) == 6


def test_a_missing_register_is_an_error_and_not_an_empty_one(authority: AuthorityFolder) -> None:
    (authority.path / "register.sqlite").unlink()
    with pytest.raises(OSError, match="unable to open database file"):
        entries(authority)
    assert not (authority.path / "register.sqlite").exists()


def test_the_responder_gets_a_new_key(authority: AuthorityFolder) -> None:
    old = authority.certificate(Role.RESPONDER)
    certify_responder(authority, open_role(authority, Role.ISSUING), PARAMETERS)
    new = open_role(authority, Role.RESPONDER)
    assert new.certificate.public_key.spki_der == public_key_of(new.private_key).spki_der
    assert new.certificate.public_key.spki_der != old.public_key.spki_der


# Replaces the responder, and kills its own process directly after a certain number of moved files.
KILLED = """
import os, pathlib, signal, sys
moves, move = int(sys.argv[2]), pathlib.Path.replace
def move_and_die(self, target):
    global moves
    move(self, target)
    moves -= 1
    if not moves:
        os.kill(os.getpid(), signal.SIGKILL)
pathlib.Path.replace = move_and_die
from sealwax.authority.founding import certify_responder
from tests.support.authority_folders import PARAMETERS, AuthorityFolder, Role, open_role
folder = AuthorityFolder(pathlib.Path(sys.argv[1]))
certify_responder(folder, open_role(folder, Role.ISSUING), PARAMETERS)
"""


@pytest.mark.parametrize("moves", [1, 2])
def test_a_killed_command_leaves_a_responder_whose_key_is_its_certificates(
    moves: int, authority: AuthorityFolder
) -> None:
    old = open_responder(authority).signer.certificate
    command = [sys.executable, "-c", KILLED, str(authority.path), str(moves)]
    killed = subprocess.run(command, cwd=ROOT, timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL
    new = open_responder(authority).signer
    assert new.certificate.public_key.spki_der == public_key_of(new.private_key).spki_der
    assert new.certificate != old
    assert authority.certificate(Role.RESPONDER) == new.certificate


def test_two_new_responders_at_once_leave_one(authority: AuthorityFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second command begins when the first has written responder.key, but not yet responder.pem."""
    issuing, write = open_role(authority, Role.ISSUING), AuthorityFolder.write_certificate
    second = threading.Thread(target=certify_responder, args=(authority, issuing, PARAMETERS))

    def write_late(folder: AuthorityFolder, role: Role, certificate: Certificate) -> None:
        if second.ident is None:
            second.start()
            second.join(2)
        write(folder, role, certificate)

    monkeypatch.setattr(AuthorityFolder, "write_certificate", write_late)
    certify_responder(authority, issuing, PARAMETERS)
    second.join()
    signer = open_responder(authority).signer
    assert signer.certificate.public_key.spki_der == public_key_of(signer.private_key).spki_der
    copy = (authority.path / "responder.pem").read_bytes()
    assert copy == build_pem("CERTIFICATE", signer.certificate.der)


def test_a_responder_of_two_files_still_answers(authority: AuthorityFolder) -> None:
    """In older folders, responder.key has no certificate, which is only in responder.pem."""
    responder = open_role(authority, Role.RESPONDER)
    authority.write_key(Role.RESPONDER, responder.private_key, PARAMETERS.passphrase)
    assert open_responder(authority).signer.certificate == responder.certificate


@pytest.mark.parametrize("role", list(Role))
def test_the_key_of_another_certificate_is_refused(role: Role, authority: AuthorityFolder) -> None:
    key = run(PROVIDER.generate_key(NewKey.P256))
    authority.write_key(role, key, PARAMETERS.passphrase)
    with pytest.raises(MalformedMessage, match=rf"{role}\.key is not the key of the certificate in {role}\.pem"):
        authority.open_role(role, PARAMETERS.passphrase)


def open_responder(folder: AuthorityFolder) -> AuthorityResponder:
    return AuthorityResponder.open(folder, PARAMETERS.passphrase)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pki.example.test",
        "https://pki.example.test",
        "http://",
        "http://pki.example.test/",
        "http://user@pki.example.test",
        "http://pki.example.test/?a=b",
        "http://pki.example.test:port",
        "http://pki.exämple.test",
        "http://pki.example.test/a b",
        "ldap://pki.example.test",
    ],
)
def test_a_url_that_others_cannot_ask_is_refused(url: str) -> None:
    with pytest.raises(MalformedMessage, match="expected an address such as"):
        check_url(url)


@pytest.mark.parametrize("url", ["http://pki.example.test", "http://127.0.0.1:8080", "http://example.test/pki"])
def test_a_url_that_others_can_ask_is_taken(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", json.dumps({"name": "A", "url": "http://a.test", "generation": "x"}), "{" * 70_000]
)
def test_damaged_settings_are_told(authority: AuthorityFolder, text: str) -> None:
    (authority.path / "authority.json").write_text(text)
    with pytest.raises(MalformedMessage, match=r"authority\.json"):
        authority.settings()


def test_a_directory_gets_valid_certificates_and_loses_the_others(tmp_path: Path, authority: AuthorityFolder) -> None:
    alice, bob = issue(authority), issue(authority, "bob@example.test")
    folder = tmp_path / "directory"
    folder.mkdir()
    (folder / "theirs.pem").write_text("of somebody else")

    def publish() -> set[str]:
        people = [entry for entry in entries(authority) if entry.kind is Kind.PERSON]
        write_directory(folder, people, [entry for entry in people if entry.state(AT) == "valid"])
        return {path.name for path in folder.iterdir()}

    names = {f"{alice.serial_number:x}.pem", f"{bob.serial_number:x}.pem", "theirs.pem"}
    assert publish() == names
    assert (folder / f"{alice.serial_number:x}.pem").read_bytes() == build_pem("CERTIFICATE", alice.der)
    revoke(authority, bob)
    assert publish() == names - {f"{bob.serial_number:x}.pem"}


def test_ldif_escapes_names_and_encodes_what_is_no_ascii(authority: AuthorityFolder) -> None:
    issue(authority, "alice+a@example.test")
    issue(authority, "jürgen@example.test")
    revoke(authority, issue(authority, "bob#1@example.test"))
    people = [entry for entry in entries(authority) if entry.kind is Kind.PERSON]
    valid = [entry for entry in people if entry.state(AT) == "valid"]
    text = build_ldif(people, valid, base="ou=people").decode("ascii")
    assert "dn: mail=bob\\231@example.test,ou=people\n" in text
    assert "mail: alice+a@example.test\n" in text
    assert all(len(line) <= 76 for line in text.splitlines())
    records = text.split("\n\n")
    assert len([record for record in records if record]) == 4
    assert "userCertificate;binary:: " in records[1]
    # A person without a valid certificate loses the old one.
    assert records[3].endswith("replace: userCertificate;binary\n-")
    assert build_ldif(people, valid, base="ou=Köln").startswith(
        b"dn:: bWFpbD1hbGljZVwyYmFAZXhhbXBsZS50ZXN0LG91PUvDtmxu\n"
    )
