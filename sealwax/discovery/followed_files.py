"""The domains that a user follows: a private file for each, with the pinned key and the last good document."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sealwax.files.small import read_small
from sealwax.files.whole import write_whole
from sealwax.user_folders import user_folder
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_DISCOVERY_BYTES
from smime_core.own_content import FollowedDiscovery, build_followed_discovery, parse_followed_discovery

_PRIVATE_MODE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700


def default_folder() -> Path:
    """The folder of the files."""
    return user_folder("XDG_DATA_HOME", ".local/share") / "discovery"


def file_of(folder: Path, domain: str) -> Path:
    """The file of a normalised domain, which has neither a slash nor a dot at its beginning."""
    return folder / f"{domain}.json"


def read_followed(file: Path, domain: str) -> FollowedDiscovery | None:
    """The domain as it was saved, or None. Raises OSError, MalformedMessage or LimitExceeded."""
    try:
        followed = parse_followed_discovery(read_small(file, max_bytes=2 * MAX_DISCOVERY_BYTES))
    except FileNotFoundError:
        return None
    if followed.domain != domain:
        raise MalformedMessage(f"this is the file of {followed.domain}", str(file))
    return followed


def make_folder(folder: Path) -> None:
    """Make the folder, which only its owner may enter. Raises OSError."""
    folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)


def save_followed(file: Path, followed: FollowedDiscovery) -> None:
    """Write the whole file. The caller holds its lock. Raises OSError."""
    write_whole(file, build_followed_discovery(followed), mode=_PRIVATE_MODE)
