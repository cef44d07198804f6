"""`sealwax bridge parcel-counts`: how many parcels there are, and from where, without content."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import click

from sealwax.cli.options.parameters import now
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.streams.files import write_line
from webbridge.delivery.abuse.counts import count_parcels
from webbridge.operation.parcel_blocks import BlocksRequest, opened_database

_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsRequest:
    """The configuration, and the number of days whose parcels are counted."""

    bridge: BlocksRequest = group_of(BlocksRequest)
    days: int = given_by(
        click.Option(
            ["--days"],
            type=click.IntRange(1, 3650),
            default=_DAYS,
            show_default=True,
            metavar="DAYS",
            help="Days before now whose parcels and complaints count.",
        )
    )


@verb(CountsRequest, "parcel-counts")
def parcel_counts(request: CountsRequest) -> None:
    """Print numbers of parcels, notices, complaints and blocks, one a line.

    Nothing names a person, a parcel or its content.
    """
    with opened_database(request.bridge.config) as database:
        counts = count_parcels(database, now() - datetime.timedelta(days=request.days))
    for stage, count in sorted(counts.parcels.items()):
        write_line(f"parcels {stage} {count}")
    write_line(f"bytes {counts.total_bytes}")
    for domain, count in counts.by_domain.items():
        write_line(f"from {domain} {count} by {counts.senders[domain]}")
    for state, count in sorted(counts.notices.items()):
        write_line(f"notices {state} {count}")
    for (domain, reason), count in sorted(counts.complaints.items()):
        write_line(f"complaints {domain} {reason} {count}")
    for kind, count in sorted(counts.blocks.items()):
        write_line(f"blocks {kind} {count}")
