"""The vault's verbs for the contacts and decisions that a page keeps between two sessions."""

from __future__ import annotations

import datetime
from typing import Final

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import issue_identity
from smime_core.errors import MalformedMessage, NoMatchingRecipient, TrustStateOlder
from smime_core.provider import NewKey
from tests.support.people import NOW, PROVIDER, authority, person
from tests.support.vault.verbs import AT, call, sealed

ALICE: Final = person("alice")
ACCOUNT: Final = "alice@example.test"
DAY: Final = datetime.timedelta(days=1)


def test_the_vault_seals_for_every_key_that_may_receive_and_opens_by_each() -> None:
    signing_only = run(issue_identity(authority(), ACCOUNT, provider=PROVIDER, at=NOW, key=NewKey.ED25519))
    made = call("state.seal", account=ACCOUNT, counter=7, at=AT, **sealed(signing_only, ALICE))
    opening = {"account": ACCOUNT, "at": AT, "leastCounter": 0, "state": made["state"]}
    reply = call("state.open", **opening, **sealed(ALICE, signing_only))
    assert reply["counter"] == 7
    assert call("contacts.list", contacts=reply["contacts"]) == {"people": []}
    with pytest.raises(TrustStateOlder):
        call("state.open", **(opening | {"leastCounter": 8}), **sealed(ALICE, signing_only))
    with pytest.raises(NoMatchingRecipient):
        call("state.seal", account=ACCOUNT, counter=7, at=AT, **sealed(signing_only))


def test_the_vault_signs_nothing_by_a_key_that_has_ended() -> None:
    with pytest.raises(MalformedMessage, match="may sign"):
        call("state.seal", account=ACCOUNT, counter=0, at=(NOW + 9999 * DAY).isoformat(), **sealed(ALICE))
