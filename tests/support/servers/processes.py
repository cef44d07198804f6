"""Programs of others that serve on loopback: started in a separate process group, and ended with all their workers."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.support.servers.dovecot import HOST

_START_SECONDS = 30.0


@contextlib.contextmanager
def run_process(
    command: Sequence[str], *, folder: Path, listens: int | Path, environment: Mapping[str, str]
) -> Iterator[int]:
    """Run a program during the block, from when it listens. Yields its process id.

    `listens`: the port, or the path of the socket. The output goes to a log file in the folder.
    """
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as output:
        # A separate process group, because the first process does not always end its workers.
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_for(listens, process, log)
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _wait_for(listens: int | Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), _connected(listens):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{log.stem} does not answer:\n{log.read_text(errors='replace')[-2000:]}")


def _connected(listens: int | Path) -> socket.socket:
    if isinstance(listens, int):
        return socket.create_connection((HOST, listens), timeout=1)
    local = socket.socket(socket.AF_UNIX)
    try:
        local.connect(str(listens))
    except OSError:
        local.close()
        raise
    return local
