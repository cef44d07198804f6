"""Where the files of whoever runs the command stand (XDG Base Directory Specification)."""

from __future__ import annotations

import os
from pathlib import Path


def user_folder(variable: str, below_home: str) -> Path:
    """Sealwax's folder of one kind: below what the environment variable says, else below the home folder.

    Whoever has no home, as an unknown user in a container, gets a folder that is not there: nothing is read from it,
    and writing fails with an OSError that names it.
    """
    given = Path(os.environ.get(variable, ""))
    # The specification has relative paths ignored.
    return (given if given.is_absolute() else _home() / below_home) / "sealwax"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        return Path("/nonexistent")
