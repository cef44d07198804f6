"""Mail servers for the tests: one in memory, and a private Dovecot where it is installed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers import dovecot
from tests.servers.lying_server import IMAP, SMTP, LyingServer
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.demo.tls import write_tls_files
from webbridge.gateway import Credentials, ImapConnection, MailServer, Security, ServerAddress

ALICE = "alice@example.test"
BOB = "bob@example.test"
PASSWORDS = {ALICE: "correct horse äöü", BOB: "another password"}
ALICE_LOGIN = Credentials(address=ALICE, password=PASSWORDS[ALICE])


@dataclass(slots=True)
class FakeClock:
    """A clock that stands still until a test moves it."""

    at: datetime = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, *, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def tls_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    write_tls_files(folder, at=datetime.now(UTC))
    return folder


@pytest.fixture
def imap(tls_folder: Path) -> Iterator[LyingServer]:
    """An IMAP server that answers as a test says."""
    with LyingServer(IMAP, tls_folder=tls_folder) as server:
        yield server


@pytest.fixture
def smtp(tls_folder: Path) -> Iterator[LyingServer]:
    """An SMTP server that answers as a test says."""
    with LyingServer(SMTP, tls_folder=tls_folder) as server:
        yield server


@pytest.fixture
def memory_server(tls_folder: Path) -> Iterator[MemoryMailServer]:
    imap, smtp = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
    with MemoryMailServer(PASSWORDS, tls_folder=tls_folder, imap_socket=imap, smtp_socket=smtp) as server:
        yield server


@pytest.fixture(scope="session")
def dovecot_addresses(tls_folder: Path) -> Iterator[dict[Security, ServerAddress]]:
    if dovecot.BINARY is None:
        pytest.skip("dovecot is not installed")
    with dovecot.run_dovecot(PASSWORDS, tls_folder=tls_folder) as addresses:
        yield addresses


@pytest.fixture(params=["memory", "dovecot", "dovecot-starttls"])
def mail_server(request: pytest.FixtureRequest, memory_server: MemoryMailServer) -> MailServer:
    """Each IMAP server in turn; submission is always the one in memory."""
    if request.param == "memory":
        return memory_server.address
    security = Security.STARTTLS if request.param.endswith("starttls") else Security.IMPLICIT_TLS
    return replace(memory_server.address, imap=request.getfixturevalue("dovecot_addresses")[security])


@pytest.fixture
def connect(mail_server: MailServer) -> Iterator[Callable[[], ImapConnection]]:
    """Opens connections of Alice's, and closes them after the test."""
    opened: list[ImapConnection] = []

    def open_connection() -> ImapConnection:
        opened.append(ImapConnection.open(mail_server, ALICE_LOGIN))
        return opened[-1]

    yield open_connection
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(connect: Callable[[], ImapConnection]) -> ImapConnection:
    return connect()
