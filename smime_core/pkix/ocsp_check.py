"""Whether OCSP responses say that a certificate was revoked (RFC 6960 sections 3.2 and 4.2.2).

A response must be signed by the certificate's issuer, or by a delegate with a certificate directly from this issuer. No
responder can be configured as trusted (MUSTS 39).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

from smime_core.algorithms import HashName, parse_signature_identifier
from smime_core.errors import LimitExceeded, SmimeError, UnsupportedAlgorithm
from smime_core.pkix.crl_check import read_lists
from smime_core.pkix.evidence import RevocationState
from smime_core.pkix.freshness import Freshness, judge_freshness, was_revoked
from smime_core.pkix.statements import HOLD, TOO_MUCH, RevocationQuestion, Statement, combine, refuse_left_out
from smime_core.x509.certificate import (
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    SUBJECT_ALT_NAME,
    SUBJECT_KEY_IDENTIFIER,
    Certificate,
    KeyUsage,
    names_match,
)
from smime_core.x509.ocsp import CertificateId, CertificateStatus, OcspResponse, SingleResponse, hash_key

OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"
OCSP_NO_CHECK: Final = "1.3.6.1.5.5.7.48.1.5"
_PROCESSED: Final = {
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    OCSP_NO_CHECK,
    SUBJECT_ALT_NAME,
    SUBJECT_KEY_IDENTIFIER,
}
_SOURCE: Final = "ocsp"


async def read_responses(question: RevocationQuestion) -> tuple[list[Statement], set[str]]:
    """Returns (the statements about the certificate, UNKNOWN_REASONS codes of the responses that do not count)."""
    statements: list[Statement] = []
    faults: set[str] = set()
    signed: dict[OcspResponse, str | None] = {}
    certificate_ids: dict[HashName, CertificateId | None] = {}
    if not names_match(question.certificate.issuer_der, question.issuer.subject_der):
        return statements, {"not-authorised"}
    try:
        for response, single in question.evidence.find_responses(question.certificate.serial_number):
            # RFC 6960 section 3.2, item 1: the response must be about this certificate.
            if not _is_about(single, question, certificate_ids):
                faults.add("other-certificate")
                continue
            if response not in signed:
                signed[response] = await _fault_of(response, question)
            fault = signed[response]
            statement = _conclude(single, question) if fault is None else fault
            if isinstance(statement, Statement):
                statements.append(statement)
            else:
                faults.add(statement)
    except LimitExceeded:
        faults.add(TOO_MUCH)
    return statements, faults


def _is_about(
    single: SingleResponse, question: RevocationQuestion, known: dict[HashName, CertificateId | None]
) -> bool:
    hash_name = single.certificate_id.hash_name
    if hash_name not in known:
        try:
            known[hash_name] = CertificateId.of(question.certificate, question.issuer, hash_name=hash_name)
        except UnsupportedAlgorithm:
            known[hash_name] = None
    return known[hash_name] == single.certificate_id


def _conclude(single: SingleResponse, question: RevocationQuestion) -> Statement | str:
    # RFC 6960 section 3.2, items 5 and 6: the times. Returns a code of UNKNOWN_REASONS if the response proves nothing.
    if single.has_unknown_critical:
        return "not-understood"
    freshness = _freshness(single, question)
    if freshness is Freshness.NOT_YET:
        return "not-yet-valid"
    # Section 2.2: the answer `unknown` does not mean `good`.
    if single.status is CertificateStatus.UNKNOWN:
        return "responder-does-not-know"
    is_current = freshness is not Freshness.STALE
    if not is_current and (single.revoked_at is None or single.reason == HOLD):
        return "stale"
    is_revoked = single.revoked_at is not None and was_revoked(
        at=question.at, freshness=freshness, revoked_at=single.revoked_at, reason=single.reason, invalidity_date=None
    )
    return Statement(
        source=_SOURCE,
        this_update=single.this_update,
        next_update=single.next_update,
        revoked_at=single.revoked_at if is_revoked else None,
        reason=single.reason if is_revoked else "",
        is_current=is_current,
    )


def _freshness(single: SingleResponse, question: RevocationQuestion) -> Freshness:
    # Section 4.4.4: the responder still reports on certificates that expired after archiveCutoff.
    not_after, cutoff = question.certificate.not_after, single.archive_cutoff
    return judge_freshness(
        at=question.at,
        evidence=question.evidence,
        this_update=single.this_update,
        next_update=single.next_update,
        remembers=single.this_update <= not_after or (cutoff is not None and cutoff <= not_after),
    )


async def _fault_of(response: OcspResponse, question: RevocationQuestion) -> str | None:
    # Section 3.2, items 2 to 4: the signature, and whether its signer may answer for the issuer.
    if response.has_unknown_critical:
        return "not-understood"
    fault = "not-authorised"
    if not question.issuer.not_before <= response.produced_at <= question.issuer.not_after:
        return fault
    for responder in _responders(response, question):
        responder_fault = await question.find_fault(
            responder.public_key, response.signature_algorithm, response.signature, response.tbs_der
        )
        if responder_fault is None and responder != question.issuer:
            responder_fault = await _fault_of_delegate(responder, response, question)
        if responder_fault is None:
            return None
        fault = responder_fault
    return fault


def _responders(response: OcspResponse, question: RevocationQuestion) -> Iterator[Certificate]:
    # The certificates that responderID may name, the issuer first.
    evidence, name_der, key_hash = question.evidence, response.responder_name_der, response.responder_key_hash
    known = (
        evidence.find_certificates_by_key(key_hash or b"") if name_der is None else evidence.find_certificates(name_der)
    )
    for candidate in dict.fromkeys((question.issuer, *response.certificates, *known)):
        is_key = name_der is None and hash_key(candidate.public_key) == key_hash
        if is_key or (name_der is not None and names_match(candidate.subject_der, name_der)):
            yield candidate


async def _fault_of_delegate(
    responder: Certificate, response: OcspResponse, question: RevocationQuestion
) -> str | None:
    # Section 4.2.2.2: the delegate's certificate comes directly from the issuer, is for OCSP signing, valid and not
    # revoked. No certificate may answer about itself. An authority is no delegate, because many authorities have OCSP
    # signing among their purposes. Such authorities could otherwise answer about themselves and about other
    # certificates of the same issuer.
    moment = max(question.at, response.produced_at)
    is_fit = (
        names_match(responder.issuer_der, question.issuer.subject_der)
        and not responder.is_ca
        and responder.public_key.spki_der != question.certificate.public_key.spki_der
        and OCSP_SIGNING in (responder.extended_key_usage or ())
        and (responder.key_usage is None or bool(responder.key_usage & KeyUsage.DIGITAL_SIGNATURE))
        and responder.not_before <= moment <= responder.not_after
        and not any(extension.critical and extension.oid not in _PROCESSED for extension in responder.extensions)
    )
    if not is_fit:
        return "not-authorised"
    try:
        algorithm = parse_signature_identifier(responder.signature_algorithm_der)
    except SmimeError:
        return "not-authorised"
    key = question.issuer.public_key
    if await question.find_fault(key, algorithm, responder.signature, responder.tbs_der) is not None:
        return "not-authorised"
    return "not-authorised" if await _is_revoked(responder, question) else None


async def _is_revoked(responder: Certificate, question: RevocationQuestion) -> bool:
    # Section 4.2.2.2.1: a delegate's own certificate is looked up only in revocation lists, because responders for
    # responders would form an endless chain. A delegate that is on no list is accepted, because most CAs do not revoke
    # delegates but give them certificates for a few days.
    if any(extension.oid == OCSP_NO_CHECK for extension in responder.extensions):
        return False
    lists = await read_lists(dataclasses.replace(question, certificate=responder))
    status = combine(responder, lists.statements, lists.faults)
    refuse_left_out(status)
    return status.state is RevocationState.REVOKED
