"""Parcels behind nginx by its example: uploads pass, and nginx sends the bytes of a download."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealwax.operation.settings import load_settings
from sealwax.service import serve
from tests.support.servers.bridge import PAGES
from tests.support.servers.mailboxes import ALICE, SOMEWHERE
from tests.support.servers.own_process import bridge_file
from tests.support.servers.parcels import OFFSET_BYTES, TUS, Draft, text_of
from tests.support.servers.ports import free_port
from tests.support.servers.processes import run_process
from tests.support.servers.proxies import NGINX
from webbridge import create_app
from webbridge.operation.examples import write_examples
from webbridge.operation.settings import BridgeSettings
from webbridge.services import services_of

pytestmark = pytest.mark.server

_MAIN = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream sealwax_api {{ server 127.0.0.1:{bridge}; }}
    upstream sealwax_events {{ server 127.0.0.1:{bridge}; }}
    server {{
        listen 127.0.0.1:{port};
        include {folder}/sealwax/api.inc;
    }}
}}
"""
DATA = bytes(range(256)) * 4_096


@dataclass(frozen=True, kw_only=True)
class Site:
    port: int
    token: str
    folder: Path

    def ask(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        sent = {"Origin": PAGES, "X-Sealwax": "1", **{name.replace("_", "-"): text for name, text in headers.items()}}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, body or None, sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    if NGINX is None:
        pytest.skip("nginx is not installed")
    port, folder = free_port(), tmp_path / "nginx"
    bound = socket.create_server(("127.0.0.1", 0))
    values = {
        "api_origin": json.dumps(f"http://127.0.0.1:{port}"),
        "pages_origin": json.dumps(PAGES),
        "key_server_origin": '"http://127.0.0.1:8462"',
        "trusted_proxies": "1",
        "database": json.dumps(str(tmp_path / "bridge.sqlite")),
        "parcels.store": json.dumps(str(tmp_path / "store")),
        "parcels.accel_path": '"/parcel-files"',
    }
    file = bridge_file(tmp_path, values, SOMEWHERE)
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if "ca_file" not in line))
    (tmp_path / "bridge.secrets").mkdir()
    for name in ("enrolment_key", "parcel_pepper"):
        (tmp_path / "bridge.secrets" / name).write_text("44" * 32)
    settings = load_settings(BridgeSettings, file)
    folder.mkdir()
    list(write_examples(settings, file, folder / "examples"))
    shutil.copytree(folder / "examples" / "nginx" / "sealwax", folder / "sealwax")
    for snippet in (folder / "sealwax").iterdir():
        snippet.write_text(snippet.read_text().replace("/etc/nginx/sealwax/", f"{folder}/sealwax/"))
    user = "user root;" if os.getuid() == 0 else ""
    bridge = bound.getsockname()[1]
    (folder / "nginx.conf").write_text(_MAIN.format(user=user, folder=folder, port=port, bridge=bridge))
    app = create_app(settings.to_config())
    delivery = services_of(app).delivery
    assert delivery is not None
    command = [str(NGINX), "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    with serve(app, bound), run_process(command, folder=folder, listens=port, environment={}):
        yield Site(port=port, token=delivery.tokens.make(ALICE, "test", 1), folder=folder)
    services_of(app).close()


def send(site: Site, draft: Draft) -> None:
    sender = {"Authorization": f"Bearer {site.token}"}
    assert site.ask("POST", "/api/parcels", draft.body(whole=False), **sender)[0] == 201
    for name, data in draft.objects.items():
        named = {"Upload-Length": str(len(data)), "Upload-Metadata": f"name {b64encode(name.encode()).decode()}"}
        path = f"/api/parcels/{draft.id}/objects"
        status, headers, _ = site.ask("POST", path, data, **sender, **TUS, **named, Content_Type=OFFSET_BYTES)
        assert (status, headers["Upload-Offset"]) == (201, str(len(data)))
    assert (
        site.ask("POST", f"/api/parcels/{draft.id}/submit", b"{}", **sender, Content_Type="application/json")[0] == 200
    )


def open_parcel(site: Site, draft: Draft) -> str:
    body = json.dumps({"id": draft.id, "proof": text_of(draft.proof)}).encode()
    status, _, answer = site.ask("POST", "/api/open", body, Content_Type="application/json")
    assert status == 200, answer
    return str(json.loads(answer)["ticket"])


def test_nginx_sends_the_bytes_with_the_header_fields_of_the_bridge(site: Site) -> None:
    draft = Draft(chunks=(DATA,))
    send(site, draft)
    ticket = f"Parcel {open_parcel(site, draft)}"
    status, headers, body = site.ask("GET", "/api/open/objects/0", Authorization=ticket)
    assert (status, body == DATA) == (200, True)
    assert headers["Access-Control-Allow-Origin"] == PAGES
    assert "Content-Range" in headers["Access-Control-Expose-Headers"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"] == "attachment"
    assert headers["Cache-Control"] == "no-store"
    # The file was sent by nginx: Python has no part in its tag.
    assert headers["ETag"] is not None
    assert "X-Accel-Redirect" not in headers
    status, headers, body = site.ask("GET", "/api/open/objects/0", Range="bytes=1000-1999", Authorization=ticket)
    assert (status, body) == (206, DATA[1_000:2_000])
    assert headers["Content-Range"] == f"bytes 1000-1999/{len(DATA)}"
    status, _, body = site.ask("HEAD", "/api/open/objects/0", Authorization=ticket)
    assert (status, body) == (200, b"")


def test_nobody_gets_a_file_from_nginx_without_the_bridge(site: Site) -> None:
    draft = Draft(chunks=(DATA,))
    send(site, draft)
    (file,) = (path for path in (site.folder.parent / "store").rglob("0") if path.is_file())
    path = "/parcel-files/" + str(file.relative_to(site.folder.parent / "store"))
    assert site.ask("GET", path)[0] == 404
    assert site.ask("GET", "/api/open/objects/0")[0] == 401
