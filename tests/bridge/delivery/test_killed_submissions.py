"""The bridge is killed (kill -9) at some point of its work: nothing acknowledged is lost, no notice is queued twice."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from tests.support.clock import FakeClock
from tests.support.servers.killed_sender import work_until
from tests.support.servers.parcels import DAY, Draft, Recipient, Rig, Sender
from webbridge import BridgeConfig, create_app
from webbridge.database.tables import PARCEL_EVENT, PARCEL_NOTICE
from webbridge.services import services_of

pytestmark = pytest.mark.server

DRAFTS = 6
POINTS = 500
"""More than the work of these drafts has, so that some runs come to their end."""


def kill_and_look(seed: int, config: BridgeConfig, clock: FakeClock) -> None:
    chooser = random.Random(seed)  # noqa: S311 (the same points in each run)
    token = _make_token(config, clock)
    drafts = [Draft(chunks=(b"first chunk", b"the second")) for _ in range(DRAFTS)]
    lines = work_until(chooser.randrange(1, POINTS), config, token, drafts)
    app = create_app(config)
    try:
        rig = Rig(app, clock)
        sender, recipient = Sender(app.test_client(), token), rig.recipient()
        for words in lines:
            _check_word(words, {draft.id: draft for draft in drafts}, rig, sender)
        _check_records(rig, drafts)
        _go_on(sender, recipient, drafts)
        _check_records(rig, drafts)
        _check_no_orphans(rig)
    finally:
        services_of(app).close()


def _make_token(config: BridgeConfig, clock: FakeClock) -> str:
    app = create_app(config)
    try:
        return Rig(app, clock).sender().token
    finally:
        services_of(app).close()


def _check_word(words: tuple[str, ...], drafts: dict[str, Draft], rig: Rig, sender: Sender) -> None:
    """Check that the data and states that were acknowledged are there."""
    verb, parcel_id, *further = words
    draft = drafts[parcel_id]
    (row,) = [row for row in rig.rows() if row.id == parcel_id]
    if verb == "added":
        name, offset = further
        assert row.stage != "uploading" or (sender.offset(draft, name) or 0) >= int(offset)
    if verb == "submitted":
        assert row.submitted_at > 0
        if row.stage == "submitted":
            recipient = rig.recipient()
            ticket = recipient.ticket(draft)
            assert {name: recipient.fetch(ticket, name).data for name in draft.objects} == draft.objects
    if verb == "withdrawn":
        assert row.stage == "withdrawn"
    if verb == "opened":
        assert row.openings > 0


def _check_records(rig: Rig, drafts: list[Draft]) -> None:
    """Each parcel, each of its states and each of its notices stand once, and the quota is that of the records."""
    rows = {row.id: row for row in rig.rows()}
    notices = [row.parcel for row in rig.rows(PARCEL_NOTICE)]
    assert sorted(notices) == sorted(parcel_id for parcel_id, row in rows.items() if row.stage == "submitted")
    submitted = [row.parcel for row in rig.rows(PARCEL_EVENT) if row.state == "submitted"]
    assert sorted(submitted) == sorted(parcel_id for parcel_id, row in rows.items() if row.submitted_at)
    assert sum(rig.used().values()) == sum(row.total_bytes for row in rows.values() if row.is_stored)
    assert rows.keys() <= {draft.id for draft in drafts}


def _go_on(sender: Sender, recipient: Recipient, drafts: list[Draft]) -> None:
    """A sender that repeats its requests ends what was broken off."""
    for number, draft in enumerate(drafts):
        answer = sender.create(draft, whole=number % 2 == 0)
        assert answer.status_code in (200, 201)
        if answer.get_json()["state"] == "withdrawn":
            continue
        if answer.get_json()["state"] == "uploading":
            for name, data in draft.objects.items():
                offset = sender.offset(draft, name)
                if offset is None:
                    assert sender.begin(draft, name, len(data), data).status_code == 201
                elif offset < len(data):
                    assert sender.patch(draft, name, offset, data[offset:]).status_code == 204
            assert sender.submit(draft).status_code == 200
        ticket = recipient.ticket(draft)
        assert {name: recipient.fetch(ticket, name).data for name in draft.objects} == draft.objects


def _check_no_orphans(rig: Rig) -> None:
    """After the sweep, the store has the folders of stored parcels only."""
    rig.clock.at = datetime.now(UTC)
    rig.clock.advance(seconds=DAY + 60)
    rig.delivery.sweep.run()
    rig.delivery.sweep.delete_orphans()
    stored = {row.folder for row in rig.rows() if row.is_stored}
    assert {folder for folder, _ in rig.delivery.store.folders()} <= stored
    assert {folder for folder, _ in rig.delivery.uploads.folders()} <= stored


@pytest.mark.parametrize("seed", range(6))
def test_nothing_acknowledged_is_lost(seed: int, parcels_bridge: BridgeConfig, clock: FakeClock) -> None:
    kill_and_look(seed, parcels_bridge, clock)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(6, 206))
def test_nothing_acknowledged_is_lost_at_200_points(seed: int, parcels_bridge: BridgeConfig, clock: FakeClock) -> None:
    kill_and_look(seed, parcels_bridge, clock)
