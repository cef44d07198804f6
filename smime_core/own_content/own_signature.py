"""Content that counts only if one of the person's own keys has signed it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from smime_core.asn1.der import Buffer
from smime_core.cms import KeyHolder, Keys
from smime_core.own_content.own_content import ContentKind, examine_content
from smime_core.pkix import RevocationPolicy, TrustAnchor, TrustStore
from smime_core.provider import CryptoProvider
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import Certificate


async def examine_as_own(
    cms: Buffer,
    kind: ContentKind,
    provider: CryptoProvider,
    *,
    identities: Sequence[KeyHolder],
    at: datetime.datetime,
    detached_content: Buffer | None = None,
) -> MessageReport:
    """The report on content of this kind, which is `verified` only if the key of one of `identities` has signed it.

    Content that was signed while the person's certificate was valid still counts after the certificate has expired.
    Raises the errors of `examine_content`.
    """
    # Only these certificates are trusted. Their issuers and the certificates that they issued are not.
    anchors = tuple(TrustAnchor(certificate=holder.certificate, is_exact=True) for holder in identities)
    store, keys = TrustStore(anchors=anchors, revocation=RevocationPolicy.NOT_CHECKED), Keys(identities=identities)

    async def examine(time: datetime.datetime) -> MessageReport:
        judging = Judging(trust_store=store, at=time)
        return await examine_content(cms, kind, judging, provider, keys, detached_content)

    report = await examine(at)
    ended = _find_ended_signer(report, at)
    return report if report.state is State.VERIFIED or ended is None else await examine(ended.not_after)


def _find_ended_signer(report: MessageReport, at: datetime.datetime) -> Certificate | None:
    certificates = (signer.certificate for signer in report.signers)
    return next(
        (certificate for certificate in certificates if certificate is not None and certificate.not_after < at), None
    )
