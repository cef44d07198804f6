"""The mail with the code that confirms the address of a new key.

The subject has no code, because locked phones show subjects. The mail has no text of the person who asked for the code,
and no link that confirms anything.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Final

from webbridge.delivery.notices.layout import Facts, Link
from webbridge.delivery.notices.letterhead import Letter, Letterhead, MailFacts, check_reference, write_letter
from webbridge.delivery.notices.words import words, write_time

_HALF: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMail(MailFacts):
    """A code of 8 digits for a recipient's address, the time when it ends, and the token to refuse further mails."""

    recipient: str
    code: str = field(repr=False)
    until: datetime.datetime
    refusal: str


def write_code_mail(mail: CodeMail, head: Letterhead) -> bytes:
    """Return the mail. Raises Unwritable."""
    texts, refusal = words(mail.language), head.refusal_url(mail.refusal, mail.language)
    facts = (
        (texts["key_code"], f"{mail.code[:_HALF]} {mail.code[_HALF:]}"),
        (texts["key_until"], write_time(mail.until)),
        (texts["parcel_reference"], check_reference(mail.reference)),
    )
    letter = Letter(
        id=mail.id,
        at=mail.at,
        recipient=mail.recipient,
        subject=texts["key_subject"].format(reference=mail.reference),
        blocks=(
            texts["key_first"],
            Facts(lines=facts),
            texts["key_type"],
            texts["key_secret"],
            texts["key_ignore"],
            Link(sentence=texts["parcel_refuse"], url=refusal),
            texts["key_end"],
        ),
        fields=(("List-Unsubscribe", f"<{refusal}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")),
    )
    return write_letter(letter, head, mail.language)
