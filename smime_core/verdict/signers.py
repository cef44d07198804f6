"""The verdict on signers, and the headline over all layers (RFC 5652 section 5.6, RFC 8550).

(1) Each SignerInfo is judged by itself: structure, signature, certification path. (2) The signers are compared with the
displayed From. (3) The headline, one state for the whole message, is chosen. If there is any doubt, the state is not
VERIFIED. The same code judges messages in memory and in streams. A verdict applies to the content that its signature
covers. A layer around one part of a message never improves the verdict on the whole.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from enum import Enum
from typing import Final

from smime_core.algorithms import SignatureAlgorithm
from smime_core.cades import carried_evidence
from smime_core.cms.content_info import ID_DATA, is_own_type
from smime_core.cms.signed_content import SignedContent
from smime_core.cms.signed_data import SignedData, find_certificate, find_signer_certificates
from smime_core.cms.signer_info import SignerInfo, verify_signer
from smime_core.errors import (
    LimitExceeded,
    MalformedMessage,
    MessageDigestMismatch,
    ProviderError,
    SmimeError,
    UnsupportedAlgorithm,
)
from smime_core.limits import MAX_SIGNER_CERTIFICATES
from smime_core.pkix import NO_EVIDENCE, RevocationPolicy, TrustStore
from smime_core.pkix.dsa_parameters import complete_dsa_key
from smime_core.policy import find_weakness, is_weak_signature
from smime_core.report.reasons import reason
from smime_core.report.report import (
    NO_VALUES,
    LayerKind,
    LayerReport,
    Reason,
    SignerReport,
    State,
    find_deciding_signers,
)
from smime_core.text.mail_address import addresses_match
from smime_core.verdict.authors import Authors, find_mismatch
from smime_core.verdict.examiner import Examiner
from smime_core.verdict.layer_certificates import LayerCertificates, complete_certificates
from smime_core.verdict.signer_trust import SignerTrust, judge_trust
from smime_core.x509.certificate import Certificate

UNREADABLE: Final = "unreadable"
"""The `sid` in the report on a SignerInfo that cannot be read."""


class Claim(Enum):
    """The claim about the author with which the signature is compared."""

    FROM_FIELD = "from"
    """The From field of the message. A message without an author is never verified."""
    NONE = "none"
    """No claim, as for fields and files: the author is the person whom the certificate names."""


async def judge_signers(
    signed_data: SignedData, content: SignedContent, examiner: Examiner, known: tuple[Certificate, ...]
) -> tuple[SignerReport, ...]:
    """The verdict on each SignerInfo. `known` are all certificates that were found in the message so far.

    If the message lacks a certificate of the signer or the path, `examiner.judging` may have the certificate.
    """
    is_expected = examiner.expects_signed(signed_data.e_content_type)
    why = reason("content-type-mismatch", {"oid": signed_data.e_content_type})
    if not is_expected and (ID_DATA not in examiner.signed_types or is_own_type(signed_data.e_content_type)):
        return tuple(broken_signer(info, why) for info in signed_data.signer_infos)
    examiner = _with_carried_evidence(examiner, signed_data)
    # All signers share one tuple, because the pool of a path search is found by this tuple.
    certificates_of_layer = complete_certificates(known, signed_data.signer_infos, examiner.judging)
    reports: list[SignerReport] = []
    for info in signed_data.signer_infos:
        report = await _judge_signer(info, signed_data, content, examiner, certificates_of_layer)
        # A genuine signature over content that is not mail is no signature of the mail.
        reports.append(report if is_expected else with_doubt(report, why))
        if _went_beyond_limits(reports[-1]):
            # All signers share the certificates of the message. If the certificates are hostile, each further signer
            # would cause another costly search.
            examiner = dataclasses.replace(examiner, follows_paths=False)
    return tuple(reports)


def with_doubt(report: SignerReport, why: Reason) -> SignerReport:
    """The report with a doubt in the first place, which keeps the signer from being verified."""
    if report.state is State.INVALID:
        return report
    return dataclasses.replace(report, state=State.SIGNED_UNVERIFIED, reasons=(why, *report.reasons))


def _with_carried_evidence(examiner: Examiner, signed_data: SignedData) -> Examiner:
    carried = carried_evidence(signed_data)
    if carried is NO_EVIDENCE:
        return examiner
    store = examiner.judging.trust_store
    store = store.with_evidence(store.evidence.merged_with(carried))
    return dataclasses.replace(examiner, judging=dataclasses.replace(examiner.judging, trust_store=store))


def with_note(report: SignerReport, note: Reason) -> SignerReport:
    """The report with a note in the last place, which changes no state."""
    return dataclasses.replace(report, reasons=(*report.reasons, note))


async def _judge_signer(
    info: SignerInfo | SmimeError,
    signed_data: SignedData,
    content: SignedContent,
    examiner: Examiner,
    certificates_of_layer: LayerCertificates,
) -> SignerReport:
    if isinstance(info, SmimeError):
        # A SignerInfo that cannot be read is no evidence that the content was altered.
        return unread_signer(info)
    known = certificates_of_layer.carried
    try:
        certificates = find_signer_certificates(info, known)
        others = () if certificates else find_signer_certificates(info, certificates_of_layer.signers)
        if not others:
            # If no certificate matches the signing-certificate attribute, the certificate that sid names is used. The
            # verification with it then fails with the right reason (MUSTS 17).
            certificates = certificates or tuple(filter(None, [find_certificate(info.sid, known)]))
    except SmimeError as error:
        return broken_signer(info, reason(error.code))
    # One key may have been certified several times. The best verdict by any of these certificates counts.
    reports: list[SignerReport] = []
    for certificate in (certificates or others)[:MAX_SIGNER_CERTIFICATES]:
        reports.append(
            await _judge_by(info, certificate, signed_data.e_content_type, content, examiner, certificates_of_layer.all)
        )
        if _went_beyond_limits(reports[-1]):
            break
    if not certificates:
        reports = [_judged_by_other(info, report, signed_data) for report in reports] or [_missing(info, signed_data)]
    return min(reports, key=lambda report: list(State).index(report.state))


def _judged_by_other(info: SignerInfo, report: SignerReport, signed_data: SignedData) -> SignerReport:
    # The certificate is not in the message, and others may have the same name. So a signature that fails with this
    # certificate proves nothing. But if the content does not have the signed digest, the signature fails with every
    # key.
    if report.info is not None or _went_beyond_limits(report):
        return report
    is_altered = report.reasons[0].code == MessageDigestMismatch.code
    return broken_signer(info, report.reasons[0]) if is_altered else _missing(info, signed_data)


def _missing(info: SignerInfo, signed_data: SignedData) -> SignerReport:
    problems = [certificate.problem for certificate in signed_data.unreadable if certificate.may_be(info.sid)]
    missing = "certificate-unreadable" if problems else "signer-certificate-missing"
    return _doubted_signer(info, reason(missing, {"text": problems[0]} if problems else NO_VALUES))


def _went_beyond_limits(report: SignerReport) -> bool:
    return any(why.code == LimitExceeded.code for why in report.reasons)


async def _judge_by(
    info: SignerInfo,
    certificate: Certificate,
    content_type: str,
    content: SignedContent,
    examiner: Examiner,
    known: tuple[Certificate, ...],
) -> SignerReport:
    try:
        examiner.budget.count_signer(certificate.public_key)
        certificate = await complete_dsa_key(certificate, known, provider=examiner.provider, budget=examiner.budget)
    except LimitExceeded as error:
        return _doubted_signer(info, reason(error.code), certificate)
    try:
        algorithm = await verify_signer(info, content, examiner.provider, certificate, content_type, examiner.policy)
    except (UnsupportedAlgorithm, ProviderError) as error:
        return _doubted_signer(info, reason(error.code, {"text": str(error)}), certificate)
    except SmimeError as error:
        return broken_signer(info, reason(error.code), certificate)
    doubts: tuple[Reason, ...] = ()
    try:
        signing_time = info.signing_time
    except MalformedMessage as error:
        # RFC 5652 section 11.3: the time is only the signer's claim, so a damaged time is no evidence against the
        # content.
        signing_time, doubts = None, (reason("signing-time-unreadable", {"text": str(error)}),)
    trust = await judge_trust(certificate, examiner, info, known, signing_time)
    if doubts:
        trust = dataclasses.replace(trust, doubts=(*doubts, *trust.doubts))
    return _trusted_signer(info, certificate, algorithm, trust, signing_time)


def _trusted_signer(
    info: SignerInfo,
    certificate: Certificate,
    algorithm: SignatureAlgorithm,
    trust: SignerTrust,
    signing_time: datetime.datetime | None,
) -> SignerReport:
    # The verdict on a signature that verifies, from the trust in its signer.
    doubts = trust.doubts
    if is_weak_signature(algorithm, certificate.public_key):
        doubts = (reason("weak-signature", {"algorithm": algorithm.label}), *doubts)
    weakness = find_weakness(certificate.public_key)
    if weakness is not None and not _is_accepted(trust):
        doubts = (reason("weak-key", {"key": weakness}), *doubts)
    notes = (*trust.notes, *map(reason, () if doubts else info.tolerances))
    return SignerReport(
        state=State.SIGNED_UNVERIFIED if doubts else State.VERIFIED,
        reasons=(*doubts, *notes),
        sid=str(info.sid),
        algorithm=algorithm.label,
        certificate=certificate,
        path=trust.path,
        signing_time=signing_time,
        trail=trust.trail,
        addresses=trust.addresses,
        info=info,
        timestamp_trails=trust.timestamp_trails,
    )


def _is_accepted(trust: SignerTrust) -> bool:
    # The user or the organisation has decided to trust exactly this certificate, even if its key is weak.
    anchor = None if trust.trail is None else trust.trail.anchor
    return anchor is not None and anchor.is_exact


def broken_signer(info: SignerInfo | SmimeError, why: Reason, certificate: Certificate | None = None) -> SignerReport:
    """The report on a signer with the verdict INVALID and this reason."""
    return SignerReport(
        state=State.INVALID,
        reasons=(why,),
        sid=str(info.sid) if isinstance(info, SignerInfo) else UNREADABLE,
        algorithm="",
        certificate=certificate,
        path=(),
        signing_time=None,
    )


def unread_signer(error: SmimeError) -> SignerReport:
    """The report on a signer whose SignerInfo, or whose whole signature, cannot be read."""
    return _doubted_signer(error, reason("malformed-message", {"text": str(error)}))


def _doubted_signer(info: SignerInfo | SmimeError, why: Reason, certificate: Certificate | None = None) -> SignerReport:
    return dataclasses.replace(broken_signer(info, why, certificate), state=State.SIGNED_UNVERIFIED)


def draw_headline(
    layers: Sequence[LayerReport], claim: Claim, claimed: Authors, trust_store: TrustStore
) -> tuple[State, tuple[Reason, ...]]:
    """Returns (one of the five states, its reasons), from the layers that cover the whole message.

    In triple wrapping (RFC 2634 section 1.1) the inner signatures decide. An invalid outer signature makes the whole
    invalid. A doubt about an outer signature is reported only at its layer, because anybody could remove that layer. A
    message that is signed only outside its encryption is never verified after decryption (RFC 8551 section 3.7).
    """
    layers = [layer for layer in layers if layer.covers_whole]
    signers = [signer for layer in layers for signer in layer.signers]
    if not signers:
        if any(layer.kind is LayerKind.ENCRYPTED for layer in layers):
            return State.ENCRYPTED_ONLY, ()
        is_bag = any(layer.kind is LayerKind.CERTIFICATES for layer in layers)
        return State.PLAIN, (reason("certificates-only"),) if is_bag else ()
    invalid = [signer for signer in signers if signer.state is State.INVALID]
    if invalid:
        return State.INVALID, tuple(dict.fromkeys(why for signer in invalid for why in signer.reasons))
    inside = find_deciding_signers(layers)
    outside = () if inside else (reason("signed-outside-encryption"),)
    signers = list(inside or signers)
    doubts = _doubts(signers)
    reasons = (*outside, *dict.fromkeys(why for signer in doubts for why in signer.reasons))
    mismatch = _author_mismatch(signers, claimed) if claim is Claim.FROM_FIELD else None
    if mismatch is not None:
        # The signer is trusted but has another address than the sender, so the signature is not the sender's.
        forged = mismatch.code == "sender-mismatch" and not doubts
        return State.INVALID if forged else State.SIGNED_UNVERIFIED, (mismatch, *reasons)
    if doubts or outside:
        return State.SIGNED_UNVERIFIED, reasons
    noted = dict.fromkeys(why for signer in signers for why in signer.reasons)
    anchors = [signer.trail.anchor if signer.trail else None for signer in signers]
    unchecked = any(trust_store.policy_for(anchor) is RevocationPolicy.NOT_CHECKED for anchor in anchors)
    return State.VERIFIED, (*noted, *((reason("revocation-not-checked"),) if unchecked else ()))


def _doubts(signers: Sequence[SignerReport]) -> list[SignerReport]:
    # A second signature by the same person with an unknown algorithm is no doubt (MUSTS 45), because people sign with
    # two algorithms to reach old and new programs.
    verified = {a for signer in signers if signer.state is State.VERIFIED for a in _addresses(signer)}
    return [
        signer
        for signer in signers
        if signer.state is not State.VERIFIED
        and not (
            verified.intersection(_addresses(signer))
            and all(why.code in ("unsupported-algorithm", "unsupported-by-provider") for why in signer.reasons)
        )
    ]


def _author_mismatch(signers: Sequence[SignerReport], claimed: Authors) -> Reason | None:
    # The addresses of verified signers count. If no signer is verified, the addresses of the others explain the doubt.
    trusted = [signer for signer in signers if signer.state is State.VERIFIED]
    judged = trusted or [signer for signer in signers if signer.certificate is not None]
    if not judged and len(claimed.authors) == 1:
        # The addresses of a missing certificate are unknown.
        return None
    mismatch = find_mismatch(
        claimed, list(dict.fromkeys(a for judged_signer in judged for a in _addresses(judged_signer)))
    )
    if mismatch is None or len(claimed.authors) != 1:
        return mismatch
    if any(addresses_match(claimed.authors[0], address) for signer in trusted for address in _all_addresses(signer)):
        # The certificate has the author's address, but its anchor is not trusted for this address. Such a signature is
        # no forgery.
        return reason("address-not-covered", {"address": claimed.authors[0]})
    return mismatch


def _addresses(signer: SignerReport) -> tuple[str, ...]:
    # For a verified signer, returns the addresses for which the anchor is trusted. For others, returns all addresses of
    # the certificate.
    return signer.addresses if signer.state is State.VERIFIED else _all_addresses(signer)


def _all_addresses(signer: SignerReport) -> tuple[str, ...]:
    return signer.certificate.email_addresses if signer.certificate else ()
