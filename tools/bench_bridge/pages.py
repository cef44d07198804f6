"""The pages of a running bridge, and a key server with a person's keys."""

from __future__ import annotations

import contextlib
import secrets
import socket
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from roaming_keys.client import transport as client
from roaming_keys.protocol.changes import build_registration
from roaming_keys.protocol.key_account import KeyAccount
from roaming_keys.protocol.tickets import issue_ticket, public_key_of
from roaming_keys.server.app import create_app as create_key_server
from roaming_keys.server.config import KeyServerConfig
from sealwax.operation.settings import load_settings
from sealwax.service.web_server import serve
from smime_core import blocking
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.providers.native import NativeProvider
from tests.support.project import ROOT
from tests.support.servers.processes import run_process
from tools.bench_bridge.servers import PASSWORD, Bridge
from tools.bench_bridge.times import ANNA
from webbridge.config import BridgeConfig
from webbridge.demo.accounts import Account
from webbridge.operation.settings import BridgeSettings


@contextlib.contextmanager
def running_pages(bridge: Bridge, account: Account, *, key_server_port: int | None = None) -> Iterator[str]:
    """Run the pages of a bridge and a key server with the person's keys during the block. Yields the pages' address.

    `key_server_port` is the key server's own port, if another program listens at its origin.
    """
    config = load_settings(BridgeSettings, bridge.file).to_config()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-bridge-")))
        _start_key_server(stack, config, folder, key_server_port or _port(config.key_server_origin))
        _register(config, account)
        command = [sys.executable, "-m", "sealwax.cli", "bridge", "pages", "--config", str(bridge.file)]
        environment = {"PYTHONPATH": str(ROOT)}
        port = _port(config.pages_origin)
        stack.enter_context(run_process(command, folder=folder, listens=port, environment=environment))
        yield config.pages_origin


def create_anna() -> Account:
    """The person whose mail is measured, with new keys."""
    at, provider = datetime.now(UTC), NativeProvider()
    authority = blocking.run(create_authority("An authority", provider, at=at))
    return Account(
        name="Anna",
        address=ANNA,
        mail_password=PASSWORD,
        key_passphrase=secrets.token_hex(12),
        identity=blocking.run(issue_identity(authority, ANNA, provider=provider, at=at)),
        p12=b"",
    )


def _register(config: BridgeConfig, account: Account) -> None:
    keys = KeyAccount(server=config.key_server_origin, user=account.address, passphrase=account.key_passphrase.encode())
    at = datetime.now(UTC)
    ticket = issue_ticket(config.enrolment_key, audience=config.key_server_origin, user=account.address, at=at)
    registration = build_registration(
        keys, [account.identity], ticket, NativeProvider(), account.mail_password.encode()
    )
    blocking.run(client.register_account(client.HttpTransport(config.key_server_origin), blocking.run(registration)))


def _start_key_server(stack: contextlib.ExitStack, config: BridgeConfig, folder: Path, port: int) -> None:
    settings = KeyServerConfig(
        origin=config.key_server_origin,
        database=folder / "keys.sqlite",
        ticket_key=public_key_of(config.enrolment_key),
        pages_origins=(config.pages_origin,),
        master_key=secrets.token_bytes(32),
    )
    bound = socket.create_server(("127.0.0.1", port))
    stack.enter_context(serve(create_key_server(settings), bound))


def _port(origin: str) -> int:
    port = urlsplit(origin).port
    assert port is not None
    return port
