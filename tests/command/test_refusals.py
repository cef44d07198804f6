"""Failures of the command: each has its own clear line and exit code, and leaves no half-written output file."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import jsonschema
import pytest
from keyring.backends import fail

from sealwax.cli.group import sealwax
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.streams import files
from tests.support.command.lab import READER, SIGNER, TRUST, Lab
from tests.support.command.reports import SCHEMA


@pytest.mark.parametrize("verb", ["sign", "decrypt"])
def test_a_wrong_passphrase_is_told(lab: Lab, verb: str) -> None:
    wrong = lab.write("wrong.txt", b"wrong\n")
    source = "mail.eml" if verb == "sign" else "encrypted.eml"
    result = lab.sealwax(verb, source, "--identity", "ids/bob.p12", "--passphrase-file", wrong, "-o", "never.eml")
    assert (result.code, "passphrase" in result.line) == (1, True)
    assert "wrong\n" not in result.stderr
    assert not (lab.folder / "never.eml").exists()


def test_a_message_for_others_is_told_with_whom_it_is_for(lab: Lab) -> None:
    reader = ("--identity", "ids/alice.p12", "--passphrase-file", "ids/passphrase.txt")
    result = lab.sealwax("decrypt", "encrypted.eml", *reader)
    assert result.code == 1
    assert "none of the given identities" in result.line
    assert "encrypted for CN=Sealwax Demonstration CA, #" in result.line


def test_an_encrypted_message_with_an_altered_tag_is_not_opened(lab: Lab) -> None:
    lab.made("encrypt", "mail.eml", "--raw", "--modern", "--der", "--to", "ids/bob.pem", "-o", "gcm.der")
    data = bytearray(lab.read("gcm.der"))
    data[-1] ^= 1
    result = lab.sealwax("decrypt", lab.write("altered.der", bytes(data)), *READER)
    assert (result.code, result.stdout) == (1, b"")
    assert "could not be decrypted" in result.line


def test_nothing_encrypted_is_told(lab: Lab) -> None:
    result = lab.sealwax("decrypt", "mail.eml", *READER)
    assert (result.code, "nothing encrypted" in result.line) == (2, True)


@pytest.mark.parametrize("verb", ["verify", "inspect", "decrypt"])
def test_a_truncated_cms_is_malformed(lab: Lab, verb: str) -> None:
    lab.made("encrypt", "mail.eml", "--raw", "--der", "--to", "ids/bob.pem", "-o", "whole.der")
    cut = lab.write("cut.der", lab.read("whole.der")[:-100])
    result = lab.sealwax(verb, cut, *(READER if verb == "decrypt" else ()))
    assert (result.code, "bytes are announced" in result.line) == (2, True)


@pytest.mark.parametrize("name", ["signed.eml", "opaque.eml", "encrypted.eml"])
def test_a_truncated_mail_is_never_verified(lab: Lab, name: str) -> None:
    whole = lab.read(name)
    for length in (len(whole) // 2, len(whole) - 60):
        result = lab.sealwax("verify", lab.write("cut.eml", whole[:length]), *TRUST)
        assert result.code in (1, 2)
        assert result.line


def test_an_altered_opaque_signature_is_never_verified(lab: Lab) -> None:
    lab.made("sign", "mail.eml", "--raw", "--opaque", "--der", *SIGNER, "-o", "opaque.der")
    flipped = lab.flip("opaque.der", b"one line of ")
    result = lab.sealwax("verify", flipped, *TRUST)
    assert (result.code, "invalid: message-digest-mismatch" in result.line) == (1, True)


@pytest.mark.parametrize(
    ("name", "data"),
    [("damaged.p12", b"\x30\x03\x02\x01\x03"), ("empty.p12", b""), ("text.p12", b"no PKCS#12"), ("cut.p12", None)],
)
def test_a_damaged_identity_file_is_malformed(lab: Lab, name: str, data: bytes | None) -> None:
    lab.write(name, lab.read("ids/alice.p12")[:500] if data is None else data)
    result = lab.sealwax("sign", "mail.eml", "--identity", name, "--passphrase-file", "ids/passphrase.txt")
    assert (result.code, result.stdout) == (2, b"")
    assert result.line


@pytest.mark.parametrize("option", ["--to", "--anchor"])
def test_a_file_without_a_certificate_is_malformed(lab: Lab, option: str) -> None:
    verb = "encrypt" if option == "--to" else "verify"
    result = lab.sealwax(verb, "mail.eml", option, "mail.eml")
    assert (result.code, "carries no certificates" in result.line) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "no such file.eml"),
        ("encrypt", "mail.eml", "--to", "no such file.pem"),
        ("sign", "mail.eml", "--identity", "no such file.p12", "--passphrase-file", "ids/passphrase.txt"),
        ("sign", "mail.eml", "--identity", "ids/alice.p12", "--passphrase-file", "no such file.txt"),
        ("sign", "mail.eml", *SIGNER, "-o", "no such file/out.eml"),
    ],
)
def test_a_missing_file_is_named(lab: Lab, arguments: tuple[str, ...]) -> None:
    result = lab.sealwax(*arguments)
    assert (result.code, "no such file" in result.line) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "command"),
        (("nothing",), "nothing"),
        (("sign", "mail.eml"), "--identity"),
        (("encrypt", "mail.eml"), "--to"),
        (("decrypt", "mail.eml"), "--identity"),
        (("verify", "signed.eml", "--at", "yesterday"), "2026-01-31T12:00:00Z"),
        (("verify", "signed.eml", "--at", "2026-01-31T12:00:00"), "zone"),
        (("verify", "signed.eml", "--json", "-o", "-"), "--json"),
        (("sign", "mail.eml", *SIGNER, "--der"), "--opaque"),
        (("sign", "mail.eml", *SIGNER, "--passphrase-fd", "0"), "--passphrase-fd"),
        (("identity", "list", "ids/alice.p12", "--passphrase-fd", "-1"), "--passphrase-fd"),
        (("identity", "list", "ids/alice.p12", "--passphrase-fd", "2147483647"), "file descriptor 2147483647"),
        (("identity", "list", "ids/alice.p12", "--passphrase-fd", "2147483648"), "--passphrase-fd"),
        (("sign", "mail.eml", *SIGNER, "--passphrase", "secret"), "--passphrase"),
        (("ca", "create", "x", "--name", "Caf\udce9", "--url", "http://pki.example.test"), "--name"),
        (("identity", "demo", "x", "--address", "../etc@example.test"), "--address"),
    ],
)
def test_wrong_usage_is_one_line(lab: Lab, arguments: tuple[str, ...], word: str) -> None:
    result = lab.sealwax(*arguments)
    assert (result.code, word in result.line) == (2, True)


def test_without_a_terminal_the_passphrase_is_asked_of_nobody(lab: Lab) -> None:
    # A process in a new session has no terminal, even if the tests run in one.
    command = [sys.executable, "-m", "sealwax.cli", "sign", "-", "--identity", "ids/alice.p12"]
    done = subprocess.run(
        command, cwd=lab.folder, input=b"From: x\r\n\r\n", capture_output=True, start_new_session=True, check=False
    )
    assert done.returncode == 2
    assert b"--passphrase-file" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_passphrase_comes_by_descriptor(lab: Lab) -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, lab.read("ids/passphrase.txt"))
        os.close(writing)
        command = [sys.executable, "-m", "sealwax.cli", "sign", "mail.eml", "--identity", "ids/alice.p12"]
        done = subprocess.run(
            [*command, "--passphrase-fd", str(reading)],
            cwd=lab.folder,
            pass_fds=[reading],
            capture_output=True,
            check=False,
        )
    finally:
        os.close(reading)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_passphrase_comes_from_the_system_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {("sealwax", "alice"): "four words"}
    monkeypatch.setattr("keyring.get_password", lambda service, entry: entries.get((service, entry)))
    read = PassphraseSource(file=None, descriptor=None, keyring_entry="alice").reader()
    assert read("ids/alice.p12") == b"four words"
    with pytest.raises(click.ClickException, match="no entry bob"):
        PassphraseSource(file=None, descriptor=None, keyring_entry="bob").reader()


def test_a_passphrase_that_the_keyring_gives_as_no_text_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyring.get_password", lambda _service, _entry: "four \udcff words")
    with pytest.raises(click.ClickException, match="entry alice in the system keyring is not text"):
        PassphraseSource(file=None, descriptor=None, keyring_entry="alice").reader()


def test_a_system_without_a_keyring_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyring.get_password", fail.Keyring().get_password)  # type: ignore[no-untyped-call]
    with pytest.raises(click.ClickException, match="system keyring cannot be read"):
        PassphraseSource(file=None, descriptor=None, keyring_entry="alice").reader()


def answer(lab: Lab, question: bytes, typed: bytes, *arguments: str) -> tuple[int, bytes]:
    """The exit code of a command with a terminal, and all that it showed there."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(lab.folder)
        os.execv(sys.executable, [sys.executable, "-m", "sealwax.cli", *arguments])  # noqa: S606
    shown = b""
    # The answer is typed only after the question, because the command discards earlier input.
    while question not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, typed)
    # Linux reports the end of a terminal as an error.
    with contextlib.suppress(OSError):
        while more := os.read(terminal, 1024):
            shown += more
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), shown


def test_a_passphrase_is_asked_on_the_terminal(lab: Lab) -> None:
    typed = lab.read("ids/passphrase.txt")
    arguments = ("sign", "mail.eml", "--identity", "ids/alice.p12", "-o", "by_terminal.eml")
    code, shown = answer(lab, b"Passphrase for", typed, *arguments)
    assert code == 0
    assert b"multipart/signed" in lab.read("by_terminal.eml")
    assert typed.strip() not in shown


def test_a_typed_passphrase_in_another_charset_is_refused_without_showing_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUTF8", "1")
    code, shown = answer(lab, b"Passphrase for", b"gehe\xfcim\n", "identity", "list", "ids/alice.p12")
    assert code == 2
    assert b"fc" not in shown
    assert b"sealwax: the passphrase of ids/alice.p12 was typed in another charset" in shown
    assert len(shown.splitlines()) == 1


def test_an_answer_in_another_charset_is_asked_for_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8:strict")
    arguments = ("identity", "export", "ids/alice.p12", "--legacy", "-o", "never.p12")
    code, shown = answer(lab, b"[y/N]", b"\xfc\nn\n", *arguments)
    assert (code, b"sealwax: nothing was written" in shown) == (2, True)


def test_an_output_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.eml"
    target.write_bytes(b"old")

    def fill_up(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fill_up)
    with pytest.raises(OSError, match="No space"):
        files.write_output(str(target), b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["out.eml"]
    assert target.read_bytes() == b"old"


def test_an_output_replaces_the_file_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.eml").write_bytes(b"old")
    (tmp_path / "link.eml").symlink_to("real.eml")
    files.write_output(str(tmp_path / "link.eml"), b"new")
    assert (tmp_path / "link.eml").is_symlink()
    assert (tmp_path / "real.eml").read_bytes() == b"new"


EPF = (
    b"[Password Token]\r\nProtection=CAST 128\r\nProfile Version=2.0\r\nToken=AAAA\r\n"
    b"[Digital Signature]\r\nCertificate=MIIB\r\nKey=AAAA\r\n[User X.500 Name]\r\nX500Name=cn=Alice\r\n"
)
# For each verb with --json, the arguments before the name of a file that cannot be read.
JSON_VERBS = {
    ("verify",): (),
    ("decrypt",): (*READER, "-o", "unused"),
    ("inspect",): (),
    ("receipt", "verify"): ("--original", "mail.eml"),
    ("page", "verify"): (),
    ("identity", "list"): ("--passphrase-file", "ids/passphrase.txt"),
    ("trust", "show"): (),
    ("contacts", "import"): (),
    ("verify-pages",): ("https://127.0.0.1:1", "--key"),
    ("verify-release",): ("ids", "--key"),
    ("deliver", "open"): ("--words-file", "mail.eml"),
}
# These verbs read no file that the user names before they have a service. They list stored data, search for
# certificates, or send.
JSON_VERBS_WITHOUT_A_FILE = {
    ("trust", "list"),
    ("trust", "roots"),
    ("find",),
    ("contacts", "list"),
    ("ca", "list"),
    ("discovery", "show"),
    ("roam", "devices"),
    ("roam", "factor", "list"),
    ("roam", "group", "list"),
    ("deliver", "send"),
    ("deliver", "list"),
}
# These verbs report what they find, so that a configuration that cannot be read is one finding.
REPORTING_VERBS = (("bridge", "check"), ("keys", "check"), ("discovery", "check"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("sign", "mail.eml", "--identity", "alice.epf"),
        ("decrypt", "encrypted.eml", "--identity", "alice.epf"),
        ("identity", "list", "alice.epf"),
        ("identity", "export", "alice.epf"),
        ("inspect", "alice.epf"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_an_entrust_profile_is_refused_with_advice(lab: Lab, arguments: tuple[str, ...]) -> None:
    lab.write("alice.epf", EPF)
    result = lab.sealwax(*arguments)
    assert result.code == 2
    assert "export your digital ID there as PKCS#12" in result.line


@pytest.mark.thorough
@pytest.mark.parametrize("exists", [True, False], ids=["damaged", "missing"])
@pytest.mark.parametrize("verb", JSON_VERBS, ids=" ".join)
def test_an_unreadable_file_gives_one_json_object(lab: Lab, verb: tuple[str, ...], exists: bool) -> None:
    signed_data = bytes.fromhex("06092a864886f70d010702")
    name = lab.write("damaged.der", b"\x30\x80" + signed_data + b"\xa0") if exists else "nowhere.der"
    result = lab.sealwax(*verb, *JSON_VERBS[verb], name, "--json")
    shown = json.loads(result.stdout)
    jsonschema.validate(shown, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert shown["error"]["code"] == ("malformed-message" if exists else "file-error")
    assert shown["error"]["message"] in result.line
    assert result.code == 2


@pytest.mark.thorough
@pytest.mark.parametrize("exists", [True, False], ids=["damaged", "missing"])
@pytest.mark.parametrize("verb", REPORTING_VERBS, ids=" ".join)
def test_an_unreadable_configuration_is_a_finding(lab: Lab, verb: tuple[str, ...], exists: bool) -> None:
    name = lab.write("damaged.toml", b"= x") if exists else "nowhere.toml"
    result = lab.sealwax(*verb, "--config", name, "--json")
    shown = json.loads(result.stdout)
    (finding,) = shown["findings"]
    assert (shown["ok"], finding["level"], finding["part"], result.code) == (False, "error", "settings", 1)
    assert name in finding["text"]


def test_every_verb_with_json_is_tried_with_what_cannot_be_read() -> None:
    assert {*verbs_with_json(sealwax)} == {*JSON_VERBS, *JSON_VERBS_WITHOUT_A_FILE, *REPORTING_VERBS}


def verbs_with_json(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from verbs_with_json(command, (*path, name))
        elif command is not None and any("--json" in parameter.opts for parameter in command.params):
            yield (*path, name)


@pytest.mark.parametrize("label", ["x", "", "1", "1.2.-3", "3.1.1", "1.2:x", "1.2:1:\udcff"])
def test_a_label_without_a_policy_or_with_other_marks_is_refused(lab: Lab, label: str) -> None:
    result = lab.sealwax("sign", "mail.eml", *SIGNER, "--label", label, "-o", "never.eml")
    assert result.code == 2
    assert result.line
    assert not (lab.folder / "never.eml").exists()


@pytest.mark.parametrize("address", ["https://[::1", "https://a b/", "example.org", "https://"])
def test_an_address_that_no_page_can_have_is_refused(lab: Lab, address: str) -> None:
    page = lab.write("page.html", b"<p>hello")
    result = lab.sealwax("page", "sign", page, *SIGNER, "--address", address, "-o", "never.p7s")
    assert (result.code, "address" in result.line) == (2, True)
