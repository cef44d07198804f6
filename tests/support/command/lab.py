"""A folder with identities made by `sealwax identity demo`, and the command as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

MAIL = (
    b"From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: Supper\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe, and one line of plain text.\r\n"
)
ENTITY = b"Content-Type: text/plain\r\n\r\nSupper at eight.\r\n"


@dataclass(frozen=True)
class Result:
    code: int
    stdout: bytes
    stderr: str

    @property
    def line(self) -> str:
        """The one line on standard error."""
        lines = self.stderr.splitlines()
        assert len(lines) == 1, self.stderr
        assert lines[0].startswith("sealwax: ")
        return lines[0]


@dataclass(frozen=True)
class Lab:
    """Everything stands in one folder; names are relative to it. `program` is what the interpreter runs."""

    folder: Path
    program: tuple[str, ...] = ("-m", "smime_core.cli")

    def sealwax(self, *arguments: str, stdin: bytes = b"") -> Result:
        command = [sys.executable, "-W", "error", *self.program, *arguments]
        # Whoever runs the tests has decisions and contacts of their own.
        own = {"XDG_CONFIG_HOME": str(self.folder / "config"), "XDG_DATA_HOME": str(self.folder / "data")}
        environment = {**os.environ, **own}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, input=stdin, capture_output=True, timeout=60, check=False
        )
        stderr = done.stderr.decode()
        assert "Traceback" not in stderr, stderr
        return Result(done.returncode, done.stdout, stderr)

    def made(self, *arguments: str) -> None:
        """A step that must work before the test begins."""
        result = self.sealwax(*arguments)
        assert (result.code, result.stderr) == (0, "")

    def told(self, *arguments: str) -> None:
        """A step that must work, and says so in a line."""
        result = self.sealwax(*arguments)
        assert (result.code, result.stderr) == (0, "")
        assert len(result.stdout.splitlines()) == 1

    def openssl(self, *arguments: str) -> bytes:
        return subprocess.run(
            ["openssl", *arguments], cwd=self.folder, capture_output=True, timeout=60, check=True
        ).stdout

    def openssl_or_none(self, *arguments: str) -> bytes | None:
        """What openssl wrote, None where it refused."""
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, timeout=60, check=False)
        return done.stdout if done.returncode == 0 else None

    def write(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return name

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def flip(self, name: str, marker: bytes) -> str:
        """A copy of a file with one bit changed in the byte behind `marker`."""
        data = bytearray(self.read(name))
        position = data.index(marker) + len(marker)
        data[position] ^= 1
        return self.write(f"flipped-{name}", bytes(data))


SIGNER = ("--identity", "ids/alice.p12", "--passphrase-file", "ids/passphrase.txt")
READER = ("--identity", "ids/bob.p12", "--passphrase-file", "ids/passphrase.txt")
TRUST = ("--anchor", "ids/ca.pem", "--no-revocation")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab(tmp_path_factory.mktemp("cli"))
    for folder, key in (("ids", "rsa-2048"), ("ec", "p-256")):
        addresses = ("--address", "alice@example.test", "--address", "bob@example.test")
        assert lab.sealwax("identity", "demo", folder, *addresses, "--key", key).code == 0
        for name in ("alice", "bob"):
            lab.write(f"{folder}/{name}.key", _key_pem(lab, f"{folder}/{name}.p12", f"{folder}/passphrase.txt"))
    lab.write("mail.eml", MAIL)
    lab.write("entity.txt", ENTITY)
    lab.made("sign", "mail.eml", *SIGNER, "-o", "signed.eml")
    lab.made("sign", "mail.eml", *SIGNER, "--opaque", "-o", "opaque.eml")
    lab.made("encrypt", "signed.eml", "--to", "ids/bob.pem", "-o", "sealed.eml")
    return lab


def _key_pem(lab: Lab, p12: str, passphrase_file: str) -> bytes:
    return lab.openssl("pkcs12", "-in", p12, "-nocerts", "-nodes", "-passin", f"file:{passphrase_file}")
