"""A private PostgreSQL on loopback, which the tests start and stop, and a new database in it for each test."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.servers.ports import free_port
from tests.support.signals import interruptible_children

_VERSIONS: Final = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
BINARIES: Final = _VERSIONS[-1].parent if _VERSIONS else None
# A test run that is killed stops no server by itself.
_ENDING_WITH_US: Final = ("setpriv", "--pdeathsig", "INT", "--")
_USER: Final = "sealwax"
_START_SECONDS: Final = 60.0
_SETTINGS: Final = """
listen_addresses = '127.0.0.1'
max_connections = 100
shared_buffers = 16MB
# The data of tests need not outlive the machine.
fsync = off
full_page_writes = off
"""


class Postgresql:
    """One server. It may be stopped and started again; its databases stay."""

    def __init__(self, folder: Path, binaries: Path, more_settings: str = "") -> None:
        self._folder = folder
        self._binaries = binaries
        self._port = free_port()
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root.
        self._owner = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        if self._owner is not None:
            os.chown(folder, self._owner, -1)
        self._run("initdb", "--pgdata", str(folder / "data"), "--username", _USER, "--auth", "trust", "--no-sync")
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"{_SETTINGS}{more_settings}port = {self._port}\nunix_socket_directories = '{folder}'\n")

    @property
    def pid(self) -> int:
        """The id of the server's first process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        log = (self._folder / "log").open("ab")
        with log, interruptible_children():
            self._process = subprocess.Popen(
                [*_ENDING_WITH_US, str(self._binaries / "postgres"), "-D", str(self._folder / "data")],
                user=self._owner, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder,
            )  # fmt: skip
        deadline = time.monotonic() + _START_SECONDS
        ready = [str(self._binaries / "pg_isready"), "--host", "127.0.0.1", "--port", str(self._port), "--quiet"]
        while subprocess.run(ready, check=False).returncode:
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise TimeoutError(f"PostgreSQL does not answer:\n{(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Break off all connections, and stop the server."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # "Fast shutdown"
            self._process.wait(timeout=_START_SECONDS)
            self._process = None

    def new_database(self) -> str:
        """Make an empty database. Returns its URL."""
        self._databases += 1
        name = f"test_{self._databases}"
        self._run("createdb", "--host", "127.0.0.1", "--port", str(self._port), "--username", _USER, name)
        return f"postgresql://{_USER}@127.0.0.1:{self._port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            user=self._owner, capture_output=True, text=True, cwd=self._folder, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr)


@contextlib.contextmanager
def run_postgresql(*, more_settings: str = "") -> Iterator[Postgresql]:
    """Run a server during the block. `more_settings` are lines of its configuration that replace earlier ones."""
    if BINARIES is None:
        pytest.skip("PostgreSQL is not installed")
    # Not in pytest's folder, which the user of the server may not enter.
    folder = Path(tempfile.mkdtemp(prefix="sealwax-postgresql-"))
    try:
        server = Postgresql(folder, BINARIES, more_settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """One server for all tests, which leave it running."""
    with run_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind in turn."""
    if request.param == "sqlite":
        return str(tmp_path / "one.sqlite")
    server: Postgresql = request.getfixturevalue("postgresql")
    return server.new_database()
