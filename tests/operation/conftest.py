"""Fixtures of the operator's commands: a mail server in memory, and the configuration of a bridge on loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases.postgresql import database_url as database_url, postgresql as postgresql
from tests.support.project import ROOT
from tests.support.servers.mailboxes import PASSWORDS
from tests.support.servers.own_process import bridge_file, clean_environment
from tests.support.servers.ports import free_port
from tests.support.servers.tls import tls_folder as tls_folder
from webbridge.demo.mail_server import MemoryMailServer

RunCommand = Callable[..., dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The configuration of one bridge, and its addresses."""

    file: Path
    folder: Path
    api: str
    pages: str
    watch: str
    mail: MemoryMailServer

    @property
    def config(self) -> tuple[str, str]:
        return "--config", str(self.file)


@pytest.fixture
def memory_server(tls_folder: Path) -> Iterator[MemoryMailServer]:
    imap, smtp = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    with MemoryMailServer(PASSWORDS, tls_folder=tls_folder, imap_socket=imap, smtp_socket=smtp) as server:
        yield server


@pytest.fixture
def site(tmp_path: Path, memory_server: MemoryMailServer) -> Site:
    api, pages, watch = (f"127.0.0.1:{free_port()}" for _ in range(3))
    values = {
        "api_origin": json.dumps(f"http://{api}"),
        "pages_origin": json.dumps(f"http://{pages}"),
        "key_server_origin": json.dumps(f"http://127.0.0.1:{free_port()}"),
        "server.listen": json.dumps(api),
        "server.workers": "1",
        "pages.listen": json.dumps(pages),
        "watch.listen": json.dumps(watch),
    }
    file = bridge_file(tmp_path, values, memory_server.address)
    return Site(
        file=file, folder=tmp_path, api=f"http://{api}", pages=f"http://{pages}", watch=f"http://{watch}",
        mail=memory_server,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run() -> Iterator[RunCommand]:
    """Runs a command in a process of its own, which dies at the change of the number `killed_at`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.servers.root_commands"],
        env=clean_environment(), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    requests, answers = process.stdin, process.stdout

    def ask(arguments: list[str], killed_at: int = 0) -> dict[str, Any]:
        requests.write(json.dumps({"arguments": arguments, "killed_at": killed_at}) + "\n")
        requests.flush()
        answer: dict[str, Any] = json.loads(answers.readline())
        return answer

    yield ask
    requests.close()
    answers.close()
    assert process.wait(timeout=60) == 0
