"""The people whom an answer may address: the proved sender, and nobody else without a question."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings

from smime_core import Judging, MessageReport, State
from smime_core.blocking import examine_message, sign_entity
from smime_core.cms.signing import Signing
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_NAMED_MAILBOXES
from smime_core.mail import reply_headers
from smime_core.mime import addresses
from smime_core.provider import NewKey
from smime_core.report import AnswerMailbox, find_answer_people, find_proved_sender, report_to_json
from smime_core.text import address_key
from tests.support import answered_mails
from tests.support.answered_mails import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    FORMS,
    LETTERS,
    SEVERAL,
    UNREADABLE,
    Letter,
    Named,
    report_on,
    signer_of,
)
from tests.support.people import NOW, PROVIDER, person, trust, with_addresses


def keys(addresses: object) -> set[tuple[str, str]]:
    return {address_key(address) for address in addresses}  # type: ignore[attr-defined]


def of(mailboxes: tuple[AnswerMailbox, ...], *, sure: bool) -> list[str]:
    return [mailbox.address for mailbox in mailboxes if mailbox.is_sure is sure]


def one(address: str) -> Named:
    return Named(text=address, addresses=(address,))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(letter=LETTERS)
def test_an_answer_reaches_whom_the_report_proves_and_nobody_else_without_a_question(letter: Letter) -> None:
    try:
        report = report_on(letter)
    except MalformedMessage:
        assume(False)
    people = find_answer_people(report)
    assert of(people.reply_to, sure=True) == []
    if report.state is State.VERIFIED:
        assert letter.signer is not None
        assert of(people.senders, sure=True) == [report.sender]
        assert of(people.senders, sure=False) == []
        assert address_key(report.sender or "") in keys(signer_of(letter.signer).certificate.email_addresses)
    if report.state is State.PLAIN:
        return
    signed = letter.fields if letter.signer and letter.protects_fields else {}
    vouched = keys(address for name in ("From", "To", "Cc") if name in signed for address in signed[name].addresses)
    proved = keys([report.sender]) if report.state is State.VERIFIED else set()
    sure = [*of(people.senders, sure=True), *of(people.to, sure=True), *of(people.cc, sure=True)]
    assert keys(sure) <= vouched | proved
    if report.state is not State.VERIFIED:
        assert keys(of(people.senders, sure=True)) <= keys(signed["From"].addresses if signed else ())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(letter=LETTERS)
def test_an_encrypted_answer_names_nobody_else_outside(letter: Letter) -> None:
    try:
        report = report_on(letter)
    except MalformedMessage:
        assume(False)
    people = find_answer_people(report)
    if report.protected_headers is None or not people.senders:
        return
    policy = reply_headers(report.protected_headers).policy
    written = [field.text for field in (*letter.fields.values(), *letter.changed.values())]
    for to in [*written, *(f'"{sender.name}" <{sender.address}>' for sender in people.senders)]:
        outside = policy("To", to) or ""
        named = keys(address.address for address in addresses(outside))
        assert named in (set(), keys(address.address for address in addresses(to)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(letter=LETTERS)
def test_an_ordinary_mail_is_answered_as_it_says(letter: Letter) -> None:
    report = report_on(Letter(fields=letter.fields))
    author = letter.fields["From"]
    people = find_answer_people(report)
    is_one = author.is_readable and len(author.addresses) == 1
    assert keys(of(people.senders, sure=is_one)) == keys(author.addresses)
    assert of(people.senders, sure=not is_one) == []
    for name, mailboxes in (("To", people.to), ("Cc", people.cc)):
        expected = letter.fields[name].addresses if name in letter.fields else ()
        assert keys(of(mailboxes, sure=True)) == keys(expected)


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_from_changes_whom_a_verified_message_is_answered(form: str) -> None:
    for is_encrypted in (False, True):
        fields = {"From": Named(text=form.format(BOB, CAROL), addresses=(BOB,)), "To": one(ALICE)}
        report = report_on(Letter(fields=fields, signer="bob", is_encrypted=is_encrypted))
        assert (report.state, report.sender) == (State.VERIFIED, BOB)
        assert of(find_answer_people(report).senders, sure=True) == [BOB]


@pytest.mark.parametrize("form", [*SEVERAL, *UNREADABLE])
def test_a_from_that_names_several_or_nobody_is_asked_about(form: str) -> None:
    report = report_on(Letter(fields={"From": Named(text=form.format(BOB, CAROL), addresses=())}))
    people = find_answer_people(report)
    assert of(people.senders, sure=True) == []
    assert of(people.senders, sure=False) == ([BOB, CAROL] if form in SEVERAL else [])


def test_a_changed_from_outside_does_not_change_the_answer() -> None:
    fields = {"From": one(BOB), "To": one(ALICE)}
    changed = {"From": Named(text=f"Bob <{CAROL}>", addresses=(CAROL,))}
    protected = report_on(Letter(fields=fields, changed=changed, signer="bob", is_encrypted=True, protects_fields=True))
    assert protected.state is State.SIGNED_UNVERIFIED
    assert of(find_answer_people(protected).senders, sure=True) == [BOB]
    bare = report_on(Letter(fields=fields, changed=changed, signer="bob", is_encrypted=True))
    assert bare.state is State.INVALID
    assert of(find_answer_people(bare).senders, sure=False) == [CAROL]


def test_encryption_without_a_signature_vouches_for_nobody() -> None:
    fields = {"From": one(BOB), "To": one(ALICE), "Cc": one(CAROL)}
    for protects_fields in (False, True):
        report = report_on(Letter(fields=fields, is_encrypted=True, protects_fields=protects_fields))
        people = find_answer_people(report)
        assert report.state is State.ENCRYPTED_ONLY
        assert [of(mailboxes, sure=False) for mailboxes in (people.senders, people.to, people.cc)] == [
            [BOB],
            [ALICE],
            [CAROL],
        ]


def test_the_name_of_a_proved_sender_is_that_of_the_certificate() -> None:
    fields = {"From": Named(text=f"Carol <{BOB}>", addresses=(BOB,)), "Cc": Named(text=f"Dave <{DAVE}>", addresses=())}
    people = find_answer_people(report_on(Letter(fields=fields, signer="bob")))
    assert [sender.name for sender in people.senders] == [signer_of("bob").certificate.common_name]
    # Anybody could have written the name in an unprotected field.
    assert [(recipient.name, recipient.address, recipient.is_sure) for recipient in people.cc] == [("", DAVE, False)]


@pytest.mark.parametrize("author", [BOB, CAROL])
def test_a_signer_of_two_addresses_is_answered_at_the_one_in_from(author: str, monkeypatch: pytest.MonkeyPatch) -> None:
    both = with_addresses(person("bob", NewKey.P256), BOB, CAROL)
    monkeypatch.setattr(answered_mails, "signer_of", lambda _: both)
    other = CAROL if author == BOB else BOB
    from_field = Named(text=f'"{other}" <{author}>', addresses=(author,))
    report = report_on(Letter(fields={"From": from_field, "To": one(ALICE)}, signer="bob"))
    assert report.state is State.VERIFIED
    assert of(find_answer_people(report).senders, sure=True) == [author]
    assert report_to_json(report)["proved"]["address"] == author


@pytest.mark.parametrize("address", ["bob@xn--mnchen-3ya.test", "Bob@example.test", '"bob"@example.test'])
def test_the_signer_of_the_address_names_the_author_whoever_signs_first(address: str) -> None:
    bob = with_addresses(person("bob", NewKey.P256), address, name="Bob")
    other = with_addresses(person("carol", NewKey.P256), CAROL, name="Carol")
    header = "From: bob@münchen.test\r\n" if "xn--" in address else "From: bob@example.test\r\n"
    for identities in ([bob, other], [other, bob]):
        signing = Signing(identities=identities, signing_time=NOW)
        signed = sign_entity(b"Content-Type: text/plain\r\n\r\nHello\r\n", signing, provider=PROVIDER)
        report = examine_message(header.encode() + signed, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)
        assert report.state is State.VERIFIED
        assert report_to_json(report)["proved"] == {"name": "Bob", "address": report.sender}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(letter=LETTERS)
def test_views_and_answers_have_one_proved_author(letter: Letter) -> None:
    try:
        report = report_on(letter)
    except MalformedMessage:
        assume(False)
    proved = report_to_json(report)["proved"]
    assert (proved is not None) is (report.state is State.VERIFIED)
    if proved is not None:
        assert [(sender.name, sender.address) for sender in find_answer_people(report).senders] == [
            tuple(proved.values())
        ]


def test_a_message_that_names_nobody_is_answered_to_nobody() -> None:
    report = report_on(Letter(fields={"Subject": Named(text="Hi", addresses=())}))
    assert (find_proved_sender(report), find_answer_people(report).senders) == (None, ())
    empty = MessageReport(state=State.PLAIN, reasons=(), layers=())
    assert find_answer_people(empty).senders == ()


def test_sixty_thousand_recipients_are_counted_but_not_listed() -> None:
    to = ", ".join(f"p{number}@x.test" for number in range(60_000))
    report = report_on(Letter(fields={"From": one(BOB), "To": Named(text=to, addresses=()), "Cc": one(CAROL)}))
    people = find_answer_people(report)
    assert (people.count, people.is_whole, len(people.to)) == (60_001, False, MAX_NAMED_MAILBOXES)
    listed = report_to_json(report)["people"]
    assert (listed["to"]["count"], len(listed["to"]["mailboxes"])) == (60_000, MAX_NAMED_MAILBOXES)
    assert listed["cc"] == {"count": 1, "mailboxes": [{"name": "", "address": CAROL, "protection": "unprotected"}]}
