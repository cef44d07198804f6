"""A machine that is cut off from the database, without a word, frees its places within 60 seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from sealwax.service import Announcements, now
from tests.support.databases.postgresql import run_postgresql
from tests.support.servers.holding_process import holding_process
from webbridge.database import SCHEMA
from webbridge.places.kinds import MOST_AT_ONCE, PlaceKind
from webbridge.places.shared import SharedPlaces

SESSION = "a" * 64
MACHINE = f"sealwax-{os.getpid()}"
LINKS = (f"sw{os.getpid()}a", f"sw{os.getpid()}b")
SERVER, CLIENT = "198.51.100.1", "198.51.100.2"
# Before its lease runs out, which was renewed a moment before.
FREE_SECONDS = 55.0


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@pytest.fixture
def machine() -> Iterator[str]:
    """The name of a network like that of another machine, with a link to this one."""
    if os.getuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and ip, which make a network")
    try:
        ip("netns", "add", MACHINE)
    except subprocess.CalledProcessError:
        pytest.skip("this machine admits no further network")
    try:
        ip("link", "add", LINKS[0], "type", "veth", "peer", "name", LINKS[1], "netns", MACHINE)
        ip("addr", "add", f"{SERVER}/30", "dev", LINKS[0])
        ip("link", "set", LINKS[0], "up")
        ip("-n", MACHINE, "addr", "add", f"{CLIENT}/30", "dev", LINKS[1])
        ip("-n", MACHINE, "link", "set", LINKS[1], "up")
        yield MACHINE
    finally:
        ip("netns", "del", MACHINE)


@pytest.mark.thorough
def test_a_machine_that_is_cut_off_frees_its_places_within_sixty_seconds(machine: str) -> None:
    with ExitStack() as stack:
        admitted = Path(stack.enter_context(tempfile.NamedTemporaryFile("w", suffix=".conf")).name)
        admitted.write_text(f"host all all 127.0.0.1/32 trust\nhost all all {CLIENT}/32 trust\n")
        # The server runs as another user.
        admitted.chmod(0o644)
        settings = f"listen_addresses = '127.0.0.1,{SERVER}'\nhba_file = '{admitted}'\n"
        url = stack.enter_context(run_postgresql(more_settings=settings)).new_database()
        database = stack.enter_context(closing(SCHEMA.open(url)))
        places = stack.enter_context(closing(SharedPlaces(database, Announcements(database), clock=now)))
        there = url.replace("127.0.0.1", SERVER)
        stack.enter_context(holding_process(there, SESSION, program=("ip", "netns", "exec", machine)))
        assert places.take(PlaceKind.IMAP, SESSION) is None
        ip("-n", machine, "link", "set", LINKS[1], "down")
        deadline = time.monotonic() + FREE_SECONDS
        while places.take(PlaceKind.IMAP, SESSION) is None:
            assert time.monotonic() < deadline, "its places are still taken"
            time.sleep(0.2)
        assert sum(places.take(PlaceKind.IMAP, SESSION) is not None for _ in range(4)) == (
            MOST_AT_ONCE[PlaceKind.IMAP] - 1
        )
