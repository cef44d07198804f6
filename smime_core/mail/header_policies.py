"""Header Confidentiality Policies: what stands outside for each field of an encrypted message (RFC 9788 section 3).

A policy takes the name and the unfolded body of a field and gives the body to show outside, or None to leave it out.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Final

from smime_core.mime import addresses, format_date, parse_date

HeaderConfidentialityPolicy = Callable[[str, str], str | None]

OBSCURED_SUBJECT: Final = "[...]"


def hcp_baseline(name: str, value: str) -> str | None:
    """Hides what only people read: the Subject is obscured, Keywords and Comments go (section 3.2.1)."""
    wanted = name.lower()
    if wanted == "subject":
        return OBSCURED_SUBJECT
    return None if wanted in ("keywords", "comments") else value


def hcp_shy(name: str, value: str) -> str | None:
    """The baseline, and no display names in From, To and Cc, and no time zone in Date (section 3.2.2)."""
    wanted = name.lower()
    if wanted in ("from", "to", "cc"):
        mailboxes = addresses(value)
        # What cannot be read is not rebuilt: nobody may lose a recipient.
        return ", ".join(one.address for one in mailboxes) if mailboxes and all(m.address for m in mailboxes) else value
    if wanted == "date":
        date = parse_date(value)
        return format_date(date.astimezone(datetime.UTC)) if date else value
    return hcp_baseline(name, value)


def hcp_no_confidentiality(name: str, value: str) -> str | None:
    """Hides nothing (section 3.2.3)."""
    return value
