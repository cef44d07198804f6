"""The ends of a parcel: its days, its withdrawal, its openings, the sweep, and clocks that jump."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import pytest

from sealwax.service import ServiceError
from tests.support.servers.bridge import error_of
from tests.support.servers.mailboxes import ALICE
from tests.support.servers.parcels import DAY, Draft, Recipient, Rig, Sender
from webbridge.database.tables import PARCEL_EVENT, PARCEL_NOTICE, PARCEL_RECEIPT
from webbridge.delivery import sweep
from webbridge.delivery.store import DiskStore, StoreFailed
from webbridge.delivery.store.protocol import PIECE_BYTES

pytestmark = pytest.mark.server

WRONG = (403, "wrong-secret")


@pytest.fixture
def draft(sender: Sender) -> Draft:
    draft = Draft()
    sender.send_whole(draft)
    return draft


def files_in(store: Path) -> list[Path]:
    return [file for file in store.rglob("*") if file.is_file()]


def states_of(sender: Sender, draft: Draft) -> list[tuple[str, str]]:
    return [(state["state"], state["by"]) for state in sender.show(draft)["states"]]


def test_an_expired_parcel_says_so_after_a_right_proof_only(draft: Draft, recipient: Recipient, rig: Rig) -> None:
    rig.clock.advance(seconds=7 * DAY)
    assert error_of(recipient.open(draft.id, draft.proof)) == (410, "expired")
    assert error_of(recipient.open(draft.id, bytes(32))) == WRONG


def test_an_expired_parcel_is_called_expired_when_its_bytes_are_gone(
    draft: Draft, recipient: Recipient, rig: Rig, sender: Sender, store: Path
) -> None:
    rig.clock.advance(seconds=7 * DAY)
    rig.delivery.sweep.run()
    rig.clock.advance(seconds=DAY)
    rig.delivery.sweep.run()
    assert files_in(store) == []
    assert error_of(recipient.open(draft.id, draft.proof)) == (410, "expired")
    assert (sender.show(draft)["state"], sender.show(draft)["stored"]) == ("expired", False)
    assert states_of(sender, draft)[-1] == ("expired", "service")
    assert error_of(sender.call(draft, "extend", {"days": 7})) == (410, "expired")


def test_a_ticket_ends_with_its_parcel(draft: Draft, recipient: Recipient, rig: Rig, sender: Sender) -> None:
    rig.clock.advance(seconds=7 * DAY - 60)
    answer = recipient.open(draft.id, draft.proof).get_json()
    assert answer["seconds"] == 60
    rig.clock.advance(seconds=60)
    assert error_of(recipient.fetch(answer["ticket"], "0")) in ((401, "ticket-ended"), (410, "expired"))
    assert error_of(recipient.claim(answer["ticket"], "opened")) in ((401, "ticket-ended"), (410, "expired"))


def test_a_withdrawn_parcel_is_gone_at_once(
    draft: Draft, recipient: Recipient, sender: Sender, rig: Rig, store: Path
) -> None:
    ticket = recipient.ticket(draft)
    assert sender.call(draft, "withdraw").get_json()["state"] == "withdrawn"
    assert error_of(recipient.fetch(ticket, "0")) == (410, "withdrawn")
    assert error_of(recipient.open(draft.id, draft.proof)) == (410, "withdrawn")
    assert error_of(recipient.open(draft.id, bytes(32))) == WRONG
    assert files_in(store) == []
    assert rig.rows(PARCEL_NOTICE) == []
    for verb, members in (("extend", {"days": 1}), ("tries", {}), ("downloads", {"limit": 1}), ("submit", {})):
        assert error_of(sender.call(draft, verb, members)) == (410, "withdrawn")
    assert states_of(sender, draft) == [("submitted", "service"), ("withdrawn", "sender")]


def test_a_withdrawn_upload_takes_no_bytes_and_leaves_none(sender: Sender, store: Path, recipient: Recipient) -> None:
    draft = Draft()
    sender.create(draft)
    sender.begin(draft, "0", len(draft.chunks[0]), draft.chunks[0])
    sender.begin(draft, "1", len(draft.chunks[1]), b"s")
    assert sender.call(draft, "withdraw").status_code == 200
    assert error_of(sender.patch(draft, "1", 1, b"x")) == (410, "withdrawn")
    assert files_in(store) == []
    assert error_of(recipient.open(draft.id, draft.proof)) == WRONG


@pytest.mark.parametrize("part", ["store", "uploads"])
def test_an_upload_that_ends_while_its_parcel_is_withdrawn_leaves_no_bytes(
    part: str, sender: Sender, rig: Rig, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = Draft(chunks=(b"first",))
    sender.create(draft)
    sender.begin(draft, "0", 5, b"firs")
    folder_of_parcel = rig.rows()[0].folder
    delivery = rig.delivery
    delete = getattr(delivery, part).delete

    def delete_while_it_ends(folder: str) -> None:
        assert folder == folder_of_parcel
        delete(folder)
        # The request has found the parcel before it was withdrawn.
        with suppress(ServiceError):
            delivery.uploads.append(folder, "0", BytesIO(b"t"), size=5, offset=4)

    monkeypatch.setattr(getattr(delivery, part), "delete", delete_while_it_ends)
    assert sender.call(draft, "withdraw").status_code == 200
    assert files_in(store) == []
    assert rig.used() == {ALICE: 0}


@pytest.mark.parametrize("end", ["withdraw", "expire"])
def test_bytes_that_come_after_the_end_of_their_parcel_are_deleted_after_a_day(
    end: str, sender: Sender, rig: Rig, store: Path
) -> None:
    draft = Draft()
    sender.send_whole(draft)
    (row,) = rig.rows()
    if end == "withdraw":
        sender.call(draft, "withdraw")
    else:
        for days in (7, 1):
            rig.clock.advance(seconds=days * DAY)
            rig.delivery.sweep.run()
    assert files_in(store) == []
    for folder in (store / row.folder[:2] / row.folder[2:], store / "upload" / row.folder):
        folder.mkdir(parents=True)
        (folder / "0").write_bytes(b"late")
        moment = rig.clock().timestamp()
        os.utime(folder / "0", (moment, moment))
        os.utime(folder, (moment, moment))
    rig.delivery.sweep.delete_orphans()
    assert len(files_in(store)) == 2
    rig.clock.advance(seconds=DAY)
    rig.delivery.sweep.delete_orphans()
    assert files_in(store) == []


def test_an_object_on_its_way_comes_whole_when_the_parcel_is_withdrawn(
    sender: Sender, recipient: Recipient, rig: Rig
) -> None:
    data = os.urandom(3 * PIECE_BYTES)
    draft = Draft(chunks=(data,))
    sender.send_parts(draft)
    (row,) = rig.rows()
    pieces = rig.delivery.store.read(row.folder, "0", 0, len(data))
    first = next(pieces)
    assert sender.call(draft, "withdraw").status_code == 200
    assert first + b"".join(pieces) == data


def test_each_opening_counts_against_the_limit_and_a_ticket_fetches_more_than_once(
    sender: Sender, recipient: Recipient
) -> None:
    draft = Draft(downloads=2)
    sender.send_whole(draft)
    left = [recipient.open(draft.id, draft.proof).get_json() for _ in range(2)]
    assert [opening["downloadsLeft"] for opening in left] == [1, 0]
    assert error_of(recipient.open(draft.id, draft.proof)) == (410, "used-up")
    assert error_of(recipient.open(draft.id, bytes(32))) == WRONG
    for _ in range(3):
        assert recipient.fetch(left[0]["ticket"], "0").data == draft.chunks[0]
    assert sender.show(draft)["opened"] == 2


@pytest.mark.parametrize(("limit", "expected"), [(3, 200), (None, 200), (2, 410), (0, 410)])
def test_the_sender_changes_the_limit(sender: Sender, recipient: Recipient, limit: int | None, expected: int) -> None:
    draft = Draft(downloads=2)
    sender.send_whole(draft)
    for _ in range(2):
        recipient.ticket(draft)
    assert sender.call(draft, "downloads", {"limit": limit}).get_json()["downloads"] == limit
    assert recipient.open(draft.id, draft.proof).status_code == expected


@pytest.mark.parametrize("members", [{}, {"limit": -1}, {"limit": "2"}, {"limit": True}, {"limit": 10**9}])
def test_a_limit_that_is_none_is_refused(sender: Sender, draft: Draft, members: dict[str, object]) -> None:
    assert error_of(sender.call(draft, "downloads", members)) == (400, "bad-request")


def test_the_sender_extends_a_parcel_and_never_shortens_it(
    draft: Draft, sender: Sender, recipient: Recipient, rig: Rig
) -> None:
    assert sender.call(draft, "extend", {"days": 1}).get_json()["expires"] == "2026-11-27T12:00:00Z"
    assert sender.call(draft, "extend", {"days": 30}).get_json()["expires"] == "2026-12-20T12:00:00Z"
    rig.clock.advance(seconds=29 * DAY)
    assert recipient.open(draft.id, draft.proof).status_code == 200


def test_a_parcel_that_came_slowly_has_its_days_from_its_submission_on(
    sender: Sender, recipient: Recipient, rig: Rig
) -> None:
    slow = Draft(days=1)
    sender.create(slow)
    rig.clock.advance(seconds=2 * DAY)
    for name, data in slow.objects.items():
        sender.begin(slow, name, len(data), data)
    submitted = sender.submit(slow).get_json()
    assert (submitted["state"], submitted["expires"]) == ("submitted", "2026-11-23T12:00:00Z")
    rig.clock.advance(seconds=DAY - 1)
    assert recipient.open(slow.id, slow.proof).status_code == 200
    rig.clock.advance(seconds=1)
    assert error_of(recipient.open(slow.id, slow.proof)) == (410, "expired")
    assert sender.submit(slow).get_json()["expires"] == submitted["expires"]


@pytest.mark.parametrize("days", [0, 91, -1, None, "7", 1.5, True])
def test_days_that_are_none_are_refused(draft: Draft, sender: Sender, days: object) -> None:
    assert error_of(sender.call(draft, "extend", {"days": days})) == (400, "bad-request")


def test_an_expired_parcel_can_be_extended_while_its_bytes_are_there(
    draft: Draft, sender: Sender, recipient: Recipient, rig: Rig
) -> None:
    rig.clock.advance(seconds=7 * DAY)
    rig.delivery.sweep.run()
    assert sender.show(draft)["state"] == "expired"
    assert sender.call(draft, "extend", {"days": 3}).get_json()["state"] == "submitted"
    assert recipient.open(draft.id, draft.proof).status_code == 200
    rig.clock.advance(seconds=2 * DAY)
    rig.delivery.sweep.run()
    assert recipient.open(draft.id, draft.proof).status_code == 200


def test_a_clock_that_jumps_ahead_and_back_loses_no_parcel(
    draft: Draft, sender: Sender, recipient: Recipient, rig: Rig, store: Path
) -> None:
    rig.clock.advance(seconds=400 * DAY)
    for _ in range(10):
        rig.delivery.sweep.run()
        rig.clock.advance(seconds=60)
    rig.clock.advance(seconds=-400 * DAY)
    rig.delivery.sweep.run()
    assert files_in(store)
    assert sender.show(draft)["state"] == "submitted"
    assert recipient.open(draft.id, draft.proof).status_code == 200
    # Later the parcel expires in the usual way.
    rig.delivery.sweep.correct_notes()
    rig.clock.advance(seconds=8 * DAY)
    rig.delivery.sweep.run()
    assert files_in(store)
    rig.clock.advance(seconds=DAY)
    rig.delivery.sweep.run()
    assert files_in(store) == []


def test_a_clock_that_jumps_back_keeps_tickets_from_lasting_longer(
    draft: Draft, recipient: Recipient, rig: Rig
) -> None:
    rig.clock.advance(seconds=DAY)
    ticket = recipient.ticket(draft)
    rig.clock.advance(seconds=-DAY)
    assert error_of(recipient.fetch(ticket, "0")) == (401, "ticket-ended")


def test_an_upload_that_nobody_continues_is_deleted_after_a_day(
    sender: Sender, rig: Rig, store: Path, recipient: Recipient
) -> None:
    stale, continued = Draft(), Draft()
    at = rig.clock().timestamp()
    for draft in (stale, continued):
        sender.create(draft)
        sender.begin(draft, "0", len(draft.chunks[0]), b"f")
    rig.clock.advance(seconds=DAY)
    folders = {row.id: row.folder for row in rig.rows()}
    for draft, changed_at in ((stale, at), (continued, at + 60)):
        for path in (store / "upload" / folders[draft.id], store / "upload" / folders[draft.id] / "0"):
            os.utime(path, (changed_at, changed_at))
    rig.delivery.sweep.run()
    assert [row.id for row in rig.rows()] == [continued.id]
    assert list(rig.used().values()) == [sum(map(len, continued.objects.values()))]
    assert len(files_in(store)) == 1
    # The id may be used again.
    assert sender.create(stale).status_code == 201


@pytest.mark.parametrize("name", ["1", "lock"])
def test_an_upload_stays_of_which_an_object_comes_whole_during_the_sweep(
    sender: Sender, rig: Rig, store: Path, name: str
) -> None:
    draft = Draft()
    sender.create(draft)
    sender.begin(draft, "0", len(draft.chunks[0]), draft.chunks[0][:3])
    (file,) = files_in(store)
    leaving = file.with_name(name)
    leaving.touch()
    at = rig.clock().timestamp()
    for path in (*file.parent.iterdir(), file.parent):
        os.utime(path, (at, at))
    rig.clock.advance(seconds=2 * DAY)
    scan = os.scandir
    now = rig.clock().timestamp()

    @contextmanager
    def scan_slowly(path: Path) -> Iterator[list[os.DirEntry[str]]]:
        with scan(path) as entries:
            listing = list(entries)
        if path == leaving.parent:
            leaving.rename(store / "whole")
            os.utime(path, (now, now))
        yield listing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "scandir", scan_slowly)
        rig.delivery.sweep.run()
    assert sender.show(draft)["state"] == "uploading"
    assert sender.offset(draft, "0") == 3


def test_many_uploads_that_go_on_keep_no_other_from_its_end(
    sender: Sender, rig: Rig, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = [Draft() for _ in range(5)]
    at = rig.clock().timestamp()
    for draft in drafts:
        sender.create(draft)
        sender.begin(draft, "0", len(draft.chunks[0]), b"f")
    rig.clock.advance(seconds=2 * DAY)
    folders = {row.id: row.folder for row in rig.rows()}
    for draft, changed_at in zip(drafts, (*[rig.clock().timestamp()] * 3, at, at), strict=True):
        place = store / "upload" / folders[draft.id]
        for path in (place / "0", place):
            os.utime(path, (changed_at, changed_at))
    for statement in ("_UPLOADING", "_ENDED"):
        monkeypatch.setattr(sweep, statement, getattr(sweep, statement).limit(1))
    rig.delivery.sweep.run()
    assert {row.id for row in rig.rows()} == {draft.id for draft in drafts[:3]}


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_folder_that_cannot_be_deleted_keeps_no_other(
    sender: Sender, rig: Rig, failing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = [Draft() for _ in range(3)]
    monkeypatch.setattr(sweep.Sweep, "delete_withdrawn", lambda _sweep, _parcel: None)
    for draft in drafts:
        sender.send_whole(draft)
        sender.call(draft, "withdraw")
    failing_row = sorted(rig.rows(), key=lambda row: row.id)[failing]
    delete = DiskStore.delete

    def fail(disk: DiskStore, folder: str) -> None:
        if folder == failing_row.folder:
            raise StoreFailed
        delete(disk, folder)

    monkeypatch.setattr(DiskStore, "delete", fail)
    monkeypatch.setattr(sweep, "_ENDED", sweep._ENDED.limit(1))
    rig.delivery.sweep.run()
    assert [row.id for row in rig.rows() if row.is_stored] == [failing_row.id]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_orphan_that_cannot_be_deleted_keeps_no_other(
    rig: Rig, store: Path, failing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, folders = rig.clock().timestamp() - 2 * DAY, [str(number) * 32 for number in range(3)]
    for folder in folders:
        rig.delivery.store.write_whole(folder, b"of a process that was killed")
        os.utime(store / folder[:2] / folder[2:], (at, at))
    delete = DiskStore.delete

    def fail(disk: DiskStore, folder: str) -> None:
        if folder == folders[failing]:
            raise StoreFailed
        delete(disk, folder)

    monkeypatch.setattr(DiskStore, "delete", fail)
    rig.delivery.sweep.delete_orphans()
    assert [folder for folder, _ in rig.delivery.store.folders()] == [folders[failing]]


def test_a_young_upload_stays(sender: Sender, rig: Rig) -> None:
    draft = Draft()
    sender.create(draft)
    rig.clock.advance(seconds=DAY - 1)
    rig.delivery.sweep.run()
    assert len(rig.rows()) == 1


def test_folders_without_a_record_are_deleted_after_a_day(rig: Rig, store: Path, draft: Draft) -> None:
    at = rig.clock().timestamp()
    old, young = "0" * 32, "1" * 32
    for folder in (old, young):
        rig.delivery.store.write_whole(folder, b"of a process that was killed")
    rig.delivery.uploads.begin("2" * 32, "0")
    recorded_folder = rig.rows()[0].folder
    for folder, changed_at in ((old, at - DAY), (young, at - DAY + 1), (recorded_folder, at - DAY)):
        os.utime(store / folder[:2] / folder[2:], (changed_at, changed_at))
    for path in (store / "upload" / ("2" * 32), store / "upload" / ("2" * 32) / "0"):
        os.utime(path, (at - DAY, at - DAY))
    rig.delivery.sweep.delete_orphans()
    assert {folder for folder, _ in rig.delivery.store.folders()} == {young, recorded_folder}
    assert list(rig.delivery.uploads.folders()) == []


def test_the_record_of_a_parcel_is_forgotten_in_the_end(
    draft: Draft, sender: Sender, recipient: Recipient, rig: Rig
) -> None:
    sender.call(draft, "withdraw")
    rig.clock.advance(seconds=96 * DAY)
    rig.delivery.sweep.run()
    assert len(rig.rows()) == 1
    rig.clock.advance(seconds=DAY)
    rig.delivery.sweep.run()
    assert [rig.rows(table) for table in (PARCEL_EVENT, PARCEL_NOTICE, PARCEL_RECEIPT)] == [[], [], []]
    assert rig.rows() == []
    assert error_of(recipient.open(draft.id, draft.proof)) == WRONG


def test_each_state_stands_once(draft: Draft, sender: Sender, recipient: Recipient, rig: Rig) -> None:
    ticket = recipient.ticket(draft)
    for state in ("received", "opened", "opened", "received"):
        assert recipient.claim(ticket, state).status_code == 204
        rig.clock.advance(seconds=1)
    assert states_of(sender, draft) == [
        ("submitted", "service"),
        ("received", "recipient-claims"),
        ("opened", "recipient-claims"),
    ]


def test_a_failure_has_its_code(draft: Draft, sender: Sender, recipient: Recipient) -> None:
    assert recipient.claim(recipient.ticket(draft), "failed", code="parcel-damaged").status_code == 204
    shown = sender.show(draft)
    assert (shown["state"], shown["states"][-1]["code"]) == ("failed", "parcel-damaged")


@pytest.mark.parametrize(
    ("state", "code"),
    [("submitted", ""), ("withdrawn", ""), ("", ""), ("failed", ""), ("failed", "Parcel damaged"),
     ("failed", "x" * 41), ("failed", "<b>"), ("failed", 7), ("failed", None), (None, "")],
)  # fmt: skip
def test_a_claim_that_is_none_is_refused(
    draft: Draft, sender: Sender, recipient: Recipient, state: object, code: object
) -> None:
    answer = recipient.post("/api/open/claims", {"state": state, "code": code}, ticket=recipient.ticket(draft))
    assert error_of(answer) == (400, "bad-request")
    assert len(sender.show(draft)["states"]) == 1
