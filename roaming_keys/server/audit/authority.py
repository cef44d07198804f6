"""The timestamp authority of the audit trail, as the settings name it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from smime_core.x509 import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The timestamp authority: its address, and the root certificates that its certificate has to lead to.

    `since` is the time from which the trail has timestamps.
    """

    url: str
    anchors: tuple[Certificate, ...] = field(repr=False)
    since: datetime.datetime
