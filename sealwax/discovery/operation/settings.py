"""The settings of the discovery service: the schema of `discovery.toml`."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from sealwax.discovery.config import DiscoveryConfig
from sealwax.operation.program import ServiceProgram
from sealwax.operation.sections import Listen, LogsSection, ServerSection, WatchSection
from sealwax.operation.settings import HexKey, Origin, PublicKeyText, Section, ServiceSettings, WrongSettings, key_bytes
from smime_core.errors import MalformedMessage
from smime_core.keys import raw_private_key
from smime_core.own_content import Server, ServerKind, check_address, normalise_domain
from smime_core.provider import KeyType

DEFAULT_FILE: Final = Path("/etc/sealwax/discovery.toml")
STATE_FILE: Final = "/var/lib/sealwax-discovery/discovery.json"
KEY_NAME: Final = "signing_key"


def _domain(text: str) -> str:
    try:
        return normalise_domain(text)
    except MalformedMessage:
        raise ValueError("a domain is expected, such as example.org") from None


def _address(text: str) -> str:
    try:
        check_address(text)
    except MalformedMessage:
        raise ValueError(
            "an address is expected as https://mail.example.org or https://example.org/mail; http only for a loopback"
            " host"
        ) from None
    return text


Domain = Annotated[str, AfterValidator(_domain)]
Address = Annotated[str, AfterValidator(_address)]


class ListedServerSection(Section):
    """One server, as `[[bridges]]`, `[[key_servers]]` or `[[directories]]`. The preferred one is the first."""

    name: Address = Field(description="Address at which people's accounts were made, which never changes")
    address: Address | None = Field(default=None, description="Address now, if it is another one")
    key: PublicKeyText | None = Field(
        default=None, description="Key by which the server may move, as `sealwax discovery server-key` prints it"
    )


class DiscoveryServerSection(ServerSection):
    """The process of the discovery service."""

    listen: Listen = Field(default="127.0.0.1:8005", description="Address for the proxy, or unix:/path of a socket")
    workers: int = Field(default=1, ge=1, le=64, description="Processes that answer")
    threads: int = Field(default=4, ge=1, le=256, description="Requests that one process answers at the same time")


class DiscoverySettings(ServiceSettings):
    """The settings of `discovery.toml`."""

    domain: Domain = Field(description="Mail domain whose servers are listed: example.org")
    origin: Origin = Field(description="Origin of this service, to which servers report a new address")
    bridges: tuple[ListedServerSection, ...] = Field(default=(), description="Bridges, as `[[bridges]]`")
    key_servers: tuple[ListedServerSection, ...] = Field(default=(), description="Key servers, as `[[key_servers]]`")
    directories: tuple[ListedServerSection, ...] = Field(default=(), description="Directories, as `[[directories]]`")
    signing_key: HexKey | None = Field(
        default=None, description="Secret of 32 bytes by which the list is signed, in hexadecimal digits"
    )
    lifetime_hours: int = Field(default=24, ge=1, le=24, description="Time after which a document has ended")
    move_domains: tuple[Domain, ...] | None = Field(
        default=None, description="Domains to whose hosts servers may move; without it only `domain`"
    )
    state_file: Path = Field(default=Path(STATE_FILE), description="File of the published document and of the moves")
    trusted_proxies: int = Field(
        default=1, ge=0, le=10, description="Proxies that set X-Forwarded-For, -Proto and -Host"
    )
    server: DiscoveryServerSection = Field(
        default_factory=DiscoveryServerSection, description="Process of the discovery service"
    )
    watch: WatchSection = Field(default_factory=WatchSection, description="Address for monitoring")
    logs: LogsSection = Field(default_factory=LogsSection, description="Log and audit log")

    def to_config(self) -> DiscoveryConfig:
        """Return the configuration. Raises WrongSettings."""
        if self.signing_key is None:
            raise WrongSettings([f"{KEY_NAME} is missing: `sealwax discovery init` makes it"])
        return DiscoveryConfig(
            domain=self.domain,
            origin=self.origin,
            state_file=self.state_file,
            key=raw_private_key(KeyType.ED25519, key_bytes(self.signing_key)),
            servers=self._servers(),
            move_domains=(self.domain,) if self.move_domains is None else self.move_domains,
            lifetime=datetime.timedelta(hours=self.lifetime_hours),
            proxies=self.trusted_proxies,
        )

    def _servers(self) -> tuple[Server, ...]:
        kinds = {
            ServerKind.BRIDGE: self.bridges,
            ServerKind.KEY_SERVER: self.key_servers,
            ServerKind.DIRECTORY: self.directories,
        }
        return tuple(
            Server(kind=kind, name=server.name, address=server.address or server.name, key=server.key)
            for kind, listed in kinds.items()
            for server in listed
        )


DISCOVERY: Final = ServiceProgram(name="discovery", settings=DiscoverySettings, default_file=DEFAULT_FILE)
