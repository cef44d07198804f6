"""The mails of notices: plain text in the operator's language, without any text that a stranger could choose."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from roaming_keys.server.audit import AuditKind
from roaming_keys.server.notices.outbox import Notice
from sealwax.notices.outbox import Attempt
from sealwax.notices.writing import Unwritable, build_notice, is_plain, message_id
from sealwax.words import Language, words_of_part
from smime_core.mail import Draft

# The advice in the mail about each kind of event.
_REMEDIES: Final = {
    AuditKind.DEVICE_ADDED: "look",
    AuditKind.KEYS_EXPORTED: "look",
    AuditKind.KEYS_ROTATED: "regain",
    AuditKind.RECOVERED: "regain",
    AuditKind.FACTOR_ADDED: "look",
    AuditKind.FACTOR_REMOVED: "look",
    AuditKind.RESET_STARTED: "stop",
    AuditKind.RESET_STOPPED: "regain",
    AuditKind.RESET_FINISHED: "undo",
    AuditKind.RESET_UNDONE: "look",
    AuditKind.RECOVERY_ASKED: "ask",
    AuditKind.RECOVERY_OPENED: "ask",
    AuditKind.ACCOUNT_DELETED: "ask",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """The values that the mails of one key server share: its origin, the sender's address, and the language."""

    origin: str
    sender: str
    language: Language


def write_mail(attempt: Attempt[Notice], head: Letterhead) -> bytes:
    """Return the mail of a notice. Its Message-ID is the same for each try to send it. Raises Unwritable."""
    notice = attempt.notice
    if not is_plain(notice.address):
        raise Unwritable("an address that needs quotes or other letters gets none")
    texts = words_of_part(head.language, "key_mails")
    facts = {
        texts["time"]: f"{notice.at.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        texts["account"]: notice.address,
        texts["sender"]: urlsplit(head.origin).netloc,
    }
    lines = "\n".join(f"{name}: {value}" for name, value in facts.items())
    kind = f"kinds_{notice.kind.replace('-', '_')}"
    draft = Draft(
        sender=f"{texts['sender']} <{head.sender}>",
        to=[notice.address],
        date=notice.at,
        message_id=message_id(attempt.id, head.sender),
        subject=texts[f"{kind}_subject"],
        text="\n\n".join((texts[f"{kind}_text"], lines, texts[f"remedies_{_REMEDIES[notice.kind]}"], texts["end"])),
    )
    return build_notice(draft, head.language)
