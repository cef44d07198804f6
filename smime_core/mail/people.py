"""The people whom the displayed header fields of a message name (RFC 5322 sections 3.6.2 and 3.6.3).

The header fields are parsed once, in the examination of the message. Views, answers and lists use this result, so no
program has to parse the text of a field again. Names prove nothing; `report.answers` decides which people an answer may
address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from smime_core.limits import MAX_NAME_TEXT_CHARACTERS, MAX_NAMED_MAILBOXES
from smime_core.mail.header_protection import FieldProtection, ShownField
from smime_core.mime.addresses import Mailbox, first_addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedMailbox:
    """A mailbox, and the protection of the header field that names it. `address` is empty if it could not be parsed."""

    name: str
    address: str
    protection: FieldProtection


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPeople:
    """The mailboxes of all fields with one name, in order. Only the first `limits.MAX_NAMED_MAILBOXES` are listed.

    `count` is the number of all mailboxes.
    """

    count: int = 0
    mailboxes: tuple[NamedMailbox, ...] = ()


_NOBODY: Final = FieldPeople()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePeople:
    """The people whom a message names in its displayed fields, by field."""

    authors: FieldPeople = _NOBODY
    """From."""
    sender: FieldPeople = _NOBODY
    reply_to: FieldPeople = _NOBODY
    to: FieldPeople = _NOBODY
    cc: FieldPeople = _NOBODY


NO_PEOPLE: Final = MessagePeople()


def read_people(fields: Iterable[ShownField]) -> MessagePeople:
    """The people whom these displayed fields name."""
    by_name: dict[str, list[ShownField]] = {}
    for field in fields:
        by_name.setdefault(field.field.name.lower(), []).append(field)
    read = {name: _read_fields(shown) for name, shown in by_name.items() if name in _FIELDS}
    return MessagePeople(**{_FIELDS[name]: people for name, people in read.items()})


_FIELDS: Final = {"from": "authors", "sender": "sender", "reply-to": "reply_to", "to": "to", "cc": "cc"}


def _read_fields(fields: Iterable[ShownField]) -> FieldPeople:
    count, named = 0, list[NamedMailbox]()
    for field in fields:
        first, number = first_addresses(field.field.unfolded, MAX_NAMED_MAILBOXES - len(named))
        count += number
        named += (_name(mailbox, field.protection) for mailbox in first)
    return FieldPeople(count=count, mailboxes=tuple(named))


def _name(mailbox: Mailbox, protection: FieldProtection) -> NamedMailbox:
    return NamedMailbox(name=mailbox.name[:MAX_NAME_TEXT_CHARACTERS], address=mailbox.address, protection=protection)
