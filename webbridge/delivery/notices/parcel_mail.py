"""The notice to a recipient: who has sent what, how long the parcel waits, and how to open it.

People read "secure message", never "parcel", because mails about parcels are a common deception. The subject and the
first sentence begin with the sender's address. This address is the only value that a person has chosen, and the service
has verified it. The mail has no text of the sender, and no secret, so reading the mailbox is not enough to open the
parcel.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sealwax.notices.writing import Unwritable
from smime_core.text import parse_address
from webbridge.delivery.notices.layout import Facts, Link
from webbridge.delivery.notices.letterhead import Letter, Letterhead, MailFacts, check_reference, write_letter
from webbridge.delivery.notices.words import words, write_size, write_time


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelNotice(MailFacts):
    """The facts about a parcel for its notice.

    `id` names the notice in its Message-ID, and `at` is its Date. `kind` is "message" or "files". `refusal` is the
    token with which the recipient refuses further notices.
    """

    parcel: str
    sender: str
    recipient: str
    kind: str
    size_bytes: int
    until: datetime.datetime
    refusal: str


def write_parcel_mail(notice: ParcelNotice, head: Letterhead) -> bytes:
    """Return the mail of a notice. Raises Unwritable."""
    texts = words(notice.language)
    sender = parse_address(notice.sender)
    first = texts.get(f"parcel_first_{notice.kind}")
    if sender is None or first is None:
        raise Unwritable("this version has no words for it")
    refusal = head.refusal_url(notice.refusal, notice.language)
    facts = (
        (texts["sender"], sender.text),
        (texts["fact_content"], texts[f"content_{notice.kind}"]),
        (texts["fact_size"], write_size(notice.size_bytes, notice.language)),
        (texts["parcel_until"], write_time(notice.until)),
        (texts["parcel_reference"], check_reference(notice.reference)),
    )
    letter = Letter(
        id=notice.id,
        at=notice.at,
        recipient=notice.recipient,
        subject=texts["parcel_subject"].format(sender=sender.text, reference=notice.reference),
        blocks=(
            first.format(sender=sender.text),
            Facts(lines=facts),
            texts["parcel_verified"],
            Link(sentence=texts["parcel_open"], url=head.parcel_url(notice.parcel)),
            texts["parcel_secret"],
            texts["parcel_complain"],
            Link(sentence=texts["parcel_refuse"], url=refusal),
            texts["parcel_end"],
        ),
        answers_to=notice.sender,
        # RFC 8058: mail programs offer the refusal with their own button.
        fields=(("List-Unsubscribe", f"<{refusal}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")),
    )
    return write_letter(letter, head, notice.language)
