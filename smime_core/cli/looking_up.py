"""Judging with what can be looked up: from the cache always, from the network where --fetch and its kin allow."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from smime_core.cli.operations import Examined
from smime_core.cli.options import now
from smime_core.cli.verdict import verdict_line
from smime_core.cli.verdict_options import TrustOptions
from smime_core.pkix import TrustStore
from smime_core.pkix.evidence import Lookup, LookupKind
from smime_core.report import MessageReport, Reason, State

if TYPE_CHECKING:
    from smime_core.lookups.rounds import LookedUp


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The last examination with its report, and a hint at what asking somebody could still change."""

    examined: Examined
    report: MessageReport
    hint: str = ""

    @property
    def line(self) -> str:
        """The verdict in one line, with the hint."""
        return f"{verdict_line(self.report)}; {self.hint}" if self.hint else verdict_line(self.report)


def judge(examine: Callable[[TrustStore], Examined], trust_store: TrustStore, trust: TrustOptions) -> Judged:
    """Examine by the store and by what was or is looked up as the options allow. Raises whatever `examine` raises."""
    first = examine(trust_store)
    if not any(signer.trail and signer.trail.lookups for signer in first.report.signers):
        return Judged(examined=first, report=first.report)
    looked_up = _look_up(first, examine, trust_store, trust)
    report = _with_problems(looked_up)
    hint = "" if report.state is State.VERIFIED else _hint(looked_up.left, trust)
    return Judged(examined=looked_up.result, report=report, hint=hint)


def _look_up(
    first: Examined, examine: Callable[[TrustStore], Examined], trust_store: TrustStore, trust: TrustOptions
) -> LookedUp[Examined]:
    # Imported here: most of what is judged names nothing to look up, and HTTP takes as long to import as all else.
    from smime_core.lookups.answers import AnswerSource
    from smime_core.lookups.cache import AnswerCache, default_cache_file
    from smime_core.lookups.fetch import FetchPolicy
    from smime_core.lookups.rounds import continue_with_lookups, trails_of_report

    with contextlib.closing(AnswerCache(default_cache_file())) as cache:
        policy = FetchPolicy(allowed_hosts=frozenset(trust.fetch_hosts))
        return continue_with_lookups(
            first,
            examine,
            trust_store=trust_store,
            trails_of=lambda examined: trails_of_report(examined.report),
            source=AnswerSource(cache=cache, clock=now, kinds=trust.fetched_kinds, policy=policy),
        )


def _with_problems(looked_up: LookedUp[Examined]) -> MessageReport:
    # What did not come explains a doubt; a verdict without one needs no explaining.
    report = looked_up.result.report
    if report.state is State.VERIFIED:
        return report
    reasons = tuple(
        Reason(code="lookup-failed", sentence=problem.text) for problem in dict.fromkeys(looked_up.problems.values())
    )
    return replace(report, reasons=(*report.reasons, *reasons))


def _hint(left: tuple[Lookup, ...], trust: TrustOptions) -> str:
    # What the options would do that were not given.
    from smime_core.lookups.answers import host_of

    options: dict[str, dict[str, None]] = {}
    for lookup in left:
        if lookup.kind not in trust.fetched_kinds:
            option = "--fetch-issuers" if lookup.kind is LookupKind.ISSUER else "--fetch"
            options.setdefault(option, {})[host_of(lookup)] = None
    return "; ".join(f"{option} would ask {', '.join(hosts)}" for option, hosts in options.items())
