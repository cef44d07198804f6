"""The recipients of a reply, and names beside addresses: the core judges the messages, and the pages answer them."""

from __future__ import annotations

import contextlib
import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from smime_core import MessageReport, State
from smime_core.errors import MalformedMessage
from smime_core.mail.compose import Draft, build_mail
from smime_core.mime.addresses import addresses
from smime_core.report import report_to_json
from tests.support.answered_mails import LETTERS, Letter, Named, report_on
from tests.support.misread_dates import MISREAD
from tests.support.node_tests import check_in_node
from wasm_build.vault.python.replies import describe_reply

ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"


def case(
    report: MessageReport,
    *,
    own: tuple[str, ...] = (ALICE,),
    to_all: bool = False,
    shown: str = "who",
    **expected: Any,
) -> dict[str, Any]:
    """A message with what its reply has to be. `shown` names the value that stands for a translated sentence."""
    return {
        "report": report_to_json(report),
        "people": describe_reply(report)["people"],
        "options": {"own": list(own), "toAll": to_all},
        "shown": shown,
        "expected": expected,
    }


def answer(
    headers: dict[str, str],
    *,
    own: tuple[str, ...] = (ALICE,),
    to_all: bool = False,
    signer: str | None = None,
    encrypted: bool = False,
    protects: bool = False,
    **expected: Any,
) -> dict[str, Any]:
    """A message with these fields and what its reply has to be. Without protection, nobody is doubtful."""
    fields = {name: Named(text=value, addresses=()) for name, value in headers.items()}
    letter = Letter(fields=fields, signer=signer, is_encrypted=encrypted, protects_fields=protects)
    if not encrypted and not signer:
        assert expected.setdefault("doubtful", []) == []
    return case(report_on(letter), own=own, to_all=to_all, tooMany=0, **expected)


def report_of(headers: dict[str, str]) -> MessageReport:
    return report_on(Letter(fields={name: Named(text=value, addresses=()) for name, value in headers.items()}))


@pytest.mark.parametrize(("date", "key"), [("on Thursday", "reply_intro"), ("", "reply_intro_undated")])
def test_a_quotation_names_a_date_only_if_there_is_one(date: str, key: str) -> None:
    report = report_of({"From": BOB, "To": ALICE, **({"Date": date} if date else {})})
    cases = [case(report, shown="", intro=key)]
    check_in_node("answers", "a quotation names a date only if there is one", cases)


def test_a_quotation_names_no_time_that_a_browser_reads_otherwise_than_the_report() -> None:
    cases = [
        {**case(report_of({"From": BOB, "Date": text}), own=(), shown="date"), "text": text, "time": time}
        for text, time in MISREAD.items()
    ]
    check_in_node("answers", "a quotation names no time that a browser reads otherwise than the report", cases)


def test_a_reply_goes_to_the_sender() -> None:
    headers = {"From": f"Bob <{BOB}>", "To": f"{ALICE}, {CAROL}", "Reply-To": "list@example.test"}
    cases = [
        answer(headers, to=[BOB], cc=[], replyTo=["list@example.test"]),
        answer(headers, to_all=True, to=[BOB], cc=[CAROL], replyTo=["list@example.test"]),
    ]
    check_in_node("answers", "a reply goes to the sender", cases)


def test_a_reply_to_what_the_person_sent_goes_to_its_readers() -> None:
    headers = {"From": f"Alice <{ALICE.upper()}>", "To": f"Bob <{BOB}>, {ALICE}", "Cc": CAROL, "Reply-To": ALICE}
    cases = [
        answer(headers, to=[BOB], cc=[], replyTo=[]),
        answer(headers, to_all=True, to=[BOB], cc=[CAROL], replyTo=[]),
    ]
    check_in_node("answers", "a reply to what the person sent goes to its readers", cases)


def test_a_reply_to_a_note_to_oneself_goes_to_oneself() -> None:
    cases = [answer({"From": ALICE, "To": ALICE}, to=[ALICE]), answer({"From": ALICE}, to=[ALICE])]
    check_in_node("answers", "a reply to a note to oneself goes to oneself", cases)


def test_every_own_address_counts() -> None:
    headers = {"From": "alice@work.test", "To": f"{BOB}, {ALICE}"}
    check_in_node("answers", "every own address counts", [answer(headers, own=(ALICE, "alice@work.test"), to=[BOB])])


def test_a_message_without_a_sender_asks_about_its_reply_address() -> None:
    fields = ("Friends:;", "bob at example")
    cases = [
        *[case(report_of({"From": field, "Reply-To": CAROL}), to=[], doubtful=[CAROL], replyTo=[]) for field in fields],
        case(report_of({"From": "bob at example"}), to=[], doubtful=[]),
    ]
    check_in_node("answers", "a message without a sender asks about its reply address", cases)


HEADERS = {"From": BOB, "To": f"{ALICE}, {CAROL}", "Cc": "dave@example.test"}


@pytest.mark.parametrize("protects", [False, True])
@pytest.mark.parametrize("encrypted", [False, True])
def test_whom_only_unprotected_fields_name_is_doubtful(protects: bool, encrypted: bool) -> None:
    others = [CAROL, "dave@example.test"]
    cc, doubtful = (others, []) if protects else ([], others)
    cases = [
        answer(
            HEADERS,
            to_all=True,
            signer="bob",
            encrypted=encrypted,
            protects=protects,
            to=[BOB],
            cc=cc,
            doubtful=doubtful,
        ),
        answer(HEADERS, signer="bob", encrypted=encrypted, protects=protects, doubtful=[]),
    ]
    check_in_node("answers", "whom only unprotected fields name is doubtful", cases)


def test_the_unproved_sender_of_an_encrypted_message_is_doubtful() -> None:
    cases = [
        answer(HEADERS, encrypted=True, to=[], doubtful=[BOB]),
        # The person chooses between the two addresses, so there is one question.
        answer({**HEADERS, "Reply-To": CAROL}, encrypted=True, to=[], doubtful=[], replyTo=[CAROL]),
    ]
    check_in_node("answers", "the unproved sender of an encrypted message is doubtful", cases)


def test_the_readers_of_an_own_encrypted_message_are_doubtful_unless_they_were_signed() -> None:
    headers = {"From": ALICE, "To": BOB}
    cases = [
        answer(headers, signer="alice", encrypted=True, doubtful=[BOB]),
        answer(headers, signer="alice", encrypted=True, protects=True, doubtful=[]),
        answer({"From": ALICE, "To": ALICE}, signer="alice", encrypted=True, doubtful=[]),
    ]
    name = "the readers of an own encrypted message are doubtful unless they were signed"
    check_in_node("answers", name, cases)


def test_an_answer_to_too_many_people_is_refused_whole() -> None:
    to = ", ".join(f"p{number}@x.test" for number in range(300))
    theirs, own = report_of({"From": BOB, "To": to}), report_of({"From": ALICE, "To": to})
    cases = [
        case(theirs, tooMany=0),
        case(own, tooMany=300),
        case(theirs, to_all=True, tooMany=300),
        case(own, to_all=True, tooMany=300),
    ]
    check_in_node("answers", "an answer to too many people is refused whole", cases)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(letters=st.lists(LETTERS, min_size=25, max_size=25), to_all=st.booleans())
def test_an_answer_reaches_whom_the_view_proves_and_nobody_else_without_a_question(
    letters: list[Letter], to_all: bool
) -> None:
    cases = []
    for letter in letters:
        with contextlib.suppress(MalformedMessage):
            cases.append(proved_case(letter, report_on(letter), to_all))
    name = "an answer reaches whom the view proves and nobody else without a question"
    check_in_node("answers", name, cases)


def proved_case(letter: Letter, report: MessageReport, to_all: bool) -> dict[str, Any]:
    """The case of a letter: only people whom a signature names, and the proved sender, get the reply."""
    is_verified = report.state is State.VERIFIED
    expected: dict[str, Any] = {"to": [report.sender]} if is_verified else {}
    signed = letter.fields if letter.signer and letter.protects_fields else {}
    vouched = {address for people in signed.values() for address in people.addresses}
    proved = {report.sender or ""} if is_verified else set()
    return {
        **case(report, own=("nobody@example.test",), to_all=to_all, **expected),
        "within": None if report.state is State.PLAIN else sorted(vouched | proved),
        "quotes": report.sender or "" if is_verified else "",
        "isDisjoint": True,
    }


def test_a_false_own_address_leads_no_answer_away_from_a_proved_sender() -> None:
    """The bridge says who is signed in. If it names the sender, the message is still not the person's own."""
    fields = {"From": BOB, "To": f"{ALICE}, {CAROL}"}
    named = {name: Named(text=text, addresses=()) for name, text in fields.items()}
    report = report_on(Letter(fields=named, signer="bob", protects_fields=True))
    cases = [case(report, to=[BOB], cc=[]), case(report, to_all=True, to=[BOB], cc=[CAROL])]
    for vector in cases:
        vector["options"] |= {"own": [BOB, ALICE], "ownSigners": [ALICE]}
    check_in_node("answers", "a false own address leads no answer away from a proved sender", cases)


SERVICE = "parcels@service.test"


@pytest.mark.parametrize("to_all", [False, True])
@pytest.mark.parametrize(("signer", "protects"), [(None, False), ("bob", True)])
@pytest.mark.parametrize("encrypted", [False, True])
def test_a_reply_to_a_reply_to_a_parcel_names_nobody(
    to_all: bool, signer: str | None, protects: bool, encrypted: bool
) -> None:
    headers = {"Sealwax-Service": "parcel-reply", "From": BOB, "To": ALICE, "Cc": CAROL, "Reply-To": SERVICE}
    vector = answer(
        headers, to_all=to_all, signer=signer, protects=protects, encrypted=encrypted, to=[], cc=[], replyTo=[]
    )
    check_in_node("answers", "a reply to a reply to a parcel names nobody", [vector])


@pytest.mark.parametrize(
    ("signer", "protects", "to"), [("bob", True, [SERVICE]), ("carol", True, []), (None, False, [])]
)
def test_a_reply_to_a_notice_asks_about_whom_a_verified_field_names(
    signer: str | None, protects: bool, to: list[str]
) -> None:
    headers = {"Sealwax-Service": "notice", "From": BOB, "To": ALICE, "Reply-To": SERVICE}
    cases = [answer(headers, signer=signer, protects=protects, to=[], doubtful=to)]
    check_in_node("answers", "a reply to a notice asks about whom a verified field names", cases)


@pytest.mark.parametrize("mark", ["notice", "parcel-reply"])
def test_an_unsigned_mark_of_a_service_keeps_no_reply_from_a_proved_sender(mark: str) -> None:
    cases = [answer({"Sealwax-Service": mark, "From": BOB, "To": ALICE}, signer="bob", to=[BOB])]
    check_in_node("answers", "an unsigned mark of a service keeps no reply from a proved sender", cases)


@pytest.mark.parametrize("mark", ["", "of our own", "(notice)"])
def test_a_mark_of_no_known_service_leads_no_answer_away_from_the_proved_sender(mark: str) -> None:
    headers = {"Sealwax-Service": mark, "From": BOB, "To": ALICE, "Reply-To": CAROL}
    cases = [answer(headers, signer="bob", protects=True, to=[BOB], replyTo=[CAROL])]
    check_in_node("answers", "a mark of no known service leads no answer away from the proved sender", cases)


# Each with the mailbox that the pages write.
NAMES = {
    "Alice": '"Alice" <alice@example.test>',
    "Müller, Jörg": '"Müller, Jörg" <alice@example.test>',
    'The "Duke" of \\ York': '"The \\"Duke\\" of \\\\ York" <alice@example.test>',
    "عليّ": '"عليّ" <alice@example.test>',
    "Bob\r\nBcc: eve": '"Bob Bcc: eve" <alice@example.test>',
    "a\u202eb": '"ab" <alice@example.test>',
    "=?utf-8?q?x?=": '"=?utf-8?q?x?=" <alice@example.test>',
    "<": "alice@example.test",
    "(x)": '"(x)" <alice@example.test>',
    "; :": '"; :" <alice@example.test>',
    "\u0000": "alice@example.test",
    "'": '"\'" <alice@example.test>',
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_makes_one_mailbox_of_a_header(name: str) -> None:
    written = NAMES[name]
    vectors = {"name": name, "address": ALICE, "written": written}
    check_in_node("answers", "a name makes one mailbox of a header", vectors)
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    message = build_mail(Draft(sender=written, to=[BOB], date=at, message_id="<a@example.test>"))
    header = message.split(b"\r\n\r\n")[0].decode()
    assert not any(line.startswith("Bcc") for line in header.split("\r\n"))
    (mailbox,) = addresses(header.split("From: ", 1)[1].split("\r\nTo:", 1)[0].replace("\r\n", ""))
    assert mailbox.address == ALICE


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Alice", f"Alice <{ALICE}>"),
        ("علي", f"علي <{ALICE}>"),
        ("", ALICE),
        (ALICE, ALICE),
        ("bank@example.test", ALICE),
        ("Bank <support\uff20bank.test>", ALICE),
        ("\u202e>tset.knab@troppus< knaB", ALICE),
        ("Bank\u202e\u2066", f"Bank <{ALICE}>"),
        ("Bank\n\nVerified\u2028x", f"Bank Verified x <{ALICE}>"),
        ("A" * 5_000, f"{'A' * 100}… <{ALICE}>"),
    ],
)
def test_no_name_in_a_certificate_passes_for_the_proved_address(name: str, shown: str) -> None:
    vectors = {"name": name, "address": ALICE, "shown": shown}
    check_in_node("answers", "no name in a certificate passes for the proved address", vectors)
