"""Bodies of requests of which the bytes come when something has happened meanwhile."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any


class LateBody(io.BytesIO):
    """The bytes of a body. `meanwhile` is called before the first of them is read, when the request has begun."""

    def __init__(self, data: bytes, meanwhile: Callable[[], object]) -> None:
        super().__init__(data)
        self._meanwhile: list[Callable[[], object]] = [meanwhile]

    def read(self, size: int | None = -1, /) -> bytes:
        """Return bytes as the base class does."""
        self._wait()
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        """Read bytes into a buffer as the base class does."""
        self._wait()
        return super().readinto(buffer)

    def _wait(self) -> None:
        while self._meanwhile:
            self._meanwhile.pop()()
