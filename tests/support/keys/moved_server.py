"""Pages whose key server has moved: its first address is dead, and a publisher has the signed list of servers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from roaming_keys.client.transport import HttpTransport, register_account
from roaming_keys.protocol.changes import build_registration
from roaming_keys.protocol.key_account import KeyAccount
from roaming_keys.protocol.tickets import issue_ticket, public_key_of
from roaming_keys.server.app import create_app as create_key_server
from roaming_keys.server.config import KeyServerConfig
from sealwax.service import serve
from smime_core.blocking import run
from smime_core.own_content import ServerKind, ServerList
from smime_core.provider import PrivateKey
from tests.support.keys.people import PROVIDER
from tests.support.server_lists import OPERATOR, PINNED, server, sign
from tests.support.servers.ports import free_port
from tests.support.servers.web_servers import Reply, run_web_server
from webbridge.app import create_app
from webbridge.config import BridgeConfig, PagesConfig, PagesDiscovery
from webbridge.demo.accounts import Account
from webbridge.gateway import MailServer
from webbridge.pages_app import create_pages_app
from webbridge.services import services_of

TICKET_KEY = bytes(range(32))


def origin_of(port: int) -> str:
    return f"http://127.0.0.1:{port}"


@dataclass
class Site:
    """Pages whose key server is dead. `answer` is the list that the publisher sends."""

    pages: str
    old: str
    new: str
    domain: str
    answer: bytes = b""
    liar: Reply | None = None
    asked: list[str] = field(default_factory=list)

    def publish(self, *addresses: str, number: int = 1, owner: PrivateKey = OPERATOR) -> None:
        issued = datetime.now(UTC).replace(microsecond=0)
        listed = tuple(server(ServerKind.KEY_SERVER, address, name=self.old) for address in addresses)
        document = ServerList(
            domain=self.domain, number=number, issued=issued, expires=issued + timedelta(days=1), servers=listed
        )
        self.answer = sign(document, owner)

    @property
    def reply(self) -> Reply:
        def reply(handler: BaseHTTPRequestHandler) -> None:
            self.asked.append(handler.path)
            if self.liar is not None:
                self.liar(handler)
                return
            handler.send_response(200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Access-Control-Allow-Origin", "*")
            handler.send_header("Content-Length", str(len(self.answer)))
            handler.end_headers()
            handler.wfile.write(self.answer)

        return reply


@contextmanager
def moved_key_server(alice: Account, mail_server: MailServer, folder: Path, scratch: Path) -> Iterator[Site]:
    """Run pages, bridge and publisher, and at its second address the key server, which has the keys of Alice."""
    api, pages, old, new = (origin_of(free_port()) for _ in range(4))
    site = Site(pages=pages, old=old, new=new, domain=alice.address.rpartition("@")[2])
    bridge = create_app(
        BridgeConfig(
            api_origin=api, pages_origin=pages, key_server_origin=old, mail_server=mail_server,
            enrolment_key=TICKET_KEY, database=str(scratch / "bridge.sqlite"), discovery_key=PINNED,
        )
    )  # fmt: skip
    keys = create_key_server(
        KeyServerConfig(
            origin=old, addresses=(new,), database=scratch / "keys.sqlite", ticket_key=public_key_of(TICKET_KEY),
            pages_origins=(pages,), master_key=bytes(32),
        )
    )  # fmt: skip
    with ExitStack() as stack:
        stack.callback(services_of(bridge).close)
        publisher = stack.enter_context(run_web_server(site.reply))
        discovery = PagesDiscovery(key=PINNED, origin=publisher.url(""), key_servers=(new,))
        static = create_pages_app(
            PagesConfig(
                pages_origin=pages, api_origin=api, key_server_origin=old, discovery=discovery,
                folder=folder,
            )
        )  # fmt: skip
        for app, origin in ((bridge, api), (keys, new), (static, pages)):
            port = int(origin.rpartition(":")[2])
            stack.enter_context(serve(app, socket.create_server(("127.0.0.1", port))))
        register(site, alice)
        yield site


def register(site: Site, alice: Account) -> None:
    account = KeyAccount(server=site.old, user=alice.address, passphrase=alice.key_passphrase.encode())
    ticket = issue_ticket(TICKET_KEY, audience=site.old, user=alice.address, at=datetime.now(UTC))
    run(register_account(HttpTransport(site.new), run(build_registration(account, [alice.identity], ticket, PROVIDER))))
