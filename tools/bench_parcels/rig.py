"""The servers of the measurements on loopback: nginx with the settings for operators, the bridge, PostgreSQL.

The bridge runs under gunicorn. The pages run too if requested, and a line of limited speed may be in front of all
servers. PostgreSQL and the store sync to the disk, as in production.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sealwax.operation.settings import load_settings
from smime_core.identity import Identity
from tests.support.databases.postgresql import run_postgresql
from tests.support.people import PROVIDER
from tests.support.project import ROOT
from tests.support.servers.own_process import bridge_file, sealwax
from tests.support.servers.ports import free_port
from tests.support.servers.processes import run_process
from tests.support.servers.proxies import NGINX
from tools.bench_parcels.with_plain import ACCEL_PATH, PATH
from webbridge.demo.accounts import certificate_pem, create_people
from webbridge.demo.tls import write_tls_files
from webbridge.gateway import MailServer, ServerAddress
from webbridge.operation.examples import write_examples
from webbridge.operation.settings import BridgeSettings

SENDER: Final = "alice@example.test"
WORKERS: Final = 2
THREADS: Final = 16
_UNLIMITED: Final = 1_000_000_000
_DURABLE: Final = "fsync = on\nfull_page_writes = on\n"
_NGINX_SETTINGS: Final = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    upstream sealwax_api {{ server 127.0.0.1:{bridge}; keepalive 16; }}
    upstream sealwax_events {{ server 127.0.0.1:{bridge}; }}
    upstream sealwax_pages {{ server 127.0.0.1:{pages}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{api_port};
        include {folder}/sealwax/api.inc;
        location {plain} {{
            include {folder}/sealwax/proxy.inc;
            client_max_body_size 0;
            proxy_request_buffering off;
            proxy_read_timeout 300s;
            proxy_send_timeout 300s;
            proxy_pass http://sealwax_api;
        }}
        location {accel} {{
            internal;
            alias {files}/;
        }}
    }}
    server {{
        listen 127.0.0.1:{pages_port};
        location / {{
            include {folder}/sealwax/proxy.inc;
            proxy_pass http://sealwax_pages;
        }}
    }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The speed of the line between the clients and the servers, and its round-trip time."""

    megabits: float
    milliseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelRig:
    """The running servers. `port` is the API's port behind the line, `direct_port` its port without the line.

    `bridge_pid` and `nginx_pid` are the first processes of gunicorn and of nginx.
    """

    port: int
    direct_port: int
    pages_origin: str
    bridge_pid: int
    nginx_pid: int
    folder: Path
    signer: Identity
    token: str = field(repr=False)

    @property
    def store(self) -> Path:
        """The folder in which the bridge stores the bytes of parcels."""
        return self.folder / "store"

    @property
    def plain(self) -> Path:
        """The folder for whole files, with which parcels are compared."""
        return self.folder / "plain"


def absence() -> str | None:
    """Why nothing can be measured here, or None."""
    return "not installed: nginx" if NGINX is None else None


@contextlib.contextmanager
def run_rig(*, with_pages: bool = False, line: Line | None = None) -> Iterator[ParcelRig]:
    """Run the servers during the block, with the pages if `with_pages` is true, and behind `line` if it is given."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-parcels-")))
        folder.chmod(0o755)  # The user of nginx reads files here.
        inner = _Ports(api=free_port(), pages=free_port())
        outer = inner if line is None else _Ports(api=free_port(), pages=free_port())
        database = stack.enter_context(run_postgresql(more_settings=_DURABLE)).new_database()
        signer, trust = _make_signer(folder)
        file, bridge, pages = _write_settings(folder, outer, database, trust)
        nginx_pid = stack.enter_context(_run_nginx(file, folder / "nginx", inner, bridge, pages))
        bridge_pid = stack.enter_context(_run_bridge(file, folder, bridge))
        if with_pages:
            stack.enter_context(_run_sealwax(folder / "pages", pages, "bridge", "pages", "--config", str(file)))
        if line is not None:
            stack.enter_context(_run_line(folder / "line", line, {outer.api: inner.api, outer.pages: inner.pages}))
        made = sealwax("bridge", "parcel-tokens", "add", SENDER, "bench", "--config", str(file))
        if made.returncode:
            raise RuntimeError(made.stderr)
        yield ParcelRig(
            port=outer.api,
            direct_port=inner.api,
            pages_origin=f"http://127.0.0.1:{outer.pages}",
            bridge_pid=bridge_pid,
            nginx_pid=nginx_pid,
            folder=folder,
            signer=signer,
            token=made.stdout.strip(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ports:
    api: int
    pages: int


def _make_signer(folder: Path) -> tuple[Identity, dict[str, str]]:
    """The identity of the sender, and the settings by which the pages trust its authority.

    The pages do not check revocation, because answers of authorities come from other servers.
    """
    people = create_people(PROVIDER, datetime.now(UTC), "http://127.0.0.1/authority.crl")
    (folder / "anchors.pem").write_text(certificate_pem(people.authority_certificate))
    trust = {"trust.anchors_file": json.dumps(str(folder / "anchors.pem")), "trust.revocation": '"not-checked"'}
    return people.accounts[0].identity, trust


def _write_settings(folder: Path, outer: _Ports, database: str, trust: dict[str, str]) -> tuple[Path, int, int]:
    """The settings file, and the ports at which the bridge and the pages listen for nginx."""
    write_tls_files(folder, at=datetime.now(UTC))
    for name in ("store", "plain", "bridge", "pages", "line", "nginx"):
        (folder / name).mkdir()
    bridge, pages, nowhere = free_port(), free_port(), free_port()
    values = {
        "api_origin": json.dumps(f"http://127.0.0.1:{outer.api}"),
        "pages_origin": json.dumps(f"http://127.0.0.1:{outer.pages}"),
        "key_server_origin": json.dumps(f"http://127.0.0.1:{nowhere}"),
        "database": json.dumps(database),
        "trusted_proxies": "1",
        "server.listen": json.dumps(f"127.0.0.1:{bridge}"),
        "server.workers": str(WORKERS),
        "server.threads": str(THREADS),
        "pages.listen": json.dumps(f"127.0.0.1:{pages}"),
        "logs.level": '"warning"',
        "parcels.store": json.dumps(str(folder / "store")),
        "parcels.accel_path": '"/parcel-files"',
        "parcel_limits.sender_recipients": str(_UNLIMITED),
        "parcel_limits.domain_recipients": str(_UNLIMITED),
        **trust,
    }
    # Nothing connects to the mail server.
    address = ServerAddress(host="127.0.0.1", port=nowhere)
    file = bridge_file(folder, values, MailServer(imap=address, smtp=address, ca_file=folder / "tls_ca.pem"))
    for verb in ("parcel-pepper", "init"):
        made = sealwax("bridge", verb, "--config", str(file))
        if made.returncode:
            raise RuntimeError(made.stderr)
    return file, bridge, pages


def _run_bridge(file: Path, folder: Path, port: int) -> contextlib.AbstractContextManager[int]:
    command = [sys.executable, "-m", "tools.bench_parcels.with_plain", str(folder / "plain")]
    command += ["bridge", "serve", "--config", str(file)]
    return run_process(command, folder=folder / "bridge", listens=port, environment={"PYTHONPATH": str(ROOT)})


def _run_sealwax(folder: Path, port: int, *arguments: str) -> contextlib.AbstractContextManager[int]:
    command = [sys.executable, "-m", "sealwax.cli", *arguments]
    return run_process(command, folder=folder, listens=port, environment={"PYTHONPATH": str(ROOT)})


def _run_line(folder: Path, line: Line, ports: dict[int, int]) -> contextlib.AbstractContextManager[int]:
    pairs = [f"{port}:{target}" for port, target in ports.items()]
    command = [sys.executable, "-m", "tools.bench_parcels.shaped", str(line.megabits), str(line.milliseconds), *pairs]
    return run_process(command, folder=folder, listens=next(iter(ports)), environment={"PYTHONPATH": str(ROOT)})


def _run_nginx(
    file: Path, folder: Path, ports: _Ports, bridge: int, pages: int
) -> contextlib.AbstractContextManager[int]:
    list(write_examples(load_settings(BridgeSettings, file), file, folder / "examples"))
    shutil.copytree(folder / "examples" / "nginx" / "sealwax", folder / "sealwax")
    for example in (folder / "sealwax").iterdir():
        example.write_text(example.read_text().replace("/etc/nginx/sealwax/", f"{folder}/sealwax/"))
    text = _NGINX_SETTINGS.format(
        user="user root;" if os.geteuid() == 0 else "",
        folder=folder,
        bridge=bridge,
        pages=pages,
        api_port=ports.api,
        pages_port=ports.pages,
        plain=PATH,
        accel=ACCEL_PATH,
        files=folder.parent / "plain",
    )
    (folder / "nginx.conf").write_text(text)
    command = [str(NGINX), "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    return run_process(command, folder=folder, listens=ports.api, environment={})
