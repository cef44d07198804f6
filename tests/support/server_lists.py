"""A domain's servers, the operator's key, and the keys of the servers."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Final

from smime_core.blocking import run
from smime_core.keys import raw_private_key
from smime_core.own_content import (
    Server,
    ServerKind,
    ServerList,
    Succession,
    key_text,
    sign_discovery,
    sign_move,
    sign_succession,
)
from smime_core.provider import KeyType, PrivateKey
from tests.support.people import NOW, PROVIDER

DOMAIN: Final = "example.test"
HOUR: Final = datetime.timedelta(hours=1)
SECOND: Final = datetime.timedelta(seconds=1)


def key(number: int) -> PrivateKey:
    """An Ed25519 key, the same each time for the same number."""
    return raw_private_key(KeyType.ED25519, bytes([number] * 32))


OPERATOR: Final = key(1)
PINNED: Final = key_text(OPERATOR)
BRIDGE_KEY: Final = key(11)
KEYS_KEY: Final = key(12)


def server(kind: ServerKind, address: str, owner: PrivateKey | None = None, **others: str | int) -> Server:
    values = {"name": address, "address": address, "key": key_text(owner) if owner else None, **others}
    return Server(kind=kind, **values)  # type: ignore[arg-type]


FIRST_BRIDGE: Final = server(ServerKind.BRIDGE, "https://api.example.test/mail", BRIDGE_KEY)
SECOND_BRIDGE: Final = server(ServerKind.BRIDGE, "https://spare.example.test")
KEYS: Final = server(
    ServerKind.KEY_SERVER, "https://keys.example.test:8443", KEYS_KEY, name="https://old.example.test", moves=2
)
LIST: Final = ServerList(
    domain=DOMAIN, number=7, issued=NOW, expires=NOW + 24 * HOUR, servers=(FIRST_BRIDGE, KEYS, SECOND_BRIDGE)
)


def sign(server_list: ServerList = LIST, owner: PrivateKey = OPERATOR, *successions: Succession) -> bytes:
    return run(sign_discovery(server_list, PROVIDER, key=owner, successions=successions))


def succession(old: PrivateKey, new: PrivateKey, domain: str = DOMAIN) -> Succession:
    return run(sign_succession(domain, PROVIDER, old_key=old, new_key=new))


def number(value: int, *, hours: float = 0) -> ServerList:
    """The list with another number, issued later."""
    issued = NOW + hours * HOUR
    return dataclasses.replace(LIST, number=value, issued=issued, expires=issued + 24 * HOUR)


def move(
    address: str = "https://new.example.test",
    *,
    owner: PrivateKey = KEYS_KEY,
    counter: int = 3,
    at: datetime.datetime = NOW,
    domain: str = DOMAIN,
) -> bytes:
    return run(sign_move(domain, PROVIDER, key=owner, counter=counter, address=address, at=at))
