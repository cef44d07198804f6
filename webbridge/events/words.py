"""The words of the announcements that the bridge sends to the process of events."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

SESSION_ENDED: Final = "session-ended"
"""The subject is the id of the session."""
PUSH_CHANGED: Final = "push"
"""The subject is the id of a session whose subscription to push messages has changed."""
MAIL_CHANGED: Final = "mail"
"""The subject is `name_of_account`, and the detail the id of a folder."""
_LABEL: Final = b"sealwax bridge account 1"


def name_of_account(address: str) -> str:
    """Return a name for an account. The name does not reveal the person."""
    return sha256(_LABEL + address.encode()).hexdigest()
