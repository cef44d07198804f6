"""The operator's settings of the notices about parcels, as a frozen value."""

from __future__ import annotations

from dataclasses import dataclass

from sealwax.notices.submission import Submission
from sealwax.notices.writing import Language
from webbridge.delivery.notices.letterhead import Letterhead


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesConfig:
    """The mail server that takes the notices, the letterhead of their mails, and the language of those to senders."""

    submission: Submission
    head: Letterhead
    language: Language = Language.ENGLISH
