"""The operator's settings of the notices about parcels, as a frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass

from sealwax.notices.submission import Submission
from sealwax.words import ENGLISH, Language, language_of
from webbridge.delivery.notices.letterhead import Letterhead


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesConfig:
    """The mail server that accepts the notices, the letterhead of the mails, and their language.

    `language` is for senders whose language is unknown.
    """

    submission: Submission
    head: Letterhead
    language: Language = ENGLISH

    def language_for(self, sender_language: str) -> Language:
        """Return the language of the mails to a sender. `sender_language` is from the parcel, and may be empty."""
        return language_of(sender_language) if sender_language else self.language
