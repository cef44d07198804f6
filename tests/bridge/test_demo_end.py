"""The demonstration's mail server stops without warnings in the log, also in the middle of its clients' requests."""

from __future__ import annotations

import gc
import imaplib
import logging
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from webbridge.demo.mail_server import HOST, MemoryMailServer
from webbridge.demo.tls import write_tls_files

pytestmark = pytest.mark.server

ALICE, PASSWORD = "alice@example.test", "correct horse"


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[MemoryMailServer]:
    write_tls_files(tmp_path, at=datetime.now(UTC))
    sockets = [socket.create_server((HOST, 0)) for _ in range(2)]
    imap, smtp = sockets
    with MemoryMailServer({ALICE: PASSWORD}, tls_folder=tmp_path, imap_socket=imap, smtp_socket=smtp) as server:
        yield server


def logged_in(server: MemoryMailServer) -> imaplib.IMAP4_SSL:
    context = ssl.create_default_context(cafile=server.address.ca_file)
    client = imaplib.IMAP4_SSL(HOST, server.address.mailbox.port, ssl_context=context)
    client.login(ALICE, PASSWORD)
    client.select("INBOX")
    return client


def stays(server: MemoryMailServer) -> list[socket.socket]:
    return [logged_in(server).sock]


def is_idle(server: MemoryMailServer) -> list[socket.socket]:
    client = logged_in(server)
    client.send(b"a IDLE\r\n")
    client.readline()
    return [client.sock]


def says_goodbye_and_stays(server: MemoryMailServer) -> list[socket.socket]:
    """Log out but keep the connection open, as the bridge's pool does: it does not answer the end of TLS."""
    clients = [logged_in(server) for _ in range(3)]
    for client in clients:
        client.send(b"a LOGOUT\r\n")
        client.readline()
    return [client.sock for client in clients]


def goes_away(server: MemoryMailServer) -> list[socket.socket]:
    client = logged_in(server)
    client.sock.shutdown(socket.SHUT_RDWR)
    return [client.sock]


def has_not_begun_tls(server: MemoryMailServer) -> list[socket.socket]:
    client = socket.create_connection((HOST, server.address.mailbox.port))
    # When the server answers a later connection, it has accepted this one.
    return [client, *stays(server)]


def submits(server: MemoryMailServer) -> list[socket.socket]:
    client = smtplib.SMTP(HOST, server.address.smtp.port)
    client.starttls(context=ssl.create_default_context(cafile=server.address.ca_file))
    client.login(ALICE, PASSWORD)
    client.mail(ALICE)
    assert client.sock is not None
    return [client.sock]


@pytest.mark.parametrize("client", [stays, is_idle, says_goodbye_and_stays, goes_away, has_not_begun_tls, submits])
def test_the_mail_server_ends_in_silence_whatever_its_clients_do(
    mail_server: MemoryMailServer,
    caplog: pytest.LogCaptureFixture,
    client: Callable[[MemoryMailServer], list[socket.socket]],
) -> None:
    sockets = client(mail_server)
    mail_server.stop()
    for connection in sockets:
        connection.close()
    # A connection that was not closed logs a warning when it is garbage-collected.
    gc.collect()
    # The sweep of a bridge of another test may still run in this process.
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in warnings if not record.name.startswith("webbridge.delivery")] == []
