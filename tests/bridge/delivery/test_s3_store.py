"""Parcels in an S3-compatible store: moto's server, through s3fs, with the bridge's bytes or with presigned addresses.

Both packages are outside the lock, because only a store at s3:// needs s3fs. Without them the tests are skipped.
"""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import FakeClock
from tests.support.servers.parcels import DAY, Draft, House, bridge_config, store_config
from webbridge import create_app
from webbridge.services import services_of

pytestmark = pytest.mark.server

s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
moto_server = pytest.importorskip("moto.server", reason="moto is not installed")

BUCKET = "parcels"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of an S3-compatible service with one bucket."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            patch.setenv(name, value)
        server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        files_at(address).mkdir(BUCKET)
        yield address
        server.stop()


def files_at(endpoint: str) -> Any:
    return s3fs.S3FileSystem(client_kwargs={"endpoint_url": endpoint}, skip_instance_cache=True)


@pytest.fixture(params=[0, 300], ids=["through the bridge", "presigned"])
def remote(request: pytest.FixtureRequest, endpoint: str, tmp_path: Path, clock: FakeClock) -> Iterator[House]:
    config = store_config(
        f"s3://{BUCKET}/folder",
        endpoint=endpoint,
        upload_folder=tmp_path / "uploads",
        presigned_seconds=request.param,
    )
    app = create_app(bridge_config(":memory:", clock, config))
    yield House(app, clock)
    services_of(app).close()


def test_the_store_gives_the_bytes_back_and_forgets_them(remote: House, endpoint: str, tmp_path: Path) -> None:
    sender, recipient = remote.sender(), remote.recipient()
    for send, chunks in ((sender.send_whole, (b"one",)), (sender.send_parts, (os.urandom(3_000_000), b"two"))):
        draft = Draft(chunks=chunks)
        send(draft)
        ticket = recipient.ticket(draft)
        for name, data in draft.objects.items():
            answer = recipient.fetch(ticket, name)
            if answer.status_code == 307:
                with urllib.request.urlopen(answer.headers["Location"]) as found:
                    assert found.read() == data
            else:
                assert answer.data == data
        assert recipient.fetch(ticket, "0", method="HEAD").content_length == len(chunks[0])
        assert sender.call(draft, "withdraw").status_code == 200
    assert files_at(endpoint).find(BUCKET) == []
    assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []


def test_an_orphan_goes_after_a_day(remote: House, endpoint: str) -> None:
    remote.delivery.store.write_whole("0" * 32, b"of a process that was killed")
    remote.clock.at = datetime.now(UTC)
    remote.delivery.sweep.delete_orphans()
    assert len(files_at(endpoint).find(BUCKET)) == 1
    remote.clock.advance(seconds=DAY + 60)
    remote.delivery.sweep.delete_orphans()
    assert files_at(endpoint).find(BUCKET) == []
