"""Uploads by tus 1.0: what was acknowledged stays, and nothing else than the announced bytes comes in."""

from __future__ import annotations

import io
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import pytest
from werkzeug.test import TestResponse

from tests.support.servers.bridge import API, error_of
from tests.support.servers.mailboxes import ALICE
from tests.support.servers.parcels import OFFSET_BYTES, TUS, Draft, Recipient, Rig, Sender
from webbridge.blueprints import parcel_calls
from webbridge.delivery.delivery import MAX_SLOW_PER_SENDER
from webbridge.delivery.parcels import Parcel, Parcels
from webbridge.delivery.store.locks import UploadBusy

pytestmark = pytest.mark.server

DATA = bytes(range(256)) * 40


@pytest.fixture
def draft(sender: Sender) -> Draft:
    draft = Draft(chunks=(DATA, b"last"))
    assert sender.create(draft).status_code == 201
    return draft


def test_an_upload_goes_on_where_it_was_broken_off(sender: Sender, draft: Draft, recipient: Recipient) -> None:
    assert sender.begin(draft, "0", len(DATA), DATA[:100]).headers["Upload-Offset"] == "100"
    assert sender.offset(draft, "0") == 100
    assert sender.patch(draft, "0", 100, DATA[100:5_000]).headers["Upload-Offset"] == "5000"
    assert sender.patch(draft, "0", 5_000, DATA[5_000:]).status_code == 204
    assert sender.offset(draft, "0") == len(DATA)
    sender.begin(draft, "1", 4, b"last")
    sender.begin(draft, "manifest", len(draft.manifest), draft.manifest)
    assert sender.submit(draft).status_code == 200
    assert recipient.fetch(recipient.ticket(draft), "0").data == DATA


@pytest.mark.parametrize("offset", [0, 99, 101, 10**12])
def test_a_wrong_offset_adds_nothing(sender: Sender, draft: Draft, offset: int) -> None:
    sender.begin(draft, "0", len(DATA), DATA[:100])
    answer = sender.patch(draft, "0", offset, b"x")
    assert error_of(answer) in ((409, "wrong-offset"), (413, "parcel-too-large"))
    assert sender.offset(draft, "0") == 100


@pytest.mark.parametrize("offset", ["", "-1", "+1", "1.0", "0x1", "\u0663", "9" * 30])
def test_an_offset_that_is_no_number_is_refused(sender: Sender, draft: Draft, offset: str) -> None:
    sender.begin(draft, "0", len(DATA))
    if offset.isascii():
        assert error_of(sender.patch(draft, "0", offset, b"x")) == (400, "bad-request")
    assert sender.offset(draft, "0") == 0


def test_more_bytes_than_were_announced_are_refused(sender: Sender, draft: Draft) -> None:
    sender.begin(draft, "0", len(DATA), DATA[:-1])
    assert error_of(sender.patch(draft, "0", len(DATA) - 1, b"xy")) == (413, "parcel-too-large")
    assert sender.offset(draft, "0") == len(DATA) - 1


def test_more_bytes_in_chunks_without_a_length_are_cut_back(sender: Sender, draft: Draft, rig: Rig) -> None:
    sender.begin(draft, "0", len(DATA), DATA[:-1])
    (row,) = rig.rows()
    with pytest.raises(Exception, match="more bytes"):
        rig.delivery.uploads.append(row.folder, "0", io.BytesIO(b"xyz"), size=len(DATA), offset=len(DATA) - 1)
    assert sender.offset(draft, "0") == len(DATA) - 1


def test_another_size_than_announced_is_refused(sender: Sender, draft: Draft) -> None:
    assert error_of(sender.begin(draft, "0", len(DATA) + 1)) == (400, "bad-request")


@pytest.mark.parametrize("name", ["2", "-1", "00", "01", "manifest ", "../x", "", "whole", "999999", "Manifest", "0\n"])
def test_a_name_that_was_not_announced_is_refused(sender: Sender, draft: Draft, name: str, store: Path) -> None:
    assert error_of(sender.begin(draft, name, 4)) == (400, "bad-request")
    if name not in ("", "../x", "0\n"):
        assert error_of(sender.patch(draft, name, 0, b"x")) == (404, "not-found")
    assert [file for file in store.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize(
    "metadata", ["", "name", "name !", "nom MA==", "name /w==", "name MA", "name " + "A" * 100_000]
)
def test_metadata_without_a_name_is_refused(sender: Sender, draft: Draft, metadata: str) -> None:
    answer = sender.client.post(
        f"/api/parcels/{draft.id}/objects",
        base_url=API,
        headers=sender.headers | TUS | {"Upload-Length": "4", "Upload-Metadata": metadata},
    )
    assert error_of(answer) == (400, "bad-request")


def test_a_begun_upload_stays_as_it_is_when_it_is_begun_again(sender: Sender, draft: Draft) -> None:
    sender.begin(draft, "0", len(DATA), DATA[:100])
    assert sender.begin(draft, "0", len(DATA)).status_code == 201
    assert sender.offset(draft, "0") == 100
    # The same request again, as after a lost answer, names a beginning that is stored already.
    assert error_of(sender.begin(draft, "0", len(DATA), DATA[:100])) == (409, "wrong-offset")
    assert sender.offset(draft, "0") == 100
    sender.patch(draft, "0", 100, DATA[100:])
    assert sender.begin(draft, "0", len(DATA)).status_code == 201
    assert sender.offset(draft, "0") == len(DATA)


def test_the_last_request_may_be_repeated(sender: Sender, draft: Draft) -> None:
    sender.begin(draft, "1", 4, b"last")
    assert sender.patch(draft, "1", 4, b"").status_code == 204
    assert error_of(sender.patch(draft, "1", 0, b"last")) == (409, "wrong-offset")
    assert sender.offset(draft, "1") == 4


def test_an_upload_that_was_never_begun_is_not_there(sender: Sender, draft: Draft) -> None:
    assert sender.offset(draft, "0") is None
    assert error_of(sender.patch(draft, "0", 0, b"x")) == (404, "not-found")
    assert error_of(sender.delete(draft, "0")) == (404, "not-found")


@pytest.mark.parametrize("size", [2, 4])
def test_an_upload_that_is_ended_is_gone(sender: Sender, draft: Draft, size: int, store: Path) -> None:
    sender.begin(draft, "1", 4, b"last"[:size])
    assert sender.delete(draft, "1").status_code == 204
    assert sender.offset(draft, "1") is None
    assert [file for file in store.rglob("*") if file.is_file()] == []
    sender.begin(draft, "1", 4, b"last")
    assert sender.offset(draft, "1") == 4


def test_a_parcel_is_not_submitted_before_all_objects_have_come(sender: Sender, draft: Draft) -> None:
    sender.begin(draft, "0", len(DATA), DATA[:-1])
    answer = sender.submit(draft)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "incomplete")
    assert answer.get_json()["missing"] == ["0", "1", "manifest"]


def test_what_has_not_come_costs_no_question_to_the_store(
    sender: Sender, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = Draft(chunks=(b"x",) * 2_000)
    sender.create(draft)
    sender.begin(draft, "7", 1, b"x")
    names: list[str] = []
    size_of = rig.delivery.store.size_of

    def note_question(folder: str, name: str) -> int | None:
        names.append(name)
        return size_of(folder, name)

    monkeypatch.setattr(rig.delivery.store, "size_of", note_question)
    refused = sender.submit(draft)
    assert (refused.status_code, refused.get_json()["missing"][:8]) == (409, [*map(str, range(7)), "8"])
    assert len(names) <= 1


def test_a_request_that_may_be_slow_takes_one_of_the_senders_places(
    sender: Sender, draft: Draft, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body may come slowly, and requests that end an upload, or need it whole, wait for each other."""
    monkeypatch.setattr(parcel_calls, "SLOW_PATIENCE_SECONDS", 0.1)
    other = rig.sender("carol@example.org")
    with ExitStack() as places:
        for _ in range(MAX_SLOW_PER_SENDER):
            places.enter_context(rig.delivery.slow_gate.one(ALICE))
        answers = [
            sender.create(Draft(), whole=True),
            sender.create(Draft()),
            sender.call(draft, "extend", {"days": 1}),
            sender.call(draft, "downloads", {"limit": 1}),
            sender.submit(draft),
            sender.delete(draft, "0"),
        ]
        assert [error_of(answer) for answer in answers] == [(429, "try-later")] * len(answers)
        assert other.create(Draft(), whole=True).status_code == 201
        assert sender.begin(draft, "0", len(draft.chunks[0]), b"f").status_code == 201
    assert sender.create(Draft(), whole=True).status_code == 201


def test_bodies_that_come_at_once_wait_for_each_other(sender: Sender, rig: Rig) -> None:
    def send(_number: int) -> int:
        return Sender(rig.app.test_client(), sender.token).create(Draft(), whole=True).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(24))) == {201}


def test_a_submitted_parcel_takes_no_bytes(sender: Sender, recipient: Recipient) -> None:
    draft = Draft()
    sender.send_parts(draft)
    assert error_of(sender.begin(draft, "0", len(draft.chunks[0]))) == (409, "submitted")
    assert error_of(sender.delete(draft, "0")) == (409, "submitted")
    assert recipient.fetch(recipient.ticket(draft), "0").data == draft.chunks[0]


def test_an_object_is_not_deleted_while_its_parcel_is_submitted(
    sender: Sender, recipient: Recipient, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, submit = Draft(), Parcels.submit
    sender.create(draft)
    for name, data in draft.objects.items():
        sender.begin(draft, name, len(data), data)
    with ThreadPoolExecutor(1) as pool:
        deletions: list[Future[TestResponse]] = []

        def submit_slowly(parcels: Parcels, sender_address: str, parcel_id: str, manifest_bytes: int | None) -> Parcel:
            # The objects are checked, and the parcel is not submitted yet.
            other = Sender(rig.app.test_client(), sender.token)
            deletions.append(pool.submit(other.delete, draft, "0"))
            wait(deletions, timeout=0.3)
            return submit(parcels, sender_address, parcel_id, manifest_bytes)

        monkeypatch.setattr(Parcels, "submit", submit_slowly)
        assert sender.submit(draft).get_json()["state"] == "submitted"
        assert error_of(deletions[0].result(10)) == (409, "submitted")
    assert recipient.fetch(recipient.ticket(draft), "0").data == draft.chunks[0]


def test_one_request_at_a_time_adds_to_an_object(sender: Sender, draft: Draft, rig: Rig) -> None:
    sender.begin(draft, "0", len(DATA))
    (row,) = rig.rows()
    has_begun, may_end = threading.Event(), threading.Event()

    class Slow(io.RawIOBase):
        pieces: ClassVar = [DATA[:10], DATA[10:20]]

        def read(self, size: int = -1) -> bytes:
            has_begun.set()
            assert may_end.wait(60)
            return self.pieces.pop(0) if self.pieces else b""

    def upload() -> None:
        rig.delivery.uploads.append(row.folder, "0", Slow(), size=len(DATA), offset=0)  # type: ignore[arg-type]

    thread = threading.Thread(target=upload)
    thread.start()
    assert has_begun.wait(60)
    assert error_of(sender.patch(draft, "0", 0, b"other")) == (423, "upload-busy")
    with pytest.raises(UploadBusy):
        rig.delivery.uploads.end(row.folder, "0")
    may_end.set()
    thread.join()
    assert sender.offset(draft, "0") == 20


def test_the_bytes_of_a_connection_that_was_lost_are_kept(sender: Sender, draft: Draft, rig: Rig) -> None:
    sender.begin(draft, "0", len(DATA))
    (row,) = rig.rows()

    class Lost(io.RawIOBase):
        pieces: ClassVar = [DATA[:1_000]]

        def read(self, size: int = -1) -> bytes:
            if not self.pieces:
                raise ConnectionResetError
            return self.pieces.pop()

    with pytest.raises(Exception, match="too early"):
        rig.delivery.uploads.append(row.folder, "0", Lost(), size=len(DATA), offset=0)  # type: ignore[arg-type]
    assert sender.offset(draft, "0") == 1_000


def test_bytes_and_names_are_synced_before_the_answer(
    sender: Sender, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    sender.begin(draft, "1", 4)
    synced.clear()
    sender.patch(draft, "1", 0, b"la")
    # The name of the upload goes to the disk with its first bytes: a client that misses it begins anew.
    assert [path.rpartition("/upload/")[2].count("/") for path in synced] == [1, 0]
    synced.clear()
    sender.patch(draft, "1", 2, b"st")
    # The file, still under its old name or by its new one, and the folder that names it.
    assert [path.rpartition("/")[2] == "1" for path in synced].count(True) == 1
    assert not synced[-1].endswith("/1")


def test_only_tus_of_this_version_is_taken(sender: Sender, draft: Draft) -> None:
    path = f"/api/parcels/{draft.id}/objects/0"
    answer = sender.client.head(path, base_url=API, headers=sender.headers | {"Tus-Resumable": "0.2.2"})
    assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")
    sender.begin(draft, "0", len(DATA))
    other = sender.client.patch(
        path,
        base_url=API,
        headers=sender.headers | TUS | {"Upload-Offset": "0"},
        data=b"x",
        content_type="application/octet-stream",
    )
    assert error_of(other) == (415, "bad-request")
    assert OFFSET_BYTES not in str(other.headers)
    offered = sender.client.options(path, base_url=API)
    assert offered.headers["Tus-Extension"] == "creation,creation-with-upload,termination"
