"""A ticket for enrolment may name the key that signs the list of the domain's servers."""

from __future__ import annotations

import base64
import datetime
import json

import pytest

from roaming_keys.protocol.key_account import find_discovery_key
from roaming_keys.protocol.tickets import check_ticket, issue_ticket, public_key_of
from smime_core.errors import MalformedMessage
from tests.support.server_lists import PINNED

KEY = bytes(range(32))
ORIGIN, USER = "https://keys.example.test", "alice@example.test"
AT = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


def issue(discovery_key: str | None = PINNED) -> str:
    return issue_ticket(KEY, audience=ORIGIN, user=USER, at=AT, discovery_key=discovery_key)


def with_claims(**changed: object) -> str:
    claims, _, signature = issue().partition(".")
    members = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))) | changed
    return base64.urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip("=") + "." + signature


def test_a_client_reads_the_key_from_its_ticket() -> None:
    assert find_discovery_key(issue()) == PINNED


def test_a_ticket_without_a_key_names_none() -> None:
    assert find_discovery_key(issue(None)) is None


@pytest.mark.parametrize("discovery_key", [PINNED, None])
def test_the_key_server_takes_tickets_with_and_without_a_key(discovery_key: str | None) -> None:
    ticket = check_ticket(public_key_of(KEY), issue(discovery_key), audience=ORIGIN, user=USER, at=AT)
    assert ticket.ends > AT


@pytest.mark.parametrize(
    "ticket",
    [
        "", ".", "x", "ä.b", "W10.x", with_claims(discovery_key=""), with_claims(discovery_key=None),
        with_claims(discovery_key="ed25519:x"), with_claims(discovery_key=PINNED + "="), with_claims(more=1),
    ],
)  # fmt: skip
def test_a_ticket_that_cannot_be_read_is_refused(ticket: str) -> None:
    with pytest.raises(MalformedMessage):
        find_discovery_key(ticket)
