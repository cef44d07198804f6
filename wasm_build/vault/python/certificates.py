"""The verbs that describe certificates, judge them, and read them from a file, and those about a person's decisions.

The vault makes and reads decisions on certificates; the page keeps them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from smime_core.errors import PathError, SmimeError
from smime_core.pkix import PathRules, Purpose, check_end_entity, validate_path
from smime_core.provider import CryptoProvider
from smime_core.report import certificate_to_json, describe_certificate, page_to_json, reasons_to_json, time_to_json
from smime_core.trust import (
    CertificateChange,
    Decision,
    DecisionKind,
    Issuers,
    LeftOut,
    add_decision,
    build_decisions,
    explain_path_error,
    find_decision,
    has_receiving_key,
    make_decision,
    parse_people_file,
)
from smime_core.x509 import Certificate, parse_certificate
from wasm_build.vault.python.requests import Reply, parse_certificates, parse_word, request_class
from wasm_build.vault.python.trust import WithJudging, read_decisions, read_store

_PURPOSES: Final = {"sign": Purpose.SIGN, "seal": Purpose.ENCRYPT}


@request_class
class DescribeCertificates(WithJudging):
    certificates: tuple[bytes, ...]


@request_class
class ShowCertificate:
    certificate: bytes


@request_class
class ReadCertificates:
    file: bytes


async def describe_certificates(request: DescribeCertificates, provider: CryptoProvider) -> Reply:
    """Returns `{certificates}`: the facts; `usable`, whether mail can be encrypted for it; `reason`, why it cannot."""
    certificates = parse_certificates(request.certificates)
    rules = PathRules(await read_store(request.judging, provider), request.judging.at, known=certificates)
    described: list[Reply] = []
    for certificate in certificates:
        reason: Reply | None = None
        try:
            await validate_path(certificate, Purpose.ENCRYPT, rules, provider)
        except PathError as error:
            (reason,) = reasons_to_json((explain_path_error(error, certificate, rules.at),))
        described.append({**describe(certificate), "usable": reason is None, "reason": reason})
    return {"certificates": described}


async def show_certificate(request: ShowCertificate, _: CryptoProvider) -> Reply:
    """Returns `{title, rows}`: all facts of a certificate."""
    return page_to_json(describe_certificate(parse_certificate(request.certificate)))


async def read_certificate_file(request: ReadCertificates, _: CryptoProvider) -> Reply:
    """Returns `{certificates, leftOut}` of a file in any form of `smime_core.trust.people_files`.

    Each certificate has its purposes, and its `intermediates` in the file. A certificate that has other addresses than
    the person in its entry of the file is only in `leftOut`.
    """
    file = parse_people_file(request.file)
    issuers, people = Issuers(file.authorities), {person.certificate for person in file.people}
    foreign = {omission.certificate for omission in file.left_out if omission.reason.code == "other-address"} - people
    return {
        "certificates": [
            {**describe(certificate), "intermediates": [issuer.der for issuer in issuers.find_above(certificate)]}
            for certificate in file.certificates
            if certificate not in foreign
        ],
        "leftOut": describe_left_out(file.left_out),
    }


def describe_left_out(left_out: Iterable[LeftOut]) -> list[Reply]:
    """The certificates of a file that are not imported: `{name, reason}`."""
    return [{"name": omission.name, "reason": reasons_to_json((omission.reason,))[0]} for omission in left_out]


def describe_change(change: CertificateChange) -> Reply:
    """The change of a contact's certificate, with the facts of the old and the new certificate."""
    return {
        "address": change.address,
        "before": describe_shortly(change.before),
        "after": describe_shortly(change.after),
        "sameIssuer": change.same_issuer,
        "sameKey": change.same_key,
        "isRenewal": change.is_renewal,
    }


def describe(certificate: Certificate) -> Reply:
    """The facts of a certificate, its bytes, and its `purposes`: "sign", "seal" (encryption), both or neither."""
    return {
        **describe_shortly(certificate),
        "purposes": [word for word, purpose in _PURPOSES.items() if _may(certificate, purpose)],
    }


def describe_shortly(certificate: Certificate) -> Reply:
    """The facts of a certificate, and its bytes."""
    return {**certificate_to_json(certificate), "certificate": certificate.der}


def may_receive(certificate: Certificate) -> bool:
    """Whether mail can be encrypted for this certificate."""
    return _may(certificate, Purpose.ENCRYPT)


def _may(certificate: Certificate, purpose: Purpose) -> bool:
    try:
        check_end_entity(certificate, purpose)
    except SmimeError:
        # The certificate does not allow the purpose, or it has extensions that cannot be parsed.
        return False
    return purpose is Purpose.SIGN or has_receiving_key(certificate)


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
    return {"decisions": [_describe_decision(decision) for decision in read_decisions(request.decisions)]}


async def remove_decision(request: RemoveDecision, _: CryptoProvider) -> Reply:
    """Returns `{decisions}` without the decision on the certificate whose fingerprint begins with the given one.

    Raises DecisionRefused unless exactly one decision matches.
    """
    decisions = read_decisions(request.decisions)
    removed = find_decision(decisions, request.fingerprint)
    return {"decisions": build_decisions([decision for decision in decisions if decision is not removed])}


def _describe_decision(decision: Decision) -> Reply:
    return {
        **certificate_to_json(decision.certificate),
        "certificate": decision.certificate.der,
        "kind": str(decision.kind),
        # The addresses for which the decision holds. They can differ from the addresses in the certificate.
        "acceptedFor": list(decision.addresses),
        "acceptedAt": time_to_json(decision.accepted_at),
    }
