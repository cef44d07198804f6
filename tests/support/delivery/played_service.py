"""A delivery service in memory, which can be told to break off and to lie.

It plays the API of the bridge as the client uses it: announcements, tus uploads, proofs, tickets and ranges. The honest
behaviour is checked against the bridge itself in `tests/bridge`; this one is for answers that no honest service gives.
"""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from smime_core import AES_256_GCM, Encrypting, parse_certificate
from smime_core.blocking import encrypt_bytes
from smime_core.cms import PARCEL_CHALLENGE
from smime_core.providers.native import NativeProvider

PROVIDER: Final = NativeProvider()
HOST: Final = "127.0.0.1"
TOKEN: Final = "token-of-alice"
UNTIL: Final = "2027-01-01T00:00:00Z"
MAX_TRIES: Final = 5
_OBJECT: Final = re.compile(r"/api/parcels/([A-Za-z0-9_-]{22})/objects/([a-z0-9]+)")
_PARCEL: Final = re.compile(r"/api/parcels/([A-Za-z0-9_-]{22})(/[a-z]+)?")

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class PlayedParcel:
    """A parcel of the service, and its objects as far as they have come."""

    line: dict[str, Any]
    objects: dict[str, bytearray] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    state: str = "uploading"
    wrong: int = 0
    claims: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.line["id"])

    @property
    def manifest_bytes(self) -> int:
        return len(self.objects["manifest"]) if "manifest" in self.objects else int(self.line["manifest"])

    def is_complete(self) -> bool:
        sizes = {str(number): size for number, size in enumerate(self.line["objects"])}
        chunks = {name: len(data) for name, data in self.objects.items() if name != "manifest"}
        return chunks == sizes and 0 < len(self.objects.get("manifest", b"")) <= self.line["manifest"]

    def describe(self) -> dict[str, Any]:
        at = "2026-11-27T12:00:00Z"
        row = {"state": "submitted", "at": at, "by": "service"}
        return {
            "id": self.id,
            "reference": sha256(self.id.encode()).hexdigest()[:12].upper(),
            "state": self.state,
            "expires": UNTIL,
            "kind": self.line["kind"],
            "bytes": sum(self.line["objects"]) + self.manifest_bytes,
            "to": self.line["to"],
            "states": [] if self.state == "uploading" else [row],
        }


class Cut(Exception):
    """The connection is closed without an answer, or in the middle of one."""


@dataclass
class PlayedService:
    """The service. The hooks change what it does.

    `on_download` gets the name and the bytes of an object, and the first byte that is asked for; its result is the
    answer, of which `X-Cut` bytes are sent, with a pause of `X-Drip` seconds after each. `before` is called with the
    method and path of each request, and may raise Cut or return an answer.
    `take` says how many bytes of an upload are stored before the connection is cut; None for all.
    """

    parcels: dict[str, PlayedParcel] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    before: Callable[[str, str], Reply | None] = lambda _method, _path: None
    on_download: Callable[[str, bytes, int], Reply] | None = None
    take: Callable[[str, int], int | None] = lambda _name, _length: None
    iterations: int = 600_000
    challenge_type: str = PARCEL_CHALLENGE
    port: int = 0
    challenges: dict[str, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def only(self) -> PlayedParcel:
        """The one parcel."""
        (parcel,) = self.parcels.values()
        return parcel

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        with self._lock:
            self.requests.append((method, path))
            self.headers.append(headers)
        # A request may be held here, while others are answered.
        changed = self.before(method, path)
        if changed is not None:
            return changed
        with self._lock:
            return self._route(method, urlsplit(path).path, headers, body)

    def _route(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if path == "/config.json":
            return reply(200, {"api": self.url, "keyServer": self.url})
        if path.startswith("/api/open"):
            return self._open(method, path, headers, body)
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return refuse(401, "token-refused")
        if path == "/api/parcels" and method == "GET":
            return reply(200, {"parcels": [entry.describe() for entry in self.parcels.values()], "next": None})
        if path == "/api/parcels" and method == "POST":
            return self._create(body)
        match = _OBJECT.fullmatch(path) or _PARCEL.fullmatch(path)
        parcel = self.parcels.get(match[1]) if match else None
        if match is None or parcel is None:
            return refuse(404, "no-parcel")
        if match.re is _OBJECT:
            return self._upload(method, parcel, match[2], headers, body)
        if match[2] == "/objects":
            name = base64.b64decode(headers["upload-metadata"].split()[1]).decode()
            if name in parcel.objects:
                return refuse(409, "object-exists")
            parcel.lengths[name] = int(headers["upload-length"])
            parcel.objects[name] = bytearray()
            return self._store(parcel, name, 0, body, created=True)
        return self._act(parcel, match[2], body)

    def _create(self, body: bytes) -> Reply:
        line, _, rest = body.partition(b"\n")
        members = json.loads(line)
        known = self.parcels.get(members["id"])
        if known is not None:
            return reply(200, known.describe()) if known.line == members else refuse(409, "id-used")
        parcel = self.parcels[members["id"]] = PlayedParcel(members)
        if members["whole"]:
            for number, size in enumerate([*members["objects"], members["manifest"]]):
                name = str(number) if number < len(members["objects"]) else "manifest"
                parcel.objects[name], rest = bytearray(rest[:size]), rest[size:]
            assert not rest
            assert parcel.is_complete()
            parcel.state = "submitted"
        return reply(201, parcel.describe())

    def _upload(self, method: str, parcel: PlayedParcel, name: str, headers: dict[str, str], body: bytes) -> Reply:
        if name not in parcel.objects:
            return refuse(404, "no-object")
        if method == "DELETE":
            del parcel.objects[name], parcel.lengths[name]
            return 204, {}, b""
        if method == "HEAD":
            return 200, offsets(parcel, name), b""
        assert method == "PATCH"
        if int(headers["upload-offset"]) != len(parcel.objects[name]):
            return refuse(409, "wrong-offset")
        return self._store(parcel, name, len(parcel.objects[name]), body, created=False)

    def _store(self, parcel: PlayedParcel, name: str, offset: int, body: bytes, *, created: bool) -> Reply:
        taken = self.take(name, offset)
        parcel.objects[name] += body[:taken]
        if taken is not None and taken < len(body):
            raise Cut
        return (201 if created else 204), offsets(parcel, name), b""

    def _act(self, parcel: PlayedParcel, action: str | None, body: bytes) -> Reply:
        if action == "/submit":
            parcel.objects["manifest"] = bytearray(body)
            if not parcel.is_complete():
                return refuse(409, "incomplete")
            parcel.state = "submitted"
        elif action == "/withdraw":
            parcel.state = "withdrawn"
        return reply(200, parcel.describe())

    def _open(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if path.startswith("/api/open/objects/"):
            return self._download(path.rpartition("/")[2], headers)
        members = json.loads(body)
        if path == "/api/open/claims":
            self._of_ticket(headers).claims.append(members)
            return reply(200, {})
        parcel = self.parcels.get(members["id"])
        if path == "/api/open/start":
            salt = parcel.line["salt"] if parcel else encode(sha256(members["id"].encode()).digest()[:16])
            return reply(200, {"salt": salt, "iterations": self.iterations})
        if path == "/api/open/challenge":
            return self._challenge(base64.b64decode(members["certificate"]))
        if parcel is None:
            return refuse(403, "wrong-secret")
        if parcel.wrong >= MAX_TRIES:
            return refuse(429, "too-many-tries")
        if not self._is_proved(members, parcel):
            parcel.wrong += 1
            return refuse(403, "wrong-secret")
        if parcel.state in ("expired", "withdrawn", "used-up"):
            return refuse(410, parcel.state)
        described = parcel.describe()
        return reply(
            200,
            {
                "ticket": f"ticket-{parcel.id}",
                "seconds": 3600,
                "reference": described["reference"],
                "kind": parcel.line["kind"],
                "objects": parcel.line["objects"],
                "manifest": parcel.manifest_bytes,
                "submitted": "2026-11-27T12:00:00Z",
                "until": UNTIL,
                "downloadsLeft": None,
            },
        )

    def _challenge(self, certificate_der: bytes) -> Reply:
        nonce = secrets.token_bytes(32)
        encrypting = Encrypting(recipients=[parse_certificate(certificate_der)], cipher=AES_256_GCM)
        cms = encrypt_bytes(nonce, encrypting, provider=PROVIDER, content_type=self.challenge_type)
        self.challenges[encode(nonce)] = certificate_der
        return reply(200, {"challenge": base64.b64encode(cms).decode(), "token": "token-of-challenge"})

    def _is_proved(self, members: dict[str, Any], parcel: PlayedParcel) -> bool:
        if "proof" in members:
            return bool(members["proof"] == parcel.line["proof"])
        known = self.challenges.get(members["nonce"])
        return known is not None and base64.b64encode(known).decode() in parcel.line["certificates"]

    def _of_ticket(self, headers: dict[str, str]) -> PlayedParcel:
        return self.parcels[headers["authorization"].removeprefix("Parcel ticket-")]

    def _download(self, name: str, headers: dict[str, str]) -> Reply:
        data = bytes(self._of_ticket(headers).objects[name])
        first = int(headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if self.on_download is not None:
            return self.on_download(name, data, first)
        return ranged(data, first)


def ranged(data: bytes, first: int) -> Reply:
    """The honest answer to a request for the bytes from `first` on."""
    if not first:
        return 200, {}, data
    return 206, {"Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"}, data[first:]


def reply(status: int, members: dict[str, Any]) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(members).encode()


def refuse(status: int, code: str) -> Reply:
    return reply(status, {"code": code, "message": f"The service says {code}."})


def offsets(parcel: PlayedParcel, name: str) -> dict[str, str]:
    length = parcel.lengths.get(name, len(parcel.objects[name]))
    return {"Upload-Offset": str(len(parcel.objects[name])), "Upload-Length": str(length), "Tus-Resumable": "1.0.0"}


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


@contextlib.contextmanager
def play_service() -> Iterator[PlayedService]:
    """A service on loopback."""
    service = PlayedService()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            with contextlib.suppress(ConnectionError):
                super().handle_one_request()

        def answer(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            try:
                status, fields, data = service.answer(self.command, self.path, headers, body)
            except Cut:
                self.close_connection = True
                return
            cut = int(fields.pop("X-Cut", len(data)))
            pause_seconds = float(fields.pop("X-Drip", 0))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **fields}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                step = 1 if pause_seconds else max(cut, 1)
                for start in range(0, cut, step):
                    self.wfile.write(data[start : min(start + step, cut)])
                    time.sleep(pause_seconds)
            self.close_connection |= cut < len(data)

        do_GET = do_POST = do_PATCH = do_HEAD = do_DELETE = answer

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    with http.server.ThreadingHTTPServer((HOST, 0), Handler) as server:
        service.port = server.server_address[1]
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
