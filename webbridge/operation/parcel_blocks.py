"""`sealwax bridge parcel-blocks`: senders who may send no parcels, and recipients who get no notices."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from sealwax.cli.options.parameters import now
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.databases import become_owner_of_database, database_failures_said
from sealwax.service import Database
from smime_core.text import utc_text
from webbridge.database import SCHEMA
from webbridge.database.secret import bridge_secret
from webbridge.delivery.abuse.blocks import Block, BlockKind, BlockReason, Blocks, block_name
from webbridge.delivery.abuse.complaints import Complaints
from webbridge.operation.settings import BRIDGE

# A mail server that delivers a report to `parcel-returns` tries again later.
_WAIT_SECONDS = 10.0
_KIND = click.Argument(["kind"], type=click.Choice([kind.value for kind in BlockKind]))
_NAME = click.Argument(["name"], metavar="ADDRESS|DOMAIN")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlocksRequest:
    """The configuration that names the database."""

    config: Path = given_by(BRIDGE.config_option())


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRequest:
    """One block."""

    kind: str = given_by(_KIND)
    name: str = given_by(_NAME)
    bridge: BlocksRequest = group_of(BlocksRequest)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBlockRequest:
    """A new block, and the days for which it counts."""

    block: BlockRequest = group_of(BlockRequest)
    days: int | None = given_by(
        click.Option(
            ["--days"],
            type=click.IntRange(1, 3650),
            metavar="DAYS",
            help="Days for which it counts; default: always.",
        )
    )


@click.group("parcel-blocks")
def parcel_blocks() -> None:
    """Block senders of parcels, and recipients of notices.

    \b
    sender ADDRESS           may send no parcels
    domain DOMAIN            nobody there, or below it, may send any
    recipient ADDRESS        gets no notices
    recipient-domain DOMAIN  nobody there, or below it, gets any
    """


@verb(NewBlockRequest, "add", group=parcel_blocks)
def add_block(request: NewBlockRequest) -> None:
    """Add a block, or replace the one of the same name."""
    kind, name = _read(request.block)
    at = now()
    ends_at = None if request.days is None else at + datetime.timedelta(days=request.days)
    with opened_database(request.block.bridge.config) as database:
        block = Block(kind=kind, name=name, reason=BlockReason.OPERATOR, made_at=at, ends_at=ends_at)
        Blocks(database).add(block)
    write_line(_line(block))


@verb(BlockRequest, "remove", group=parcel_blocks)
def remove_block(request: BlockRequest) -> None:
    """Remove a block. The complaints about a sender count as settled."""
    kind, name = _read(request)
    with opened_database(request.bridge.config) as database:
        was_there = Blocks(database).remove(kind, name)
        if kind is BlockKind.SENDER:
            Complaints(database, bridge_secret(database)).settle(name, now())
    if not was_there:
        raise click.ClickException(f"there is no block {kind.value} {name}")


@verb(BlocksRequest, "list", group=parcel_blocks)
def list_blocks(request: BlocksRequest) -> None:
    """Print the blocks that count: kind, name, reason, since when, until when."""
    with opened_database(request.config) as database:
        for block in Blocks(database).all(now()):
            write_line(_line(block))


@contextmanager
def opened_database(config: Path) -> Iterator[Database]:
    """Open the database of a configuration. Raises ClickException."""
    url = BRIDGE.load(config).database.get_secret_value()
    become_owner_of_database(url)
    with database_failures_said(), closing(SCHEMA.open(url, wait_seconds=_WAIT_SECONDS)) as database:
        yield database


def _read(request: BlockRequest) -> tuple[BlockKind, str]:
    kind = BlockKind(request.kind)
    try:
        return kind, block_name(kind, request.name)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _line(block: Block) -> str:
    until = "always" if block.ends_at is None else f"until {utc_text(block.ends_at)}"
    return f"{block.kind.value} {block.name} {block.reason.value} since {utc_text(block.made_at)} {until}"
