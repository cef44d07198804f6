"""The newest release that was seen at each address, in the user's own file.

Without this file, nobody would notice that a server has gone back to an older release, because its files are signed
too.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from sealwax.files.small import read_small
from sealwax.files.whole import write_whole
from sealwax.user_folders import user_folder
from smime_core.errors import MalformedMessage
from smime_core.own_content import SeenRelease, check_version
from smime_core.text import JsonObject, parse_json

_VERSION: Final = "sealwax-seen-releases-1"
_WHERE: Final = "releases.json"
_MAX_BYTES: Final = 1_048_576
_PRIVATE_MODE: Final = 0o600


def default_file() -> Path:
    return user_folder("XDG_CONFIG_HOME", ".config") / "releases.json"


def read_seen(path: Path) -> dict[str, SeenRelease]:
    """The releases by address; none if there is no file. Raises OSError, MalformedMessage or LimitExceeded."""
    try:
        data = read_small(path, max_bytes=_MAX_BYTES)
    except FileNotFoundError:
        return {}
    members = JsonObject.of(parse_json(data, _WHERE, max_bytes=_MAX_BYTES), ("version", "seen"), _WHERE)
    seen = members.value("seen")
    if members.text("version") != _VERSION or not isinstance(seen, dict):
        raise MalformedMessage(f"this is not of version {_VERSION}", _WHERE)
    return {address: _parse(value) for address, value in seen.items()}


def save_seen(path: Path, seen: dict[str, SeenRelease]) -> None:
    """Write the whole file. The caller holds its lock. Raises OSError."""
    listed = {address: asdict(release) for address, release in sorted(seen.items())}
    write_whole(path, json.dumps({"version": _VERSION, "seen": listed}).encode("ascii"), mode=_PRIVATE_MODE)


def _parse(value: object) -> SeenRelease:
    members = JsonObject.of(value, ("version", "digest"), _WHERE)
    return SeenRelease(version=check_version(members.text("version")), digest=members.text("digest"))
