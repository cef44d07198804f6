"""The requests of a person who keeps files at the bridge."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.servers.bridge import API, FROM_PAGES, get, sign_in
from tests.support.servers.mailboxes import PASSWORDS
from tests.support.servers.parcels import OFFSET_BYTES, TUS, Rig, text_of

CHUNK = bytes(range(256)) * 40


@dataclass(frozen=True, kw_only=True)
class NewFile:
    """A file as the page makes it. Its objects may be any bytes, which the bridge never reads."""

    chunks: tuple[bytes, ...] = (CHUNK, b"the last chunk")
    manifest: bytes = b"the manifest"
    id: str = field(default_factory=lambda: text_of(secrets.token_bytes(16)))

    def line(self, **changes: Any) -> bytes:
        members = {"id": self.id, "objects": [len(chunk) for chunk in self.chunks], "manifest": len(self.manifest)}
        return json.dumps(members | changes).encode() + b"\n"


@dataclass(frozen=True)
class Keeper:
    """The requests of a person's pages."""

    client: FlaskClient

    def post(self, path: str, data: bytes, **headers: str) -> TestResponse:
        named = FROM_PAGES | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, base_url=API, headers=named, data=data, buffered=True)

    def create(self, file: NewFile, **changes: Any) -> TestResponse:
        return self.post("/api/files", file.line(**changes))

    def create_whole(self, file: NewFile) -> TestResponse:
        return self.post("/api/files", file.line(whole=True) + b"".join([*file.chunks, file.manifest]))

    def send(self, file: NewFile, name: str, data: bytes) -> TestResponse:
        path = f"/api/files/{file.id}/objects"
        metadata = f"name {text_of(name.encode())}{'=' * (-len(text_of(name.encode())) % 4)}"
        return self.client.post(
            path,
            base_url=API,
            headers=FROM_PAGES | TUS | {"Upload-Length": str(len(data)), "Upload-Metadata": metadata},
            data=data,
            content_type=OFFSET_BYTES,
            buffered=True,
        )

    def end_chunk(self, file: NewFile, name: str) -> TestResponse:
        path = f"/api/files/{file.id}/objects/{name}"
        return self.client.delete(path, base_url=API, headers=FROM_PAGES | TUS, buffered=True)

    def finish(self, file: NewFile) -> TestResponse:
        return self.post(f"/api/files/{file.id}/finish", file.manifest)

    def upload(self, file: NewFile) -> None:
        """Upload a file in parts, until it is complete."""
        assert self.create(file).status_code == 201
        for number, chunk in enumerate(file.chunks):
            assert self.send(file, str(number), chunk).status_code == 201
        assert self.finish(file).get_json()["state"] == "complete"

    def keep(
        self, version: int, *, kept: Sequence[NewFile] = (), deleted: Sequence[NewFile] = (), content: bytes = b"index"
    ) -> TestResponse:
        members = {
            "version": version,
            "objects": [len(content)],
            "manifest": 2,
            "kept": [file.id for file in kept],
            "deleted": [file.id for file in deleted],
        }
        data = json.dumps(members).encode() + b"\n" + content + b"mm"
        return self.client.put("/api/files/index", base_url=API, headers=FROM_PAGES, data=data, buffered=True)

    def index(self) -> tuple[dict[str, Any], bytes]:
        line, _, content = get(self.client, "/api/files/index").data.partition(b"\n")
        return json.loads(line), content

    def read(self, file: NewFile, name: str, **headers: str) -> TestResponse:
        return self.client.get(
            f"/api/files/{file.id}/bytes/{name}", base_url=API, headers=FROM_PAGES | headers, buffered=True
        )

    def end(self, file: NewFile) -> TestResponse:
        return self.client.delete(f"/api/files/{file.id}", base_url=API, headers=FROM_PAGES, buffered=True)


def keeper_of(rig: Rig, address: str) -> Keeper:
    browser = rig.app.test_client()
    assert sign_in(browser, address, PASSWORDS[address]).status_code == 200
    return Keeper(browser)


def files_in(store: Path) -> list[Path]:
    return [file for file in store.rglob("*") if file.is_file()]
