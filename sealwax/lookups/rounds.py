"""Examining, looking up what the examination names, and examining again, until nothing is left to ask for.

Look-ups about revocation are named only for certificates whose path chains to an anchor; those for issuers are asked
only where the source is told to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from smime_core.errors import SmimeError
from smime_core.limits import LOOKUP_BATCH_SECONDS, LOOKUP_TOTAL_SECONDS, MAX_LOOKUP_ROUNDS
from smime_core.lookups.answers import Answer, AnswerSource, LookupProblem, host_of
from smime_core.lookups.deadline import Deadline
from smime_core.pkix.evidence import Evidence, Lookup, LookupKey, RevocationState, add_answer
from smime_core.pkix.trail import PathTrail
from smime_core.pkix.trust import TrustStore
from smime_core.report import MessageReport

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp(Generic[Result]):
    """What the last examination gave, with what it was made from.

    `answered` is what came, by `Lookup.key`, `problems` what did not, `left` what could still be asked.
    """

    result: Result
    evidence: Evidence
    answered: dict[LookupKey, bytes] = field(default_factory=dict)
    problems: dict[LookupKey, LookupProblem] = field(default_factory=dict)
    left: tuple[Lookup, ...] = ()


def examine_with_lookups(
    examine: Callable[[TrustStore], Result],
    *,
    trust_store: TrustStore,
    trails_of: Callable[[Result], Iterable[PathTrail]],
    source: AnswerSource,
) -> LookedUp[Result]:
    """Examine by this store and by what `source` has for it. Raises whatever `examine` raises."""
    first = examine(trust_store)
    return continue_with_lookups(first, examine, trust_store=trust_store, trails_of=trails_of, source=source)


def continue_with_lookups(
    first: Result,
    examine: Callable[[TrustStore], Result],
    *,
    trust_store: TrustStore,
    trails_of: Callable[[Result], Iterable[PathTrail]],
    source: AnswerSource,
) -> LookedUp[Result]:
    """Go on from a first examination by this store, at most MAX_LOOKUP_ROUNDS times.

    `trails_of` takes the judged paths out of a result. Raises whatever `examine` raises.
    """
    gathered, result = _Gathered(evidence=trust_store.evidence), first
    trails = tuple(trails_of(first))
    whole = Deadline(LOOKUP_TOTAL_SECONDS)
    for _ in range(MAX_LOOKUP_ROUNDS):
        wanted = _lookups_of(trails)
        answers = source.find(wanted, seconds=min(whole.left(), LOOKUP_BATCH_SECONDS))
        if not answers:
            break
        for lookup, answer in answers.items():
            gathered.add(lookup, answer)
        # What was looked up now may speak of a moment before.
        gathered.evidence = replace(gathered.evidence, gathered_at=source.clock())
        result = examine(trust_store.with_evidence(gathered.evidence))
        trails = tuple(trails_of(result))
    for lookup in gathered.useless(trails):
        source.distrust(lookup)
    return LookedUp(
        result=result,
        evidence=gathered.evidence,
        answered=gathered.answered,
        problems=gathered.problems,
        left=_lookups_of(trails),
    )


def _lookups_of(trails: Iterable[PathTrail]) -> tuple[Lookup, ...]:
    return tuple({lookup.key: lookup for trail in trails for lookup in trail.lookups}.values())


def trails_of_report(report: MessageReport) -> tuple[PathTrail, ...]:
    """The judged paths of all signers, and of the timestamps on their signatures."""
    return tuple(trail for signer in report.signers for trail in signer.trails)


@dataclass(slots=True, kw_only=True)
class _Gathered:
    """What came so far. `received` are the look-ups with an answer, `damaged` those where what came is none."""

    evidence: Evidence
    received: list[Lookup] = field(default_factory=list)
    damaged: list[Lookup] = field(default_factory=list)
    answered: dict[LookupKey, bytes] = field(default_factory=dict)
    problems: dict[LookupKey, LookupProblem] = field(default_factory=dict)

    def add(self, lookup: Lookup, answer: Answer) -> None:
        """Take an answer, or that there is none."""
        if answer.problem is not None:
            self.problems[lookup.key] = answer.problem
        # What was kept repeats the nonce of another time.
        asked = replace(lookup, nonce=b"") if answer.is_kept else lookup
        try:
            self.evidence = add_answer(self.evidence, asked, answer.data)
        except SmimeError as error:
            self.problems[lookup.key] = LookupProblem(code=error.code, text=f"{host_of(lookup)}: {error}")
            self.damaged.append(lookup)
            self.evidence = add_answer(self.evidence, lookup, None)
            return
        if answer.data is not None:
            self.received.append(lookup)
            self.answered[lookup.key] = answer.data

    def useless(self, trails: Iterable[PathTrail]) -> list[Lookup]:
        """The look-ups whose answers settled nothing."""
        unknown = {
            status.certificate
            for trail in trails
            for status in trail.revocation
            if status.state is RevocationState.UNKNOWN
        }
        return [*self.damaged, *(lookup for lookup in self.received if lookup.certificate in unknown)]
