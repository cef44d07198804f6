"""The folder with the domains that a user follows."""

from __future__ import annotations

from pathlib import Path

from sealwax.user_folders import user_folder


def default_folder() -> Path:
    """Return the folder of the files. It exists only after the user has followed a domain."""
    return user_folder("XDG_DATA_HOME", ".local/share") / "discovery"


def follows_any() -> bool:
    """Return whether the user has ever followed a domain. Raises OSError."""
    return default_folder().exists()
