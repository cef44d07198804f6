"""The operator's signed list, read anew when its file changes and handed out as it stands: followers check it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from smime_core.content_info import unarmor
from smime_core.errors import SmimeError
from smime_core.lookups.operator_list import open_own_list
from smime_core.pkix import TrustAnchor
from smime_core.provider import CryptoProvider
from smime_core.trust_list import TrustList

_log = logging.getLogger(__name__)

MAX_PUSHED_BYTES = 2_000_000
"""Of one list: every page loads it. One with all of Mozilla's roots has 150,000."""
_NO_FILE = (-1, -1, -1, -1)


class TrustListFile:
    """One file, or none. A file that is gone, too large or no list gives nothing, which the log says once."""

    def __init__(self, path: Path | None, *, provider: CryptoProvider, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._provider = provider
        self._clock = clock
        self._lock = threading.Lock()
        self._state = _NO_FILE
        self._cms: bytes | None = None
        self._trust_list: TrustList | None = None

    @property
    def cms(self) -> bytes | None:
        """The list as DER, unchecked."""
        self._read_again()
        return self._cms

    @property
    def anchors(self) -> tuple[TrustAnchor, ...]:
        """Whom the list trusts, for look-ups: nobody while it does not count."""
        self._read_again()
        trust_list = self._trust_list
        return trust_list.anchors if trust_list is not None and self._clock() <= trust_list.expires else ()

    def _read_again(self) -> None:
        if self._path is None:
            return
        with self._lock:
            state = _state_of(self._path)
            if state == self._state:
                return
            self._state, self._cms, self._trust_list = state, None, None
            try:
                self._cms = _read(self._path)
                self._trust_list = open_own_list(self._cms, at=self._clock(), provider=self._provider)
            except (OSError, ValueError, SmimeError) as error:
                _log.warning("trust list: %s does not count: %s", self._path.name, error)


def _state_of(path: Path) -> tuple[int, int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0, 0)
    # A file that becomes readable has the same content and times of writing: only its status changes.
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_PUSHED_BYTES + 1)
    if len(data) > MAX_PUSHED_BYTES:
        raise ValueError(f"it has more than {MAX_PUSHED_BYTES} bytes")
    return bytes(unarmor(data))
