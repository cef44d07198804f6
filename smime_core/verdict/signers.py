"""The verdict on signers, and the headline over all layers (DESIGN, "The report"; RFC 5652 section 5.6, RFC 8550).

(1) each SignerInfo is judged by itself: structure, signature, certification path; (2) the signers are held against the
displayed From; (3) the headline is never better than the worst doubt. The same code judges messages in memory and in
streams. A verdict belongs to what it covers: layers that cover only a part never lift the whole.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from enum import Enum

from smime_core.authors import Authors
from smime_core.cades import carried_evidence
from smime_core.certificate import Certificate
from smime_core.errors import LimitExceeded, ProviderError, SmimeError, UnsupportedAlgorithm
from smime_core.examiner import Examiner
from smime_core.limits import MAX_SIGNER_CERTIFICATES
from smime_core.mail_address import addresses_match
from smime_core.pkix import NO_EVIDENCE, RevocationPolicy, TrustStore
from smime_core.pkix.dsa_parameters import complete_dsa_key
from smime_core.policy import is_weak_signature
from smime_core.reasons import reason
from smime_core.report import Layer, LayerKind, Reason, SignerReport, State, find_deciding_signers
from smime_core.signed_content import SignedContent
from smime_core.signed_data import SignedData, find_certificate, find_signer_certificates
from smime_core.signer_info import SignerInfo, verify_signer
from smime_core.signer_trust import judge_trust


class Claim(Enum):
    """Whose authorship is claimed beside the signature."""

    FROM_FIELD = "from"
    """The From field of the message; without one nothing is verified."""
    NONE = "none"
    """Nobody's: the signer is who the certificate says (fields, files)."""


async def judge_signers(
    signed_data: SignedData, content: SignedContent, examiner: Examiner, *, known: tuple[Certificate, ...]
) -> tuple[SignerReport, ...]:
    """The verdict on each SignerInfo; `known` are all certificates that the message carried so far."""
    if signed_data.e_content_type not in examiner.signed_types:
        why = reason("content-type-mismatch", oid=signed_data.e_content_type)
        return tuple(broken_signer(info, why) for info in signed_data.signer_infos)
    examiner = _with_carried_evidence(examiner, signed_data)
    reports: list[SignerReport] = []
    for info in signed_data.signer_infos:
        reports.append(await _judge_signer(info, signed_data.e_content_type, content, examiner, known=known))
        if _went_beyond_limits(reports[-1]):
            # All signers share one bag: a hundred of them may cost no hundred searches through a hostile one.
            examiner = dataclasses.replace(examiner, follows_paths=False)
    return tuple(reports)


def _with_carried_evidence(examiner: Examiner, signed_data: SignedData) -> Examiner:
    carried = carried_evidence(signed_data)
    if carried is NO_EVIDENCE:
        return examiner
    store = examiner.trust_store
    return dataclasses.replace(examiner, trust_store=store.with_evidence(store.evidence.merged_with(carried)))


async def _judge_signer(
    info: SignerInfo | SmimeError,
    content_type: str,
    content: SignedContent,
    examiner: Examiner,
    *,
    known: tuple[Certificate, ...],
) -> SignerReport:
    if isinstance(info, SmimeError):
        return broken_signer(info, reason("malformed-message", text=str(info)))
    try:
        # When a signing-certificate attribute names none of them, the one that sid names is refused for it (MUSTS 17).
        certificates = find_signer_certificates(info, known) or tuple(filter(None, [find_certificate(info.sid, known)]))
    except SmimeError as error:
        return broken_signer(info, reason(error.code))
    if not certificates:
        return _doubted_signer(info, reason("signer-certificate-missing"))
    # One key may have been certified several times: the best of what the certificates lead to counts.
    reports: list[SignerReport] = []
    for certificate in certificates[:MAX_SIGNER_CERTIFICATES]:
        reports.append(await _judge_by(info, certificate, content_type, content, examiner, known=known))
        if _went_beyond_limits(reports[-1]):
            break
    return min(reports, key=lambda report: list(State).index(report.state))


def _went_beyond_limits(report: SignerReport) -> bool:
    return any(why.code == LimitExceeded.code for why in report.reasons)


async def _judge_by(
    info: SignerInfo,
    certificate: Certificate,
    content_type: str,
    content: SignedContent,
    examiner: Examiner,
    *,
    known: tuple[Certificate, ...],
) -> SignerReport:
    try:
        examiner.budget.count_signer(certificate.public_key)
        certificate = await complete_dsa_key(certificate, known, provider=examiner.provider, budget=examiner.budget)
    except LimitExceeded as error:
        return _doubted_signer(info, reason(error.code), certificate)
    try:
        signing_time = info.signing_time
        algorithm = await verify_signer(
            info,
            content,
            content_type=content_type,
            certificate=certificate,
            provider=examiner.provider,
            policy=examiner.policy,
        )
    except (UnsupportedAlgorithm, ProviderError) as error:
        return _doubted_signer(info, reason(error.code, text=str(error)), certificate)
    except SmimeError as error:
        return broken_signer(info, reason(error.code), certificate)
    trust = await judge_trust(certificate, examiner, signer=info, known=known, signing_time=signing_time)
    doubts = trust.doubts
    if is_weak_signature(algorithm):
        doubts = (reason("weak-signature", algorithm=algorithm.label), *doubts)
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
        signed_attributes=info.attributes,
        timestamp_trails=trust.timestamp_trails,
    )


def broken_signer(info: SignerInfo | SmimeError, why: Reason, certificate: Certificate | None = None) -> SignerReport:
    """The verdict `invalid` for this reason."""
    return SignerReport(
        state=State.INVALID,
        reasons=(why,),
        sid=str(info.sid) if isinstance(info, SignerInfo) else "unreadable",
        algorithm="",
        certificate=certificate,
        path=(),
        signing_time=None,
    )


def _doubted_signer(info: SignerInfo, why: Reason, certificate: Certificate | None = None) -> SignerReport:
    return dataclasses.replace(broken_signer(info, why, certificate), state=State.SIGNED_UNVERIFIED)


def draw_headline(
    layers: Sequence[Layer], *, claim: Claim, claimed: Authors, trust_store: TrustStore
) -> tuple[State, tuple[Reason, ...]]:
    """One state of five and its reasons, from the layers that cover the whole.

    In triple wrapping (RFC 2634 section 1.1) the inner signatures decide. An outer one that is invalid makes the whole
    invalid; a doubt about it stays at its layer, because anybody could take it off. A message that is signed outside
    its encryption only is never verified once it was opened (RFC 8551 section 3.7).
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
        # A signer whom somebody vouches for, under another's name: "the signature is not the sender's".
        forged = mismatch.code == "sender-mismatch" and not doubts
        return State.INVALID if forged else State.SIGNED_UNVERIFIED, (mismatch, *reasons)
    if doubts or outside:
        return State.SIGNED_UNVERIFIED, reasons
    noted = dict.fromkeys(why for signer in signers for why in signer.reasons)
    anchors = [signer.trail.anchor if signer.trail else None for signer in signers]
    unchecked = any(trust_store.policy_for(anchor) is RevocationPolicy.NOT_CHECKED for anchor in anchors)
    return State.VERIFIED, (*noted, *((reason("revocation-not-checked"),) if unchecked else ()))


def _doubts(signers: Sequence[SignerReport]) -> list[SignerReport]:
    # A second signature of the same person by an algorithm that is unknown here spoils nothing (MUSTS 45): that is how
    # people sign for readers of today and of tomorrow.
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
    # RFC 8550 section 3; exactly one mailbox in From, and only From counts (MUSTS 37).
    if len(claimed.authors) != 1:
        return reason("several-senders" if claimed.authors else "no-sender")
    # What a verified signer is called counts; only when there is none, what the others are called explains the doubt.
    trusted = [signer for signer in signers if signer.state is State.VERIFIED]
    addresses = list(dict.fromkeys(a for signer in trusted or signers for a in _addresses(signer)))
    if any(addresses_match(claimed.authors[0], address) for address in addresses):
        return None
    if any(addresses_match(claimed.authors[0], address) for signer in trusted for address in _all_addresses(signer)):
        # The author's own certificate, from somebody who is not trusted for this address: nobody's forgery.
        return reason("address-not-covered", address=claimed.authors[0])
    if claimed.sender and any(addresses_match(claimed.sender, address) for address in addresses):
        return reason("signed-by-sender-field", address=claimed.sender)
    return (
        reason("sender-mismatch", addresses=", ".join(addresses)) if addresses else reason("no-address-in-certificate")
    )


def _addresses(signer: SignerReport) -> tuple[str, ...]:
    # Of a certificate that holds, what its anchor vouches for; of others, what they are called.
    return signer.addresses if signer.state is State.VERIFIED else _all_addresses(signer)


def _all_addresses(signer: SignerReport) -> tuple[str, ...]:
    return signer.certificate.email_addresses if signer.certificate else ()
