"""Measures the bridge's event process with 1,000 open pages: its memory, and the time to announce a message to all.

Each page has another user, for whom the process waits in IDLE at an IMAP server with TLS. The pages connect without
TLS, as a proxy does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import socket
import ssl
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sealwax.operation.settings import load_settings
from tests.support.project import ROOT
from tests.support.servers.own_process import bridge_file, sealwax
from tests.support.servers.ports import free_port
from tests.support.servers.processes import run_process
from tools.bench.results import Figure, Figures, Limit
from tools.bench_bridge.servers import PASSWORD
from webbridge.database import SCHEMA
from webbridge.database.secret import bridge_secret
from webbridge.demo.tls import write_tls_files
from webbridge.gateway import Credentials, MailServer, ServerAddress
from webbridge.login.cookies import LOOPBACK_COOKIE, AccountIds
from webbridge.operation.settings import BridgeSettings
from webbridge.services import accounts_of, sessions_of

STREAMS: Final = 1000
WHERE: Final = "1,000 users"
EVENTS: Final = "events"
MEMORY, PER_STREAM, HEARD, CPU = "memory", "memory of a stream", "all have heard", "processor for all events"
_MAX_STREAM_BYTES: Final = 100_000
_MAX_HEARD_MILLISECONDS: Final = 2_000.0
_OPEN_AT_ONCE: Final = 50
_WAIT_SECONDS: Final = 120.0
_KB: Final = 1024
_FILES: Final = 8192
_ANNOUNCEMENTS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rig:
    """The running event process, its addresses, and the mail server."""

    pid: int
    port: int
    watch: str
    imap_port: int
    ca_file: Path
    host: str
    pages: str
    cookies: list[str]


def measure_streams(folder: Path) -> list[Figure]:
    """Open the streams, and let the mail server announce a message to all users a few times."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, most), most))
    with _run(folder) as rig:
        return asyncio.run(_measure(rig))


def stream_limits(figures: Figures) -> list[Limit]:
    """Limits without comparison: the memory of a small machine, and a time that people do not notice."""
    return [
        Limit(where=WHERE, what=PER_STREAM, value=figures.median(WHERE, PER_STREAM, EVENTS), limit=_MAX_STREAM_BYTES,
              unit="bytes"),
        Limit(where=WHERE, what=HEARD, value=figures.median(WHERE, HEARD, EVENTS), limit=_MAX_HEARD_MILLISECONDS,
              unit="ms"),
    ]  # fmt: skip


async def _measure(rig: _Rig) -> list[Figure]:
    before = _memory_bytes(rig.pid)
    async with _opened(rig) as pages:
        await _until_idle(rig)
        after = _memory_bytes(rig.pid)
        times, seconds = [], _processor_seconds(rig.pid)
        for _ in range(_ANNOUNCEMENTS):
            times.append(await _announce(rig, pages))
        seconds = (_processor_seconds(rig.pid) - seconds) / _ANNOUNCEMENTS
    values = (
        (MEMORY, "MB", (after / 1_000_000,)),
        (PER_STREAM, "bytes", ((after - before) / STREAMS,)),
        (HEARD, "ms", tuple(times)),
        (CPU, "ms", (seconds * 1000,)),
    )
    return [Figure(where=WHERE, job=job, who=EVENTS, unit=unit, values=series) for job, unit, series in values]


@contextlib.asynccontextmanager
async def _opened(rig: _Rig) -> AsyncIterator[list[asyncio.StreamReader]]:
    writers: list[asyncio.StreamWriter] = []
    places = asyncio.Semaphore(_OPEN_AT_ONCE)

    async def open_page(cookie: str) -> asyncio.StreamReader:
        async with places:
            reader, writer = await asyncio.open_connection("127.0.0.1", rig.port, limit=4096)
            writers.append(writer)
            head = f"GET /api/events HTTP/1.1\r\nHost: {rig.host}\r\nOrigin: {rig.pages}\r\n"
            writer.write(f"{head}Cookie: {cookie}\r\n\r\n".encode())
            await reader.readuntil(b"event: ready\n")
            return reader

    try:
        yield list(await asyncio.gather(*map(open_page, rig.cookies)))
    finally:
        for writer in writers:
            writer.close()


async def _until_idle(rig: _Rig) -> None:
    """Wait until each user's connection is in IDLE."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while (count := await asyncio.to_thread(_connections, rig.watch)) < STREAMS:
        if time.monotonic() > deadline:
            raise TimeoutError(f"only {count} connections to the mail server")
        await asyncio.sleep(0.2)
    await asyncio.sleep(1)  # The last connections have logged in and now begin IDLE.


async def _announce(rig: _Rig, pages: list[asyncio.StreamReader]) -> float:
    """Return the milliseconds until the last page has the event."""
    start = time.monotonic()
    await asyncio.to_thread(_tell_mail_server, rig)
    await asyncio.gather(*(page.readuntil(b"event: mail\n") for page in pages))
    return (time.monotonic() - start) * 1000


def _tell_mail_server(rig: _Rig) -> None:
    context = ssl.create_default_context(cafile=str(rig.ca_file))
    with (
        socket.create_connection(("127.0.0.1", rig.imap_port)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as connected,
    ):
        connected.sendall(b"A ANNOUNCE\r\n")
        while b"A OK" not in connected.recv(4096):
            pass


def _connections(watch: str) -> int:
    with urllib.request.urlopen(f"http://{watch}/metrics", timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    counts = [float(line.split()[-1]) for line in lines if line.startswith("sealwax_imap_connections ")]
    return int(counts[0]) if counts else 0


@contextlib.contextmanager
def _run(folder: Path) -> Iterator[_Rig]:
    write_tls_files(folder, at=datetime.now(UTC))
    imap_port, port, api = free_port(), free_port(), f"127.0.0.1:{free_port()}"
    pages, watch = f"http://127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    server = MailServer(
        imap=ServerAddress(host="127.0.0.1", port=imap_port),
        smtp=ServerAddress(host="127.0.0.1", port=imap_port),
        ca_file=folder / "tls_ca.pem",
    )
    values = {
        "api_origin": json.dumps(f"http://{api}"),
        "pages_origin": json.dumps(pages),
        "key_server_origin": json.dumps(f"http://127.0.0.1:{free_port()}"),
        "events.listen": json.dumps(f"127.0.0.1:{port}"),
        "events.watch": json.dumps(watch),
        "logs.level": json.dumps("warning"),
    }
    file = bridge_file(folder, values, server)
    made = sealwax("bridge", "init", "--config", str(file))
    if made.returncode:
        raise RuntimeError(made.stderr)
    cookies = _sign_in(file)
    python = {"PYTHONPATH": str(ROOT)}
    idling = [sys.executable, "-m", "tools.bench_bridge.idling", str(imap_port), str(folder / "tls_server.pem")]
    ours = [sys.executable, "-m", "sealwax.cli", "bridge", "events", "--config", str(file)]
    with (
        run_process(idling, folder=folder, listens=imap_port, environment=python),
        run_process(ours, folder=folder, listens=port, environment=python) as pid,
    ):
        yield _Rig(
            pid=pid, port=port, watch=watch, imap_port=imap_port, ca_file=folder / "tls_ca.pem", host=api, pages=pages,
            cookies=cookies,
        )  # fmt: skip


def _sign_in(file: Path) -> list[str]:
    """Sign all users in. Returns the cookies of their sessions."""
    config = load_settings(BridgeSettings, file).to_config()
    with contextlib.closing(SCHEMA.open(config.database)) as database:
        accounts = accounts_of(config, database)
        sessions = sessions_of(config, database, accounts)
        ids = AccountIds(bridge_secret(database))

        def cookie_of(address: str) -> str:
            credentials = Credentials(account=accounts.account_of(address), password=PASSWORD)
            token, _ = sessions.create(credentials, origin="", program="")
            return f"{LOOPBACK_COOKIE.name_for(ids.id_of(address))}={token}"

        return [cookie_of(f"user{number}@example.test") for number in range(STREAMS)]


def _memory_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * _KB for line in lines if line.startswith("VmRSS:"))


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
