"""The user's stored trust: the user's own decisions, and the operator's list that the user follows.

Both are JSON files in the user's configuration folder, readable only by their owner.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealwax.cli.streams.files import PRIVATE_MODE, write_error, write_output
from sealwax.files.small import read_small
from sealwax.user_folders import user_folder
from smime_core import blocking
from smime_core.errors import TrustListRefused

if TYPE_CHECKING:
    from smime_core.own_content import FollowedList, TrustList
    from smime_core.pkix import TrustAnchor
    from smime_core.trust import Decision


def trust_folder() -> Path:
    """The user's configuration folder (XDG Base Directory Specification)."""
    return user_folder("XDG_CONFIG_HOME", ".config")


def default_decisions_file() -> Path:
    return trust_folder() / "decisions.json"


def default_list_file() -> Path:
    return trust_folder() / "trust_list.json"


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """The decisions in a file; empty if there is no file. Raises OSError, MalformedMessage or LimitExceeded."""
    data = _read(path)
    if data is None:
        return ()
    # Imported here because most users have no decisions.
    from smime_core.trust import parse_decisions

    return parse_decisions(data)


def load_decisions(path: Path) -> tuple[TrustAnchor, ...]:
    """The decisions in a file as trust anchors. Raises the errors of `read_decisions`."""
    return tuple(decision.anchor for decision in read_decisions(path))


def save_decisions(path: Path, decisions: Sequence[Decision]) -> None:
    """Write the whole file. Raises OSError."""
    from smime_core.trust import build_decisions

    write_output(str(path), build_decisions(decisions), mode=PRIVATE_MODE)


def read_followed_list(path: Path) -> FollowedList | None:
    """The operator's list that the user follows, or None. Raises OSError, MalformedMessage or LimitExceeded."""
    data = _read(path)
    if data is None:
        return None
    from smime_core.own_content import parse_followed_list

    return parse_followed_list(data)


def load_operator_list(path: Path, *, at: datetime.datetime) -> TrustList | None:
    """The followed list if it is valid at this time. If it is not, returns None and writes a line on standard error.

    Raises the errors of `read_followed_list`.
    """
    followed = read_followed_list(path)
    if followed is None:
        return None
    from sealwax.cli.provider import PROVIDER

    try:
        return blocking.run(followed.open(provider=PROVIDER, at=at))
    except TrustListRefused as error:
        write_error(f"your organisation's list does not count: {error}")
        return None


def save_followed_list(path: Path, followed: FollowedList) -> None:
    """Write the whole file. Raises OSError."""
    from smime_core.own_content import build_followed_list

    write_output(str(path), build_followed_list(followed), mode=PRIVATE_MODE)


def _read(path: Path) -> bytes | None:
    try:
        return read_small(path)
    except FileNotFoundError:
        return None
