"""The table `[push]` of `bridge.toml`: notifications by Web Push."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, SecretStr

from sealwax.operation.settings import Section, WrongSettings, checked_by, key_bytes
from webbridge.push.endpoints import PUSH_HOSTS, check_push_host
from webbridge.push.settings import PushConfig, check_contact

KEY: Final = "push_key"
_KEY_MISSING: Final = "push_key is missing: `sealwax bridge push-keys` makes it"


class PushSection(Section):
    """The push messages, which `sealwax bridge events` sends."""

    contact: Annotated[str, checked_by(check_contact)] | None = Field(
        default=None,
        description="Address of yours for the push services, as mailto:postmaster@example.org; with it the pages offer"
        " notifications while no page is open",
    )
    hosts: Annotated[tuple[str, ...], checked_by(check_push_host)] = Field(
        default=PUSH_HOSTS, description="Push services that may be asked; *.example.org is each host below that name"
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file of authorities for these services, in place of the system's"
    )

    def to_config(self, key: SecretStr | None) -> PushConfig | None:
        """Return the configuration of Web Push, or None without a contact. Raises ValueError or WrongSettings."""
        if self.contact is None:
            return None
        if key is None:
            raise WrongSettings([_KEY_MISSING])
        return PushConfig(key=key_bytes(key), contact=self.contact, hosts=self.hosts, ca_file=self.ca_file)
