"""What whoever runs the command trusts beside its options: own decisions, and the operator's list that is followed.

Two JSON files in the user's configuration folder, for their owner alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from smime_core import blocking
from smime_core.cli.files import PRIVATE_MODE, write_error, write_output
from smime_core.errors import TrustListRefused
from smime_core.small_files import read_small
from smime_core.user_folders import user_folder

if TYPE_CHECKING:
    from smime_core.decisions import Decision
    from smime_core.pkix import TrustAnchor
    from smime_core.trust_list import FollowedList, TrustList


def trust_folder() -> Path:
    """In the user's configuration folder (XDG Base Directory Specification)."""
    return user_folder("XDG_CONFIG_HOME", ".config")


def default_decisions_file() -> Path:
    return trust_folder() / "decisions.json"


def default_list_file() -> Path:
    return trust_folder() / "trust_list.json"


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """The decisions in a file, none where there is no file. Raises OSError, MalformedMessage or LimitExceeded."""
    data = _read(path)
    if data is None:
        return ()
    # Imported here: most have none.
    from smime_core.decisions_json import parse_decisions

    return parse_decisions(data)


def load_decisions(path: Path) -> tuple[TrustAnchor, ...]:
    """The decisions in a file as trust anchors. Raises as `read_decisions`."""
    return tuple(decision.anchor for decision in read_decisions(path))


def save_decisions(path: Path, decisions: Sequence[Decision]) -> None:
    """Put the file in place, whole. Raises OSError."""
    from smime_core.decisions_json import build_decisions

    write_output(str(path), build_decisions(decisions), mode=PRIVATE_MODE)


def read_followed_list(path: Path) -> FollowedList | None:
    """The operator's list that is followed, None without one. Raises OSError, MalformedMessage or LimitExceeded."""
    data = _read(path)
    if data is None:
        return None
    from smime_core.trust_list import parse_followed_list

    return parse_followed_list(data)


def load_operator_list(path: Path, *, at: datetime.datetime) -> TrustList | None:
    """The followed list, when it counts at this time; one that does not is told. Raises as `read_followed_list`."""
    followed = read_followed_list(path)
    if followed is None:
        return None
    from smime_core.cli.operations import PROVIDER

    try:
        return blocking.run(followed.open(provider=PROVIDER, at=at))
    except TrustListRefused as error:
        write_error(f"your organisation's list does not count: {error}")
        return None


def save_followed_list(path: Path, followed: FollowedList) -> None:
    """Put the file in place, whole. Raises OSError."""
    from smime_core.trust_list import build_followed_list

    write_output(str(path), build_followed_list(followed), mode=PRIVATE_MODE)


def _read(path: Path) -> bytes | None:
    try:
        return read_small(path)
    except FileNotFoundError:
        return None
