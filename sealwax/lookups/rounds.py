"""Examine, make the look-ups that the examination names, and examine again, until no look-up is left.

The examination names look-ups about revocation only for certificates whose path leads to an anchor. Look-ups for
issuers are made only if the source allows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from sealwax.deadline import Deadline
from sealwax.lookups.answers import Answer, AnswerSource, LookupProblem, host_of
from smime_core.errors import SmimeError
from smime_core.limits import LOOKUP_BATCH_SECONDS, LOOKUP_TOTAL_SECONDS, MAX_LOOKUP_ROUNDS
from smime_core.pkix import Evidence, Lookup, LookupKey, PathTrail, RevocationState, TrustStore, add_answer

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp(Generic[Result]):
    """The result of the last examination, with its evidence.

    `answered` has the answers and `problems` the failures, both by `Lookup.key`. `open_lookups` are the look-ups
    that could still be made.
    """

    result: Result
    evidence: Evidence
    answered: dict[LookupKey, bytes] = field(default_factory=dict)
    problems: dict[LookupKey, LookupProblem] = field(default_factory=dict)
    open_lookups: tuple[Lookup, ...] = ()


def examine_with_lookups(
    examine: Callable[[TrustStore], Result],
    trust_store: TrustStore,
    trails_of: Callable[[Result], Iterable[PathTrail]],
    source: AnswerSource,
) -> LookedUp[Result]:
    """Examine with this store, then again with the answers of `source`. Raises the errors of `examine`."""
    return continue_with_lookups(examine(trust_store), examine, trust_store, trails_of, source)


def continue_with_lookups(
    first: Result,
    examine: Callable[[TrustStore], Result],
    trust_store: TrustStore,
    trails_of: Callable[[Result], Iterable[PathTrail]],
    source: AnswerSource,
) -> LookedUp[Result]:
    """Continue after a first examination with this store, for at most MAX_LOOKUP_ROUNDS rounds.

    `trails_of` returns the judged paths of a result. Raises the errors of `examine`.
    """
    gathered, result = _Gathered(evidence=trust_store.evidence), first
    trails = tuple(trails_of(first))
    whole = Deadline(LOOKUP_TOTAL_SECONDS)
    for _ in range(MAX_LOOKUP_ROUNDS):
        answers = source.find(_lookups_of(trails), seconds=min(whole.left(), LOOKUP_BATCH_SECONDS))
        if not answers:
            break
        for lookup, answer in answers.items():
            gathered.add(lookup, answer)
        # With `gathered_at`, evidence that was issued until now counts even if the examination judges an earlier
        # moment.
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
        open_lookups=_lookups_of(trails),
    )


def _lookups_of(trails: Iterable[PathTrail]) -> tuple[Lookup, ...]:
    return tuple({lookup.key: lookup for trail in trails for lookup in trail.lookups}.values())


@dataclass(slots=True, kw_only=True)
class _Gathered:
    """The answers so far. `received` are the look-ups with an answer, `damaged` those with an unreadable answer."""

    evidence: Evidence
    received: list[Lookup] = field(default_factory=list)
    damaged: list[Lookup] = field(default_factory=list)
    answered: dict[LookupKey, bytes] = field(default_factory=dict)
    problems: dict[LookupKey, LookupProblem] = field(default_factory=dict)

    def add(self, lookup: Lookup, answer: Answer) -> None:
        """Add an answer, or its problem."""
        if answer.problem is not None:
            self.problems[lookup.key] = answer.problem
        # A cached answer has the nonce of an earlier question, so the nonce is not compared.
        question = replace(lookup, nonce=b"") if answer.is_kept else lookup
        try:
            self.evidence = add_answer(self.evidence, question, answer.data)
        except SmimeError as error:
            self.problems[lookup.key] = LookupProblem(code=error.code, text=f"{host_of(lookup)}: {error}")
            self.damaged.append(lookup)
            self.evidence = add_answer(self.evidence, lookup, None)
            return
        if answer.data is not None:
            self.received.append(lookup)
            self.answered[lookup.key] = answer.data

    def useless(self, trails: Iterable[PathTrail]) -> list[Lookup]:
        """The look-ups with a damaged answer, and those that left the status of their certificate unknown."""
        unknown = {
            status.certificate
            for trail in trails
            for status in trail.revocation
            if status.state is RevocationState.UNKNOWN
        }
        return [*self.damaged, *(lookup for lookup in self.received if lookup.certificate in unknown)]
