"""`sealwax keys rotate` in a process that dies by SIGKILL at a chosen step."""

from __future__ import annotations

from pathlib import Path

from tests.support.databases.dying import die_at
from tests.support.databases.killed_upgrades import is_killed


def rotation_is_killed_at(point: int, config: Path) -> bool:
    """Replace the master key in a process that dies at the point. Return False if it had ended before the point."""
    return is_killed(_rotate, point, str(config))


def _rotate(point: int, config: str) -> None:
    """The points are those of the database, and before and after the replacement of a file."""
    from roaming_keys.operation.rotating import rotate

    count = die_at(point)
    move = Path.replace

    def replace(source: Path, target: Path) -> Path:
        count()
        moved = move(source, target)
        count()
        return moved

    Path.replace = replace  # type: ignore[method-assign,assignment]
    rotate.main(["--config", config], standalone_mode=False)
