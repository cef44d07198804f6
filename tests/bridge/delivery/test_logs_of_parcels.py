"""The logs of the bridge have no id, proof, ticket or token of a parcel, and no recipient."""

from __future__ import annotations

import json
import logging
from base64 import b64encode

import pytest

from sealwax.service.counter_table import counter_of
from tests.support.people import person
from tests.support.servers.mailboxes import ALICE, BOB
from tests.support.servers.parcels import Draft, Recipient, Rig, Sender, text_of
from webbridge.database.tables import TABLES
from webbridge.delivery.pepper import Pepper

pytestmark = pytest.mark.server

OF_NETWORKS = {"parcel-wrong", "parcel-challenge", "parcel-complaint"}


def test_no_line_has_what_opens_a_parcel(
    sender: Sender, recipient: Recipient, rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    whole, parts = Draft(), Draft()
    sender.send_whole(whole)
    sender.send_parts(parts)
    recipient.open(whole.id, bytes(32))
    ticket = recipient.ticket(whole)
    recipient.fetch(ticket, "0")
    recipient.claim(ticket, "opened")
    sender.call(parts, "withdraw")
    rig.delivery.sweep.run()
    lines = [json.dumps(vars(record), default=repr) for record in caplog.records]
    assert any('"route": "/api/parcels/<parcel_id>/submit"' in line for line in lines)
    folders = [row.folder for row in rig.rows()]
    secrets = [*folders, ticket, sender.token, BOB]
    for draft in (whole, parts):
        secrets += [draft.id, text_of(draft.proof), text_of(draft.salt), draft.proof.hex()]
    assert [secret for secret in secrets if any(secret in line for line in lines)] == []


def test_the_counters_do_not_say_from_where_a_parcel_is_opened(
    sender: Sender, recipient: Recipient, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = b64encode(person("bob").certificate.der).decode()

    def counted(parcel_id: str) -> set[str]:
        recipient.open(parcel_id, bytes(32))
        recipient.post("/api/open/challenge", {"id": parcel_id, "certificate": certificate})
        recipient.post("/api/open/complaints", {"id": parcel_id, "reason": "other"})
        return {f"{row.kind} {row.name}" for row in rig.rows(counter_of(TABLES)) if row.kind in OF_NETWORKS}

    names = counted(Draft().id)
    assert {name.partition(" ")[0] for name in names} == OF_NETWORKS
    # Another pepper gives other names: without it, nobody can try all networks.
    monkeypatch.setattr(rig.delivery.pepper, "_key", Pepper(bytes(32))._key)
    assert len(counted(Draft().id)) == 2 * len(names)
    assert not any("127.0.0.1" in name for name in names)


def test_the_audit_log_says_who_sent_and_withdrew(sender: Sender, rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="sealwax.audit")
    draft = Draft()
    sender.send_whole(draft)
    sender.create(draft, whole=True)
    sender.call(draft, "withdraw")
    sender.create(draft, changes={"days": 8})
    lines = [vars(record) for record in caplog.records if record.name == "sealwax.audit"]
    assert [(line["msg"], line["outcome"], line["account"]) for line in lines] == [
        ("parcel", outcome, ALICE) for outcome in ("created", "repeated", "withdrawn", "id-used")
    ]


def test_no_part_shows_a_secret(rig: Rig, sender: Sender) -> None:
    draft = Draft()
    sender.send_whole(draft)
    parcel = rig.delivery.parcels.find(draft.id)
    assert parcel is not None
    assert repr(parcel.proof_record) not in repr(parcel)
    assert repr(rig.delivery.config.pepper) not in repr(rig.delivery.config)
    assert "Pepper object" in repr(rig.delivery.pepper)
