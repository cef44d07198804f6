"""The view of sent parcels has a word for each state, calls no claim proved, and writes its command safely."""

from __future__ import annotations

import shlex

import pytest

from sealwax.notices.outbox import Outcome
from sealwax.notices.sending import GIVEN_UP
from sealwax.notices.submission import smtp_code
from sealwax.service import ServiceError
from tests.support.node_tests import check_in_node
from webbridge.delivery.notices.failures import BLOCKED, REFUSED, returned_code
from webbridge.delivery.states import SaidBy, Stage, State
from webbridge.delivery.tokens import NAME


def test_each_state_and_speaker_of_the_bridge_has_words() -> None:
    codes = [
        smtp_code(550),
        returned_code("5.1.1"),
        GIVEN_UP,
        REFUSED,
        BLOCKED,
        Outcome.PERHAPS_TWICE,
        "parcel-damaged",
    ]
    vectors = {"states": [Stage.UPLOADING, *State], "speakers": list(SaidBy), "codes": codes}
    check_in_node("sent_parcels", "each state and speaker of the bridge has words", vectors)


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
        taken = NAME.read({"name": name}) == name
    except ServiceError:
        taken = False
    vectors = {"name": name, "taken": taken}
    check_in_node("sent_parcels", "a name is refused before the bridge refuses it", vectors)


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("alice@example.org", "alice@example.org"),
        ("o'brien@example.org", "'o'\\''brien@example.org'"),
        ("$(id)@example.org", "'$(id)@example.org'"),
        ("a;b&c@example.org", "'a;b&c@example.org'"),
        ("-x@example.org", "'-x@example.org'"),
        ("`x`@é.example", "'`x`@é.example'"),
    ],
)
def test_a_shell_reads_the_command_as_it_is_meant(address: str, written: str) -> None:
    command = f"sealwax deliver token --server https://mail.example.org --address {written}"
    words = ["sealwax", "deliver", "token", "--server", "https://mail.example.org", "--address", address]
    assert shlex.split(command) == words
    vectors = {"address": address, "command": command}
    check_in_node("sent_parcels", "a shell reads the command as it is meant", vectors)
