"""`sealwax bridge parcel-tokens`: the tokens with which programs send parcels for an account."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import click

from sealwax.cli.options.parameters import now
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.streams.files import write_line
from sealwax.service import ServiceError
from smime_core.text import utc_text
from webbridge.delivery.limits import MAX_TOKEN_DAYS
from webbridge.delivery.tokens import ListedToken, Tokens
from webbridge.gateway import GatewayError
from webbridge.gateway.door import check_address
from webbridge.operation.parcel_blocks import opened_database
from webbridge.operation.settings import BRIDGE


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensRequest:
    """The account, and the configuration that names the database."""

    address: str = given_by(click.Argument(["address"], metavar="ADDRESS"))
    config: Path = given_by(BRIDGE.config_option())


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """One token of an account."""

    account: TokensRequest = group_of(TokensRequest)
    name: str = given_by(click.Argument(["name"], metavar="NAME"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTokenRequest:
    """A new token, and the days for which it counts."""

    token: TokenRequest = group_of(TokenRequest)
    days: int = given_by(
        click.Option(
            ["--days"],
            type=click.IntRange(1, MAX_TOKEN_DAYS),
            default=MAX_TOKEN_DAYS,
            show_default=True,
            metavar="DAYS",
            help="Days for which it counts.",
        )
    )


@click.group("parcel-tokens")
def parcel_tokens() -> None:
    """Make, list and revoke the tokens by which programs send parcels for an account.

    Give a token to the owner of the account only: who has it sends parcels in their name.
    """


@verb(NewTokenRequest, "add", group=parcel_tokens)
def add_token(request: NewTokenRequest) -> None:
    """Make a token and print it. It is shown once; `sealwax deliver token` keeps it."""
    account = request.token.account
    with opened_database(account.config) as database:
        try:
            token = Tokens(database, clock=now).make(_checked(account.address), request.token.name, request.days)
        except ServiceError as error:
            raise click.ClickException(str(error)) from None
    write_line(token)


@verb(TokensRequest, "list", group=parcel_tokens)
def list_tokens(request: TokensRequest) -> None:
    """Print the tokens of an account that count: name, since when, until when. Their values are not kept."""
    with opened_database(request.config) as database:
        for token in Tokens(database, clock=now).list(_checked(request.address)):
            write_line(_line(token))


@verb(TokenRequest, "revoke", group=parcel_tokens)
def revoke_token(request: TokenRequest) -> None:
    """Revoke a token. Programs that have it send nothing any more."""
    address = _checked(request.account.address)
    with opened_database(request.account.config) as database:
        tokens = Tokens(database, clock=now)
        if request.name not in [token.name for token in tokens.list(address)]:
            raise click.ClickException(f"{address} has no token of this name")
        tokens.revoke(address, request.name)


def _checked(address: str) -> str:
    """The address in the form in which sessions have it."""
    try:
        # The address is checked before `lower`, which would turn a Kelvin sign into the k of another person's address.
        return check_address(address).lower()
    except GatewayError:
        raise click.BadParameter("expected a mail address in ASCII", param_hint="ADDRESS") from None


def _line(token: ListedToken) -> str:
    since, until = (
        utc_text(datetime.datetime.fromtimestamp(at, datetime.UTC)) for at in (token.created_at, token.expires_at)
    )
    return f"{token.name} since {since} until {until}"
