"""The `trust` argument of the verbs that judge: whom the person relies on, what that demands, and what was looked up.

The page holds it and the vault makes a TrustStore of it; what the evidence says is validated there like all else.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, TypeVar

from smime_core.certificate import parse_certificate
from smime_core.decisions import Decision, decision_anchors
from smime_core.decisions_json import parse_decisions
from smime_core.errors import MalformedMessage, TrustListRefused
from smime_core.pkix import Evidence, Lookup, LookupKind, RevocationPolicy, TrustAnchor, TrustSource, TrustStore
from smime_core.pkix.evidence import LookupKey, parse_evidence
from smime_core.provider import CryptoProvider
from smime_core.roots import mozilla_anchors
from smime_core.trust_list import parse_followed_list
from wasm_build.requests import parse_time

Word = TypeVar("Word", RevocationPolicy, TrustSource)


def parse_trust(trust: dict[str, Any]) -> TrustStore:
    """The TrustStore of `{anchors, timestampAnchors, decisions, mozilla, revocation, evidence}`.

    Without a policy revocation has to be known. Raises MalformedMessage.
    """
    own = tuple(_parse_anchor(one) for one in trust["anchors"]) + decision_anchors(read_decisions(trust))
    return TrustStore(
        # The person's and the operator's first: they know the people.
        anchors=own + (mozilla_anchors() if trust.get("mozilla") else ()),
        revocation=_parse_word(RevocationPolicy, trust.get("revocation") or RevocationPolicy.REQUIRED),
        evidence=_parse_evidence(trust.get("evidence") or {}),
        timestamp_anchors=tuple(_parse_anchor(one) for one in trust.get("timestampAnchors") or ()),
    )


async def read_store(args: dict[str, Any], provider: CryptoProvider) -> TrustStore:
    """The TrustStore of a request's `trust`, with what the list of an organisation says that it follows.

    A list that counts has its policy on revocation for its own anchors, and its requirements; one that has ended or was
    put back counts for nothing, which `trust.follow` tells. Raises MalformedMessage or LimitExceeded.
    """
    store, given = parse_trust(args["trust"]), args["trust"].get("followed")
    if not given:
        return store
    try:
        trust_list = await parse_followed_list(given).open(provider=provider, at=parse_time(args["at"]))
    except TrustListRefused:
        return store
    return dataclasses.replace(
        store,
        anchors=(*trust_list.trust_store.anchors, *store.anchors),
        requirements=trust_list.requirements,
    )


def read_decisions(holder: dict[str, Any]) -> tuple[Decision, ...]:
    """The person's decisions in `trust` or a request, none where it has none. Raises MalformedMessage."""
    given = holder.get("decisions")
    return parse_decisions(given) if given else ()


def _parse_anchor(anchor: dict[str, Any]) -> TrustAnchor:
    distrust_after, accepted_at = anchor.get("distrustAfter"), anchor.get("acceptedAt")
    return TrustAnchor(
        certificate=parse_certificate(anchor["certificate"]),
        source=_parse_word(TrustSource, anchor.get("source") or TrustSource.GIVEN),
        addresses=tuple(anchor.get("addresses") or ()),
        is_exact=bool(anchor.get("exact")),
        distrust_after=parse_time(distrust_after) if distrust_after else None,
        accepted_at=parse_time(accepted_at) if accepted_at else None,
    )


def _parse_word(words: type[Word], given: str) -> Word:
    try:
        return words(given)
    except ValueError as error:
        known = ", ".join(words)
        raise MalformedMessage(f"expected one of {known}", where="trust") from error


def _parse_evidence(evidence: dict[str, Any]) -> Evidence:
    parsed = parse_evidence(
        revocation_lists=evidence.get("crls") or (),
        ocsp_responses=evidence.get("ocsp") or (),
        certificates=evidence.get("certificates") or (),
    )
    asked, unavailable = (
        frozenset(map(parse_lookup_id, evidence.get(name) or ())) for name in ("asked", "unavailable")
    )
    return dataclasses.replace(parsed, asked=asked | unavailable, unavailable=unavailable)


def lookup_id(lookup: Lookup) -> str:
    """What names a lookup in replies and in the `asked` and `unavailable` of the next request."""
    return json.dumps(lookup.key)


def parse_lookup_id(text: str) -> LookupKey:
    """The reverse of `lookup_id`. Raises MalformedMessage."""
    try:
        kind, url, subject = json.loads(text)
        return LookupKind(kind), str(url), str(subject)
    except (ValueError, TypeError) as error:
        raise MalformedMessage("a lookup is named that never was", where="evidence") from error
