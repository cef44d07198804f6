"""`sealwax discovery`: the group of commands for the list of a domain's servers."""

from __future__ import annotations

import click

from sealwax.cli.group import Verbs


@click.group(
    cls=Verbs,
    own={
        "init": "sealwax.discovery.operation.founding:init",
        "check": "sealwax.discovery.operation.checking:check",
        "serve": "sealwax.discovery.operation.serving:serve",
        "sign": "sealwax.discovery.operation.signing:sign",
        "public-key": "sealwax.discovery.operation.signing:public_key",
        "rotate": "sealwax.discovery.operation.rotating:rotate",
        "server-key": "sealwax.discovery.operation.moving:server_key",
        "move": "sealwax.discovery.operation.moving:move",
        "show": "sealwax.discovery.operation.showing:show",
    },
    entry_points="sealwax.discovery",
)
def discovery() -> None:
    """Publish the servers of a mail domain, or look them up.

    \b
    init       writes a configuration with comments, and makes the signing key
    check      tries all that the configuration names, and says what is wrong
    serve      publishes the signed list, and accepts the moves of its servers
    sign       writes the signed list to a file, for a static web server
    public-key prints the key that clients pin
    rotate     replaces the signing key with a new one, which clients follow
    server-key makes the key of a server that may move, and prints its public half
    move       reports the new address of a server
    show       looks up the servers of a domain
    """
