"""`sealwax roam register`: a new account, with a ticket of the bridge."""

from __future__ import annotations

from dataclasses import dataclass

import click

from roaming_keys.client.command.login import NEW_PASSPHRASE_FILE, AccountChoice, keep_login, login_context
from roaming_keys.client.command.ticket_source import TicketSource
from roaming_keys.client.following import check_ticket_key, follow_ticket_key
from roaming_keys.client.transport import HttpTransport, register_account
from roaming_keys.protocol.changes import build_registration
from roaming_keys.protocol.key_account import KeyAccount, find_discovery_key
from roaming_keys.protocol.tickets import Purpose
from sealwax.cli.options.identities import load_all_identities
from sealwax.cli.options.parameters import FILE
from sealwax.cli.options.passphrases import PassphraseSource, new_passphrase
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import write_line
from smime_core import blocking


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRequest:
    """The identities, the account, and the source of its ticket."""

    names: tuple[str, ...] = given_by(click.Argument(["names"], metavar="P12...", nargs=-1, required=True, type=FILE))
    account: AccountChoice = group_of(AccountChoice)
    source: TicketSource = group_of(TicketSource)
    new_file: str | None = given_by(NEW_PASSPHRASE_FILE)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@verb(RegisterRequest)
def register(request: RegisterRequest) -> None:
    """Store the keys of identity files in a new account.

    The passphrase options are for the files. The account gets a new passphrase, which only you know: the key server
    never learns it. The mail password is refused as one.
    """
    account_id = request.account.account_id()
    identities = load_all_identities(request.names, request.passphrases)
    ticket, mail_password = request.source.ticket(account_id.user, Purpose.ENROLMENT)
    discovery_key, sources = find_discovery_key(ticket), request.account.sources()
    check_ticket_key(account_id, discovery_key, sources)
    account = KeyAccount(server=account_id.server, user=account_id.user, passphrase=new_passphrase(request.new_file))
    registration = blocking.run(build_registration(account, identities, ticket, PROVIDER, mail_password))
    blocking.run(register_account(HttpTransport(account_id.server), registration))
    keep_login(account_id, login_context(account_id).device, None)
    write_line(f"{account_id.user} is registered at {account_id.server}.")
    # Pinned only after the key server has verified the ticket.
    follow_ticket_key(account_id, discovery_key, sources)
