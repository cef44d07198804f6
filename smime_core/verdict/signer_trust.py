"""Who vouches for a signer: the certification path and what is known of it, as doubts and notes for people.

RFC 8550 section 4 and RFC 5280 section 6; the path itself is `pkix`'s. A doubt keeps a signature from being verified, a
note leaves it so. A certificate that was revoked or has expired never makes a signature invalid: the content is what
was signed, and only nobody vouches for the signer any more.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.attributes import SIGNATURE_TIME_STAMP
from smime_core.cades import find_earliest, judge_timestamps
from smime_core.certificate import Certificate
from smime_core.contacts import CertificateChange, find_change
from smime_core.errors import (
    CertificateExpired,
    CertificateRevoked,
    LimitExceeded,
    PathError,
    RevocationUnknown,
    SmimeError,
    UntrustedAnchor,
)
from smime_core.examiner import Examiner
from smime_core.explanation import revocation_text
from smime_core.pkix import (
    PathTrail,
    Purpose,
    RevocationState,
    RevocationStatus,
    TrustStore,
    ValidatedPath,
    validate_path,
)
from smime_core.reasons import reason
from smime_core.report import Reason
from smime_core.signer_info import SignerInfo
from smime_core.times import utc_text
from smime_core.timestamp import Timestamp

# RFC 5280 section 5.3.1: reasons that say nothing against what was signed before. A key that others may have can sign
# with any date.
_HARMLESS_REASONS: Final = frozenset({"affiliationChanged", "superseded", "cessationOfOperation", "privilegeWithdrawn"})
# What does not hold today may have held when a timestamp was made.
_UNDONE_BY_TIME: Final = frozenset(
    {
        "certificate-expired",
        "certificate-expired-since",
        "certificate-revoked",
        "certificate-revoked-since",
        "revocation-unknown",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerTrust:
    """What a certificate is worth as a signer's. `path` and `addresses` are empty where no path holds.

    `timestamp_trails` are the paths of the services whose timestamps stand on the signature.
    """

    doubts: tuple[Reason, ...]
    notes: tuple[Reason, ...] = ()
    path: tuple[Certificate, ...] = ()
    trail: PathTrail | None = None
    addresses: tuple[str, ...] = ()
    timestamp_trails: tuple[PathTrail, ...] = ()


async def judge_trust(
    certificate: Certificate,
    examiner: Examiner,
    *,
    signer: SignerInfo,
    known: tuple[Certificate, ...],
    signing_time: datetime.datetime | None,
) -> SignerTrust:
    """Follow the certificate's path; `known` are the certificates that came along. Raises nothing.

    Where time has undone it, it is followed as of the moment that a timestamp on the signature proves.
    """
    if not examiner.follows_paths:
        return SignerTrust(doubts=(reason("path-not-followed"),))
    try:
        examiner.budget.count_certificate(len(certificate.der))
    except LimitExceeded as error:
        return SignerTrust(doubts=(_as_told(error),))
    trust = await _follow_path(certificate, examiner, known=known, signing_time=signing_time)
    if SIGNATURE_TIME_STAMP in signer.unsigned_attributes and examiner.trust_store.timestamp_anchors:
        trust = await _weigh_timestamps(trust, certificate, examiner, signer, known, signing_time)
    changes = _find_changes(certificate, examiner, trust.addresses or certificate.email_addresses)
    return dataclasses.replace(trust, notes=(*trust.notes, *changes))


async def _weigh_timestamps(
    trust: SignerTrust,
    certificate: Certificate,
    examiner: Examiner,
    signer: SignerInfo,
    known: tuple[Certificate, ...],
    signing_time: datetime.datetime | None,
) -> SignerTrust:
    judged = await judge_timestamps(
        signer,
        trust_store=examiner.trust_store,
        at=examiner.at,
        provider=examiner.provider,
        known=known,
        budget=examiner.budget,
    )
    earliest = find_earliest(judged)
    if earliest is None:
        note = _why_not_counted(judged)
    else:
        proof = {"time": utc_text(earliest.latest), "name": earliest.certificate.common_name}
        detail = "{time}, by {name}".format(**proof)
        note = reason("timestamped", detail=detail, **proof)
        if trust.doubts and all(doubt.code in _UNDONE_BY_TIME for doubt in trust.doubts):
            then = _as_of(examiner, earliest.latest)
            trust = await _follow_path(certificate, then, known=known, signing_time=signing_time)
            note = note if trust.doubts else reason("proved-by-timestamp", detail=detail, **proof)
    return dataclasses.replace(trust, notes=(*trust.notes, note), timestamp_trails=tuple(_trails_of(judged)))


def _why_not_counted(judged: Sequence[Timestamp | SmimeError]) -> Reason:
    beyond = [error for error in judged if isinstance(error, LimitExceeded)]
    if beyond:
        # Told by its own code: it ends the search for paths in this message.
        return _as_told(beyond[0])
    return reason("timestamp-not-counted", text="; ".join(str(error) for error in judged))


def _as_told(error: SmimeError) -> Reason:
    return Reason(code=error.code, sentence=str(error), values=(("text", str(error)),))


def _trails_of(judged: Sequence[Timestamp | SmimeError]) -> Iterable[PathTrail]:
    for one in judged:
        if isinstance(one, Timestamp | PathError) and one.trail is not None:
            yield one.trail


def _as_of(examiner: Examiner, moment: datetime.datetime) -> Examiner:
    store = examiner.trust_store.looking_back_from(examiner.at)
    return dataclasses.replace(examiner, at=min(moment, examiner.at), trust_store=store)


async def _follow_path(
    certificate: Certificate,
    examiner: Examiner,
    *,
    known: tuple[Certificate, ...],
    signing_time: datetime.datetime | None,
) -> SignerTrust:
    try:
        path = await _find_path(certificate, examiner, known, examiner.trust_store, examiner.at)
    except PathError as error:
        return SignerTrust(doubts=(await _doubt(error, certificate, examiner, known, signing_time),), trail=error.trail)
    except SmimeError as error:
        return SignerTrust(doubts=(_as_told(error),))
    doubts: tuple[Reason, ...] = ()
    if signing_time is not None and not certificate.not_before <= signing_time <= certificate.not_after:
        doubts = (
            reason("signing-time-outside-validity", detail=f"{signing_time:%Y-%m-%d}", date=utc_text(signing_time)),
        )
    return SignerTrust(
        doubts=doubts,
        notes=_unknown_revocation(path.trail),
        path=path.certificates,
        trail=path.trail,
        addresses=path.addresses,
    )


async def _find_path(
    certificate: Certificate,
    examiner: Examiner,
    known: tuple[Certificate, ...],
    trust_store: TrustStore,
    at: datetime.datetime,
) -> ValidatedPath:
    return await validate_path(
        certificate,
        intermediates=known,
        trust_store=trust_store,
        at=at,
        purpose=Purpose.SIGN,
        provider=examiner.provider,
        budget=examiner.budget,
    )


async def _doubt(
    error: PathError,
    certificate: Certificate,
    examiner: Examiner,
    known: tuple[Certificate, ...],
    signing_time: datetime.datetime | None,
) -> Reason:
    if isinstance(error, CertificateExpired):
        held = signing_time is not None and await _held_at(certificate, examiner, known, signing_time)
        return reason("certificate-expired-since" if held else error.code, detail=str(error), **_validity_of(error))
    if isinstance(error, CertificateRevoked):
        return _revoked(error, signing_time)
    if isinstance(error, RevocationUnknown):
        return _unknown_revocation(error.trail)[0] if _unknown_revocation(error.trail) else reason(error.code)
    if isinstance(error, UntrustedAnchor) and error.trail is not None and error.trail.anchor is None:
        # What the sentence says need not be said twice.
        return reason(error.code, issuer=error.trail.certificates[-1].issuer)
    return reason(error.code, text=str(error))


def _validity_of(error: CertificateExpired) -> dict[str, str]:
    if error.trail is None:
        return {"text": str(error)}
    certificate = error.trail.certificates[error.trail.steps[-1].position]
    return {
        "name": certificate.common_name,
        "from": utc_text(certificate.not_before),
        "until": utc_text(certificate.not_after),
    }


async def _held_at(
    certificate: Certificate, examiner: Examiner, known: tuple[Certificate, ...], signing_time: datetime.datetime
) -> bool:
    # The signer's own claim of when: good for words, never for a better state (MUSTS 15). Few keep saying whether a
    # certificate was revoked when it has expired.
    try:
        await _find_path(certificate, examiner, known, examiner.trust_store.softened(), signing_time)
    except SmimeError:
        return False
    return signing_time <= examiner.at


def _revoked(error: CertificateRevoked, signing_time: datetime.datetime | None) -> Reason:
    status = next(iter(_statuses(error.trail, RevocationState.REVOKED)), None)
    if status is None:
        return reason(error.code, text=str(error))
    was_good = (
        signing_time is not None
        and status.revoked_at is not None
        and signing_time < status.revoked_at
        and status.reason in _HARMLESS_REASONS
    )
    code = "certificate-revoked-since" if was_good else error.code
    return reason(code, detail=_status_text(status), **_status_values(status))


def _unknown_revocation(trail: PathTrail | None) -> tuple[Reason, ...]:
    # One reason for all certificates of the path.
    unknown = _statuses(trail, RevocationState.UNKNOWN)
    if not unknown:
        return ()
    detail = "; ".join(map(_status_text, unknown))
    return (reason("revocation-unknown", detail=detail, **_status_values(unknown[0])),)


def _statuses(trail: PathTrail | None, state: RevocationState) -> list[RevocationStatus]:
    return [status for status in trail.revocation if status.state is state] if trail else []


def _status_text(status: RevocationStatus) -> str:
    return f"{status.certificate.common_name}: {revocation_text(status)}"


def _status_values(status: RevocationStatus) -> dict[str, str]:
    values = {"name": status.certificate.common_name, "why": status.reason or status.why}
    return {**values, "date": utc_text(status.revoked_at)} if status.revoked_at else values


def _find_changes(certificate: Certificate, examiner: Examiner, addresses: tuple[str, ...]) -> tuple[Reason, ...]:
    changes = (find_change(examiner.contacts, address, certificate) for address in addresses)
    return tuple(_change_reason(change) for change in changes if change is not None)


def _change_reason(change: CertificateChange) -> Reason:
    if change.is_renewal:
        until = change.after.not_after
        detail = f"{change.address}, until {until:%Y-%m-%d}"
        return reason("certificate-renewed", detail=detail, address=change.address, until=utc_text(until))
    before, now = change.before.issuer, change.after.issuer
    by = "by the same authority, for a new key" if change.same_issuer else f"before by {before}, now {now}"
    values = {"address": change.address, "before": before, "now": now}
    return reason("certificate-changed", detail=f"{change.address}, {by}", **values)
