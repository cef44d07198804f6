"""Commands of `sealwax keys` in processes that die by SIGKILL at a chosen step."""

from __future__ import annotations

from pathlib import Path

from tests.support.databases.dying import die_at
from tests.support.databases.killed_upgrades import is_killed


def command_is_killed_at(point: int, *words: str) -> bool:
    """Run a command in a process that dies at the point. Return False if it had ended before the point."""
    return is_killed(_run, point, words)


def _run(point: int, words: tuple[str, ...]) -> None:
    """The points are those of the database, and before and after the replacement of a file."""
    from roaming_keys.server.operation.commands import keys

    count = die_at(point)
    move = Path.replace

    def replace(source: Path, target: Path) -> Path:
        count()
        moved = move(source, target)
        count()
        return moved

    Path.replace = replace  # type: ignore[method-assign,assignment]
    keys.main(list(words), standalone_mode=False)
