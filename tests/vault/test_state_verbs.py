"""The vault's verbs for the contacts and decisions that a page keeps between two sessions."""

from __future__ import annotations

import datetime
from typing import Any, Final

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import issue_identity
from smime_core.errors import NoMatchingRecipient, NoUsableSigner, SmimeError, TrustStateOlder
from smime_core.identity import as_shared
from smime_core.own_content import TrustState, seal_trust_state
from smime_core.provider import NewKey
from tests.support.people import NOW, PROVIDER, authority, person
from tests.support.vault.verbs import AT, SEAL_KEY, call, sealed

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


def test_a_shared_key_neither_opens_nor_signs_what_is_kept() -> None:
    """The others who have the key of a ward could read it, or add decisions to it."""
    ward = as_shared(person("ward3"))
    opening = {"account": ACCOUNT, "at": AT, "leastCounter": 0}
    made = call("state.seal", account=ACCOUNT, counter=1, at=AT, **sealed(ward, ALICE))["state"]
    assert call("state.open", **opening, state=made, **sealed(ALICE))["counter"] == 1
    with pytest.raises(NoMatchingRecipient):
        call("state.open", **opening, state=made, **sealed(person("ward3")))
    planted = run(
        seal_trust_state(
            TrustState(account=ACCOUNT, counter=2),
            PROVIDER,
            identity=person("ward3"),
            recipients=[ALICE.certificate],
            signing_time=NOW,
        )
    )
    with pytest.raises(SmimeError):
        call("state.open", **opening, state=planted, **sealed(ward, ALICE))


@pytest.mark.parametrize("verb", ["reload", "passkey", "file"])
def test_a_shared_key_stays_one_on_each_way_of_keeping_it(verb: str) -> None:
    both = sealed(as_shared(person("ward3")), ALICE)
    again = WAYS[verb](both)["identities"]
    keys = {"identities": [identity["sealed"] for identity in again], "sealKey": SEAL_KEY}
    made = call("draft.seal", draft=b"a letter", place="1", **keys)["sealed"]
    assert call("draft.open", sealed=made, place="1", **sealed(ALICE)) == {"draft": b"a letter"}


def _over_a_reload(keys: dict[str, Any]) -> Any:
    halves = {"halves": b"h" * 64, "context": "c"}
    record = call("reload.seal", **halves, **keys)["kept"]
    return call("reload.open", **halves, kept=record, sealKey=SEAL_KEY)


def _by_a_passkey(keys: dict[str, Any]) -> Any:
    arguments = {"account": ACCOUNT, "output": b"o" * 32}
    bundle = call("passkey.seal", **arguments, **keys)["bundle"]
    return call("passkey.open", **arguments, bundle=bundle, sealKey=SEAL_KEY)


def _by_a_file(keys: dict[str, Any]) -> Any:
    file = call("identity.keep", **keys, passphrase=b"words")["p12"]
    return call("identity.open", p12=file, passphrase=b"words", sealKey=SEAL_KEY)


WAYS: Final = {"reload": _over_a_reload, "passkey": _by_a_passkey, "file": _by_a_file}


def test_the_vault_signs_nothing_by_a_key_that_has_ended() -> None:
    with pytest.raises(NoUsableSigner, match="certificate-expired"):
        call("state.seal", account=ACCOUNT, counter=0, at=(NOW + 9999 * DAY).isoformat(), **sealed(ALICE))
