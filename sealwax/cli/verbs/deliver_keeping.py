"""`sealwax deliver token` and `list`: the sender's token, and the parcels that were sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from sealwax.cli.judging.parcel_receipts import JudgedReceipt, ReceiptJudge
from sealwax.cli.options.delivery import CA_FILE, TOKEN_FILE, ServiceOptions, look_up, parse_token
from sealwax.cli.options.parameters import JSON
from sealwax.cli.options.passphrases import ask_terminal, read_first_line
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.trust import TrustOptions
from sealwax.cli.streams.files import printable, write_json, write_line
from sealwax.cli.user_files.delivery import forget_service, keep_service, load_services
from sealwax.delivery.address import parse_server
from sealwax.delivery.connection import Connection
from sealwax.delivery.patience import Patience
from sealwax.delivery.sender_api import SenderApi, SentParcel, StateRow
from smime_core.report import time_to_json
from smime_core.text import parse_address

_SAID_BY: Final = {
    "service": "says the service",
    "sender": "by you",
    "recipient-claims": "claims the recipient's program",
    "recipient-signed": "signed by the recipient, says the service",
    "mail-server": "says a mail server, to which the service gave the notice",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A service, the user's address there, and whether to store or delete the token."""

    server: str = given_by(
        click.Option(["--server"], required=True, metavar="URL", help="The pages at which you made the token.")
    )
    address: str = given_by(click.Option(["--address"], required=True, metavar="ADDRESS", help="Your address there."))
    token_file: str | None = given_by(TOKEN_FILE)
    ca_file: Path | None = given_by(CA_FILE)
    forget: bool = given_by(click.Option(["--forget"], is_flag=True, help="Remove the kept token of this address."))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """The sender whose parcels are listed, and the options for judging the signers of receipts."""

    login: ServiceOptions = group_of(ServiceOptions)
    trust: TrustOptions = group_of(TrustOptions)
    as_json: bool = given_by(JSON)


@verb(TokenRequest)
def token(request: TokenRequest) -> None:
    """Keep a token with which this computer sends parcels as you.

    The token is asked for on the terminal, tried once, and kept in the system keyring, or else in a file that only you
    can read. --forget removes it here; revoke it in the pages too.
    """
    if parse_address(request.address) is None:
        raise click.BadParameter("expected a mail address", param_hint="--address")
    if request.forget:
        _forget(request)
        return
    service = look_up(str(parse_server(request.server)), request.address, request.ca_file)
    if request.token_file is None:
        secret = ask_terminal(f"Token of {printable(request.address)}: ", "the token", "--token-file")
    else:
        secret = read_first_line(request.token_file)
    text = parse_token(secret)
    with Connection(parse_server(service.api), ca_file=request.ca_file) as connection:
        SenderApi(connection, text, Patience()).list_page()
    location = keep_service(service, text)
    write_line(f"The token of {service.address} at {service.api} is in {location}.")


@verb(ListRequest, "list")
def list_parcels(request: ListRequest) -> None:
    """List your parcels, the newest first: their states, the times, and who reports them.

    A claim of a recipient's program proves nothing. A receipt that the recipient has signed does: each gets a verdict
    here, as a message does.
    """
    judge = ReceiptJudge(request.trust)
    with request.login.open() as (_, _, api):
        # The list has no receipts, so confirmed parcels are fetched one by one.
        parcels = [api.find(parcel.parcel_id) if parcel.is_confirmed else parcel for parcel in api.list_all()]
    listed = [(parcel, judge.judge_all(parcel)) for parcel in parcels]
    if request.as_json:
        write_json({"parcels": [_parcel_to_json(parcel, receipts) for parcel, receipts in listed]})
        return
    for parcel, receipts in listed:
        until = f", until {parcel.expires:%Y-%m-%d}" if parcel.expires else ""
        to = ", ".join(parcel.to) or "nobody"
        write_line(f"{parcel.reference}: {parcel.state}, {parcel.kind} of {_size_words(parcel.size)} to {to}{until}")
        for row in parcel.states:
            write_line(f"- {_row_words(row)}")
        for receipt in receipts:
            write_line(f"- receipt: {receipt.line}")


def _forget(request: TokenRequest) -> None:
    server = str(parse_server(request.server))
    services = [
        kept_service
        for kept_service in load_services()
        if kept_service.address == request.address and server in (kept_service.pages, kept_service.api)
    ]
    if not services:
        raise click.ClickException(f"no token of {printable(request.address)} at {server} is kept")
    for service in services:
        forget_service(service)
    write_line(f"The token of {request.address} at {server} is forgotten here.")


def _row_words(row: StateRow) -> str:
    code = f" ({row.code})" if row.code else ""
    recipient = f" by {row.recipient}" if row.recipient else ""
    return f"{row.state}{recipient}{code}, {row.at:%Y-%m-%d %H:%M} UTC, {_SAID_BY.get(row.by, row.by)}"


def _size_words(size: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} bytes"


def _parcel_to_json(parcel: SentParcel, receipts: Sequence[JudgedReceipt]) -> dict[str, Any]:
    return {
        "id": parcel.parcel_id,
        "reference": parcel.reference,
        "state": parcel.state,
        "kind": parcel.kind,
        "bytes": parcel.size,
        "to": list(parcel.to),
        "expires": None if parcel.expires is None else time_to_json(parcel.expires),
        "downloads": parcel.downloads,
        "opened": parcel.opened,
        "triesLeft": parcel.tries_left,
        "states": [
            {
                "state": row.state,
                "at": time_to_json(row.at),
                "by": row.by,
                "recipient": row.recipient,
                "code": row.code,
            }
            for row in parcel.states
        ],
        "receipts": [
            {"recipient": receipt.recipient, "state": receipt.state, "verdict": receipt.line} for receipt in receipts
        ],
    }
