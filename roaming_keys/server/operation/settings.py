"""The settings of the key server: the schema of `keys.toml`."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr, model_validator

from roaming_keys.protocol.tickets import read_public_key
from roaming_keys.server.accounts.resets import MIN_DELAY
from roaming_keys.server.audit.authority import Authority
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.master_key import GivenKeys, KeyFile, KeyringKeys, KeySource, ServerKeyError, read_keys
from roaming_keys.server.notices.mail import Letterhead
from roaming_keys.server.notices.sender import NoticesByMail
from sealwax.files.small import read_small
from sealwax.operation.mail_server_section import MailServerSection
from sealwax.operation.program import ServiceProgram
from sealwax.operation.sections import LANGUAGES_TEXT, LanguageSetting, Listen, LogsSection, ServerSection, WatchSection
from sealwax.operation.settings import (
    DatabaseUrl,
    Origin,
    Section,
    ServiceSettings,
    WrongSettings,
    own_secrets_folder,
    secrets_folder,
    variable_name,
)
from sealwax.words import ENGLISH
from smime_core.cms import parse_every_certificate
from smime_core.errors import SmimeError
from smime_core.text import write_ed25519


def _keys(secret: SecretStr) -> SecretStr:
    try:
        read_keys(secret.get_secret_value())
    except ServerKeyError as error:
        raise ValueError(str(error)) from None
    return secret


TicketKey = Annotated[str, AfterValidator(lambda text: write_ed25519(read_public_key(text)))]
HexKeys = Annotated[SecretStr, AfterValidator(_keys)]
MASTER_KEY: Final = "master_key"
HOUR: Final = datetime.timedelta(hours=1)
DEFAULT_FILE: Final = Path("/etc/sealwax/keys.toml")


class KeysServerSection(ServerSection):
    """The process of the key server."""

    listen: Listen = Field(default="127.0.0.1:8003", description="Address for the proxy, or unix:/path of a socket")
    threads: int = Field(default=8, ge=1, le=256, description="Requests that one process answers at the same time")


class AuditSection(Section):
    """The timestamps of the audit trail in the database."""

    timestamp_url: str | None = Field(
        default=None,
        description="Address of a timestamp authority (RFC 3161), which `sealwax keys stamp` asks once a day",
    )
    timestamp_anchors_file: Path | None = Field(
        default=None, description="PEM file with the root of the timestamp authority"
    )
    stamped_since: AwareDatetime | None = Field(
        default=None,
        description="Time from which the audit trail has timestamps, as 2026-01-31T12:00:00Z; kept here, because the"
        " database could be changed",
    )

    @model_validator(mode="after")
    def check_together(self) -> Self:
        """Refuse settings with which `sealwax keys check` could not verify the timestamps."""
        values = (self.timestamp_url, self.timestamp_anchors_file, self.stamped_since)
        if any(value is not None for value in values) and None in values:
            raise ValueError("timestamp_url, timestamp_anchors_file and stamped_since belong together")
        return self

    def to_authority(self) -> Authority | None:
        """Return the timestamp authority, or None without one. Raises WrongSettings."""
        if self.timestamp_url is None or self.timestamp_anchors_file is None or self.stamped_since is None:
            return None
        file = self.timestamp_anchors_file
        try:
            anchors = parse_every_certificate(read_small(file))
        except (OSError, SmimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise WrongSettings([f"audit.timestamp_anchors_file: {file} cannot be read: {reason}"]) from None
        return Authority(url=self.timestamp_url, anchors=anchors, since=self.stamped_since)


class NoticesSection(MailServerSection):
    """The mails that tell people what has happened to their keys."""

    language: LanguageSetting = Field(default=ENGLISH, description=f"Language of the notices: {LANGUAGES_TEXT}")

    def by_mail(self, origin: str) -> NoticesByMail | None:
        """Return how a key server sends its notices, or None without a mail server."""
        submission = self.to_submission()
        if submission is None or self.sender is None:
            return None
        head = Letterhead(origin=origin, sender=self.sender, language=self.language)
        return NoticesByMail(submission=submission, head=head)


class KeysSettings(ServiceSettings):
    """The settings of `keys.toml`."""

    origin: Origin = Field(description="Origin of the key server, which never changes: https://keys.example.org")
    addresses: tuple[Origin, ...] = Field(
        default=(),
        description='Further origins at which it answers, as after a move: ["https://keys2.example.org"]',
    )
    pages_origins: tuple[Origin, ...] = Field(
        default=(), description='Origins whose pages may ask: ["https://mail.example.org"]'
    )
    database: DatabaseUrl = Field(
        default=SecretStr("/var/lib/sealwax-keys/keys.sqlite"), description="Path of the SQLite file"
    )
    ticket_key: TicketKey | None = Field(
        default=None, description="Public key of the bridge, as `sealwax bridge ticket-key` prints it"
    )
    master_key: HexKeys | None = Field(
        default=None,
        description="Secret of 32 bytes under which all stored data are sealed, in hexadecimal digits; while it is"
        " replaced, the new one and the old one with a space between; without it, that in the system keyring",
    )
    reset_delay_hours: int = Field(
        default=MIN_DELAY // HOUR,
        ge=MIN_DELAY // HOUR,
        le=24 * 365,
        description="Hours between the start of a reset of a forgotten passphrase and its end, at least 72",
    )
    trusted_proxies: int = Field(
        default=1, ge=0, le=10, description="Proxies that set X-Forwarded-For, -Proto and -Host"
    )
    server: KeysServerSection = Field(default_factory=KeysServerSection, description="Process of the key server")
    watch: WatchSection = Field(default_factory=WatchSection, description="Address for monitoring")
    logs: LogsSection = Field(default_factory=LogsSection, description="Log and audit log")
    audit: AuditSection = Field(default_factory=AuditSection, description="Timestamps of the audit trail")
    notices: NoticesSection = Field(default_factory=NoticesSection, description="Notices by mail to the owners of keys")

    def to_config(self) -> KeyServerConfig:
        """Return the configuration. Raises WrongSettings."""
        if self.ticket_key is None:
            raise WrongSettings(["ticket_key is missing: `sealwax bridge ticket-key` prints the bridge's"])
        return KeyServerConfig(
            origin=self.origin,
            database=self.database.get_secret_value(),
            ticket_key=read_public_key(self.ticket_key),
            addresses=self.addresses,
            pages_origins=self.pages_origins,
            master_key=(
                None
                if self.master_key is None
                else GivenKeys(keys=read_keys(self.master_key.get_secret_value()), file=self.master_key_file)
            ),
            proxies=self.trusted_proxies,
            reset_delay=self.reset_delay_hours * HOUR,
            notices=self.notices.by_mail(self.origin),
        )

    def stored_keys(self) -> KeySource:
        """Return the place that stores the master key. Commands can change the key if the place is a KeyStore."""
        if self.master_key is None:
            return KeyringKeys(self.database.get_secret_value())
        if self._is_in_own_file():
            return KeyFile(self.master_key_file)
        return GivenKeys(keys=read_keys(self.master_key.get_secret_value()))

    @property
    def master_key_file(self) -> Path:
        """The file in which `init` stores the master key."""
        return own_secrets_folder(self.file) / MASTER_KEY

    def _is_in_own_file(self) -> bool:
        """Return whether the master key is in the file of `init`, and no place that takes precedence has a key."""
        is_in_environment = any(name.upper() == variable_name((MASTER_KEY,)) for name in os.environ)
        is_elsewhere = is_in_environment or secrets_folder(self.file) != own_secrets_folder(self.file)
        return not is_elsewhere and self.master_key_file.exists()


KEYS: Final = ServiceProgram(name="keys", settings=KeysSettings, default_file=DEFAULT_FILE)
