"""The pages with a bridge and a process of events behind one proxy, as an operator has them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sealwax.service.web_server import serve
from tests.support.servers.bridge import ENROLMENT_KEY, KEYS
from tests.support.servers.events import run_events
from tests.support.servers.ports import free_port
from tests.support.servers.proxies import run_balancer
from webbridge import BridgeConfig, create_app
from webbridge.config import PagesConfig
from webbridge.gateway import MailServer
from webbridge.pages_app import create_pages_app
from webbridge.push.settings import PushConfig
from webbridge.services import services_of


@contextmanager
def pages_that_hear(
    mail_server: MailServer, *, pages_folder: Path, folder: Path, push: PushConfig | None = None
) -> Iterator[str]:
    """Yield the address of the pages."""
    api_port, pages_port = free_port(), free_port()
    api, pages = f"http://127.0.0.1:{api_port}", f"http://127.0.0.1:{pages_port}"
    config = BridgeConfig(
        api_origin=api,
        pages_origin=pages,
        key_server_origin=KEYS,
        mail_server=mail_server,
        enrolment_key=ENROLMENT_KEY,
        database=str(folder / "bridge.sqlite"),
        has_events=True,
        push=push,
    )
    with ExitStack() as stack:
        app = create_app(config)
        stack.callback(services_of(app).close)
        bridge = socket.create_server(("127.0.0.1", 0))
        bridge_port = bridge.getsockname()[1]
        stack.enter_context(serve(app, bridge))
        events = stack.enter_context(run_events(config))
        stack.enter_context(run_balancer(api_port, [bridge_port], events.port, folder=folder / "nginx"))
        static = PagesConfig(pages_origin=pages, api_origin=api, key_server_origin=KEYS, folder=pages_folder)
        stack.enter_context(serve(create_pages_app(static), socket.create_server(("127.0.0.1", pages_port))))
        yield pages
