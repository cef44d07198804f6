"""A code from the mail gets a certificate at the second parcel, and counts for nothing else."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, insert

from sealwax.authority.folder import AuthorityFolder, Role
from smime_core.x509 import parse_certificate
from tests.support.servers.bridge import error_of
from tests.support.servers.certifier import certified
from tests.support.servers.mailboxes import ALICE, BOB
from tests.support.servers.own_keys import (
    CAROL,
    ask,
    code_in,
    confirm,
    opened,
    other_than,
    request_for,
)
from tests.support.servers.parcels import DAY, Draft, Recipient, Rig, Sender
from tests.support.servers.post import Post
from webbridge.database.tables import PARCEL_KEY_REQUEST
from webbridge.delivery.limits import CODE_SECONDS, CODE_TRIES
from webbridge.delivery.pepper import Pepper
from webbridge.services import services_of

pytestmark = pytest.mark.server


@pytest.mark.usefixtures("service")
def test_a_code_from_the_mail_gets_a_certificate_that_senders_find(
    recipient: Recipient,
    ticket: str,
    send: Callable[[], None],
    post: Post,
    authority: AuthorityFolder,
    rig: Rig,
) -> None:
    request = request_for(BOB)
    reply = ask(recipient, ticket, BOB, request)
    assert (reply.status_code, reply.get_json()) == (200, {"seconds": CODE_SECONDS})
    send()
    (mail,) = post.mails
    code = code_in(post)
    assert (mail["To"], mail["Auto-Submitted"]) == (BOB, "auto-generated")
    assert code[:4] not in str(mail["Subject"])
    answer = confirm(recipient, ticket, BOB, request, code)
    assert answer.status_code == 200, answer.get_json()
    certificates = [parse_certificate(b64decode(text)) for text in answer.get_json()["certificates"]]
    assert [entry.certificate for entry in certified(authority)] == certificates[:1]
    assert certificates[1:] == [authority.certificate(Role.ISSUING), authority.certificate(Role.ROOT)]
    assert certificates[0].email_addresses == (BOB,)
    found_by_senders = services_of(rig.app).people.search(BOB)
    assert certificates[0] in [candidate.certificate for candidate in found_by_senders.found]
    # The same again, as after a lost answer: the same certificate.
    assert confirm(recipient, ticket, BOB, request, code).get_json() == answer.get_json()


def test_a_first_parcel_offers_no_key_and_a_second_one_does(sender: Sender, recipient: Recipient, rig: Rig) -> None:
    first, second, other = Draft(), Draft(), Draft(to=(CAROL,))
    for draft in (first, second, other):
        sender.send_whole(draft)
    assert recipient.open(first.id, first.proof).get_json()["key"] is None
    assert recipient.open(second.id, second.proof).get_json()["key"] == {"seconds": CODE_SECONDS}
    assert recipient.open(other.id, other.proof).get_json()["key"] is None
    # With several recipients it says nothing about one of them.
    both = Draft(to=(CAROL, "dora@example.org"))
    sender.send_whole(both)
    assert recipient.open(both.id, both.proof).get_json()["key"] == {"seconds": CODE_SECONDS}
    assert rig.rows(PARCEL_KEY_REQUEST) == []


@pytest.mark.parametrize("address", [CAROL, ALICE, "nobody@example.net"])
def test_the_answers_tell_nothing_of_other_addresses(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, rig: Rig, address: str
) -> None:
    ours, theirs = request_for(BOB), request_for(address)
    assert ask(recipient, ticket, BOB, ours).get_json() == ask(recipient, ticket, address, theirs).get_json()
    send()
    assert [mail["To"] for mail in post.mails] == [BOB]
    for left in range(CODE_TRIES - 1, 0, -1):
        wrong = [
            confirm(recipient, ticket, who, request, other_than(code_in(post)))
            for who, request in ((BOB, ours), (address, theirs))
        ]
        assert [answer.get_json() for answer in wrong] == [{**wrong[0].get_json(), "triesLeft": left}] * 2
        assert wrong[0].status_code == 403
    for who, request in ((BOB, ours), (address, theirs)):
        assert error_of(confirm(recipient, ticket, who, request, other_than(code_in(post)))) == (410, "code-ended")
    # The code of an address that gets no mail does not count either.
    (row,) = (entry for entry in rig.rows(PARCEL_KEY_REQUEST) if entry.address == address)
    assert row.mailbox == ""


@pytest.mark.usefixtures("service")
def test_even_the_code_of_another_address_of_the_parcel_does_not_count(
    recipient: Recipient, ticket: str, rig: Rig, authority: AuthorityFolder
) -> None:
    request = request_for(CAROL)
    ask(recipient, ticket, CAROL, request)
    (row,) = rig.rows(PARCEL_KEY_REQUEST)
    pepper = Pepper(rig.delivery.config.pepper)
    code = pepper.key_code(row.parcel, bytes(row.digest), bytes(row.nonce))
    assert error_of(confirm(recipient, ticket, CAROL, request, code)) == (403, "wrong-code")
    assert certified(authority) == []


@pytest.mark.usefixtures("service")
def test_a_code_counts_for_no_other_request(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, authority: AuthorityFolder
) -> None:
    """A co-recipient who knows of the first request puts another one beside it, and gets nothing by the first code."""
    ours, swapped = request_for(BOB), request_for(BOB)
    ask(recipient, ticket, BOB, ours)
    send()
    code = code_in(post)
    ask(recipient, ticket, BOB, swapped)
    assert error_of(confirm(recipient, ticket, BOB, swapped, code)) == (403, "wrong-code")
    assert certified(authority) == []
    assert confirm(recipient, ticket, BOB, ours, code).status_code == 200
    never_asked = request_for(BOB)
    assert error_of(confirm(recipient, ticket, BOB, never_asked, code)) == (410, "code-ended")
    assert len(certified(authority)) == 1


@pytest.mark.usefixtures("service")
def test_a_code_counts_for_no_other_parcel(
    recipient: Recipient, ticket: str, sender: Sender, send: Callable[[], None], post: Post, authority: AuthorityFolder
) -> None:
    third = opened(sender, recipient, (BOB,))
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    ask(recipient, recipient.ticket(third), BOB, request)
    send()
    codes = {mail["Subject"]: mail for mail in post.mails}
    assert len(codes) == 2
    here = code_in(post)
    post.mails.pop()
    there = code_in(post)
    assert {
        confirm(recipient, parcel_ticket, BOB, request, code).status_code
        for parcel_ticket, code in ((ticket, here), (recipient.ticket(third), there))
    } in ({200}, {403})
    assert len(certified(authority)) <= 1


@pytest.mark.usefixtures("service")
def test_two_confirmations_at_once_make_one_certificate(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, rig: Rig, authority: AuthorityFolder
) -> None:
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    send()
    code = code_in(post)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: confirm(rig.recipient(), ticket, BOB, request, code).get_json(), range(4)))
    assert answers == [answers[0]] * 4
    assert len(certified(authority)) == 1


def test_five_wrong_codes_at_once_are_counted_one_by_one(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, rig: Rig
) -> None:
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    send()
    wrong = other_than(code_in(post))
    with ThreadPoolExecutor(6) as pool:
        codes = [
            answer.get_json()["code"]
            for answer in pool.map(lambda _: confirm(rig.recipient(), ticket, BOB, request, wrong), range(8))
        ]
    assert sorted(codes) == ["code-ended"] * 4 + ["wrong-code"] * 4
    assert error_of(confirm(recipient, ticket, BOB, request, code_in(post))) == (410, "code-ended")


@pytest.mark.usefixtures("service")
def test_a_code_counts_for_half_an_hour(
    recipient: Recipient,
    ticket: str,
    send: Callable[[], None],
    post: Post,
    rig: Rig,
    authority: AuthorityFolder,
) -> None:
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    send()
    code = code_in(post)
    rig.clock.advance(seconds=CODE_SECONDS)
    assert error_of(confirm(recipient, ticket, BOB, request, code)) == (410, "code-ended")
    # The same request gets another code, and the old one counts no more.
    assert ask(recipient, ticket, BOB, request).get_json() == {"seconds": CODE_SECONDS}
    send()
    assert len(post.mails) == 2
    assert error_of(confirm(recipient, ticket, BOB, request, code)) == (403, "wrong-code")
    assert confirm(recipient, ticket, BOB, request, code_in(post)).status_code == 200
    assert len(certified(authority)) == 1


@pytest.mark.usefixtures("service")
def test_a_database_that_is_moved_back_gives_no_second_certificate(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, rig: Rig, authority: AuthorityFolder
) -> None:
    """After a backup was restored, an old code is asked again: within its time it gives what it gave before."""
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    send()
    code, rows = code_in(post), rig.rows(PARCEL_KEY_REQUEST)
    first = confirm(recipient, ticket, BOB, request, code).get_json()
    database = services_of(rig.app).database

    def restore() -> None:
        with database.transaction() as connection:
            connection.execute(delete(PARCEL_KEY_REQUEST))
            connection.execute(insert(PARCEL_KEY_REQUEST), [row._asdict() for row in rows])

    restore()
    assert confirm(recipient, ticket, BOB, request, code).get_json() == first
    rig.clock.advance(seconds=CODE_SECONDS)
    restore()
    assert error_of(confirm(recipient, ticket, BOB, request, code)) == (410, "code-ended")
    # A clock that is set back by a day makes no code count longer.
    rig.clock.advance(seconds=-DAY)
    restore()
    assert error_of(confirm(recipient, ticket, BOB, request, code)) in ((410, "code-ended"), (401, "ticket-ended"))
    assert len(certified(authority)) == 1
