"""The changes of parcels that their senders learn by mail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.servers.bridge import API
from tests.support.servers.mailboxes import ALICE
from tests.support.servers.parcels import DAY, Draft, Recipient, Rig, Sender
from webbridge.database.tables import PARCEL, PARCEL_NOTICE

pytestmark = pytest.mark.server


def told(rig: Rig) -> list[tuple[str, str]]:
    """The mails to senders that are queued: kind and address."""
    return sorted((row.kind, row.address) for row in rig.rows(PARCEL_NOTICE) if row.kind != "parcel")


@pytest.fixture
def draft(sender: Sender) -> Draft:
    made = Draft()
    sender.send_whole(made)
    return made


def test_the_first_opening_brings_a_mail_and_the_arrival_none(rig: Rig, recipient: Recipient, draft: Draft) -> None:
    ticket = recipient.ticket(draft)
    assert recipient.claim(ticket, "received").status_code == 204
    assert told(rig) == []
    for _ in range(3):
        assert recipient.claim(ticket, "opened").status_code == 204
    assert told(rig) == [("opened", ALICE)]


def test_five_wrong_tries_bring_a_mail(rig: Rig, recipient: Recipient, draft: Draft) -> None:
    for _ in range(6):
        recipient.open(draft.id, bytes(32))
    assert told(rig) == [("tries", ALICE)]


def test_the_end_is_told_if_nobody_has_opened_the_parcel(rig: Rig, draft: Draft) -> None:
    rig.clock.advance(seconds=8 * DAY)
    for _ in range(2):
        rig.delivery.sweep.run()
    assert told(rig) == [("expired", ALICE)]


def test_the_end_of_an_extended_parcel_is_told_anew(rig: Rig, sender: Sender, draft: Draft) -> None:
    rig.clock.advance(seconds=7 * DAY)
    rig.delivery.sweep.run()
    assert told(rig) == [("expired", ALICE)]
    sender.call(draft, "extend", {"days": 2})
    assert told(rig) == []
    rig.clock.advance(seconds=2 * DAY)
    rig.delivery.sweep.run()
    assert told(rig) == [("expired", ALICE)]


def test_the_end_that_a_wrong_clock_has_told_is_told_anew(rig: Rig, draft: Draft) -> None:
    rig.clock.advance(seconds=30 * DAY)
    rig.delivery.sweep.run()
    rig.clock.advance(seconds=-30 * DAY)
    rig.delivery.sweep.correct_notes()
    assert told(rig) == []
    rig.clock.advance(seconds=7 * DAY)
    rig.delivery.sweep.run()
    assert told(rig) == [("expired", ALICE)]


def test_the_end_of_an_opened_parcel_is_no_news(rig: Rig, recipient: Recipient, draft: Draft) -> None:
    recipient.claim(recipient.ticket(draft), "opened")
    rig.clock.advance(seconds=timedelta(days=8).total_seconds())
    rig.delivery.sweep.run()
    assert told(rig) == [("opened", ALICE)]


def test_a_withdrawn_parcel_brings_no_mail(rig: Rig, sender: Sender, draft: Draft) -> None:
    sender.call(draft, "withdraw")
    rig.clock.advance(seconds=8 * DAY)
    rig.delivery.sweep.run()
    assert told(rig) == []
    assert rig.rows(PARCEL_NOTICE) == []


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("de-AT,en;q=0.5", "de"),
        ("tlh, fr;q=0.8, en;q=0.9", "en"),
        ("tlh", ""),
        ("*", ""),
        (None, ""),
        ("de;q=", "de"),
        ("de;q=0, fr", "fr"),
    ],
)
def test_the_language_of_the_request_is_that_of_the_mails_to_the_sender(
    rig: Rig, sender: Sender, asked: str | None, kept: str
) -> None:
    draft = Draft()
    headers = sender.headers | ({} if asked is None else {"Accept-Language": asked})
    answer = sender.client.post("/api/parcels", base_url=API, headers=headers, data=draft.body(whole=True))
    assert answer.status_code == 201
    # The same request in another language is the same request.
    again = sender.create(draft, whole=True)
    assert again.status_code == 200
    assert [row.language for row in rig.rows(PARCEL)] == [kept]
