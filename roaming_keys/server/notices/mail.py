"""The mails of notices: plain text in the operator's language, without a word that a stranger has chosen."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from roaming_keys.server.notices.outbox import Notice
from sealwax.files.small import read_small
from sealwax.notices.writing import Language, Unwritable, build_notice, is_plain, message_id
from smime_core.mail import Draft

_TEXTS: Final = Path(__file__).with_name("texts.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """The values that the mails of one key server share: its origin, the address that writes, and the language."""

    origin: str
    sender: str
    language: Language


def write_mail(notice: Notice, head: Letterhead) -> bytes:
    """Return the mail of a notice. Each try has the same Message-ID. Raises Unwritable."""
    if not is_plain(notice.user):
        raise Unwritable("an address that needs quotes or other letters gets none")
    texts = _texts()[head.language.value]
    what = texts["kinds"].get(notice.kind)
    if what is None:
        raise Unwritable("this version has no words for it")
    facts = {
        texts["time"]: f"{notice.at.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        texts["account"]: notice.user,
        texts["server"]: urlsplit(head.origin).netloc,
    }
    lines = "\n".join(f"{name}: {value}" for name, value in facts.items())
    draft = Draft(
        sender=f"{texts['sender']} <{head.sender}>",
        to=[notice.user],
        date=notice.at,
        message_id=message_id(notice.id, head.sender),
        subject=what["subject"],
        text="\n\n".join((what["text"], lines, texts["remedies"][what["remedy"]], texts["end"])),
    )
    return build_notice(draft, head.language)


@cache
def _texts() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(read_small(_TEXTS))
    return found
