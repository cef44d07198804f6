"""The configuration of the discovery service, checked once at the start."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sealwax.service import check_origin, check_proxies, now
from smime_core.own_content import Server
from smime_core.provider import PrivateKey

LIFETIME: Final = datetime.timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryConfig:
    """The settings of an operator.

    `origin` is the service's own origin, at which servers report moves. `servers` are the servers of `domain`, the
    preferred one first. Servers may move to hosts in `move_domains` and below them. Raises ValueError.
    """

    domain: str
    origin: str
    state_file: Path
    key: PrivateKey = field(repr=False)
    servers: tuple[Server, ...]
    move_domains: tuple[str, ...]
    lifetime: datetime.timedelta = LIFETIME
    proxies: int = 0
    clock: Callable[[], datetime.datetime] = now

    def __post_init__(self) -> None:
        check_origin(self.origin)
        check_proxies("proxies", self.proxies)
