"""nginx and Caddy with the examples for operators. Only names, ports, folders and certificates are the test's own."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers.ports import free_port
from tests.support.servers.processes import run_process
from webbridge.operation.examples import write_examples
from webbridge.operation.settings import BridgeSettings

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
_MAIN = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/sealwax.conf;
}}
"""


_BALANCER = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_max_body_size 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream bridges {{
{bridges}
        keepalive 16;
    }}
    server {{
        listen 127.0.0.1:{port};
        proxy_connect_timeout 2s;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        location = /api/events {{
            proxy_buffering off;
            proxy_pass http://127.0.0.1:{events_port};
        }}
        location / {{ proxy_pass http://bridges; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports of a proxy, one for each origin."""

    plain: int
    api: int
    pages: int
    keys: int

    @classmethod
    def free(cls) -> Ports:
        return cls(plain=free_port(), api=free_port(), pages=free_port(), keys=free_port())

    def origin(self, port: int) -> str:
        return f"https://localhost:{port}"


@contextlib.contextmanager
def run_balancer(port: int, bridge_ports: Sequence[int], events_port: int, *, folder: Path) -> Iterator[None]:
    """Run nginx without TLS, which browsers need on loopback, with bridges and events behind one origin."""
    folder.mkdir()
    user = "user root;" if _is_root() else ""
    bridges = "\n".join(
        f"        server 127.0.0.1:{bridge_port} max_fails=1 fail_timeout=1s;" for bridge_port in bridge_ports
    )
    text = _BALANCER.format(user=user, folder=folder, port=port, bridges=bridges, events_port=events_port)
    (folder / "nginx.conf").write_text(text)
    command = [str(NGINX), "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    with run_process(command, folder=folder, listens=port, environment={}):
        yield


@contextlib.contextmanager
def run_nginx(settings: BridgeSettings, file: Path, ports: Ports, *, folder: Path, tls_folder: Path) -> Iterator[None]:
    """Run nginx by the example for a configuration."""
    # The workers of an nginx that root starts belong to another user, who may not enter the folders of pytest.
    folder.mkdir()
    list(write_examples(settings, file, folder / "examples"))
    shutil.copytree(folder / "examples" / "nginx" / "sealwax", folder / "sealwax")
    for path in (folder / "sealwax").iterdir():
        path.write_text(_with_paths(path.read_text(), folder, tls_folder))
    example = _with_paths((folder / "examples" / "nginx" / "sealwax.conf").read_text(), folder, tls_folder)
    left = iter((ports.api, ports.pages, ports.keys))
    example = re.sub(r"listen 443 ssl", lambda _: f"listen 127.0.0.1:{next(left)} ssl", example)
    example = example.replace("listen 80;", f"listen 127.0.0.1:{ports.plain};")
    example = "".join(line for line in example.splitlines(keepends=True) if "listen [::]" not in line)
    (folder / "sealwax.conf").write_text(example)
    (folder / "nginx.conf").write_text(("user root;" if _is_root() else "") + _MAIN.format(folder=folder))
    command = [
        str(shutil.which("nginx", path="/usr/sbin:/usr/bin")),
        "-c",
        str(folder / "nginx.conf"),
        "-p",
        str(folder),
    ]
    with run_process(command, folder=folder, listens=ports.api, environment={}):
        yield


@contextlib.contextmanager
def run_caddy(settings: BridgeSettings, file: Path, ports: Ports, *, folder: Path, tls_folder: Path) -> Iterator[None]:
    """Run Caddy by the example for a configuration."""
    folder.mkdir()
    list(write_examples(settings, file, folder / "examples"))
    example = (folder / "examples" / "caddy" / "Caddyfile").read_text()
    example = example.replace("{\n\tservers", "{\n\tadmin off\n\tauto_https off\n\tservers", 1)
    left = iter((ports.api, ports.pages, ports.keys))
    pem = tls_folder / "tls_server.pem"
    example = re.sub(
        r"^localhost \{$",
        lambda _: f"https://localhost:{next(left)} {{\n\ttls {pem} {pem}",
        example,
        flags=re.MULTILINE,
    )
    (folder / "Caddyfile").write_text(example)
    command = [str(shutil.which("caddy")), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    homes = {"HOME": str(folder), "XDG_DATA_HOME": str(folder / "data"), "XDG_CONFIG_HOME": str(folder / "config")}
    with run_process(command, folder=folder, listens=ports.api, environment=homes):
        yield


def _with_paths(text: str, folder: Path, tls_folder: Path) -> str:
    text = text.replace("/etc/nginx/sealwax/", f"{folder}/sealwax/").replace("/var/log/nginx/", f"{folder}/")
    for name in ("fullchain.pem", "privkey.pem"):
        text = text.replace(f"/etc/sealwax/tls/{name}", str(tls_folder / "tls_server.pem"))
    return text


def _is_root() -> bool:
    import os

    return os.getuid() == 0


def origins(ports: Ports) -> dict[str, str]:
    """The settings of a bridge behind a proxy with these ports."""
    return {
        "api_origin": json.dumps(ports.origin(ports.api)),
        "pages_origin": json.dumps(ports.origin(ports.pages)),
        "key_server_origin": json.dumps(ports.origin(ports.keys)),
        "trusted_proxies": "1",
    }
