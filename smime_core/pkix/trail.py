"""How a path was judged, step by step: what an explanation is drawn from, whether the path holds or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from smime_core.certificate import Certificate
from smime_core.pkix.evidence import Lookup, RevocationStatus
from smime_core.pkix.trust import TrustAnchor


class Outcome(StrEnum):
    """What came of one check."""

    PASSED = "passed"
    FAILED = "failed"
    NOTED = "noted"
    """Not as it should be, and no failure under this store's policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One check on a path: its label in RFC 5280 ("6.1.3 (a)(2)"), on which certificate, with what outcome.

    `position` counts from the end-entity certificate, 0. `text` is a short sentence for people.
    """

    label: str
    position: int
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTrail:
    """One path and what was checked on it.

    `certificates` run from the end-entity certificate as far up as the path goes, the anchor's included; `anchor` is
    None when it ends before one. `steps` stand in the order of the checks, the failed one last. `revocation` holds one
    status for each certificate that was asked about. `lookups` could still change the verdict.
    """

    certificates: tuple[Certificate, ...]
    anchor: TrustAnchor | None = None
    steps: tuple[Step, ...] = ()
    revocation: tuple[RevocationStatus, ...] = ()
    lookups: tuple[Lookup, ...] = ()
