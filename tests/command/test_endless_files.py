"""Endless files that options name are refused, and not read into memory."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from tests.support.command.lab import READER, SIGNER, Lab

pytestmark = pytest.mark.thorough

ENDLESS = "/dev/zero"
MEMORY_BYTES = 1_500_000_000
PASSPHRASE_FILES = (
    ("sign", "mail.eml", "--identity", "ids/alice.p12", "--passphrase-file", ENDLESS),
    ("encrypt", "mail.eml", "--password-file", ENDLESS),
    ("decrypt", "encrypted.eml", "--password-file", ENDLESS),
    ("add-recipients", "encrypted.eml", *READER, "--new-password-file", ENDLESS),
    ("identity", "export", "ids/alice.p12", "-o", "new.p12", *SIGNER[2:], "--new-passphrase-file", ENDLESS),
)
OTHER_FILES = (
    ("sign", "mail.eml", "--identity", ENDLESS, *SIGNER[2:]),
    ("sign", "mail.eml", *SIGNER, "--carry", ENDLESS),
    ("encrypt", "mail.eml", "--to", ENDLESS),
    ("verify", "signed.eml", "--anchor", ENDLESS),
    ("verify", "signed.eml", "--timestamp-anchor", ENDLESS),
    ("verify", "signed.eml", "--crl", ENDLESS),
    ("verify", "signed.eml", "--ocsp", ENDLESS),
    ("verify", "signed.eml", "--decisions", ENDLESS),
    ("trust", "accept", ENDLESS, "--for", "alice@example.test"),
    ("trust", "show", ENDLESS),
)


def run_with_little_memory(lab: Lab, *arguments: str, stdin: str = "/dev/null") -> tuple[int, str]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

    with open(stdin, "rb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "sealwax.cli", *arguments],
            cwd=lab.folder,
            stdin=file,
            capture_output=True,
            timeout=60,
            check=False,
            preexec_fn=limit,
        )
    return done.returncode, done.stderr.decode()


@pytest.mark.thorough(False)
@pytest.mark.parametrize("arguments", PASSPHRASE_FILES, ids=" ".join)
def test_an_endless_passphrase_is_refused(lab: Lab, arguments: tuple[str, ...]) -> None:
    code, line = run_with_little_memory(lab, *arguments)
    assert (code, "bytes of a passphrase" in line, line.count("\n")) == (2, True, 1), line


@pytest.mark.parametrize("arguments", OTHER_FILES, ids=" ".join)
def test_an_endless_file_is_refused(lab: Lab, arguments: tuple[str, ...]) -> None:
    code, line = run_with_little_memory(lab, *arguments)
    assert (code, "bytes of zero" in line, line.count("\n")) == (2, True, 1), line


def test_a_passphrase_of_the_longest_length_counts_whole(lab: Lab) -> None:
    # A longer passphrase must not count as its first 4,096 bytes.
    long = lab.write("long.txt", b"a" * 4_096 + b"\r\n")
    longer = lab.write("longer.txt", b"a" * 4_097 + b"\r\n")
    order = ("identity", "export", "ids/alice.p12", *SIGNER[2:], "--new-passphrase-file")
    assert lab.sealwax(*order, long, "-o", "long.p12").code == 0
    assert lab.sealwax("identity", "list", "long.p12", "--passphrase-file", long).code == 0
    assert lab.sealwax("identity", "list", "long.p12", "--passphrase-file", longer).code == 2
