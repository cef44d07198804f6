"""Fixtures of the operator's commands: a mail server in memory, and the configuration of a bridge on loopback."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.databases.postgresql import database_url, postgresql
from tests.support.servers.mailboxes import PASSWORDS
from tests.support.servers.own_process import bridge_file
from tests.support.servers.ports import free_port
from tests.support.servers.tls import tls_folder
from webbridge.demo.mail_server import MemoryMailServer

__all__ = ["database_url", "postgresql", "tls_folder"]


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
