"""The deviations of mail servers that are known, by server and step. docs/mail_servers.md says what the bridge does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.mail_servers.day import Met


@dataclass(frozen=True, slots=True)
class Known:
    """What a server does otherwise. `steps` meet it, each with words that have `words` in them."""

    name: str
    steps: frozenset[str]
    words: str = ""


def find_known(family: str, met: Met) -> str | None:
    """Return the name of the deviation that a server's step has met, or None if no list names it."""
    for known in KNOWN.get(family, ()):
        if met.step in known.steps and known.words in met.words:
            return known.name
    return None


def _known(name: str, *steps: str, words: str = "") -> Known:
    return Known(name, frozenset(steps), words)


KNOWN: Final[Mapping[str, tuple[Known, ...]]] = {}
