"""The domains that a user follows: a private file for each, with the pinned key and the last good document.

Before the first document is received, a file has only the pinned key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sealwax.files.small import read_small
from sealwax.files.whole import write_whole
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_DISCOVERY_BYTES
from smime_core.own_content import FollowedDiscovery, build_followed_discovery, parse_followed_discovery
from smime_core.text import read_ed25519

_MAX_KEY_BYTES: Final = 100
_PRIVATE_MODE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700


def file_of(folder: Path, domain: str) -> Path:
    """The file of a normalised domain. Such a domain has no slash, and no dot at its beginning."""
    return folder / f"{domain}.json"


def read_followed(file: Path, domain: str) -> FollowedDiscovery | None:
    """The saved state of a domain, or None. Raises OSError, MalformedMessage or LimitExceeded."""
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


def read_pinned(folder: Path, domain: str) -> str | None:
    """The key that was pinned before any document was seen, or None. Raises OSError or MalformedMessage."""
    file = _pinned_file_of(folder, domain)
    try:
        key = read_small(file, max_bytes=_MAX_KEY_BYTES).decode("ascii", "replace").strip()
        read_ed25519(key)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise MalformedMessage(str(error), str(file)) from None
    return key


def save_pinned(folder: Path, domain: str, key: str) -> None:
    """Save the key that the first document must have. The caller holds the lock of `file_of`. Raises OSError."""
    write_whole(_pinned_file_of(folder, domain), f"{key}\n".encode(), mode=_PRIVATE_MODE)


def _pinned_file_of(folder: Path, domain: str) -> Path:
    return folder / f"{domain}.key"
