"""Downloads of objects: whole, in ranges (RFC 9110 section 14), by the proxy, or from the store itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, PAGES, error_of
from tests.support.servers.parcels import Draft, Recipient, Rig, Sender, bridge_config, store_config
from webbridge import create_app
from webbridge.delivery.store import DiskStore, RemoteStore
from webbridge.delivery.store.protocol import PIECE_BYTES, Elsewhere
from webbridge.services import services_of

pytestmark = pytest.mark.server

DATA = bytes(range(256)) * 4
WAYS: list[Callable[[Sender, Draft], TestResponse]] = [Sender.send_whole, Sender.send_parts]


@dataclass(frozen=True)
class Open:
    """An opened parcel."""

    recipient: Recipient
    ticket: str

    def fetch(self, name: str = "1", **headers: str) -> TestResponse:
        return self.recipient.fetch(self.ticket, name, **headers)


@pytest.fixture(params=WAYS, ids=["whole", "parts"])
def opened(request: pytest.FixtureRequest, sender: Sender, recipient: Recipient) -> Open:
    """An opened parcel whose chunk 1 is DATA."""
    draft = Draft(chunks=(b"before", DATA, b"after"))
    request.param(sender, draft)
    return Open(recipient, recipient.ticket(draft))


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=10-19", 10, 20), ("bytes=1000-", 1_000, 1_024), ("bytes=-24", 1_000, 1_024),
     ("bytes=0-", 0, 1_024), ("bytes=1000-9999", 1_000, 1_024), ("bytes=-9999", 0, 1_024),
     ("bytes=1023-1023", 1_023, 1_024), ("bytes=0-999999999999999", 0, 1_024)],
)  # fmt: skip
def test_a_range_is_answered(opened: Open, wanted: str, start: int, end: int) -> None:
    answer = opened.fetch(Range=wanted)
    assert (answer.status_code, answer.data) == (206, DATA[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(DATA)}"
    assert answer.content_length == end - start


@pytest.mark.parametrize("wanted", ["bytes=1024-", "bytes=1024-2000", "bytes=-0", "bytes=999999999999999-"])
def test_a_range_behind_the_end_is_refused(opened: Open, wanted: str) -> None:
    answer = opened.fetch(Range=wanted)
    assert (answer.status_code, answer.data) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize(
    "wanted",
    ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,4-5", "lines=0-1", "bytes = 0-1",
     "bytes=0-1 ", "bytes=" + "9" * 40 + "-", "bytes=\u0661-2", "bytes=+1-2", "bytes=1--2"],
)  # fmt: skip
def test_a_range_that_is_none_gets_the_whole_object(opened: Open, wanted: str) -> None:
    answer = opened.fetch(Range=wanted.encode().decode("latin-1"))
    assert (answer.status_code, answer.data) == (200, DATA)
    assert "Content-Range" not in answer.headers


def test_a_range_of_another_version_gets_the_whole_object(opened: Open) -> None:
    etag = opened.fetch().headers["ETag"]
    assert opened.fetch(Range="bytes=0-3", If_Range=etag).data == DATA[:4]
    assert opened.fetch(Range="bytes=0-3", If_Range='"other"').data == DATA
    assert opened.fetch("0").headers["ETag"] != etag


def test_head_says_what_get_gives(opened: Open) -> None:
    answer = opened.recipient.fetch(opened.ticket, "1", method="HEAD")
    assert (answer.status_code, answer.data, answer.content_length) == (200, b"", len(DATA))
    assert answer.headers["Accept-Ranges"] == "bytes"
    part = opened.recipient.fetch(opened.ticket, "1", method="HEAD", Range="bytes=4-7")
    assert (part.status_code, part.headers["Content-Range"]) == (206, f"bytes 4-7/{len(DATA)}")


@pytest.mark.parametrize("name", ["3", "-1", "01", "x", "whole", "manifest2", "..", "%2e%2e", "\u0661"])
def test_a_parcel_has_no_other_objects(opened: Open, name: str) -> None:
    assert error_of(opened.fetch(name)) == (404, "not-found")


def test_the_pages_may_read_the_answer_and_no_other_site(opened: Open) -> None:
    answer = opened.fetch(Range="bytes=0-3")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGES
    assert "Content-Range" in answer.headers["Access-Control-Expose-Headers"]
    fields = {
        "Origin": PAGES,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,range,x-sealwax",
    }
    preflight = opened.recipient.client.options("/api/open/objects/1", base_url=API, headers=fields)
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower()
    assert all(name in allowed for name in ("authorization", "range", "x-sealwax"))
    other = opened.recipient.fetch(opened.ticket, "1", Origin="https://elsewhere.example")
    assert error_of(other) == (403, "wrong-origin")


@pytest.mark.parametrize("ticket", ["", "x", "A" * 118, "A" * 117 + "\u00e9", "A" * 2_000])
def test_a_ticket_that_the_bridge_has_not_made_gets_nothing(opened: Open, ticket: str) -> None:
    assert error_of(opened.recipient.fetch(ticket.encode().decode("latin-1"), "1")) == (401, "ticket-ended")


def test_an_altered_ticket_gets_nothing(opened: Open) -> None:
    for place in range(0, len(opened.ticket), 7):
        letter = "B" if opened.ticket[place] != "B" else "C"
        altered = opened.ticket[:place] + letter + opened.ticket[place + 1 :]
        assert error_of(opened.recipient.fetch(altered, "1")) == (401, "ticket-ended")


def test_a_ticket_ends(opened: Open, rig: Rig) -> None:
    rig.clock.advance(seconds=12 * 60 * 60 - 1)
    assert opened.fetch().status_code == 200
    rig.clock.advance(seconds=1)
    assert error_of(opened.fetch()) == (401, "ticket-ended")


def test_large_objects_come_in_pieces(sender: Sender, rig: Rig, recipient: Recipient) -> None:
    data = bytes(range(256)) * (PIECE_BYTES // 128)
    draft = Draft(chunks=(data,))
    sender.send_parts(draft)
    (row,) = rig.rows()
    pieces = list(rig.delivery.store.read(row.folder, "0", 10, len(data) - 20))
    assert [len(piece) for piece in pieces] == [PIECE_BYTES, len(data) - 20 - PIECE_BYTES]
    assert recipient.fetch(recipient.ticket(draft), "0").data == data


@pytest.fixture
def behind_nginx(store: Path, clock: FakeClock) -> Iterator[Rig]:
    app = create_app(bridge_config(":memory:", clock, store_config(store, accel_path="/parcel-files")))
    yield Rig(app, clock)
    services_of(app).close()


def test_nginx_sends_the_bytes_of_an_object(behind_nginx: Rig, store: Path) -> None:
    sender, recipient, draft = behind_nginx.sender(), behind_nginx.recipient(), Draft(chunks=(DATA,))
    sender.send_parts(draft)
    answer = recipient.fetch(recipient.ticket(draft), "0", Range="bytes=0-3")
    path = answer.headers["X-Accel-Redirect"]
    assert (answer.status_code, answer.data) == (200, b"")
    file = store / path.removeprefix("/parcel-files/")
    assert file.read_bytes() == DATA
    assert draft.id not in path
    # The group of the folder is that of nginx.
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o640, 0o750)
    whole = Draft(chunks=(DATA,))
    sender.send_whole(whole)
    assert recipient.fetch(recipient.ticket(whole), "0").data == DATA


def test_without_nginx_nobody_else_reads_the_files(sender: Sender, store: Path) -> None:
    sender.send_whole(Draft())
    modes = {path.stat().st_mode & 0o777 for path in store.rglob("*")}
    assert modes == {0o700, 0o600}


def test_a_store_with_addresses_of_its_own_gives_the_bytes(behind_nginx: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://bucket.s3.example.org/ab/cd/0?X-Amz-Signature=x"
    monkeypatch.setattr(DiskStore, "find_elsewhere", lambda *_: Elsewhere(url=url))
    sender, recipient, draft = behind_nginx.sender(), behind_nginx.recipient(), Draft()
    sender.send_parts(draft)
    ticket = recipient.ticket(draft)
    answer = recipient.fetch(ticket, "0")
    assert (answer.status_code, answer.headers["Location"]) == (307, url)
    assert recipient.fetch(ticket, "0", method="HEAD").content_length == len(draft.chunks[0])
    assert RemoteStore("memory://x").find_elsewhere("ab" * 16, "0") is None
