"""`python -m tools.mail_servers`: takes the steps of a day through the bridge, at each mail server that starts here.

Prints each deviation, and with `--page` writes the table of docs/mail_servers.md. Servers of Debian that exclude each
other are unpacked into a folder, which needs root; `--roots` keeps it for the next run. Takes ten minutes. Fails if a
server deviates in a way that tools/mail_servers/known.py does not name.
"""

from __future__ import annotations

import argparse
import datetime
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.support.servers.bridge import bridge_before, sign_in
from tests.support.servers.mailboxes import PASSWORDS
from tools.mail_servers.changing import CHANGES, FOLDERS, WRITING
from tools.mail_servers.day import Day, walk
from tools.mail_servers.page import TABLE, Row, draw
from tools.mail_servers.reading import EVENING, LARGE_FOLDER, MORNING, OTHERS, SIGNING_IN
from tools.mail_servers.retrieving import RETRIEVING
from tools.mail_servers.servers import (
    AIOSMTPD,
    MAILBOX_SERVERS,
    PYMAP,
    SUBMISSION_SERVERS,
    MailboxServer,
    Place,
    SubmissionServer,
)
from tools.mail_servers.submitting import SUBMITTING
from webbridge.demo.tls import write_tls_files
from webbridge.gateway import ImapConnection, MailServer

TIMEOUT_SECONDS: Final = 20.0
ASCII_PASSWORD: Final = "correct horse"
IMAP_STEPS: Final = tuple(
    step
    for part in (SIGNING_IN, MORNING, FOLDERS, LARGE_FOLDER, OTHERS, CHANGES, WRITING, EVENING)
    for step in part.all
)
_FAILURES: Final = (OSError, AssertionError, subprocess.SubprocessError)


def spend_imap_day(server: MailboxServer, place: Place) -> Row:
    """Take the steps of IMAP at a server, with its submission server."""
    row = Row(name=f"{server.name}, with {server.submission.name}", family=server.family, protocol="IMAP")
    if absence := server.absence() or server.submission.absence():
        return replace(row, absence=absence)
    with server.run(place) as boxes, server.submission.run(place) as submission:
        address = _address(place, imap=boxes.imap, smtp=submission.smtp)
        with bridge_before(address) as here:
            day = Day(here, here.application.test_client(), address, submission.arrivals)
            return replace(row, version=boxes.version, met=walk(day, IMAP_STEPS))


def spend_pop3_day(server: MailboxServer, place: Place) -> Row:
    """Take the steps of POP3 at a server. The passwords are ASCII, as PASS requires (RFC 1939 section 3)."""
    place = replace(place, passwords=dict.fromkeys(PASSWORDS, ASCII_PASSWORD))
    row = Row(name=server.family, family=f"{server.family} POP3", protocol="POP3")
    if absence := server.absence():
        return replace(row, absence=absence)
    with server.run(place) as boxes, AIOSMTPD.run(place) as submission:
        by_imap = _address(place, imap=boxes.imap, smtp=submission.smtp)
        with bridge_before(replace(by_imap, imap=None, pop3=boxes.pop3)) as here:
            day = Day(here, here, by_imap, submission.arrivals, ASCII_PASSWORD)
            # GNU Mailutils makes the inbox when it is opened for the first time.
            _open_inbox(day)
            return replace(row, version=boxes.version, met=walk(day, RETRIEVING.all))


def spend_submission_day(server: SubmissionServer, place: Place) -> Row:
    """Take the steps of submission at a server."""
    row = Row(name=server.name, family=server.name, protocol="submission")
    if absence := server.absence():
        return replace(row, absence=absence)
    with PYMAP.run(place) as boxes, server.run(place) as submission:
        address = _address(place, imap=boxes.imap, smtp=submission.smtp)
        with bridge_before(address) as here:
            sign_in(here)
            day = Day(here, here, address, submission.arrivals)
            return replace(row, version=submission.version, met=walk(day, SUBMITTING.all))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="python -m tools.mail_servers", description=__doc__)
    parser.add_argument("--only", default="", help="a part of the names of servers")
    parser.add_argument("--protocol", choices=("IMAP", "POP3", "submission"))
    parser.add_argument("--page", type=Path, help="the page with the table")
    parser.add_argument("--roots", type=Path, help="a folder in which unpacked servers are kept")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    rows: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="servers-", ignore_cleanup_errors=True)))
        folder.chmod(0o755)
        write_tls_files(folder, at=datetime.datetime.now(datetime.UTC))
        place = Place(options.roots or folder / "roots", folder)
        for name, protocol, spend in _days(place):
            if options.only.lower() in name.lower() and options.protocol in (None, protocol):
                print(f"{name}, {protocol}", flush=True)
                rows.append(_tried(name, protocol, spend))
                _report(rows[-1])
    print(draw(rows))
    if options.page:
        TABLE.write(options.page, draw(rows))
    return 1 if any(row.unknown for row in rows) else 0


def _days(place: Place) -> list[tuple[str, str, Callable[[], Row]]]:
    """The name, the protocol and the day of each server."""
    days: list[tuple[str, str, Callable[[], Row]]] = []
    for boxes in MAILBOX_SERVERS:
        days.append((boxes.name, "IMAP", lambda boxes=boxes: spend_imap_day(boxes, place)))  # type: ignore[misc]
    for boxes in MAILBOX_SERVERS:
        if boxes.has_pop3:
            days.append((boxes.family, "POP3", lambda boxes=boxes: spend_pop3_day(boxes, place)))  # type: ignore[misc]
    for server in SUBMISSION_SERVERS:
        days.append((server.name, "submission", lambda server=server: spend_submission_day(server, place)))  # type: ignore[misc]
    return days


def _tried(name: str, protocol: str, spend: Callable[[], Row]) -> Row:
    try:
        return spend()
    except _FAILURES as error:
        reason = " ".join(str(error).split())[:160]
        return Row(name=name, family=name, protocol=protocol, absence=f"not started: {reason}")


def _open_inbox(day: Day) -> None:
    connection = ImapConnection.open(day.credentials)
    connection.list_messages("INBOX", limit=1)
    connection.close()


def _report(row: Row) -> None:
    if row.absence:
        print(f"  {row.absence}", flush=True)
    for met in row.met:
        if met.words:
            mark = "!" if met in row.unknown else " "
            print(f"{mark} {met.step}: {met.words}", flush=True)


def _address(place: Place, **servers: object) -> MailServer:
    return MailServer(ca_file=place.tls / "tls_ca.pem", timeout_seconds=TIMEOUT_SECONDS, **servers)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
