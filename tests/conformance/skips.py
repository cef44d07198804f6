"""The operations that each provider may lack: an UnsupportedByProvider listed here is a skip, any other a failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.conformance.case import Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """`text` is in the error's own text."""

    provider: str
    text: str
    skip: Skip


ALLOWED: Final[tuple[Allowed, ...]] = ()


def find_allowed(provider: str, error: str) -> Skip | None:
    """The skip that the table grants for an error's text."""
    return next((one.skip for one in ALLOWED if one.provider == provider and one.text in error), None)
