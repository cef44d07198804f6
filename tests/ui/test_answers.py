"""The recipients of a reply, and names beside addresses: modules that pages and extension share, run in Node."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
from typing import Any

import pytest

from smime_core.mail.compose import Draft, build_mail
from smime_core.mime.addresses import addresses
from tests.support.project import ROOT

RUNTIME = ROOT / "wasm_build/ui"
ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

ANSWER = """
const { answerTo } = await import(process.argv[1]);
const { headers, report, ...options } = JSON.parse(process.argv[2]);
const opened = { headers, text: "", report, reply: { inReplyTo: null, references: [], hidden: [] } };
const { to, cc, replyTo, doubtful } = answerTo((key) => key, opened, options);
console.log(JSON.stringify({ to, cc, replyTo, doubtful }));
"""
PROVED = """
const { writeProved } = await import(process.argv[1]);
const address = "alice@example.test";
console.log(JSON.stringify(JSON.parse(process.argv[2]).map((name) => writeProved({ name, address }))));
"""
QUOTE = """
const { quoteMailbox, readMailbox } = await import(process.argv[1]);
const written = JSON.parse(process.argv[2]).map(quoteMailbox);
console.log(JSON.stringify(written));
"""


def run_node(script: str, module: str, given: object) -> Any:
    """The output of a script, which gets the address of a module and the JSON of `given` as arguments."""
    command = ["node", "--input-type=module", "-e", script, (RUNTIME / module).as_uri(), json.dumps(given)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def answer(
    headers: dict[str, str],
    *,
    own: tuple[str, ...] = (ALICE,),
    to_all: bool = False,
    encrypted: bool = False,
    protections: tuple[str, ...] = (),
    state: str = "plain",
) -> dict[str, list[str]]:
    """The recipients of a reply, and for an encrypted message also the doubtful ones among them."""
    report = {
        "layers": [{"kind": "encrypted"}] if encrypted else [],
        "headerProtections": list(protections),
        "state": state,
    }
    given = {"headers": list(headers.items()), "report": report, "own": list(own), "toAll": to_all}
    found: dict[str, list[str]] = run_node(ANSWER, "answer.js", given)
    if not encrypted:
        assert found.pop("doubtful") == []
    return found


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


HEADERS = {"From": BOB, "To": f"{ALICE}, {CAROL}", "Cc": "dave@example.test"}


@pytest.mark.parametrize(
    ("protections", "doubtful"),
    [
        ((), [CAROL, "dave@example.test"]),
        (("unprotected",) * 3, [CAROL, "dave@example.test"]),
        (("signed-only", "signed-and-encrypted", "unprotected"), ["dave@example.test"]),
        (("signed-only", "signed-only", "signed-only"), []),
    ],
)
def test_whom_only_unprotected_fields_of_an_encrypted_message_name_is_doubtful(
    protections: tuple[str, ...], doubtful: list[str]
) -> None:
    found = answer(HEADERS, to_all=True, encrypted=True, protections=protections)
    assert (found["to"], found["doubtful"]) == ([BOB], doubtful)
    assert answer(HEADERS, encrypted=True, protections=protections)["doubtful"] == []


def test_the_readers_of_an_own_encrypted_message_are_doubtful_unless_they_were_protected() -> None:
    headers = {"From": ALICE, "To": BOB}
    assert answer(headers, encrypted=True, protections=("unprotected",) * 2)["doubtful"] == [BOB]
    assert answer(headers, encrypted=True, protections=("signed-only",) * 2)["doubtful"] == []
    assert answer({"From": ALICE, "To": ALICE}, encrypted=True)["doubtful"] == []


SERVICE = "parcels@service.test"


@pytest.mark.parametrize("to_all", [False, True])
@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("protections", [("unprotected",) * 5, ("signed-and-encrypted",) * 5])
def test_a_reply_to_a_reply_to_a_parcel_names_nobody(
    to_all: bool, encrypted: bool, protections: tuple[str, ...]
) -> None:
    headers = {
        "Sealwax-Service": "parcel-reply",
        "From": f"Parcel service <{SERVICE}>",
        "To": ALICE,
        "Cc": CAROL,
        "Reply-To": BOB,
    }
    found = answer(headers, to_all=to_all, encrypted=encrypted, protections=protections)
    assert (found["to"], found["cc"], found["replyTo"]) == ([], [], [])


@pytest.mark.parametrize(
    ("state", "protection", "to"),
    [
        ("verified", "signed-only", [BOB]),
        ("verified", "unprotected", []),
        ("signed-unverified", "signed-only", []),
        ("plain", "unprotected", []),
    ],
)
def test_a_reply_to_a_notice_goes_where_a_verified_field_says(state: str, protection: str, to: list[str]) -> None:
    headers = {"Sealwax-Service": "notice", "From": SERVICE, "To": ALICE, "Reply-To": BOB}
    assert answer(headers, state=state, protections=(protection,) * 4) == {"to": to, "cc": [], "replyTo": []}


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
