"""`sealwax keys`: the group of commands for an operator of the key server."""

from __future__ import annotations

import click

from sealwax.cli.group import Verbs


@click.group(
    cls=Verbs,
    own={
        "init": "roaming_keys.server.operation.founding:init",
        "check": "roaming_keys.server.operation.checking:check",
        "serve": "roaming_keys.server.operation.serving:serve",
        "audit": "roaming_keys.server.operation.audit:audit",
        "stamp": "roaming_keys.server.operation.stamping:stamp",
        "backup": "roaming_keys.server.operation.backing_up:backup",
        "restore": "roaming_keys.server.operation.backing_up:restore",
        "rotate": "roaming_keys.server.operation.rotating:rotate",
        "step-back": "roaming_keys.server.operation.stepping_back:step_back",
    },
    entry_points="sealwax.keys",
)
def keys() -> None:
    """Run the key server, which keeps people's encrypted keys.

    \b
    init       writes a configuration with comments, makes its master key and
               its database, and takes the ticket key of the bridge
    check      tries all that the configuration names, and says what is wrong
    serve      answers until it is stopped
    audit      prints the audit trail
    stamp      gets a timestamp of the audit trail, for a timer
    backup     writes the database to a file while the servers serve
    restore    brings a backup back on a new machine
    rotate     replaces the master key while the servers serve
    step-back  undoes the latest migration of the database
    staff      appoints administrators, officers and auditors
    user       makes accounts for people, and disables or deletes them
    recovery   recovers the encryption keys of somebody who has left
    """
