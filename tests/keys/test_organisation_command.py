"""`sealwax keys staff`, `user` and `recovery` against a key server that runs: from the import to the leaver's mail."""

from __future__ import annotations

import csv
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from roaming_keys.organisation.protocol.accounts import make_passphrase
from smime_core import Encrypting, Keys, decrypt_message, encrypt_message
from smime_core.asn1 import build_pem
from smime_core.blocking import run
from smime_core.identity import Identity, Pkcs12Form, export_identities, load_identities
from tests.support.keys.organisation import OFFICERS, encryption_identity, officer
from tests.support.keys.people import PROVIDER, identity
from tests.support.servers.key_server import KeyMachine, key_machine
from tests.support.servers.own_process import running, sealwax

pytestmark = [pytest.mark.server, pytest.mark.thorough]
FILES = "the passphrase of all files"
LEAVER = "alice@example.test"
SECRET = b"From: a@b.test\r\nSubject: x\r\n\r\nThe old secret\r\n"
IMPORTED = 500
IMPORT_SECONDS = 600


@dataclass
class Office:
    """A key server that runs, and a folder with everybody's files."""

    machine: KeyMachine
    folder: Path

    def file(self, name: str, content: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def identity_file(self, name: str, *identities: Identity) -> str:
        data = run(export_identities(identities, FILES.encode(), PROVIDER, form=Pkcs12Form.COMPATIBLE))
        return self.file(name, data)

    def certificate_file(self, name: str, one: Identity) -> str:
        return self.file(name, build_pem("CERTIFICATE", one.certificate.der))

    def sealwax(self, *words: str) -> CompletedProcess[str]:
        return sealwax(*words, HOME=str(self.folder), XDG_DATA_HOME=str(self.folder / "data"))

    def made(self, *words: str) -> str:
        done = self.sealwax(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def staff(self, name: str) -> tuple[str, ...]:
        return ("--server", self.machine.origin, "--staff-key", str(self.folder / f"{name}.key"))

    def appoint(self, name: str, role: str, *options: str) -> None:
        key = self.made("keys", "staff", "key", str(self.folder / f"{name}.key")).strip()
        self.made("keys", "staff", "add", name, role, key, *options, *self.machine.config)

    def codes(self, name: str) -> dict[str, str]:
        path = self.folder / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with path.open(newline="") as file:
            return {row["address"]: row["first passphrase"] for row in csv.DictReader(file)}

    def login(self, user: str, passphrase: str, verb: str = "login", *options: str) -> CompletedProcess[str]:
        passphrase_options = ("--passphrase-file", self.file("typed", passphrase))
        return self.sealwax(
            "roam", verb, "--server", self.machine.origin, "--user", user, *passphrase_options, *options
        )


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    machine = key_machine(tmp_path / "machine")
    machine.init()
    with running("keys", "serve", *machine.config, folder=machine.folder, answers=machine.health):
        made = Office(machine, tmp_path)
        made.appoint("adam", "administrator")
        made.appoint("ada", "auditor")
        made.file("files", FILES)
        yield made


@pytest.fixture
def with_officers(office: Office) -> Office:
    certificates = []
    for name in OFFICERS:
        certificates.append(office.certificate_file(f"{name}.pem", officer(name)))
        office.identity_file(f"{name}.p12", officer(name))
        office.appoint(name, "officer", "--certificate", certificates[-1])
    named = [word for certificate in certificates for word in ("--officer", certificate)]
    office.made("keys", "recovery", "policy", "--organisation", "Example Ltd", *named, *office.staff("adam"))
    return office


def fingerprint_of(office: Office) -> str:
    shown = office.made("keys", "recovery", "policy", *office.staff("adam"))
    return shown.strip().rpartition(" ")[2]


def test_a_leavers_mail_is_opened_for_a_successor(with_officers: Office) -> None:
    office = with_officers
    leaver, successor = encryption_identity(LEAVER), encryption_identity("sam@example.test")
    mail = run(encrypt_message(SECRET, Encrypting(recipients=(leaver.certificate,)), PROVIDER))
    office.identity_file("alice.p12", leaver, identity())
    office.identity_file("sam.p12", successor)
    office.certificate_file("sam.pem", successor)
    people = office.file("people.csv", f"address,file\n{LEAVER},alice.p12\n")
    first = ("--passphrase-file", str(office.folder / "files"))
    refused = office.sealwax(
        *("keys", "user", "import", people, "--folder", str(office.folder), *office.staff("adam")),
        *("-o", str(office.folder / "c0"), "--file-passphrase-file", str(office.folder / "files")),
        *("--officers", "0" * 64),
    )
    assert (refused.returncode, "another recovery policy" in refused.stderr) == (2, True), refused.stderr
    output = office.made(
        *("keys", "user", "import", people, "--folder", str(office.folder), *office.staff("adam")),
        *("-o", str(office.folder / "c1"), "--file-passphrase-file", str(office.folder / "files")),
        *("--officers", fingerprint_of(office), "--certificates", str(office.folder / "directory")),
    )
    assert output.startswith("1 accounts were made, 0 were not")
    assert len(list((office.folder / "directory").iterdir())) == 2

    shown = office.login(LEAVER, office.codes("c1")[LEAVER])
    assert "Recovery is on: 2 of 3 officers" in shown.stdout, shown.stderr
    assert "Your administrator knows this passphrase" in shown.stdout
    own = office.file("own", "four words on paper")
    changed = office.login(LEAVER, office.codes("c1")[LEAVER], "passwd", "--new-passphrase-file", own)
    assert changed.returncode == 0, changed.stderr
    officers = office.login(LEAVER, "four words on paper", "officers").stdout
    assert all(officer(name).certificate.fingerprint in officers for name in OFFICERS)
    assert "may also sign: get a separate certificate for encryption" in officers
    assert "Your administrator knows" not in officers

    start = time.monotonic()
    office.made("keys", "user", "disable", LEAVER, *office.staff("adam"))
    listed = office.made("keys", "user", "list", *office.staff("adam"))
    assert listed.startswith(f"{LEAVER}: disabled 20"), listed
    assert listed.endswith("Z, has a recovery copy\n"), listed
    assert office.login(LEAVER, "four words on paper").stderr.endswith(
        "Your administrator has disabled this account.\n"
    )
    request_line = office.made(
        *("keys", "recovery", "request", LEAVER, "--for", str(office.folder / "sam.pem")),
        *("--reason", "she has left", *office.staff("adam")),
    )
    case = request_line.partition(":")[0]
    opening = (
        *("keys", "recovery", "open", case, "--identity", str(office.folder / "sam.p12"), *first),
        *("--new-passphrase-file", own, "-o", str(office.folder / "recovered.p12"), *office.staff("adam")),
    )
    for number, name in enumerate(("olga", "oscar")):
        early = office.sealwax(*opening)
        assert early.stderr == f"sealwax: {number} officers have approved, 2 are needed.\n"
        assert not (office.folder / "recovered.p12").exists()
        approved = (
            *("keys", "recovery", "approve", case, "--identity", str(office.folder / f"{name}.p12"), *first),
            *office.staff(name),
        )
        wrong = office.sealwax(*approved, "--for", str(office.folder / f"{name}.pem"))
        assert (wrong.returncode, "nothing was passed on" in wrong.stderr) == (2, True), wrong.stderr
        office.made(*approved, "--for", str(office.folder / "sam.pem"))
    assert office.made(*opening).startswith(f"1 keys of {LEAVER} are in ")
    assert time.monotonic() - start < 300
    recovered = (office.folder / "recovered.p12").read_bytes()
    assert stat.S_IMODE((office.folder / "recovered.p12").stat().st_mode) == 0o600
    keys = run(load_identities(recovered, b"four words on paper", PROVIDER))
    assert [key.certificate for key in keys] == [leaver.certificate]
    assert b"The old secret" in run(decrypt_message(mail, Keys(identities=keys), PROVIDER))

    trail = office.made("keys", "staff", "audit", "--user", LEAVER, *office.staff("ada"))
    steps = [line.split()[2] for line in trail.splitlines()]
    assert steps[-5:] == [
        "administrator-acted", "recovery-asked", "recovery-approved", "recovery-approved", "recovery-opened",
    ]  # fmt: skip
    listed = office.made("keys", "recovery", "cases", *office.staff("olga"))
    assert "approved by olga, oscar, 2 needed, opened" in listed

    enabled = office.made("keys", "user", "enable", LEAVER, *office.staff("adam"))
    assert enabled == f"{LEAVER} can log in again\n"
    notice = office.login(LEAVER, "four words on paper").stdout
    assert "has your encryption keys" in notice
    assert "Asked for by adam" in notice


@pytest.mark.thorough(False)
def test_an_owner_confirms_the_officers_that_are_offered(with_officers: Office) -> None:
    office = with_officers
    made = office.made(
        *("keys", "user", "create", LEAVER, office.identity_file("a.p12", encryption_identity(LEAVER))),
        *(*office.staff("adam"), "-o", str(office.folder / "c"), "--officers", fingerprint_of(office)),
        *("--passphrase-file", str(office.folder / "files")),
    )
    assert made.startswith("1 accounts were made")
    passphrase = office.codes("c")[LEAVER]
    named = [word for name in OFFICERS[:2] for word in ("--officer", str(office.folder / f"{name}.pem"))]
    office.made("keys", "recovery", "policy", "--organisation", "Example Ltd", *named, *office.staff("adam"))
    shown = office.login(LEAVER, passphrase, "officers").stdout
    assert "Until you confirm them, they get nothing" in shown
    refused = office.login(LEAVER, passphrase, "officers", "--confirm", "0" * 64)
    assert refused.returncode == 2
    confirmed = office.login(LEAVER, passphrase, "officers", "--confirm", fingerprint_of(office))
    assert "2 of 2 officers of Example Ltd together" in confirmed.stdout, confirmed.stderr
    assert "Your organisation offers" not in confirmed.stdout


@pytest.mark.thorough
def test_without_a_key_for_encryption_only_an_account_is_made_without_recovery(with_officers: Office) -> None:
    office = with_officers
    dual = identity()
    output = office.made(
        *("keys", "user", "create", LEAVER, office.identity_file("a.p12", dual), *office.staff("adam")),
        *("-o", str(office.folder / "c"), "--officers", fingerprint_of(office)),
        *("--passphrase-file", str(office.folder / "files")),
    )
    assert "1 of them are without recovery by officers: no policy is set, or no key is for encryption only" in output
    refusal = office.sealwax(
        *("keys", "recovery", "request", LEAVER, "--for", str(office.folder / "olga.pem"), "--reason", "x"),
        *office.staff("adam"),
    )
    assert refusal.stderr == "sealwax: The key server has no recovery copy of this account.\n"
    confirm = office.login(LEAVER, office.codes("c")[LEAVER], "officers", "--confirm", fingerprint_of(office))
    assert (confirm.returncode, "get a separate certificate for encryption" in confirm.stderr) == (1, True)


def test_an_import_says_what_it_left_out_and_is_run_again(office: Office) -> None:
    for name, address in (("a", LEAVER), ("b", "bob@example.test")):
        office.identity_file(f"{name}.p12", encryption_identity(address))
    office.file("broken.p12", b"no file of keys")
    lines = [
        "address,file,passphrase",
        f"{LEAVER},a.p12,{FILES}",
        f"bob@example.test,b.p12,{FILES}",
        f"carol@example.test,b.p12,{FILES}",
        "dan@example.test,broken.p12,x",
        f"eve@example.test,missing.p12,{FILES}",
        "fay@example.test,a.p12,wrong",
    ]
    people = office.file("people.csv", "\n".join(lines))
    command = ("keys", "user", "import", people, "--folder", str(office.folder), *office.staff("adam"), "-o")
    done = office.sealwax(*command, str(office.folder / "c1"))
    assert (done.returncode, done.stdout.splitlines()[0][:34]) == (1, "2 accounts were made, 4 were not; "), done.stderr
    assert [line.split()[1] for line in done.stderr.splitlines()] == [
        "carol@example.test:", "dan@example.test:", "eve@example.test:", "fay@example.test:",
    ]  # fmt: skip
    assert FILES not in done.stdout + done.stderr
    refusal = office.sealwax(*command, str(office.folder / "c1"))
    assert (refusal.returncode, "File exists" in refusal.stderr) == (2, True), refusal.stderr
    again = office.sealwax(*command, str(office.folder / "c2"))
    assert again.stdout.startswith("0 accounts were made, 6 were not")
    assert "This address is registered already." in again.stderr


def test_an_import_gives_nobody_the_key_of_another_person_of_the_list(office: Office) -> None:
    """A wrong line would let one person read the mail of the other. Keys of earlier addresses are the person's own."""
    for name, addresses in (("a", [LEAVER, "maiden@example.test"]), ("b", ["bob@example.test"])):
        office.identity_file(f"{name}.p12", *map(encryption_identity, addresses))
    lines = ["address,file", f"{LEAVER},a.p12", "bob@example.test,b.p12", "bob@example.test,a.p12"]
    people = office.file("people.csv", "\n".join(lines))
    done = office.sealwax(
        *("keys", "user", "import", people, "--folder", str(office.folder), *office.staff("adam")),
        *("-o", str(office.folder / "c1"), "--file-passphrase-file", str(office.folder / "files")),
    )
    assert done.returncode == 1
    assert f"bob@example.test: the files have a key of {LEAVER}, who is in the list too" in done.stderr
    assert done.stdout.startswith("1 accounts were made, 1 were not")
    assert list(office.codes("c1")) == [LEAVER]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name,file\na,b\n", "needs the columns address and file"),
        ("address,file\nnobody,a.p12\n", "line 2: expected a mail address"),
        ("address,file\na@b.test,\n", "line 2: a@b.test has no file"),
        ("address,file\na@b.test,a.p12\n", "line 2: give the passphrase of the file"),
        (b"address,file\n\xff,a.p12\n", "the list is no CSV in UTF-8"),
    ],
)
def test_a_wrong_list_is_refused_before_anything_is_made(tmp_path: Path, content: str | bytes, said: str) -> None:
    office = Office(key_machine(tmp_path / "machine"), tmp_path)
    office.made("keys", "staff", "key", str(tmp_path / "adam.key"))
    people = office.file("people.csv", content)
    done = office.sealwax("keys", "user", "import", people, *office.staff("adam"), "-o", str(tmp_path / "c"))
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "c").exists()


def test_a_mail_password_reaches_the_operators_command_by_its_input_only(office: Office) -> None:
    office.identity_file("a.p12", encryption_identity(LEAVER))
    office.made(
        *("keys", "user", "create", LEAVER, str(office.folder / "a.p12"), *office.staff("adam")),
        *("-o", str(office.folder / "c"), "--passphrase-file", str(office.folder / "files")),
    )
    new = office.file("new", "a new mail password")
    program = "import sys, pathlib\npathlib.Path(sys.argv[2]).write_text(sys.argv[1] + sys.stdin.read())"
    script = office.file("set.py", program)
    target = office.folder / "seen"
    options = ("keys", "user", "password", LEAVER, *office.staff("adam"), "--new-password-file", new, "--")
    output = office.made(*options, sys.executable, script, "{user}", str(target))
    assert output == f"{LEAVER} has the new mail password\n"
    assert target.read_text() == f"{LEAVER}a new mail password\n"
    failed = office.sealwax(*options, "false")
    assert (failed.returncode, "ended with status 1" in failed.stderr) == (2, True)
    assert "sets the mail password" in office.made("keys", "staff", "audit", "--user", LEAVER, *office.staff("ada"))


def test_members_are_listed_and_removed(office: Office) -> None:
    listed = office.made("keys", "staff", "list", *office.machine.config)
    assert [line.split(", ")[:2] for line in listed.splitlines()] == [["ada", "auditor"], ["adam", "administrator"]]
    key_refusal = office.sealwax("keys", "staff", "key", str(office.folder / "adam.key"))
    assert (key_refusal.returncode, "exists" in key_refusal.stderr) == (2, True)
    office.made("keys", "staff", "remove", "adam", *office.machine.config)
    refused = office.sealwax("keys", "user", "disable", LEAVER, *office.staff("adam"))
    assert "needs the signature of a member of the staff" in refused.stderr


def test_first_passphrases_are_random_and_readable() -> None:
    made = {make_passphrase(PROVIDER) for _ in range(50)}
    assert len(made) == 50
    assert all(len(passphrase) == 19 and not set(passphrase) & set("01iloIO") for passphrase in made)


@pytest.mark.thorough
def test_five_hundred_people_are_imported_in_ten_minutes(with_officers: Office) -> None:
    office = with_officers
    lines = ["address,file"]
    for number in range(IMPORTED):
        address = f"person{number}@example.test"
        office.identity_file(f"{number}.p12", encryption_identity(address))
        lines.append(f"{address},{number}.p12")
    people = office.file("people.csv", "\n".join(lines))
    start = time.monotonic()
    output = office.made(
        *("keys", "user", "import", people, "--folder", str(office.folder), *office.staff("adam")),
        *("-o", str(office.folder / "c"), "--file-passphrase-file", str(office.folder / "files")),
        *("--officers", fingerprint_of(office)),
    )
    assert output.startswith(f"{IMPORTED} accounts were made, 0 were not")
    assert time.monotonic() - start < IMPORT_SECONDS
    user = f"person{IMPORTED - 1}@example.test"
    assert "Recovery is on" in office.login(user, office.codes("c")[user]).stdout
