"""`sealwax roam login`: the first look at an account, which later commands use by default."""

from __future__ import annotations

from roaming_keys.client.command.extensions import follow_login
from roaming_keys.client.command.login import LoginRequest, open_session
from roaming_keys.protocol.known import day_of
from roaming_keys.protocol.session import Session
from sealwax.cli.options.request import verb
from sealwax.cli.streams.files import write_line


@verb(LoginRequest)
def login(request: LoginRequest) -> None:
    """Show what the account has, and use it from now on when no other is named."""
    roaming = open_session(request.login)
    show_account(roaming.session)
    follow_login(roaming)


def show_account(session: Session) -> None:
    """Print the version of the record, its last reset, and the certificates of its keys."""
    record = session.opened
    write_line(f"{session.account_id.user} at {session.account_id.server}: version {record.record.version}")
    if record.state.reset is not None:
        write_line(f"reset on {day_of(record.state.reset)} by mail login")
    for identity in record.identities:
        addresses = ", ".join(identity.certificate.email_addresses)
        write_line(f"  {addresses}, until {identity.certificate.not_after:%Y-%m-%d}")
