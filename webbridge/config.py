"""The settings of the bridge and of its pages, as frozen dataclasses."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from roaming_keys.protocol.tickets import KEY_BYTES
from sealwax.discovery.finding import PATH as DISCOVERY_PATH
from sealwax.lookups.ldap import LdapDirectory
from sealwax.lookups.smimea import NameServer
from sealwax.service import check_origin, check_proxies, now
from smime_core.pkix import RevocationPolicy
from smime_core.text import parse_address
from webbridge.accounts.domains import MailDomain, check_domain
from webbridge.callers import check_extension_origin
from webbridge.clear_mail import ClearMailPolicy
from webbridge.delivery.abuse.senders import SenderLimits
from webbridge.delivery.notices.settings import NoticesConfig
from webbridge.delivery.settings import ParcelsConfig
from webbridge.gateway import MailServer
from webbridge.push.settings import PushConfig

MAX_MESSAGE_BYTES = 50 * 1024 * 1024
IDLE_SECONDS = 15 * 60
ABSOLUTE_SECONDS = 12 * 60 * 60
RELOAD_MINUTES = 15  # The pages lock keys after 15 minutes without use, so more minutes have no effect.
MAX_STREAMS = 10_000  # The limit on open streams in one process of events.
_SERVICE = re.compile(r"https?://[^\s/?#@]+(/[^\s#]*)?")
_PREFIX = re.compile(r"(/[A-Za-z0-9][A-Za-z0-9._~-]*)*")


def check_timestamp_service(address: str) -> None:
    """Check the address of a timestamp service, or an empty text. Raises ValueError."""
    if address and _SERVICE.fullmatch(address) is None:
        raise ValueError("timestamp_service: an address with https:// or http:// is expected")


def check_shared_address(address: str) -> None:
    """Check an address that several people share. Raises ValueError."""
    if not address.isascii() or address != address.lower() or parse_address(address) is None:
        raise ValueError("shared_addresses: addresses as ward3@example.org are expected, in small letters")


def check_authserv_id(name: str) -> None:
    """Check the name of servers that write Authentication-Results, or an empty text. Raises ValueError."""
    if name and re.fullmatch(r"[!#-'*+.-9A-Z^-~-]+", name) is None:
        raise ValueError("authserv_id: one name as mail.example.org is expected")


def check_prefix(prefix: str) -> None:
    """Check a path before `/api`. Raises ValueError."""
    if _PREFIX.fullmatch(prefix) is None:
        raise ValueError("api_prefix: a path as /mail is expected, without a slash at its end, or an empty text")


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeConfig:
    """The settings of the API.

    `domains` are the domains whose addresses may sign in, each with its login names and mail servers. `mail_server`
    serves the domains that name no servers of their own. Without `domains`, every address that `mail_server` accepts
    may sign in. If a person types a name without a domain, the name is an address of `default_domain`.

    `trusted_proxies` is the number of proxies whose X-Forwarded headers are trusted.

    `api_prefix` is the path of the API before `/api`, such as `/mail`, or empty.
    `database` is the path of the SQLite file with sessions and login counters, or the URL of a PostgreSQL database. The
    URL may contain a password. With `:memory:` the sessions are lost when the bridge stops.
    People's certificates come from `directory_folder`, `directory_ldap` and the DNS, which is asked only if
    `directory_name_servers` names a resolver. `enrolment_key` is an Ed25519 key of 32 bytes. It signs tickets, which
    prove to the key server who owns an address. The tickets name `discovery_key`, which signs the list of the servers.

    `reload_minutes` is the longest time within which people may let the pages unlock keys again after a reload, or 0.

    `extension_origins` are the exact origins of browser extensions that may sign in, to send mail and keep drafts.

    `has_events` says that a process of events runs behind the same origin, so the pages may ask for a stream. That
    process also sends push messages. Without `push` the pages do not offer them. Without `parcels`, nobody can send or
    open parcels. Without `parcel_notices`, no notices of parcels are sent. `parcel_limits` limit senders of parcels.

    `revocation` is the pages' policy on revocation. `mozilla_roots` adds Mozilla's roots for e-mail to the pages'
    anchors. `timestamp_anchors_file` has the trusted timestamp authorities. `trust_list_file` is a list signed by
    `sealwax trust publish`. The pages pin its signer. From then on the list replaces `anchors_file`, `mozilla_roots`,
    `revocation` and `timestamp_anchors_file`.

    The bridge asks `timestamp_service` for timestamps on mail whose signatures must last. `label_policy_file` has the
    security labels that the pages offer. Each account may send mail from `shared_addresses`, which are in small
    letters, if the Sender field names the account. The operator's mail servers write Authentication-Results (RFC 8601)
    with the name `authserv_id`. Without `authserv_id`, the names of an account's mail servers are used instead.
    `clear_mail` is the policy on unencrypted mail, which the pages obey.

    `pki_fetch` lets the bridge ask authorities whether certificates below its anchors were revoked. `pki_cache` is the
    file of cached answers, which the command `sealwax` may share. Only public addresses and the ports 80 and 443 are
    asked, with the exceptions in `pki_allowed_hosts` ("ca.example.org", "ca.example.org:8080") and
    `pki_allowed_networks`. The exceptions are only for revocation: issuers' certificates are fetched only from public
    addresses.
    """

    api_origin: str
    api_prefix: str = ""
    pages_origin: str
    key_server_origin: str
    enrolment_key: bytes = field(repr=False)
    discovery_key: str | None = None
    mail_server: MailServer | None = None
    domains: tuple[MailDomain, ...] = ()
    default_domain: str = ""
    anchors_file: Path | None = None
    trust_list_file: Path | None = None
    timestamp_anchors_file: Path | None = None
    timestamp_service: str = ""
    label_policy_file: Path | None = None
    shared_addresses: tuple[str, ...] = ()
    authserv_id: str = ""
    clear_mail: ClearMailPolicy = field(default_factory=ClearMailPolicy)
    mozilla_roots: bool = False
    revocation: RevocationPolicy = RevocationPolicy.REQUIRED
    directory_folder: Path | None = None
    directory_ldap: tuple[LdapDirectory, ...] = ()
    directory_name_servers: tuple[NameServer, ...] = ()
    pki_fetch: bool = True
    pki_cache: Path | None = None
    pki_allowed_hosts: tuple[str, ...] = ()
    pki_allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    database: str = field(default=":memory:", repr=False)
    max_message_bytes: int = MAX_MESSAGE_BYTES
    idle_seconds: int = IDLE_SECONDS
    absolute_seconds: int = ABSOLUTE_SECONDS
    reload_minutes: int = RELOAD_MINUTES
    trusted_proxies: int = 0
    has_events: bool = False
    push: PushConfig | None = None
    parcels: ParcelsConfig | None = None
    parcel_notices: NoticesConfig | None = None
    parcel_limits: SenderLimits = field(default_factory=SenderLimits)
    extension_origins: tuple[str, ...] = ()
    clock: Callable[[], datetime] = now

    @property
    def has_filters(self) -> bool:
        """Whether people of some domain can change filters on their mail server."""
        servers = (self.mail_server, *(domain.server for domain in self.domains))
        return any(server is not None and server.sieve is not None for server in servers)

    def authserv_ids_of(self, server: MailServer) -> frozenset[str]:
        """The names whose Authentication-Results an account of this server must not send, in small letters."""
        names = [self.authserv_id] if self.authserv_id else [server.mailbox.host, server.smtp.host]
        return frozenset(name.lower() for name in names)

    def __post_init__(self) -> None:
        for origin in (self.api_origin, self.pages_origin, self.key_server_origin):
            check_origin(origin)
        for origin in self.extension_origins:
            check_extension_origin(origin)
        check_prefix(self.api_prefix)
        check_timestamp_service(self.timestamp_service)
        check_authserv_id(self.authserv_id)
        for address in self.shared_addresses:
            check_shared_address(address)
        check_proxies("trusted_proxies", self.trusted_proxies)
        if isinstance(self.pki_allowed_hosts, str):
            raise TypeError("pki_allowed_hosts is one text, a tuple of texts is expected")
        if not all(isinstance(network, IPv4Network | IPv6Network) for network in self.pki_allowed_networks):
            raise TypeError("pki_allowed_networks holds something else than networks of the module ipaddress")
        for name in ("max_message_bytes", "idle_seconds", "absolute_seconds"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}, more than 0 is expected")
        if not 0 <= self.reload_minutes <= RELOAD_MINUTES:
            raise ValueError(f"reload_minutes is {self.reload_minutes}, 0 to {RELOAD_MINUTES} is expected")
        if len(self.enrolment_key) != KEY_BYTES:
            raise ValueError(f"enrolment_key has {len(self.enrolment_key)} bytes, {KEY_BYTES} are expected")
        if self.push is not None and not self.has_events:
            raise ValueError("push: a process of events is expected, which sends the messages")
        self._check_domains()

    def _check_domains(self) -> None:
        names = [domain.name for domain in self.domains]
        if len(set(names)) < len(names):
            raise ValueError("domains names a domain twice")
        if self.default_domain and names and self.default_domain not in names:
            raise ValueError(f"default_domain is {self.default_domain}, which is not among the domains")
        if self.mail_server is None and (
            not names or not all(domain.server or domain.is_found for domain in self.domains)
        ):
            raise ValueError("mail_server is missing: not every address would have a mail server")
        if self.default_domain:
            check_domain(self.default_domain)


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesDiscovery:
    """The settings with which the pages find another address of a key server that does not answer.

    `key` signs the list of the domain's servers, which the pages fetch from `origin`. The pages may ask only those
    servers of the list that are in `key_servers`.
    """

    key: str
    origin: str
    key_servers: tuple[str, ...]

    def __post_init__(self) -> None:
        for origin in (self.origin, *self.key_servers):
            check_origin(origin)

    @property
    def url(self) -> str:
        return self.origin + DISCOVERY_PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesConfig:
    """The settings of the static origin.

    If `parcel_store_origin` is given, the pages fetch the bytes of parcels from there.
    """

    pages_origin: str
    api_origin: str
    api_prefix: str = ""
    key_server_origin: str
    discovery: PagesDiscovery | None = None
    parcel_store_origin: str | None = None
    folder: Path
    trusted_proxies: int = 0

    def __post_init__(self) -> None:
        store = () if self.parcel_store_origin is None else (self.parcel_store_origin,)
        for origin in (self.pages_origin, self.api_origin, self.key_server_origin, *store):
            check_origin(origin)
        check_prefix(self.api_prefix)
        check_proxies("trusted_proxies", self.trusted_proxies)
