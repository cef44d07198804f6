"""The verbs about the person's own decisions: made and read here, kept by the page as octets."""

from __future__ import annotations

from typing import Any

from smime_core.certificate import parse_certificate
from smime_core.decisions import Decision, DecisionKind, add_decision, find_decision, make_decision
from smime_core.decisions_json import build_decisions
from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider
from smime_core.report_json import certificate_to_json, time_to_json
from wasm_build.requests import parse_certificates, parse_time
from wasm_build.trust import read_decisions, read_store


async def decide(args: dict[str, Any], provider: CryptoProvider) -> dict[str, Any]:
    """`{decisions}` with the one that is made. Raises DecisionRefused with what speaks against it."""
    store = await read_store(args, provider)
    decision = await make_decision(
        parse_certificate(args["certificate"]),
        kind=_parse_kind(args["kind"]),
        addresses=args["addresses"],
        at=parse_time(args["at"]),
        trust_store=store,
        provider=provider,
        intermediates=parse_certificates(args.get("intermediates") or ()),
    )
    return {"decisions": build_decisions(add_decision(read_decisions(args["trust"]), decision))}


async def list_decisions(args: dict[str, Any], provider: CryptoProvider) -> dict[str, Any]:
    """`{decisions}` in words."""
    return {"decisions": [_describe(decision) for decision in read_decisions(args)]}


async def remove_decision(args: dict[str, Any], provider: CryptoProvider) -> dict[str, Any]:
    """`{decisions}` without the one on this certificate. Raises DecisionRefused where there is none."""
    decisions = read_decisions(args)
    removed = find_decision(decisions, args["fingerprint"])
    return {"decisions": build_decisions([decision for decision in decisions if decision is not removed])}


def _parse_kind(word: str) -> DecisionKind:
    try:
        return DecisionKind(word)
    except ValueError as error:
        raise MalformedMessage(f"expected one of {', '.join(DecisionKind)}", where="request") from error


def _describe(decision: Decision) -> dict[str, Any]:
    return {
        **certificate_to_json(decision.certificate),
        "certificate": decision.certificate.der,
        "kind": str(decision.kind),
        # Not the certificate's own: those that it counts for.
        "acceptedFor": list(decision.addresses),
        "acceptedAt": time_to_json(decision.accepted_at),
    }
