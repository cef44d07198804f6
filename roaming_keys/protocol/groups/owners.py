"""Judge the owner of a group: at first as the author of a signed mail, later by the known certificate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from roaming_keys.protocol.groups.calls import find_wrap
from roaming_keys.protocol.groups.known import known_groups, own_identities
from roaming_keys.protocol.groups.messages import StoredGroup
from roaming_keys.protocol.session import Session
from smime_core.own_content import examine_group_key
from smime_core.pkix import RevocationPolicy, TrustAnchor
from smime_core.provider import CryptoProvider
from smime_core.report import MessageReport, State
from smime_core.trust import Judging
from smime_core.x509 import Certificate

REVOKED: Final = "certificate-revoked"
"""The codes of reasons for a revoked certificate begin with this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerReports:
    """Reports on a group's key: `counting` also trusts the known owner, `by_trust` only what the person trusts.

    The look-ups that `by_trust` names could change both reports.
    """

    counting: MessageReport
    by_trust: MessageReport


async def examine_owner(
    session: Session, id: str, stored: StoredGroup, judging: Judging, provider: CryptoProvider, *, accepted: str = ""
) -> OwnerReports:
    """Return the reports on the owner's signature of the person's group key. Pass `counting` to `read_group_key`.

    The owner's known certificate is trusted. So is the certificate with the fingerprint `accepted`, which the person
    has accepted. A revoked certificate is never trusted. Raises ServerLies, NoMatchingRecipient, DecryptionError or
    MalformedMessage.
    """
    wrap, identities = find_wrap(stored, session.account_id.user), own_identities(session.opened)
    known = known_groups(session.opened.state).get(id)
    by_trust = await examine_group_key(wrap, judging, provider, identities=identities)
    pinned = [] if known is None else [known.certificate]
    pinned += [certificate for certificate in _signers_of(by_trust) if certificate.fingerprint == accepted]
    if not pinned or by_trust.state is State.VERIFIED or _is_revoked(by_trust):
        return OwnerReports(counting=by_trust, by_trust=by_trust)
    counting = await examine_group_key(wrap, _trusting(judging, pinned), provider, identities=identities)
    return OwnerReports(counting=counting, by_trust=by_trust)


def _signers_of(report: MessageReport) -> list[Certificate]:
    return [signer.certificate for signer in report.signers if signer.certificate is not None]


def _is_revoked(report: MessageReport) -> bool:
    return any(why.code.startswith(REVOKED) for signer in report.signers for why in signer.reasons)


def _trusting(judging: Judging, certificates: list[Certificate]) -> Judging:
    pinned = (
        TrustAnchor(certificate=certificate, is_exact=True, revocation=RevocationPolicy.NOT_CHECKED)
        for certificate in certificates
    )
    store = judging.trust_store
    return replace(judging, trust_store=replace(store, anchors=(*pinned, *store.anchors)))
