"""A letter from Bob to Alice, and the report on a message that a person decrypts."""

from __future__ import annotations

import datetime

from smime_core.blocking import run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.identity.identity import Identity
from smime_core.mail.compose import Draft, build_mail
from smime_core.mail.header_protection import ProtectionMode
from smime_core.message import encrypt_message, examine_message, sign_message
from smime_core.mime.attachment import Attachment
from smime_core.report.report import MessageReport
from smime_core.trust.judging import Judging
from tests.support.extension.field_pages import NATIVE, People

NOW = datetime.datetime.now(datetime.UTC)
SECRET_WORDS = "Der Schlüssel liegt unter dem Leuchtturm."


def opened_by(identity: Identity, message: bytes, people: People) -> MessageReport:
    examined = examine_message(
        message,
        Judging(trust_store=people.trust_store, at=datetime.datetime.now(datetime.UTC)),
        provider=NATIVE,
        keys=Keys(identities=[identity]),
    )
    return run(examined)


def mail_from_bob(
    people: People,
    *,
    encrypted: bool,
    signed: bool = True,
    reply_to: str = "",
    text: str = SECRET_WORDS,
    protection: ProtectionMode | None = None,
) -> bytes:
    """A letter from Bob to Alice. `protection` is that of the header fields in a signed one."""
    draft = Draft(
        sender="Bob <bob@example.test>",
        to=["alice@example.test", "carol@example.test"],
        subject="Lighthouse",
        text=text,
        date=NOW,
        message_id="<original@example.test>",
        attachments=[Attachment(filename="map.txt", content_type="text/plain", data=b"turn left")],
    )
    plain = build_mail(draft)
    if reply_to:
        plain = f"Reply-To: {reply_to}\r\n".encode() + plain
    letter = plain
    if signed:
        signing = Signing(identities=[people.bob], signing_time=NOW)
        letter = run(sign_message(plain, signing, provider=NATIVE, protection=protection))
    if not encrypted:
        return letter
    return run(encrypt_message(letter, Encrypting(recipients=[people.alice.certificate]), provider=NATIVE))
