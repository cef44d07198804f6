"""Timestamp services on loopback: OpenSSL behind a small HTTP server, and certomancer with its own server."""

from __future__ import annotations

import contextlib
import datetime
import http.server
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from socket import create_server
from typing import Final

HOST: Final = "127.0.0.1"
POLICY: Final = "1.3.6.1.4.1.99.7"
START_SECONDS: Final = 30.0

_CONFIGURATION: Final = """
[tsa]
default_tsa = clock
[clock]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = {policy}
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500
tsa_name = yes
ess_cert_id_alg = sha256
"""
_CERTOMANCER: Final = """
external-url-prefix: "http://127.0.0.1:{port}"
keysets:
  clocks:
    path-prefix: .
    keys:
      root: {{path: clock_root.key}}
      clock: {{path: clock.key}}
pki-architectures:
  clocks:
    keyset: clocks
    entities:
      root: {{common-name: Clock root}}
      clock: {{common-name: Clock}}
    certs:
      root:
        issuer: root
        subject: root
        validity: {{valid-from: "{start}", valid-to: "{end}"}}
        extensions:
          - {{id: basic_constraints, critical: true, value: {{ca: true}}}}
          - {{id: key_usage, critical: true, smart-value: {{schema: key-usage, params: [key_cert_sign]}}}}
      clock:
        issuer: root
        subject: clock
        validity: {{valid-from: "{start}", valid-to: "{end}"}}
        extensions:
          - {{id: key_usage, critical: true, smart-value: {{schema: key-usage, params: [digital_signature]}}}}
          - {{id: extended_key_usage, critical: true, value: [time_stamping]}}
    services:
      time-stamping:
        clock: {{signing-cert: clock, certs-to-embed: [root]}}
      cert-repo:
        root: {{for-issuer: root}}
"""


@dataclass(frozen=True)
class OpensslService:
    """A service by `openssl ts`. The folder has its root, "clock_root.pem", and its certificate, "clock.pem"."""

    folder: Path

    def answer(self, request: bytes) -> bytes:
        """Answer a TimeStampReq by a TimeStampResp."""
        (self.folder / "query.tsq").write_bytes(request)
        self.run("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr", *self.signer)
        return (self.folder / "reply.tsr").read_bytes()

    @property
    def signer(self) -> tuple[str, ...]:
        return ("-signer", "clock.pem", "-inkey", "clock.key")

    def run(self, *arguments: str) -> bytes:
        """Run openssl and return its output. Raises CalledProcessError."""
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, timeout=60, check=True)
        return done.stdout


def make_openssl_service(folder: Path, *, crl_url: str = "") -> OpensslService:
    """Create a service with certificates for 20 years. `crl_url`: the address of its root's revocation list."""
    service = OpensslService(folder)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_CONFIGURATION.format(policy=POLICY))
    new = ("-newkey", "rsa:2048", "-nodes", "-days", "7300")
    usages: tuple[str, ...] = (
        "-addext",
        "keyUsage=critical,digitalSignature",
        "-addext",
        "extendedKeyUsage=critical,timeStamping",
    )
    service.run("req", "-x509", *new, "-subj", "/CN=Clock root", "-keyout", "clock_root.key", "-out", "clock_root.pem")
    if crl_url:
        usages += ("-addext", f"crlDistributionPoints=URI:{crl_url}")
    above = ("-CA", "clock_root.pem", "-CAkey", "clock_root.key", "-addext", "basicConstraints=critical,CA:FALSE")
    service.run(
        "req", "-x509", *new, "-subj", "/CN=Clock", "-keyout", "clock.key", "-out", "clock.pem", *above, *usages
    )
    return service


@contextlib.contextmanager
def serve(
    answer: Callable[[bytes], bytes], *, status: int = 200, location: str = "", files: Mapping[str, bytes] | None = None
) -> Iterator[str]:
    """Run a server: `answer` gives the answer to a POST, `files` the answers to GET by path. Yields its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            body = (files or {}).get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    with http.server.ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_address[1]}/tsa"
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def certomancer(folder: Path) -> Iterator[str]:
    """Run certomancer's service with the keys of an OpensslService in `folder`. Yields its URL.

    Its root certificate is written to "certomancer_root.pem".
    """
    port = _free_port()
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    dates = {"start": f"{start:%Y-%m-%dT00:00:00+0000}", "end": f"{start.year + 15}-01-01T00:00:00+0000"}
    (folder / "certomancer.yml").write_text(_CERTOMANCER.format(port=port, **dates))
    command = [sys.executable, "-m", "certomancer", "--config", "certomancer.yml", "--key-root", "."]
    process = subprocess.Popen(
        [*command, "animate", "--port", str(port)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        root = _get(f"http://{HOST}:{port}/clocks/certs/root/ca.crt.pem", process)
        (folder / "certomancer_root.pem").write_bytes(root)
        yield f"http://{HOST}:{port}/clocks/tsa/clock"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _free_port() -> int:
    with create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


def _get(url: str, process: subprocess.Popen[bytes]) -> bytes:
    until = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, "certomancer did not start"
        try:
            with urllib.request.urlopen(url, timeout=START_SECONDS) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError:
            raise
        except OSError:
            assert time.monotonic() < until, "certomancer does not answer"
            time.sleep(0.05)
