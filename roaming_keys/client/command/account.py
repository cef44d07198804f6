"""`sealwax roam passwd`, `recovery-code`, `recover`, `devices`, `revoke` and `delete`: the account itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import click

from roaming_keys.client.command.extensions import with_own_passphrase
from roaming_keys.client.command.login import (
    NEW_PASSPHRASE_FILE,
    AccountChoice,
    AccountLogin,
    ListRequest,
    LoginRequest,
    ResetAgreement,
    forget,
    log_in_as_known,
    open_session,
    remember,
    setting_for,
)
from roaming_keys.client.command.times import write_time
from roaming_keys.client.command.trust_files import forget_base
from roaming_keys.protocol.login import log_in_by_recovery_code
from roaming_keys.protocol.records.recovery_codes import CODE_BYTES, read_code, recovery_keys, write_code
from roaming_keys.protocol.steps import KeyServerError
from sealwax.cli.options.passphrases import new_passphrase, read_first_line
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import flush_output, write_error, write_json, write_line
from sealwax.discovery.finding import DiscoveryUnavailable
from smime_core import blocking

_CODE_DOES_NOT_COUNT: Final = "the code above does not open the account: throw it away. An earlier one still counts"
# After an error with one of these codes, the server may or may not have stored the change.
_UNKNOWN_OUTCOMES: Final = frozenset({"key-server-unreachable", "key-server-error"})
_CODE_MAY_COUNT: Final = (
    "it is not known whether the code above or an earlier one opens the account: keep both, and run this command again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswdRequest:
    """The account, and where its new passphrase comes from."""

    login: AccountLogin = group_of(AccountLogin)
    new_file: str | None = given_by(NEW_PASSPHRASE_FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverRequest:
    """The account, its recovery code, and where its new passphrase comes from."""

    account: AccountChoice = group_of(AccountChoice)
    code_file: str | None = given_by(
        click.Option(
            ["--code-file"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the recovery code. It is asked for otherwise.",
        )
    )
    new_file: str | None = given_by(NEW_PASSPHRASE_FILE)
    agreement: ResetAgreement = group_of(ResetAgreement)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeRequest:
    """The account, and the devices that lose access to it."""

    ids: tuple[str, ...] = given_by(click.Argument(["ids"], metavar="DEVICE...", nargs=-1, required=True))
    login: AccountLogin = group_of(AccountLogin)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRequest:
    """The account to delete."""

    login: AccountLogin = group_of(AccountLogin)
    is_confirmed: bool = given_by(click.Option(["--yes", "is_confirmed"], is_flag=True, help="Do not ask."))


@verb(PasswdRequest)
def passwd(request: PasswdRequest) -> None:
    """Take another passphrase. Other devices have to log in again with it."""
    roaming = open_session(request.login)
    passphrase = new_passphrase(request.new_file)
    session = blocking.run(roaming.session.rotate(roaming.setting, passphrase, change=with_own_passphrase))
    remember(session)
    write_line("The account has the new passphrase.")


@verb(LoginRequest, "recovery-code")
def recovery_code(request: LoginRequest) -> None:
    """Print a code that opens the account when its passphrase is forgotten.

    Write it on paper and keep it where you keep your passport: it is shown only now. The last line says whether it
    counts; an earlier code ends then.
    """
    roaming = open_session(request.login)
    secret = PROVIDER.random_bytes(CODE_BYTES)
    keys = blocking.run(recovery_keys(secret, PROVIDER))
    # The new code is printed before the earlier code ends. If printing fails, the person still has the earlier code.
    write_line(write_code(secret))
    flush_output()
    try:
        session = blocking.run(roaming.session.rotate(roaming.setting, roaming.passphrase, recovery=keys))
    except (KeyServerError, DiscoveryUnavailable) as error:
        is_refused = isinstance(error, KeyServerError) and error.code not in _UNKNOWN_OUTCOMES
        write_error(_CODE_DOES_NOT_COUNT if is_refused else _CODE_MAY_COUNT)
        raise
    remember(session)
    write_error("this code opens the account from now on, and an earlier one no longer does")


@verb(RecoverRequest)
def recover(request: RecoverRequest) -> None:
    """Take a new passphrase by the recovery code. All keys stay, and so does the code."""
    account_id = request.account.account_id()
    text = _ask_code() if request.code_file is None else read_first_line(request.code_file).decode("ascii", "replace")
    keys = blocking.run(recovery_keys(read_code(text), PROVIDER))
    setting = setting_for(request.account)
    session = log_in_as_known(
        account_id, request.agreement, lambda context: log_in_by_recovery_code(setting, account_id, keys, context)
    )
    passphrase = new_passphrase(request.new_file)
    remember(blocking.run(session.rotate(setting, passphrase, change=with_own_passphrase)))
    write_line("The account has the new passphrase.")


@verb(ListRequest)
def devices(request: ListRequest) -> None:
    """List the devices that have logged in, the latest first."""
    roaming = open_session(request.login)
    all_devices = blocking.run(roaming.session.devices(roaming.setting))
    if request.as_json:
        rows = [
            {
                "id": device.id,
                "name": device.name,
                "created": write_time(device.created),
                "latest": write_time(device.latest),
                "isThis": device.is_this,
            }
            for device in all_devices
        ]
        write_json({"devices": rows})
        return
    for device in all_devices:
        mark = ", this device" if device.is_this else ""
        write_line(f"{device.id}  {device.name}, last used {write_time(device.latest)}{mark}")


@verb(RevokeRequest)
def revoke(request: RevokeRequest) -> None:
    """End the access of devices: what they have opens nothing that is stored from now on.

    They keep the keys that they have seen. If a device is stolen and was unlocked, also get new certificates, and
    change the passphrase if it was typed there.
    """
    roaming = open_session(request.login)
    known = {device.id: device for device in blocking.run(roaming.session.devices(roaming.setting))}
    for device_id in request.ids:
        if device_id not in known:
            raise click.ClickException(f"there is no device {device_id}: sealwax roam devices lists them")
        if known[device_id].is_this:
            raise click.ClickException("this device cannot revoke itself")
    session = blocking.run(roaming.session.rotate(roaming.setting, roaming.passphrase, revoked=request.ids))
    remember(session)
    write_line(f"{len(request.ids)} device{'s' if len(request.ids) > 1 else ''} revoked.")


@verb(DeleteRequest)
def delete(request: DeleteRequest) -> None:
    """Delete the account and all that it has at the key server. Pull your keys first."""
    roaming = open_session(request.login)
    account_id = roaming.session.account_id
    if not request.is_confirmed:
        click.confirm(f"Delete the account of {account_id.user} at {account_id.server} with all its keys?", abort=True)
    blocking.run(roaming.session.delete(roaming.setting))
    forget(account_id)
    forget_base(account_id)
    write_line("The account is deleted.")


def _ask_code() -> str:
    return str(click.prompt("Recovery code", hide_input=True, err=True))
