"""A process that takes all places of a session, says so in a line, and holds them until it is killed.

python -m tests.support.servers.holding_process DATABASE SESSION
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from sealwax.service import Announcements, now
from tests.support.project import ROOT
from tests.support.servers.own_process import clean_environment
from tests.support.signals import interruptible_children
from webbridge.database import SCHEMA
from webbridge.places.kinds import PlaceKind
from webbridge.places.shared import SharedPlaces


@contextlib.contextmanager
def holding_process(database_url: str, session: str, *, program: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
    """Run the process during the block, from when it holds the places. `program` are the words that start Python."""
    with interruptible_children():
        process = subprocess.Popen(
            [*program, sys.executable, "-m", __name__, database_url, session],
            env=clean_environment(), cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    with process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "taken\n"
            yield process
        finally:
            process.kill()


def main(database_url: str, session: str) -> None:
    """Take the places, and hold them."""
    database = SCHEMA.open(database_url)
    places = SharedPlaces(database, Announcements(database), clock=now)
    while places.take(PlaceKind.IMAP, session) is not None:
        continue
    print("taken", flush=True)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
