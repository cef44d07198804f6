"""The replies of mail servers as sentences for the sender (RFC 5321 section 4.2.3, RFC 7504, RFC 3463)."""

from __future__ import annotations

from typing import Final

from sealwax.notices.sending import GIVEN_UP
from sealwax.notices.submission import SMTP_CODES
from sealwax.words import Language
from webbridge.delivery.notices.recipients import Unreachable
from webbridge.delivery.notices.words import words

RETURNED: Final = "returned-"
REFUSED: Final = "recipient-refused"
"""The recipient wants no notices."""
BLOCKED: Final = "sender-blocked"
"""The sender may not send at the moment."""
_OTHER: Final = "other"
_OF_SMTP: Final = {
    "521": "no_mail",
    "550": "mailbox",
    "551": "mailbox",
    "552": "full",
    "553": "mailbox",
    "554": "policy",
    "556": "no_mail",
    "571": "policy",
}
# The keys are the subject and the detail of a status (RFC 3463), or only the subject.
_OF_STATUS: Final = {
    "1": "mailbox",
    "1.10": "no_mail",
    "2": "mailbox",
    "2.2": "full",
    "2.3": "too_large",
    "3.4": "too_large",
    "7": "policy",
}
_OF_OURS: Final = {
    GIVEN_UP: "time",
    REFUSED: "refused",
    BLOCKED: "blocked",
    Unreachable.NO_ADDRESS.value: "address",
    Unreachable.ADDRESS.value: "address",
    Unreachable.LIST.value: "list",
    Unreachable.OWN.value: "list",
}


def returned_code(status: str) -> str:
    """Return the stable code for a notice that came back with a status such as 5.1.1 (RFC 3463)."""
    return f"{RETURNED}{status}"


def explain_failure(code: str, language: Language) -> str:
    """Return the sentence for a stable code."""
    texts = words(language)
    if code in _OF_OURS:
        return texts[f"failure_{_OF_OURS[code]}"]
    if code.startswith(RETURNED):
        status = code.removeprefix(RETURNED)
        subject, _, detail = status.partition(".")[2].partition(".")
        reason = _OF_STATUS.get(f"{subject}.{detail}") or _OF_STATUS.get(subject, _OTHER)
        return texts[f"failure_{reason}"].format(code=status)
    number = code.removeprefix(SMTP_CODES)
    return texts[f"failure_{_OF_SMTP.get(number, _OTHER)}"].format(code=number)
