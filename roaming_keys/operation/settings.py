"""The settings of the key server: the schema of `keys.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

from roaming_keys.config import KeyServerConfig
from roaming_keys.tickets import read_public_key
from sealwax.operation.sections import Listen, LogsSection, ServerSection, WatchSection
from sealwax.operation.settings import HexKey, Origin, ServiceSettings, WrongSettings, key_bytes
from smime_core.text import write_ed25519

TicketKey = Annotated[str, AfterValidator(lambda text: write_ed25519(read_public_key(text)))]
DEFAULT_FILE: Final = Path("/etc/sealwax/keys.toml")


class KeysServerSection(ServerSection):
    """The process of the key server."""

    listen: Listen = Field(default="127.0.0.1:8003", description="Address for the proxy, or unix:/path of a socket")
    threads: int = Field(default=8, ge=1, le=256, description="Requests that one process answers at the same time")


class KeysSettings(ServiceSettings):
    """The settings of `keys.toml`."""

    origin: Origin = Field(description="Origin of the key server: https://keys.example.org")
    pages_origins: tuple[Origin, ...] = Field(
        default=(), description='Origins whose pages may ask: ["https://mail.example.org"]'
    )
    database: SecretStr = Field(
        default=SecretStr("/var/lib/sealwax-keys/keys.sqlite"), description="Path of the SQLite file"
    )
    ticket_key: TicketKey | None = Field(
        default=None, description="Public key of the bridge, as `sealwax bridge ticket-key` prints it"
    )
    master_key: HexKey | None = Field(
        default=None,
        description="Secret of 32 bytes under which all stored data are sealed, in hexadecimal digits; without it, that"
        " in the system keyring",
    )
    trusted_proxies: int = Field(
        default=1, ge=0, le=10, description="Proxies that set X-Forwarded-For, -Proto and -Host"
    )
    server: KeysServerSection = Field(default_factory=KeysServerSection, description="Process of the key server")
    watch: WatchSection = Field(default_factory=WatchSection, description="Address for monitoring")
    logs: LogsSection = Field(default_factory=LogsSection, description="Log and audit log")

    def to_config(self) -> KeyServerConfig:
        """Return the configuration. Raises WrongSettings."""
        if self.ticket_key is None:
            raise WrongSettings(["ticket_key is missing: `sealwax bridge ticket-key` prints the bridge's"])
        return KeyServerConfig(
            origin=self.origin,
            database=self.database.get_secret_value(),
            ticket_key=read_public_key(self.ticket_key),
            pages_origins=self.pages_origins,
            master_key=None if self.master_key is None else key_bytes(self.master_key),
            proxies=self.trusted_proxies,
        )
