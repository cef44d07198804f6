"""The trust and the time of a request to judge: anchors, decisions, a trust list, and looked-up evidence.

The page keeps these values, and the vault makes a TrustStore from them. The core validates the evidence like all other
input.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
from typing import Final

from smime_core.errors import MalformedMessage, TrustListRefused
from smime_core.own_content import parse_followed_list
from smime_core.pkix import (
    Evidence,
    Lookup,
    LookupKey,
    LookupKind,
    RevocationPolicy,
    TrustAnchor,
    TrustSource,
    TrustStore,
    parse_evidence,
)
from smime_core.provider import CryptoProvider
from smime_core.trust import (
    NO_CONTACTS,
    Contacts,
    Decision,
    Judging,
    decision_anchors,
    parse_decisions,
    roots_to_anchors,
)
from smime_core.x509 import parse_certificate
from wasm_build.vault.python.requests import WithKeys, group_of, parse_time, parse_word, request_class


@request_class
class GivenAnchor:
    """A trust anchor with its conditions."""

    certificate: bytes
    source: str = ""
    addresses: tuple[str, ...] = ()
    exact: bool = False
    distrust_after: str = ""
    accepted_at: str = ""


@request_class
class GivenEvidence:
    """Evidence about revocation that was looked up or kept. The vault validates all evidence."""

    crls: tuple[bytes, ...] = ()
    ocsp: tuple[bytes, ...] = ()
    certificates: tuple[bytes, ...] = ()
    asked: tuple[str, ...] = ()
    unavailable: tuple[str, ...] = ()


_NO_EVIDENCE: Final = GivenEvidence()


@request_class
class GivenTrust:
    """The anchors and decisions of a person, the followed list of an organisation, and the policy on revocation."""

    anchors: tuple[GivenAnchor, ...]
    timestamp_anchors: tuple[GivenAnchor, ...] = ()
    decisions: bytes = b""
    followed: bytes = b""
    mozilla: bool = False
    revocation: str = ""
    evidence: GivenEvidence = _NO_EVIDENCE


@request_class
class GivenJudging:
    """The trust and the time for a judgement."""

    trust: GivenTrust
    at: datetime.datetime


@request_class
class WithJudging:
    """The base of requests that judge something."""

    judging: GivenJudging = group_of(GivenJudging)


@request_class
class WithKeysAndJudging(WithKeys):
    """The base of requests that judge something, and that have the sealed identities of a session."""

    judging: GivenJudging = group_of(GivenJudging)


def parse_trust(trust: GivenTrust) -> TrustStore:
    """The TrustStore of a request, without the anchors of an organisation's list. Raises MalformedMessage.

    If the request names no policy on revocation, the status of every certificate must be known.
    """
    own = tuple(map(_parse_anchor, trust.anchors)) + decision_anchors(read_decisions(trust.decisions))
    return TrustStore(
        # The anchors of the person or the operator precede Mozilla's, because they were chosen for particular
        # correspondents.
        anchors=own + (mozilla_anchors() if trust.mozilla else ()),
        revocation=parse_word(RevocationPolicy, trust.revocation or RevocationPolicy.REQUIRED, where="trust"),
        evidence=_parse_evidence(trust.evidence),
        timestamp_anchors=tuple(map(_parse_anchor, trust.timestamp_anchors)),
    )


async def read_store(given: GivenJudging, provider: CryptoProvider) -> TrustStore:
    """The TrustStore of a request, with the anchors of the followed list. Raises MalformedMessage or LimitExceeded.

    A valid list adds its requirements, and for its own anchors its policy on revocation. A list that has expired, or
    was replaced with an older list, is ignored; `trust.follow` reports why.
    """
    store = parse_trust(given.trust)
    if not given.trust.followed:
        return store
    try:
        trust_list = await parse_followed_list(given.trust.followed).open(provider, at=given.at)
    except TrustListRefused:
        return store
    return dataclasses.replace(
        store,
        anchors=(*trust_list.trust_store.anchors, *store.anchors),
        requirements=trust_list.requirements,
    )


async def read_judging(given: GivenJudging, provider: CryptoProvider, contacts: Contacts = NO_CONTACTS) -> Judging:
    """The Judging of a request. Raises MalformedMessage or LimitExceeded."""
    return Judging(trust_store=await read_store(given, provider), at=given.at, contacts=contacts)


def read_decisions(given: bytes) -> tuple[Decision, ...]:
    """The person's decisions that a page keeps; empty bytes mean no decisions. Raises MalformedMessage."""
    return parse_decisions(given) if given else ()


@functools.cache
def mozilla_anchors() -> tuple[TrustAnchor, ...]:
    """All of Mozilla's roots for e-mail."""
    # The build makes this module (wasm_build/bundle/mozilla_roots.py). The module is large and many requests do not
    # need it, so it is not imported at the top.
    from sealwax_roots import ROOTS

    return roots_to_anchors(ROOTS, source=TrustSource.MOZILLA)


def _parse_anchor(anchor: GivenAnchor) -> TrustAnchor:
    return TrustAnchor(
        certificate=parse_certificate(anchor.certificate),
        source=parse_word(TrustSource, anchor.source or TrustSource.GIVEN, where="trust"),
        addresses=anchor.addresses,
        is_exact=anchor.exact,
        distrust_after=parse_time(anchor.distrust_after) if anchor.distrust_after else None,
        accepted_at=parse_time(anchor.accepted_at) if anchor.accepted_at else None,
    )


def _parse_evidence(evidence: GivenEvidence) -> Evidence:
    parsed = parse_evidence(
        revocation_lists=evidence.crls, ocsp_responses=evidence.ocsp, certificates=evidence.certificates
    )
    asked, unavailable = (frozenset(map(parse_lookup_id, ids)) for ids in (evidence.asked, evidence.unavailable))
    return dataclasses.replace(parsed, asked=asked | unavailable, unavailable=unavailable)


def lookup_id(lookup: Lookup) -> str:
    """The `id` of a look-up in replies. The next request names it in `asked` or `unavailable`."""
    return json.dumps(lookup.key)


def parse_lookup_id(text: str) -> LookupKey:
    """The key of the look-up with this `id` from `lookup_id`. Raises MalformedMessage for another text."""
    try:
        kind, url, subject = json.loads(text)
        return LookupKind(kind), str(url), str(subject)
    except (ValueError, TypeError) as error:
        raise MalformedMessage("a lookup is named that never was", where="evidence") from error
