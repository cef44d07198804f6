"""A process that dies by SIGKILL at a chosen step of its work on a database."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Final

from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

_READING: Final = ("SELECT", "PRAGMA", "SHOW")


def die_at(point: int) -> Callable[..., None]:
    """Let this process die at a point. Points are before statements that write, before a COMMIT, and after it.

    Returns a function that passes one more.
    """
    passed = 0

    def count(*_: object) -> None:
        nonlocal passed
        passed += 1
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def count_writing(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.split(maxsplit=1)[0].upper() not in _READING:
            count()

    event.listen(Engine, "before_cursor_execute", count_writing)
    event.listen(Engine, "commit", count)
    # The connection goes back after the COMMIT.
    event.listen(Pool, "checkin", count)
    return count
