"""Fixtures: a folder in which the command runs, with two signers, and signed pages that a server sends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command.lab import Lab, QuickLab, by
from tests.support.servers.pages_server import PagesServer, run_pages_server

SOURCES = {
    "index.html": b'<!doctype html><title>P</title><link rel="stylesheet" href="style.css">'
    b'<script type="module" src="main.js"></script>',
    "main.js": b"console.log(1)\n",
    "style.css": b"p { color: red }\n",
    "runtime/core.wasm": bytes(range(256)),
}


@pytest.fixture(scope="session")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lab = Lab(tmp_path_factory.mktemp("signers"))
    addresses = ("--address", "release@example.test", "--address", "mallory@example.test")
    assert lab.sealwax("identity", "demo", "ids", *addresses, "--key", "p-256").code == 0
    return lab.folder / "ids"


@pytest.fixture
def lab(tmp_path: Path, signers: Path) -> Lab:
    shutil.copytree(signers, tmp_path / "ids")
    for name, content in SOURCES.items():
        (tmp_path / "pages" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pages" / name).write_bytes(content)
    return QuickLab(tmp_path)


@pytest.fixture
def pages(lab: Lab) -> Iterator[PagesServer]:
    """Pages that the release key has signed, served by the real application."""
    lab.told("sign-pages", "pages", "--release", "1.2.0", *by("release"))
    with run_pages_server(lab.folder / "pages") as server:
        yield server
