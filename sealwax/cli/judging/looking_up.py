"""Verdicts with look-ups: they always use the cache, and the network only if the --fetch options allow it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from sealwax.cli.judging.verdict_line import verdict_line
from sealwax.cli.options.parameters import now
from sealwax.cli.options.trust import TrustOptions
from smime_core.pkix import Evidence, Lookup, LookupKind, PathTrail, TrustStore
from smime_core.report import MessageReport, Reason, State

if TYPE_CHECKING:
    from sealwax.lookups.rounds import LookedUp


class Examination(Protocol):
    """The result of one examination."""

    @property
    def report(self) -> MessageReport:
        """The verdict."""


Result = TypeVar("Result")
Examined = TypeVar("Examined", bound=Examination)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Generic[Examined]):
    """The last examination, its report and evidence, and a hint about look-ups that could change the verdict."""

    examined: Examined
    report: MessageReport
    evidence: Evidence
    hint: str = ""

    @property
    def trails(self) -> list[PathTrail]:
        """The paths of all signers."""
        return _trails_of(self.examined)

    @property
    def line(self) -> str:
        """The verdict in one line, with the hint."""
        return f"{verdict_line(self.report)}; {self.hint}" if self.hint else verdict_line(self.report)


def judge(examine: Callable[[TrustStore], Examined], trust_store: TrustStore, trust: TrustOptions) -> Judged[Examined]:
    """Call `examine`, and call it again after look-ups that the options allow. Raises the errors of `examine`."""
    first = examine(trust_store)
    if not any(trail.lookups for trail in _trails_of(first)):
        return Judged(examined=first, report=first.report, evidence=trust_store.evidence)
    looked_up = look_up(first, examine, trust_store, trust, _trails_of)
    report = _with_problems(looked_up)
    return Judged(
        examined=looked_up.result,
        report=report,
        evidence=looked_up.evidence,
        hint="" if report.state is State.VERIFIED else hint_at(looked_up.open_lookups, trust),
    )


def look_up(
    first: Result,
    examine: Callable[[TrustStore], Result],
    trust_store: TrustStore,
    trust: TrustOptions,
    trails_of: Callable[[Result], Iterable[PathTrail]],
) -> LookedUp[Result]:
    """Continue from a first examination with the allowed look-ups. `trails_of` returns the judged paths of a result."""
    # Imported here because most messages need no look-up, and HTTP takes as long to import as everything else.
    from sealwax.lookups.answers import AnswerSource
    from sealwax.lookups.cache import AnswerCache, default_cache_file
    from sealwax.lookups.rounds import continue_with_lookups

    with contextlib.closing(AnswerCache(default_cache_file())) as cache:
        source = AnswerSource(cache=cache, clock=now, kinds=trust.fetched_kinds, policy=trust.fetch_policy())
        return continue_with_lookups(first, examine, trust_store, trails_of, source)


def hint_at(left: Iterable[Lookup], trust: TrustOptions) -> str:
    """A hint that names the options for the look-ups in `left`, or "" if no option would allow them."""
    from sealwax.lookups.answers import host_of

    options: dict[str, dict[str, None]] = {}
    for lookup in left:
        if lookup.kind not in trust.fetched_kinds:
            option = "--fetch-issuers" if lookup.kind is LookupKind.ISSUER else "--fetch"
            options.setdefault(option, {})[host_of(lookup)] = None
    return "; ".join(f"{option} would ask {', '.join(hosts)}" for option, hosts in options.items())


def _trails_of(examined: Examination) -> list[PathTrail]:
    return [trail for signer in examined.report.signers for trail in signer.trails]


def _with_problems(looked_up: LookedUp[Examined]) -> MessageReport:
    # Failed look-ups become reasons of the verdict, unless the verdict is `verified` without them.
    report = looked_up.result.report
    if report.state is State.VERIFIED:
        return report
    reasons = tuple(
        Reason(code="lookup-failed", sentence=problem.text) for problem in dict.fromkeys(looked_up.problems.values())
    )
    return replace(report, reasons=(*report.reasons, *reasons))
