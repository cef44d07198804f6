"""The table `[writing]` of `bridge.toml`: the settings for people who write mail in the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from sealwax.operation.settings import Section, checked_by
from webbridge.clear_mail import MAX_DOMAINS, ClearMail, ClearMailPolicy, check_never_clear_to
from webbridge.config import check_authserv_id, check_shared_address, check_timestamp_service


class WritingSection(Section):
    """The statements that a message's signature may have, its senders, and whether it may leave unencrypted."""

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

    clear_mail: ClearMail = Field(
        default=ClearMail.UNKNOWN,
        description="Messages that may leave the pages unencrypted: `unknown` without a question to people for whom no"
        " certificate was ever found, `ask` only after a question, `never`",
    )

    never_clear_to: Annotated[tuple[str, ...], checked_by(check_never_clear_to)] = Field(
        default=(),
        max_length=MAX_DOMAINS,
        description='Domains to which no message leaves the pages unencrypted, with their subdomains: ["example.org"]',
    )

    def to_clear_mail(self) -> ClearMailPolicy:
        """Return the policy on unencrypted mail."""
        return ClearMailPolicy(mode=self.clear_mail, never_to=self.never_clear_to)
