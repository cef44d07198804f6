"""A client whose key server moves: it loses the server, asks for the list, and opens its keys at the new address.

The discovery service and the key server are the real ones, each behind a web server on loopback.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from roaming_keys.client.transport import HttpTransport, register_account
from roaming_keys.protocol.changes import build_registration
from roaming_keys.protocol.key_account import KeyAccount
from roaming_keys.protocol.login import LoginContext, log_in
from roaming_keys.protocol.messages.accounts import Device
from roaming_keys.protocol.session import Session, Setting
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.protocol.tickets import issue_ticket, public_key_of
from roaming_keys.server.app import create_app as create_key_server
from roaming_keys.server.config import KeyServerConfig
from sealwax.discovery.app import create_app
from sealwax.discovery.config import DiscoveryConfig
from sealwax.discovery.finding import PATH, begin_to_follow, find_newest
from sealwax.lookups.fetch import FetchPolicy
from sealwax.service import serve
from smime_core.blocking import run
from smime_core.own_content import Failover, Server, ServerKind
from smime_core.provider import NewKey
from tests.support.clock import FakeClock
from tests.support.people import PROVIDER, person
from tests.support.server_lists import DOMAIN, KEYS_KEY, PINNED, SECOND, move, server

pytestmark = pytest.mark.server

USER = f"alice@{DOMAIN}"
TICKET_KEY = bytes(range(32))


def listen() -> tuple[socket.socket, str]:
    bound = socket.create_server(("127.0.0.1", 0))
    return bound, f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def services(config: DiscoveryConfig, clock: FakeClock, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The address of the discovery service, and the old and the new one of the key server. The old one is dead."""
    with ExitStack() as stack:
        bound, discovery = listen()
        dead, old = listen()
        moved, new = listen()
        listed = server(ServerKind.KEY_SERVER, old, KEYS_KEY)
        spare = server(ServerKind.KEY_SERVER, "https://spare.example.test")
        app = create_app(
            replace(config, origin=discovery, servers=(listed, spare), move_domains=("127.0.0.1",)), PROVIDER
        )
        stack.enter_context(serve(app, bound))
        key_server = create_key_server(
            KeyServerConfig(
                origin=old, database=tmp_path / "keys.sqlite", ticket_key=public_key_of(TICKET_KEY),
                master_key=bytes(32), clock=clock,
            )
        )  # fmt: skip
        stack.enter_context(serve(key_server, moved))
        dead.close()
        yield {"discovery": discovery, "old": old, "new": new}


def log_in_at(found: Server, account: KeyAccount, clock: FakeClock) -> Session:
    """Log in at the server's address. The account, and all that is derived and signed, is that of its name."""
    setting = Setting(transport=HttpTransport(found.address), provider=PROVIDER)
    context = LoginContext(device=Device(token=bytes(32), name="a test"), known=None, at=clock())
    return run(log_in(setting, account, context))


def test_a_client_finds_its_keys_at_the_new_address_of_the_server(services: dict[str, str], clock: FakeClock) -> None:
    account = KeyAccount(server=services["old"], user=USER, passphrase=b"four words of mine")
    ticket = issue_ticket(TICKET_KEY, audience=account.server, user=USER, at=clock())
    alice = person("alice", NewKey.P256)
    registration = run(build_registration(account, [alice], ticket, PROVIDER))
    run(register_account(HttpTransport(services["new"]), registration))
    publishers = [services["discovery"] + PATH]
    policy = FetchPolicy(allowed_hosts=frozenset({services["discovery"].removeprefix("http://")}), timeout_seconds=30)
    result = begin_to_follow(DOMAIN, PINNED, publishers, PROVIDER, at=clock(), policy=policy)
    state = Failover(server_list=result.server_list, asked=clock())

    first, spare = state.candidates(ServerKind.KEY_SERVER, at=clock())
    clock.advance(seconds=60)
    with pytest.raises(KeyServerError, match="does not answer"):
        log_in_at(first, account, clock)
    state = state.lose(first, at=clock())
    assert state.candidates(ServerKind.KEY_SERVER, at=clock()) == (spare, first)
    assert state.next_fetch() <= clock()

    body = move(services["new"], counter=1, at=clock())
    request = Request(f"{services['discovery']}/move", data=body, headers={"Content-Type": "application/json"})
    with urlopen(request, timeout=20) as answer:
        assert json.loads(answer.read())["moves"] == 1
    result = find_newest(result.followed, publishers, PROVIDER, at=clock(), policy=policy)
    state = state.renew(result.server_list, at=clock() + SECOND)
    moved, _ = state.candidates(ServerKind.KEY_SERVER, at=clock())
    assert (moved.name, moved.address) == (services["old"], services["new"])
    (opened,) = log_in_at(moved, account, clock).opened.identities
    assert opened.certificate == alice.certificate
