"""The operator's settings of Web Push, as a frozen dataclass."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from webbridge.push.endpoints import PUSH_HOSTS, check_push_host
from webbridge.push.vapid import check_key, public_key_text

_CONTACT: Final = re.compile(r"mailto:[!-~]{1,64}@[A-Za-z0-9.-]{1,250}|https://[!-~]{1,250}")


def check_contact(contact: str) -> None:
    """Check the address at which a push service reaches the operator (RFC 8292 section 2.1). Raises ValueError."""
    if _CONTACT.fullmatch(contact) is None:
        raise ValueError("an address of yours is expected, as mailto:postmaster@example.org or https://example.org/")


@dataclass(frozen=True, slots=True, kw_only=True)
class PushConfig:
    """The settings of Web Push.

    `key` is the private key that identifies this bridge to push services (`vapid.make_key`). `contact` is the
    operator's address, which push services get too. Messages are sent only to `hosts`. `ca_file` replaces the system's
    authorities for connections to these hosts.
    """

    key: bytes = field(repr=False)
    contact: str
    hosts: tuple[str, ...] = PUSH_HOSTS
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        check_key(self.key)
        check_contact(self.contact)
        for host in self.hosts:
            check_push_host(host)

    @property
    def public_key(self) -> str:
        """The public half of the key, for browsers."""
        return public_key_text(self.key)
