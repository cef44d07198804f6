"""`sealwax deliver`: the group of verbs for parcels."""

from __future__ import annotations

import click

from sealwax.cli.group import Verbs


@click.group(
    cls=Verbs,
    own={
        "token": "sealwax.cli.verbs.deliver_keeping:token",
        "send": "sealwax.cli.verbs.deliver_sending:send",
        "list": "sealwax.cli.verbs.deliver_keeping:list_parcels",
        "open": "sealwax.cli.verbs.deliver_opening:open_parcel",
        "extend": "sealwax.cli.verbs.deliver_changing:extend",
        "tries": "sealwax.cli.verbs.deliver_changing:tries",
        "downloads": "sealwax.cli.verbs.deliver_changing:downloads",
        "withdraw": "sealwax.cli.verbs.deliver_changing:withdraw",
    },
    entry_points="sealwax.deliver",
)
def deliver() -> None:
    """Send messages and files of any size to people without keys, and open what they send.

    \b
    token --server https://mail.example.org --address me@example.org
        keeps the token that the pages have made for you.
    send report.pdf --to bob@example.com
        encrypts here, uploads, and prints six words for the recipient.
    list
        what became of your parcels, with the signed receipts for them.
    extend, tries, downloads, withdraw
        more days, more tries at the words, a limit of openings; an end.
    open LINK
        checks and saves a parcel that came to you.
    """
