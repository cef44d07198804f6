"""Fixtures of the key server: a clock that only the test moves, databases of both kinds, and devices of one account."""

from __future__ import annotations

import pytest

from tests.support.clock import clock as clock
from tests.support.databases.postgresql import database_url as database_url, postgresql as postgresql
from tests.support.databases.repeated_upgrades import repeated_upgrades as repeated_upgrades
from tests.support.keys.devices import Account, Device
from tests.support.keys.people import quick_passphrases as quick_passphrases
from tests.support.servers.tls import tls_folder as tls_folder


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def laptop(account: Account) -> Device:
    return Device(account)


@pytest.fixture
def phone(account: Account) -> Device:
    return Device(account)
