"""Answers to look-ups, out of the cache or from the servers that the certificates name."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from smime_core.limits import LOOKUP_BATCH_SECONDS, MAX_LOOKUP_URL_CHARACTERS, MAX_LOOKUPS_IN_A_ROUND
from smime_core.lookups.cache import AnswerCache, KeptAnswer, question_hash
from smime_core.lookups.deadline import Deadline
from smime_core.lookups.fetch import PUBLIC_ONLY, FetchPolicy, FetchRequest, LookupFailed, LookupFailure, fetch_all
from smime_core.lookups.validity import FAILURE_KEPT, kept_until
from smime_core.pkix.evidence import Lookup, LookupKind

REVOCATION_KINDS: Final = frozenset({LookupKind.OCSP, LookupKind.CRL})
# What the policy of this moment decided; another one may decide otherwise.
_NEVER_ASKED: Final = frozenset(
    {LookupFailure.BAD_URL, LookupFailure.REFUSED_PORT, LookupFailure.NOT_PUBLIC, LookupFailure.NOT_ASKED}
)
_MAX_SHOWN_CHARACTERS: Final = 80
_OCSP_REQUEST: Final = "application/ocsp-request"  # RFC 6960 appendix A.1


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupProblem:
    """Something that was asked for and did not come; `code` is for programs, `text` for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came for one look-up: `data`, or None and the words why not. `is_kept` is for one that the cache had."""

    data: bytes | None
    problem: LookupProblem | None = None
    is_kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSource:
    """Where answers come from: the cache, and for look-ups of `kinds` the network too, as far as `policy` goes.

    No kinds at all ask nobody. Issuers are asked for at public addresses only, whatever hosts and networks `policy`
    allows. `clock` says how old a kept answer is.
    """

    cache: AnswerCache
    clock: Callable[[], datetime.datetime]
    kinds: frozenset[LookupKind] = frozenset()
    policy: FetchPolicy = PUBLIC_ONLY

    def find(self, lookups: Iterable[Lookup], *, seconds: float = LOOKUP_BATCH_SECONDS) -> dict[Lookup, Answer]:
        """The answers to as many of the look-ups as there are, each question once.

        That a server failed before is an answer where it may be asked. All takes so many seconds at most.
        """
        found: dict[Lookup, Answer] = {}
        missing: list[Lookup] = []
        each_once = {lookup.key: lookup for lookup in lookups}
        for lookup in list(each_once.values())[:MAX_LOOKUPS_IN_A_ROUND]:
            kept = self.cache.find(_question(lookup), at=self.clock())
            may_ask = lookup.kind in self.kinds
            if kept is not None and (kept.data is not None or may_ask):
                found[lookup] = _kept_answer(kept)
            elif may_ask:
                missing.append(lookup)
        return found | self._fetch(missing, seconds)

    def distrust(self, lookup: Lookup) -> None:
        """Ask again soon for what came and decided nothing: anybody on the way could have sent it."""
        self.cache.shorten(_question(lookup), until=self.clock() + FAILURE_KEPT)

    def _fetch(self, lookups: Sequence[Lookup], seconds: float) -> dict[Lookup, Answer]:
        # Authorities below an anchor choose the addresses for revocation. Anybody can choose an issuer's address in a
        # certificate of their own, so the allowances of `policy` do not count for it.
        of_authorities = [lookup for lookup in lookups if lookup.kind is not LookupKind.ISSUER]
        of_strangers = [lookup for lookup in lookups if lookup.kind is LookupKind.ISSUER]
        whole = Deadline(seconds)
        found = self._fetch_by(self.policy, of_authorities, seconds)
        return found | self._fetch_by(self.policy.for_strangers(), of_strangers, whole.left())

    def _fetch_by(self, policy: FetchPolicy, lookups: Sequence[Lookup], seconds: float) -> dict[Lookup, Answer]:
        results = fetch_all([_request(lookup) for lookup in lookups], policy, seconds=seconds) if lookups else ()
        for lookup, result in zip(lookups, results, strict=True):
            self._keep(lookup, result)
        return {lookup: _new_answer(result) for lookup, result in zip(lookups, results, strict=True)}

    def _keep(self, lookup: Lookup, result: bytes | LookupFailed) -> None:
        question, at = _question(lookup), self.clock()
        if isinstance(result, LookupFailed):
            if result.failure in _NEVER_ASKED:
                return
            failure = KeptAnswer(data=None, failure=f"{result.failure}:{result}")
            self.cache.keep(question, failure, at=at, until=at + FAILURE_KEPT)
        else:
            until = kept_until(lookup.kind, result, at=at)
            self.cache.keep(question, KeptAnswer(data=result), at=at, until=until)


def host_of(lookup: Lookup) -> str:
    """The host that is asked, or the address itself, cut short, where that is no URL that is asked."""
    if len(lookup.url) > MAX_LOOKUP_URL_CHARACTERS:
        # A certificate may name megabytes; urlsplit normalises the host, which takes quadratic time.
        return f"{lookup.url[:_MAX_SHOWN_CHARACTERS]}\N{HORIZONTAL ELLIPSIS}"
    try:
        return urlsplit(lookup.url).hostname or lookup.url
    except ValueError:
        return lookup.url


def _question(lookup: Lookup) -> bytes:
    return question_hash(*(part.encode() for part in lookup.key))


def _request(lookup: Lookup) -> FetchRequest:
    return FetchRequest(url=lookup.url, body=lookup.body, content_type=_OCSP_REQUEST if lookup.body else "")


def _new_answer(result: bytes | LookupFailed) -> Answer:
    if isinstance(result, LookupFailed):
        return Answer(data=None, problem=LookupProblem(code=str(result.failure), text=str(result)))
    return Answer(data=result)


def _kept_answer(kept: KeptAnswer) -> Answer:
    if kept.data is not None:
        return Answer(data=kept.data, is_kept=True)
    code, _, text = kept.failure.partition(":")
    return Answer(data=None, problem=LookupProblem(code=code, text=f"{text} a few minutes ago"), is_kept=True)
