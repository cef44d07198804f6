"""`sealwax import-thunderbird` with real profiles of NSS, with and without a primary password."""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from sealwax.nss_profile import copy_profile
from smime_core import Identity, blocking
from smime_core.blocking import run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.identity import export_identity
from smime_core.keys import public_key_of
from smime_core.trust import parse_people_file
from smime_core.x509.certificate import Certificate
from tests.support import path_pki
from tests.support.command.lab import Lab, QuickLab, Result
from tests.support.path_pki import YEAR, Rig
from tests.support.people import NOW, PROVIDER, anchor, person

pytestmark = pytest.mark.skipif(
    None in (shutil.which("certutil"), shutil.which("pk12util")), reason="needs NSS's certutil and pk12util"
)

PRIMARY = "geheim: ß !"
PASSPHRASE = b"correct horse battery staple"
_ROOT = path_pki.root("Old root")
_BELOW = _ROOT.issue("Old authority")


def certify(key_name: str, rig: Rig = _BELOW, *, years: int = 1) -> Identity:
    """An identity of alice@example.test with a P-256 key of this name, which ends in so many years."""
    certificate = path_pki.issue(
        "Alice: work",
        key_name,
        rig,
        path_pki.person_extensions("alice@example.test"),
        not_before=NOW - 5 * YEAR,
        not_after=NOW + years * YEAR,
    )
    return Identity(certificate=certificate, private_key=path_pki.key(key_name), chain=(rig.certificate,))


# Old and new keys of Alice: an expired one, one that was certified twice, and RSA. NSS gives one nickname to the first
# three, because they have one subject.
OLD, FIRST, RENEWED = certify("old", years=-1), certify("twice"), certify("twice", years=9)
ALICES = (person("alice"), RENEWED, FIRST, OLD)
BOB, CAROL = person("bob").certificate, _BELOW.certify("carol@example.test")
SERVER = path_pki.root().issue("mail.example.test", is_ca=False).certificate
OTHERS = (BOB, CAROL, SERVER, anchor(), _BELOW.certificate, _ROOT.certificate)


@dataclass(frozen=True)
class Import:
    """A profile with its primary password, and the run of the command that imported it."""

    profile: Path
    password: str
    identities: tuple[Identity, ...]
    lab: QuickLab
    result: Result
    files_before: dict[str, bytes]


@pytest.fixture(
    scope="module", params=[(PRIMARY, ALICES), ("", (RENEWED, OLD))], ids=["primary password", "no primary password"]
)
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Import:
    """The import of a profile that NSS's own tools have made, while Thunderbird writes to it."""
    (password, identities), profile = request.param, tmp_path_factory.mktemp("profile")
    make_profile(profile, password, identities, OTHERS)
    lab = prepare(tmp_path_factory.mktemp("lab"))
    before = {path.name: path.read_bytes() for path in profile.iterdir()}
    with writing_thunderbird(profile):
        result = import_to(lab, profile, password)
    return Import(profile, password, identities, lab, result, before)


@contextlib.contextmanager
def writing_thunderbird(profile: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(profile / "cert9.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        database.execute("DELETE FROM nssPublic")
        yield
        database.execute("ROLLBACK")


@pytest.fixture(scope="module")
def locked_profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile with one key and a primary password."""
    profile = tmp_path_factory.mktemp("locked")
    make_profile(profile, PRIMARY, (RENEWED,), ())
    return profile


@pytest.fixture
def lab(tmp_path: Path) -> QuickLab:
    return prepare(tmp_path)


def prepare(folder: Path) -> QuickLab:
    lab = QuickLab(folder)
    lab.write("passphrase.txt", PASSPHRASE + b"\n")
    (folder / "tmp").mkdir()
    return lab


def make_profile(folder: Path, password: str, identities: Sequence[Identity], others: Sequence[Certificate]) -> None:
    files = folder.parent / f"{folder.name}-files"
    files.mkdir()
    (files / "primary").write_text(password + "\n", encoding="utf-8")
    database, primary = ("-d", f"sql:{folder}"), str(files / "primary")
    run_tool("certutil", "-N", *database, *(("-f", primary) if password else ("--empty-password",)))
    for number, identity in enumerate(identities):
        p12 = files / f"{number}.p12"
        p12.write_bytes(run(export_identity(identity, PASSPHRASE, PROVIDER, iterations=1_000)))
        run_tool("pk12util", "-i", str(p12), *database, "-W", PASSPHRASE.decode(), "-k", primary)
    for number, certificate in enumerate(others):
        file = files / f"{number}.der"
        file.write_bytes(certificate.der)
        trusted = "C,C,C" if certificate.is_ca else ",P,"
        adding = ("-A", "-n", f"other {number}", "-t", trusted, "-i", str(file), "-f", primary)
        run_tool("certutil", *adding, *database)
    shutil.rmtree(files)


def run_tool(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def import_to(lab: QuickLab, profile: Path, password: str) -> Result:
    primary = ("--primary-password-file", lab.write("primary.txt", password.encode() + b"\n")) if password else ()
    passphrase = ("--new-passphrase-file", "passphrase.txt")
    with mock.patch.dict(os.environ, {"TMPDIR": str(lab.folder / "tmp")}), mock.patch.object(tempfile, "tempdir", None):
        return lab.sealwax("import-thunderbird", str(profile), "-o", "out", *passphrase, *primary)


def test_all_keys_are_written_the_newest_first(done: Import) -> None:
    assert done.result.code == 0, done.result.stderr
    loaded = blocking.load_identities(done.lab.read("out/identity.p12"), PASSPHRASE, provider=PROVIDER)
    assert {loaded_identity.certificate for loaded_identity in loaded} == {
        identity.certificate for identity in done.identities
    }
    assert loaded[0].certificate == RENEWED.certificate
    for loaded_identity in loaded:
        assert public_key_of(loaded_identity.private_key).spki_der == loaded_identity.certificate.public_key.spki_der
    assert all(
        _BELOW.certificate in loaded_identity.chain
        for loaded_identity in loaded
        if loaded_identity.certificate != person("alice").certificate
    )
    message = blocking.encrypt_bytes(b"x", Encrypting(recipients=[OLD.certificate]), provider=PROVIDER)
    assert blocking.decrypt_bytes(message, Keys(identities=loaded), provider=PROVIDER).content == b"x"


def test_other_people_are_written_with_their_intermediates(done: Import) -> None:
    people = parse_people_file(done.lab.read("out/people.ldif"))
    assert {(contact.address, contact.certificate) for contact in people.people} == {
        ("bob@example.test", BOB),
        ("carol@example.test", CAROL),
    }
    assert people.authorities == (_BELOW.certificate,)
    # The server's certificate names no address.
    assert done.result.line == "sealwax: not taken: mail.example.test: The certificate names no email address."


def test_the_files_are_private_and_the_profile_stays_as_it_was(done: Import) -> None:
    folder = done.lab.folder
    assert {path.stat().st_mode & 0o777 for path in (folder / "out").iterdir()} == {0o600}
    assert (folder / "out").stat().st_mode & 0o777 == 0o700
    assert {path.name: path.read_bytes() for path in done.profile.iterdir()} == done.files_before
    assert not list((folder / "tmp").iterdir())


def test_openssl_reads_the_keys(done: Import) -> None:
    printed = done.lab.openssl("pkcs12", "-in", "out/identity.p12", "-passin", "file:passphrase.txt", "-nodes")
    assert printed.count(b"BEGIN PRIVATE KEY") == len({identity.private_key.pkcs8_der for identity in done.identities})
    assert {identity.certificate for identity in done.identities} <= set(parse_people_file(printed).certificates)


def test_the_command_takes_the_people(done: Import) -> None:
    taken = done.lab.sealwax("contacts", "import", "out/people.ldif", "--contacts", "contacts.json")
    assert (taken.code, taken.stderr) == (0, "")


def test_files_that_are_there_stay(done: Import) -> None:
    before = {path: path.read_bytes() for path in (done.lab.folder / "out").iterdir()}
    result = import_to(done.lab, done.profile, done.password)
    assert (result.code, "is there already" in result.line) == (2, True)
    assert {path: path.read_bytes() for path in (done.lab.folder / "out").iterdir()} == before


def test_the_list_of_modules_is_not_copied(locked_profile: Path) -> None:
    assert (locked_profile / "pkcs11.txt").exists()
    with copy_profile(locked_profile) as copy:
        assert {path.name for path in copy.folder.iterdir()} == {"cert9.db", "key4.db"}
        assert copy.folder.stat().st_mode & 0o777 == 0o700
    assert not copy.folder.exists()


def test_a_wrong_primary_password_writes_nothing(lab: QuickLab, locked_profile: Path) -> None:
    result = import_to(lab, locked_profile, "wrong")
    assert (result.code, result.line) == (1, "sealwax: the primary password does not open the profile's keys")
    assert not (lab.folder / "out").exists()
    assert not list((lab.folder / "tmp").iterdir())


def test_without_a_terminal_a_primary_password_needs_its_option(lab: QuickLab, locked_profile: Path) -> None:
    result = Lab(lab.folder).sealwax("import-thunderbird", str(locked_profile), "-o", "out")
    assert (result.code, "give --primary-password-file" in result.stderr) == (2, True)


def test_the_primary_password_is_typed_and_never_an_argument(
    lab: QuickLab, locked_profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lab.folder / "bin").mkdir()
    spy = lab.folder / "bin" / "pk12util"
    spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {lab.folder}/arguments\nexec {shutil.which("pk12util")} "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy.parent}{os.pathsep}{os.environ['PATH']}")
    command = ["import-thunderbird", str(locked_profile), "-o", "out", "--new-passphrase-file", "passphrase.txt"]
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(lab.folder)
        os.execv(sys.executable, [sys.executable, "-m", "sealwax.cli", *command])  # noqa: S606
    shown = b""
    while b"Primary password of" not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, PRIMARY.encode() + b"\n")
    # Linux reports the end of a terminal as an error.
    with contextlib.suppress(OSError):
        while more := os.read(terminal, 1024):
            shown += more
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0, shown
    assert b"geheim" not in shown + lab.read("arguments")
    assert PASSPHRASE not in shown + lab.read("arguments")
    assert (lab.folder / "out" / "identity.p12").exists()


def test_a_profile_without_keys_gives_only_the_people(lab: QuickLab) -> None:
    (lab.folder / "few").mkdir()
    make_profile(lab.folder / "few", PRIMARY, (), (BOB,))
    result = lab.sealwax("import-thunderbird", "few", "-o", "out")
    assert (result.code, result.stderr) == (0, "")
    assert [path.name for path in (lab.folder / "out").iterdir()] == ["people.ldif"]


def test_an_empty_profile_gives_nothing(lab: QuickLab) -> None:
    (lab.folder / "empty").mkdir()
    make_profile(lab.folder / "empty", "", (), ())
    result = lab.sealwax("import-thunderbird", "empty", "-o", "out")
    assert (result.code, "holds no key with a certificate" in result.line) == (1, True)
    assert not (lab.folder / "out").exists()


@pytest.mark.parametrize(("name", "text"), [
    ("nowhere", "nowhere has no cert9.db and no key4.db. Give the folder of a profile"),
    ("old", "old has cert8.db, of an old Thunderbird"),
    ("damaged", "cert9.db cannot be read"),
])  # fmt: skip
def test_a_folder_that_is_no_profile_is_refused(lab: QuickLab, name: str, text: str) -> None:
    for folder, file in (("old", "cert8.db"), ("damaged", "cert9.db"), ("damaged", "key4.db")):
        (lab.folder / folder).mkdir(exist_ok=True)
        lab.write(f"{folder}/{file}", b"SQLite format 3\0" + bytes(100))
    result = lab.sealwax("import-thunderbird", name, "-o", "out")
    assert (result.code, result.line.partition(text)[1]) == (1, text)


def test_a_missing_tool_is_named(lab: QuickLab, locked_profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(lab.folder))
    result = import_to(lab, locked_profile, PRIMARY)
    assert (result.code, "Install libnss3-tools" in result.line) == (2, True)
