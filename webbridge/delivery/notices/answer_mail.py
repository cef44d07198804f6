"""The mail that passes an encrypted answer on to the sender of a parcel.

A person has written the answer, so the mail has no Auto-Submitted field (RFC 3834 section 5). Mail programs use that
field to separate the mails that programs have sent. The header has only the service's text and the reference number. It
has no text of the writer. The service does not sign the mail, because its signature would seem to confirm who has
written the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sealwax.notices.writing import Unwritable, is_plain, message_id
from sealwax.words import Language
from smime_core.errors import MalformedMessage
from smime_core.mail import Draft, build_parts
from smime_core.mime import build_pkcs7_mime
from smime_core.trust import PARCEL_REPLY, SERVICE_FIELD
from webbridge.delivery.encrypted_answer import smime_type_of
from webbridge.delivery.notices.letterhead import Letterhead, MailFacts, check_reference
from webbridge.delivery.notices.words import words


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerMail(MailFacts):
    """An answer to a parcel, for its sender. `cms` is the encrypted message."""

    sender: str
    cms: bytes = field(repr=False)


def write_answer_mail(answer: AnswerMail, head: Letterhead) -> bytes:
    """Return the mail of an answer. Raises Unwritable, or AnswerRefused if the answer is not encrypted."""
    if not is_plain(answer.sender):
        raise Unwritable("an address that needs quotes or other letters gets none")
    draft = Draft(
        sender=author_of(head, answer.language),
        to=[answer.sender],
        date=answer.at,
        message_id=message_id(answer.id, head.sender),
        subject=words(answer.language)["parcel_answer_subject"].format(reference=check_reference(answer.reference)),
    )
    try:
        outer_headers, _ = build_parts(draft)
    except MalformedMessage as error:
        raise Unwritable(f"the field {error.where} cannot be written") from None
    mark = f"{SERVICE_FIELD}: {PARCEL_REPLY}\r\n".encode()
    return build_pkcs7_mime(mark + outer_headers, answer.cms, smime_type_of(answer.cms))


def author_of(head: Letterhead, language: Language) -> str:
    """Return the From of answers. The ciphertext contains it too, and readers compare both (RFC 9788 section 4.4)."""
    return f"{words(language)['service']} <{head.sender}>"
