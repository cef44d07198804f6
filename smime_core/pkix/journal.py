"""Writes down how a path is judged while it is, so that the result and each error explain themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

from smime_core.certificate import Certificate
from smime_core.errors import PathError
from smime_core.pkix.evidence import Lookup, RevocationStatus
from smime_core.pkix.trail import Outcome, PathTrail, Step
from smime_core.pkix.trust import TrustAnchor


@dataclass(slots=True)
class Journal:
    """The steps of one path so far."""

    certificates: tuple[Certificate, ...]
    anchor: TrustAnchor | None = None
    steps: list[Step] = field(default_factory=list)
    revocation: list[RevocationStatus] = field(default_factory=list)
    lookups: tuple[Lookup, ...] = ()

    def passed(self, label: str, position: int, text: str) -> None:
        """One check that held."""
        self.steps.append(Step(label=label, position=position, outcome=Outcome.PASSED, text=text))

    def noted(self, label: str, position: int, text: str) -> None:
        """One that did not, without consequence here."""
        self.steps.append(Step(label=label, position=position, outcome=Outcome.NOTED, text=text))

    def failed(self, label: str, position: int, text: str, *, error: type[PathError] = PathError) -> PathError:
        """The error to raise for one that did not hold, with everything up to it."""
        self.steps.append(Step(label=label, position=position, outcome=Outcome.FAILED, text=text))
        return error(text, certificate=self.certificates[position].subject, rfc5280_step=label, trail=self.trail())

    def trail(self) -> PathTrail:
        """What was written so far."""
        return PathTrail(
            certificates=self.certificates,
            anchor=self.anchor,
            steps=tuple(self.steps),
            revocation=tuple(self.revocation),
            lookups=self.lookups,
        )
