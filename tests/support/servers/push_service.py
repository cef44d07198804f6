"""A push service on loopback (RFC 8030), which checks the token of each message as RFC 8292 asks of it."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.servers.web_servers import WebServer, run_web_server
from webbridge.push.settings import PushConfig

PUSH_KEY = bytes(range(1, 33))
CONTACT = "mailto:postmaster@example.test"


@dataclass(slots=True)
class PushService:
    """A running service. `answers` are the next statuses and header fields. The answer after them is 201."""

    server: WebServer
    ca_file: Path
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return self.server.url("/push/secret-of-one-browser")

    @property
    def config(self) -> PushConfig:
        """The settings of a bridge that may ask this service only."""
        return PushConfig(key=PUSH_KEY, contact=CONTACT, hosts=(self.server.host,), ca_file=self.ca_file)

    @property
    def messages(self) -> int:
        """The number of messages so far."""
        return len(self.server.asked)


@contextmanager
def run_push_service(tls_folder: Path) -> Iterator[PushService]:
    """Run a service by TLS."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        status, fields = service.answers.pop(0) if service.answers else (201, {"Location": "/message/1"})
        handler.send_response(status)
        for name, text in {"Content-Length": "0", **fields}.items():
            handler.send_header(name, text)
        handler.end_headers()

    with run_web_server(reply, tls_folder=tls_folder) as server:
        service = PushService(server=server, ca_file=tls_folder / "tls_ca.pem")
        yield service


def claims_of(authorization: str) -> dict[str, Any]:
    """The claims of a token, whose signature and form are checked. Raises InvalidSignature or AssertionError."""
    scheme, _, rest = authorization.partition(" ")
    assert scheme == "vapid"
    token, key = (part.strip().partition("=")[2] for part in rest.split(","))
    signed, _, signature = token.rpartition(".")
    head, claims = (json.loads(_decode(part)) for part in signed.split("."))
    assert head == {"typ": "JWT", "alg": "ES256"}
    raw = _decode(signature)
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    point = _decode(key)
    assert (len(point), point[0]) == (65, 4)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    public.verify(der, signed.encode(), ec.ECDSA(SHA256()))
    assert isinstance(claims, dict)
    return claims


def _decode(text: str) -> bytes:
    assert "=" not in text
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
