"""Requests for a key of one's own: refused, limited, swept, and their mails."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from sealwax.notices.submission import Submission
from tests.support.clock import FakeClock
from tests.support.parcel_rows import config_of
from tests.support.servers.bridge import error_of
from tests.support.servers.mailboxes import BOB
from tests.support.servers.own_keys import (
    CAROL,
    ask,
    code_in,
    confirm,
    opened,
    request_for,
)
from tests.support.servers.parcels import DAY, Draft, Recipient, Rig, Sender, bridge_config, store_config
from tests.support.servers.post import Post
from webbridge import create_app
from webbridge.database.tables import PARCEL_KEY_REQUEST, PARCEL_NOTICE
from webbridge.delivery.limits import CODE_SECONDS, KEPT_SECONDS
from webbridge.delivery.own_keys.requests import MAX_CODES
from webbridge.services import services_of

pytestmark = pytest.mark.server


def test_an_address_gets_few_codes_in_a_day(
    recipient: Recipient, ticket: str, sender: Sender, send: Callable[[], None], post: Post, rig: Rig
) -> None:
    same = request_for(BOB)
    for _ in range(10):
        assert ask(recipient, ticket, BOB, same).status_code == 200
    for _ in range(MAX_CODES - 1):
        assert ask(recipient, ticket, BOB, request_for(BOB)).status_code == 200
    refused = ask(recipient, ticket, BOB, request_for(BOB))
    assert error_of(refused) == (429, "try-later")
    assert int(refused.headers["Retry-After"]) > 0
    send()
    assert len(post.mails) == MAX_CODES
    # At another parcel nothing is said, because that would tell of this one. But no further mail goes out.
    third = recipient.ticket(opened(sender, recipient))
    assert ask(recipient, third, BOB.upper(), request_for(BOB)).status_code == 200
    send()
    assert len(post.mails) == MAX_CODES
    rig.clock.advance(seconds=DAY)
    assert ask(recipient, recipient.ticket(opened(sender, recipient)), BOB, request_for(BOB)).status_code == 200
    send()
    assert len(post.mails) == MAX_CODES + 1


# Each is the address of Bob, and equal to no other as a text.
SPELLINGS = (
    '"bob"@example.test',
    '"b\\ob"@example.test',
    '"bo\\b"@example.test',
    '"Bob"@Example.test',
    '"\\b\\o\\b"@example.test',
)


def test_no_spelling_of_an_address_gets_a_code_more(
    recipient: Recipient, ticket: str, sender: Sender, send: Callable[[], None], post: Post
) -> None:
    statuses = [ask(recipient, ticket, address, request_for(BOB)).status_code for address in (BOB, *SPELLINGS)]
    assert statuses == [200] * MAX_CODES + [429]
    # At another parcel nothing is said.
    third = recipient.ticket(opened(sender, recipient))
    assert ask(recipient, third, SPELLINGS[-1], request_for(BOB)).status_code == 200
    send()
    assert len(post.mails) == MAX_CODES


@pytest.mark.usefixtures("service")
def test_a_request_by_another_spelling_of_the_address_takes_no_code_from_its_owner(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post
) -> None:
    ours, theirs = request_for(BOB), request_for(BOB)
    for address, request in ((SPELLINGS[0], theirs), (BOB, ours), (SPELLINGS[1], request_for(BOB))):
        assert ask(recipient, ticket, address, request).status_code == 200
    send()
    assert len(post.mails) == 3
    codes = [code_in(post, index) for index in range(3)]
    assert 200 in [confirm(recipient, ticket, BOB, ours, code).status_code for code in codes]


def test_requests_that_are_none_are_refused(recipient: Recipient, ticket: str, rig: Rig) -> None:
    damaged = bytearray(b64decode(b"".join(request_for(BOB).splitlines()[1:-1])))
    damaged[-1] ^= 1
    for request in (b"x", bytes(damaged), request_for(CAROL), bytes(16_000)):
        assert error_of(ask(recipient, ticket, BOB, request)) == (422, "request-unusable")
    assert error_of(ask(recipient, ticket, "no address", request_for(BOB))) == (400, "bad-request")
    assert error_of(ask(recipient, ticket, BOB, bytes(17_000))) == (400, "bad-request")
    assert error_of(ask(recipient, "x", BOB, request_for(BOB))) == (401, "ticket-ended")
    for code in ("", "1", "123456789", "1234567a", "１２３４５６７８"):
        assert error_of(confirm(recipient, ticket, BOB, b"", code)) == (400, "bad-request")
    assert rig.rows(PARCEL_KEY_REQUEST) == []


def test_the_database_has_no_code(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, rig: Rig
) -> None:
    ask(recipient, ticket, BOB, request_for(BOB))
    send()
    code = code_in(post)
    stored = repr([rig.rows(table) for table in (PARCEL_KEY_REQUEST, PARCEL_NOTICE)])
    assert code not in stored
    assert code[:4] + " " + code[4:] not in stored


def test_a_code_of_a_withdrawn_parcel_goes_to_nobody(
    recipient: Recipient, sender: Sender, send: Callable[[], None], post: Post
) -> None:
    opened(sender, recipient)
    second = opened(sender, recipient)
    ticket, request = recipient.ticket(second), request_for(BOB)
    ask(recipient, ticket, BOB, request)
    sender.call(second, "withdraw")
    send()
    assert post.mails == []
    assert error_of(confirm(recipient, ticket, BOB, request, "00000000")) == (410, "withdrawn")


def test_a_recipient_who_wants_no_mails_gets_no_code(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, rig: Rig, clock: FakeClock
) -> None:
    protection = services_of(rig.app).protection
    assert protection is not None
    protection.blocks.refuse(BOB, clock())
    assert ask(recipient, ticket, BOB, request_for(BOB)).status_code == 200
    send()
    assert post.mails == []


def test_requests_and_their_mails_are_swept(
    recipient: Recipient, ticket: str, send: Callable[[], None], rig: Rig
) -> None:
    for address in (BOB, CAROL):
        ask(recipient, ticket, address, request_for(address))
    send()
    rig.delivery.sweep.run()
    assert len(rig.rows(PARCEL_KEY_REQUEST)) == 2
    rig.clock.advance(seconds=CODE_SECONDS)
    rig.delivery.sweep.run()
    assert rig.rows(PARCEL_KEY_REQUEST) == []
    assert {row.kind for row in rig.rows(PARCEL_NOTICE)} == {"parcel"}


def test_requests_go_with_their_parcel(recipient: Recipient, ticket: str, rig: Rig) -> None:
    ask(recipient, ticket, BOB, request_for(BOB))
    with services_of(rig.app).database.transaction() as rows:
        rows.execute(update(PARCEL_KEY_REQUEST).values(ends_at=rig.clock().timestamp() + CODE_SECONDS))
    for _ in range(4):
        rig.clock.advance(seconds=KEPT_SECONDS)
        rig.delivery.sweep.run()
    assert rig.rows(PARCEL_KEY_REQUEST) == []


def test_without_the_setting_there_is_no_key(
    database_url: str, store: Path, clock: FakeClock, submission: Submission
) -> None:
    config = bridge_config(database_url, clock, store_config(store))
    app = create_app(replace(config, parcel_notices=config_of(submission)))
    rig = Rig(app, clock)
    recipient, sender = rig.recipient(), rig.sender()
    opened(sender, recipient)
    second = Draft()
    sender.send_whole(second)
    answer = recipient.open(second.id, second.proof).get_json()
    assert answer["key"] is None
    assert error_of(ask(recipient, answer["ticket"], BOB, request_for(BOB))) == (404, "no-keys")
    services_of(app).close()


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ar"])
def test_the_mail_speaks_five_languages(
    recipient: Recipient, sender: Sender, send: Callable[[], None], post: Post, language: str, rig: Rig
) -> None:
    for _ in range(2):
        draft = Draft()
        to = [{"address": BOB, "language": language}]
        assert sender.create(draft, whole=True, changes={"to": to}).status_code == 201
        ticket = recipient.ticket(draft)
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    protection = services_of(rig.app).protection
    assert protection is not None
    assert protection.notices is not None
    protection.notices.send_due()
    mail = post.mails[-1]
    parts = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert parts == (["text/plain", "text/html"] if language == "ar" else ["text/plain"])
    assert mail["Content-Language"] in (language, None)
    assert code_in(post)
