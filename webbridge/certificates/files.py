"""Certificates in files: the operator's trust anchors, and a folder with certificates of mail users.

The bridge does not check certificates. It returns their bytes, and the vault validates them.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealwax.files.small import read_small
from smime_core.asn1 import parse_file_values
from smime_core.cms import parse_carried_certificates, parse_every_certificate
from smime_core.errors import SmimeError
from smime_core.text import address_key
from smime_core.x509 import Certificate

_log = logging.getLogger(__name__)

RECHECK_SECONDS: Final = 5.0


def read_certificates(path: Path) -> tuple[bytes, ...]:
    """Return every certificate of a file as DER. Raises OSError or SmimeError."""
    return tuple(certificate.der for certificate in parse_every_certificate(read_small(path), path.name))


class CertificateFolder:
    """`*.pem` files, found by the addresses in their certificates.

    An added, removed or edited file is noticed after at most `RECHECK_SECONDS`.
    """

    def __init__(self, folder: Path | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = -math.inf
        self._files: dict[Path, _ReadFile] = {}
        self._by_address: dict[tuple[str, str], list[bytes]] = {}

    def find(self, address: str) -> list[bytes]:
        """Return the certificates (DER) for an address. Addresses are compared as the vault compares them."""
        if self._folder is None:
            return []
        with self._lock:
            if self._clock() - self._looked_at >= RECHECK_SECONDS:
                self._read_again(self._folder)
                self._looked_at = self._clock()
            return list(self._by_address.get(address_key(address), ()))

    def _read_again(self, folder: Path) -> None:
        states = {path: state_of(path) for path in sorted(folder.iterdir()) if path.suffix == ".pem"}
        if states == {path: file.state for path, file in self._files.items()}:
            return
        # Only changed files are read again, so that the log names an unreadable certificate only once.
        self._files = {
            path: earlier_file
            if (earlier_file := self._files.get(path)) and earlier_file.state == state
            else _read(path, state)
            for path, state in states.items()
        }
        self._by_address = _index(self._files.values())


@dataclass(frozen=True, slots=True)
class _ReadFile:
    state: tuple[int, ...]
    certificates: tuple[Certificate, ...]


def state_of(path: Path) -> tuple[int, ...]:
    """Return values of which one changes with each change of a file; no values if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return ()
    # An edit that keeps the size and restores the modification time still changes the status time.
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _read(path: Path, state: tuple[int, ...]) -> _ReadFile:
    try:
        values = parse_file_values(read_small(path))
    except (OSError, SmimeError) as error:
        _log.warning("directory: %s is not read: %s", path.name, type(error).__name__)
        return _ReadFile(state, ())
    certificates: list[Certificate] = []
    unread = len(values.failures)
    for value in values.values:
        try:
            certificates += parse_carried_certificates(value.der)
        except SmimeError:
            # An unreadable certificate is skipped, so that the others in the file are found.
            unread += 1
    if unread:
        count = len(values.values) + len(values.failures)
        _log.warning("directory: %s, %d of %d values are not read", path.name, unread, count)
    return _ReadFile(state, tuple(certificates))


def _index(files: Iterable[_ReadFile]) -> dict[tuple[str, str], list[bytes]]:
    by_address: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for file in files:
        for certificate in file.certificates:
            for key in dict.fromkeys(map(address_key, certificate.email_addresses)):
                by_address[key].append(certificate.der)
    return dict(by_address)
