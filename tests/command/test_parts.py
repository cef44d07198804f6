"""`--part N`: an encrypted or signed part below the top, decrypted and judged by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smime_core import Encrypting, Signing, blocking
from smime_core.asn1.pem import build_pem
from smime_core.blocking import run
from smime_core.identity import export_identity
from smime_core.mail import ProtectionMode
from smime_core.message import encrypt_entity, sign_entity
from tests.support.command.lab import QuickLab
from tests.support.people import MESSAGE, NOW, PROVIDER, anchor, person

ALICE, BOB = person("alice"), person("bob")
JUDGED = ("--anchor", "root.pem", "--no-revocation", "--at", "2026-06-01T12:00:00Z")
READER = ("--identity", "bob.p12", "--passphrase-file", "pass.txt")
TEXT = b"Content-Type: text/plain\r\n\r\nAt eight.\r\n"
OUTER = MESSAGE.partition(b"MIME-Version")[0]
SIGNING = Signing(identities=[ALICE], signing_time=NOW)


def mixed(*parts: bytes) -> bytes:
    body = b"".join(b"--M\r\n" + part + b"\r\n" for part in parts)
    return OUTER + b"Content-Type: multipart/mixed; boundary=M\r\n\r\n" + body + b"--M--\r\n"


def encrypted(entity: bytes) -> bytes:
    return run(encrypt_entity(entity, Encrypting(recipients=[BOB.certificate]), PROVIDER))


SIGNED = run(sign_entity(TEXT, SIGNING, PROVIDER))
WITH_FIELDS = blocking.sign_message(MESSAGE, SIGNING, PROVIDER, ProtectionMode.CLEAR)
FORWARDED = b"Content-Type: message/rfc822\r\n\r\n"


@pytest.fixture
def lab(tmp_path: Path) -> QuickLab:
    lab = QuickLab(tmp_path)
    lab.write("root.pem", build_pem("CERTIFICATE", anchor().der))
    lab.write("pass.txt", b"passphrase\n")
    lab.write("bob.p12", run(export_identity(BOB, b"passphrase", PROVIDER)))
    lab.write("mail.eml", mixed(b"\r\ndisclaimer", encrypted(SIGNED), SIGNED, FORWARDED + WITH_FIELDS))
    return lab


def test_an_encrypted_part_is_named_with_what_to_do(lab: QuickLab) -> None:
    refused = lab.sealwax("decrypt", "mail.eml", *READER, "-o", "out.eml")
    assert (refused.code, (lab.folder / "out.eml").exists()) == (2, False)
    assert "part 2 is encrypted" in refused.line
    assert refused.line.endswith("use --part 2")
    seen = lab.sealwax("verify", "mail.eml", *JUDGED)
    assert (seen.code, "use sealwax decrypt --part 2" in seen.line) == (1, True)
    assert "neither signed nor encrypted" not in seen.line


def test_an_encrypted_part_is_decrypted(lab: QuickLab) -> None:
    opened = lab.sealwax("decrypt", "--part", "2", "mail.eml", *READER, "--raw")
    assert (opened.code, opened.stdout) == (0, SIGNED)


def test_the_verdict_is_that_of_the_part_alone(lab: QuickLab) -> None:
    taken = lab.sealwax("decrypt", "--part", "2", "mail.eml", *READER, *JUDGED, "--json", "-o", "part.eml")
    report = json.loads(taken.stdout)
    assert (report["state"], report["reasons"][0]["code"]) == ("signed-unverified", "no-sender")
    named = lab.sealwax("decrypt", "--part", "2", "mail.eml", *READER, *JUDGED, "--from", "alice@example.test")
    assert "verified: signed by" in named.line
    assert lab.sealwax("verify", "mail.eml", *JUDGED).code == 1


def test_a_signed_part_is_verified_only_for_the_sender_who_is_named(lab: QuickLab) -> None:
    part = ("verify", "--part", "3", "mail.eml", *JUDGED)
    assert lab.sealwax(*part).code == 1
    assert lab.sealwax(*part, "--from", "alice@example.test").code == 0
    assert "sender-mismatch" in lab.sealwax(*part, "--from", "carol@example.test").line


def test_a_forwarded_mail_has_its_own_sender(lab: QuickLab) -> None:
    verified = lab.sealwax("verify", "--part", "4", "mail.eml", *JUDGED, "-o", "content.txt")
    assert (verified.code, b"alice@example.test" in verified.stdout) == (0, True)


def test_a_forged_forwarded_mail_is_invalid(lab: QuickLab) -> None:
    forged = WITH_FIELDS.replace(b"Greetings", b"Threatens")
    lab.write("forged.eml", mixed(b"\r\nsee below", FORWARDED + forged))
    assert "invalid" in lab.sealwax("verify", "--part", "2", "forged.eml", *JUDGED).line


def test_large_mails_give_the_same_part(lab: QuickLab) -> None:
    padding = b"Content-Type: application/octet-stream\r\n\r\n" + b"x" * 70 * 70_000
    lab.write("large.eml", mixed(padding, encrypted(SIGNED), SIGNED))
    assert lab.sealwax("decrypt", "--part", "2", "large.eml", *READER, "--raw").stdout == SIGNED
    judged = lab.sealwax("verify", "--part", "3", "large.eml", *JUDGED, "--from", "alice@example.test")
    assert judged.code == 0


def test_a_part_that_is_not_there_is_refused_and_nothing_written(lab: QuickLab) -> None:
    refused = lab.sealwax("decrypt", "--part", "7", "mail.eml", *READER, "-o", "out.eml")
    assert (refused.code, "there is no part 7" in refused.line) == (2, True)
    assert not (lab.folder / "out.eml").exists()
