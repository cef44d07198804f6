"""A folder in which the command runs as a process, and the results of its runs."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from sealwax.cli.group import _run_verb as run_verb

MAIL = (
    b"From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: Supper\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe, and one line of plain text.\r\n"
)
ENTITY = b"Content-Type: text/plain\r\n\r\nSupper at eight.\r\n"
SIGNER = ("--identity", "ids/alice.p12", "--passphrase-file", "ids/passphrase.txt")
READER = ("--identity", "ids/bob.p12", "--passphrase-file", "ids/passphrase.txt")
TRUST = ("--anchor", "ids/ca.pem", "--no-revocation")


def by(name: str) -> tuple[str, ...]:
    """The options for a signer of `identity demo`."""
    return ("--identity", f"ids/{name}.p12", "--passphrase-file", "ids/passphrase.txt")


@dataclass(frozen=True)
class Result:
    code: int
    stdout: bytes
    stderr: str

    @property
    def line(self) -> str:
        """The line on standard error, which must be the only one."""
        lines = self.stderr.splitlines()
        assert len(lines) == 1, self.stderr
        assert lines[0].startswith("sealwax: ")
        return lines[0]


@dataclass(frozen=True)
class Lab:
    """A folder for runs of the command. File names are relative to it. `program`: the interpreter's arguments."""

    folder: Path
    program: tuple[str, ...] = ("-m", "sealwax.cli")

    def sealwax(self, *arguments: str, stdin: bytes = b"") -> Result:
        command = [sys.executable, "-W", "error", *self.program, *arguments]
        # The runs must not use the tester's own settings and contacts.
        own = {"XDG_CONFIG_HOME": str(self.folder / "config"), "XDG_DATA_HOME": str(self.folder / "data")}
        environment = {**os.environ, **own}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, input=stdin, capture_output=True, timeout=60, check=False
        )
        stderr = done.stderr.decode()
        assert "Traceback" not in stderr, stderr
        return Result(done.returncode, done.stdout, stderr)

    def made(self, *arguments: str) -> None:
        """Run the command. It must succeed."""
        result = self.sealwax(*arguments)
        assert (result.code, result.stderr) == (0, "")

    def told(self, *arguments: str) -> None:
        """Run the command. It must succeed and print one line."""
        result = self.sealwax(*arguments)
        assert (result.code, result.stderr) == (0, "")
        assert len(result.stdout.splitlines()) == 1

    def openssl(self, *arguments: str) -> bytes:
        return subprocess.run(
            ["openssl", *arguments], cwd=self.folder, capture_output=True, timeout=60, check=True
        ).stdout

    def openssl_or_none(self, *arguments: str) -> bytes | None:
        """The output of openssl; None if openssl failed."""
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, timeout=60, check=False)
        return done.stdout if done.returncode == 0 else None

    def write(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return name

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def flip(self, name: str, marker: bytes) -> str:
        """Write a copy of a file with one bit flipped in the byte after `marker`. Returns the name of the copy."""
        data = bytearray(self.read(name))
        position = data.index(marker) + len(marker)
        data[position] ^= 1
        return self.write(f"flipped-{name}", bytes(data))


@dataclass(frozen=True)
class QuickLab(Lab):
    """The same in this process, for tests of many runs in which starting Python would take most of the time."""

    def sealwax(self, *arguments: str, stdin: bytes = b"") -> Result:
        assert not stdin, "standard input is that of the tests"
        streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
        own = {"XDG_CONFIG_HOME": str(self.folder / "config"), "XDG_DATA_HOME": str(self.folder / "data")}
        with (
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ, own),
            mock.patch.object(sys, "argv", ["sealwax", *arguments]),
            contextlib.redirect_stdout(streams[0]),
            contextlib.redirect_stderr(streams[1]),
        ):
            code = run_verb()
        stdout, stderr = (stream.buffer.getvalue() for stream in streams)
        return Result(code, stdout, stderr.decode())
