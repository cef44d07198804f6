"""The mails of notices: plain text in the operator's language, without a word that a stranger has chosen."""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from roaming_keys.notices.outbox import Notice
from sealwax.files.small import read_small
from smime_core.mail import Draft, build_mail
from smime_core.mime import addresses

_TEXTS: Final = Path(__file__).with_name("texts.json")
# Atoms and dots (RFC 5322 section 3.2.3). Other addresses would need quotes in the header and in SMTP's commands, or
# are beyond ASCII, where 7-bit mail does not reach.
_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9][A-Za-z0-9.-]*")


class Language(StrEnum):
    """The languages of notices."""

    ENGLISH = "en"
    GERMAN = "de"
    FRENCH = "fr"
    SPANISH = "es"
    ARABIC = "ar"


class Unwritable(Exception):
    """There is no mail for a notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What the mails of one key server share: its origin, the address that writes, and the language."""

    origin: str
    sender: str
    language: Language


def is_plain(address: str) -> bool:
    """Return whether mails can be written to or by an address."""
    # The parser decides too: a dot at the end of a local part, for example, is in no header.
    return _PLAIN_ADDRESS.fullmatch(address) is not None and [one.address for one in addresses(address)] == [address]


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
        message_id=f"<{notice.id}@{head.sender.rpartition('@')[2]}>",
        subject=what["subject"],
        text="\n\n".join((what["text"], lines, texts["remedies"][what["remedy"]], texts["end"])),
    )
    # RFC 3834: no vacation notice answers.
    fields = f"Auto-Submitted: auto-generated\r\nContent-Language: {head.language.value}\r\n"
    return fields.encode("ascii") + build_mail(draft)


@cache
def _texts() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(read_small(_TEXTS))
    return found
