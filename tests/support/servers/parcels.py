"""A bridge with parcels, and the requests of a sender with a token and of a recipient."""

from __future__ import annotations

import json
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, ENROLMENT_KEY, KEYS, PAGES
from tests.support.servers.mailboxes import ALICE, BOB, SOMEWHERE
from webbridge import BridgeConfig
from webbridge.database.tables import PARCEL, PARCEL_USAGE
from webbridge.delivery.delivery import Delivery
from webbridge.delivery.settings import ParcelsConfig
from webbridge.services import services_of

PEPPER = bytes(range(100, 132))
FROM_PAGES = {"Origin": PAGES, "X-Sealwax": "1"}
TUS = {"Tus-Resumable": "1.0.0"}
OFFSET_BYTES = "application/offset+octet-stream"
DAY = 24 * 60 * 60


def bridge_config(database: str, clock: FakeClock, parcels: ParcelsConfig | None) -> BridgeConfig:
    """The configuration of a bridge whose mail server nobody asks."""
    return BridgeConfig(
        api_origin=API,
        pages_origin=PAGES,
        key_server_origin=KEYS,
        mail_server=SOMEWHERE,
        enrolment_key=ENROLMENT_KEY,
        database=database,
        clock=clock,
        parcels=parcels,
    )


def store_config(store: Path | str, **settings: Any) -> ParcelsConfig:
    return ParcelsConfig(store=str(store), pepper=PEPPER, **settings)


def text_of(octets: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A parcel as a client makes it. Its chunks and its manifest may be any bytes, which the bridge never reads."""

    chunks: tuple[bytes, ...] = (b"first chunk", b"second, longer chunk")
    manifest: bytes = b"the manifest"
    id: str = field(default_factory=lambda: text_of(secrets.token_bytes(16)))
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    proof: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    to: tuple[str, ...] = (BOB,)
    certificates: tuple[bytes, ...] = ()
    days: int = 7
    downloads: int | None = None

    @property
    def objects(self) -> dict[str, bytes]:
        return {str(number): chunk for number, chunk in enumerate(self.chunks)} | {"manifest": self.manifest}

    def members(self, **changes: Any) -> dict[str, Any]:
        return {
            "id": self.id,
            "to": [{"address": address, "language": "de"} for address in self.to],
            "salt": text_of(self.salt),
            "proof": text_of(self.proof),
            "certificates": [b64encode(certificate).decode() for certificate in self.certificates],
            "kind": "files",
            "objects": [len(chunk) for chunk in self.chunks],
            "manifest": len(self.manifest),
            "days": self.days,
            "downloads": self.downloads,
            "whole": False,
        } | changes

    def body(self, *, whole: bool) -> bytes:
        line = json.dumps(self.members(whole=whole)).encode() + b"\n"
        return line + b"".join([*self.chunks, self.manifest]) if whole else line


class Rig:
    """A bridge with parcels."""

    def __init__(self, app: Flask, clock: FakeClock) -> None:
        self.app = app
        self.clock = clock

    @property
    def delivery(self) -> Delivery:
        service = services_of(self.app).delivery
        assert service is not None
        return service

    def sender(self, address: str = ALICE) -> Sender:
        """A program that sends for an address."""
        token = self.delivery.tokens.make(address, secrets.token_hex(4), 30)
        return Sender(self.app.test_client(), token)

    def recipient(self) -> Recipient:
        return Recipient(self.app.test_client())

    def rows(self, table: Any = PARCEL) -> list[Any]:
        with services_of(self.app).database.reading() as rows:
            return list(rows.execute(select(table)))

    def used(self) -> dict[str, int]:
        """The bytes that are reserved for each sender."""
        return {row.sender: row.total_bytes for row in self.rows(PARCEL_USAGE)}


@dataclass(frozen=True)
class Sender:
    """The requests of a sender."""

    client: FlaskClient
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def create(self, draft: Draft, *, whole: bool = False, changes: Mapping[str, Any] | None = None) -> TestResponse:
        """Submit a parcel, with other members in its line."""
        line, _, body = draft.body(whole=whole).partition(b"\n")
        if changes is not None:
            line = json.dumps(json.loads(line) | changes).encode()
        data = line + b"\n" + body
        return self.client.post("/api/parcels", base_url=API, headers=self.headers, data=data, buffered=True)

    def send_whole(self, draft: Draft) -> TestResponse:
        answer = self.create(draft, whole=True)
        assert answer.status_code == 201, answer.get_json()
        return answer

    def send_parts(self, draft: Draft) -> TestResponse:
        assert self.create(draft).status_code == 201
        for name, data in draft.objects.items():
            assert self.begin(draft, name, len(data), data).status_code == 201
        return self.submit(draft)

    def begin(self, draft: Draft, name: str, size: int, data: bytes | None = None) -> TestResponse:
        metadata = f"name {b64encode(name.encode()).decode()}"
        headers = self.headers | TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata}
        path = f"/api/parcels/{draft.id}/objects"
        if data is None:
            return self.client.post(path, base_url=API, headers=headers, buffered=True)
        return self.client.post(
            path, base_url=API, headers=headers, data=data, content_type=OFFSET_BYTES, buffered=True
        )

    def patch(self, draft: Draft, name: str, offset: int | str, data: bytes, **further: Any) -> TestResponse:
        return self.client.patch(
            f"/api/parcels/{draft.id}/objects/{name}",
            base_url=API,
            headers=self.headers | TUS | {"Upload-Offset": str(offset)},
            data=data,
            content_type=OFFSET_BYTES,
            buffered=True,
            **further,
        )

    def offset(self, draft: Draft, name: str) -> int | None:
        """The offset of an upload, or None if there is none."""
        answer = self.client.head(
            f"/api/parcels/{draft.id}/objects/{name}", base_url=API, headers=self.headers | TUS, buffered=True
        )
        return int(answer.headers["Upload-Offset"]) if answer.status_code == 200 else None

    def delete(self, draft: Draft, name: str) -> TestResponse:
        return self.client.delete(
            f"/api/parcels/{draft.id}/objects/{name}", base_url=API, headers=self.headers | TUS, buffered=True
        )

    def submit(self, draft: Draft) -> TestResponse:
        return self.call(draft, "submit")

    def call(self, draft: Draft, verb: str, members: Mapping[str, Any] | None = None) -> TestResponse:
        return self.client.post(
            f"/api/parcels/{draft.id}/{verb}",
            base_url=API,
            headers=self.headers,
            json=dict(members or {}),
            buffered=True,
        )

    def show(self, draft: Draft) -> dict[str, Any]:
        answer = self.client.get(f"/api/parcels/{draft.id}", base_url=API, headers=self.headers, buffered=True)
        assert answer.status_code == 200, answer.get_json()
        shown: dict[str, Any] = answer.get_json()
        return shown

    def list(self, query: str = "") -> dict[str, Any]:
        answer = self.client.get(f"/api/parcels{query}", base_url=API, headers=self.headers, buffered=True)
        assert answer.status_code == 200, answer.get_json()
        listed: dict[str, Any] = answer.get_json()
        return listed


@dataclass(frozen=True)
class Recipient:
    """The requests of a recipient, who has no account."""

    client: FlaskClient

    def post(self, path: str, members: Mapping[str, Any], *, ticket: str = "") -> TestResponse:
        headers = FROM_PAGES | ({"Authorization": f"Parcel {ticket}"} if ticket else {})
        return self.client.post(path, base_url=API, headers=headers, json=dict(members), buffered=True)

    def start(self, parcel_id: str) -> TestResponse:
        return self.post("/api/open/start", {"id": parcel_id})

    def open(self, parcel_id: str, proof: bytes) -> TestResponse:
        return self.post("/api/open", {"id": parcel_id, "proof": text_of(proof)})

    def ticket(self, draft: Draft) -> str:
        answer = self.open(draft.id, draft.proof)
        assert answer.status_code == 200, answer.get_json()
        return str(answer.get_json()["ticket"])

    def fetch(self, ticket: str, name: str, *, method: str = "GET", **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(
            f"/api/open/objects/{name}",
            method=method,
            base_url=API,
            headers=FROM_PAGES | {"Authorization": f"Parcel {ticket}"} | named,
            buffered=True,
        )

    def claim(self, ticket: str, state: str, **members: Any) -> TestResponse:
        return self.post("/api/open/claims", {"state": state, **members}, ticket=ticket)
