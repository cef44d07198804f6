"""Parcels in an S3-compatible store, moto's server: the bridge sends the bytes, or gives presigned addresses."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.servers.bridge import error_of
from tests.support.servers.mailboxes import ALICE
from tests.support.servers.parcels import DAY, Draft, Rig, bridge_config, store_config
from tests.support.servers.s3 import BUCKET, STORE, S3Service, running_s3
from webbridge import create_app
from webbridge.delivery.ids import MANIFEST
from webbridge.delivery.kept.announcements import NewFile
from webbridge.services import services_of

pytestmark = pytest.mark.server

UNAVAILABLE = (503, "store-unavailable")


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Service]:
    with running_s3() as service:
        yield service


@pytest.fixture(params=[0, 300], ids=["through the bridge", "presigned"])
def remote(request: pytest.FixtureRequest, s3: S3Service, tmp_path: Path, clock: FakeClock) -> Iterator[Rig]:
    config = store_config(
        STORE, endpoint=s3.endpoint, upload_folder=tmp_path / "uploads", presigned_seconds=request.param
    )
    app = create_app(bridge_config(":memory:", clock, config))
    yield Rig(app, clock)
    services_of(app).close()


def test_the_store_gives_the_bytes_back_and_forgets_them(remote: Rig, s3: S3Service, tmp_path: Path) -> None:
    sender, recipient = remote.sender(), remote.recipient()
    for send, chunks in ((sender.send_whole, (b"one",)), (sender.send_parts, (os.urandom(3_000_000), b"two"))):
        draft = Draft(chunks=chunks)
        send(draft)
        ticket = recipient.ticket(draft)
        for name, data in draft.objects.items():
            answer = recipient.fetch(ticket, name)
            if answer.status_code == 307:
                address = answer.headers["Location"]
                # Most services take this signature only.
                assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in address
                with urllib.request.urlopen(address) as response:
                    assert response.read() == data
            else:
                assert answer.data == data
        assert recipient.fetch(ticket, "0", method="HEAD").content_length == len(chunks[0])
        assert sender.call(draft, "withdraw").status_code == 200
    assert s3.files().find(BUCKET) == []
    assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []


def test_another_manifest_replaces_that_of_a_file(remote: Rig) -> None:
    kept_files, store = remote.delivery.kept, remote.delivery.store
    new = NewFile(id=Draft().id, objects=(), manifest_bytes=100, is_whole=False)
    kept_files.create(ALICE, new, b"")
    for manifest in (b"the manifest", b"another one", b"another one"):
        file = kept_files.finish(ALICE, new.id, manifest)
        assert b"".join(store.read(file.folder, MANIFEST, 0, file.manifest_bytes)) == manifest
    kept_files.end(ALICE, new.id)


def test_an_orphan_goes_after_a_day(remote: Rig, s3: S3Service) -> None:
    remote.delivery.store.write_whole("0" * 32, b"of a process that was killed")
    remote.clock.at = datetime.now(UTC)
    remote.delivery.sweep.delete_orphans()
    assert len(s3.files().find(BUCKET)) == 1
    remote.clock.advance(seconds=DAY + 60)
    remote.delivery.sweep.delete_orphans()
    assert s3.files().find(BUCKET) == []


def test_a_store_that_fails_in_the_middle_of_a_parcel_gets_the_rest_later(
    remote: Rig, s3: S3Service, tmp_path: Path
) -> None:
    sender, recipient, draft = remote.sender(), remote.recipient(), Draft()
    sender.create(draft)
    sender.begin(draft, "0", len(draft.chunks[0]), draft.chunks[0])
    sender.begin(draft, "1", len(draft.chunks[1]))
    s3.is_failing = True
    assert error_of(sender.patch(draft, "1", 0, draft.chunks[1])) == UNAVAILABLE
    assert error_of(sender.submit(draft)) == UNAVAILABLE
    s3.is_failing = False
    assert len(s3.files().find(BUCKET)) == 1, "nothing half-written has a name"
    # The bytes are on this machine, and need not be sent again.
    assert sender.offset(draft, "1") == len(draft.chunks[1])
    sender.begin(draft, "manifest", len(draft.manifest), draft.manifest)
    assert sender.submit(draft).status_code == 200
    ticket = recipient.ticket(draft)
    s3.is_failing = True
    answer = recipient.fetch(ticket, "1")
    if answer.status_code != 307:
        assert error_of(answer) == UNAVAILABLE
        assert s3.endpoint not in answer.get_data(as_text=True)
    s3.is_failing = False
    sender.call(draft, "withdraw")
    assert s3.files().find(BUCKET) == []
