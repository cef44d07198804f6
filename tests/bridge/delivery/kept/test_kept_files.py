"""Files that people keep for themselves: uploaded, named by an index, read by their own session, without an end."""

from __future__ import annotations

import errno
import json
import os
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sealwax.service import ServiceError
from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, FROM_PAGES, error_of, get, sign_in
from tests.support.servers.late_bodies import LateBody
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from tests.support.servers.parcels import DAY, OFFSET_BYTES, TUS, Draft, House, store_config, text_of
from webbridge import BridgeConfig, create_app
from webbridge.database.tables import KEPT_FILE, KEPT_INDEX
from webbridge.delivery.kept import KeptFiles
from webbridge.delivery.kept.announcements import parse_new_file
from webbridge.delivery.quota import Quota
from webbridge.delivery.store import DiskStore, Uploads
from webbridge.services import services_of

pytestmark = [pytest.mark.server, pytest.mark.in_turn]

CHUNK = bytes(range(256)) * 40


@dataclass(frozen=True, kw_only=True)
class NewFile:
    """A file as the page makes it. Its objects may be any bytes, which the bridge never reads."""

    chunks: tuple[bytes, ...] = (CHUNK, b"the last chunk")
    manifest: bytes = b"the manifest"
    id: str = field(default_factory=lambda: text_of(secrets.token_bytes(16)))

    def line(self, **changes: Any) -> bytes:
        members = {"id": self.id, "objects": [len(one) for one in self.chunks], "manifest": len(self.manifest)}
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
            "kept": [one.id for one in kept],
            "deleted": [one.id for one in deleted],
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


@pytest.fixture
def parcels_bridge(config: BridgeConfig, database_url: str, store: Path, clock: FakeClock) -> BridgeConfig:
    """A bridge whose mail server answers, so that people sign in."""
    return replace(config, database=database_url, clock=clock, parcels=store_config(store))


@pytest.fixture
def alice(house: House) -> Keeper:
    return keeper_of(house, ALICE)


def keeper_of(house: House, address: str) -> Keeper:
    browser = house.app.test_client()
    assert sign_in(browser, address, PASSWORDS[address]).status_code == 200
    return Keeper(browser)


def files_in(store: Path) -> list[Path]:
    return [file for file in store.rglob("*") if file.is_file()]


def stages(house: House) -> list[str]:
    return [row.stage for row in house.rows(KEPT_FILE)]


def test_a_file_in_parts_is_kept_and_read_again(alice: Keeper, house: House) -> None:
    file = NewFile()
    alice.upload(file)
    assert stages(house) == ["complete"]
    assert alice.keep(1, kept=[file]).get_json()["version"] == 1
    assert stages(house) == ["kept"]
    assert [alice.read(file, name).data for name in ("0", "1", "manifest")] == [*file.chunks, file.manifest]
    part = alice.read(file, "0", Range="bytes=10-19")
    assert (part.status_code, part.data) == (206, CHUNK[10:20])
    assert error_of(alice.read(file, "2")) == (404, "not-found")


def test_a_small_file_comes_in_one_request(alice: Keeper) -> None:
    file = NewFile(chunks=(b"small",))
    assert alice.create_whole(file).get_json()["state"] == "complete"
    assert alice.create_whole(file).status_code == 200
    alice.keep(1, kept=[file])
    assert (alice.read(file, "0").data, alice.read(file, "manifest").data) == (b"small", b"the manifest")
    empty = NewFile(chunks=())
    assert alice.create_whole(empty).status_code == 201
    assert alice.read(empty, "manifest").data == b"the manifest"


def test_an_upload_goes_on_and_its_manifest_may_be_shorter_than_announced(alice: Keeper) -> None:
    file = NewFile()
    assert alice.create(file, manifest=100).status_code == 201
    path = f"/api/files/{file.id}/objects/0"
    alice.send(file, "1", file.chunks[1])
    metadata = {"Upload-Length": str(len(CHUNK)), "Upload-Metadata": "name MA=="}
    alice.client.post(f"/api/files/{file.id}/objects", base_url=API, headers=FROM_PAGES | TUS | metadata)
    patched = alice.client.patch(
        path,
        base_url=API,
        headers=FROM_PAGES | TUS | {"Upload-Offset": "0"},
        data=CHUNK[:50],
        content_type=OFFSET_BYTES,
    )
    assert patched.headers["Upload-Offset"] == "50"
    assert error_of(alice.finish(file)) == (409, "incomplete")
    assert alice.client.head(path, base_url=API, headers=FROM_PAGES | TUS).headers["Upload-Offset"] == "50"
    headers = FROM_PAGES | TUS | {"Upload-Offset": "50"}
    alice.client.patch(path, base_url=API, headers=headers, data=CHUNK[50:], content_type=OFFSET_BYTES)
    assert error_of(alice.send(file, "manifest", b"x" * 100)) == (400, "bad-request")
    assert alice.finish(file).get_json()["manifest"] == len(file.manifest)
    # The answer was lost, and the page signs again.
    assert alice.finish(replace(file, manifest=b"another one")).get_json()["manifest"] == 11
    alice.keep(1, kept=[file])
    assert alice.read(file, "manifest").data == b"another one"
    assert error_of(alice.finish(file))[0] in (400, 409)


def test_a_repeated_manifest_writes_nothing(alice: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    file = NewFile()
    alice.upload(file)
    with monkeypatch.context() as patch:
        patch.setattr(DiskStore, "keep", fail)
        patch.setattr(DiskStore, "delete_object", fail)
        assert alice.finish(file).get_json()["state"] == "complete"
    alice.keep(1, kept=[file])
    assert alice.read(file, "manifest").data == file.manifest


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_manifest_that_is_not_replaced_stays(
    alice: Keeper, house: House, store: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = NewFile()
    other = replace(file, manifest=b"another")
    alice.upload(file)
    with monkeypatch.context() as patch:
        patch.setattr(*{"fsync": (os, "fsync"), "rename": (Path, "rename")}[call], fail)
        assert error_of(alice.finish(other)) == (503, "store-unavailable")
    (manifest,) = [one for one in files_in(store) if one.name == "manifest" and "upload" not in one.parts]
    assert manifest.read_bytes() == file.manifest
    assert error_of(alice.keep(1, kept=[file])) == (409, "incomplete"), "the record does not have the size of either"
    assert alice.finish(other).get_json()["manifest"] == len(other.manifest)
    assert alice.keep(1, kept=[file]).status_code == 200
    assert alice.read(file, "manifest").data == other.manifest


def fail(*_args: object, **_options: object) -> None:
    raise OSError(errno.EIO, "no")


def test_a_manifest_is_not_replaced_once_an_index_keeps_its_file(
    alice: Keeper, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other_device, has_manifest = NewFile(), keeper_of(house, ALICE), KeptFiles._has_manifest
    alice.upload(file)

    def keep_first(*args: Any) -> bool:
        assert other_device.keep(1, kept=[file]).status_code == 200
        return has_manifest(*args)

    monkeypatch.setattr(KeptFiles, "_has_manifest", keep_first)
    assert error_of(alice.finish(replace(file, manifest=b"another"))) == (409, "id-used")
    assert alice.read(file, "manifest").data == file.manifest


def test_no_index_keeps_a_file_whose_manifest_is_being_replaced(
    alice: Keeper, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other_device, keep = NewFile(), keeper_of(house, ALICE), DiskStore.keep
    other = replace(file, manifest=b"another")
    alice.upload(file)

    def keep_slowly(*args: Any) -> None:
        assert error_of(other_device.keep(1, kept=[file])) == (409, "incomplete")
        keep(*args)

    monkeypatch.setattr(DiskStore, "keep", keep_slowly)
    assert alice.finish(other).status_code == 200
    assert alice.keep(1, kept=[file]).status_code == 200
    assert alice.read(file, "manifest").data == other.manifest


def test_a_chunk_is_not_deleted_while_its_file_is_finished(
    alice: Keeper, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other_device, replace_object = NewFile(), keeper_of(house, ALICE), Uploads.replace
    alice.create(file)
    for number, chunk in enumerate(file.chunks):
        alice.send(file, str(number), chunk)
    with ThreadPoolExecutor(1) as pool:
        deletions: list[Future[TestResponse]] = []

        def replace_slowly(*args: Any) -> None:
            # The chunks are checked, and the file is not complete yet.
            deletions.append(pool.submit(other_device.end_chunk, file, "0"))
            wait(deletions, timeout=0.3)
            replace_object(*args)

        monkeypatch.setattr(Uploads, "replace", replace_slowly)
        assert alice.finish(file).get_json()["state"] == "complete"
        assert error_of(deletions[0].result(10)) == (409, "submitted")
    alice.keep(1, kept=[file])
    assert alice.read(file, "0").data == CHUNK


def test_a_version_is_stored_upon_the_one_before_it_only(alice: Keeper, house: House, store: Path) -> None:
    assert alice.index() == ({"version": 0, "objects": [], "manifest": 0, "used": 0, "quota": 50 * 1024**3}, b"")
    other_device = keeper_of(house, ALICE)
    file = NewFile(chunks=(b"small",))
    other_device.create_whole(file)
    assert alice.keep(1, content=b"of one").status_code == 200
    assert error_of(other_device.keep(1, kept=[file], content=b"of the other")) == (409, "index-changed")
    assert stages(house) == ["complete"], "the files of a refused version stay as they were"
    assert error_of(other_device.keep(3, content=b"of the other")) == (409, "index-changed")
    assert alice.index()[1] == b"of onemm"
    assert other_device.keep(2, kept=[file], content=b"of both").status_code == 200
    assert alice.index()[0]["version"] == 2
    assert alice.index()[1] == b"of bothmm"
    assert len(files_in(store)) == 2, "only the file and the newest version are stored"


def test_a_session_that_ends_while_a_request_comes_stores_nothing(alice: Keeper, house: House, store: Path) -> None:
    small, large = NewFile(chunks=(b"small",)), NewFile(chunks=(b"large",))
    alice.create(large)
    alice.send(large, "0", b"large")
    before = files_in(store)
    whole = small.line(whole=True) + b"small" + small.manifest
    index = json.dumps({"version": 1, "objects": [5], "manifest": 2}).encode() + b"\n" + b"indexmm"
    requests = [("POST", "", whole), ("POST", f"/{large.id}/finish", large.manifest), ("PUT", "/index", index)]
    for method, path, data in requests:
        browser = keeper_of(house, ALICE).client
        late = browser.open(
            f"/api/files{path}",
            method=method,
            base_url=API,
            headers=FROM_PAGES,
            input_stream=LateBody(data, partial(sign_out, browser)),
            content_length=len(data),
            buffered=True,
        )
        assert error_of(late) == (401, "session-ended"), path
    assert (stages(house), files_in(store), house.rows(KEPT_INDEX)) == (["uploading"], before, [])


def sign_out(browser: FlaskClient) -> None:
    assert browser.delete("/api/session", base_url=API, headers=FROM_PAGES).status_code == 204


def test_files_that_are_announced_together_are_not_more_than_a_person_may_keep(
    parcels_bridge: BridgeConfig, clock: FakeClock, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(replace(parcels_bridge, parcels=store_config(store, max_kept_files=3)))
    kept = House(app, clock).delivery.kept
    reserve = Quota.reserve

    def reserve_slowly(*args: Any) -> None:
        time.sleep(0.2)
        reserve(*args)

    monkeypatch.setattr(Quota, "reserve", reserve_slowly)

    def announce(_number: int) -> str:
        try:
            kept.create(ALICE, parse_new_file(NewFile().line(), parcels_bridge.parcels or store_config(store)), b"")
        except ServiceError as error:
            return error.code
        return "created"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(announce, range(6)))
    assert sorted(outcomes) == ["created"] * 3 + ["too-many-files"] * 3
    services_of(app).close()


def test_nobody_else_gets_at_a_file(alice: Keeper, house: House) -> None:
    file = NewFile(chunks=(b"small",))
    alice.create_whole(file)
    alice.keep(1, kept=[file])
    bob, stranger = keeper_of(house, BOB), Keeper(house.app.test_client())
    assert error_of(bob.read(file, "0")) == (404, "no-such-file")
    assert error_of(bob.end(file)) == (404, "no-such-file")
    assert error_of(bob.keep(1, kept=[file])) == (404, "no-such-file")
    assert bob.keep(1, deleted=[file]).status_code == 200
    assert bob.index()[0]["version"] == 1
    assert error_of(stranger.read(file, "0")) == (401, "session-ended")
    assert error_of(stranger.keep(2)) == (401, "session-ended")
    token = house.delivery.tokens.make(ALICE, "laptop", 30)
    program = house.app.test_client().get(
        "/api/files/index", base_url=API, headers={"Authorization": f"Bearer {token}"}, buffered=True
    )
    assert error_of(program) == (401, "session-ended")
    assert alice.read(file, "0").data == b"small"
    assert house.recipient().open(file.id, bytes(32)).status_code == 403


def test_a_request_without_the_header_of_the_pages_changes_nothing(alice: Keeper) -> None:
    answer = alice.client.put("/api/files/index", base_url=API, data=b"{}\n", headers={"Origin": FROM_PAGES["Origin"]})
    assert error_of(answer) == (403, "wrong-origin")


def test_a_deleted_file_gives_its_bytes_and_its_room_back(alice: Keeper, house: House, store: Path) -> None:
    files = [NewFile(), NewFile(chunks=(b"small",))]
    alice.upload(files[0])
    alice.create_whole(files[1])
    assert alice.keep(1, kept=files).status_code == 200
    assert house.used()[ALICE] == sum(len(b"".join([*one.chunks, one.manifest])) for one in files)
    assert alice.keep(2, deleted=[files[0]]).status_code == 200
    assert error_of(alice.read(files[0], "0")) == (404, "no-such-file")
    assert alice.keep(3, deleted=files).status_code == 200
    assert (house.used()[ALICE], house.rows(KEPT_FILE)) == (0, [])
    assert len(files_in(store)) == 1, "only the index is left"


def test_a_kept_file_never_expires_and_an_upload_that_no_index_names_does(
    alice: Keeper, house: House, store: Path
) -> None:
    kept, named_by_none, broken_off = NewFile(), NewFile(chunks=(b"small",)), NewFile()
    alice.upload(kept)
    alice.keep(1, kept=[kept])
    alice.create_whole(named_by_none)
    alice.create(broken_off)
    alice.send(broken_off, "1", broken_off.chunks[1])
    house.clock.advance(seconds=365 * DAY)
    house.delivery.sweep.run()
    house.delivery.sweep.delete_orphans()
    later = keeper_of(house, ALICE)
    assert [row.id for row in house.rows(KEPT_FILE)] == [kept.id]
    assert later.read(kept, "0").data == CHUNK
    assert later.index()[1] == b"indexmm"
    assert house.used()[ALICE] == len(b"".join([*kept.chunks, kept.manifest]))
    assert len(files_in(store)) == 4, "three objects and the index"


def test_an_upload_that_is_ended_is_gone_and_a_kept_file_is_not(alice: Keeper, house: House, store: Path) -> None:
    file, kept = NewFile(), NewFile(chunks=(b"small",))
    alice.create(file)
    alice.send(file, "1", file.chunks[1])
    assert alice.end(file).status_code == 204
    assert error_of(alice.end(file)) == (404, "no-such-file")
    assert (house.used()[ALICE], files_in(store)) == (0, [])
    alice.create_whole(kept)
    alice.keep(1, kept=[kept])
    assert error_of(alice.end(kept)) == (404, "no-such-file")
    assert alice.read(kept, "0").data == b"small"


def test_a_file_that_has_not_come_whole_is_not_kept(alice: Keeper) -> None:
    file = NewFile()
    alice.create(file)
    assert error_of(alice.keep(1, kept=[file])) == (409, "incomplete")
    assert error_of(alice.keep(1, kept=[NewFile()])) == (404, "no-such-file")
    assert error_of(alice.read(file, "manifest")) == (404, "not-found")
    assert alice.index()[0]["version"] == 0


def test_files_and_parcels_share_one_quota(config: BridgeConfig, store: Path, clock: FakeClock) -> None:
    app = create_app(replace(config, clock=clock, parcels=store_config(store, sender_bytes=15_000)))
    house = House(app, clock)
    keeper, sender, file = keeper_of(house, ALICE), house.sender(), NewFile()
    sender.send_whole(Draft())
    before = house.used()[ALICE]
    assert keeper.create(file).status_code == 201
    assert house.used()[ALICE] == before + len(b"".join([*file.chunks, file.manifest]))
    assert error_of(keeper.create(NewFile())) == (507, "quota-exceeded")
    assert error_of(sender.create(Draft(chunks=(CHUNK,)))) == (507, "quota-exceeded")
    assert keeper.end(file).status_code == 204
    assert keeper.create(NewFile()).status_code == 201
    services_of(app).close()


def test_another_content_under_an_id_is_refused(alice: Keeper) -> None:
    file = NewFile(chunks=(b"small",))
    alice.create_whole(file)
    assert error_of(alice.create_whole(replace(file, chunks=(b"other",)))) == (409, "id-used")
    assert error_of(alice.create(file)) == (409, "id-used")


def test_an_account_keeps_so_many_files(config: BridgeConfig, store: Path, clock: FakeClock) -> None:
    app = create_app(replace(config, clock=clock, parcels=store_config(store, max_kept_files=2)))
    house = House(app, clock)
    keeper = keeper_of(house, ALICE)
    answers = [keeper.create_whole(NewFile(chunks=(b"small",))) for _ in range(3)]
    assert [one.status_code for one in answers[:2]] == [201, 201]
    assert error_of(answers[2]) == (507, "too-many-files")
    assert len(files_in(store)) == 2
    assert get(keeper.client, "/api/config").get_json()["parcels"]["maxKeptFiles"] == 2
    services_of(app).close()


def test_an_operator_may_let_nobody_keep_files(config: BridgeConfig, store: Path, clock: FakeClock) -> None:
    app = create_app(replace(config, clock=clock, parcels=store_config(store, max_kept_files=0)))
    keeper = keeper_of(House(app, clock), ALICE)
    assert get(keeper.client, "/api/files/index").status_code == 404
    assert get(keeper.client, "/api/config").get_json()["parcels"]["maxKeptFiles"] == 0
    services_of(app).close()


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "short"},
        {"id": None},
        {"objects": [0]},
        {"objects": [1.5]},
        {"objects": "1"},
        {"objects": [18 * 1024 * 1024]},
        {"manifest": 0},
        {"whole": 1},
        {"manifest": True},
    ],
)
def test_an_announcement_that_is_none_is_refused(alice: Keeper, house: House, changes: dict[str, Any]) -> None:
    assert error_of(alice.create(NewFile(), **changes)) == (400, "bad-request")
    assert house.rows(KEPT_FILE) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]\n",
        b'{"version": 1}\n',
        b'{"version": 0, "objects": [1], "manifest": 1}\nxx',
        b'{"version": 1, "objects": [1], "manifest": 1}\nx',
        b'{"version": 1, "objects": [1], "manifest": 1}\nxxx',
        b'{"version": 1, "objects": [1], "manifest": 1, "kept": ["x"]}\nxx',
        b'{"version": 1, "objects": [1], "manifest": 1, "deleted": {}}\nxx',
        b'{"version": 9007199254740992, "objects": [1], "manifest": 1}\nxx',
    ],
)
def test_an_index_that_is_none_is_refused(alice: Keeper, house: House, data: bytes, store: Path) -> None:
    answer = alice.client.put("/api/files/index", base_url=API, headers=FROM_PAGES, data=data, buffered=True)
    assert error_of(answer) == (400, "bad-request")
    assert (house.rows(KEPT_INDEX), files_in(store)) == ([], [])


def test_an_index_that_is_too_large_is_refused(alice: Keeper) -> None:
    line = b'{"version": 1, "objects": [8388608], "manifest": 1}\n'
    answer = alice.client.put("/api/files/index", base_url=API, headers=FROM_PAGES, data=line, buffered=True)
    assert error_of(answer) == (413, "parcel-too-large")
