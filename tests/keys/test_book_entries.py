"""Names of people and groups of several devices, merged by entry. A group counts if an own key has signed it."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Final

from roaming_keys.protocol.records.entries import (
    GROUP,
    MAX_LIVE,
    MAX_VALUE_CHARACTERS,
    PERSON,
    SETTING,
    Entry,
    fit_entries,
)
from tests.support.keys.devices import Account, Device
from tests.support.people import NOW, person

HOUR: Final = datetime.timedelta(hours=1)
WARD: Final = '{"members":["bob@example.test"]}'
BOB: Final = '{"address":"bob@example.test","name":"Bob"}'
Named = dict[str, str | None]


def keep(device: Device, *, people: Named | None = None, groups: Named | None = None) -> None:
    """Replace the address book of a device."""
    device.trust = replace(device.trust, others={PERSON: people or {}, GROUP: groups or {}})


def book_of(device: Device) -> tuple[Named, Named]:
    return dict(device.trust.others[PERSON]), dict(device.trust.others[GROUP])


def test_a_fresh_device_gets_the_names_and_groups_of_another(laptop: Device, phone: Device) -> None:
    keep(laptop, people={"bob@example.test": BOB}, groups={"Ward 3": WARD})
    keep(phone)
    laptop.merge(NOW)
    assert phone.merge(NOW).refused == ()
    assert book_of(phone) == ({"bob@example.test": BOB}, {"Ward 3": WARD})


def test_what_a_device_names_as_removed_is_removed_everywhere(laptop: Device, phone: Device) -> None:
    keep(laptop, people={"bob@example.test": BOB}, groups={"Ward 3": WARD, "Ward 4": WARD})
    keep(phone)
    laptop.merge(NOW)
    phone.merge(NOW)
    keep(phone, people={"bob@example.test": None}, groups={"Ward 3": None, "Ward 4": WARD})
    phone.merge(NOW + HOUR)
    laptop.merge(NOW + 2 * HOUR)
    assert book_of(laptop) == book_of(phone) == ({}, {"Ward 4": WARD})


def test_a_device_that_did_not_know_groups_when_it_merged_removes_none(laptop: Device, phone: Device) -> None:
    """Its base has the groups of others, because entries of unknown kinds are kept as they are."""
    keep(laptop, people={"bob@example.test": BOB}, groups={"Ward 3": WARD})
    laptop.merge(NOW)
    phone.trust = replace(phone.trust, others={SETTING: {}})
    phone.merge(NOW + HOUR)
    keep(phone)
    phone.merge(NOW + 2 * HOUR)
    laptop.merge(NOW + 3 * HOUR)
    assert book_of(phone) == book_of(laptop) == ({"bob@example.test": BOB}, {"Ward 3": WARD})


def test_a_group_that_no_own_key_has_signed_does_not_count(account: Account, laptop: Device, phone: Device) -> None:
    keep(laptop, groups={"Ward 3": WARD})
    laptop.merge(NOW)
    stored = account.entries["group:Ward 3"]
    assert stored.value is not None
    forged = Entry(at=stored.at + 1, value=stored.value.replace("bob@", "eve@"))
    account.entries = {**account.entries, "group:Ward 3": forged}
    keep(phone)
    assert phone.merge(NOW + HOUR).refused == ("group:Ward 3",)
    assert book_of(phone) == ({}, {})
    laptop.merge(NOW + HOUR)
    assert book_of(laptop) == ({}, {"Ward 3": WARD})


def test_a_name_or_group_that_is_too_long_stays_on_the_device(laptop: Device) -> None:
    long = {kind: "x" * MAX_VALUE_CHARACTERS[kind] for kind in (PERSON, GROUP)}
    keep(laptop, people={"bob@example.test": long[PERSON] + "x"}, groups={"Ward 3": long[GROUP]})
    merged = laptop.merge(NOW)
    assert merged.staying == ("group:Ward 3", "person:bob@example.test")
    assert book_of(laptop) == ({"bob@example.test": long[PERSON] + "x"}, {"Ward 3": long[GROUP]})


def test_only_the_latest_groups_have_room() -> None:
    entries = {f"{GROUP}:{number}": Entry(at=number, value="x") for number in range(MAX_LIVE[GROUP] + 1)}
    assert set(entries) - set(fit_entries(entries)) == {f"{GROUP}:0"}


def test_a_device_without_a_key_that_may_sign_keeps_its_groups_to_itself(account: Account, laptop: Device) -> None:
    account.identities = ()
    keep(laptop, groups={"Ward 3": WARD}, people={"bob@example.test": BOB})
    assert laptop.merge(NOW).staying == ("group:Ward 3",)
    account.identities = (person("alice"),)
    assert laptop.merge(NOW).staying == ()
