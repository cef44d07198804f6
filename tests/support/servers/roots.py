"""Debian's mail servers that exclude each other, each unpacked into a folder that is its root (`chroot`).

It needs root's rights.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.relays.servers import end_all, unpack
from webbridge.gateway import Security, ServerAddress

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 30.0
_VERSION: Final = "unpacked-version"


@dataclass(frozen=True, slots=True)
class Root:
    """A folder with an unpacked server. `version` is the one of its Debian package, without Debian's own part."""

    folder: Path
    version: str

    def write(self, name: str, text: str | bytes, *, mode: int = 0o644) -> None:
        """Write a file, whose name begins at the root."""
        path = self.folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)

    def add_user(self, name: str, number: int) -> None:
        """Add a user with a group of the same name and number, unless there is one."""
        for file, line in (("passwd", f"{name}:x:{number}:{number}::/:/bin/sh"), ("group", f"{name}:x:{number}:")):
            known = (self.folder / "etc" / file).read_text()
            if not any(entry.startswith(f"{name}:") for entry in known.splitlines()):
                self.write(f"etc/{file}", f"{known}{line}\n")

    def give(self, name: str, number: int) -> None:
        """Make a folder, and give it with all in it to a user and the group with the same number."""
        top = self.folder / name
        top.mkdir(parents=True, exist_ok=True)
        for path in (top, *top.rglob("*")):
            os.chown(path, number, number, follow_symlinks=False)

    def clear(self, *names: str) -> None:
        """Make folders empty, so that nothing is left of an earlier run."""
        for name in names:
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir(parents=True)

    def run(self, *command: str, typed: str = "") -> str:
        """Run a program in the root to its end, and return its output."""
        call = ["chroot", str(self.folder), *command]
        done = subprocess.run(call, input=typed, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def serving(
        self, command: Sequence[str], ports: Iterable[int], environment: Mapping[str, str] | None = None
    ) -> Iterator[None]:
        """Run a server in the root during the block, from when it listens at these ports."""
        with (self.folder / "output").open("wb") as log:
            process = subprocess.Popen(
                ["chroot", str(self.folder), *command],
                env={"PATH": "/usr/sbin:/usr/bin", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                for port in ports:
                    self._wait_for(port, process)
                yield
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                time.sleep(0.5)
                end_all(self.folder)
                process.wait()

    def _wait_for(self, port: int, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection((HOST, port), timeout=1).close()
            except OSError:
                if process.poll() not in (None, 0) or time.monotonic() > deadline:
                    output = (self.folder / "output").read_text(errors="replace")[-2_000:]
                    raise TimeoutError(f"the server does not listen: {output}") from None
                time.sleep(0.1)
            else:
                return


def absence() -> str | None:
    """Return the reason why no server can be unpacked here, or None."""
    if os.getuid() != 0:
        return "needs root"
    return None if shutil.which("apt-get") and shutil.which("dpkg-deb") else "needs Debian"


def unpacked(folder: Path, packages: str) -> Root:
    """Return the root with these Debian packages in a folder. A root that is there already is used again.

    Raises OSError with the names of the packages if they cannot be fetched.
    """
    first, *more = packages.split()
    root = folder / first
    known = root / _VERSION
    if not known.exists():
        for old in (root, folder / f"{first}-archives"):
            shutil.rmtree(old, ignore_errors=True)
        root.mkdir(parents=True)
        try:
            version = unpack(first, root, *more)
        except subprocess.CalledProcessError as error:
            raise OSError(f"cannot be unpacked: {packages}") from error
        known.write_text(version)
    return Root(root, known.read_text().rpartition(":")[2].partition("+")[0].partition("-")[0])


def addresses(tls: int, starttls: int) -> dict[Security, ServerAddress]:
    """Return the two addresses of a server by their ports."""
    return {
        Security.IMPLICIT_TLS: ServerAddress(host=HOST, port=tls),
        Security.STARTTLS: ServerAddress(host=HOST, port=starttls, security=Security.STARTTLS),
    }
