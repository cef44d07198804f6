"""The settings of the bridge and of its pages: the schema of `bridge.toml`."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, model_validator

from sealwax.lookups.directory_failure import DirectoryFailed
from sealwax.lookups.ldap import LdapDirectory, LdapSecurity, parse_ldap_url
from sealwax.lookups.smimea import NameServer
from sealwax.operation.program import ServiceProgram
from sealwax.operation.sections import Listen, LogsSection, ServerSection, WatchSection
from sealwax.operation.settings import (
    DatabaseUrl,
    HexKey,
    Origin,
    PublicKeyText,
    Section,
    ServiceSettings,
    WrongSettings,
    checked_by,
    key_bytes,
)
from smime_core.pkix import RevocationPolicy
from webbridge.accounts.domains import MailDomain
from webbridge.callers import check_extension_origin
from webbridge.config import (
    ABSOLUTE_SECONDS,
    IDLE_SECONDS,
    MAX_MESSAGE_BYTES,
    MAX_STREAMS,
    RELOAD_MINUTES,
    BridgeConfig,
    PagesConfig,
    PagesDiscovery,
    check_prefix,
)
from webbridge.gateway import MailServer, Security, ServerAddress
from webbridge.operation.parcel_notices_section import ParcelLimitsSection, ParcelNoticesSection
from webbridge.operation.parcels_section import ParcelsSection
from webbridge.operation.push_section import PushSection
from webbridge.operation.writing_section import WritingSection
from webbridge.pages_app import BUILT_PAGES

DEFAULT_FILE: Final = Path("/etc/sealwax/bridge.toml")
KEY_MISSING: Final = "enrolment_key is missing: `sealwax bridge init` makes it"
_MEMORY: Final = ":memory:"


class AddressSection(Section):
    """The address of one mail server."""

    host: str = Field(min_length=1, max_length=255, description="Name of the server, as its certificate has it")
    port: int = Field(ge=1, le=65_535, description="Port of the server")
    security: Security = Field(default=Security.IMPLICIT_TLS, description="`tls` from the first byte, or `starttls`")

    def to_address(self) -> ServerAddress:
        """Return the address for the gateway."""
        return ServerAddress(host=self.host, port=self.port, security=self.security)


class MailSection(Section):
    """The mail servers behind the bridge."""

    imap: AddressSection | None = Field(default=None, description="Server from which mail is read by IMAP")
    pop3: AddressSection | None = Field(default=None, description="Server from which mail is read by POP3")
    smtp: AddressSection = Field(description="Submission server")
    sieve: AddressSection | None = Field(
        default=None, description="ManageSieve server on which people change their filters; needs `imap`"
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file of authorities for these servers, in place of the system's"
    )
    timeout_seconds: float = Field(
        default=30.0, gt=0, le=600, description="Time that one call waits for a mail server in all"
    )

    oauthbearer: bool = Field(
        default=False, description="Take bearer tokens too in place of passwords, by SASL OAUTHBEARER or XOAUTH2"
    )

    @model_validator(mode="after")
    def check_mailbox(self) -> Self:
        """Refuse a mailbox with both protocols, or with none."""
        if (self.imap is None) == (self.pop3 is None):
            raise ValueError("a mail server has either imap or pop3")
        if self.sieve is not None and self.imap is None:
            raise ValueError("sieve needs a mail server with imap")
        return self

    def to_server(self) -> MailServer:
        """Return the mail servers for the gateway."""
        return MailServer(
            imap=None if self.imap is None else self.imap.to_address(),
            pop3=None if self.pop3 is None else self.pop3.to_address(),
            smtp=self.smtp.to_address(),
            sieve=None if self.sieve is None else self.sieve.to_address(),
            ca_file=self.ca_file,
            timeout_seconds=self.timeout_seconds,
            takes_tokens=self.oauthbearer,
        )


class DomainSection(Section):
    """One domain whose addresses may sign in."""

    name: str = Field(description="Domain, as example.org")
    login: str = Field(
        default="{address}",
        description="Login name at the mail server, in which {local}, {domain} and {address} are parts of the address",
    )
    mail: MailSection | None = Field(default=None, description="Mail servers of this domain in place of [mail]")
    find_servers: bool = Field(
        default=False, description="Find the mail servers by the domain's DNS; `sealwax bridge check` accepts them"
    )

    @model_validator(mode="after")
    def check_domain(self) -> Self:
        """Refuse a wrong domain or login name."""
        self.to_domain()
        return self

    def to_domain(self) -> MailDomain:
        """Return the domain for the accounts. Raises ValueError."""
        server = None if self.mail is None else self.mail.to_server()
        return MailDomain(name=self.name, login=self.login, server=server, is_found=self.find_servers)


class SessionsSection(Section):
    """The life of a session."""

    idle_seconds: int = Field(default=IDLE_SECONDS, gt=0, description="A session ends after this time without use")
    absolute_seconds: int = Field(default=ABSOLUTE_SECONDS, gt=0, description="A session ends after this time")
    reload_minutes: int = Field(
        default=RELOAD_MINUTES,
        ge=0,
        le=RELOAD_MINUTES,
        description="Longest time within which people may let the pages unlock again after a reload; 0 forbids it",
    )

    @model_validator(mode="after")
    def check_order(self) -> Self:
        """Refuse an idle time that is longer than the session."""
        if self.idle_seconds > self.absolute_seconds:
            raise ValueError("idle_seconds is more than absolute_seconds: at most the same is expected")
        return self


class TrustSection(Section):
    """The authorities that the pages trust."""

    anchors_file: Path | None = Field(default=None, description="PEM file of the trusted authorities")
    mozilla_roots: bool = Field(
        default=False, description="Trust public authorities too, as far as Mozilla trusts them for e-mail"
    )
    revocation: RevocationPolicy = Field(
        default=RevocationPolicy.REQUIRED, description="`required`, `if-known` or `not-checked`"
    )
    timestamp_anchors_file: Path | None = Field(default=None, description="PEM file of trusted timestamp authorities")
    list_file: Path | None = Field(
        default=None, description="Signed list of `sealwax trust publish`; it replaces the rest of this table"
    )


class LdapSection(Section):
    """One LDAP directory."""

    url: str = Field(description="ldaps://host/dc=example,dc=org, or ldap:// with StartTLS")
    allow_plain: bool = Field(default=False, description="ldap:// without encryption")
    bind_name: str = Field(default="", description="Name to log in with; without it the search is anonymous")
    password: SecretStr = Field(default=SecretStr(""), description="Password of `bind_name`")
    ca_file: Path | None = Field(default=None, description="PEM file of authorities in place of the system's")

    @model_validator(mode="after")
    def check_url(self) -> Self:
        """Refuse an address that names no directory."""
        self.to_directory()
        return self

    def to_directory(self) -> LdapDirectory:
        """Return the directory for lookups. Raises ValueError."""
        security = LdapSecurity.PLAIN_ALLOWED if self.allow_plain else LdapSecurity.ENCRYPTED
        try:
            return parse_ldap_url(
                self.url,
                security=security,
                bind_name=self.bind_name,
                password=self.password.get_secret_value(),
                ca_file=self.ca_file,
            )
        except DirectoryFailed as error:
            raise ValueError(str(error)) from None


class NameServerSection(Section):
    """One DNS resolver."""

    address: IPv4Address | IPv6Address = Field(description="IP address of the resolver")
    port: int = Field(default=53, ge=1, le=65_535, description="Port of the resolver")
    is_trusted: bool = Field(default=False, description="Believe its word on DNSSEC")


class DirectorySection(Section):
    """The directories in which the bridge looks for people's certificates."""

    folder: Path | None = Field(default=None, description="Folder of PEM files with people's certificates")
    ldap: tuple[LdapSection, ...] = Field(default=(), description="LDAP directories, as `[[directory.ldap]]`")
    name_servers: tuple[NameServerSection, ...] = Field(
        default=(), description="Resolvers for SMIMEA records, as `[[directory.name_servers]]`"
    )


class AuthoritiesSection(Section):
    """The bridge's requests to authorities about certificates."""

    fetch: bool = Field(default=True, description="Ask authorities whether certificates were revoked")
    cache: Path | None = Field(default=None, description="File of their answers, which all processes share")
    allowed_hosts: tuple[str, ...] = Field(
        default=(), description="Hosts inside your network that may be asked: ca.example.org or ca.example.org:8080"
    )
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(), description="Networks inside your network whose hosts may be asked"
    )


class PagesSection(Section):
    """The static origin, which `sealwax bridge pages` serves."""

    folder: Path | None = Field(default=None, description="Folder of the built pages; without it those of the package")
    listen: Listen = Field(default="127.0.0.1:8002", description="Address for the proxy")
    workers: int = Field(default=1, ge=1, le=64, description="Processes that answer")
    threads: int = Field(default=4, ge=1, le=256, description="Requests that one process answers at the same time")
    watch: Listen | None = Field(default=None, description="Address of /health, /ready and /metrics of the pages")


class EventsSection(Section):
    """The process of events, which `sealwax bridge events` runs."""

    listen: Listen | None = Field(
        default=None, description="Address for the proxy; without it the pages hear of new mail only when they ask"
    )
    max_streams: int = Field(
        default=MAX_STREAMS, ge=1, le=100_000, description="Pages that may be open at the same time"
    )
    watch: Listen | None = Field(default=None, description="Address of /health, /ready and /metrics of the events")


class BridgeServerSection(ServerSection):
    """The process of the API."""

    listen: Listen = Field(default="127.0.0.1:8001", description="Address for the proxy, or unix:/path of a socket")


class BridgeSettings(ServiceSettings):
    """The settings of `bridge.toml`."""

    api_origin: Origin = Field(description="Origin of the API: https://api.example.org")
    api_prefix: Annotated[str, checked_by(check_prefix)] = Field(
        default="", description="Path before /api, as /mail; the proxy passes the path on as it came"
    )
    pages_origin: Origin = Field(description="Origin of the pages: https://mail.example.org")
    key_server_origin: Origin = Field(description="Origin of the key server: https://keys.example.org")
    extension_origins: Annotated[tuple[str, ...], checked_by(check_extension_origin)] = Field(
        default=(),
        description="Browser extensions that may sign in to send mail, as the extension's page of keys shows them:"
        " chrome-extension://… or moz-extension://…",
    )
    database: DatabaseUrl = Field(
        default=SecretStr("/var/lib/sealwax-bridge/bridge.sqlite"),
        description="Path of the SQLite file, or postgresql+psycopg://user:password@host/name",
    )
    enrolment_key: HexKey | None = Field(
        default=None,
        description="Secret of 32 bytes, in hexadecimal digits: the Ed25519 key that signs tickets for the key server",
    )
    push_key: HexKey | None = Field(
        default=None,
        description="Secret of 32 bytes, in hexadecimal digits: the P-256 key by which push services know the bridge",
    )
    parcel_pepper: HexKey | None = Field(
        default=None,
        description="Secret of 32 bytes, in hexadecimal digits: the key under which the proofs of parcels are kept",
    )
    discovery_key: PublicKeyText | None = Field(
        default=None,
        description="Key that signs the list of the domain's servers, as `sealwax discovery public-key` prints it, for"
        " clients to pin",
    )
    discovery_origin: Origin | None = Field(
        default=None,
        description="Origin from which the pages fetch that list when the key server does not answer:"
        " https://discovery.example.org",
    )
    key_server_addresses: tuple[Origin, ...] = Field(
        default=(),
        description="Further addresses of the key server that the list may name to the pages:"
        ' ["https://keys2.example.org"]',
    )
    trusted_proxies: int = Field(
        default=1, ge=0, le=10, description="Proxies that set X-Forwarded-For, -Proto and -Host"
    )
    max_message_bytes: int = Field(default=MAX_MESSAGE_BYTES, gt=0, description="Largest message, read or sent")
    default_domain: str = Field(default="", description="Domain of names that people type without one")
    mail: MailSection | None = Field(
        default=None, description="Mail servers of all addresses, but those of domains with servers of their own"
    )
    domains: tuple[DomainSection, ...] = Field(
        default=(), description="Domains whose addresses may sign in, as `[[domains]]`; without them, all addresses"
    )
    server: BridgeServerSection = Field(default_factory=BridgeServerSection, description="Process of the API")
    pages: PagesSection = Field(default_factory=PagesSection, description="Process of the pages")
    events: EventsSection = Field(default_factory=EventsSection, description="Process of the events")
    push: PushSection = Field(default_factory=PushSection, description="Notifications by Web Push")
    parcels: ParcelsSection = Field(
        default_factory=ParcelsSection, description="Parcels for people who may have no keys"
    )
    parcel_notices: ParcelNoticesSection = Field(
        default_factory=ParcelNoticesSection, description="Notices by mail about parcels"
    )
    parcel_limits: ParcelLimitsSection = Field(
        default_factory=ParcelLimitsSection, description="Limits on senders of parcels"
    )
    sessions: SessionsSection = Field(default_factory=SessionsSection, description="Life of a session")
    trust: TrustSection = Field(default_factory=TrustSection, description="Authorities that the pages trust")
    writing: WritingSection = Field(default_factory=WritingSection, description="Messages that people write")
    directory: DirectorySection = Field(default_factory=DirectorySection, description="People's certificates")
    authorities: AuthoritiesSection = Field(
        default_factory=AuthoritiesSection, description="Questions about certificates"
    )
    watch: WatchSection = Field(default_factory=WatchSection, description="Address for monitoring")
    logs: LogsSection = Field(default_factory=LogsSection, description="Log and audit log")

    @model_validator(mode="after")
    def check_together(self) -> Self:
        """Refuse settings that contradict each other."""
        if self.mail is None and (
            not self.domains or not all(domain.mail or domain.find_servers for domain in self.domains)
        ):
            raise ValueError("mail is missing: the mail servers, as [mail.imap] and [mail.smtp]")
        if self.pages_origin in (self.api_origin, self.key_server_origin):
            raise ValueError("pages_origin: an origin that no other service has is expected")
        if self.discovery_origin is not None and self.discovery_key is None:
            raise ValueError("discovery_key is missing: the key that signs the list at discovery_origin")
        if self.key_server_addresses and self.discovery_origin is None:
            raise ValueError("discovery_origin is missing: the list that names one of key_server_addresses")
        if self.database.get_secret_value() == _MEMORY and self.server.workers > 1:
            raise ValueError("database: a file or a server is expected with more than one worker, not :memory:")
        if self.database.get_secret_value() == _MEMORY and self.events.listen is not None:
            raise ValueError("database: a file or a server is expected with a process of events, not :memory:")
        if self.push.contact is not None and self.events.listen is None:
            raise ValueError("events.listen is missing: the process of events sends push messages")
        return self

    def to_config(self) -> BridgeConfig:
        """Return the configuration of the API. Raises WrongSettings."""
        if self.enrolment_key is None:
            raise WrongSettings([KEY_MISSING])
        try:
            return self._config(key_bytes(self.enrolment_key))
        except ValueError as error:
            raise WrongSettings([str(error)]) from None

    def _config(self, enrolment_key: bytes) -> BridgeConfig:
        return BridgeConfig(
            api_origin=self.api_origin,
            api_prefix=self.api_prefix,
            pages_origin=self.pages_origin,
            key_server_origin=self.key_server_origin,
            mail_server=None if self.mail is None else self.mail.to_server(),
            domains=tuple(domain.to_domain() for domain in self.domains),
            default_domain=self.default_domain,
            enrolment_key=enrolment_key,
            discovery_key=self.discovery_key,
            anchors_file=self.trust.anchors_file,
            trust_list_file=self.trust.list_file,
            timestamp_anchors_file=self.trust.timestamp_anchors_file,
            timestamp_service=self.writing.timestamp_service,
            label_policy_file=self.writing.label_policy_file,
            shared_addresses=self.writing.shared_addresses,
            authserv_id=self.writing.authserv_id,
            clear_mail=self.writing.to_clear_mail(),
            mozilla_roots=self.trust.mozilla_roots,
            revocation=self.trust.revocation,
            directory_folder=self.directory.folder,
            directory_ldap=tuple(directory.to_directory() for directory in self.directory.ldap),
            directory_name_servers=tuple(
                NameServer(address=str(server.address), port=server.port, is_trusted=server.is_trusted)
                for server in self.directory.name_servers
            ),
            pki_fetch=self.authorities.fetch,
            pki_cache=self.authorities.cache,
            pki_allowed_hosts=self.authorities.allowed_hosts,
            pki_allowed_networks=self.authorities.allowed_networks,
            database=self.database.get_secret_value(),
            max_message_bytes=self.max_message_bytes,
            idle_seconds=self.sessions.idle_seconds,
            absolute_seconds=self.sessions.absolute_seconds,
            reload_minutes=self.sessions.reload_minutes,
            trusted_proxies=self.trusted_proxies,
            has_events=self.events.listen is not None,
            push=self.push.to_config(self.push_key),
            parcels=self.parcels.to_config(self.parcel_pepper),
            parcel_notices=self.parcel_notices.to_config(
                pages_origin=self.pages_origin, api_url=f"{self.api_origin}{self.api_prefix}"
            ),
            parcel_limits=self.parcel_limits.to_limits(),
            extension_origins=self.extension_origins,
        )

    def to_pages_config(self) -> PagesConfig:
        """Return the configuration of the pages, which have no secrets."""
        return PagesConfig(
            pages_origin=self.pages_origin,
            api_origin=self.api_origin,
            api_prefix=self.api_prefix,
            key_server_origin=self.key_server_origin,
            discovery=self._pages_discovery(),
            parcel_store_origin=self.parcels.presigned_origin,
            folder=self.pages_folder(),
            trusted_proxies=self.trusted_proxies,
        )

    def _pages_discovery(self) -> PagesDiscovery | None:
        if self.discovery_origin is None or self.discovery_key is None:
            return None
        return PagesDiscovery(
            key=self.discovery_key, origin=self.discovery_origin, key_servers=self.key_server_addresses
        )

    def pages_folder(self) -> Path:
        """Return the folder of the built pages."""
        return self.pages.folder or BUILT_PAGES


BRIDGE: Final = ServiceProgram(name="bridge", settings=BridgeSettings, default_file=DEFAULT_FILE)
