"""The bridge's folder of certificates: a damaged block does not hide other certificates, and edits are noticed."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from tests.support.people import person
from webbridge.certificates.files import RECHECK_SECONDS, CertificateFolder
from webbridge.demo.accounts import certificate_pem

BAD_BLOCKS = {
    "no base64": "-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n",
    "no certificate": "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    "no end": "-----BEGIN CERTIFICATE-----\nMAA=\n",
    "odd base64": "-----BEGIN CERTIFICATE-----\nMAAAA\n-----END CERTIFICATE-----\n",
}


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def pem(name: str) -> str:
    return certificate_pem(person(name).certificate)


def found(folder: CertificateFolder) -> list[str]:
    return [name for name in ("alice", "bob") if folder.find(f"{name}@example.test")]


@pytest.mark.parametrize("bad", BAD_BLOCKS)
def test_a_bad_block_hides_nobody_and_is_named_once(bad: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "people.pem").write_text(pem("alice") + BAD_BLOCKS[bad] + pem("bob"))
    clock = Clock()
    folder = CertificateFolder(tmp_path, clock=clock)
    with caplog.at_level(logging.WARNING):
        assert found(folder) == ["alice", "bob"]
        clock.seconds += RECHECK_SECONDS
        (tmp_path / "other.pem").write_text(pem("bob"))
        assert found(folder) == ["alice", "bob"]
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == "directory: people.pem, 1 of 3 values are not read"


def test_an_edit_in_place_is_noticed_in_time(tmp_path: Path) -> None:
    path, clock = tmp_path / "people.pem", Clock()
    path.write_text(pem("alice"))
    folder = CertificateFolder(tmp_path, clock=clock)
    assert found(folder) == ["alice"]
    with path.open("r+") as file:
        file.write(pem("bob"))
        file.truncate()
    clock.seconds += RECHECK_SECONDS
    assert found(folder) == ["bob"]


def test_an_edit_that_restores_size_and_time_is_noticed(tmp_path: Path) -> None:
    path, clock = tmp_path / "people.pem", Clock()
    longest = max(len(pem(name)) for name in ("alice", "bob"))
    path.write_text(pem("alice").ljust(longest))
    before = path.stat()
    folder = CertificateFolder(tmp_path, clock=clock)
    assert found(folder) == ["alice"]
    path.write_text(pem("bob").ljust(longest))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    clock.seconds += RECHECK_SECONDS
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert found(folder) == ["bob"]


def test_a_file_that_comes_or_goes_is_noticed(tmp_path: Path) -> None:
    clock = Clock()
    folder = CertificateFolder(tmp_path, clock=clock)
    assert found(folder) == []
    (tmp_path / "bob.pem").write_text(pem("bob"))
    clock.seconds += RECHECK_SECONDS
    assert found(folder) == ["bob"]
    (tmp_path / "bob.pem").unlink()
    clock.seconds += RECHECK_SECONDS
    assert found(folder) == []
