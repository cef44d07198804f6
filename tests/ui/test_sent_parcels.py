"""The view of sent parcels has a word for each state, calls no claim proved, and writes its command safely."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sealwax.service import ServiceError
from tests.support.project import ROOT
from webbridge.delivery.notices.failures import BLOCKED, GIVEN_UP, REFUSED, returned_code, smtp_code
from webbridge.delivery.notices.outbox import Outcome
from webbridge.delivery.states import SaidBy, Stage, State
from webbridge.delivery.tokens import _check_name

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

SCRIPT = Path(__file__).with_name("sent_parcels.mjs")
NOTHING: dict[str, Any] = {
    "codes": [],
    "states": [],
    "speakers": [],
    "parcels": [],
    "names": [],
    "commands": [],
    "numbers": [],
}


def ask(**given: Any) -> dict[str, Any]:
    command = ["node", str(SCRIPT), json.dumps(NOTHING | given)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def parcel(state: str, *said_by: str, stored: bool = True, tries_left: int = 5) -> dict[str, Any]:
    rows = [{"state": state, "by": by, "at": "2026-01-01T00:00:00Z"} for by in said_by]
    return {"state": state, "states": rows, "stored": stored, "triesLeft": tries_left}


def test_each_state_and_speaker_of_the_bridge_has_words() -> None:
    catalogue = json.loads((ROOT / "webbridge/pages/messages.en.json").read_text())
    codes = [
        smtp_code(550),
        returned_code("5.1.1"),
        GIVEN_UP,
        REFUSED,
        BLOCKED,
        Outcome.PERHAPS_TWICE,
        "parcel-damaged",
    ]
    found = ask(states=[Stage.UPLOADING, *State], speakers=list(SaidBy), codes=codes)
    assert set(found["states"] + found["speakers"] + found["codes"] + found["failed"]) <= catalogue.keys()
    assert len(set(found["codes"])) == len(codes)
    assert "sent_parcel_state_other" not in found["states"]
    assert "sent_parcel_by_other" not in found["speakers"]
    assert ask(states=["eaten"], speakers=["someone"])["states"] == ["sent_parcel_state_other"]


def test_an_answer_that_did_not_reach_the_sender_is_no_answer() -> None:
    catalogue = json.loads((ROOT / "webbridge/pages/messages.en.json").read_text())
    lost = ask(codes=[smtp_code(552), GIVEN_UP])["lost"]
    assert (lost["state"], lost["look"]) == ("sent_parcel_state_answer_lost", "failed")
    assert lost["codes"] == ["sent_parcel_code_own_smtp", "sent_parcel_code_own_given_up"]
    assert {lost["state"], *lost["codes"]} <= catalogue.keys()


@pytest.mark.parametrize("state", [State.RECEIVED, State.OPENED, State.ANSWERED])
def test_what_only_a_program_says_is_a_claim(state: State) -> None:
    claims, signed, service = SaidBy.RECIPIENT_CLAIMS, SaidBy.RECIPIENT_SIGNED, SaidBy.SERVICE
    asked = [parcel(state, claims), parcel(state, claims, signed), parcel(state, service), parcel(state, "someone")]
    found = [(one["look"], one["isClaim"], one["isSigned"]) for one in ask(parcels=asked)["headlines"]]
    assert found == [
        ("claimed", True, False),
        ("signed", False, True),
        ("sent", False, False),
        ("claimed", True, False),
    ]


def test_an_end_and_a_failure_have_shapes_of_their_own() -> None:
    asked = [
        parcel(State.WITHDRAWN, SaidBy.SENDER),
        parcel(State.EXPIRED, SaidBy.SERVICE),
        parcel(State.FAILED, SaidBy.RECIPIENT_CLAIMS),
        parcel(Stage.UPLOADING),
    ]
    found = ask(parcels=asked)["headlines"]
    assert [(one["look"], one["isClaim"]) for one in found] == [
        ("ended", False),
        ("ended", False),
        ("failed", True),
        ("waiting", False),
    ]


def test_only_what_the_bridge_takes_is_offered() -> None:
    asked = [
        parcel(State.SUBMITTED),
        parcel(State.SUBMITTED, tries_left=0),
        parcel(State.EXPIRED, tries_left=0),
        parcel(State.WITHDRAWN, stored=False),
    ]
    found = [[name for name, may in one.items() if may] for one in ask(parcels=asked)["acts"]]
    assert found == [
        ["withdraw", "extend", "limit"],
        ["withdraw", "extend", "limit", "tries"],
        ["withdraw", "extend"],
        [],
    ]


NAMES = [
    "Laptop",
    "Office, 2nd floor",
    "é ü 電",
    "a" * 100,
    "a" * 101,
    "😀" * 100,
    "",
    " ",
    "a/b",
    "a\tb",
    "a\u00a0b",
    "a\u202eb",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_refused_before_the_bridge_refuses_it(name: str) -> None:
    try:
        taken = _check_name(name) == name
    except ServiceError:
        taken = False
    assert ask(names=[name])["names"] == [taken]


def test_a_name_of_dots_would_change_the_address_of_a_request() -> None:
    assert ask(names=[".", "..", "..."])["names"] == [False, False, True]


@pytest.mark.parametrize(
    "address",
    [
        "alice@example.org",
        "o'brien@example.org",
        "$(id)@example.org",
        "a;b&c@example.org",
        "-x@example.org",
        "`x`@é.example",
    ],
)
def test_a_shell_reads_the_command_as_it_is_meant(address: str) -> None:
    written = ask(commands=[["https://mail.example.org/", address]])["commands"][0]
    words = ["sealwax", "deliver", "token", "--server", "https://mail.example.org", "--address", address]
    assert shlex.split(written) == words


def test_the_command_names_the_folder_of_the_pages() -> None:
    bases = [
        "https://mail.example.org/",
        "https://example.org/mail/",
        "https://example.org/mail/index.html",
        "http://127.0.0.1:8010/",
    ]
    found = [shlex.split(one)[4] for one in ask(commands=[[base, "a@b.example"] for base in bases])["commands"]]
    assert found == [
        "https://mail.example.org",
        "https://example.org/mail",
        "https://example.org/mail",
        "http://127.0.0.1:8010",
    ]


def test_a_number_is_whole_and_within_its_bounds() -> None:
    asked = ["1", "90", " 14 ", "0", "91", "-1", "1.5", "1e1", "", "x", "9" * 30]
    assert ask(numbers=asked)["numbers"] == [1, 90, 14, *[None] * 8]
