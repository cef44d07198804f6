"""`sealwax bridge parcel-returns`: mails that came back to the address of the notices about parcels."""

from __future__ import annotations

import sys
from typing import Final

import click

from sealwax.cli.options.parameters import now
from sealwax.cli.options.request import verb
from sealwax.cli.streams.files import write_error, write_line
from webbridge.delivery.notices.returned import MAX_RETURNED_BYTES, fail_returned, parse_returned
from webbridge.operation.parcel_blocks import BlocksRequest, opened_database

# EX_TEMPFAIL of sysexits.h. After this exit code, mail servers keep the mail and try again.
_LATER: Final = 75


@verb(BlocksRequest, "parcel-returns")
def parcel_returns(request: BlocksRequest) -> int:
    """Read a mail from standard input, and tell the sender of a parcel if it says that a notice was not delivered.

    A mail server runs it for each mail to the address of the notices. Other mails than such reports change nothing.
    If the database cannot be asked, the exit code is 75, and the mail server tries again.
    """
    # A longer mail is no report about a notice. All of it is read, because otherwise the mail server gets a broken
    # pipe.
    mail = sys.stdin.buffer.read(MAX_RETURNED_BYTES + 1)
    while sys.stdin.buffer.read(MAX_RETURNED_BYTES):
        pass
    returned = parse_returned(mail) if len(mail) <= MAX_RETURNED_BYTES else None
    if returned is None:
        write_line("this is no report that a notice was not delivered")
        return 0
    try:
        with opened_database(request.config) as database:
            is_known = fail_returned(database, returned, now())
    except click.ClickException as error:
        write_error(error.format_message())
        return _LATER
    write_line(f"a notice came back: {returned.status}" if is_known else "no notice waits for such a report")
    return 0
