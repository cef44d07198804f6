"""`sealwax bridge`: the group of commands for an operator of the bridge and its pages."""

from __future__ import annotations

import click

from sealwax.cli.group import Verbs


@click.group(
    cls=Verbs,
    own={
        "init": "webbridge.operation.founding:init",
        "check": "webbridge.operation.checking:check",
        "serve": "webbridge.operation.serving:serve",
        "pages": "webbridge.operation.serving:pages",
        "events": "webbridge.operation.eventing:events",
        "ticket-key": "webbridge.operation.ticket_key:ticket_key",
        "push-keys": "webbridge.operation.push_keys:push_keys",
        "parcel-pepper": "webbridge.operation.parcel_pepper:parcel_pepper",
        "parcel-blocks": "webbridge.operation.parcel_blocks:parcel_blocks",
        "parcel-tokens": "webbridge.operation.parcel_tokens:parcel_tokens",
        "parcel-returns": "webbridge.operation.parcel_returns:parcel_returns",
        "parcel-counts": "webbridge.operation.parcel_counts:parcel_counts",
        "step-back": "webbridge.operation.stepping_back:step_back",
    },
    entry_points="sealwax.bridge",
)
def bridge() -> None:
    """Run the bridge between the web and your mail servers.

    \b
    init       writes a configuration with comments, makes its secrets and its
               database, and examples for nginx, Caddy, systemd and containers
    check      tries all that the configuration names, and says what is wrong
    serve      answers the API until it is stopped
    pages      serves the pages' files, a service of its own
    events     tells open pages of new mail, a service of its own
    ticket-key prints the key by which the key server knows the bridge's tickets
    push-keys  makes the key of notifications by Web Push
    parcel-pepper makes the key under which the proofs of parcels are kept
    parcel-blocks blocks senders of parcels, and recipients of notices
    parcel-tokens makes the tokens by which programs send parcels
    parcel-returns takes notices of parcels in that mail servers have sent back
    parcel-counts prints numbers of parcels and complaints, without content
    step-back  undoes the latest migration of the database
    """
