"""`sealwax roam`: the group of commands."""

from __future__ import annotations

import click

from sealwax.cli.group import Verbs


@click.group(
    cls=Verbs,
    own={
        "register": "roaming_keys.client.command.registering:register",
        "login": "roaming_keys.client.command.logging_in:login",
        "pull": "roaming_keys.client.command.keys:pull",
        "push": "roaming_keys.client.command.keys:push",
        "passwd": "roaming_keys.client.command.account:passwd",
        "recovery-code": "roaming_keys.client.command.account:recovery_code",
        "recover": "roaming_keys.client.command.account:recover",
        "reset": "roaming_keys.client.command.resetting:reset",
        "stop-reset": "roaming_keys.client.command.resetting:stop_reset",
        "undo-reset": "roaming_keys.client.command.resetting:undo_reset",
        "devices": "roaming_keys.client.command.account:devices",
        "revoke": "roaming_keys.client.command.account:revoke",
        "factor": "roaming_keys.client.command.factor:factor",
        "group": "roaming_keys.client.command.groups.verbs:group",
        "delete": "roaming_keys.client.command.account:delete",
    },
    entry_points="sealwax.roam",
)
def roam() -> None:
    """Keep your keys at a key server, and get them on any device.

    \b
    register       stores the keys of identity files in a new account
    login          shows what the account has, and remembers it as yours
    pull           writes the keys to a file, and takes contacts and decisions
    push           adds contacts, decisions, and the keys of identity files
    passwd         takes another passphrase
    recovery-code  prints a code for the day when the passphrase is forgotten
    recover        takes a new passphrase by the recovery code
    reset          gets a new account if the recovery code is lost too
    stop-reset     stops a reset that somebody else has started
    undo-reset     puts the account from before a reset back
    devices        lists the devices that have logged in
    revoke         ends the access of a device
    factor         asks for more than the passphrase at each login
    group          shares the keys of an identity with several people
    officers       shows who can recover your encryption keys together
    delete         deletes the account and all that it has
    """
