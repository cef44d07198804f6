"""The key server's configuration, checked once at the start."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from roaming_keys.protocol.tickets import KEY_BYTES
from roaming_keys.server.accounts.resets import MIN_DELAY
from roaming_keys.server.master_key import GivenKeys, KeyringKeys, KeySource, MasterKey
from roaming_keys.server.notices.sender import NoticesByMail
from sealwax.service import check_origin, check_proxies, now


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyServerConfig:
    """The settings of an operator.

    `database` is the path of the SQLite file, or the URL of a PostgreSQL database, which may have a password. `origin`
    is this server's own origin, as clients write it: https, or http on loopback. Accounts belong to this origin.
    `addresses` are further origins at which the server answers, such as after a move. `pages_origins` are the exact
    origins whose pages may send requests. `ticket_key` is the bridge's Ed25519 public key. `master_key` is the key of
    32 bytes, or the place that stores it. None means the system keyring. `proxies` is the number of reverse proxies in
    front of the server, which set X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host. Values that clients set in
    these headers are ignored. `reset_delay` is the time between the start of a reset and its end. `notices` says how
    notices are mailed. If it is None, people get no notices. Raises ValueError.
    """

    origin: str
    database: str | Path = field(repr=False)
    ticket_key: bytes
    addresses: tuple[str, ...] = ()
    pages_origins: tuple[str, ...] = ()
    master_key: bytes | KeySource | None = field(default=None, repr=False)
    proxies: int = 0
    reset_delay: datetime.timedelta = MIN_DELAY
    notices: NoticesByMail | None = None
    clock: Callable[[], datetime.datetime] = now

    def __post_init__(self) -> None:
        for origin in (self.origin, *self.addresses, *self.pages_origins):
            check_origin(origin)
        check_proxies("proxies", self.proxies)
        if self.reset_delay < MIN_DELAY:
            raise ValueError(f"the delay of a reset is {self.reset_delay}, expected at least {MIN_DELAY}")
        if len(self.ticket_key) != KEY_BYTES:
            raise ValueError(f"the ticket key has {len(self.ticket_key)} bytes, expected {KEY_BYTES}")

    @property
    def key_source(self) -> KeySource:
        """The place that stores the master key. Raises ServerKeyError for a key of another length."""
        if self.master_key is None:
            return KeyringKeys(self.database)
        return GivenKeys(keys=(MasterKey(self.master_key),)) if isinstance(self.master_key, bytes) else self.master_key
