"""A parcel from its sender to its recipient: whole in one request, or in parts by tus."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from tests.support.servers.bridge import error_of
from tests.support.servers.mailboxes import ALICE, BOB
from tests.support.servers.parcels import Draft, Recipient, Rig, Sender
from webbridge.database.tables import PARCEL_EVENT, PARCEL_NOTICE

pytestmark = pytest.mark.server

Send = Callable[[Sender, Draft], TestResponse]
WAYS = pytest.mark.parametrize("send", [Sender.send_whole, Sender.send_parts], ids=["whole", "parts"])


@WAYS
def test_the_objects_come_back_byte_for_byte(send: Send, sender: Sender, recipient: Recipient) -> None:
    draft = Draft()
    assert send(sender, draft).get_json()["state"] == "submitted"
    ticket = recipient.ticket(draft)
    for name, data in draft.objects.items():
        assert recipient.fetch(ticket, name).data == data


@WAYS
def test_the_notice_of_each_recipient_is_queued_with_the_parcel(send: Send, sender: Sender, rig: Rig) -> None:
    draft = Draft(to=(BOB, "carol@example.org"))
    send(sender, draft)
    notices = {row.address: (row.kind, row.state, row.language, row.tries) for row in rig.rows(PARCEL_NOTICE)}
    assert notices == dict.fromkeys((BOB, "carol@example.org"), ("parcel", "pending", "de", 0))
    assert [(row.state, row.said_by) for row in rig.rows(PARCEL_EVENT)] == [("submitted", "service")]


def test_nobody_is_told_of_a_parcel_that_is_not_submitted(sender: Sender, rig: Rig, recipient: Recipient) -> None:
    draft = Draft()
    assert sender.create(draft).get_json()["state"] == "uploading"
    assert rig.rows(PARCEL_NOTICE) == []
    assert error_of(recipient.open(draft.id, draft.proof)) == (403, "wrong-secret")


@WAYS
def test_the_answer_to_the_proof_names_what_there_is(send: Send, sender: Sender, recipient: Recipient) -> None:
    draft = Draft(downloads=3)
    created = send(sender, draft).get_json()
    opened = recipient.open(draft.id, draft.proof).get_json()
    assert opened.pop("ticket")
    assert opened == {
        "seconds": 12 * 60 * 60,
        "reference": created["reference"],
        "from": "alice@example.test",
        "kind": "files",
        "objects": [len(chunk) for chunk in draft.chunks],
        "manifest": len(draft.manifest),
        "submitted": "2026-11-20T12:00:00Z",
        "until": created["expires"],
        "downloadsLeft": 2,
        # This bridge names no mail server, so nobody passes a reply on.
        "answer": None,
        # And nobody gets a code for a key.
        "key": None,
        "enclosed": {name: b64encode(data).decode() for name, data in draft.objects.items()},
    }


def test_a_parcel_may_have_no_chunk(sender: Sender, recipient: Recipient) -> None:
    draft = Draft(chunks=())
    sender.send_whole(draft)
    assert recipient.fetch(recipient.ticket(draft), "manifest").data == draft.manifest


def test_the_sender_sees_the_parcel_and_who_says_what(sender: Sender, recipient: Recipient) -> None:
    draft = Draft()
    sender.send_whole(draft)
    assert recipient.claim(recipient.ticket(draft), "opened").status_code == 204
    shown = sender.show(draft)
    assert (shown["state"], shown["opened"], shown["to"]) == ("opened", 1, [{"address": BOB, "language": "de"}])
    assert shown["bytes"] == sum(map(len, draft.objects.values()))
    assert [(state["state"], state["by"]) for state in shown["states"]] == [
        ("submitted", "service"),
        ("opened", "recipient-claims"),
    ]


def test_the_store_and_the_database_have_no_proof(sender: Sender, rig: Rig, tmp_path: Path) -> None:
    draft = Draft()
    sender.send_whole(draft)
    (row,) = rig.rows()
    assert draft.proof not in [bytes(value) for value in row if isinstance(value, bytes | memoryview)]
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    assert not any(draft.proof in file.read_bytes() for file in files)
    assert not any(draft.id in str(file) for file in files)


def test_two_senders_see_only_their_own_parcels(sender: Sender, rig: Rig) -> None:
    draft, other = Draft(), rig.sender("carol@example.org")
    sender.send_whole(draft)
    assert other.list()["parcels"] == []
    for verb in ("submit", "withdraw", "tries"):
        assert error_of(other.call(draft, verb)) == (404, "no-such-parcel")
    assert error_of(other.call(draft, "extend", {"days": 1})) == (404, "no-such-parcel")
    assert other.offset(draft, "0") is None
    assert [parcel["id"] for parcel in sender.list()["parcels"]] == [draft.id]
    assert rig.rows()[0].sender == ALICE
