"""The limit on the work of finding content keys, for all encrypted layers of one message together.

A hostile message can name one certificate in many recipients, and nest encrypted layers. Every attempt would cost a
private operation or a derivation, and a decryption of the whole content.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import TypeVar

from smime_core.errors import DecryptionError
from smime_core.limits import (
    MAX_FURTHER_DECRYPTED_BYTES,
    MAX_KEY_ATTEMPTS,
    MAX_PASSWORD_WORK,
    check_limit,
)

_T = TypeVar("_T")


class DecryptionBudget:
    """The counts for all encrypted layers of one message. Counts never go down."""

    def __init__(self) -> None:
        self._keys = 0
        self._password_work = 0
        self._further_bytes = 0

    def count_key(self) -> None:
        """Count one more key that is tried. Raises LimitExceeded."""
        self._keys += 1
        check_limit("keys tried", self._keys, MAX_KEY_ATTEMPTS)

    def count_guesses(self, wanted: int) -> int:
        """Count keys that no recipient names. Returns how many of `wanted` may be tried."""
        allowed = max(0, min(wanted, MAX_KEY_ATTEMPTS - self._keys))
        self._keys += allowed
        return allowed

    def count_password(self, work: int) -> None:
        """Count one more password; `work` is in PBKDF2 iterations of SHA-256. Raises LimitExceeded."""
        self._password_work += work
        check_limit("PBKDF2 iterations of all passwords", self._password_work, MAX_PASSWORD_WORK)

    def limit_content(self, use: Callable[[bytes], Awaitable[_T]], work: int) -> Callable[[bytes], Awaitable[_T]]:
        """`use`, whose calls after the first one count `work`."""
        calls = itertools.count()

        async def count_and_use(cek: bytes) -> _T:
            if next(calls):
                self.count_content(work)
            return await use(cek)

        return count_and_use

    def count_content(self, work: int) -> None:
        """Count bytes that a further content key decrypts; `work` is in bytes of AES.

        Raises DecryptionError, as a wrong content key does. A different error would reveal how many recipients could be
        unwrapped.
        """
        self._further_bytes += work
        if self._further_bytes > MAX_FURTHER_DECRYPTED_BYTES:
            raise DecryptionError
