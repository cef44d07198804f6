"""The table `[writing]` of `bridge.toml`: the settings for people who write mail in the pages."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from sealwax.operation.settings import Section
from webbridge.config import check_authserv_id, check_shared_address, check_timestamp_service


class WritingSection(Section):
    """The statements that a letter's signature may have."""

    timestamp_service: str = Field(
        default="",
        description="Address of a timestamp service (RFC 3161); with it the pages offer signatures that last, and the"
        " bridge asks the service",
    )
    label_policy_file: Path | None = Field(
        default=None, description="JSON file of a policy of security labels (RFC 2634), which the pages then offer"
    )

    shared_addresses: tuple[str, ...] = Field(
        default=(),
        description="Addresses that several people share, such as ward3@example.org: each account may send from them,"
        " and the message names the account as its sender",
    )

    authserv_id: str = Field(
        default="",
        description="The name under which your mail servers write the results of their checks (RFC 8601); without it,"
        " the names of the mail servers count. No message that is sent through the bridge brings such results along",
    )

    @field_validator("timestamp_service")
    @classmethod
    def check_service(cls, address: str) -> str:
        """Refuse a text that is no address of a service."""
        check_timestamp_service(address)
        return address

    @field_validator("authserv_id")
    @classmethod
    def check_name(cls, name: str) -> str:
        """Refuse a text that is no name."""
        check_authserv_id(name)
        return name

    @field_validator("shared_addresses")
    @classmethod
    def check_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse a text that is no address."""
        for address in addresses:
            check_shared_address(address)
        return addresses
