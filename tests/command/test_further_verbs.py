"""Compression, certificates, further signers and recipients, receipts, and identities in other forms."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from smime_core import blocking
from smime_core.asn1 import der
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.digested_data import build_digested_data
from smime_core.identity.pkcs12.contents import PBMAC1
from smime_core.identity.pkcs12.legacy import PBE_WITH_SHA1_AND_3DES
from smime_core.providers.native import NativeProvider
from tests.support.command.lab import MAIL, READER, SIGNER, TRUST, Lab
from tests.support.command.reports import parsed
from tests.support.people import build_revocation_list

pytestmark = pytest.mark.thorough

BOB = READER
FROM = ("--from", "alice@example.test")


def test_a_compressed_mail_comes_back(lab: Lab) -> None:
    lab.made("compress", "mail.eml", "-o", "compressed.eml")
    assert b"smime-type=compressed-data" in lab.read("compressed.eml")
    opened = lab.sealwax("unpack", "compressed.eml")
    assert (opened.code, opened.stderr) == (0, "")
    assert b"Subject: Supper" in opened.stdout
    assert b"one line of plain text" in opened.stdout


def test_openssl_unpacks_what_was_compressed(lab: Lab) -> None:
    content = lab.write("to_compress.bin", bytes(range(256)) * 30)
    lab.made("compress", content, "--raw", "-o", "compressed.der")
    assert len(lab.read("compressed.der")) < len(lab.read(content)) // 5
    assert lab.sealwax("unpack", "compressed.der").stdout == lab.read(content)
    arguments = ("cms", "-uncompress", "-inform", "DER", "-in", "compressed.der", "-binary")
    shown = lab.openssl_or_none(*arguments)
    assert shown is None or shown == lab.read(content)  # many builds come without zlib


def test_a_signature_over_compressed_content_is_verified(lab: Lab) -> None:
    lab.made("compress", "mail.eml", "-o", "compressed.eml")
    lab.made("sign", "compressed.eml", *SIGNER, "-o", "signed_compressed.eml")
    result = lab.sealwax("verify", "signed_compressed.eml", *TRUST, "--json")
    assert (result.code, [layer["kind"] for layer in parsed(result)["layers"]]) == (0, ["signed", "compressed"])


def test_a_damaged_compressed_mail_is_refused(lab: Lab) -> None:
    lab.made("compress", "mail.eml", "--raw", "--der", "-o", "whole_compressed.der")
    data = bytearray(lab.read("whole_compressed.der"))
    data[-8] ^= 1
    result = lab.sealwax("unpack", lab.write("damaged_compressed.der", bytes(data)), "-o", "never.bin")
    assert (result.code, "CompressedData" in result.line) == (2, True)
    assert not (lab.folder / "never.bin").exists()


def test_nothing_compressed_is_told(lab: Lab) -> None:
    result = lab.sealwax("unpack", "mail.eml")
    assert (result.code, "nothing compressed" in result.line) == (2, True)
    assert lab.sealwax("unpack", "opaque.eml").code == 2


def test_digested_content_comes_out_when_its_digest_holds(lab: Lab) -> None:
    digested = blocking.run(build_digested_data(b"some content", content_type=ID_DATA, provider=NativeProvider()))
    assert lab.sealwax("unpack", lab.write("digested.der", digested)).stdout == b"some content"
    altered = lab.write("digested_altered.der", digested.replace(b"some", b"more"))
    result = lab.sealwax("unpack", altered)
    assert (result.code, result.stdout, "digest" in result.line) == (1, b"", True)
    layer = parsed(lab.sealwax("inspect", "digested.der", "--json"))["layers"][0]
    assert (layer["kind"], layer["algorithm"]) == ("digested", "sha256")


def test_certificates_come_out_of_a_signed_mail_and_go_into_a_p7c(lab: Lab) -> None:
    lab.made("certificates", "signed.eml", "ids/bob.pem", "-o", "collected.pem")
    assert lab.read("collected.pem").count(b"-----BEGIN CERTIFICATE-----") == 3
    lab.made("certificates", "collected.pem", "--p7c", "-o", "collected.p7c")
    printed = lab.openssl("pkcs7", "-inform", "DER", "-in", "collected.p7c", "-print_certs", "-noout")
    assert printed.count(b"subject=") == 3
    # The certificates are read again, from our file and from one that openssl writes.
    assert lab.sealwax("certificates", "collected.p7c").stdout.count(b"BEGIN CERTIFICATE") == 3
    lab.openssl("crl2pkcs7", "-nocrl", "-certfile", "collected.pem", "-out", "openssl.p7b")
    assert lab.sealwax("certificates", "openssl.p7b").stdout.count(b"BEGIN CERTIFICATE") == 3
    assert parsed(lab.sealwax("inspect", "collected.p7c", "--json"))["layers"][0]["kind"] == "certificates"


def test_certificates_carry_revocation_lists_along(lab: Lab) -> None:
    crl = lab.write("carried.crl", build_revocation_list(0xABC))
    lab.made("certificates", "ids/bob.pem", crl, "--mail", "-o", "certs_only.eml")
    assert b"smime-type=certs-only" in lab.read("certs_only.eml")
    (layer,) = parsed(lab.sealwax("inspect", "certs_only.eml", "--json"))["layers"]
    assert [revocation_list["revoked"] for revocation_list in layer["revocationLists"]] == [["abc"]]
    assert b"BEGIN X509 CRL" in lab.sealwax("certificates", "certs_only.eml").stdout


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mail.eml", "not signed, so it carries no certificates"),
        ("encrypted.eml", "encrypted: decrypt it first"),
        ("ids/passphrase.txt", "found neither DER, PEM nor base64"),
    ],
)
def test_a_file_without_certificates_is_told(lab: Lab, name: str, text: str) -> None:
    result = lab.sealwax("certificates", name)
    assert (result.code, text in result.line) == (2, True)


@pytest.mark.parametrize("name", ["signed.eml", "opaque.eml"])
def test_a_countersignature_stands_on_a_signature_that_still_holds(lab: Lab, name: str) -> None:
    lab.made("countersign", name, *BOB, "-o", "countersigned.eml")
    assert lab.sealwax("verify", "countersigned.eml", *TRUST).code == 0
    (signer,) = parsed(lab.sealwax("inspect", "countersigned.eml", "--json"))["signers"]
    (countersigner,) = signer["countersigners"]
    assert (countersigner["place"], countersigner["algorithm"]) == ([0], "RSA with SHA-256")
    assert "countersigner: CN=Sealwax Demonstration CA" in lab.sealwax("inspect", "countersigned.eml").stdout.decode()


def test_a_countersignature_on_nobody_is_refused(lab: Lab) -> None:
    result = lab.sealwax("countersign", "signed.eml", *BOB, "--signer", "2")
    assert (result.code, "no signer" in result.line) == (2, True)
    assert lab.sealwax("countersign", "encrypted.eml", *BOB).code == 2
    assert "neither a signature" in lab.sealwax("countersign", "mail.eml", *BOB).line


def test_openssl_verifies_both_signers_of_a_mail(lab: Lab) -> None:
    lab.made(
        "add-signer",
        "signed.eml",
        "--identity",
        "ec/bob.p12",
        "--passphrase-file",
        "ec/passphrase.txt",
        "-o",
        "two.eml",
    )
    lab.write("both.pem", lab.read("ids/ca.pem") + lab.read("ec/ca.pem"))
    assert b"plain text" in lab.openssl("cms", "-verify", "-in", "two.eml", "-CAfile", "both.pem")
    assert len(parsed(lab.sealwax("inspect", "two.eml", "--json"))["signers"]) == 2


def test_a_signer_is_added_to_a_detached_signature_over_a_file(lab: Lab) -> None:
    content = lab.write("content.bin", bytes(range(256)))
    lab.made("sign", content, "--raw", "--pem", *SIGNER, "-o", "one.p7s")
    lab.made("add-signer", "one.p7s", "--content", content, *BOB, "-o", "two.p7s")
    assert lab.read("two.p7s").startswith(b"-----BEGIN CMS-----")
    verified = lab.openssl(
        "cms", "-verify", "-binary", "-inform", "PEM", "-in", "two.p7s", "-content", content, "-CAfile", "ids/ca.pem"
    )
    assert verified == lab.read(content)
    without = lab.sealwax("add-signer", "one.p7s", *BOB)
    assert (without.code, "detached" in without.line) == (2, True)


@pytest.mark.parametrize("cipher", ["--compatible", "--modern"])
def test_somebody_else_can_read_it_later(lab: Lab, cipher: str) -> None:
    lab.made("encrypt", "mail.eml", "--to", "ids/bob.pem", cipher, "-o", "for_bob.eml")
    lab.write("new_password", b"correct horse\n")
    lab.made(
        "add-recipients",
        "for_bob.eml",
        "--to",
        "ec/alice.pem",
        "--new-password-file",
        "new_password",
        "--allow-mixed",
        *BOB,
        "-o",
        "for_all.eml",
    )
    alice = ("--identity", "ec/alice.p12", "--passphrase-file", "ec/passphrase.txt")
    for keys in (BOB, alice, ("--password-file", "new_password")):
        assert b"one line of plain text" in lab.sealwax("decrypt", "for_all.eml", *keys).stdout
    recipients = parsed(lab.sealwax("inspect", "for_all.eml", "--json"))["recipients"]
    assert sorted(recipient["kind"] for recipient in recipients) == ["kari", "ktri", "pwri"]


def test_only_a_reader_of_the_message_adds_recipients(lab: Lab) -> None:
    result = lab.sealwax("add-recipients", "encrypted.eml", "--to", "ids/alice.pem", *SIGNER, "-o", "never.eml")
    assert (result.code, "none of the given identities" in result.line) == (1, True)
    assert not (lab.folder / "never.eml").exists()
    assert lab.sealwax("add-recipients", "signed.eml", "--to", "ids/alice.pem", *SIGNER).code == 2
    assert "--to" in lab.sealwax("add-recipients", "encrypted.eml", *SIGNER).line
    assert "--identity" in lab.sealwax("add-recipients", "encrypted.eml", "--to", "ids/bob.pem").line


def test_a_receipt_is_given_and_held_against_the_original(lab: Lab) -> None:
    lab.made("sign", "mail.eml", *SIGNER, "--ask-receipt", "-o", "asking.eml")
    made = lab.sealwax("receipt", "make", "asking.eml", *BOB, "-o", "receipt.eml")
    assert (made.code, "the receipt goes to alice@example.test" in made.line) == (0, True)
    result = lab.sealwax("receipt", "verify", "receipt.eml", "--original", "asking.eml", *TRUST)
    assert (result.code, result.stderr) == (0, "")
    assert b"received: verified: signed by bob@example.test" in result.stdout
    as_json = lab.sealwax("receipt", "verify", "receipt.eml", "--original", "asking.eml", *TRUST, "--json")
    assert parsed(as_json)["state"] == "verified"
    from_other = lab.sealwax("receipt", "verify", "receipt.eml", "--original", "asking.eml", *TRUST, *FROM)
    assert (from_other.code, "sender-mismatch" in from_other.line) == (1, True)
    untrusted = lab.sealwax("receipt", "verify", "receipt.eml", "--original", "asking.eml")
    assert (untrusted.code, "untrusted-anchor" in untrusted.line) == (1, True)


def test_openssl_holds_our_receipt_against_the_original(lab: Lab) -> None:
    lab.made("sign", "mail.eml", *SIGNER, "--opaque", "--der", "--ask-receipt", "-o", "asking.der")
    assert lab.sealwax("receipt", "make", "asking.der", *BOB, "--der", "-o", "receipt.der").code == 0
    lab.openssl(
        "cms",
        "-verify_receipt",
        "receipt.der",
        "-rctform",
        "DER",
        "-inform",
        "DER",
        "-in",
        "asking.der",
        "-CAfile",
        "ids/ca.pem",
    )


def test_a_receipt_of_openssl_is_verified(lab: Lab) -> None:
    lab.openssl(
        "cms",
        "-sign",
        "-in",
        "entity.txt",
        "-signer",
        "ids/alice.pem",
        "-inkey",
        "ids/alice.key",
        "-nodetach",
        "-outform",
        "DER",
        "-out",
        "o_asking.der",
        "-receipt_request_to",
        "alice@example.test",
        "-receipt_request_all",
    )
    lab.openssl(
        "cms",
        "-sign_receipt",
        "-inform",
        "DER",
        "-in",
        "o_asking.der",
        "-signer",
        "ids/bob.pem",
        "-inkey",
        "ids/bob.key",
        "-outform",
        "DER",
        "-out",
        "o_receipt.der",
    )
    result = lab.sealwax("receipt", "verify", "o_receipt.der", "--original", "o_asking.der", *TRUST)
    assert (result.code, b"received: verified" in result.stdout) == (0, True)


def test_no_receipt_is_made_where_none_is_asked_for_or_the_signature_fails(lab: Lab) -> None:
    result = lab.sealwax("receipt", "make", "signed.eml", *BOB)
    assert (result.code, result.stdout, "no receipt" in result.line) == (1, b"", True)
    lab.made("sign", "mail.eml", *SIGNER, "--ask-receipt", "-o", "asking.eml")
    altered = lab.sealwax("receipt", "make", lab.flip("asking.eml", b"one line of "), *BOB, "-o", "never.eml")
    assert (altered.code, "changed" in altered.line) == (1, True)
    assert not (lab.folder / "never.eml").exists()


def test_a_receipt_for_another_message_is_refused(lab: Lab) -> None:
    for name in ("asked_one.eml", "asked_two.eml"):
        lab.made("sign", "mail.eml", *SIGNER, "--ask-receipt", "-o", name)
    assert lab.sealwax("receipt", "make", "asked_one.eml", *BOB, "-o", "receipt_one.eml").code == 0
    result = lab.sealwax("receipt", "verify", "receipt_one.eml", "--original", "asked_two.eml", *TRUST)
    assert (result.code, "another message" in result.line) == (1, True)


def test_identities_are_listed_with_what_they_are_for(lab: Lab) -> None:
    arguments = ("identity", "list", "ids/alice.p12", "ids/bob.p12", "--passphrase-file", "ids/passphrase.txt")
    first, second = lab.sealwax(*arguments).stdout.decode().splitlines()
    assert first.startswith("alice@example.test: RSA 2048, signs and receives, until 20")
    assert second.startswith("bob@example.test")
    assert parsed(lab.sealwax(*arguments, "--json"))["keys"] == ["RSA 2048", "RSA 2048"]
    nobody = lab.sealwax("identity", "list", "ids/alice.pem")
    assert (nobody.code, "no private key" in nobody.line) == (2, True)


def export_arguments(lab: Lab) -> tuple[str, ...]:
    lab.write("new_passphrase", b"another one\n")
    source = ("identity", "export", "ids/alice.p12", "--passphrase-file", "ids/passphrase.txt")
    return (*source, "--new-passphrase-file", "new_passphrase", "-o", "exported.p12")


@pytest.mark.thorough(False)
@pytest.mark.parametrize("form", [(), ("--compatible",), ("--legacy", "--yes")], ids=" ".join)
def test_openssl_reads_an_exported_pkcs12(lab: Lab, form: tuple[str, ...]) -> None:
    lab.made(*export_arguments(lab), *form)
    assert (lab.folder / "exported.p12").stat().st_mode & 0o077 == 0
    lab.openssl("pkcs12", "-in", "exported.p12", "-passin", "file:new_passphrase", "-noout")
    lab.made("sign", "mail.eml", "--identity", "exported.p12", "--passphrase-file", "new_passphrase", "-o", "x.eml")


def test_openssl_reads_a_demonstration_identity(lab: Lab) -> None:
    lab.openssl("pkcs12", "-in", "ids/alice.p12", "-passin", "file:ids/passphrase.txt", "-noout")


def test_each_form_of_an_export_is_what_it_says(lab: Lab) -> None:
    for option, oid, has in (
        ("--compatible", PBMAC1, False),
        ("--modern", PBMAC1, True),
        ("--modern", PBE_WITH_SHA1_AND_3DES, False),
        ("--legacy", PBE_WITH_SHA1_AND_3DES, True),
    ):
        lab.made(*export_arguments(lab), option, "--yes")
        assert (der.oid(oid) in lab.read("exported.p12")) is has, option
    lab.made("sign", "mail.eml", "--identity", "exported.p12", "--passphrase-file", "new_passphrase", "-o", "x.eml")


def test_the_legacy_form_is_written_only_on_request(lab: Lab) -> None:
    (lab.folder / "exported.p12").unlink(missing_ok=True)
    result = lab.sealwax(*export_arguments(lab), "--legacy")
    assert (result.code, "weak" in result.line) == (2, True)
    assert not (lab.folder / "exported.p12").exists()


@pytest.mark.parametrize("answer", [b"y", b"n"])
def test_the_legacy_form_asks_at_a_terminal(lab: Lab, answer: bytes) -> None:
    (lab.folder / "exported.p12").unlink(missing_ok=True)
    command = [sys.executable, "-m", "sealwax.cli", *export_arguments(lab), "--legacy"]
    master, terminal = pty.openpty()
    os.write(master, answer + b"\n")
    done = subprocess.run(command, cwd=lab.folder, stdin=terminal, capture_output=True, timeout=60, check=False)
    os.close(terminal)
    os.close(master)
    assert b"3DES and SHA-1 are weak" in done.stdout
    assert (lab.folder / "exported.p12").exists() is (answer == b"y")


@pytest.mark.parametrize("clear", [True, False])
def test_an_exported_pem_file_signs(lab: Lab, clear: bool) -> None:
    lab.write("new_passphrase", b"another one\n")
    protection = ("--clear",) if clear else ("--new-passphrase-file", "new_passphrase")
    arguments = ("identity", "export", "ids/alice.p12", "--passphrase-file", "ids/passphrase.txt")
    lab.made(*arguments, "--pem", *protection, "-o", "exported.pem")
    assert (b"BEGIN PRIVATE KEY" in lab.read("exported.pem")) is clear
    lab.openssl("pkey", "-in", "exported.pem", "-passin", "file:new_passphrase", "-noout")
    # A key in clear needs no passphrase.
    opening = () if clear else ("--passphrase-file", "new_passphrase")
    lab.made("sign", "mail.eml", "--identity", "exported.pem", *opening, "-o", "by_pem.eml")
    assert lab.sealwax("verify", "by_pem.eml", *TRUST).code == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("identity", "export", "ids/alice.p12", "--clear"), "--pem"),
        (("identity", "export", "ids/alice.p12", "--pem", "--compatible"), "--compatible"),
        (("identity", "export", "ids/alice.p12", "--modern", "--legacy"), "--legacy"),
        (("identity", "export", "ids/alice.p12", "--passphrase-file", "ids/passphrase.txt",
          "--new-passphrase-file", "empty"), "empty"),
        (("encrypt", "mail.eml", "--shared-key", "short"), "16, 24 or 32"),
        (("encrypt", "mail.eml", "--shared-key", "0xzz=short"), "hexadecimal"),
        (("encrypt", "mail.eml", "--shared-key", "key"), "needs --raw"),
        (("encrypt", "mail.eml", "--to", "ids/bob.pem", "--cipher", "rot13"), "rot13"),
        (("sign", "mail.eml", *SIGNER, "--label", "1.2.3:red"), "red"),
        (("completion", "cmd"), "cmd"),
    ],
)  # fmt: skip
def test_wrong_usage_of_further_verbs_is_one_line(lab: Lab, arguments: tuple[str, ...], word: str) -> None:
    lab.write("empty", b"\n")
    lab.write("short", b"no key")
    lab.write("key", os.urandom(32))
    result = lab.sealwax(*arguments)
    assert (result.code, word in result.line) == (2, True)


def test_reads_a_key_in_hexadecimal_and_never_quotes_it(lab: Lab, tmp_path: Path) -> None:
    key = os.urandom(32)
    raw, text = tmp_path / "raw", tmp_path / "text"
    raw.write_bytes(key)
    text.write_text(f"{key.hex()}\n")
    lab.made("encrypt", "mail.eml", "--shared-key", f"team={text}", "-o", "for_team.eml")
    assert b"one line" in lab.sealwax("decrypt", "for_team.eml", "--shared-key", f"team={raw}").stdout
    text.write_text("x" * 64)
    refused = lab.sealwax("decrypt", "for_team.eml", "--shared-key", f"team={text}")
    assert (refused.code, "xxx" in refused.line) == (2, False)


def test_a_shared_key_without_a_name_encrypts_for_nobody_else(lab: Lab) -> None:
    key = lab.write("content.key", os.urandom(32))
    lab.made("encrypt", "mail.eml", "--raw", "--shared-key", key, "-o", "nobody.der")
    assert lab.sealwax("decrypt", "nobody.der", "--shared-key", key).stdout == MAIL
    secret = lab.read(key).hex()
    openssl = lab.openssl(
        "cms", "-EncryptedData_decrypt", "-binary", "-inform", "DER", "-in", "nobody.der", "-secretkey", secret
    )
    assert openssl == MAIL
    # The wrong key has another length. With one of the same length, one of 256 runs would find valid padding, because
    # the content has no authentication tag.
    wrong = lab.write("wrong.key", os.urandom(16))
    assert lab.sealwax("decrypt", "nobody.der", "--shared-key", wrong).code == 1
    assert "--shared-key" in lab.sealwax("decrypt", "nobody.der", *BOB).line


def test_a_shared_key_may_come_by_a_pipe(lab: Lab) -> None:
    secret = os.urandom(32)
    lab.write("piped.key", secret)
    encrypting = ("encrypt", "mail.eml", "--raw", "--shared-key", "/dev/stdin", "-o", "piped.der")
    assert lab.sealwax(*encrypting, stdin=secret).code == 0
    assert lab.sealwax("decrypt", "piped.der", "--shared-key", "/dev/stdin", stdin=secret).stdout == MAIL
    assert lab.sealwax("decrypt", "piped.der", "--shared-key", "piped.key").stdout == MAIL


@pytest.mark.parametrize(("again", "code"), [(b"another one\n", 0), (b"another two\n", 2)])
def test_a_new_passphrase_is_asked_for_twice(lab: Lab, again: bytes, code: int) -> None:
    target = lab.folder / "asked.p12"
    target.unlink(missing_ok=True)
    arguments = ["identity", "export", str(lab.folder / "ids/alice.p12"), "-o", str(target)]
    process, terminal = pty.fork()
    if process == 0:
        command = [sys.executable, "-m", "sealwax.cli", *arguments]
        os.execv(sys.executable, [*command, "--passphrase-file", str(lab.folder / "ids/passphrase.txt")])  # noqa: S606
    for question, answer in ((b"New passphrase", b"another one\n"), (b"again", again)):
        shown = b""
        # The answer is typed only after the question, because the command discards earlier input.
        while question not in shown:
            shown += os.read(terminal, 1024)
        os.write(terminal, answer)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == code
    os.close(terminal)
    assert target.exists() is (code == 0)
    if code == 0:
        lab.write("asked_passphrase", b"another one\n")
        listed = lab.sealwax("identity", "list", "asked.p12", "--passphrase-file", "asked_passphrase")
        assert b"alice@example.test" in listed.stdout
