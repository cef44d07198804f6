"""The notice to a recipient: who has sent what, until when it waits, and how it is opened.

No word in it is the sender's. The sender's address is the only value that a person has chosen, and the service has
verified it. The mail has no secret, so that whoever reads the mailbox cannot open the parcel by the mail only.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sealwax.notices.writing import Language, Unwritable
from smime_core.text import parse_address
from webbridge.delivery.notices.layout import Facts, Link
from webbridge.delivery.notices.letterhead import Letter, Letterhead, check_reference, write_letter
from webbridge.delivery.notices.words import words, write_size, write_time


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelNotice:
    """A parcel as its notice tells of it.

    `id` names the notice in its Message-ID, and `at` is its Date. `kind` is "message" or "files". `refusal` is the
    token by which the recipient refuses further notices.
    """

    id: str
    at: datetime.datetime
    parcel: str
    reference: str
    sender: str
    recipient: str
    language: Language
    kind: str
    size_bytes: int
    until: datetime.datetime
    refusal: str


def write_parcel_mail(notice: ParcelNotice, head: Letterhead) -> bytes:
    """Return the mail of a notice. Raises Unwritable."""
    texts = words(notice.language)
    sender = parse_address(notice.sender)
    first = texts["parcel"]["first"].get(notice.kind)
    if sender is None or first is None:
        raise Unwritable("this version has no words for it")
    names, refusal = texts["fact"], head.refusal_url(notice.refusal, notice.language)
    facts = (
        (names["sender"], sender.text),
        (names["content"], texts["content"][notice.kind]),
        (names["size"], write_size(notice.size_bytes, notice.language)),
        (names["until"], write_time(notice.until)),
        (names["reference"], check_reference(notice.reference)),
    )
    parcel = texts["parcel"]
    letter = Letter(
        id=notice.id,
        at=notice.at,
        recipient=notice.recipient,
        subject=parcel["subject"].format(reference=notice.reference),
        blocks=(
            first,
            Facts(lines=facts),
            parcel["verified"],
            Link(sentence=parcel["open"], url=head.parcel_url(notice.parcel)),
            parcel["secret"],
            parcel["complain"],
            Link(sentence=parcel["refuse"], url=refusal),
            parcel["end"],
        ),
        answers_to=notice.sender,
        # RFC 8058: mail programs offer the refusal by a button of their own.
        fields=(("List-Unsubscribe", f"<{refusal}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")),
    )
    return write_letter(letter, head, notice.language)
