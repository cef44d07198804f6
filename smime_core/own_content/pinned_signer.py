"""Signed lists with one pinned signer: the certificate that a list names, and the check that only it has signed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from smime_core.asn1.der import Buffer
from smime_core.cms import SignerInfo, find_signed_layer, unarmor
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
