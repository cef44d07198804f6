"""Stores that are full or fail in the middle, and stores at a URL: a clear answer, and nothing half-kept."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import pytest

from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, error_of, get
from tests.support.servers.parcels import DAY, Draft, Recipient, Rig, Sender, bridge_config, store_config
from webbridge import create_app
from webbridge.delivery.store import RemoteStore, StoreFailed
from webbridge.services import services_of

pytestmark = pytest.mark.server

FULL = (507, "store-full")
UNAVAILABLE = (503, "store-unavailable")


def files_in(store: Path) -> list[Path]:
    return [file for file in store.rglob("*") if file.is_file()]


def fill_after(count: int, monkeypatch: pytest.MonkeyPatch, code: int = errno.ENOSPC) -> None:
    """Let the disk take so many bytes more."""
    write = os.write
    left = count

    def write_some(descriptor: int, data: Any) -> int:
        nonlocal left
        if not left:
            raise OSError(code, os.strerror(code))
        written = write(descriptor, bytes(data)[:left])
        left -= written
        return written

    monkeypatch.setattr(os, "write", write_some)


@pytest.mark.parametrize(("code", "answer"), [(errno.ENOSPC, FULL), (errno.EDQUOT, FULL), (errno.EIO, UNAVAILABLE)])
def test_a_whole_parcel_on_a_full_disk_is_refused_and_leaves_nothing(
    sender: Sender, rig: Rig, store: Path, code: int, answer: tuple[int, str]
) -> None:
    draft = Draft()
    with pytest.MonkeyPatch.context() as patch:
        fill_after(10, patch, code)
        assert error_of(sender.create(draft, whole=True)) == answer
    assert (rig.rows(), rig.used()) == ([], {})
    assert sender.create(draft, whole=True).status_code == 201


def test_an_upload_on_a_full_disk_goes_on_where_it_was(sender: Sender, rig: Rig, recipient: Recipient) -> None:
    draft = Draft()
    sender.create(draft)
    sender.begin(draft, "1", len(draft.chunks[1]))
    with pytest.MonkeyPatch.context() as patch:
        fill_after(5, patch)
        assert error_of(sender.patch(draft, "1", 0, draft.chunks[1])) == FULL
    assert sender.offset(draft, "1") == 5
    assert sender.patch(draft, "1", 5, draft.chunks[1][5:]).status_code == 204
    for name in ("0", "manifest"):
        sender.begin(draft, name, len(draft.objects[name]), draft.objects[name])
    sender.submit(draft)
    assert recipient.fetch(recipient.ticket(draft), "1").data == draft.chunks[1]


def test_a_sync_that_fails_acknowledges_nothing(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = Draft()
    sender.create(draft)
    sender.begin(draft, "1", len(draft.chunks[1]))

    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "no")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        assert error_of(sender.patch(draft, "1", 0, draft.chunks[1])) == UNAVAILABLE


def test_no_answer_and_no_log_names_the_place_of_the_store(
    sender: Sender, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    draft = Draft()
    with pytest.MonkeyPatch.context() as patch:
        fill_after(0, patch, errno.EIO)
        answer = sender.create(draft, whole=True)
    assert str(store) not in answer.get_data(as_text=True)
    assert str(store) not in caplog.text
    assert draft.id not in caplog.text


def test_a_parcel_whose_bytes_are_lost_breaks_the_download_off(
    sender: Sender, recipient: Recipient, store: Path
) -> None:
    draft = Draft()
    sender.send_parts(draft)
    ticket = recipient.ticket(draft)
    (file,) = [file for file in files_in(store) if file.name == "1"]
    os.truncate(file, 3)
    with pytest.raises(ConnectionResetError):
        recipient.fetch(ticket, "1")
    file.unlink()
    assert error_of(recipient.fetch(ticket, "1")) == UNAVAILABLE


def test_a_withdrawal_counts_also_when_the_store_fails(
    sender: Sender, recipient: Recipient, rig: Rig, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = Draft()
    sender.send_whole(draft)

    def fail(_store: object, _folder: str) -> None:
        raise StoreFailed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(rig.delivery.store), "delete", fail)
        assert sender.call(draft, "withdraw").get_json()["state"] == "withdrawn"
    assert error_of(recipient.open(draft.id, draft.proof)) == (410, "withdrawn")
    assert (len(files_in(store)), sum(rig.used().values()) > 0) == (1, True)
    rig.delivery.sweep.run()
    assert (files_in(store), sum(rig.used().values())) == ([], 0)


@pytest.fixture
def remote(database_url: str, tmp_path: Path, clock: FakeClock) -> Iterator[Rig]:
    """A bridge whose store is one of fsspec, in memory."""
    name = f"memory://{tmp_path.name}"
    config = store_config(name, upload_folder=tmp_path / "uploads")
    app = create_app(bridge_config(database_url, clock, config))
    yield Rig(app, clock)
    services_of(app).close()
    fsspec.filesystem("memory").store.clear()


def test_a_store_at_a_url_gives_the_bytes_back(remote: Rig, tmp_path: Path) -> None:
    sender, recipient = remote.sender(), remote.recipient()
    for send in (sender.send_whole, sender.send_parts):
        draft = Draft()
        send(draft)
        ticket = recipient.ticket(draft)
        assert {name: recipient.fetch(ticket, name).data for name in draft.objects} == draft.objects
        part = recipient.fetch(ticket, "1", Range="bytes=3-7")
        assert (part.status_code, part.data) == (206, draft.chunks[1][3:8])
        assert sender.call(draft, "withdraw").status_code == 200
    assert files_in(tmp_path / "uploads") == []
    assert list(remote.delivery.store.folders()) == []


def test_a_store_that_fails_at_the_end_of_an_upload_gets_it_later(remote: Rig) -> None:
    sender, recipient, draft = remote.sender(), remote.recipient(), Draft()
    sender.create(draft)

    def fail(*_: object) -> None:
        raise StoreFailed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RemoteStore, "keep", fail)
        for name, data in draft.objects.items():
            assert error_of(sender.begin(draft, name, len(data), data)) == UNAVAILABLE
        assert sender.offset(draft, "0") is None
        answer = sender.submit(draft)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "incomplete")
    assert sender.offset(draft, "0") == len(draft.chunks[0])
    assert sender.submit(draft).status_code == 200
    assert recipient.fetch(recipient.ticket(draft), "manifest").data == draft.manifest


def test_an_error_of_fsspec_is_a_store_that_does_not_work(
    remote: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sender, draft = remote.sender(), Draft()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret address of the bucket")

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "pipe_file", fail)
    assert error_of(sender.create(draft, whole=True)) == UNAVAILABLE
    assert "secret address" not in caplog.text
    assert remote.rows() == []


def test_orphans_in_a_store_at_a_url_are_deleted(remote: Rig) -> None:
    remote.delivery.store.write_whole("0" * 32, b"of a process that was killed")
    remote.clock.at = datetime.now(UTC)
    remote.delivery.sweep.delete_orphans()
    assert len(list(remote.delivery.store.folders())) == 1
    remote.clock.advance(seconds=DAY + 60)
    remote.delivery.sweep.delete_orphans()
    assert list(remote.delivery.store.folders()) == []


def test_the_health_of_a_bridge_says_whether_its_store_works(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbridge.reachability.Reachability.is_good", lambda _: True)
    assert get(rig.app.test_client(), "/api/ready").get_json()["parcels"] == "ok"

    def fail(*_: object) -> None:
        raise StoreFailed

    monkeypatch.setattr(type(rig.delivery.store), "size_of", fail)
    answer = rig.app.test_client().get("/api/ready", base_url=API)
    assert (answer.status_code, answer.get_json()["parcels"]) == (200, "failed")
