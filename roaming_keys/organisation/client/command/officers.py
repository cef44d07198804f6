"""`sealwax roam officers`: shows owners of keys the state of recovery by officers, and confirms a policy."""

from __future__ import annotations

from dataclasses import dataclass

import click

from roaming_keys.client.command.login import AccountLogin, Roaming, open_session, remember
from roaming_keys.organisation.client.command.owner_notices import judge_roaming, show_notices
from roaming_keys.organisation.client.command.words import show_policy
from roaming_keys.organisation.protocol.owner import (
    OwnerRecovery,
    confirm_policy,
)
from sealwax.cli.options.parameters import now
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.streams.files import write_line
from smime_core import blocking


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficersRequest:
    """The account, and the policy that its owner confirms."""

    login: AccountLogin = group_of(AccountLogin)
    fingerprint: str | None = given_by(
        click.Option(
            ["--confirm", "fingerprint"],
            metavar="FINGERPRINT",
            help="Confirm the officers that your organisation offers. Compare the fingerprint with what it told you.",
        )
    )


@verb(OfficersRequest)
def officers(request: OfficersRequest) -> None:
    """Show whether officers of your organisation can recover your encryption keys, and who they are."""
    roaming = open_session(request.login)
    recovery = judge_roaming(roaming)
    if request.fingerprint is not None:
        offered = recovery.offered or recovery.confirmed
        if offered is None or offered.fingerprint != request.fingerprint:
            raise click.ClickException("your organisation offers other officers: run the command without --confirm")
        session = blocking.run(confirm_policy(roaming.session, roaming.setting, offered, now()))
        remember(session)
        recovery = judge_roaming(Roaming(session=session, passphrase=b"", setting=roaming.setting))
    _show_officers(recovery)
    show_notices(recovery)


def _show_officers(recovery: OwnerRecovery) -> None:
    if recovery.confirmed is None:
        write_line("Recovery is off: nobody but you can open your keys.")
    else:
        write_line("Recovery is on. Your encryption keys can be opened by")
        show_policy(recovery.confirmed)
        if not recovery.is_copied:
            write_line("They cannot open all of your encryption keys yet: log in once more by sealwax roam login.")
    if recovery.confirmed is not None or recovery.offered is not None:
        for identity in recovery.left_out:
            name = ", ".join(identity.certificate.email_addresses)
            write_line(
                f"  not the key of {name} until {identity.certificate.not_after:%Y-%m-%d}, which may also sign:"
                " get a separate certificate for encryption"
            )
        write_line("Nobody can ever sign as you: keys that may sign are never shared.")
    if recovery.offered is not None:
        write_line("Your organisation offers other officers. Until you confirm them, they get nothing:")
        show_policy(recovery.offered)
        write_line(f"  to confirm: sealwax roam officers --confirm {recovery.offered.fingerprint}")
