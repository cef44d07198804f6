"""The trust and the time by which signers and recipients are judged."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from smime_core.pkix import TrustStore
from smime_core.trust.contacts import NO_CONTACTS, Contacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """The anchors and the time that signers and recipients are judged by.

    `contacts` are the known people. If one of them now has another certificate than before, the change is reported.
    """

    trust_store: TrustStore
    at: datetime.datetime
    contacts: Contacts = NO_CONTACTS
