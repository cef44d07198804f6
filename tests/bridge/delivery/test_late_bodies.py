"""Requests whose body comes slowly: a right that ends meanwhile does not count at the end of the body."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping

import pytest
from werkzeug.test import TestResponse

from tests.support.servers.bridge import API, error_of
from tests.support.servers.late_bodies import LateBody
from tests.support.servers.mailboxes import ALICE, BOB
from tests.support.servers.parcels import DAY, FROM_PAGES, Draft, Recipient, Rig, Sender, text_of
from webbridge.database.tables import PARCEL_EVENT, PARCEL_RECEIPT

pytestmark = pytest.mark.server

REFUSED = (401, "token-refused")


def post_slowly(
    person: Sender | Recipient, path: str, data: bytes, meanwhile: Callable[[], object], headers: Mapping[str, str]
) -> TestResponse:
    return person.client.post(
        path,
        base_url=API,
        headers=dict(headers),
        input_stream=LateBody(data, meanwhile),
        content_length=len(data),
        content_type="application/json",
        buffered=True,
    )


@pytest.fixture
def draft(sender: Sender) -> Draft:
    made = Draft()
    sender.send_whole(made)
    return made


@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("/api/open/claims", {"state": "opened"}),
        ("/api/open/claims", {"state": "failed", "code": "parcel-cut"}),
        ("/api/open/receipt", {"receipt": b64encode(b"any").decode()}),
        ("/api/open/key", {"address": BOB, "request": b64encode(b"any").decode()}),
        ("/api/open/key/confirm", {"address": BOB, "digest": text_of(bytes(32)), "code": "12345678"}),
    ],
)
def test_a_parcel_that_ends_while_a_recipient_writes_takes_nothing(
    rig: Rig, sender: Sender, recipient: Recipient, draft: Draft, path: str, members: dict[str, str]
) -> None:
    headers = FROM_PAGES | {"Authorization": f"Parcel {recipient.ticket(draft)}"}
    data = json.dumps(members).encode()
    withdrawn = post_slowly(recipient, path, data, lambda: sender.call(draft, "withdraw"), headers)
    assert error_of(withdrawn) == (410, "withdrawn")
    assert rig.rows(PARCEL_RECEIPT) == []
    assert [row.state for row in rig.rows(PARCEL_EVENT)] == ["submitted", "withdrawn"]


def test_a_ticket_that_ends_while_a_recipient_writes_takes_nothing(
    rig: Rig, recipient: Recipient, draft: Draft
) -> None:
    headers = FROM_PAGES | {"Authorization": f"Parcel {recipient.ticket(draft)}"}
    data = json.dumps({"state": "opened"}).encode()
    late = post_slowly(recipient, "/api/open/claims", data, lambda: rig.clock.advance(seconds=DAY), headers)
    assert error_of(late) == (401, "ticket-ended")


def revoke(rig: Rig) -> None:
    for token in rig.delivery.tokens.list(ALICE):
        rig.delivery.tokens.revoke(ALICE, token.name)


@pytest.mark.parametrize("whole", [True, False])
def test_a_token_that_is_revoked_while_a_parcel_comes_sends_nothing(rig: Rig, sender: Sender, whole: bool) -> None:
    data = Draft().body(whole=whole)
    late = post_slowly(sender, "/api/parcels", data, lambda: revoke(rig), sender.headers)
    assert error_of(late) == REFUSED
    assert (rig.rows(), rig.used()) == ([], {})


@pytest.mark.parametrize(("verb", "members"), [("extend", {"days": 60}), ("downloads", {"limit": 3})])
def test_a_token_that_is_revoked_while_a_change_comes_changes_nothing(
    rig: Rig, sender: Sender, draft: Draft, verb: str, members: dict[str, int]
) -> None:
    (before,) = rig.rows()
    data = json.dumps(members).encode()
    late = post_slowly(sender, f"/api/parcels/{draft.id}/{verb}", data, lambda: revoke(rig), sender.headers)
    assert error_of(late) == REFUSED
    assert rig.rows() == [before]
