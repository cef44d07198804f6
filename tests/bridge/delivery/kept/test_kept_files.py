"""Files that people keep for themselves: uploaded, named by an index, read by their own session, without an end."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from sealwax.service import ServiceError
from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, FROM_PAGES, error_of, get
from tests.support.servers.kept_files import CHUNK, Keeper, NewFile, files_in, keeper_of
from tests.support.servers.late_bodies import LateBody
from tests.support.servers.mailboxes import ALICE, BOB
from tests.support.servers.parcels import DAY, OFFSET_BYTES, TUS, Draft, Rig, store_config
from webbridge import BridgeConfig, create_app
from webbridge.database.tables import KEPT_FILE, KEPT_INDEX
from webbridge.delivery.kept import files
from webbridge.delivery.kept.announcements import parse_new_file
from webbridge.delivery.quota import Quota, QuotaExceeded
from webbridge.delivery.store import DiskStore, StoreFull, Uploads
from webbridge.services import services_of

pytestmark = pytest.mark.server


def stages(rig: Rig) -> list[str]:
    return [row.stage for row in rig.rows(KEPT_FILE)]


def test_a_file_in_parts_is_kept_and_read_again(alice: Keeper, rig: Rig) -> None:
    file = NewFile()
    alice.upload(file)
    assert stages(rig) == ["complete"]
    assert alice.keep(1, kept=[file]).get_json()["version"] == 1
    assert stages(rig) == ["kept"]
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


def test_a_version_is_stored_upon_the_one_before_it_only(alice: Keeper, rig: Rig, store: Path) -> None:
    assert alice.index() == ({"version": 0, "objects": [], "manifest": 0, "used": 0, "quota": 50 * 1024**3}, b"")
    other_device = keeper_of(rig, ALICE)
    file = NewFile(chunks=(b"small",))
    other_device.create_whole(file)
    assert alice.keep(1, content=b"of one").status_code == 200
    assert error_of(other_device.keep(1, kept=[file], content=b"of the other")) == (409, "index-changed")
    assert stages(rig) == ["complete"], "the files of a refused version stay as they were"
    assert error_of(other_device.keep(3, content=b"of the other")) == (409, "index-changed")
    assert alice.index()[1] == b"of onemm"
    assert other_device.keep(2, kept=[file], content=b"of both").status_code == 200
    assert alice.index()[0]["version"] == 2
    assert alice.index()[1] == b"of bothmm"
    assert len(files_in(store)) == 2, "only the file and the newest version are stored"


def test_an_index_that_another_device_replaces_meanwhile_is_read_in_its_newer_version(
    alice: Keeper, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_device, read = keeper_of(rig, ALICE), DiskStore.read
    alice.keep(1, content=b"of one")
    versions = iter((2, 3))

    def replace_first(here: DiskStore, folder: str, name: str, start: int, size: int) -> Iterator[bytes]:
        for version in versions:
            assert other_device.keep(version, content=b"number %d" % version).status_code == 200
            break
        return read(here, folder, name, start, size)

    monkeypatch.setattr(DiskStore, "read", replace_first)
    line, content = alice.index()
    assert (line["version"], content) == (3, b"number 3mm")


def test_an_index_whose_bytes_are_lost_is_an_error(alice: Keeper, store: Path) -> None:
    alice.keep(1)
    for file in files_in(store):
        file.unlink()
    answer = alice.client.get("/api/files/index", base_url=API, headers=FROM_PAGES)
    assert error_of(answer) == (503, "store-unavailable")


def test_a_session_that_ends_while_a_request_comes_stores_nothing(alice: Keeper, rig: Rig, store: Path) -> None:
    small, large = NewFile(chunks=(b"small",)), NewFile(chunks=(b"large",))
    alice.create(large)
    alice.send(large, "0", b"large")
    before = files_in(store)
    whole = small.line(whole=True) + b"small" + small.manifest
    index = json.dumps({"version": 1, "objects": [5], "manifest": 2}).encode() + b"\n" + b"indexmm"
    requests = [("POST", "", whole), ("POST", f"/{large.id}/finish", large.manifest), ("PUT", "/index", index)]
    for method, path, data in requests:
        browser = keeper_of(rig, ALICE).client
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
    assert (stages(rig), files_in(store), rig.rows(KEPT_INDEX)) == (["uploading"], before, [])


def sign_out(browser: FlaskClient) -> None:
    assert browser.delete("/api/session", base_url=API, headers=FROM_PAGES).status_code == 204


def test_files_that_are_announced_together_are_not_more_than_a_person_may_keep(
    parcels_bridge: BridgeConfig, clock: FakeClock, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(replace(parcels_bridge, parcels=store_config(store, max_kept_files=3)))
    kept_files = Rig(app, clock).delivery.kept
    reserve = Quota.reserve

    def reserve_slowly(*args: Any) -> None:
        time.sleep(0.2)
        reserve(*args)

    monkeypatch.setattr(Quota, "reserve", reserve_slowly)

    def announce(_number: int) -> str:
        try:
            kept_files.create(
                ALICE, parse_new_file(NewFile().line(), parcels_bridge.parcels or store_config(store)), b""
            )
        except ServiceError as error:
            return error.code
        return "created"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(announce, range(6)))
    assert sorted(outcomes) == ["created"] * 3 + ["too-many-files"] * 3
    services_of(app).close()


def test_nobody_else_gets_at_a_file(alice: Keeper, rig: Rig) -> None:
    file = NewFile(chunks=(b"small",))
    alice.create_whole(file)
    alice.keep(1, kept=[file])
    bob, stranger = keeper_of(rig, BOB), Keeper(rig.app.test_client())
    assert error_of(bob.read(file, "0")) == (404, "no-such-file")
    assert error_of(bob.end(file)) == (404, "no-such-file")
    assert error_of(bob.keep(1, kept=[file])) == (404, "no-such-file")
    assert bob.keep(1, deleted=[file]).status_code == 200
    assert bob.index()[0]["version"] == 1
    assert error_of(stranger.read(file, "0")) == (401, "session-ended")
    assert error_of(stranger.keep(2)) == (401, "session-ended")
    token = rig.delivery.tokens.make(ALICE, "laptop", 30)
    program = rig.app.test_client().get(
        "/api/files/index", base_url=API, headers={"Authorization": f"Bearer {token}"}, buffered=True
    )
    assert error_of(program) == (401, "session-ended")
    assert alice.read(file, "0").data == b"small"
    assert rig.recipient().open(file.id, bytes(32)).status_code == 403


def test_a_request_without_the_header_of_the_pages_changes_nothing(alice: Keeper) -> None:
    answer = alice.client.put("/api/files/index", base_url=API, data=b"{}\n", headers={"Origin": FROM_PAGES["Origin"]})
    assert error_of(answer) == (403, "wrong-origin")


def test_a_deleted_file_gives_its_bytes_and_its_room_back(alice: Keeper, rig: Rig, store: Path) -> None:
    files = [NewFile(), NewFile(chunks=(b"small",))]
    alice.upload(files[0])
    alice.create_whole(files[1])
    assert alice.keep(1, kept=files).status_code == 200
    assert rig.used()[ALICE] == sum(len(b"".join([*file.chunks, file.manifest])) for file in files)
    assert alice.keep(2, deleted=[files[0]]).status_code == 200
    assert error_of(alice.read(files[0], "0")) == (404, "no-such-file")
    assert alice.keep(3, deleted=files).status_code == 200
    assert (rig.used()[ALICE], rig.rows(KEPT_FILE)) == (0, [])
    assert len(files_in(store)) == 1, "only the index is left"


def test_a_kept_file_never_expires_and_an_upload_that_no_index_names_does(alice: Keeper, rig: Rig, store: Path) -> None:
    kept_file, named_by_none, broken_off = NewFile(), NewFile(chunks=(b"small",)), NewFile()
    alice.upload(kept_file)
    alice.keep(1, kept=[kept_file])
    alice.create_whole(named_by_none)
    alice.create(broken_off)
    alice.send(broken_off, "1", broken_off.chunks[1])
    rig.clock.advance(seconds=365 * DAY)
    rig.delivery.sweep.run()
    rig.delivery.sweep.delete_orphans()
    later = keeper_of(rig, ALICE)
    assert [row.id for row in rig.rows(KEPT_FILE)] == [kept_file.id]
    assert later.read(kept_file, "0").data == CHUNK
    assert later.index()[1] == b"indexmm"
    assert rig.used()[ALICE] == len(b"".join([*kept_file.chunks, kept_file.manifest]))
    assert len(files_in(store)) == 4, "three objects and the index"


def test_an_upload_that_is_ended_is_gone_and_a_kept_file_is_not(alice: Keeper, rig: Rig, store: Path) -> None:
    file, kept_file = NewFile(), NewFile(chunks=(b"small",))
    alice.create(file)
    alice.send(file, "1", file.chunks[1])
    assert alice.end(file).status_code == 204
    assert error_of(alice.end(file)) == (404, "no-such-file")
    assert (rig.used()[ALICE], files_in(store)) == (0, [])
    alice.create_whole(kept_file)
    alice.keep(1, kept=[kept_file])
    assert error_of(alice.end(kept_file)) == (404, "no-such-file")
    assert alice.read(kept_file, "0").data == b"small"


def test_an_object_that_is_complete_while_its_file_is_deleted_is_not_stored(
    alice: Keeper, rig: Rig, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete, uploads = DiskStore.delete, rig.delivery.uploads

    def complete_meanwhile(here: DiskStore, folder: str) -> None:
        delete(here, folder)
        with suppress(ServiceError):
            uploads.append(folder, "0", io.BytesIO(CHUNK), size=len(CHUNK), offset=0)

    monkeypatch.setattr(DiskStore, "delete", complete_meanwhile)
    for end in (alice.end, lambda _: sweep_after_a_day(rig)):
        file = NewFile()
        alice.create(file)
        (row,) = rig.rows(KEPT_FILE)
        uploads.begin(row.folder, "0")
        end(file)
        assert (rig.rows(KEPT_FILE), files_in(store)) == ([], [])


def test_many_uploads_that_go_on_keep_no_other_from_its_end(
    alice: Keeper, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = [NewFile() for _ in range(4)]
    for file in several:
        assert alice.create(file).status_code == 201
    rig.clock.advance(seconds=2 * DAY)
    now = rig.clock().timestamp()
    going_on = {row.folder for row in rig.rows(KEPT_FILE) if row.id in {file.id for file in several[:2]}}
    monkeypatch.setattr(files, "_STALE", files._STALE.limit(1))
    monkeypatch.setattr(Uploads, "changed_at", lambda _uploads, folder: now if folder in going_on else 0.0)
    rig.delivery.sweep.run()
    assert {row.id for row in rig.rows(KEPT_FILE)} == {file.id for file in several[:2]}


def sweep_after_a_day(rig: Rig) -> None:
    rig.clock.advance(seconds=2 * DAY)
    rig.delivery.sweep.run()


def test_a_file_that_has_not_come_whole_is_not_kept(alice: Keeper) -> None:
    file = NewFile()
    alice.create(file)
    assert error_of(alice.keep(1, kept=[file])) == (409, "incomplete")
    assert error_of(alice.keep(1, kept=[NewFile()])) == (404, "no-such-file")
    assert error_of(alice.read(file, "manifest")) == (404, "not-found")
    assert alice.index()[0]["version"] == 0


def test_files_and_parcels_share_one_quota(config: BridgeConfig, store: Path, clock: FakeClock) -> None:
    app = create_app(replace(config, clock=clock, parcels=store_config(store, sender_bytes=15_000)))
    rig = Rig(app, clock)
    keeper, sender, file = keeper_of(rig, ALICE), rig.sender(), NewFile()
    sender.send_whole(Draft())
    before = rig.used()[ALICE]
    assert keeper.create(file).status_code == 201
    assert rig.used()[ALICE] == before + len(b"".join([*file.chunks, file.manifest]))
    assert error_of(keeper.create(NewFile())) == (507, "quota-exceeded")
    assert error_of(sender.create(Draft(chunks=(CHUNK,)))) == (507, "quota-exceeded")
    assert keeper.end(file).status_code == 204
    assert keeper.create(NewFile()).status_code == 201
    services_of(app).close()


def no_disk(_quota: Quota, _size: int) -> None:
    raise StoreFull


def no_total(_quota: Quota, _size: int) -> None:
    raise QuotaExceeded


@pytest.mark.parametrize(("refuse", "code"), [(no_disk, "store-full"), (no_total, "quota-exceeded")])
def test_where_no_room_is_left_people_still_delete_files(
    refuse: Callable[[Quota, int], None], code: str, alice: Keeper, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted, left = NewFile(), NewFile()
    for file in (deleted, left):
        alice.upload(file)
    assert alice.keep(1, kept=[deleted, left]).status_code == 200
    before = rig.used()[ALICE]
    monkeypatch.setattr(Quota, "check_room", refuse)
    assert error_of(alice.keep(2)) == (507, code)
    assert error_of(alice.keep(2, deleted=[deleted], content=bytes(100_000))) == (507, code), "it grows"
    assert alice.keep(2, deleted=[deleted]).status_code == 200
    assert [row.id for row in rig.rows(KEPT_FILE)] == [left.id]
    assert rig.used()[ALICE] == before // 2


def test_another_content_under_an_id_is_refused(alice: Keeper) -> None:
    file = NewFile(chunks=(b"small",))
    alice.create_whole(file)
    assert error_of(alice.create_whole(replace(file, chunks=(b"other",)))) == (409, "id-used")
    assert error_of(alice.create(file)) == (409, "id-used")


def test_an_account_keeps_so_many_files(config: BridgeConfig, store: Path, clock: FakeClock) -> None:
    app = create_app(replace(config, clock=clock, parcels=store_config(store, max_kept_files=2)))
    rig = Rig(app, clock)
    keeper = keeper_of(rig, ALICE)
    answers = [keeper.create_whole(NewFile(chunks=(b"small",))) for _ in range(3)]
    assert [answer.status_code for answer in answers[:2]] == [201, 201]
    assert error_of(answers[2]) == (507, "too-many-files")
    assert len(files_in(store)) == 2
    assert get(keeper.client, "/api/config").get_json()["parcels"]["maxKeptFiles"] == 2
    services_of(app).close()


def test_an_operator_may_let_nobody_keep_files(config: BridgeConfig, store: Path, clock: FakeClock) -> None:
    app = create_app(replace(config, clock=clock, parcels=store_config(store, max_kept_files=0)))
    keeper = keeper_of(Rig(app, clock), ALICE)
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
def test_an_announcement_that_is_none_is_refused(alice: Keeper, rig: Rig, changes: dict[str, Any]) -> None:
    assert error_of(alice.create(NewFile(), **changes)) == (400, "bad-request")
    assert rig.rows(KEPT_FILE) == []


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
def test_an_index_that_is_none_is_refused(alice: Keeper, rig: Rig, data: bytes, store: Path) -> None:
    answer = alice.client.put("/api/files/index", base_url=API, headers=FROM_PAGES, data=data, buffered=True)
    assert error_of(answer) == (400, "bad-request")
    assert (rig.rows(KEPT_INDEX), files_in(store)) == ([], [])


def test_an_index_that_is_too_large_is_refused(alice: Keeper) -> None:
    line = b'{"version": 1, "objects": [8388608], "manifest": 1}\n'
    answer = alice.client.put("/api/files/index", base_url=API, headers=FROM_PAGES, data=line, buffered=True)
    assert error_of(answer) == (413, "parcel-too-large")
