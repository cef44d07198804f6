"""The record of the checks on a path. Results and errors include the record, so that they can be explained."""

from __future__ import annotations

from dataclasses import dataclass, field

from smime_core.errors import PathError
from smime_core.pkix.evidence import Lookup, RevocationStatus
from smime_core.pkix.trail import Outcome, PathTrail, Step
from smime_core.pkix.trust import TrustAnchor
from smime_core.x509.certificate import Certificate


@dataclass(slots=True)
class Journal:
    """The checks of one path so far."""

    certificates: tuple[Certificate, ...]
    anchor: TrustAnchor | None = None
    steps: list[Step] = field(default_factory=list)
    revocation: list[RevocationStatus] = field(default_factory=list)
    lookups: tuple[Lookup, ...] = ()

    def passed(self, label: str, position: int, text: str) -> None:
        """Record a check that passed."""
        self.steps.append(Step(label=label, position=position, outcome=Outcome.PASSED, text=text))

    def noted(self, label: str, position: int, text: str) -> None:
        """Record a check that did not pass but does not fail the path."""
        self.steps.append(Step(label=label, position=position, outcome=Outcome.NOTED, text=text))

    def failed(self, label: str, position: int, text: str, *, error: type[PathError] = PathError) -> PathError:
        """Record a check that failed, and return the error to raise, which has the whole record."""
        self.steps.append(Step(label=label, position=position, outcome=Outcome.FAILED, text=text))
        return error(text, certificate=self.certificates[position].subject, rfc5280_step=label, trail=self.trail())

    def trail(self) -> PathTrail:
        """The record so far."""
        return PathTrail(
            certificates=self.certificates,
            anchor=self.anchor,
            steps=tuple(self.steps),
            revocation=tuple(self.revocation),
            lookups=self.lookups,
        )
