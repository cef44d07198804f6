"""The key server's configuration, checked once at the start."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from roaming_keys.protocol import normalise_origin
from roaming_keys.store import BackoffRule
from roaming_keys.tickets import MIN_KEY_BYTES

# An account's wait stays short, since anybody can bring it about: 1,440 guesses a day reach no stretched passphrase
# that is worth the name. A network's wait is its own doing.
ACCOUNT_BACKOFF = BackoffRule(free_failures=5, longest_seconds=60)
NETWORK_BACKOFF = BackoffRule(free_failures=20, longest_seconds=900)


def system_clock() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyServerConfig:
    """Everything that an operator decides.

    `origin` is the server's own, as clients write it: https, or http on loopback. `pages_origins` are the exact origins
    whose pages may ask. `ticket_key` is shared with the bridge. `master_key` (32 bytes) comes from the system keyring
    when it is None; tests and the demonstration give one. `proxies` is how many reverse proxies stand in front and set
    X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host; these headers of anybody else are ignored.
    Raises ValueError or MalformedMessage.
    """

    origin: str
    database: Path
    ticket_key: bytes = field(repr=False)
    pages_origins: tuple[str, ...] = ()
    master_key: bytes | None = field(default=None, repr=False)
    proxies: int = 0
    account_backoff: BackoffRule = ACCOUNT_BACKOFF
    network_backoff: BackoffRule = NETWORK_BACKOFF
    forget_failures_after: datetime.timedelta = datetime.timedelta(days=1)
    clock: Callable[[], datetime.datetime] = system_clock

    def __post_init__(self) -> None:
        for origin in (self.origin, *self.pages_origins):
            if normalise_origin(origin) != origin:
                raise ValueError(f"{origin} is not an origin: expected {normalise_origin(origin)}")
        if len(self.ticket_key) < MIN_KEY_BYTES:
            raise ValueError(f"the ticket key has {len(self.ticket_key)} bytes, expected {MIN_KEY_BYTES} or more")
