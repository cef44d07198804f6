"""`sealwax keys staff`, `sealwax keys user` and `sealwax keys recovery`: the groups of commands."""

from __future__ import annotations

import click

from sealwax.cli.group import Verbs

_HERE = "roaming_keys.organisation.client.command"
_AT_THE_SERVER = "roaming_keys.organisation.server.appointing"


@click.group(
    cls=Verbs,
    own={
        "key": f"{_HERE}.staff:key",
        "add": f"{_AT_THE_SERVER}:add",
        "list": f"{_AT_THE_SERVER}:list_members",
        "remove": f"{_AT_THE_SERVER}:remove",
        "audit": f"{_HERE}.staff:audit",
    },
    entry_points="sealwax.keys.staff",
)
def staff() -> None:
    """Appoint administrators, officers and auditors.

    \b
    key     makes the key of a member, on the member's own computer
    add     appoints a member, at the server
    list    lists the members, at the server
    remove  ends the rights of a member, at the server
    audit   prints the audit trail, for auditors
    """


@click.group(
    cls=Verbs,
    own={
        "create": f"{_HERE}.importing:create",
        "import": f"{_HERE}.importing:import_users",
        "list": f"{_HERE}.user:list_users",
        "disable": f"{_HERE}.user:disable",
        "enable": f"{_HERE}.user:enable",
        "renew": f"{_HERE}.user:renew",
        "delete": f"{_HERE}.user:delete",
        "password": f"{_HERE}.user:password",
    },
    entry_points="sealwax.keys.user",
)
def user() -> None:
    """Administer people's accounts at the key server.

    \b
    create    makes an account with the keys of identity files
    import    makes the accounts of many people, from a folder and a list
    list      lists all accounts, with their state
    disable   ends all sessions, and lets the person log in no more
    enable    lets the person log in again
    renew     asks the person for a new certificate
    delete    deletes the account and all that it has
    password  sets the person's mail password by your own command
    """


@click.group(
    cls=Verbs,
    own={
        "policy": f"{_HERE}.recovery:policy",
        "request": f"{_HERE}.recovery:request",
        "cases": f"{_HERE}.recovery:cases",
        "approve": f"{_HERE}.recovery:approve",
        "open": f"{_HERE}.recovery:open_case",
    },
    entry_points="sealwax.keys.recovery",
)
def recovery() -> None:
    """Recover the encryption keys of somebody who has left, by several officers together.

    \b
    policy   shows or sets the officers, and how many of them are needed
    request  opens a case: whose keys, why, and for whom
    cases    lists the cases of the last 30 days
    approve  passes on an officer's share to the recipient of a case
    open     writes the keys to a file, once enough officers have approved
    """
