"""The time of a request through the nginx example, while 200 connections are half open or read slowly.

    python -m tests.bench.slow_clients [--seconds 15]

A bridge and its pages run as an operator starts them, before a private Dovecot. Four people list a folder, one request
after another. Then the same with 80 connections that send half a request, 60 that never begin TLS, and 60 that read the
largest file of the pages at 1 KB a second. They come from four addresses of this machine, because the example allows
each address 100 connections.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import socket
import ssl
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sealwax.operation.settings import load_settings
from tests.support.servers import dovecot
from tests.support.servers.own_process import bridge_file, running, sealwax
from tests.support.servers.ports import free_port
from tests.support.servers.proxies import Ports, origins, run_nginx
from webbridge.demo.tls import write_tls_files
from webbridge.gateway import MailServer, Security
from webbridge.operation.settings import BridgeSettings
from webbridge.pages_app import BUILT_PAGES

PEOPLE = 4
HALF_REQUESTS, WITHOUT_TLS, SLOW_READERS = 80, 60, 60
ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
PASSWORDS = {f"person{number}@example.test": "a password" for number in range(PEOPLE)}


def main() -> None:
    """Measure without the slow clients, then with them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="slow-clients-") as name, _site(Path(name)) as (ports, context):
        _show("alone", _measure(ports, context, seconds))
        with _slow_clients(ports, context) as count:
            _show(f"beside {count} slow clients", _measure(ports, context, seconds))


@contextlib.contextmanager
def _site(folder: Path) -> Iterator[tuple[Ports, ssl.SSLContext]]:
    tls = folder / "tls"
    tls.mkdir()
    ca_file = write_tls_files(tls, datetime.now(UTC))
    ports, listen, pages = Ports.free(), f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        addresses = stack.enter_context(dovecot.run_dovecot(PASSWORDS, tls_folder=tls))
        imap = addresses[Security.IMPLICIT_TLS]
        server = MailServer(imap=imap, smtp=replace(imap, port=free_port()), ca_file=ca_file)
        values = {**origins(ports), "server.listen": json.dumps(listen), "pages.listen": json.dumps(pages)}
        file = bridge_file(folder, values, server)
        made = sealwax("bridge", "init", "--config", str(file))
        if made.returncode:
            raise RuntimeError(made.stderr)
        config = ("--config", str(file))
        stack.enter_context(running("bridge", "serve", *config, folder=folder, answers=f"http://{listen}/api/health"))
        stack.enter_context(running("bridge", "pages", *config, folder=tls, answers=f"http://{pages}/config.json"))
        settings = load_settings(BridgeSettings, file)
        stack.enter_context(run_nginx(settings, file, ports, folder=folder / "nginx", tls_folder=tls))
        yield ports, ssl.create_default_context(cafile=str(ca_file))


def _measure(ports: Ports, context: ssl.SSLContext, seconds: float) -> list[float]:
    taken: list[float] = []
    end = time.monotonic() + seconds

    def use(address: str) -> None:
        headers = {"Host": "localhost", "X-Sealwax": "1", "Content-Type": "application/json"}
        client = http.client.HTTPSConnection("127.0.0.1", ports.api, timeout=60, context=context)
        # The certificate is also for this address.
        body = json.dumps({"address": address, "password": PASSWORDS[address]})
        client.request("POST", "/api/session", body, headers)
        answer = client.getresponse()
        answer.read()
        headers["Cookie"] = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        while time.monotonic() < end:
            start = time.perf_counter()
            client.request("GET", "/api/folders", headers=headers)
            answer = client.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"status {answer.status}")
            taken.append(time.perf_counter() - start)
        client.close()

    threads = [threading.Thread(target=use, args=(address,)) for address in PASSWORDS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


@contextlib.contextmanager
def _slow_clients(ports: Ports, context: ssl.SSLContext) -> Iterator[int]:
    over = threading.Event()
    with ExitStack() as stack:
        for number in range(WITHOUT_TLS):
            stack.enter_context(_connected(ports.api, number))
        for number in range(HALF_REQUESTS):
            half = stack.enter_context(_secured(ports.api, number, context))
            half.sendall(b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        largest = max((path for path in BUILT_PAGES.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
        readers = []
        for number in range(SLOW_READERS):
            reader = stack.enter_context(_secured(ports.pages, number, context))
            path = largest.relative_to(BUILT_PAGES).as_posix()
            reader.sendall(f"GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            readers.append(reader)
        thread = threading.Thread(target=_read_slowly, args=(readers, over))
        thread.start()
        try:
            yield WITHOUT_TLS + HALF_REQUESTS + SLOW_READERS
        finally:
            over.set()
            thread.join()


def _read_slowly(readers: list[ssl.SSLSocket], over: threading.Event) -> None:
    while not over.wait(1.0):
        for reader in readers:
            with contextlib.suppress(OSError):
                reader.recv(1024)


def _connected(port: int, number: int) -> socket.socket:
    source = (ADDRESSES[number % len(ADDRESSES)], 0)
    return socket.create_connection(("127.0.0.1", port), timeout=30, source_address=source)


def _secured(port: int, number: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    return context.wrap_socket(_connected(port, number), server_hostname="localhost")


def _show(title: str, taken: list[float]) -> None:
    parts = statistics.quantiles(taken, n=100)
    print(f"{title:24} {len(taken):6} requests   p50 {parts[49] * 1000:6.1f} ms   p95 {parts[94] * 1000:6.1f} ms")


if __name__ == "__main__":
    main()
