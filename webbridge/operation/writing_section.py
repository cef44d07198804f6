"""The table `[writing]` of `bridge.toml`: the settings for people who write mail in the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from sealwax.operation.settings import Section, checked_by
from webbridge.config import check_authserv_id, check_shared_address, check_timestamp_service


class WritingSection(Section):
    """The statements that a letter's signature may have."""

    timestamp_service: Annotated[str, checked_by(check_timestamp_service)] = Field(
        default="",
        description="Address of a timestamp service (RFC 3161); with it the pages offer signatures that last, and the"
        " bridge asks the service",
    )
    label_policy_file: Path | None = Field(
        default=None, description="JSON file of a policy of security labels (RFC 2634), which the pages then offer"
    )

    shared_addresses: Annotated[tuple[str, ...], checked_by(check_shared_address)] = Field(
        default=(),
        description="Addresses that several people share, such as ward3@example.org: each account may send from them,"
        " and the message names the account as its sender",
    )

    authserv_id: Annotated[str, checked_by(check_authserv_id)] = Field(
        default="",
        description="The name under which your mail servers write the results of their checks (RFC 8601); without it,"
        " the names of the mail servers count. No message that is sent through the bridge brings such results along",
    )
