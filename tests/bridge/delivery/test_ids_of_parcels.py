"""The id of a parcel makes its submission idempotent: the same request again, and never another parcel under the id."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.servers.bridge import error_of
from tests.support.servers.parcels import Draft, Recipient, Rig, Sender
from webbridge.database.tables import PARCEL_NOTICE

pytestmark = pytest.mark.server


@pytest.mark.parametrize("whole", [True, False])
def test_the_same_request_gets_the_same_answer_and_changes_nothing(
    sender: Sender, rig: Rig, store: Path, *, whole: bool
) -> None:
    draft = Draft()
    first = sender.create(draft, whole=whole)
    rig.clock.advance(seconds=1_000)
    again = sender.create(draft, whole=whole)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json() == again.get_json()
    assert len(rig.rows()) == 1
    assert len(rig.rows(PARCEL_NOTICE)) == whole
    assert list(rig.used().values()) == [sum(map(len, draft.objects.values()))]
    assert len([file for file in store.rglob("*") if file.is_file()]) == whole


@pytest.mark.parametrize(
    "change",
    [
        {"proof": bytes(32)},
        {"salt": bytes(16)},
        {"days": 8},
        {"to": ("carol@example.org",)},
        {"manifest": b"another one, of another size"},
        {"manifest": b"THE MANIFEST"},
        {"downloads": 1},
    ],
)
def test_another_parcel_under_the_id_is_refused(
    sender: Sender, rig: Rig, recipient: Recipient, change: dict[str, object]
) -> None:
    draft = Draft()
    sender.send_whole(draft)
    assert error_of(sender.create(replace(draft, **change), whole=True)) == (409, "id-used")  # type: ignore[arg-type]
    assert recipient.fetch(recipient.ticket(draft), "manifest").data == draft.manifest
    assert len(rig.rows(PARCEL_NOTICE)) == 1


def test_another_sender_cannot_take_an_id(sender: Sender, rig: Rig, store: Path) -> None:
    draft = Draft()
    sender.send_whole(draft)
    other = rig.sender("carol@example.org")
    assert error_of(other.create(draft, whole=True)) == (409, "id-used")
    assert rig.used().get("carol@example.org", 0) == 0
    assert len([file for file in store.rglob("*") if file.is_file()]) == 1


def test_the_answer_follows_the_parcel_to_its_submission(sender: Sender) -> None:
    draft = Draft()
    sender.send_parts(draft)
    assert sender.create(draft).get_json()["state"] == "submitted"
    assert sender.submit(draft).get_json() == sender.submit(draft).get_json()


def test_the_reference_says_nothing_of_the_id(sender: Sender) -> None:
    draft = Draft()
    reference = sender.send_whole(draft).get_json()["reference"]
    assert len(reference) == len("XXXX-XXXX-XXXX")
    assert not set(reference) & set("ILOU")
    assert reference.replace("-", "") not in draft.id.upper()


def test_each_page_of_the_list_goes_on_after_the_last(
    sender: Sender, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = [Draft() for _ in range(53)]
    for number, draft in enumerate(drafts):
        # Some have the same time.
        rig.clock.advance(seconds=number % 2)
        assert sender.create(draft).status_code == 201
    first = sender.list()
    second = sender.list(f"?before={first['next']}")
    assert (len(first["parcels"]), len(second["parcels"]), second["next"]) == (50, 3, None)
    assert {parcel["id"] for parcel in first["parcels"] + second["parcels"]} == {draft.id for draft in drafts}
    created = [parcel["created"] for parcel in first["parcels"] + second["parcels"]]
    assert created == sorted(created, reverse=True)
