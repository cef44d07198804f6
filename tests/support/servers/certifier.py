"""The signing service of a CA in a folder, at a socket, in a thread of the test."""

from __future__ import annotations

import contextlib
import datetime
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from sealwax.authority.certifying import AutomaticCertifier, Terms
from sealwax.authority.folder import AuthorityFolder, Role
from sealwax.authority.register import Entry, Kind
from sealwax.service import serve
from tests.support.authority_folders import open_role
from webbridge.certifier.app import create_certifier_app

ANYWHERE = Terms(domains=frozenset({"*"}))


@contextlib.contextmanager
def socket_path() -> Iterator[Path]:
    """A path for a socket. Those of pytest's folders may be longer than 107 bytes, which no socket has."""
    folder = Path(tempfile.mkdtemp(prefix="certify-"))
    try:
        yield folder / "socket"
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def certifying(
    folder: AuthorityFolder,
    path: Path,
    *,
    clock: Callable[[], datetime.datetime],
    terms: Terms = ANYWHERE,
    directory: Path | None = None,
) -> Iterator[AutomaticCertifier]:
    """Certify by the CA in `folder` at the socket `path`."""
    folder.register.count_automatic()
    certifier = AutomaticCertifier(
        folder=folder, issuing=open_role(folder, Role.ISSUING), terms=terms, directory=directory
    )
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(path))
    bound.listen()
    with serve(create_certifier_app(certifier, clock), bound):
        yield certifier
    path.unlink()


def certified(folder: AuthorityFolder) -> list[Entry]:
    """The certificates of people in the register."""
    with folder.register.read() as rows:
        return [entry for entry in rows.entries() if entry.kind is Kind.PERSON]
