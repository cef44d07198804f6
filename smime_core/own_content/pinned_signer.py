"""Signed content that counts only if known certificates have signed it: one pinned signer, or the person's own keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from smime_core.asn1.der import Buffer
from smime_core.cms import KeyHolder, Keys, SignerInfo, find_signed_layer, unarmor
from smime_core.cms.signed_data import find_certificate
from smime_core.errors import MalformedMessage, VerificationError
from smime_core.limits import check_limit
from smime_core.own_content.own_content import ContentKind, examine_content
from smime_core.pkix import RevocationPolicy, TrustAnchor, TrustStore
from smime_core.provider import CryptoProvider
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import Certificate


def find_named_signer(cms: Buffer, *, where: str, max_bytes: int) -> Certificate:
    """The certificate of the signer that signed content names, to be pinned or compared. Nothing is verified.

    Raises MalformedMessage, LimitExceeded, ContentTypeMismatch or UnsupportedAlgorithm.
    """
    check_limit(f"bytes of {where}", len(cms), max_bytes)
    signed_data = find_signed_layer(unarmor(cms)).signed_data
    infos = [info for info in signed_data.signer_infos if isinstance(info, SignerInfo)]
    certificate = find_certificate(infos[0].sid, signed_data.certificates) if infos else None
    if certificate is None:
        raise MalformedMessage("it does not carry its signer's certificate", where=where)
    return certificate


async def examine_pinned(
    cms: Buffer,
    kind: ContentKind,
    provider: CryptoProvider,
    signer: Certificate,
    *,
    at: datetime,
    refuse: Callable[[str, MessageReport], VerificationError],
) -> MessageReport:
    """The report on content of this kind that `signer` has signed, judged at the time `at`.

    Only this certificate may sign, not a certificate that it issued. The certificate's revocation is not checked.
    Raises the error that `refuse` makes of the reasons and the report, ContentTypeMismatch or MalformedMessage.
    """
    pinned = TrustAnchor(certificate=signer, is_exact=True)
    store = TrustStore(anchors=(pinned,), revocation=RevocationPolicy.NOT_CHECKED)
    report = await examine_content(cms, kind, Judging(trust_store=store, at=at), provider)
    if report.state is not State.VERIFIED:
        raise refuse("; ".join(reason.sentence for reason in report.reasons), report)
    return report


async def examine_as_own(
    cms: Buffer,
    kind: ContentKind,
    provider: CryptoProvider,
    *,
    identities: Sequence[KeyHolder],
    at: datetime,
    detached_content: Buffer | None = None,
) -> MessageReport:
    """The report on content of this kind, which is `verified` only if the key of one of `identities` has signed it.

    Content that was signed while the person's certificate was valid still counts after the certificate has expired.
    Raises the errors of `examine_content`.
    """
    # Only these certificates are trusted. Their issuers and the certificates that they issued are not.
    anchors = tuple(TrustAnchor(certificate=holder.certificate, is_exact=True) for holder in identities)
    store, keys = TrustStore(anchors=anchors, revocation=RevocationPolicy.NOT_CHECKED), Keys(identities=identities)

    async def examine(time: datetime) -> MessageReport:
        return await examine_content(cms, kind, Judging(trust_store=store, at=time), provider, keys, detached_content)

    report = await examine(at)
    ended = _find_ended_signer(report, at)
    return report if report.state is State.VERIFIED or ended is None else await examine(ended.not_after)


def _find_ended_signer(report: MessageReport, at: datetime) -> Certificate | None:
    certificates = (signer.certificate for signer in report.signers)
    return next(
        (certificate for certificate in certificates if certificate is not None and certificate.not_after < at), None
    )
