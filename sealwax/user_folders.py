"""The folders of the user's files (XDG Base Directory Specification)."""

from __future__ import annotations

import os
from pathlib import Path


def user_folder(variable: str, below_home: str) -> Path:
    """A folder for Sealwax's files, in the folder that the environment variable names, or in the user's `below_home`.

    A user without a home, as in a container, gets a folder that does not exist. Reading there finds nothing, and
    writing fails with an OSError that names the folder.
    """
    folder = Path(os.environ.get(variable, ""))
    # The specification says to ignore relative paths.
    return (folder if folder.is_absolute() else _home() / below_home) / "sealwax"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        return Path("/nonexistent")
