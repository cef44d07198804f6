"""Header Confidentiality Policies: the unencrypted, outer form of each header field (RFC 9788 section 3).

A policy is a function of the name and the unfolded body of a field. It returns the body of the outer field, or None to
leave out the outer field.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Final

from smime_core.mime import addresses, format_date, parse_date

HeaderConfidentialityPolicy = Callable[[str, str], str | None]

OBSCURED_SUBJECT: Final = "[...]"


def hcp_baseline(name: str, value: str) -> str | None:
    """Hide the fields that only people read: obscure the Subject, remove Keywords and Comments (section 3.2.1)."""
    lower_name = name.lower()
    if lower_name == "subject":
        return OBSCURED_SUBJECT
    return None if lower_name in ("keywords", "comments") else value


def hcp_shy(name: str, value: str) -> str | None:
    """Like `hcp_baseline`. Also remove display names in From, To and Cc, and the time zone in Date (section 3.2.2)."""
    lower_name = name.lower()
    if lower_name in ("from", "to", "cc"):
        mailboxes = addresses(value)
        # A field that cannot be parsed is not rebuilt, so that no recipient is lost.
        return (
            ", ".join(mailbox.address for mailbox in mailboxes)
            if mailboxes and all(m.address for m in mailboxes)
            else value
        )
    if lower_name == "date":
        date = parse_date(value)
        return format_date(date.astimezone(datetime.UTC)) if date else value
    return hcp_baseline(name, value)


def hcp_no_confidentiality(name: str, value: str) -> str | None:
    """Hide nothing (section 3.2.3)."""
    return value
