"""Contacts, decisions and settings of several devices, merged by entry."""

from __future__ import annotations

import base64
import datetime
import json
from dataclasses import replace
from typing import Final

import pytest

from roaming_keys.protocol.messages.accounts import MAX_STATE_BYTES
from roaming_keys.protocol.records.entries import CONTACT, DECISION, MAX_AT, MAX_LIVE, Entry, fit_entries, kind_of
from roaming_keys.protocol.records.state import AccountState
from roaming_keys.protocol.records.trust_entries import DeviceTrust
from smime_core.blocking import run
from smime_core.errors import MalformedMessage
from smime_core.identity import Identity
from smime_core.own_content import DecidedText, sign_decision
from smime_core.provider import NewKey
from smime_core.trust import (
    Contacts,
    Decision,
    DecisionKind,
    build_decisions,
)
from tests.support.keys.contacts import contact
from tests.support.keys.devices import USER, Account, Device
from tests.support.people import NOW, PROVIDER, person

ALICE, OTHER_ALICE, MALLORY = person("alice"), person("alice", key=NewKey.P256), person("mallory")
HOUR: Final = datetime.timedelta(hours=1)


def decision(name: str, *, at: datetime.datetime = NOW) -> Decision:
    return Decision(
        certificate=person(name).certificate,
        kind=DecisionKind.EXACT,
        addresses=(f"{name}@example.test",),
        accepted_at=at,
    )


def test_a_fresh_device_gets_all_that_another_keeps(laptop: Device, phone: Device) -> None:
    laptop.learn(contact("bob"), contact("carol"))
    laptop.decisions = [decision("dave")]
    laptop.merge(NOW)
    assert phone.merge(NOW).refused == ()
    assert (phone.contacts, phone.decisions) == (laptop.contacts, laptop.decisions)


def test_devices_that_change_different_entries_at_once_keep_all(laptop: Device, phone: Device) -> None:
    laptop.learn(contact("bob"))
    laptop.merge(NOW)
    phone.merge(NOW)
    laptop.learn(contact("carol"))
    laptop.decisions = [decision("erin")]
    phone.learn(contact("dave"))
    phone.decisions = [decision("frank")]
    laptop.merge(NOW + HOUR)
    phone.merge(NOW + HOUR)
    laptop.merge(NOW + 2 * HOUR)
    for device in (laptop, phone):
        assert device.addresses() == {"bob@example.test", "carol@example.test", "dave@example.test"}
        assert set(device.decisions) == {decision("erin"), decision("frank")}


def test_devices_that_learn_of_one_contact_at_once_keep_both_certificates(laptop: Device, phone: Device) -> None:
    first, second, third = person("bob"), person("bob", key=NewKey.P256), person("bob", key=NewKey.P384)
    laptop.learn(contact("bob", certificates=(first,)))
    laptop.merge(NOW)
    phone.merge(NOW)
    laptop.learn(contact("bob", certificates=(second, first), seen=NOW + HOUR))
    phone.learn(contact("bob", certificates=(third, first), seen=NOW + HOUR))
    for device, hours in ((laptop, 1), (phone, 2), (laptop, 3)):
        device.merge(NOW + hours * HOUR)
    assert laptop.contacts == phone.contacts
    (bob,) = laptop.contacts.people
    assert {certificate.certificate for certificate in bob.certificates} == {
        identity.certificate for identity in (first, second, third)
    }


@pytest.mark.parametrize("knows_base", [True, False])
def test_an_old_copy_does_not_bring_back_what_was_removed(laptop: Device, phone: Device, knows_base: bool) -> None:
    laptop.learn(contact("bob"), contact("carol"))
    laptop.decisions = [decision("dave"), decision("erin")]
    laptop.merge(NOW)
    phone.merge(NOW)
    laptop.contacts = laptop.contacts.without("bob@example.test")
    laptop.decisions = [decision("erin")]
    laptop.merge(NOW + HOUR)
    if not knows_base:
        phone.base = None
    phone.merge(NOW + 2 * HOUR)
    laptop.merge(NOW + 3 * HOUR)
    for device in (laptop, phone):
        assert device.addresses() == {"carol@example.test"}
        assert device.decisions == (decision("erin"),)


def test_a_contact_that_writes_again_after_its_removal_is_learned_again(laptop: Device, phone: Device) -> None:
    laptop.learn(contact("bob"))
    laptop.merge(NOW)
    laptop.contacts = Contacts()
    laptop.merge(NOW + HOUR)
    phone.learn(contact("bob", seen=NOW + 2 * HOUR))
    phone.merge(NOW + 3 * HOUR)
    laptop.merge(NOW + 4 * HOUR)
    assert laptop.addresses() == {"bob@example.test"}


def test_a_device_that_has_lost_its_contacts_removes_none(laptop: Device, phone: Device) -> None:
    laptop.learn(contact("bob"))
    laptop.decisions = [decision("dave")]
    laptop.merge(NOW)
    laptop.trust = DeviceTrust()
    laptop.merge(NOW + HOUR)
    assert laptop.addresses() == {"bob@example.test"}
    assert laptop.decisions == (decision("dave"),)


def test_a_merge_without_changes_stores_nothing_new(laptop: Device, phone: Device, account: Account) -> None:
    laptop.learn(contact("bob"))
    laptop.decisions = [decision("dave")]
    laptop.merge(NOW)
    before = account.entries
    phone.merge(NOW + HOUR)
    laptop.merge(NOW + 2 * HOUR)
    assert account.entries == before


def test_a_change_after_the_clock_was_put_back_still_counts(laptop: Device, phone: Device) -> None:
    laptop.learn(contact("bob"))
    laptop.merge(NOW)
    phone.merge(NOW)
    laptop.contacts = Contacts()
    laptop.merge(NOW - 24 * HOUR)
    phone.merge(NOW)
    assert phone.addresses() == set()


def forged(
    name: str, at: int, *, signer: Identity = MALLORY, account: str = USER, signed_at: int | None = None
) -> Entry:
    """A decision as a stranger would store it."""
    text = json.dumps(json.loads(build_decisions((decision(name),))), separators=(",", ":"))
    signed = DecidedText(account=account, at=at if signed_at is None else signed_at, decision=text)
    signature = run(sign_decision(signed, PROVIDER, identity=signer, signing_time=NOW))

    return Entry(at=at, value=json.dumps({"decision": text, "signature": base64.b64encode(signature).decode()}))


def unsigned(name: str, at: int) -> Entry:
    value = json.loads(forged(name, at).value or "")
    return Entry(at=at, value=json.dumps({**value, "signature": ""}))


def name_of(name: str) -> str:
    return f"{DECISION}:{person(name).certificate.fingerprint}"


def test_a_decision_of_ones_own_key_counts(phone: Device, account: Account) -> None:
    account.identities = (OTHER_ALICE, ALICE)
    account.entries = {name_of("dave"): forged("dave", 5, signer=ALICE)}
    assert phone.merge(NOW).refused == ()
    assert phone.decisions == (decision("dave"),)


def test_a_decision_that_is_older_than_the_key_counts_on_a_fresh_device(laptop: Device, phone: Device) -> None:
    laptop.decisions = [decision("dave", at=NOW - 9_000 * HOUR)]
    laptop.merge(NOW)
    phone.merge(NOW)
    assert phone.decisions == laptop.decisions != ()


def test_a_decision_counts_after_the_certificate_has_ended(laptop: Device, phone: Device, account: Account) -> None:
    laptop.decisions = [decision("dave")]
    laptop.merge(NOW)
    account.identities = (ALICE, OTHER_ALICE)
    phone.merge(ALICE.certificate.not_after + HOUR)
    assert phone.decisions == laptop.decisions != ()


@pytest.mark.parametrize(
    "entry",
    [
        forged("dave", 5),
        forged("dave", 5, signer=ALICE, account="bob@example.test"),
        forged("dave", 9, signer=ALICE, signed_at=5),
        unsigned("dave", 5),
    ],
    ids=["of a stranger", "of another account", "with another time", "without a signature"],
)
def test_another_decision_is_ignored_and_told(phone: Device, account: Account, entry: Entry) -> None:
    account.entries = {name_of("dave"): entry}
    for _ in range(2):
        merged = phone.merge(NOW)
        assert merged.refused == (name_of("dave"),)
        assert phone.decisions == ()
        assert account.entries == {name_of("dave"): entry}


def test_a_decision_under_the_name_of_another_is_refused(phone: Device, account: Account) -> None:
    account.entries = {name_of("erin"): forged("dave", 5, signer=ALICE)}
    assert phone.merge(NOW).refused == (name_of("erin"),)
    assert phone.decisions == ()


def test_a_removed_decision_does_not_come_back_with_a_later_time(
    laptop: Device, phone: Device, account: Account
) -> None:
    laptop.decisions = [decision("dave")]
    laptop.merge(NOW)
    signed = account.entries[name_of("dave")]
    laptop.decisions = []
    removed = laptop.merge(NOW + HOUR).entries[name_of("dave")]
    account.entries = {name_of("dave"): replace(signed, at=removed.at + 1)}
    assert laptop.merge(NOW + 2 * HOUR).refused
    assert phone.merge(NOW + 2 * HOUR).refused
    assert (laptop.decisions, phone.decisions) == ((), ())


def test_a_person_without_a_key_that_signs_keeps_decisions_on_the_device(laptop: Device, account: Account) -> None:
    account.identities = ()
    laptop.decisions = [decision("dave")]
    merged = laptop.merge(NOW)
    assert merged.staying == (name_of("dave"),)
    assert laptop.decisions == (decision("dave"),)
    assert account.entries == {}


def test_a_removed_decision_that_is_put_back_as_it_was_does_not_count_where_it_was_removed(
    laptop: Device, account: Account
) -> None:
    laptop.decisions = [decision("dave")]
    signed = laptop.merge(NOW).entries[name_of("dave")]
    laptop.decisions = []
    removed = laptop.merge(NOW + HOUR).entries
    account.entries = {name_of("dave"): signed}
    assert laptop.merge(NOW + 2 * HOUR).entries == removed
    assert laptop.decisions == ()


def test_a_removed_decision_is_not_put_back_after_its_removal_was_left_out_of_one_record(
    laptop: Device, account: Account
) -> None:
    laptop.decisions = [decision("dave")]
    signed = laptop.merge(NOW).entries
    laptop.decisions = []
    removed = laptop.merge(NOW + HOUR).entries
    for entries in ({}, signed):
        account.entries = entries
        assert laptop.merge(NOW + 2 * HOUR).entries == removed
        assert laptop.decisions == ()


def test_a_removal_from_the_future_keeps_nobody_from_accepting_a_certificate(laptop: Device, account: Account) -> None:
    account.entries = {name_of("dave"): Entry(at=MAX_AT, value=None)}
    laptop.decisions = []
    laptop.merge(NOW)
    laptop.decisions = [decision("dave")]
    for hours in (1, 2):
        laptop.merge(NOW + hours * HOUR)
        assert laptop.decisions == (decision("dave"),)


def test_entries_of_later_programs_stay(laptop: Device, phone: Device, account: Account) -> None:
    later = {
        "contact:x@example.test": Entry(at=3, value="{}"),
        "later:a": Entry(at=4, value="b"),
        "later:b": Entry(at=MAX_AT, value="c"),
    }
    account.entries = later
    for device in (laptop, phone, laptop):
        device.merge(NOW)
    assert account.entries == later
    assert laptop.addresses() == set()


def flood(count: int, at: int, *, size: int = 900) -> dict[str, Entry]:
    """Contacts that a stranger makes known, the latest of all: texts that hardly become smaller."""
    return {
        f"{CONTACT}:{number}@flood.example": Entry(at=at + number, value=PROVIDER.random_bytes(size).hex())
        for number in range(count)
    }


@pytest.mark.parametrize(("count", "size"), [(5_000, 10), (1_900, 900)], ids=["many", "large"])
def test_a_flood_of_contacts_pushes_out_no_decision(count: int, size: int) -> None:
    decisions = {f"{DECISION}:{number}": Entry(at=number, value="d" * 5_000) for number in range(MAX_LIVE[DECISION])}
    removed = {f"{DECISION}:r": Entry(at=1, value=None), f"{CONTACT}:r": Entry(at=1, value=None)}
    own = {"setting:a": Entry(at=1, value="b"), **decisions, **removed}
    fitted = fit_entries({**flood(count, 10**9, size=size), **own})
    assert own.items() <= fitted.items()
    assert len(AccountState(entries=fitted).to_bytes()) < MAX_STATE_BYTES
    left = [entry.at for name, entry in fitted.items() if kind_of(name) == CONTACT and entry.value]
    assert 0 < len(left) < count
    assert min(left) > 10**9 + count - len(left) - 1


def test_contacts_without_room_stay_on_the_device_that_has_them(
    laptop: Device, phone: Device, account: Account
) -> None:
    laptop.learn(contact("bob"))
    laptop.decisions = [decision("dave")]
    laptop.merge(NOW)
    later = int((NOW + HOUR).timestamp() * 1_000)
    account.entries = {**account.entries, **flood(MAX_LIVE[CONTACT], later, size=10)}
    merged = laptop.merge(NOW + HOUR)
    assert f"{CONTACT}:bob@example.test" not in merged.entries
    assert merged.staying == (f"{CONTACT}:bob@example.test",)
    assert laptop.addresses() == {"bob@example.test"}
    phone.merge(NOW + HOUR)
    assert phone.decisions == (decision("dave"),)


@pytest.mark.parametrize(
    "damaged", [DeviceTrust(contacts=b"{}"), DeviceTrust(contacts=b"["), DeviceTrust(decisions=b"{}")]
)
def test_a_damaged_text_of_the_device_is_refused(damaged: DeviceTrust) -> None:
    device = Device(Account(), damaged)
    with pytest.raises(MalformedMessage):
        device.merge(NOW)


def test_what_is_removed_while_the_answer_to_its_push_is_lost_does_not_come_back(laptop: Device, phone: Device) -> None:
    laptop.merge(NOW)
    laptop.learn(contact("bob"))
    laptop.decisions = [decision("dave")]
    laptop.merge_unanswered(NOW + HOUR)
    laptop.contacts, laptop.decisions = Contacts(), []
    phone.learn(contact("carol"))
    phone.merge(NOW + 2 * HOUR)
    assert phone.addresses() == {"bob@example.test", "carol@example.test"}
    for device in (laptop, phone):
        device.merge(NOW + 3 * HOUR)
        assert device.addresses() == {"carol@example.test"}
        assert device.decisions == ()


def test_what_is_added_again_while_the_answer_to_its_removal_is_lost_stays(laptop: Device, phone: Device) -> None:
    laptop.decisions = [decision("dave")]
    laptop.merge(NOW)
    laptop.decisions = []
    laptop.merge_unanswered(NOW + HOUR)
    laptop.decisions = [decision("dave")]
    laptop.merge(NOW + 2 * HOUR)
    phone.merge(NOW + 3 * HOUR)
    assert laptop.decisions == phone.decisions == (decision("dave"),)


def test_a_push_that_has_not_arrived_removes_nothing_of_other_devices(laptop: Device, phone: Device) -> None:
    phone.learn(contact("bob"))
    phone.merge(NOW)
    laptop.learn(contact("bob", seen=NOW + HOUR))
    laptop.merge_unanswered(NOW + HOUR, arrives=False)
    laptop.contacts = Contacts()
    laptop.merge(NOW + 2 * HOUR)
    assert laptop.addresses() == {"bob@example.test"}


def test_the_last_of_several_changes_counts_whichever_push_has_arrived(laptop: Device, phone: Device) -> None:
    for arrives in ((True, False), (False, True), (True, True)):
        laptop.decisions = [decision("dave")]
        laptop.merge_unanswered(NOW, arrives=arrives[0])
        laptop.decisions = [decision("dave"), decision("erin")]
        laptop.merge_unanswered(NOW + HOUR, arrives=arrives[1])
        laptop.decisions = [decision("erin")]
        for device in (laptop, phone, laptop):
            device.merge(NOW + 2 * HOUR)
            assert device.decisions == (decision("erin"),)
        laptop.decisions = []
        laptop.merge(NOW + 3 * HOUR)
