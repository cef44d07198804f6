"""`sealwax keys user list`, and `disable`, `enable`, `renew`, `delete` and `password` of one account."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import Final

import click

from roaming_keys.client.command.times import write_time
from roaming_keys.organisation.client.command.calling import StaffChoice
from roaming_keys.organisation.protocol.messages import Change
from roaming_keys.protocol.key_account import normalise_user
from sealwax.cli.options.passphrases import new_password
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.streams.files import write_line

_PASSWORD_SECONDS: Final = 60
_USER: Final = click.Argument(["user"], metavar="ADDRESS")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRequest:
    """The account, and the staff member who changes it."""

    user: str = given_by(_USER)
    staff: StaffChoice = group_of(StaffChoice)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """The administrator who lists the accounts."""

    staff: StaffChoice = group_of(StaffChoice)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRequest:
    """The account, and the staff member who deletes it."""

    user: str = given_by(_USER)
    staff: StaffChoice = group_of(StaffChoice)
    is_confirmed: bool = given_by(click.Option(["--yes", "is_confirmed"], is_flag=True, help="Do not ask."))


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRequest:
    """The mail account, its new password, and the operator's command that sets it."""

    user: str = given_by(_USER)
    command: tuple[str, ...] = given_by(
        click.Argument(["command"], metavar="COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
    )
    staff: StaffChoice = group_of(StaffChoice)
    password_file: str | None = given_by(
        click.Option(
            ["--new-password-file", "password_file"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the new mail password. It is asked for otherwise.",
        )
    )


@verb(ListRequest)
def list_users(request: ListRequest) -> None:
    """List all accounts, by their addresses. Each line has the address, and what is special about the account.

    An account can be disabled, be asked for a new certificate, and have a recovery copy.
    """
    for user in request.staff.client().users():
        states = [
            f"disabled {write_time(user.disabled)}" if user.disabled else "",
            f"asked for a new certificate {write_time(user.renew)}" if user.renew else "",
            "has a recovery copy" if user.has_copy else "",
        ]
        line = ", ".join(filter(None, states))
        write_line(f"{user.user}: {line}" if line else user.user)


@verb(UserRequest)
def disable(request: UserRequest) -> None:
    """End all sessions of a person, who can log in no more. The keys stay, also for recovery by officers."""
    _change(request, Change.DISABLE, "is disabled")


@verb(UserRequest)
def enable(request: UserRequest) -> None:
    """Let a person log in again."""
    _change(request, Change.ENABLE, "can log in again")


@verb(UserRequest)
def renew(request: UserRequest) -> None:
    """Ask a person for a new certificate. Each login says so, until the account has one from after this."""
    _change(request, Change.RENEW, "is asked for a new certificate")


@verb(DeleteRequest)
def delete(request: DeleteRequest) -> None:
    """Delete an account and all that it has. The keys cannot be recovered afterwards, by officers neither."""
    user = normalise_user(request.user)
    if not request.is_confirmed:
        click.confirm(f"Delete the account of {user} with all its keys?", abort=True)
    request.staff.client().change_user(user, Change.DELETE)
    write_line(f"{user} is deleted")


@verb(PasswordRequest)
def password(request: PasswordRequest) -> None:
    """Set a person's mail password by a command of yours, which reads it from standard input.

    In COMMAND, {user} stands for the address. That it was run is in the audit trail.
    """
    user = normalise_user(request.user)
    secret = new_password(request.password_file)
    # Recorded in the audit trail first, so that no password is set without a record.
    request.staff.client().change_user(user, Change.PASSWORD)
    command = [word.replace("{user}", user) for word in request.command]
    try:
        # No shell parses the command, and the address has no spaces or control characters. So the address stays one
        # argument.
        done = subprocess.run(command, input=secret + b"\n", timeout=_PASSWORD_SECONDS, check=False)
    except FileNotFoundError:
        raise click.ClickException(f"there is no command {command[0]}") from None
    except subprocess.TimeoutExpired:
        raise click.ClickException(f"{command[0]} has not ended after {_PASSWORD_SECONDS} seconds") from None
    if done.returncode:
        raise click.ClickException(
            f"{command[0]} has ended with status {done.returncode}: the password may be unchanged"
        )
    write_line(f"{user} has the new mail password")


def _change(request: UserRequest, change: Change, outcome: str) -> None:
    user = normalise_user(request.user)
    request.staff.client().change_user(user, change)
    write_line(f"{user} {outcome}")
