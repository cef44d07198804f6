"""The operations that each provider may lack. An UnsupportedByProvider listed here is a skip, any other a failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tools.conformance.case import Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """An operation that a provider may lack. `text` is a part of the error's message."""

    provider: str
    text: str
    skip: Skip


ALLOWED: Final[tuple[Allowed, ...]] = ()


def find_allowed(provider: str, error: str) -> Skip | None:
    """The skip in `ALLOWED` for an error's message; None if the operation may not be missing."""
    return next((allowed.skip for allowed in ALLOWED if allowed.provider == provider and allowed.text in error), None)
