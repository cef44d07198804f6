"""`sealwax deliver withdraw`, `extend`, `tries` and `downloads`: changes of a parcel that was sent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import click

from sealwax.cli.options.delivery import ServiceOptions
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.streams.files import printable, write_line
from sealwax.delivery.sender_api import SenderApi, SentParcel

_MAX_DAYS: Final = 90
_MAX_DOWNLOADS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelChoice:
    """The reference of a parcel, and its sender."""

    reference: str = given_by(click.Argument(["reference"], metavar="REF"))
    login: ServiceOptions = group_of(ServiceOptions)

    @contextlib.contextmanager
    def open(self) -> Iterator[tuple[SenderApi, SentParcel]]:
        """The sender's calls to the service, and the chosen parcel. Raises ClickException if there is no such one."""
        reference = self.reference.strip()
        with self.login.open() as (_, _, api):
            for parcel in api.list_all():
                if reference == parcel.parcel_id or reference.upper() == parcel.reference.upper():
                    yield api, parcel
                    return
            raise click.ClickException(f"you have no parcel {printable(reference)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendRequest:
    """A parcel, and the number of days from now for which it stays."""

    parcel: ParcelChoice = group_of(ParcelChoice)
    days: int = given_by(
        click.Option(
            ["--days"], type=click.IntRange(1, _MAX_DAYS), required=True, help="How long the service keeps it from now."
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadsRequest:
    """A parcel, and the number of times that it may be opened."""

    parcel: ParcelChoice = group_of(ParcelChoice)
    limit: int | None = given_by(
        click.Option(
            ["--limit"],
            type=click.IntRange(0, _MAX_DOWNLOADS),
            help="How often it may be opened in all.",
        )
    )
    is_unlimited: bool = given_by(
        click.Option(["--unlimited", "is_unlimited"], is_flag=True, help="It may be opened any number of times.")
    )

    def __post_init__(self) -> None:
        if (self.limit is None) != self.is_unlimited:
            raise click.UsageError("give one of --limit and --unlimited")


@verb(ParcelChoice)
def withdraw(request: ParcelChoice) -> None:
    """End a parcel: nobody gets it any more. REF is its reference number, or its id.

    What a recipient has opened already stays with that recipient.
    """
    with request.open() as (api, parcel):
        changed = api.withdraw(parcel.parcel_id)
    write_line(f"{changed.reference}: {changed.state}")


@verb(ExtendRequest)
def extend(request: ExtendRequest) -> None:
    """Let a parcel stay so many days from now. REF is its reference number, or its id.

    The time is never shortened: a parcel that stays longer anyway is left as it is.
    """
    with request.parcel.open() as (api, parcel):
        changed = api.extend(parcel.parcel_id, request.days)
    until = f"until {changed.expires:%Y-%m-%d}" if changed.expires else changed.state
    write_line(f"{changed.reference}: {until}")


@verb(ParcelChoice)
def tries(request: ParcelChoice) -> None:
    """Allow five more tries at the words of a parcel. REF is its reference number, or its id.

    Ask the recipient first who has tried. If it was somebody else, withdraw the parcel.
    """
    with request.open() as (api, parcel):
        changed = api.give_tries(parcel.parcel_id)
    write_line(f"{changed.reference}: {changed.tries_left} tries left")


@verb(DownloadsRequest)
def downloads(request: DownloadsRequest) -> None:
    """Limit how often a parcel may be opened, or end the limit. REF is its reference number, or its id.

    Earlier openings count too.
    """
    with request.parcel.open() as (api, parcel):
        changed = api.limit_downloads(parcel.parcel_id, request.limit)
    limit = "any number of times" if changed.downloads is None else f"{changed.downloads} times in all"
    write_line(f"{changed.reference}: may be opened {limit}, was opened {changed.opened} times")
