"""The results of each verb when all is well, and the answers of `verify` in each of the five states."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sealwax.cli.streams.files import PUBLIC_MODE
from tests.support.command.lab import MAIL, READER, SIGNER, TRUST, Lab
from tests.support.command.reports import parsed
from tests.support.people import build_revocation_list


@pytest.mark.parametrize("name", ["signed.eml", "opaque.eml"])
def test_verifies_what_it_signed(lab: Lab, name: str) -> None:
    result = lab.sealwax("verify", name, *TRUST)
    assert (result.code, result.stderr) == (0, "")
    assert b"verified: signed by alice@example.test" in result.stdout


@pytest.mark.parametrize(("folder", "cipher"), [("ids", "--compatible"), ("ids", "--modern"), ("ec", "--modern")])
def test_decrypts_what_it_encrypted(lab: Lab, folder: str, cipher: str) -> None:
    lab.made("encrypt", "mail.eml", "--to", f"{folder}/bob.pem", cipher, "-o", "e.eml")
    reader = ("--identity", f"{folder}/bob.p12", "--passphrase-file", f"{folder}/passphrase.txt")
    result = lab.sealwax("decrypt", "e.eml", *reader)
    assert (result.code, result.stderr) == (0, "")
    assert b"Subject: Supper" in result.stdout
    assert b"one line of plain text" in result.stdout
    assert b"one line of plain text" not in lab.read("e.eml")


def test_reads_standard_input_and_writes_standard_output(lab: Lab) -> None:
    signed = lab.sealwax("sign", *SIGNER, stdin=MAIL)
    assert lab.sealwax("verify", "-", *TRUST, stdin=signed.stdout).code == 0


def test_encrypts_for_several_recipients(lab: Lab) -> None:
    lab.made("encrypt", "mail.eml", "--to", "ids/alice.pem", "--to", "ec/bob.pem", "-o", "both.eml")
    for folder, name in (("ids", "alice"), ("ec", "bob")):
        reader = ("--identity", f"{folder}/{name}.p12", "--passphrase-file", f"{folder}/passphrase.txt")
        assert lab.sealwax("decrypt", "both.eml", *reader).code == 0


def test_tries_every_identity(lab: Lab) -> None:
    other = ("--identity", "ids/alice.p12", *READER)
    assert lab.sealwax("decrypt", "encrypted.eml", *other).code == 0


def test_a_decrypted_signed_mail_still_verifies(lab: Lab) -> None:
    lab.made("decrypt", "encrypted.eml", *READER, "-o", "opened.eml")
    assert lab.sealwax("verify", "opened.eml", *TRUST).code == 0


def test_decrypt_reports_the_verdict_of_the_signature_inside(lab: Lab) -> None:
    result = lab.sealwax("decrypt", "encrypted.eml", *READER, *TRUST, "-o", "opened.eml")
    assert result.code == 0
    assert "verified: signed by alice@example.test" in result.line


@pytest.mark.parametrize("form", [(), ("--opaque",)], ids=["clear", "opaque"])
def test_decrypts_a_mail_that_is_encrypted_inside_a_signature(lab: Lab, form: tuple[str, ...]) -> None:
    """Triple wrapping (RFC 2634 section 1.1): each signature has a verdict, and the output keeps the inner one."""
    lab.made("sign", "encrypted.eml", *SIGNER, *form, "-o", "triple.eml")
    judged = parsed(lab.sealwax("decrypt", "triple.eml", *READER, *TRUST, "--json", "-o", "inner.eml"))
    assert judged["state"] == "verified"
    assert [layer["kind"] for layer in judged["layers"]] == ["signed", "encrypted", "signed"]
    assert [signer["state"] for signer in judged["signers"]] == ["verified", "verified"]
    assert b"one line of plain text" in lab.read("inner.eml")
    assert lab.sealwax("verify", "inner.eml", *TRUST).code == 0


@pytest.mark.parametrize("form", [(), ("--opaque",)], ids=["clear", "opaque"])
def test_a_mail_that_is_signed_outside_its_encryption_only_is_not_verified(lab: Lab, form: tuple[str, ...]) -> None:
    """The exit code is 0, because the mail was decrypted as the user demanded."""
    lab.made("encrypt", "mail.eml", "--to", "ids/bob.pem", "-o", "unsigned.eml")
    lab.made("sign", "unsigned.eml", *SIGNER, *form, "-o", "outside.eml")
    result = lab.sealwax("decrypt", "outside.eml", *READER, *TRUST)
    assert result.code == 0
    assert b"one line of plain text" in result.stdout
    assert "signed, not verified: signed-outside-encryption: " in result.stderr


def test_decrypt_reports_in_json_beside_the_content(lab: Lab) -> None:
    result = lab.sealwax("decrypt", "encrypted.eml", *READER, *TRUST, "--json", "-o", "opened.eml")
    report = parsed(result)
    assert report["state"] == "verified"
    assert [layer["kind"] for layer in report["layers"]] == ["encrypted", "signed"]
    assert [recipient["opened"] for recipient in report["recipients"]] == [True]


@pytest.mark.parametrize("as_json", [False, True])
def test_decrypts_a_mail_whose_inner_signature_cannot_be_judged(lab: Lab, as_json: bool) -> None:
    head, _, body = lab.read("opaque.eml").partition(b"\r\n\r\n")
    lab.write("inner_cut.eml", head + b"\r\n\r\n" + body[: len(body) // 2])
    # Authenticated encryption shows that the sender caused the damage. With CBC it would look like a failed decryption.
    lab.made("encrypt", "inner_cut.eml", "--to", "ids/bob.pem", "--modern", "-o", "outer.eml")
    json_option = ("--json",) if as_json else ()
    result = lab.sealwax("decrypt", "outer.eml", *READER, *TRUST, *json_option, "--raw", "-o", "inner_out.eml")
    assert result.code == 0
    assert b"application/pkcs7-mime" in lab.read("inner_out.eml")
    if as_json:
        assert parsed(result)["state"] == "signed-unverified"
    else:
        assert "signed, not verified: malformed-message" in result.line


def test_a_clear_signed_mail_without_its_last_boundary_is_verified_with_a_note(lab: Lab) -> None:
    signed = lab.read("signed.eml")
    lab.write("unclosed.eml", signed[: signed.rindex(b"\r\n--")])
    result = lab.sealwax("verify", "unclosed.eml", *TRUST, "-o", "content.eml")
    assert (result.code, result.stderr) == (0, "")
    assert b"frame-damaged" in result.stdout
    assert b"one line of plain text" in lab.read("content.eml")
    lab.write("forged.eml", lab.read("unclosed.eml").replace(b"one line of plain text", b"ONE line of plain text"))
    forged = lab.sealwax("verify", "forged.eml", *TRUST)
    assert (forged.code, forged.line.split(": ")[1:3]) == (1, ["invalid", "message-digest-mismatch"])


def test_a_clear_signed_mail_without_a_readable_signature_still_shows_its_text(lab: Lab) -> None:
    signed = lab.read("signed.eml")
    lab.write("cut.eml", signed[: signed.rindex(b"\r\n\r\n") + 400])
    result = lab.sealwax("verify", "cut.eml", *TRUST, "-o", "cut_content.eml")
    assert result.code == 1
    assert "signed, not verified: malformed-message" in result.line
    assert b"one line of plain text" in lab.read("cut_content.eml")
    assert lab.sealwax("inspect", "cut.eml").code == 0


def test_the_bytes_that_were_signed_are_written_where_line_ends_differ(lab: Lab) -> None:
    lab.write("text.txt", b"Dear Bob,\r\nat eight.\r\n")
    lab.made("sign", "text.txt", *SIGNER, "--raw", "-o", "text.p7s")
    lab.write("stored.txt", b"Dear Bob,\nat eight.\n")
    judged = ("verify", "text.p7s", "--content", "stored.txt", "--from", "alice@example.test", *TRUST)
    result = lab.sealwax(*judged, "-o", "written.txt")
    assert (result.code, b"signed-with-other-line-ends" in result.stdout) == (0, True)
    assert lab.read("written.txt") == lab.read("text.txt")


def test_raw_decryption_leaves_the_headers_out(lab: Lab) -> None:
    result = lab.sealwax("decrypt", "encrypted.eml", *READER, "--raw")
    assert result.code == 0
    assert result.stdout.lower().startswith(b"content-type: multipart/signed")


@pytest.mark.parametrize("encoding", ["--der", "--pem"])
def test_raw_content_comes_back_byte_for_byte(lab: Lab, encoding: str) -> None:
    content = lab.write("raw.bin", bytes(range(256)) * 9 + b"\nlone line feed")
    lab.made("encrypt", content, "--raw", "--to", "ids/bob.pem", encoding, "-o", "raw.cms")
    assert lab.read("raw.cms").startswith(b"-----BEGIN CMS-----" if encoding == "--pem" else b"\x30")
    assert lab.sealwax("decrypt", "raw.cms", *READER).stdout == lab.read(content)


def test_a_detached_signature_over_a_file_needs_the_file_and_the_sender(lab: Lab) -> None:
    content = lab.write("raw.bin", bytes(range(256)))
    lab.made("sign", content, "--raw", "--der", *SIGNER, "-o", "raw.p7s")
    with_sender = ("--from", "alice@example.test")
    assert lab.sealwax("verify", "raw.p7s", "--content", content, *TRUST, *with_sender).code == 0
    assert "no-sender" in lab.sealwax("verify", "raw.p7s", "--content", content, *TRUST).line
    altered = lab.write("altered.bin", b"\1" + bytes(range(1, 256)))
    result = lab.sealwax("verify", "raw.p7s", "--content", altered, *TRUST, *with_sender)
    assert (result.code, "message-digest-mismatch" in result.line) == (1, True)
    assert lab.sealwax("verify", "raw.p7s", *TRUST, *with_sender).code == 2


def test_an_opaque_signature_gives_its_content_back(lab: Lab) -> None:
    content = lab.write("raw.bin", bytes(range(256)))
    lab.made("sign", content, "--raw", "--opaque", "--pem", *SIGNER, "-o", "raw.p7m")
    result = lab.sealwax("verify", "raw.p7m", *TRUST, "--from", "alice@example.test", "-o", "-")
    assert (result.code, result.stdout) == (0, lab.read(content))
    assert "verified" in result.line


def test_without_a_revocation_answer_a_signature_is_not_verified(lab: Lab) -> None:
    result = lab.sealwax("verify", "signed.eml", "--anchor", "ids/ca.pem")
    assert result.code == 1
    assert "signed, not verified: revocation-unknown" in result.line


def test_without_an_anchor_a_signature_is_not_verified(lab: Lab) -> None:
    result = lab.sealwax("verify", "signed.eml", "--no-revocation")
    assert result.code == 1
    assert "signed, not verified: untrusted-anchor" in result.line
    assert "CN=Sealwax Demonstration CA" in result.line


def test_after_expiry_a_signature_is_not_verified(lab: Lab) -> None:
    result = lab.sealwax("verify", "signed.eml", *TRUST, "--at", "2046-01-31T12:00:00Z")
    assert (result.code, "certificate-expired" in result.line) == (1, True)


@pytest.mark.parametrize(("option", "code"), [((), "outer-sender-differs"), (("--plain-headers",), "sender-mismatch")])
def test_another_senders_signature_is_not_verified(lab: Lab, option: tuple[str, ...], code: str) -> None:
    lab.made("sign", "mail.eml", *SIGNER, *option, "-o", "of_alice.eml")
    forged = lab.write(
        "forged.eml", lab.read("of_alice.eml").replace(b"alice@example.test>", b"carol@example.test>", 1)
    )
    result = lab.sealwax("verify", forged, *TRUST)
    assert (result.code, code in result.line) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "state"),
    [
        (("signed.eml", *TRUST), "verified"),
        (("signed.eml",), "signed-unverified"),
        (("encrypted.eml", *TRUST), "encrypted-only"),
        (("mail.eml", *TRUST), "plain"),
    ],
)
def test_reports_each_state_in_json(lab: Lab, arguments: tuple[str, ...], state: str) -> None:
    result = lab.sealwax("verify", *arguments, "--json")
    assert parsed(result)["state"] == state
    assert result.code == (0 if state == "verified" else 1)


def test_reports_an_altered_message_as_invalid_and_keeps_its_content_back(lab: Lab) -> None:
    flipped = lab.flip("signed.eml", b"one line of ")
    result = lab.sealwax("verify", flipped, *TRUST, "--json", "-o", "never.txt")
    assert (result.code, parsed(result)["state"]) == (1, "invalid")
    assert "invalid: message-digest-mismatch" in result.line
    assert not (lab.folder / "never.txt").exists()


def test_json_names_signer_and_path_by_fingerprints_of_its_certificates(lab: Lab) -> None:
    report = parsed(lab.sealwax("verify", "signed.eml", *TRUST, "--json"))
    (signer,) = report["signers"]
    subjects = {certificate["fingerprint"]: certificate["subject"] for certificate in report["certificates"]}
    assert [subjects[fingerprint] for fingerprint in signer["path"]] == [
        "CN=alice@example.test",
        "CN=Sealwax Demonstration CA",
    ]
    assert signer["certificate"] == signer["path"][0]
    assert report["layers"][signer["layer"]]["detached"]


def test_verify_writes_the_signed_content(lab: Lab) -> None:
    assert lab.sealwax("verify", "signed.eml", *TRUST, "-o", "content.txt").code == 0
    assert b"one line of plain text" in lab.read("content.txt")
    assert lab.read("content.txt") in lab.read("signed.eml")


def test_inspect_draws_the_layers_without_a_key(lab: Lab) -> None:
    result = lab.sealwax("inspect", "encrypted.eml")
    assert result.code == 0
    assert "encrypted: AES-256-CBC" in result.stdout.decode()
    assert "recipient: CN=Sealwax Demonstration CA" in result.stdout.decode()


def test_inspect_describes_in_json_and_gives_no_verdict(lab: Lab) -> None:
    report = parsed(lab.sealwax("inspect", "signed.eml", "--json"))
    assert report["state"] is None
    assert [signer["state"] for signer in report["signers"]] == [None]
    assert len(report["certificates"]) == 2


def test_inspect_opens_pkcs12_and_shows_no_key_bytes(lab: Lab) -> None:
    result = lab.sealwax("inspect", "ids/alice.p12", "--passphrase-file", "ids/passphrase.txt")
    text = result.stdout.decode()
    assert "private key: RSA 2048" in text
    assert "certificate: CN=alice@example.test" in text
    assert "CA certificate: CN=Sealwax Demonstration CA" in text
    report = parsed(lab.sealwax("inspect", "ids/alice.p12", "--passphrase-file", "ids/passphrase.txt", "--json"))
    assert report["keys"] == ["RSA 2048"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ids/ca.pem", "CA certificate: CN=Sealwax"),
        ("ids/bob.key", "private key: RSA 2048"),
        ("ec/bob.pem", "EC P-256"),
    ],
)
def test_inspect_knows_certificates_and_keys(lab: Lab, name: str, expected: str) -> None:
    assert expected in lab.sealwax("inspect", name).stdout.decode()


def test_inspect_lets_no_header_drive_the_terminal(lab: Lab) -> None:
    evil = lab.write("evil.eml", b"Subject: a\x1b[2Jb [red]c\r\nFrom: \xe2\x80\xaex@y.test\r\n\r\n")
    shown = lab.sealwax("inspect", evil).stdout.decode()
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[red]c" in shown


def test_the_demonstration_files_have_their_names_and_modes(lab: Lab) -> None:
    names = {path.name for path in (lab.folder / "ids").iterdir()} - {"alice.key", "bob.key"}
    assert names == {"ca.pem", "passphrase.txt", "alice.p12", "alice.pem", "bob.p12", "bob.pem"}
    for name in ("passphrase.txt", "alice.p12"):
        assert stat.S_IMODE((lab.folder / "ids" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((lab.folder / "ids" / "ca.pem").stat().st_mode) & ~PUBLIC_MODE == 0


def test_two_addresses_with_the_same_local_part_get_files_of_their_own(lab: Lab) -> None:
    addresses = ("--address", "a@one.test", "--address", "a@two.test", "--address", "ca@one.test")
    lab_result = lab.sealwax("identity", "demo", "twins", *addresses, "--key", "p-256")
    assert lab_result.code == 0
    names = {path.name for path in (lab.folder / "twins").glob("*.p12")}
    assert names == {"a@one.test.p12", "a@two.test.p12", "ca@one.test.p12"}


def test_the_demonstration_overwrites_nothing(lab: Lab) -> None:
    before = lab.read("ids/ca.pem")
    result = lab.sealwax("identity", "demo", "ids", "--address", "carol@example.test")
    assert (result.code, "is there already" in result.line) == (2, True)
    assert lab.read("ids/ca.pem") == before


def test_verify_imports_no_other_room(lab: Lab) -> None:
    code = (
        "import sys; sys.argv = ['sealwax', 'verify', 'mail.eml']\n"
        "from sealwax.cli import main; main()\n"
        "dear = {'flask', 'webbridge', 'roaming_keys', 'keyring', 'rich', 'email'}\n"
        "sys.exit(bool(dear & {name.split('.')[0] for name in sys.modules}))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=lab.folder, capture_output=True, check=False).returncode == 0
    )


def test_help_lists_the_verbs(lab: Lab) -> None:
    result = lab.sealwax("--help")
    assert result.code == 0
    for verb in (b"sign", b"encrypt", b"decrypt", b"verify", b"inspect", b"identity"):
        assert verb in result.stdout


@pytest.mark.parametrize("raw", [(), ("--raw",)], ids=["mail", "raw"])
def test_a_password_opens_what_it_encrypted(lab: Lab, tmp_path: Path, raw: tuple[str, ...]) -> None:
    (tmp_path / "right").write_text("correct horse\n")
    (tmp_path / "wrong").write_text("battery staple\n")
    (tmp_path / "mail.eml").write_bytes(MAIL)
    encrypted, opened = str(tmp_path / "encrypted"), str(tmp_path / "opened")
    lab.made("encrypt", str(tmp_path / "mail.eml"), "--password-file", str(tmp_path / "right"), *raw, "-o", encrypted)
    lab.made("decrypt", encrypted, "--password-file", str(tmp_path / "right"), "-o", opened)
    assert MAIL.split(b"\r\n\r\n")[1].split()[-1] in Path(opened).read_bytes()
    refused = lab.sealwax("decrypt", encrypted, "--password-file", str(tmp_path / "wrong"))
    assert (refused.code, refused.stdout) == (1, b"")
    assert "passphrase" in refused.line


def test_encrypting_for_nobody_is_a_usage_error(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "mail.eml").write_bytes(MAIL)
    assert lab.sealwax("encrypt", str(tmp_path / "mail.eml")).code == 2


def test_inspect_knows_revocation_lists(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "list.crl").write_bytes(build_revocation_list(0xABC))
    shown = lab.sealwax("inspect", str(tmp_path / "list.crl")).stdout.decode()
    assert "certificate revocation list: CN=Test CA" in shown
    assert "serial number abc" in shown
    report = parsed(lab.sealwax("inspect", str(tmp_path / "list.crl"), "--json"))
    assert report["revocationList"]["revoked"] == ["abc"]
