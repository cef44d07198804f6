"""Answers to look-ups, from the cache or from the servers that the certificates name."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from sealwax.deadline import Deadline
from sealwax.lookups.cache import AnswerCache, KeptAnswer, question_hash
from sealwax.lookups.fetch import PUBLIC_ONLY, FetchPolicy, FetchRequest, LookupFailed, LookupFailure, fetch_all
from smime_core.errors import SmimeError
from smime_core.limits import (
    FAILURE_KEPT_MINUTES,
    LOOKUP_BATCH_SECONDS,
    MAX_KEPT_HOURS,
    MAX_LOOKUP_URL_CHARACTERS,
    MAX_LOOKUPS_IN_A_ROUND,
    UNDATED_KEPT_MINUTES,
)
from smime_core.pkix import Lookup, LookupKind
from smime_core.x509 import parse_ocsp_response, parse_revocation_list

REVOCATION_KINDS: Final = frozenset({LookupKind.OCSP, LookupKind.CRL})
FAILURE_KEPT: Final = datetime.timedelta(minutes=FAILURE_KEPT_MINUTES)
_UNDATED_KEPT: Final = datetime.timedelta(minutes=UNDATED_KEPT_MINUTES)
_MAX_KEPT: Final = datetime.timedelta(hours=MAX_KEPT_HOURS)
# Failures before the server was asked. They are not cached, because another policy may allow the look-up.
_NEVER_ASKED: Final = frozenset(
    {LookupFailure.BAD_URL, LookupFailure.REFUSED_PORT, LookupFailure.NOT_PUBLIC, LookupFailure.NOT_ASKED}
)
_MAX_SHOWN_CHARACTERS: Final = 80
_OCSP_REQUEST: Final = "application/ocsp-request"  # RFC 6960 appendix A.1


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupProblem:
    """The reason why a look-up has no answer. `code` is for programs, `text` for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one look-up: `data`, or a `problem` if `data` is None. `is_kept` marks an answer from the cache."""

    data: bytes | None
    problem: LookupProblem | None = None
    is_kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSource:
    """The source of answers: the cache, and for look-ups of `kinds` also the network, as far as `policy` allows.

    If `kinds` is empty, the network is not used. Certificates of issuers are fetched only from public addresses, even
    if `policy` allows other hosts and networks. `clock` gives the time for the age of cached answers.
    """

    cache: AnswerCache
    clock: Callable[[], datetime.datetime]
    kinds: frozenset[LookupKind] = frozenset()
    policy: FetchPolicy = PUBLIC_ONLY

    def find(self, lookups: Iterable[Lookup], *, seconds: float = LOOKUP_BATCH_SECONDS) -> dict[Lookup, Answer]:
        """The answers to as many of the look-ups as possible, each question once, within `seconds`.

        A server that failed a short time ago is not asked again; that failure is the answer.
        """
        answers: dict[Lookup, Answer] = {}
        missing: list[Lookup] = []
        each_once = {lookup.key: lookup for lookup in lookups}
        for lookup in list(each_once.values())[:MAX_LOOKUPS_IN_A_ROUND]:
            entry = self.cache.find(_question(lookup), at=self.clock())
            may_ask = lookup.kind in self.kinds
            if entry is not None and (entry.data is not None or may_ask):
                answers[lookup] = _kept_answer(entry)
            elif may_ask:
                missing.append(lookup)
        return answers | self._fetch(missing, seconds)

    def distrust(self, lookup: Lookup) -> None:
        """Keep an answer only for a short time, because it was useless. An attacker may have sent it."""
        self.cache.shorten(_question(lookup), until=self.clock() + FAILURE_KEPT)

    def _fetch(self, lookups: Sequence[Lookup], seconds: float) -> dict[Lookup, Answer]:
        # Trusted authorities choose the addresses for revocation. But the maker of a certificate chooses the address of
        # its issuer. The maker may be anyone, so the exceptions of `policy` do not apply there.
        of_authorities = [lookup for lookup in lookups if lookup.kind is not LookupKind.ISSUER]
        of_strangers = [lookup for lookup in lookups if lookup.kind is LookupKind.ISSUER]
        whole = Deadline(seconds)
        answers = self._fetch_by(self.policy, of_authorities, seconds)
        return answers | self._fetch_by(self.policy.for_strangers(), of_strangers, whole.left())

    def _fetch_by(self, policy: FetchPolicy, lookups: Sequence[Lookup], seconds: float) -> dict[Lookup, Answer]:
        results = fetch_all([_request(lookup) for lookup in lookups], policy, seconds) if lookups else ()
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
            self.cache.keep(question, KeptAnswer(data=result), at=at, until=kept_until(lookup.kind, result, at))


def kept_until(kind: LookupKind, data: bytes, at: datetime.datetime) -> datetime.datetime:
    """The end of the time for which an answer is cached. An expired or damaged answer is cached like a failure."""
    if kind is LookupKind.ISSUER:
        return at + _MAX_KEPT
    try:
        next_update = _next_ocsp_update(data) if kind is LookupKind.OCSP else parse_revocation_list(data).next_update
    except SmimeError:
        return at + FAILURE_KEPT
    if next_update is None:
        return at + _UNDATED_KEPT
    return max(min(next_update, at + _MAX_KEPT), at + FAILURE_KEPT)


def _next_ocsp_update(data: bytes) -> datetime.datetime | None:
    # RFC 6960 section 4.2.2.1: a response without nextUpdate means that newer information is always available.
    updates = [response.next_update for response in parse_ocsp_response(data).responses]
    return None if None in updates else min(filter(None, updates), default=None)


def host_of(lookup: Lookup) -> str:
    """The host of the look-up's URL, the whole text if it is no URL, or its beginning if it is too long."""
    if len(lookup.url) > MAX_LOOKUP_URL_CHARACTERS:
        # The URL in a certificate may have megabytes. urlsplit would need quadratic time to normalise the host in it.
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


def _kept_answer(entry: KeptAnswer) -> Answer:
    if entry.data is not None:
        return Answer(data=entry.data, is_kept=True)
    code, _, text = entry.failure.partition(":")
    return Answer(data=None, problem=LookupProblem(code=code, text=f"{text} a few minutes ago"), is_kept=True)
