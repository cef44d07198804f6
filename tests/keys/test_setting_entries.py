"""Settings and recipes of several devices, merged by entry. Only those that a key of their owner has signed count."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from roaming_keys.protocol.messages.accounts import MAX_STATE_BYTES
from roaming_keys.protocol.records.entries import MAX_VALUE_CHARACTERS, RECIPE, SETTING, Entry, fit_entries
from roaming_keys.protocol.records.state import AccountState
from roaming_keys.protocol.records.trust_entries import DeviceTrust
from smime_core.blocking import run
from smime_core.identity import Identity
from smime_core.own_content import SettingText, sign_decision
from tests.support.growth import grows_in_proportion
from tests.support.keys.devices import USER, Account, Device
from tests.support.people import NOW, PROVIDER, person

ALICE, MALLORY = person("alice"), person("mallory")
HOUR: Final = datetime.timedelta(hours=1)
DAY: Final = 24 * HOUR
LAST: Final = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
STRICT: Final = "setting:strict"
MAIL: Final = "https://mail.example.test"


def keep(device: Device, *, recipes: dict[str, str] | None = None, **settings: str) -> None:
    """Replace the settings and recipes of a device."""
    device.trust = replace(device.trust, others={SETTING: settings, RECIPE: recipes or {}})


def settings_of(device: Device) -> dict[str, str | None]:
    return dict(device.trust.others[SETTING])


def recipes_of(device: Device) -> dict[str, str | None]:
    return dict(device.trust.others[RECIPE])


def signed(text: str, *, at: int, name: str = STRICT, signer: Identity = ALICE, account: str = USER) -> Entry:
    """An entry as a client stores it."""
    content = SettingText(account=account, at=at, name=name, setting=text)
    signature = run(sign_decision(content, PROVIDER, identity=signer, signing_time=NOW))
    return Entry(at=at, value=json.dumps({"setting": text, "signature": base64.b64encode(signature).decode()}))


def test_a_fresh_device_gets_the_settings_and_recipes_of_another(laptop: Device, phone: Device) -> None:
    keep(laptop, strict="true", recipes={MAIL: "a recipe"})
    keep(phone)
    laptop.merge(NOW)
    assert phone.merge(NOW).refused == ()
    assert phone.trust.others == {SETTING: {"strict": "true"}, RECIPE: {MAIL: "a recipe"}}


def test_the_account_wins_over_a_setting_that_a_device_has_never_merged(laptop: Device, phone: Device) -> None:
    keep(laptop, strict="true")
    keep(phone, strict="false", harvest="false")
    laptop.merge(NOW)
    phone.merge(NOW + HOUR)
    laptop.merge(NOW + 2 * HOUR)
    assert settings_of(laptop) == settings_of(phone) == {"strict": "true", "harvest": "false"}


def test_the_later_of_two_changes_counts_on_both_devices(laptop: Device, phone: Device) -> None:
    keep(laptop, revocation="required")
    keep(phone)
    laptop.merge(NOW)
    phone.merge(NOW)
    keep(laptop, revocation="if-known")
    keep(phone, revocation="not-checked")
    phone.merge(NOW + HOUR)
    laptop.merge(NOW + 2 * HOUR)
    phone.merge(NOW + 3 * HOUR)
    assert settings_of(laptop) == settings_of(phone) == {"revocation": "if-known"}


@pytest.mark.parametrize("knows_base", [True, False])
def test_a_removed_recipe_stays_removed(laptop: Device, phone: Device, knows_base: bool) -> None:
    keep(laptop, recipes={MAIL: "a recipe"})
    keep(phone)
    laptop.merge(NOW)
    phone.merge(NOW)
    keep(laptop)
    laptop.merge(NOW + HOUR)
    if not knows_base:
        phone.base = None
    phone.merge(NOW + 2 * HOUR)
    laptop.merge(NOW + 3 * HOUR)
    assert recipes_of(laptop) == recipes_of(phone) == {}


def test_a_setting_of_another_program_stays_although_this_device_does_not_name_it(
    laptop: Device, phone: Device, account: Account
) -> None:
    keep(laptop, strict="true", later="x")
    laptop.merge(NOW)
    stored = account.entries
    for hours in (1, 2):
        keep(phone, strict="true")
        phone.merge(NOW + hours * HOUR)
    assert account.entries == stored


def test_a_removed_setting_comes_back_from_the_devices_that_have_it(laptop: Device, account: Account) -> None:
    keep(laptop, strict="true")
    laptop.merge(NOW)
    account.entries = {STRICT: Entry(at=account.entries[STRICT].at + 1, value=None)}
    for hours in (1, 2):
        laptop.merge(NOW + hours * HOUR)
        keep(laptop, strict="true")
    assert account.entries[STRICT].value is not None


@pytest.mark.parametrize(
    "entry",
    [
        signed("false", at=5, signer=MALLORY),
        signed("false", at=5, account="bob@example.test"),
        signed("false", at=5, name="setting:other"),
        replace(signed("false", at=5), at=6),
        Entry(at=5, value=json.dumps({"setting": "false", "signature": ""})),
    ],
    ids=["of a stranger", "of another account", "of another name", "with another time", "without a signature"],
)
def test_a_setting_that_no_own_key_has_signed_does_not_count(phone: Device, account: Account, entry: Entry) -> None:
    account.entries = {STRICT: entry}
    keep(phone)
    for _ in range(2):
        assert phone.merge(NOW).refused == (STRICT,)
        assert settings_of(phone) == {}
        assert account.entries == {STRICT: entry}


@pytest.mark.parametrize(
    "value",
    [
        "true",
        json.dumps({"setting": "true"}),
        json.dumps({"version": 2, "setting": "true", "signature": ""}),
        signed("x" * MAX_VALUE_CHARACTERS[SETTING], at=5).value,
    ],
    ids=["a bare text", "no signature", "of a later version", "too large"],
)
@pytest.mark.parametrize("own", [{}, {"strict": "false"}], ids=["without its own", "beside its own"])
def test_an_entry_that_this_program_does_not_read_is_kept_for_others(
    laptop: Device, account: Account, value: str, own: dict[str, str]
) -> None:
    recipes = dict.fromkeys((MAIL,), "own") if own else {}
    keep(laptop, recipes=recipes, **own)
    account.entries = stored = {STRICT: Entry(at=5, value=value), f"{RECIPE}:{MAIL}": Entry(at=5, value=value)}
    for _ in range(2):
        laptop.merge(NOW)
    assert account.entries == stored
    assert (settings_of(laptop), recipes_of(laptop)) == (own, recipes)


def test_a_text_that_is_too_large_stays_on_its_device(laptop: Device, account: Account) -> None:
    keep(laptop, recipes={MAIL: "x" * MAX_VALUE_CHARACTERS[RECIPE]})
    assert laptop.merge(NOW).staying == (f"{RECIPE}:{MAIL}",)
    assert account.entries == {}
    assert MAIL in recipes_of(laptop)


def test_a_setting_that_is_put_back_as_it_was_does_not_count(laptop: Device, account: Account) -> None:
    keep(laptop, strict="false")
    earlier = laptop.merge(NOW).entries
    keep(laptop, strict="true")
    later = laptop.merge(NOW + HOUR).entries
    account.entries = earlier
    assert laptop.merge(NOW + 2 * HOUR).entries == later
    assert settings_of(laptop) == {"strict": "true"}


def test_a_setting_that_was_left_out_of_one_record_is_not_put_back_by_the_next(
    laptop: Device, account: Account
) -> None:
    keep(laptop, strict="false")
    earlier = laptop.merge(NOW).entries
    keep(laptop, strict="true")
    later = laptop.merge(NOW + HOUR).entries
    for entries in ({}, earlier):
        account.entries = entries
        assert laptop.merge(NOW + 2 * HOUR).entries == later
        assert settings_of(laptop) == {"strict": "true"}


@pytest.mark.parametrize("ahead", [2 * DAY, 365 * DAY, LAST - NOW], ids=["two days", "a year", "the last time"])
@pytest.mark.parametrize("text", [None, "false"], ids=["removed", "changed"])
def test_an_entry_from_the_future_keeps_nobody_from_changing_a_setting(
    laptop: Device, phone: Device, account: Account, ahead: datetime.timedelta, text: str | None
) -> None:
    at = int((NOW + ahead).timestamp() * 1_000)
    keep(laptop, strict="true")
    account.entries = {STRICT: Entry(at=at, value=None) if text is None else signed(text, at=at)}
    laptop.merge(NOW)
    keep(phone)
    phone.merge(NOW)
    assert (settings_of(laptop), settings_of(phone)) == ({"strict": "true"}, {"strict": "true"})
    assert account.entries[STRICT].at <= NOW.timestamp() * 1_000


def test_a_clock_that_was_right_again_keeps_what_the_device_has(laptop: Device, phone: Device) -> None:
    keep(laptop, strict="true")
    laptop.merge(NOW + 365 * DAY)
    laptop.merge(NOW)
    keep(phone)
    phone.merge(NOW)
    assert settings_of(phone) == {"strict": "true"}


def test_a_person_without_a_key_that_signs_keeps_settings_on_the_device(laptop: Device, account: Account) -> None:
    account.identities = ()
    keep(laptop, strict="true")
    assert laptop.merge(NOW).staying == (STRICT,)
    assert settings_of(laptop) == {"strict": "true"}
    assert account.entries == {}


def test_devices_that_keep_no_settings_leave_them(laptop: Device, phone: Device, account: Account) -> None:
    keep(laptop, strict="true", recipes={MAIL: "a recipe"})
    stored = laptop.merge(NOW).entries
    phone.trust = DeviceTrust()
    for hours in (1, 2):
        phone.merge(NOW + hours * HOUR)
    assert account.entries == stored


def test_the_cost_of_a_merge_is_proportional_to_its_entries() -> None:
    """Up to 1,000 entries, of which all are verified by the second device."""

    def work(count: int) -> Callable[[], object]:
        account = Account()
        laptop, phone = Device(account), Device(account)
        names = [str(number) for number in range(count // 2)]
        keep(laptop, recipes=dict.fromkeys(names, "r"), **dict.fromkeys(names, "s"))
        keep(phone)
        laptop.merge(NOW)
        return lambda: phone.merge(NOW)

    assert grows_in_proportion(work, 1_000)


def test_recipes_without_room_push_out_no_setting() -> None:
    recipes = {
        f"{RECIPE}:{number}": Entry(at=number, value=PROVIDER.random_bytes(4_000).hex()) for number in range(500)
    }
    settings = {f"{SETTING}:{number}": Entry(at=number, value="s" * 1_000) for number in range(20)}
    fitted = fit_entries({**recipes, **settings})
    assert settings.items() <= fitted.items()
    assert 0 < len(fitted) - len(settings) < len(recipes)
    assert len(AccountState(entries=fitted).to_bytes()) <= MAX_STATE_BYTES
