"""The operator's signed trust list, read again when its file changes. The bridge does not verify it; the pages do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sealwax.lookups.operator_list import open_own_list
from smime_core.cms import unarmor
from smime_core.errors import SmimeError
from smime_core.own_content import TrustList
from smime_core.pkix import TrustAnchor
from smime_core.provider import CryptoProvider
from webbridge.certificates.files import state_of

_log = logging.getLogger(__name__)

MAX_PUSHED_BYTES = 2_000_000
"""The largest list that is served, because every page loads it. All of Mozilla's roots take 150,000 bytes."""
_UNSEEN = (-1,)


class TrustListFile:
    """The list in one file, or no list. A file that is missing, too large or no list is logged once."""

    def __init__(self, path: Path | None, provider: CryptoProvider, *, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._provider = provider
        self._clock = clock
        self._lock = threading.Lock()
        self._state: tuple[int, ...] = _UNSEEN
        self._cms: bytes | None = None
        self._trust_list: TrustList | None = None

    @property
    def cms(self) -> bytes | None:
        """The list as DER, unchecked."""
        self._read_again()
        return self._cms

    @property
    def anchors(self) -> tuple[TrustAnchor, ...]:
        """The anchors of the list, for look-ups, or none if there is no list or if it has expired."""
        self._read_again()
        trust_list = self._trust_list
        return trust_list.anchors if trust_list is not None and self._clock() <= trust_list.expires else ()

    def _read_again(self) -> None:
        if self._path is None:
            return
        with self._lock:
            state = state_of(self._path)
            if state == self._state:
                return
            self._state, self._cms, self._trust_list = state, None, None
            try:
                self._cms = _read(self._path)
                self._trust_list = open_own_list(self._cms, at=self._clock(), provider=self._provider)
            except (OSError, ValueError, SmimeError) as error:
                _log.warning("trust list: %s does not count: %s", self._path.name, error)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_PUSHED_BYTES + 1)
    if len(data) > MAX_PUSHED_BYTES:
        raise ValueError(f"it has more than {MAX_PUSHED_BYTES} bytes")
    return bytes(unarmor(data))
