"""The small CA in service, end to end: requests, mail, and what `sealwax verify` learns from the responder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.server

RESPOND = "from webbridge.responder.command import respond; respond()"
PASSPHRASE = ("--passphrase-file", "pw.txt")


@dataclass(frozen=True)
class Team:
    """A folder with the files of a CA, of Alice and of her mail's readers. The CA's responder listens on `port`."""

    folder: Path
    port: int

    def sealwax(self, *arguments: str, cache: str = "cache") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "sealwax.cli", *arguments]
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.folder / cache)}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def made(self, *arguments: str) -> None:
        done = self.sealwax(*arguments)
        assert done.returncode == 0, done.stderr

    def verify(self, *, cache: str) -> subprocess.CompletedProcess[str]:
        """Verify with the cache of this name, which is empty at its first use."""
        fetching = ("--fetch", "--fetch-host", f"127.0.0.1:{self.port}")
        return self.sealwax("verify", "signed.eml", "--anchor", "ca/root.pem", *fetching, cache=cache)

    @contextmanager
    def responder(self) -> Iterator[None]:
        command = [sys.executable, "-c", RESPOND, "ca", "--port", str(self.port), *PASSPHRASE]
        with subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Answering for Example")
            try:
                yield
            finally:
                process.terminate()
                process.wait(timeout=30)


@pytest.fixture
def team(tmp_path: Path) -> Team:
    with socket.create_server(("127.0.0.1", 0)) as free:
        team = Team(tmp_path, free.getsockname()[1])
    (tmp_path / "pw.txt").write_text("correct horse\n")
    url = f"http://127.0.0.1:{team.port}"
    team.made("ca", "create", "ca", "--name", "Example", "--url", url, "--key", "p-256", *PASSPHRASE)
    request = ("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "alice.key", "-subj", "/CN=Alice")
    subprocess.run([*request, "-out", "alice.csr"], cwd=tmp_path, capture_output=True, check=True, timeout=60)
    team.made("ca", "issue", "ca", "alice.csr", "--address", "alice@example.test", *PASSPHRASE, "-o", "alice.pem")
    (tmp_path / "alice.all").write_bytes((tmp_path / "alice.key").read_bytes() + (tmp_path / "alice.pem").read_bytes())
    (tmp_path / "mail.eml").write_bytes(b"From: alice@example.test\r\nSubject: Supper\r\n\r\nAt eight.\r\n")
    team.made("sign", "mail.eml", "--identity", "alice.all", "-o", "signed.eml")
    return team


def test_mail_is_verified_until_its_signer_is_revoked(team: Team) -> None:
    with team.responder():
        good = team.verify(cache="monday")
        assert (good.returncode, good.stderr) == (0, ""), good.stdout
        # The answer is in the cache, so a second verification sends no request.
        assert team.sealwax("verify", "signed.eml", "--anchor", "ca/root.pem", cache="monday").returncode == 0
        team.made("ca", "revoke", "ca", "alice.pem", "--reason", "keyCompromise", *PASSPHRASE)
        revoked = team.verify(cache="tuesday")
    assert revoked.returncode == 1
    assert "was revoked" in revoked.stderr


def test_without_the_responder_nothing_is_verified(team: Team) -> None:
    silent = team.verify(cache="monday")
    assert silent.returncode == 1
    assert "signed, not verified: revocation-unknown" in silent.stderr


def test_the_lists_alone_do_when_they_are_given(team: Team) -> None:
    team.made("ca", "crl", "ca", "--root", *PASSPHRASE, "-o", "root.crl")
    team.made("ca", "crl", "ca", *PASSPHRASE, "-o", "issuing.crl")
    lists = ("--crl", "root.crl", "--crl", "issuing.crl")
    assert team.sealwax("verify", "signed.eml", "--anchor", "ca/root.pem", *lists).returncode == 0
    team.made("ca", "revoke", "ca", "alice.pem", *PASSPHRASE)
    team.made("ca", "crl", "ca", *PASSPHRASE, "-o", "issuing.crl")
    revoked = team.sealwax("verify", "signed.eml", "--anchor", "ca/root.pem", *lists, cache="other")
    assert revoked.returncode == 1
    assert "was revoked" in revoked.stderr
