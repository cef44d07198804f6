"""The notices for an owner of keys after a login: who can recover the keys, and what the staff has done.

`sealwax roam` finds EXTENSION through the entry point `roaming_keys.client`.
"""

from __future__ import annotations

from typing import Final

from roaming_keys.client.command.extensions import AccountExtension
from roaming_keys.client.command.login import Roaming
from roaming_keys.organisation.client.command.words import show_notice
from roaming_keys.organisation.protocol.owner import (
    OwnerRecovery,
    fetch_recovery_status,
    judge_recovery,
    renew_copy,
    with_own_passphrase,
)
from sealwax.cli.streams.files import write_line
from smime_core import blocking


def tell_owner(roaming: Roaming) -> None:
    """After a login, bring the officers' copy of the keys up to date, and print the notices for the owner."""
    blocking.run(renew_copy(roaming.session, roaming.setting))
    recovery = judge_roaming(roaming)
    if recovery.confirmed is not None:
        needed, total = recovery.confirmed.needed, len(recovery.confirmed.officers)
        write_line(
            f"Recovery is on: {needed} of {total} officers can open your encryption keys (sealwax roam officers)."
        )
    if recovery.offered is not None:
        write_line("Your organisation offers recovery by officers: see sealwax roam officers.")
    show_notices(recovery)


def show_notices(found: OwnerRecovery) -> None:
    """Print what the staff has done to the account, and what it asks of the owner."""
    for case in found.cases:
        show_notice(case)
    if found.must_renew:
        write_line("Your administrator asks you for a new certificate.")
    if found.has_first_passphrase:
        write_line("Your administrator knows this passphrase: choose your own by sealwax roam passwd.")


def judge_roaming(roaming: Roaming) -> OwnerRecovery:
    """Ask the server, and return the facts for the owner. Raises KeyServerError or MalformedMessage."""
    status = blocking.run(fetch_recovery_status(roaming.session, roaming.setting))
    return judge_recovery(roaming.session.opened, status)


EXTENSION: Final = AccountExtension(after_login=tell_owner, after_own_passphrase=with_own_passphrase)
