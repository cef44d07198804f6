"""`sealwax roam register`: a new account, with a ticket of the bridge."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPException
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, Request

import click

from roaming_keys.changes import build_registration
from roaming_keys.client import HttpTransport, build_plain_opener, exchange, register_account
from roaming_keys.command.following import check_ticket_key, follow_ticket_key
from roaming_keys.command.login import NEW_PASSPHRASE_FILE, AccountChoice, keep_login, on_device
from roaming_keys.protocol import KeyAccount, find_discovery_key, normalise_origin
from roaming_keys.reader import Reader
from sealwax.cli.options.identities import load_all_identities
from sealwax.cli.options.parameters import FILE
from sealwax.cli.options.passphrases import PassphraseSource, new_passphrase, read_first_line
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import write_line
from smime_core import blocking


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRequest:
    """The identities, the account, and where its ticket comes from."""

    names: tuple[str, ...] = given_by(click.Argument(["names"], metavar="P12...", nargs=-1, required=True, type=FILE))
    account: AccountChoice = group_of(AccountChoice)
    bridge: str | None = given_by(
        click.Option(["--bridge"], metavar="URL", help="Your organisation's bridge, which confirms your address.")
    )
    mail_password_file: str | None = given_by(
        click.Option(
            ["--mail-password-file"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the mail password, for --bridge.",
        )
    )
    ticket_file: str | None = given_by(
        click.Option(["--ticket-file"], metavar="FILE", type=FILE, help="A ticket of the bridge, in place of --bridge.")
    )
    new_file: str | None = given_by(NEW_PASSPHRASE_FILE)
    passphrases: PassphraseSource = group_of(PassphraseSource)

    def __post_init__(self) -> None:
        if (self.bridge is None) == (self.ticket_file is None):
            raise click.UsageError("give one of --bridge and --ticket-file")


@verb(RegisterRequest)
def register(request: RegisterRequest) -> None:
    """Store the keys of identity files in a new account.

    The passphrase options are for the files. The account gets a new passphrase, which only you know: the key server
    never learns it. The mail password is refused as one.
    """
    place = request.account.place()
    identities = load_all_identities(request.names, request.passphrases)
    if not identities:
        raise click.ClickException("the files hold no private key together with its certificate")
    mail_password = None if request.mail_password_file is None else read_first_line(request.mail_password_file)
    if request.ticket_file is not None:
        ticket = read_first_line(request.ticket_file).decode("ascii", "replace")
    elif mail_password is not None:
        ticket = _ask_bridge(request.bridge or "", place.user, mail_password)
    else:
        raise click.UsageError("give --mail-password-file with --bridge")
    discovery_key, sources = find_discovery_key(ticket), request.account.sources()
    check_ticket_key(place, discovery_key, sources)
    account = KeyAccount(server=place.server, user=place.user, passphrase=new_passphrase(request.new_file))
    registration = blocking.run(build_registration(account, identities, ticket, PROVIDER, mail_password))
    blocking.run(register_account(HttpTransport(place.server), registration))
    keep_login(place, on_device(place).device, None)
    write_line(f"{place.user} is registered at {place.server}.")
    # Only now: the key server has verified the ticket.
    follow_ticket_key(place, discovery_key, sources)


def _ask_bridge(bridge: str, user: str, mail_password: bytes) -> str:
    """Return a ticket of the bridge for the user's address, after a login with the mail password."""
    origin = normalise_origin(bridge)
    opener = build_plain_opener(origin, None, HTTPCookieProcessor(CookieJar()))

    def ask(method: str, path: str, members: object = None) -> bytes:
        body = None if members is None else json.dumps(members).encode()
        headers = {"X-Sealwax": "1", "Content-Type": "application/json"}
        prepared = Request(origin + path, data=body, headers=headers, method=method)  # noqa: S310
        return exchange(opener, prepared)

    try:
        password = mail_password.decode("utf-8", "surrogateescape")
        ask("POST", "/api/session", {"address": user, "password": password})
        try:
            return Reader(ask("POST", "/api/enrolment"), "bridge's answer").text("ticket")
        finally:
            ask("DELETE", "/api/session")
    except HTTPError as error:
        with error:
            raise click.ClickException(f"the bridge refuses: status {error.code}") from None
    except (HTTPException, OSError) as error:
        raise click.ClickException(f"the bridge does not answer: {type(error).__name__}") from None
