"""Complaints and refusals over HTTP, and what they change for the sender."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from tests.support.clock import FakeClock
from tests.support.servers.bridge import API, error_of
from tests.support.servers.mailboxes import ALICE, BOB
from tests.support.servers.parcels import FROM_PAGES, Draft, Recipient, Rig, Sender
from webbridge import BridgeConfig, create_app
from webbridge.database.tables import PARCEL_BLOCK, PARCEL_COMPLAINT, PARCEL_NOTICE
from webbridge.delivery.abuse.blocks import BlockKind
from webbridge.delivery.abuse.complaints import HELD_AFTER, HELD_FOR
from webbridge.delivery.abuse.protection import Protection
from webbridge.delivery.abuse.senders import SenderLimits
from webbridge.delivery.store import StoreFailed
from webbridge.services import services_of

pytestmark = pytest.mark.server
UNKNOWN = "AAAAAAAAAAAAAAAAAAAAAA"


def protection(rig: Rig) -> Protection:
    rig_protection = services_of(rig.app).protection
    assert rig_protection is not None
    return rig_protection


def complain(recipient: Recipient, parcel: str, reason: str = "deceit", *, network: str = "192.0.2.1") -> int:
    answer = recipient.client.post(
        "/api/open/complaints",
        base_url=API,
        headers=FROM_PAGES,
        json={"id": parcel, "reason": reason},
        environ_overrides={"REMOTE_ADDR": network},
    )
    return answer.status_code


def sent(sender: Sender) -> Draft:
    draft = Draft()
    sender.send_whole(draft)
    return draft


def test_a_complaint_is_noted_once_without_a_text_and_without_an_address_of_the_client(
    rig: Rig, sender: Sender, recipient: Recipient
) -> None:
    draft = sent(sender)
    assert [complain(recipient, draft.id) for _ in range(3)] == [204, 204, 204]
    (row,) = rig.rows(PARCEL_COMPLAINT)
    assert (row.parcel, row.sender, row.reason) == (draft.id, ALICE, "deceit")
    assert b"192.0.2.1" not in row.client


def test_the_answer_to_a_complaint_does_not_tell_whether_there_is_such_a_parcel(rig: Rig, recipient: Recipient) -> None:
    assert complain(recipient, UNKNOWN) == 204
    assert rig.rows(PARCEL_COMPLAINT) == []


@pytest.mark.parametrize("reason", ["", "see https://evil.test", None, 1])
def test_a_reason_is_a_word_of_the_program(reason: object, sender: Sender, recipient: Recipient) -> None:
    draft = sent(sender)
    answer = recipient.post("/api/open/complaints", {"id": draft.id, "reason": reason})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad-request")


def test_a_network_complains_so_often_in_an_hour(sender: Sender, recipient: Recipient) -> None:
    draft = sent(sender)
    codes = [complain(recipient, draft.id) for _ in range(25)]
    assert codes == [204] * 20 + [429] * 5


def test_after_complaints_from_several_networks_the_sender_is_held_and_told(
    rig: Rig, sender: Sender, recipient: Recipient, clock: FakeClock
) -> None:
    sent_before, *drafts = (sent(sender) for _ in range(HELD_AFTER + 1))
    for number, draft in enumerate(drafts):
        assert sender.create(Draft()).status_code == 201
        complain(recipient, draft.id, network=f"192.0.2.{number}")
    answer = sender.create(Draft())
    assert (answer.status_code, answer.get_json()["code"]) == (403, "sender-blocked")
    assert [(row.kind, row.address) for row in rig.rows(PARCEL_NOTICE) if row.kind != "parcel"] == [("held", ALICE)]
    complain(recipient, sent_before.id, network="192.0.2.200")
    assert len([row for row in rig.rows(PARCEL_NOTICE) if row.kind == "held"]) == 1, "a further one is no news"
    assert rig.sender(BOB).create(Draft(to=(ALICE,))).status_code == 201
    clock.advance(seconds=HELD_FOR.total_seconds())
    assert rig.sender().create(Draft()).status_code == 201


def test_complaints_about_the_details_of_one_mailbox_hold_all_of_it(
    rig: Rig, recipient: Recipient, clock: FakeClock
) -> None:
    addresses = [ALICE.replace("@", f"+{number}@") for number in range(HELD_AFTER)]
    for number, address in enumerate(addresses):
        complain(recipient, sent(rig.sender(address)).id, network=f"192.0.2.{number}")
    for address in (ALICE, ALICE.replace("@", "+new@")):
        assert error_of(rig.sender(address).create(Draft())) == (403, "sender-blocked")
    (notice,) = [row for row in rig.rows(PARCEL_NOTICE) if row.kind == "held"]
    assert notice.address == addresses[-1]
    protection(rig).complaints.settle(addresses[0], clock())
    assert protection(rig).blocks.remove(BlockKind.SENDER, ALICE)
    complain(recipient, sent(rig.sender(ALICE)).id, network="192.0.2.99")
    assert rig.rows(PARCEL_BLOCK) == []


def test_one_angry_person_holds_nobody(rig: Rig, sender: Sender, recipient: Recipient) -> None:
    for _ in range(HELD_AFTER + 1):
        complain(recipient, sent(sender).id)
    assert rig.rows(PARCEL_BLOCK) == []


@pytest.mark.parametrize("network", ["2001:db8:1:{:x}::1", "::ffff:192.0.2.1", "192.0.2.1"])
def test_the_networks_of_one_customer_hold_nobody(network: str, rig: Rig, sender: Sender, recipient: Recipient) -> None:
    # RFC 6177: one customer may have 65,536 networks of IPv6.
    for number in range(2 * HELD_AFTER):
        complain(recipient, sent(sender).id, network=network.format(number))
    assert rig.rows(PARCEL_BLOCK) == []


def test_one_parcel_to_many_holds_nobody(rig: Rig, sender: Sender, recipient: Recipient) -> None:
    draft = sent(sender)
    for number in range(HELD_AFTER + 1):
        complain(recipient, draft.id, network=f"192.0.2.{number}")
    assert rig.rows(PARCEL_BLOCK) == []


def test_settled_complaints_count_no_more(rig: Rig, sender: Sender, recipient: Recipient, clock: FakeClock) -> None:
    for number in range(HELD_AFTER):
        complain(recipient, sent(sender).id, network=f"192.0.2.{number}")
    protection(rig).complaints.settle(ALICE, clock())
    assert protection(rig).blocks.remove(BlockKind.SENDER, ALICE)
    complain(recipient, sent(sender).id, network="192.0.2.99")
    assert rig.rows(PARCEL_BLOCK) == []


@pytest.fixture
def visitor(rig: Rig) -> FlaskClient:
    """Somebody with the link of a refusal, and nothing else."""
    return rig.app.test_client()


@pytest.fixture
def link(rig: Rig) -> str:
    return f"/api/refusals/{protection(rig).refusals.seal(BOB)}"


def test_following_the_link_of_a_refusal_changes_nothing(rig: Rig, visitor: FlaskClient, link: str) -> None:
    for method in ("GET", "HEAD"):
        assert visitor.open(link, method=method, base_url=API).status_code == 200
    assert rig.rows(PARCEL_BLOCK) == []


def test_a_recipient_refuses_and_allows_again_by_two_buttons(
    rig: Rig, visitor: FlaskClient, link: str, sender: Sender
) -> None:
    page = visitor.get(f"{link}?language=de", base_url=API)
    assert page.mimetype == "text/html"
    assert "Nie wieder" in page.text
    assert f'<bdi dir="ltr">{BOB}</bdi>' in page.text
    # A browser sends the form with an Origin, with "null", or with none, and never with a header of ours.
    done = visitor.post(f"{link}?language=de", base_url=API, data={"choice": "refuse"}, headers={"Origin": "null"})
    assert done.status_code == 200
    assert [(row.kind, row.name, row.reason) for row in rig.rows(PARCEL_BLOCK)] == [("recipient", BOB, "recipient")]
    answer = sender.create(Draft())
    assert (answer.status_code, answer.get_json()["code"]) == (422, "recipient-refused")
    visitor.post(link, base_url=API, data={"choice": "allow"})
    assert rig.rows(PARCEL_BLOCK) == []
    assert sender.create(Draft()).status_code == 201


def test_a_mail_program_refuses_by_one_click(rig: Rig, visitor: FlaskClient, link: str) -> None:
    visitor.post(link, base_url=API, data={"List-Unsubscribe": "One-Click"})
    assert len(rig.rows(PARCEL_BLOCK)) == 1


def test_a_wrong_token_says_the_same_for_everybody(rig: Rig, visitor: FlaskClient, link: str) -> None:
    for method in ("GET", "POST"):
        answer = visitor.open(f"{link[:-3]}xyz", method=method, base_url=API)
        assert answer.status_code == 404
        assert "not complete" in answer.text
    assert rig.rows(PARCEL_BLOCK) == []


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ar", "xx", "<script>"])
def test_the_page_of_a_refusal_is_a_form_without_a_script(visitor: FlaskClient, link: str, language: str) -> None:
    page = visitor.get(link, base_url=API, query_string={"language": language})
    known = language if language in ("en", "de", "fr", "es", "ar") else "en"
    assert f'<html lang="{known}" dir="{"rtl" if known == "ar" else "ltr"}">' in page.text
    assert "<script" not in page.text
    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert re.search(r"https?://", page.text) is None


@pytest.fixture
def limited(parcels_bridge: BridgeConfig, clock: FakeClock) -> Iterator[Rig]:
    app = create_app(replace(parcels_bridge, parcel_limits=SenderLimits(sender_recipients=2)))
    yield Rig(app, clock)
    services_of(app).close()


def test_a_repeated_request_counts_once(limited: Rig) -> None:
    sender, first = limited.sender(), Draft()
    assert [sender.create(first).status_code for _ in range(4)] == [201, 200, 200, 200]
    assert sender.create(Draft()).status_code == 201
    refused = sender.create(Draft())
    assert (refused.status_code, refused.get_json()["code"]) == (429, "try-later")
    assert int(refused.headers["Retry-After"]) > 0


def test_a_parcel_that_is_not_taken_does_not_count(limited: Rig) -> None:
    sender, draft = limited.sender(), Draft()
    with pytest.MonkeyPatch.context() as patch:

        def fail(_folder: str, _data: bytes) -> None:
            raise StoreFailed

        patch.setattr(limited.delivery.store, "write_whole", fail)
        assert [sender.create(draft, whole=True).status_code for _ in range(4)] == [503] * 4
    assert [sender.create(parcel, whole=True).status_code for parcel in (draft, Draft(), Draft())] == [201, 201, 429]


@pytest.mark.parametrize("recipient", ["team-request@example.test", "MAILER-DAEMON@example.test"])
def test_a_list_is_refused_before_the_upload(recipient: str, sender: Sender) -> None:
    answer = sender.create(Draft(to=(recipient,)))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "list-address")
