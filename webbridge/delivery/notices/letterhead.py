"""The parts that all mails of one service share: its addresses, and the header fields that mark mails of programs."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Final

from sealwax.notices.signing import NoticeSigner
from sealwax.notices.writing import Unwritable, build_notice, is_plain, message_id
from sealwax.words import Language
from smime_core.mail import Draft
from smime_core.text import check_origin
from webbridge.delivery.notices.layout import Block, write_html, write_text
from webbridge.delivery.notices.words import words

_PARCEL_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_REFERENCE: Final = re.compile(r"[A-Z0-9]{1,16}(?:-[A-Z0-9]{1,16}){0,7}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """The origin of the pages, the URL of the API with its prefix, and the address that sends the mails.

    The mail server that accepts the notices has to sign them with DKIM for the domain of `sender`. The address `sender`
    is also the envelope's sender, so SPF, DKIM and DMARC all refer to one domain. Without a `signer` the mails have no
    signature.
    """

    pages_origin: str
    api_url: str
    sender: str
    signer: NoticeSigner | None = None

    def __post_init__(self) -> None:
        check_origin(self.pages_origin)
        origin, slashes, rest = self.api_url.partition("://")
        host, slash, path = rest.partition("/")
        check_origin(f"{origin}{slashes}{host}")
        if _PREFIX.fullmatch(slash + path) is None:
            raise ValueError("api_url: an origin with a prefix as /mail is expected, without a slash at its end")
        if not is_plain(self.sender):
            raise ValueError("sender: a mail address without quotes is expected")

    def parcel_url(self, parcel: str) -> str:
        """Return the link to a parcel. The link contains the parcel's id and no secret."""
        return f"{self.pages_origin}/parcel.html#{check_parcel_id(parcel)}"

    def refusal_url(self, token: str, language: Language) -> str:
        """Return the link with which a recipient refuses all further notices."""
        return f"{self.api_url}/api/refusals/{token}?language={language}"

    @property
    def list_url(self) -> str:
        """The URL of the page on which senders see their parcels."""
        return f"{self.pages_origin}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFacts:
    """The parts of all mails about a parcel: their id and date, the parcel's reference number, and their language."""

    id: str
    at: datetime.datetime
    reference: str
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail: its recipient, time and id, its subject and its body.

    `answers_to` is the address to which an answer goes, or empty.
    """

    id: str
    at: datetime.datetime
    recipient: str
    subject: str
    blocks: tuple[Block, ...]
    answers_to: str = ""
    fields: tuple[tuple[str, str], ...] = ()


def write_letter(letter: Letter, head: Letterhead, language: Language) -> bytes:
    """Return the mail, signed by the service if it has a certificate.

    Raises Unwritable, or SmimeError if the signer fails.
    """
    if not is_plain(letter.recipient):
        raise Unwritable("an address that needs quotes or other letters gets none")
    draft = Draft(
        sender=f"{words(language)['service']} <{head.sender}>",
        to=[letter.recipient],
        date=letter.at,
        message_id=message_id(letter.id, head.sender),
        subject=letter.subject,
        text=write_text(letter.blocks, language),
        html=write_html(letter.blocks, language),
    )
    reply = [("Reply-To", letter.answers_to)] if is_plain(letter.answers_to) else []
    mail = build_notice(draft, language, fields=[*reply, *letter.fields])
    return mail if head.signer is None else head.signer.sign(mail, letter.at)


def check_parcel_id(parcel: str) -> str:
    """Return the text if it is the id of a parcel. Raises Unwritable otherwise."""
    if _PARCEL_ID.fullmatch(parcel) is None:
        raise Unwritable("the id is no id of a parcel")
    return parcel


def check_reference(reference: str) -> str:
    """Return the text if it is a reference number. Raises Unwritable otherwise."""
    if _REFERENCE.fullmatch(reference) is None:
        raise Unwritable("the reference is no reference number")
    return reference
