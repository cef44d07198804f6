"""The record of the checks on a path, step by step, from which valid and invalid paths are explained."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from smime_core.errors import PathError
from smime_core.pkix.evidence import Lookup, RevocationStatus
from smime_core.pkix.trust import TrustAnchor
from smime_core.x509.certificate import Certificate


class Outcome(StrEnum):
    """The result of one check."""

    PASSED = "passed"
    FAILED = "failed"
    NOTED = "noted"
    """A fault that does not fail the path under this store's policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One check on a path: its label in RFC 5280 (such as "6.1.3 (a)(2)"), the certificate and the outcome.

    `position` counts from the end-entity certificate, 0. `text` is a short sentence for people.
    """

    label: str
    position: int
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTrail:
    """One path and the checks on it.

    `certificates` are in order from the end-entity certificate to the last one found, which is the anchor's in a
    complete path. `anchor` is None if the path does not reach one. `steps` are in the order of the checks, the failed
    one last. `revocation` has one status for each certificate that was checked. The answers to `lookups` could change
    the verdict.
    """

    certificates: tuple[Certificate, ...]
    anchor: TrustAnchor | None = None
    steps: tuple[Step, ...] = ()
    revocation: tuple[RevocationStatus, ...] = ()
    lookups: tuple[Lookup, ...] = ()


def trail_of(error: PathError) -> PathTrail | None:
    """The trail of the path that failed with this error, or None if the error has no trail."""
    return error.trail if isinstance(error.trail, PathTrail) else None
