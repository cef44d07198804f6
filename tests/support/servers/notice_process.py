"""`python -m tests.support.servers.notice_process DATABASE PORT TIME`: sends the due notices about parcels."""

from __future__ import annotations

import datetime
import sys
from contextlib import closing

from sealwax.notices.submission import SmtpSecurity, Submission
from tests.support.parcel_rows import TOKENS, config_of
from webbridge.database import SCHEMA
from webbridge.delivery.notices.sending import ParcelNoticeSender


def main(database_url: str, port: str, time: str) -> None:
    at = datetime.datetime.fromisoformat(time)
    submission = Submission(host="127.0.0.1", port=int(port), security=SmtpSecurity.NONE)
    with closing(SCHEMA.open(database_url)) as database:
        ParcelNoticeSender(database, config_of(submission), lambda: at, TOKENS).send_due()


if __name__ == "__main__":
    main(*sys.argv[1:])
