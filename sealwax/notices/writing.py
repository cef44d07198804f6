"""The mails of notices: plain text, marked as sent by a program (RFC 3834 section 5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sealwax.words import Language
from smime_core.errors import MalformedMessage
from smime_core.mail import Draft, build_mail
from smime_core.mime import addresses
from smime_core.trust import NOTICE, SERVICE_FIELD

# Atoms and dots (RFC 5322 section 3.2.3). Other addresses would need quotes in the header and in SMTP's commands, or
# have characters beyond ASCII, which 7-bit mail cannot have.
_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9][A-Za-z0-9.-]*")
# RFC 5321 section 4.5.3.1: a path of 256 characters with its angle brackets, and a local part of 64.
_MAX_ADDRESS_CHARACTERS: Final = 254
_MAX_LOCAL_CHARACTERS: Final = 64
_LINE: Final = re.compile(r"[!-~]+(?: [!-~]+)*")
_MAX_LINE_CHARACTERS: Final = 900  # RFC 5322 section 2.1.1 allows 998 characters in a line, with the name of the field.
UNUSABLE_ADDRESS: Final = "address-unusable"
"""The stable code for an address to which no mail can be written."""


class Unwritable(Exception):
    """A notice cannot be written as a mail."""


def is_plain(address: str) -> bool:
    """Return whether mails can be written to or by an address."""
    if len(address) > _MAX_ADDRESS_CHARACTERS or len(address.partition("@")[0]) > _MAX_LOCAL_CHARACTERS:
        return False
    # The parser must accept it too. For example, no header has a dot at the end of a local part.
    parsed = [mailbox.address for mailbox in addresses(address)] if _PLAIN_ADDRESS.fullmatch(address) else []
    return parsed == [address]


def message_id(notice_id: str, sender: str) -> str:
    """Return the Message-ID of a notice, which is the same for each try."""
    return f"<{notice_id}@{sender.rpartition('@')[2]}>"


def build_notice(draft: Draft, language: Language, *, fields: Sequence[tuple[str, str]] = ()) -> bytes:
    """Return the mail of a draft, marked as sent by a program, with further header fields. Raises Unwritable.

    Vacation programs do not answer such a mail (RFC 3834 section 2).
    """
    head = [
        ("Auto-Submitted", "auto-generated"),
        (SERVICE_FIELD, NOTICE),
        ("Content-Language", language),
        *fields,
    ]
    for name, value in head:
        if _LINE.fullmatch(value) is None or len(value) > _MAX_LINE_CHARACTERS:
            raise Unwritable(f"the field {name} would be no line of a header")
    try:
        return "".join(f"{name}: {value}\r\n" for name, value in head).encode("ascii") + build_mail(draft)
    except MalformedMessage as error:
        raise Unwritable(f"the field {error.where} cannot be written") from None
