"""Fixtures of the bridge's tests: the app, a mail server in memory, and a private Dovecot if it is installed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.clock import FakeClock, clock as clock
from tests.support.databases.postgresql import database_url as database_url, postgresql as postgresql
from tests.support.databases.repeated_upgrades import repeated_upgrades as repeated_upgrades
from tests.support.servers import dovecot
from tests.support.servers.bridge import API, ENROLMENT_KEY, KEYS, PAGES, sign_in
from tests.support.servers.lying_server import IMAP, SMTP, LyingServer
from tests.support.servers.mailboxes import PASSWORDS, login_at
from tests.support.servers.pools import new_pool as new_pool
from tests.support.servers.tls import tls_folder as tls_folder
from webbridge import BridgeConfig, create_app
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.gateway import ImapConnection, MailServer, Security, ServerAddress
from webbridge.services import services_of


@pytest.fixture
def imap(tls_folder: Path) -> Iterator[LyingServer]:
    """An IMAP server whose answers the test sets."""
    with LyingServer(IMAP, tls_folder=tls_folder) as server:
        yield server


@pytest.fixture
def smtp(tls_folder: Path) -> Iterator[LyingServer]:
    """An SMTP server whose answers the test sets."""
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
    """Each IMAP server in turn, with the SMTP server in memory."""
    if request.param == "memory":
        return memory_server.address
    security = Security.STARTTLS if request.param.endswith("starttls") else Security.IMPLICIT_TLS
    return replace(memory_server.address, imap=request.getfixturevalue("dovecot_addresses")[security])


@pytest.fixture
def connect(mail_server: MailServer) -> Iterator[Callable[[], ImapConnection]]:
    """A function that opens IMAP connections for Alice. They are closed after the test."""
    opened: list[ImapConnection] = []

    def open_connection() -> ImapConnection:
        opened.append(ImapConnection.open(login_at(mail_server)))
        return opened[-1]

    yield open_connection
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(connect: Callable[[], ImapConnection]) -> ImapConnection:
    return connect()


@pytest.fixture
def config(memory_server: MemoryMailServer, clock: FakeClock) -> BridgeConfig:
    return BridgeConfig(
        api_origin=API,
        pages_origin=PAGES,
        key_server_origin=KEYS,
        mail_server=memory_server.address,
        enrolment_key=ENROLMENT_KEY,
        clock=clock,
        max_message_bytes=100_000,
    )


@pytest.fixture
def app(config: BridgeConfig) -> Iterator[Flask]:
    app = create_app(config)
    yield app
    services_of(app).close()


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def alice(browser: FlaskClient) -> FlaskClient:
    assert sign_in(browser).status_code == 200
    return browser
