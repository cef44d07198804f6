"""`sealwax keys stamp`: a timestamp of the audit trail's head, for a timer."""

from __future__ import annotations

import click

from roaming_keys.server.audit.stamping import stamp_head
from roaming_keys.server.operation.opened_trail import opened_trail
from roaming_keys.server.operation.settings import KEYS
from sealwax.cli.options.request import verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.program import ConfigRequest
from sealwax.service import Access, now


@verb(KEYS.request_class())
def stamp(request: ConfigRequest) -> None:
    """Get a timestamp of the audit trail, so that `check` finds a past that was rewritten.

    The authority learns a hash and nothing more. Run it every hour by a timer: it gets one timestamp a day, and tries
    again after a failure. Keep its output outside the database.
    """
    with opened_trail(request.config, access=Access.WRITING) as (settings, trail, database):
        authority = settings.audit.to_authority()
        if authority is None:
            raise click.ClickException("no timestamp authority is named: set audit.timestamp_url")
        made = stamp_head(trail, database, authority, now)
    if made is None:
        write_line("the latest timestamp is less than a day old")
    else:
        info = made.token.info
        write_line(
            f"event {made.covers} has a timestamp of {info.gen_time:%Y-%m-%dT%H:%M:%SZ}: {info.imprint.digest.hex()}"
        )
