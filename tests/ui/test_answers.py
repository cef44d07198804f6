"""The recipients of a reply, and names beside addresses: modules that pages and extension share, run in Node."""

from __future__ import annotations

import contextlib
import datetime
import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smime_core import MessageReport, State
from smime_core.errors import MalformedMessage
from smime_core.mail.compose import Draft, build_mail
from smime_core.mime.addresses import addresses
from smime_core.report import report_to_json
from tests.support.answered_mails import LETTERS, Letter, Named, report_on
from tests.support.misread_dates import MISREAD
from tests.support.project import ROOT
from wasm_build.vault.python.replies import describe_reply

RUNTIME = ROOT / "wasm_build/ui"
ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

ANSWER = """
const { answerTo } = await import(process.argv[1]);
const { reports, ...options } = JSON.parse(process.argv[2]);
const answers = reports.map(({ report, people }) => {
  const reply = { inReplyTo: null, references: [], hidden: [], people };
  const { to, cc, replyTo, doubtful, tooMany, quote } = answerTo(
    (key, { who } = {}) => who ?? key, { headers: report.headers, shown: "", report, reply }, options,
  );
  const addresses = (mailboxes) => mailboxes.map(({ address }) => address);
  return {
    to: addresses(to), cc: addresses(cc), replyTo: addresses(replyTo), tooMany, quote: quote.trim(),
    doubtful: [...addresses(doubtful.to), ...addresses(doubtful.cc)],
  };
});
console.log(JSON.stringify(answers));
"""
IN_ENGLISH = """
process.env.TZ = "UTC";
globalThis.document = { documentElement: { lang: "en" } };
globalThis.navigator ??= { languages: ["en"] };
"""
PROVED = """
const { writeMailbox } = await import(process.argv[1]);
const address = "alice@example.test";
console.log(JSON.stringify(JSON.parse(process.argv[2]).map((name) => writeMailbox({ name, address }))));
"""
QUOTE = """
const { quoteMailbox } = await import(process.argv[1]);
const written = JSON.parse(process.argv[2]).map(quoteMailbox);
console.log(JSON.stringify(written));
"""


def run_node(script: str, module: str, given: object) -> Any:
    """The output of a script, which gets the address of a module and the JSON of `given` as arguments."""
    command = ["node", "--input-type=module", "-e", script, (RUNTIME / module).as_uri(), json.dumps(given)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def answers(reports: Sequence[MessageReport], *, own: tuple[str, ...] = (ALICE,), to_all: bool = False) -> list[Any]:
    """The recipients of the replies to these messages."""
    given = [{"report": report_to_json(one), "people": describe_reply(one)["people"]} for one in reports]
    found: list[Any] = run_node(ANSWER, "answer.js", {"reports": given, "own": list(own), "toAll": to_all})
    return found


def answer(
    headers: dict[str, str],
    *,
    own: tuple[str, ...] = (ALICE,),
    to_all: bool = False,
    signer: str | None = None,
    encrypted: bool = False,
    protects: bool = False,
) -> dict[str, list[str]]:
    """The recipients of a reply to a message with these fields. Without protection, nobody is doubtful."""
    fields = {name: Named(text=value, addresses=()) for name, value in headers.items()}
    letter = Letter(fields=fields, signer=signer, is_encrypted=encrypted, protects_fields=protects)
    (found,) = answers([report_on(letter)], own=own, to_all=to_all)
    assert found.pop("tooMany") == 0
    del found["quote"]
    if not encrypted and not signer:
        assert found.pop("doubtful") == []
    return dict(found)


@pytest.mark.parametrize(("date", "key"), [("on Thursday", "reply_intro"), ("", "reply_intro_undated")])
def test_a_quotation_names_a_date_only_if_there_is_one(date: str, key: str) -> None:
    headers = {"From": BOB, "To": ALICE, **({"Date": date} if date else {})}
    fields = {name: Named(text=value, addresses=()) for name, value in headers.items()}
    report = report_to_json(report_on(Letter(fields=fields)))
    people = describe_reply(report_on(Letter(fields=fields)))["people"]
    given = {"reports": [{"report": report, "people": people}], "own": [ALICE]}
    (found,) = run_node(ANSWER.replace("who ?? key", "key"), "answer.js", given)
    assert found["quote"].splitlines()[0] == key


def test_a_quotation_names_no_time_that_a_browser_reads_otherwise_than_the_report() -> None:
    reports = [
        report_on(Letter(fields={"From": Named(text=BOB, addresses=()), "Date": Named(text=text, addresses=())}))
        for text in MISREAD
    ]
    given = [{"report": report_to_json(one), "people": describe_reply(one)["people"]} for one in reports]
    script = ANSWER.replace("who ?? key", "date ?? key").replace("{ who }", "{ date }")
    found = run_node(IN_ENGLISH + script, "answer.js", {"reports": given})
    for (text, time), answered in zip(MISREAD.items(), found, strict=True):
        intro = answered["quote"].splitlines()[0]
        assert "November 28, 2026 at 10:00" in intro if time else intro == text


def test_a_reply_goes_to_the_sender() -> None:
    headers = {"From": f"Bob <{BOB}>", "To": f"{ALICE}, {CAROL}", "Reply-To": "list@example.test"}
    assert answer(headers) == {"to": [BOB], "cc": [], "replyTo": ["list@example.test"]}
    assert answer(headers, to_all=True) == {"to": [BOB], "cc": [CAROL], "replyTo": ["list@example.test"]}


def test_a_reply_to_what_the_person_sent_goes_to_its_readers() -> None:
    headers = {"From": f"Alice <{ALICE.upper()}>", "To": f"Bob <{BOB}>, {ALICE}", "Cc": CAROL, "Reply-To": ALICE}
    assert answer(headers) == {"to": [BOB], "cc": [], "replyTo": []}
    assert answer(headers, to_all=True) == {"to": [BOB], "cc": [CAROL], "replyTo": []}


def test_a_reply_to_a_note_to_oneself_goes_to_oneself() -> None:
    assert answer({"From": ALICE, "To": ALICE})["to"] == [ALICE]
    assert answer({"From": ALICE})["to"] == [ALICE]


def test_every_own_address_counts() -> None:
    headers = {"From": "alice@work.test", "To": f"{BOB}, {ALICE}"}
    assert answer(headers, own=(ALICE, "alice@work.test"))["to"] == [BOB]


def test_a_message_without_a_sender_asks_about_its_reply_address() -> None:
    for field in ("Friends:;", "bob at example"):
        (found,) = answers([report_of({"From": field, "Reply-To": CAROL})])
        assert (found["to"], found["doubtful"], found["replyTo"]) == ([], [CAROL], [])
    (found,) = answers([report_of({"From": "bob at example"})])
    assert (found["to"], found["doubtful"]) == ([], [])


def report_of(headers: dict[str, str]) -> MessageReport:
    return report_on(Letter(fields={name: Named(text=value, addresses=()) for name, value in headers.items()}))


HEADERS = {"From": BOB, "To": f"{ALICE}, {CAROL}", "Cc": "dave@example.test"}


@pytest.mark.parametrize("protects", [False, True])
@pytest.mark.parametrize("encrypted", [False, True])
def test_whom_only_unprotected_fields_name_is_doubtful(protects: bool, encrypted: bool) -> None:
    found = answer(HEADERS, to_all=True, signer="bob", encrypted=encrypted, protects=protects)
    others = [CAROL, "dave@example.test"]
    assert (found["to"], found["cc"], found["doubtful"]) == (
        [BOB],
        others if protects else [],
        [] if protects else others,
    )
    assert answer(HEADERS, signer="bob", encrypted=encrypted, protects=protects)["doubtful"] == []


def test_the_unproved_sender_of_an_encrypted_message_is_doubtful() -> None:
    found = answer(HEADERS, encrypted=True)
    assert (found["to"], found["doubtful"]) == ([], [BOB])
    # The person chooses between the two addresses, so there is one question.
    found = answer({**HEADERS, "Reply-To": CAROL}, encrypted=True)
    assert (found["to"], found["doubtful"], found["replyTo"]) == ([], [], [CAROL])


def test_the_readers_of_an_own_encrypted_message_are_doubtful_unless_they_were_signed() -> None:
    headers = {"From": ALICE, "To": BOB}
    assert answer(headers, signer="alice", encrypted=True)["doubtful"] == [BOB]
    assert answer(headers, signer="alice", encrypted=True, protects=True)["doubtful"] == []
    assert answer({"From": ALICE, "To": ALICE}, signer="alice", encrypted=True)["doubtful"] == []


def test_an_answer_to_too_many_people_is_refused_whole() -> None:
    to = ", ".join(f"p{number}@x.test" for number in range(300))
    theirs, own = report_of({"From": BOB, "To": to}), report_of({"From": ALICE, "To": to})
    assert [one["tooMany"] for one in answers([theirs, own])] == [0, 300]
    assert [one["tooMany"] for one in answers([theirs, own], to_all=True)] == [300, 300]


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(letters=st.lists(LETTERS, min_size=25, max_size=25), to_all=st.booleans())
def test_an_answer_reaches_whom_the_view_proves_and_nobody_else_without_a_question(
    letters: list[Letter], to_all: bool
) -> None:
    reports = []
    for letter in letters:
        with contextlib.suppress(MalformedMessage):
            reports.append((letter, report_on(letter)))
    found = answers([report for _, report in reports], own=("nobody@example.test",), to_all=to_all)
    for (letter, report), reply in zip(reports, found, strict=True):
        if report.state is State.VERIFIED:
            assert reply["to"] == [report.sender]
            assert (report.sender or "") in reply["quote"]
        signed = letter.fields if letter.signer and letter.protects_fields else {}
        vouched = {address for people in signed.values() for address in people.addresses}
        proved = {report.sender} if report.state is State.VERIFIED else set()
        if report.state is not State.PLAIN:
            assert {*reply["to"], *reply["cc"]} <= vouched | proved
        assert not {*reply["to"], *reply["cc"]} & set(reply["doubtful"])


def test_a_false_own_address_leads_no_answer_away_from_a_proved_sender() -> None:
    """The bridge says who is signed in. If it names the sender, the message is still not the person's own."""
    letter = Letter(
        fields={
            name: Named(text=text, addresses=()) for name, text in {"From": BOB, "To": f"{ALICE}, {CAROL}"}.items()
        },
        signer="bob",
        protects_fields=True,
    )
    given = [{"report": report_to_json(one), "people": describe_reply(one)["people"]} for one in [report_on(letter)]]
    options = {"reports": given, "own": [BOB, ALICE], "ownSigners": [ALICE]}
    (found,) = run_node(ANSWER, "answer.js", options)
    assert (found["to"], found["cc"]) == ([BOB], [])
    (found,) = run_node(ANSWER, "answer.js", {**options, "toAll": True})
    assert (found["to"], found["cc"]) == ([BOB], [CAROL])


SERVICE = "parcels@service.test"


@pytest.mark.parametrize("to_all", [False, True])
@pytest.mark.parametrize(("signer", "protects"), [(None, False), ("bob", True)])
@pytest.mark.parametrize("encrypted", [False, True])
def test_a_reply_to_a_reply_to_a_parcel_names_nobody(
    to_all: bool, signer: str | None, protects: bool, encrypted: bool
) -> None:
    headers = {"Sealwax-Service": "parcel-reply", "From": BOB, "To": ALICE, "Cc": CAROL, "Reply-To": SERVICE}
    found = answer(headers, to_all=to_all, signer=signer, protects=protects, encrypted=encrypted)
    assert (found["to"], found["cc"], found["replyTo"]) == ([], [], [])


@pytest.mark.parametrize(
    ("signer", "protects", "to"), [("bob", True, [SERVICE]), ("carol", True, []), (None, False, [])]
)
def test_a_reply_to_a_notice_asks_about_whom_a_verified_field_names(
    signer: str | None, protects: bool, to: list[str]
) -> None:
    headers = {"Sealwax-Service": "notice", "From": BOB, "To": ALICE, "Reply-To": SERVICE}
    found = answer(headers, signer=signer, protects=protects)
    assert (found["to"], found.get("doubtful", [])) == ([], to)


@pytest.mark.parametrize("mark", ["notice", "parcel-reply"])
def test_an_unsigned_mark_of_a_service_keeps_no_reply_from_a_proved_sender(mark: str) -> None:
    assert answer({"Sealwax-Service": mark, "From": BOB, "To": ALICE}, signer="bob")["to"] == [BOB]


@pytest.mark.parametrize("mark", ["", "of our own", "(notice)"])
def test_a_mark_of_no_known_service_leads_no_answer_away_from_the_proved_sender(mark: str) -> None:
    headers = {"Sealwax-Service": mark, "From": BOB, "To": ALICE, "Reply-To": CAROL}
    found = answer(headers, signer="bob", protects=True)
    assert (found["to"], found["replyTo"]) == ([BOB], [CAROL])


NAMES = [
    "Alice", "Müller, Jörg",
    'The "Duke" of \\ York', "عليّ", "Bob\r\nBcc: eve", "a\u202eb", "=?utf-8?q?x?=", "<", "(x)", "; :",
    "\x00", "'",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_makes_one_mailbox_of_a_header(name: str) -> None:
    (written,) = run_node(QUOTE, "formats.js", [{"name": name, "address": ALICE}])
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    message = build_mail(Draft(sender=written, to=[BOB], date=at, message_id="<a@example.test>"))
    header = message.split(b"\r\n\r\n")[0].decode()
    assert not any(line.startswith("Bcc") for line in header.split("\r\n"))
    (mailbox,) = addresses(header.split("From: ", 1)[1].split("\r\nTo:", 1)[0].replace("\r\n", ""))
    assert mailbox.address == ALICE


def test_a_name_that_reads_like_an_address_is_left_out() -> None:
    given = [{"name": name, "address": ALICE} for name in ("bob@example.test", "", " \t", "\u200f")]
    assert run_node(QUOTE, "formats.js", given) == [ALICE] * 4


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
    assert run_node(PROVED, "formats.js", [name]) == [shown]


OWN = """
const { ownAddresses } = await import(process.argv[1]);
console.log(JSON.stringify(ownAddresses(JSON.parse(process.argv[2]))));
"""


@pytest.mark.parametrize(
    ("sending", "expected"),
    [(None, [ALICE, ALICE]), ([], [ALICE, ALICE]), (["Ward3@example.test"], [ALICE, ALICE, "ward3@example.test"])],
)
def test_a_shared_key_keeps_nobody_from_answers(sending: list[str] | None, expected: list[str]) -> None:
    """The owner of a shared identity has put Bob's address into its certificate."""
    identities = [
        {"addresses": [ALICE], "isShared": False},
        {"addresses": [BOB, "ward3@example.test"], "isShared": True},
    ]
    app = {"address": ALICE, "keys": {"identities": identities}, "api": {"sharedAddresses": sending}}
    assert run_node(OWN, "../../webbridge/pages/own_addresses.js", app) == expected


OFFERS = """
const { BridgeApi } = await import(process.argv[1]);
const api = new BridgeApi("https://bridge.test", () => undefined);
const found = [];
let isHeld = false, give = () => undefined;
globalThis.fetch = async () => {
  if (isHeld) await new Promise((resolve) => { give = resolve; });
  return Response.json({ sharedAddresses: ["ward3@example.test"] });
};
api.use({ address: "alice@example.test", account: "a" });
await api.sendingOffers();
found.push(api.sharedAddresses);
isHeld = true;
const late = api.sendingOffers();
api.use({ address: "bob@example.test", account: "b" });
found.push(api.sharedAddresses);
await new Promise((resolve) => setTimeout(resolve));
give();
await late;
found.push(api.sharedAddresses);
console.log(JSON.stringify(found));
"""


def test_the_shared_addresses_of_one_account_do_not_count_for_the_next() -> None:
    assert run_node(OFFERS, "../../webbridge/pages/api.js", None) == [["ward3@example.test"], None, None]


KEPT = """
const { mailboxesOf } = await import(process.argv[1]);
const asked = [];
const read = async (texts) => {
  asked.push(...texts);
  const bob = { name: "Brown, Bob", address: "bob@example.test" };
  return texts.map((text) => (text.includes("<") ? [bob] : [{ name: text, address: "" }]));
};
const people = await mailboxesOf(JSON.parse(process.argv[2]), read);
console.log(JSON.stringify({ people, asked }));
"""


def test_people_that_an_earlier_version_kept_as_texts_are_read_by_the_vault() -> None:
    carol, text = {"name": "Carol", "address": CAROL}, f'"Brown, Bob" <{BOB}>'
    found = run_node(KEPT, "../../webbridge/pages/draft_content.js", [carol, ALICE, text, "somebo"])
    bob, typed = {"name": "Brown, Bob", "address": BOB}, {"name": "", "address": "somebo"}
    assert found["people"] == [carol, {"name": "", "address": ALICE}, bob, typed]
    # A plain address needs no reading.
    assert found["asked"] == [text, "somebo"]
