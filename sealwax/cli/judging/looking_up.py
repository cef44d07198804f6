"""Judging with what can be looked up: from the cache always, from the network where --fetch and its kin allow."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from smime_core.cli.operations import Examined
from smime_core.cli.options import now
from smime_core.cli.verdict import verdict_line
from smime_core.cli.verdict_options import TrustOptions
from smime_core.pkix import Evidence, TrustStore
from smime_core.pkix.evidence import Lookup, LookupKind
from smime_core.pkix.trail import PathTrail
from smime_core.report import MessageReport, Reason, State

if TYPE_CHECKING:
    from smime_core.lookups.fetch import FetchPolicy
    from smime_core.lookups.rounds import LookedUp

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The last examination with its report and evidence, and a hint at what asking somebody could still change."""

    examined: Examined
    report: MessageReport
    evidence: Evidence
    hint: str = ""

    @property
    def line(self) -> str:
        """The verdict in one line, with the hint."""
        return f"{verdict_line(self.report)}; {self.hint}" if self.hint else verdict_line(self.report)


def judge(examine: Callable[[TrustStore], Examined], trust_store: TrustStore, trust: TrustOptions) -> Judged:
    """Examine by the store and by what was or is looked up as the options allow. Raises whatever `examine` raises."""
    first = examine(trust_store)
    if not any(trail.lookups for signer in first.report.signers for trail in signer.trails):
        return Judged(examined=first, report=first.report, evidence=trust_store.evidence)
    looked_up = look_up(first, examine, trust_store, trust, trails_of=_trails_of)
    report = _with_problems(looked_up)
    hint = "" if report.state is State.VERIFIED else hint_at(looked_up.left, trust)
    return Judged(examined=looked_up.result, report=report, evidence=looked_up.evidence, hint=hint)


def look_up(
    first: Result,
    examine: Callable[[TrustStore], Result],
    trust_store: TrustStore,
    trust: TrustOptions,
    *,
    trails_of: Callable[[Result], Iterable[PathTrail]],
) -> LookedUp[Result]:
    """Go on from a first examination as the options allow; `trails_of` takes the judged paths out of a result."""
    # Imported here: most of what is judged names nothing to look up, and HTTP takes as long to import as all else.
    from smime_core.lookups.answers import AnswerSource
    from smime_core.lookups.cache import AnswerCache, default_cache_file
    from smime_core.lookups.rounds import continue_with_lookups

    with contextlib.closing(AnswerCache(default_cache_file())) as cache:
        source = AnswerSource(cache=cache, clock=now, kinds=trust.fetched_kinds, policy=fetch_policy(trust))
        return continue_with_lookups(first, examine, trust_store=trust_store, trails_of=trails_of, source=source)


def fetch_policy(trust: TrustOptions) -> FetchPolicy:
    """How far a fetch may go, with the hosts of --fetch-host."""
    from smime_core.lookups.fetch import FetchPolicy

    return FetchPolicy(allowed_hosts=frozenset(trust.fetch_hosts))


def _trails_of(examined: Examined) -> list[PathTrail]:
    return [trail for signer in examined.report.signers for trail in signer.trails]


def _with_problems(looked_up: LookedUp[Examined]) -> MessageReport:
    # What did not come explains a doubt; a verdict without one needs no explaining.
    report = looked_up.result.report
    if report.state is State.VERIFIED:
        return report
    reasons = tuple(
        Reason(code="lookup-failed", sentence=problem.text) for problem in dict.fromkeys(looked_up.problems.values())
    )
    return replace(report, reasons=(*report.reasons, *reasons))


def hint_at(left: Iterable[Lookup], trust: TrustOptions) -> str:
    """What options that were not given would do; empty when they would do nothing."""
    from smime_core.lookups.answers import host_of

    options: dict[str, dict[str, None]] = {}
    for lookup in left:
        if lookup.kind not in trust.fetched_kinds:
            option = "--fetch-issuers" if lookup.kind is LookupKind.ISSUER else "--fetch"
            options.setdefault(option, {})[host_of(lookup)] = None
    return "; ".join(f"{option} would ask {', '.join(hosts)}" for option, hosts in options.items())
