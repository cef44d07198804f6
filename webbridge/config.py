"""The settings of the bridge and of its pages, as frozen values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from urllib.parse import urlsplit

from smime_core.lookups.ldap import LdapDirectory
from smime_core.lookups.smimea import NameServer
from smime_core.pkix import RevocationPolicy
from webbridge.gateway import MailServer

MAX_MESSAGE_BYTES = 50 * 1024 * 1024
IDLE_SECONDS = 15 * 60
ABSOLUTE_SECONDS = 12 * 60 * 60
MIN_ENROLMENT_KEY_BYTES = 32
_DEFAULT_PORTS = {"https": "443", "http": "80"}
# Nothing that would end a source of the pages' Content-Security-Policy; names of other scripts as DNS has them.
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://([a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:(?P<port>[1-9][0-9]{0,4}))?"
)


def now() -> datetime:
    """Return the time of the machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeConfig:
    """What the API needs to know. `trusted_proxies` counts the proxies whose X-Forwarded headers are believed.

    `database` is the path of the SQLite file with sessions and login counters; `:memory:` forgets them at the end.
    `directory_ldap` and `directory_name_servers` are asked for people's certificates beside `directory_folder`: the DNS
    only when a resolver is named.
    `enrolment_key` is shared with the key server: it makes the tickets that prove who owns an address.
    `revocation` is what the pages demand of certificates; `mozilla_roots` lets Mozilla's roots for e-mail count there
    beside the anchors. `trust_list_file` is a list that `sealwax trust publish` signed: the pages pin who
    signed it, and from then on it speaks for the operator in place of `anchors_file`, `mozilla_roots`, `revocation` and
    `timestamp_anchors_file`.
    `timestamp_anchors_file` holds the authorities whose timestamps say when something was signed.
    `pki_fetch` lets the bridge ask authorities whether certificates under its anchors were revoked, `pki_cache` keeps
    the answers in a file, which `sealwax` may share. Only public addresses and the ports 80 and 443 are asked, but for
    `pki_allowed_hosts` ("ca.example.org", "ca.example.org:8080") and `pki_allowed_networks`. These two count for
    revocation only: issuers' certificates are fetched from public addresses.
    """

    api_origin: str
    pages_origin: str
    key_server_origin: str
    mail_server: MailServer
    enrolment_key: bytes = field(repr=False)
    anchors_file: Path | None = None
    trust_list_file: Path | None = None
    timestamp_anchors_file: Path | None = None
    mozilla_roots: bool = False
    revocation: RevocationPolicy = RevocationPolicy.REQUIRED
    directory_folder: Path | None = None
    directory_ldap: tuple[LdapDirectory, ...] = ()
    directory_name_servers: tuple[NameServer, ...] = ()
    pki_fetch: bool = True
    pki_cache: Path | None = None
    pki_allowed_hosts: tuple[str, ...] = ()
    pki_allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    database: str = ":memory:"
    max_message_bytes: int = MAX_MESSAGE_BYTES
    idle_seconds: int = IDLE_SECONDS
    absolute_seconds: int = ABSOLUTE_SECONDS
    trusted_proxies: int = 0
    clock: Callable[[], datetime] = now

    def __post_init__(self) -> None:
        for origin in (self.api_origin, self.pages_origin, self.key_server_origin):
            check_origin(origin)
        check_proxies(self.trusted_proxies)
        if isinstance(self.pki_allowed_hosts, str):
            raise TypeError("pki_allowed_hosts is one text, a tuple of texts is expected")
        if not all(isinstance(one, IPv4Network | IPv6Network) for one in self.pki_allowed_networks):
            raise TypeError("pki_allowed_networks holds something else than networks of the module ipaddress")
        for name in ("max_message_bytes", "idle_seconds", "absolute_seconds"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}, more than 0 is expected")
        if len(self.enrolment_key) < MIN_ENROLMENT_KEY_BYTES:
            raise ValueError(f"enrolment_key has {len(self.enrolment_key)} bytes, at least 32 are needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesConfig:
    """What the static origin needs to know."""

    pages_origin: str
    api_origin: str
    key_server_origin: str
    folder: Path
    trusted_proxies: int = 0

    def __post_init__(self) -> None:
        for origin in (self.pages_origin, self.api_origin, self.key_server_origin):
            check_origin(origin)
        check_proxies(self.trusted_proxies)


def check_origin(origin: str) -> None:
    """Demand scheme, host and port and nothing else, as browsers write them; plain HTTP only on a loopback address."""
    written = _ORIGIN.fullmatch(origin)
    if written is None:
        raise ValueError(f"{origin!r} is not an origin such as https://mail.example.org")
    if written["port"] == _DEFAULT_PORTS[written["scheme"]]:
        raise ValueError(f"{origin!r} names the port that browsers leave out: no page would have this origin")
    if written["scheme"] != "https" and not _is_loopback(host_of(origin)):
        raise ValueError(f"{origin!r} is not HTTPS, which is demanded everywhere but on a loopback address")


def check_proxies(count: int) -> None:
    """Demand a number of proxies: a negative one would believe the header's beginning, which anybody writes."""
    if count < 0:
        raise ValueError(f"trusted_proxies is {count}, 0 or more is expected")


def host_of(origin: str) -> str:
    """Return the host of a checked origin, without its port."""
    return urlsplit(origin).hostname or ""


def is_https(origin: str) -> bool:
    """Say whether a checked origin is reached by TLS."""
    return origin.startswith("https://")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
