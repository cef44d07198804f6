"""The verbs about a person's decisions on certificates. The vault makes and reads decisions; the page keeps them."""

from __future__ import annotations

from smime_core.provider import CryptoProvider
from smime_core.report import certificate_to_json, time_to_json
from smime_core.trust import Decision, DecisionKind, add_decision, build_decisions, find_decision, make_decision
from smime_core.x509 import parse_certificate
from wasm_build.vault.python.requests import Reply, parse_certificates, parse_word, request_class
from wasm_build.vault.python.trust import WithJudging, read_decisions, read_store


@request_class
class MakeDecision(WithJudging):
    certificate: bytes
    kind: str
    addresses: tuple[str, ...]
    intermediates: tuple[bytes, ...] = ()


@request_class
class ListDecisions:
    decisions: bytes


@request_class
class RemoveDecision:
    decisions: bytes
    fingerprint: str


async def decide(request: MakeDecision, provider: CryptoProvider) -> Reply:
    """Returns `{decisions}` with the new decision. Raises DecisionRefused, whose `why` names the reason."""
    store = await read_store(request.judging, provider)
    decision = await make_decision(
        parse_certificate(request.certificate),
        provider,
        kind=parse_word(DecisionKind, request.kind),
        addresses=request.addresses,
        at=request.judging.at,
        trust_store=store,
        intermediates=parse_certificates(request.intermediates),
    )
    return {"decisions": build_decisions(add_decision(read_decisions(request.judging.trust.decisions), decision))}


async def list_decisions(request: ListDecisions, _: CryptoProvider) -> Reply:
    """Returns `{decisions}`: each decision with the facts of its certificate."""
    return {"decisions": [_describe(decision) for decision in read_decisions(request.decisions)]}


async def remove_decision(request: RemoveDecision, _: CryptoProvider) -> Reply:
    """Returns `{decisions}` without the decision on the certificate whose fingerprint begins with the given one.

    Raises DecisionRefused unless exactly one decision matches.
    """
    decisions = read_decisions(request.decisions)
    removed = find_decision(decisions, request.fingerprint)
    return {"decisions": build_decisions([decision for decision in decisions if decision is not removed])}


def _describe(decision: Decision) -> Reply:
    return {
        **certificate_to_json(decision.certificate),
        "certificate": decision.certificate.der,
        "kind": str(decision.kind),
        # The addresses for which the decision holds. They can differ from the addresses in the certificate.
        "acceptedFor": list(decision.addresses),
        "acceptedAt": time_to_json(decision.accepted_at),
    }
