"""Blocks: senders and domains that may not send, and recipients and domains that get no notices."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, case, delete, or_, select

from sealwax.service import Database
from sealwax.service.database import insert_into
from smime_core.text import address_key, without_detail
from webbridge.database.tables import PARCEL_BLOCK

_NOW, _KIND, _NAME = "now", "the_kind", "the_name"
_COUNTS: Final = or_(PARCEL_BLOCK.c.ends_at == 0.0, PARCEL_BLOCK.c.ends_at > bindparam(_NOW))
_SWEEP: Final = delete(PARCEL_BLOCK).where(PARCEL_BLOCK.c.ends_at > 0.0, PARCEL_BLOCK.c.ends_at <= bindparam(_NOW))
_REMOVE: Final = delete(PARCEL_BLOCK).where(
    PARCEL_BLOCK.c.kind == bindparam(_KIND), PARCEL_BLOCK.c.name == bindparam(_NAME)
)


class BlockKind(StrEnum):
    """The kinds of blocks. The table has them as words, which must not change."""

    SENDER = "sender"
    DOMAIN = "domain"
    RECIPIENT = "recipient"
    RECIPIENT_DOMAIN = "recipient-domain"

    @property
    def is_of_domain(self) -> bool:
        """Whether the name is a domain, and not an address."""
        return self in (BlockKind.DOMAIN, BlockKind.RECIPIENT_DOMAIN)


class BlockReason(StrEnum):
    """The reasons for blocks. The table has them as words, which must not change."""

    OPERATOR = "operator"
    COMPLAINTS = "complaints"
    RECIPIENT = "recipient"
    """The recipient has refused all further notices."""


_TAKE_BACK: Final = _REMOVE.where(PARCEL_BLOCK.c.reason == BlockReason.RECIPIENT.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block. `ends_at` is None for a block without an end."""

    kind: BlockKind
    name: str
    reason: BlockReason
    made_at: datetime.datetime
    ends_at: datetime.datetime | None = None


class Blocks:
    """The blocks in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, block: Block) -> None:
        """Add a block, or replace the block of the same kind and name. Raises DatabaseUnavailable."""
        with self._database.transaction() as rows:
            add_block(rows, block)

    def remove(self, kind: BlockKind, name: str) -> bool:
        """Remove a block, and return whether there was one. Raises DatabaseUnavailable."""
        with self._database.transaction() as rows:
            removed = rows.execute(_REMOVE, {_KIND: kind.value, _NAME: name}).rowcount
        self._database.erase_deleted()
        return removed > 0

    def refuse(self, name: str, at: datetime.datetime) -> None:
        """Send no more notices to a recipient who refuses them. Raises DatabaseUnavailable.

        If the operator has blocked the recipient, the operator's block stays, but without an end. The recipient cannot
        take it back.
        """
        with self._database.transaction() as rows:
            _add_refusal(rows, name, at)

    def take_back(self, name: str) -> None:
        """Remove a recipient's own refusal. A block of the operator stays. Raises DatabaseUnavailable."""
        with self._database.transaction() as rows:
            rows.execute(_TAKE_BACK, {_KIND: BlockKind.RECIPIENT.value, _NAME: name})
        self._database.erase_deleted()

    def all(self, at: datetime.datetime) -> list[Block]:
        """Return the blocks that have not ended, and delete the others. Raises DatabaseUnavailable."""
        now = {_NOW: at.timestamp()}
        with self._database.transaction() as rows:
            rows.execute(_SWEEP, now)
            block_rows = rows.execute(select(PARCEL_BLOCK).order_by(PARCEL_BLOCK.c.kind, PARCEL_BLOCK.c.name)).all()
        return [_block(row) for row in block_rows]

    def find_for_sender(self, address: str, at: datetime.datetime) -> Block | None:
        """Return the block that keeps an address from sending, or None. Raises DatabaseUnavailable."""
        return self._find(address, at, BlockKind.SENDER, BlockKind.DOMAIN)

    def find_for_recipient(self, address: str, at: datetime.datetime) -> Block | None:
        """Return the block that keeps notices from an address, or None. Raises DatabaseUnavailable."""
        return self._find(address, at, BlockKind.RECIPIENT, BlockKind.RECIPIENT_DOMAIN)

    def _find(self, address: str, at: datetime.datetime, of_address: BlockKind, of_domain: BlockKind) -> Block | None:
        with self._database.reading() as rows:
            return _find(rows, address, at, of_address, of_domain)


def is_blocked(rows: Connection, sender: str, at: datetime.datetime) -> bool:
    """Return whether a block keeps an address from sending, inside a transaction."""
    return _find(rows, sender, at, BlockKind.SENDER, BlockKind.DOMAIN) is not None


def add_block(rows: Connection, block: Block) -> None:
    """Add a block inside a transaction, or replace the block of the same kind and name."""
    values: dict[str, Any] = {
        "reason": block.reason.value,
        "made_at": block.made_at.timestamp(),
        "ends_at": 0.0 if block.ends_at is None else block.ends_at.timestamp(),
    }
    added = insert_into(rows, PARCEL_BLOCK).values(kind=block.kind.value, name=block.name, **values)
    rows.execute(added.on_conflict_do_update(index_elements=[PARCEL_BLOCK.c.kind, PARCEL_BLOCK.c.name], set_=values))


def _add_refusal(rows: Connection, name: str, at: datetime.datetime) -> None:
    row = PARCEL_BLOCK.c
    now = at.timestamp()
    is_of_operator = and_(row.reason == BlockReason.OPERATOR.value, or_(row.ends_at == 0.0, row.ends_at > now))
    values: dict[str, Any] = {"reason": BlockReason.RECIPIENT.value, "made_at": now}
    added = insert_into(rows, PARCEL_BLOCK).values(kind=BlockKind.RECIPIENT.value, name=name, ends_at=0.0, **values)
    changes = {column: case((is_of_operator, row[column]), else_=value) for column, value in values.items()}
    rows.execute(added.on_conflict_do_update(index_elements=[row.kind, row.name], set_={**changes, "ends_at": 0.0}))


def block_name(kind: BlockKind, text: str) -> str:
    """Return the name of a block as the table has it. Raises ValueError, whose text is for the operator."""
    if kind.is_of_domain:
        domain = address_key(f"somebody@{text.removeprefix('@')}")[1]
        if "." not in domain or domain.startswith("["):
            raise ValueError(f"{text}: a domain as example.org is expected")
        return domain
    local_part, domain = address_key(text)
    if not domain:
        raise ValueError(f"{text}: an address as alice@example.org is expected")
    return f"{local_part}@{domain}"


def _find(
    rows: Connection, address: str, at: datetime.datetime, of_address: BlockKind, of_domain: BlockKind
) -> Block | None:
    local_part, domain = address_key(address)
    # "alice+anything@example.org" reaches Alice, so a block of Alice counts there too.
    names = [f"{mailbox}@{domain}" for mailbox in (local_part, without_detail(local_part))]
    named = or_(
        and_(PARCEL_BLOCK.c.kind == of_address.value, PARCEL_BLOCK.c.name.in_(names)),
        and_(PARCEL_BLOCK.c.kind == of_domain.value, PARCEL_BLOCK.c.name.in_(_with_parents(domain))),
    )
    row = rows.execute(select(PARCEL_BLOCK).where(named, _COUNTS).limit(1), {_NOW: at.timestamp()}).first()
    return None if row is None else _block(row)


def _with_parents(domain: str) -> list[str]:
    """A domain and the domains above it, because a block of a domain also counts below it."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def _block(row: Row[Any]) -> Block:
    return Block(
        kind=BlockKind(row.kind),
        name=row.name,
        reason=BlockReason(row.reason),
        made_at=datetime.datetime.fromtimestamp(row.made_at, datetime.UTC),
        ends_at=datetime.datetime.fromtimestamp(row.ends_at, datetime.UTC) if row.ends_at else None,
    )
