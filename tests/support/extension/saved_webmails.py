"""Webmails that cannot run in tests: pages that imitate their structure, and a web site that serves them."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

ENCRYPTED = (
    b"From: rsa@example.test\r\nTo: rsa2@example.test\r\nMessage-ID: <a@example.test>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nMIIBAAYJKoZIhvcNAQcDoA==\r\n"
)
GMAIL = """<meta name="application-name" content="Gmail">
<div role="main"><div class="adn ads" data-legacy-message-id="18c0ffee">
  <div class="a3s aiL">An encrypted attachment.</div>
  <span download_url="application/pkcs7-mime:smime.p7m:https://mail.example.test/x">smime.p7m</span>
</div></div>"""
GMAIL_COMPOSE = """<meta name="application-name" content="Gmail">
<div role="dialog"><form><input name="from" value="Me &lt;rsa2@example.test&gt;">
  <div name="to"><span data-hovercard-id="rsa@example.test">A friend</span></div>
  <input name="subjectbox" value="The harbour"><input type="file" name="Filedata">
  <div role="textbox" contenteditable="true" g_editable="true">Typed already.</div></form></div>"""
OUTLOOK = """<meta name="application-name" content="Outlook">
<div role="main"><div id="UniqueMessageBody_1" role="document" aria-label="Message body">Encrypted.</div>
  <div role="option" title="smime.p7m">smime.p7m</div></div>"""
# The path, the markup and the fragment of each webmail's page with a message.
READING = {
    "Gmail": ("/mail/u/0/", GMAIL, "#inbox/18c0ffee"),
    "Outlook": ("/mail/inbox/id/AAQk%3D", OUTLOOK, ""),
}


@dataclass(slots=True)
class Service:
    """A web site with one page, which also answers the requests of each webmail's adaptor for the message's source.

    `sources`: the paths of those requests. `posted`: the bodies of all requests.
    """

    origin: str = ""
    markup: str = ""
    source: bytes = ENCRYPTED
    sources: list[str] = field(default_factory=list)
    posted: list[bytes] = field(default_factory=list)

    def answer(self, path: str) -> tuple[str, bytes]:
        if "view=att" in path:
            self.sources.append(path)
            return "text/plain", self.source
        if "service.svc" in path:
            self.sources.append(path)
            item = {"MimeContent": {"Value": base64.b64encode(self.source).decode()}}
            response = {"Body": {"ResponseMessages": {"Items": [{"Items": [item]}]}}}
            return "application/json", json.dumps(response).encode()
        if path.endswith(".js"):
            return "text/javascript", b"globalThis.rcmail = { set_env() {} };"
        if path == "/api/send":
            return "application/json", json.dumps({"outcome": "sent"}).encode()
        if path == "/config.json":
            return "application/json", json.dumps({"api": self.origin}).encode()
        return "text/html; charset=utf-8", f"<!doctype html><link rel=icon href=data:,>{self.markup}".encode()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as service:
        yield service


@contextmanager
def running_service() -> Iterator[Service]:
    """Run a `Service` on loopback during the block."""
    service = Service()
    with serving(service):
        yield service


@contextmanager
def serving(served: Service) -> Iterator[None]:
    """Serve a web site on loopback during the block."""

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if body:
                served.posted.append(body)
            kind, body = served.answer(self.path)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = reply

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.origin = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield
        server.shutdown()
        thread.join()
