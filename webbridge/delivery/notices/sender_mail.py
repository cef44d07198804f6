"""The notice to a sender. It reports what became of a parcel, and who says so."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum

from webbridge.delivery.notices.failures import explain_failure
from webbridge.delivery.notices.layout import Block, Facts, Link
from webbridge.delivery.notices.letterhead import Letter, Letterhead, MailFacts, check_reference, write_letter
from webbridge.delivery.notices.words import words, write_time


class Change(StrEnum):
    """The changes that the sender learns by mail, as kinds of notices in the queue."""

    FAILED = "failed"
    TRIES = "tries"
    OPENED = "opened"
    SIGNED = "signed"
    """Opened, and confirmed by the recipient's signature."""
    ANSWER_LOST = "answer-lost"
    """Somebody has answered, and the sender's mail server has refused the answer."""
    EXPIRED = "expired"
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderNotice(MailFacts):
    """A change of a parcel. `failures` are the recipients who got no notice, each with the stable code."""

    sender: str
    change: Change
    until: datetime.datetime
    failures: tuple[tuple[str, str], ...] = ()


def write_sender_mail(notice: SenderNotice, head: Letterhead) -> bytes:
    """Return the mail of a notice. Raises Unwritable."""
    texts = words(notice.language)
    facts = (
        (texts["parcel_reference"], check_reference(notice.reference)),
        (texts["parcel_until"], write_time(notice.until)),
    )
    blocks: list[Block] = [texts[f"sender_text_{_name(notice.change)}"]]
    if notice.failures:
        blocks.append(
            Facts(lines=tuple((who, explain_failure(code, notice.language)) for who, code in notice.failures))
        )
    blocks += [Facts(lines=facts), Link(sentence=texts["sender_look"], url=head.list_url), texts["sender_end"]]
    kind = Change.OPENED if notice.change is Change.SIGNED else notice.change
    letter = Letter(
        id=notice.id,
        at=notice.at,
        recipient=notice.sender,
        subject=texts[f"sender_subject_{_name(kind)}"].format(reference=notice.reference),
        blocks=tuple(blocks),
    )
    return write_letter(letter, head, notice.language)


def _name(change: Change) -> str:
    return change.value.replace("-", "_")
