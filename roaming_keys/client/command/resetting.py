"""`sealwax roam reset`, `stop-reset` and `undo-reset`: a forgotten passphrase without a recovery code."""

from __future__ import annotations

from dataclasses import dataclass

import click

from roaming_keys.client.command.login import (
    NEW_PASSPHRASE_FILE,
    AccountChoice,
    AccountLogin,
    LoginRequest,
    forget,
    keep_login,
    login_context,
    open_session,
    setting_for,
)
from roaming_keys.client.command.ticket_source import TicketSource
from roaming_keys.client.command.times import write_minute
from roaming_keys.client.transport import finish_reset, start_reset
from roaming_keys.protocol.changes import ReplacedAccount, build_reset
from roaming_keys.protocol.key_account import KeyAccount
from roaming_keys.protocol.login import ask_for_parameters, undo_reset as undo_by_passphrase, undo_reset_by_code
from roaming_keys.protocol.records.recovery_codes import read_code, recovery_keys
from roaming_keys.protocol.tickets import Purpose
from sealwax.cli.options.identities import load_all_identities
from sealwax.cli.options.parameters import FILE, now
from sealwax.cli.options.passphrases import PassphraseSource, new_passphrase, read_first_line
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import write_line
from smime_core import blocking


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetRequest:
    """The account, its ticket, and the new keys, which the end of the reset needs."""

    names: tuple[str, ...] = given_by(click.Argument(["names"], metavar="[P12...]", nargs=-1, type=FILE))
    account: AccountChoice = group_of(AccountChoice)
    source: TicketSource = group_of(TicketSource)
    new_file: str | None = given_by(NEW_PASSPHRASE_FILE)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRequest:
    """The account, and its passphrase or recovery code from before the reset."""

    login: AccountLogin = group_of(AccountLogin)
    code_file: str | None = given_by(
        click.Option(
            ["--code-file"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the recovery code from before the reset, in place of the passphrase.",
        )
    )


@verb(ResetRequest)
def reset(request: ResetRequest) -> None:
    """Get a new account for a forgotten passphrase, without a recovery code.

    The first time this starts the reset. After the wait, at least 72 hours, give the files of your new keys: they are
    stored in the new account. Each login shows that a reset goes on, and every device can stop it.

    The new account does not have your earlier keys, so it opens no earlier mail, and people see that your certificate
    changed. If you remember the passphrase within 30 days: sealwax roam undo-reset.
    """
    account_id = request.account.account_id()
    identities = load_all_identities(request.names, request.passphrases)
    ticket, mail_password = request.source.ticket(account_id.user, Purpose.RESET)
    setting = setting_for(request.account)
    answer = blocking.run(start_reset(setting.transport, account_id.user, ticket))
    if not identities:
        write_line(
            f"The reset of {account_id.user} can be finished from {write_minute(answer.ready)}"
            f" to {write_minute(answer.ends)}."
        )
        write_line("Then run this again with the files of your new keys.")
        return
    if answer.ready > now().timestamp():
        raise click.ClickException(f"the reset has to wait until {write_minute(answer.ready)}")
    account = KeyAccount(server=account_id.server, user=account_id.user, passphrase=new_passphrase(request.new_file))
    registration = blocking.run(
        build_reset(
            account,
            identities,
            ticket,
            PROVIDER,
            replaced=ReplacedAccount(
                parameters=blocking.run(ask_for_parameters(setting, account_id.user)), version=answer.version
            ),
            at=now(),
            mail_password=mail_password,
        )
    )
    blocking.run(finish_reset(setting.transport, registration))
    # The person wants this reset, so this computer deletes the facts about the earlier account.
    device = login_context(account_id).device
    forget(account_id)
    keep_login(account_id, device, None)
    write_line(f"{account_id.user} has a new account at {account_id.server}. The earlier one is kept for 30 days.")


@verb(LoginRequest, "stop-reset")
def stop_reset(request: LoginRequest) -> None:
    """Stop a reset of the account that you did not start, or no longer need."""
    roaming = open_session(request.login)
    blocking.run(roaming.session.stop_reset(roaming.setting))
    write_line("The reset is stopped. If you did not start it, change the password of your mail account.")


@verb(UndoRequest, "undo-reset")
def undo_reset(request: UndoRequest) -> None:
    """Put the account from before a reset back, by its passphrase or recovery code, within 30 days.

    The account after the reset is deleted with its keys. Pull them first if you need them.
    """
    account_id = request.login.account.account_id()
    setting, context = setting_for(request.login.account), login_context(account_id)
    if request.code_file is not None:
        code = read_first_line(request.code_file).decode("ascii", "replace")
        keys = blocking.run(recovery_keys(read_code(code), PROVIDER))
        session = blocking.run(undo_reset_by_code(setting, account_id, keys, context))
    else:
        passphrase = request.login.passphrases.reader()(
            f"{account_id.user} at {account_id.server}, from before the reset"
        )
        account = KeyAccount(server=account_id.server, user=account_id.user, passphrase=passphrase)
        session = blocking.run(undo_by_passphrase(setting, account, context))
    # This computer may know a later record, of the account after the reset, so the facts about it are deleted.
    forget(account_id)
    keep_login(account_id, context.device, session.known)
    write_line(f"The account of {account_id.user} from before the reset is back.")
