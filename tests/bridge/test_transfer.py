"""`sealwax import` and `sealwax export` before a real Dovecot: nothing twice, nothing lost, signatures stay valid."""

from __future__ import annotations

import itertools
import mailbox
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smime_core import blocking
from smime_core.cms import Signing
from smime_core.trust import Judging
from tests.support.people import NOW, PROVIDER, person, trust
from tests.support.servers import dovecot
from tests.support.servers.lying_server import Close, LyingServer, TakeLiteral
from tests.support.servers.mailboxes import SOMEWHERE, login_at
from webbridge.gateway import Credentials, ImapConnection, Mailbox, Security, ServerAddress
from webbridge.transfer.commands import export_mail, import_mail
from webbridge.transfer.stored_mail import read_stored

pytestmark = pytest.mark.server

PASSWORD = "correct horse äöü"
_NUMBERS = itertools.count(1)


def mail(subject: str, text: str = "Words.\n", more: str = "") -> bytes:
    head = f"From: bob@example.test\nSubject: {subject}\nMessage-ID: <{subject}@example.test>\n{more}"
    return f"{head}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Anna:
    """A mailbox at a Dovecot, by the command and as any program has it."""

    credentials: Credentials
    options: list[str]

    def run(self, command: str, *arguments: str) -> Result:
        verb = {"import": import_mail, "export": export_mail}[command]
        return CliRunner().invoke(verb, [*arguments, *self.options], catch_exceptions=False)

    def rows(self, folder: str) -> list[tuple[str, tuple[str, ...]]]:
        """The subjects and flags of a folder, by arrival."""
        connection = ImapConnection.open(self.credentials)
        rows = connection.list_messages(folder, limit=100).rows
        connection.close()
        return [(row.subject, tuple(flag for flag in row.flags if flag != "\\Recent")) for row in reversed(rows)]

    def content(self, folder: str, subject: str) -> bytes:
        connection = ImapConnection.open(self.credentials)
        page = connection.list_messages(folder, limit=100)
        (uid,) = [row.uid for row in page.rows if row.subject == subject]
        content = b"".join(connection.open_raw(Mailbox(folder, page.uid_validity), uid, 10**9).chunks)
        connection.close()
        return content

    def folders(self) -> list[str]:
        connection = ImapConnection.open(self.credentials)
        names = [folder.name for folder in connection.list_folders()]
        connection.close()
        return names


@pytest.fixture(scope="module")
def server(tls_folder: Path) -> Iterator[ServerAddress]:
    """A Dovecot with twenty mailboxes."""
    if dovecot.BINARY is None:
        pytest.skip("dovecot is not installed")
    people = {f"anna{number}@example.test": PASSWORD for number in range(1, 21)}
    with dovecot.run_dovecot(people, tls_folder=tls_folder) as addresses:
        yield addresses[Security.IMPLICIT_TLS]


@pytest.fixture
def anna(server: ServerAddress, tls_folder: Path, tmp_path: Path) -> Anna:
    """An empty mailbox."""
    return _anna(server, tls_folder, tmp_path)


def _anna(server: ServerAddress, tls_folder: Path, tmp_path: Path) -> Anna:
    address, ca_file = f"anna{next(_NUMBERS)}@example.test", tls_folder / "tls_ca.pem"
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    where = ["--server", f"{server.host}:{server.port}", "--user", address, "--ca-file", str(ca_file)]
    servers = replace(SOMEWHERE, imap=server, ca_file=ca_file)
    return Anna(login_at(servers, address, PASSWORD), [*where, "--password-file", str(tmp_path / "password")])


def write_mbox(file: Path, *mails: bytes) -> Path:
    separator = b"From someone Thu Nov 26 10:00:00 2020\n"
    file.write_bytes(b"".join(separator + message + b"\n" for message in mails))
    return file


def test_an_mbox_comes_with_its_flags_and_dates_and_without_the_notes_of_its_program(
    anna: Anna, tmp_path: Path
) -> None:
    file = write_mbox(
        tmp_path / "Old mail",
        mail("new"),
        mail("read", more="Status: RO\nX-Status: AF\n"),
        mail("thunderbird", more="X-Mozilla-Status: 0005\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys: \n"),
        mail("deleted", more="X-Mozilla-Status: 0009\n"),
    )
    done = anna.run("import", str(file))
    assert done.output == "Imported: 3 stored, 0 there already\n"
    flags = {subject: set(marks) for subject, marks in anna.rows("Imported")}
    assert flags == {
        "new": set(),
        "read": {"\\Seen", "\\Answered", "\\Flagged"},
        "thunderbird": {"\\Seen", "\\Flagged"},
    }
    assert anna.content("Imported", "thunderbird") == mail("thunderbird").replace(b"\n", b"\r\n")


def test_a_second_import_stores_nothing_twice(anna: Anna, tmp_path: Path) -> None:
    anna.run("import", str(write_mbox(tmp_path / "one", mail("first"), mail("second"))))
    more = write_mbox(tmp_path / "two", mail("first"), mail("third"), mail("third"))
    assert anna.run("import", str(more)).output == "Imported: 1 stored, 2 there already\n"
    assert [subject for subject, _ in anna.rows("Imported")] == ["first", "second", "third"]


def test_a_mail_with_the_message_id_of_another_does_not_keep_it_out(anna: Anna, tmp_path: Path) -> None:
    """A person who has seen a mail can send another one with its Message-ID, which may come first in the file."""
    both = write_mbox(tmp_path / "one", mail("first", text="Other words.\n"), mail("first"), mail("first"))
    assert anna.run("import", str(both)).output == "Imported: 2 stored, 1 there already\n"
    assert anna.run("import", str(both)).output == "Imported: 0 stored, 3 there already\n"


def test_a_mail_that_is_there_already_keeps_no_other_with_its_message_id_out(anna: Anna, tmp_path: Path) -> None:
    """Somebody sends a mail with the Message-ID of one that is to be imported, also of the same size and date."""
    head = "Date: Thu, 26 Nov 2020 10:00:00 +0000\n"
    for name, text in (("forged", "Ten euros.\n"), ("longer", "Many more words than that.\n")):
        (tmp_path / f"{name}.eml").write_bytes(mail("bill", text, more=head))
        assert anna.run("import", str(tmp_path / f"{name}.eml")).output == "Imported: 1 stored, 0 there already\n"
    own = write_mbox(tmp_path / "own", mail("bill", "Six euros.\n", more=head), mail("other"))
    assert anna.run("import", str(own)).output == "Imported: 2 stored, 0 there already\n"
    # Each is known, whichever was stored last.
    assert anna.run("import", str(own)).output == "Imported: 0 stored, 2 there already\n"
    assert anna.run("import", str(tmp_path / "forged.eml")).output == "Imported: 0 stored, 1 there already\n"
    assert [subject for subject, _ in anna.rows("Imported")] == ["bill", "bill", "bill", "other"]


def test_a_signature_survives_mbox_and_back(anna: Anna, tmp_path: Path) -> None:
    text = "From the beginning of a line.\n>From a quoted one.\n\nFrom after an empty line.\n"
    letter = mail("signed", text, more="MIME-Version: 1.0\nContent-Type: text/plain\n").replace(b"\n", b"\r\n")
    signed = blocking.sign_message(letter, Signing(identities=[person("bob")], signing_time=NOW), provider=PROVIDER)
    (tmp_path / "signed.eml").write_bytes(signed)
    assert anna.run("import", str(tmp_path / "signed.eml"), "--into", "INBOX").exit_code == 0
    assert anna.run("export", "-o", str(tmp_path / "out"), "--folder", "INBOX").exit_code == 0
    # Another program reads it: the standard library of Python.
    with closing(mailbox.mbox(tmp_path / "out" / "INBOX.mbox", create=False)) as box:
        assert [read["Subject"] for read in box] == ["signed"]
    assert anna.run("import", str(tmp_path / "out" / "INBOX.mbox"), "--into", "Again").exit_code == 0
    judging = Judging(trust_store=trust(), at=NOW)
    report = blocking.examine_message(anna.content("Again", "signed"), judging, provider=PROVIDER)
    assert report.state == "verified"


def test_maildir_keeps_folders_and_flags_in_both_directions(anna: Anna, tmp_path: Path) -> None:
    maildir = mailbox.Maildir(tmp_path / "Maildir", create=True)
    for folder, name, flags in [(maildir, "top", "FS"), (maildir.add_folder("Work.2025"), "inner", "RS")]:
        message = mailbox.MaildirMessage(mail(name))
        message.set_flags(flags)
        folder.add(message)
    trashed = mailbox.MaildirMessage(mail("trashed"))
    trashed.set_flags("T")
    maildir.add(trashed)
    done = anna.run("import", str(tmp_path / "Maildir"), "--into", "Old")
    assert done.exit_code == 0, done.output
    separator = "/" if "Old/Work" in " ".join(anna.folders()) else "."
    inner = separator.join(["Old", "Work", "2025"])
    assert {*anna.rows("Old")} == {("top", ("\\Flagged", "\\Seen"))}
    assert {*anna.rows(inner)} == {("inner", ("\\Answered", "\\Seen"))}
    anna.run("export", "-o", str(tmp_path / "out"), "--form", "maildir", "--folder", inner)
    (written,) = mailbox.Maildir(tmp_path / "out" / "Old" / "Work" / "2025", create=False)
    assert (written["Subject"], written.get_flags()) == ("inner", "RS")


def test_thunderbirds_folders_become_folders(anna: Anna, tmp_path: Path) -> None:
    (tmp_path / "Mail" / "Work.sbd").mkdir(parents=True)
    write_mbox(tmp_path / "Mail" / "Work", mail("work"))
    (tmp_path / "Mail" / "Work.msf").write_text("// <!-- <mdb:mork:z v=1.4/> -->\n")
    write_mbox(tmp_path / "Mail" / "Work.sbd" / "Taxes", mail("taxes"))
    assert anna.run("import", str(tmp_path / "Mail")).exit_code == 0
    folders = [name for name in anna.folders() if name.startswith("Imported")]
    assert [name.replace(".", "/") for name in folders if anna.rows(name)] == ["Imported/Work", "Imported/Work/Taxes"]


def test_one_message_that_cannot_be_stored_is_named_and_takes_nothing_from_the_others(
    anna: Anna, tmp_path: Path
) -> None:
    file = write_mbox(tmp_path / "box", mail("good"), mail("bad", "a\0b\n"), mail("better"))
    done = anna.run("import", str(file))
    assert done.exit_code == 1
    assert [subject for subject, _ in anna.rows("Imported")] == ["good", "better"]
    assert f"{file}, message 2" in done.output
    assert "NUL" in done.output


def test_what_is_there_is_not_overwritten(anna: Anna, tmp_path: Path) -> None:
    anna.run("import", str(write_mbox(tmp_path / "box", mail("one"))), "--into", "INBOX")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "INBOX.mbox").write_text("mine")
    with pytest.raises(FileExistsError):
        anna.run("export", "-o", str(tmp_path / "out"), "--folder", "INBOX")
    assert (tmp_path / "out" / "INBOX.mbox").read_text() == "mine"
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["INBOX.mbox"]


@pytest.mark.parametrize("server", ["imap.example.org:0", "imap.example.org:x", ":993", "imap.example.org:70000"])
def test_a_wrong_server_is_told_before_the_password_is_asked(server: str, tmp_path: Path) -> None:
    file = write_mbox(tmp_path / "box", mail("one"))
    done = CliRunner().invoke(import_mail, [str(file), "--server", server, "--user", "anna"])
    assert done.exit_code == 2
    assert "imap.example.org:993" in done.output


def test_a_server_that_breaks_off_is_told_and_nothing_is_claimed(imap: LyingServer, tmp_path: Path) -> None:
    """The connection breaks at each APPEND, after the message."""
    imap.answers["APPEND"] = [b"+ go on\r\n", TakeLiteral(), Close()]
    imap.answers["CREATE"] = [b"TAG OK\r\n"]
    imap.answers["UID SEARCH"] = [b"* SEARCH\r\nTAG OK\r\n"]
    file = write_mbox(tmp_path / "box", mail("one"))
    (tmp_path / "password").write_text("secret\n")
    server = imap.address()
    where = ["--server", f"{server.mailbox.host}:{server.mailbox.port}", "--ca-file", str(server.ca_file)]
    who = ["--user", "anna", "--password-file", str(tmp_path / "password")]
    done = CliRunner().invoke(import_mail, [str(file), *where, *who])
    assert done.exit_code == 1
    assert "Imported: 0 stored" in done.output
    assert "Start it again to go on." in done.output
    assert len(imap.commands("APPEND")) == 3


def test_the_names_of_folders_lead_nowhere_else(tmp_path: Path) -> None:
    """A link in a Maildir or a folder is not followed, and a message above the limit is not read."""
    (tmp_path / "secret").write_text("From nobody Thu Nov 26 10:00:00 2020\nSubject: secret\n\n")
    (tmp_path / "Mail").mkdir()
    (tmp_path / "Mail" / "link").symlink_to(tmp_path / "secret")
    write_mbox(tmp_path / "Mail" / "real", mail("real"))
    assert [message.folder for message in read_stored(tmp_path / "Mail")] == [("real",)]
