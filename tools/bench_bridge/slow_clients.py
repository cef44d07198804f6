"""Measures requests through the nginx example, while 200 other connections are half open or read slowly.

A bridge and its pages run as an operator starts them. Four people list and open mails, one request after another. Then
they do the same, while 80 connections send half a request, 60 never begin TLS, and 60 read the largest file of the
pages at 1 KB a second. The slow connections come from four addresses of this machine, because the example allows each
address 100 connections.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from sealwax.operation.settings import load_settings
from tests.support.servers.mail_host import MailHost
from tests.support.servers.own_process import bridge_file, running, sealwax
from tests.support.servers.ports import free_port
from tests.support.servers.proxies import Ports, origins, run_nginx
from tools.bench.results import Figure, Figures, Limit
from tools.bench_bridge.ours import OurClient
from tools.bench_bridge.servers import PASSWORD
from tools.bench_bridge.times import ANNA, OURS
from webbridge.gateway import MailServer, ServerAddress
from webbridge.operation.settings import BridgeSettings
from webbridge.pages_app import BUILT_PAGES

ALONE: Final = "nobody else"
BESIDE: Final = "200 slow clients"
P50, P95, REQUESTS = "p50", "p95", "requests"
_PEOPLE: Final = 4
_SECONDS: Final = 15.0
_HALF_REQUESTS, _WITHOUT_TLS, _SLOW_READERS = 80, 60, 60
_ADDRESSES: Final = ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
_MAX_MILLISECONDS: Final = 300.0


def measure_slow_clients(mail: MailHost) -> list[Figure]:
    """Measure without the slow clients, then with them."""
    with tempfile.TemporaryDirectory(prefix="bench-bridge-") as name, _site(Path(name), mail) as (ports, context):
        figures = _figures(ALONE, _measure(ports, context))
        with _slow_clients(ports, context):
            return figures + _figures(BESIDE, _measure(ports, context))


def slow_client_limits(figures: Figures) -> list[Limit]:
    """Limit: 300 ms for 95 of 100 requests of the four people."""
    value = figures.median(BESIDE, P95, OURS)
    return [Limit(where=BESIDE, what=P95, value=value, limit=_MAX_MILLISECONDS, unit="ms")]


def _figures(where: str, milliseconds: list[float]) -> list[Figure]:
    ordered = sorted(milliseconds)
    values = (
        (REQUESTS, "count", float(len(ordered))),
        (P50, "ms", ordered[len(ordered) // 2]),
        (P95, "ms", ordered[int(len(ordered) * 0.95)]),
    )
    return [Figure(where=where, job=job, who=OURS, unit=unit, values=(value,)) for job, unit, value in values]


@contextlib.contextmanager
def _site(folder: Path, mail: MailHost) -> Iterator[tuple[Ports, ssl.SSLContext]]:
    ports, listen, pages = Ports.free(), f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    tls, ca_file = mail.tls_folder, mail.tls_folder / "tls_ca.pem"
    server = MailServer(imap=mail.imap, smtp=ServerAddress(host="127.0.0.1", port=mail.smtp_port), ca_file=ca_file)
    values = {**origins(ports), "server.listen": json.dumps(listen), "pages.listen": json.dumps(pages)}
    file = bridge_file(folder, values, server)
    made = sealwax("bridge", "init", "--config", str(file))
    if made.returncode:
        raise RuntimeError(made.stderr)
    config = ("--config", str(file))
    (folder / "pages").mkdir()
    with ExitStack() as stack:
        stack.enter_context(running("bridge", "serve", *config, folder=folder, answers=f"http://{listen}/api/health"))
        stack.enter_context(
            running("bridge", "pages", *config, folder=folder / "pages", answers=f"http://{pages}/config.json")
        )
        settings = load_settings(BridgeSettings, file)
        stack.enter_context(run_nginx(settings, file, ports, folder=folder / "nginx", tls_folder=tls))
        yield ports, ssl.create_default_context(cafile=str(ca_file))


def _measure(ports: Ports, context: ssl.SSLContext) -> list[float]:
    taken: list[float] = []
    end = time.monotonic() + _SECONDS

    def use(person: OurClient) -> None:
        uid = person.newest_uid()
        while time.monotonic() < end:
            taken.extend(answer.milliseconds for answer in (person.list_page(), person.open(uid)))

    people = [OurClient(ports.api, ANNA, PASSWORD, context=context) for _ in range(_PEOPLE)]
    for person in people:
        person.log_in()
        person.open_folders()
    threads = [threading.Thread(target=use, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


@contextlib.contextmanager
def _slow_clients(ports: Ports, context: ssl.SSLContext) -> Iterator[None]:
    over = threading.Event()
    with ExitStack() as stack:
        for number in range(_WITHOUT_TLS):
            stack.enter_context(_connected(ports.api, number))
        for number in range(_HALF_REQUESTS):
            half = stack.enter_context(_secured(ports.api, number, context))
            half.sendall(b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        largest = max((path for path in BUILT_PAGES.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
        readers = []
        for number in range(_SLOW_READERS):
            reader = stack.enter_context(_secured(ports.pages, number, context))
            path = largest.relative_to(BUILT_PAGES).as_posix()
            reader.sendall(f"GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            readers.append(reader)
        thread = threading.Thread(target=_read_slowly, args=(readers, over))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _read_slowly(readers: list[ssl.SSLSocket], over: threading.Event) -> None:
    while not over.wait(1.0):
        for reader in readers:
            with contextlib.suppress(OSError):
                reader.recv(1024)


def _connected(port: int, number: int) -> socket.socket:
    source = (_ADDRESSES[number % len(_ADDRESSES)], 0)
    return socket.create_connection(("127.0.0.1", port), timeout=30, source_address=source)


def _secured(port: int, number: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    return context.wrap_socket(_connected(port, number), server_hostname="localhost")
