"""The trust in a signer: the certification path and its revocation status, as doubts and notes for people.

RFC 8550 section 4 and RFC 5280 section 6. `pkix` checks the path. A signature with a doubt is never VERIFIED. A note
does not change the state. A revoked or expired certificate never makes a signature INVALID. The content is unchanged
since it was signed, but no authority vouches for the signer any more.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.cades import find_earliest, judge_timestamps
from smime_core.cms.attributes import SIGNATURE_TIME_STAMP
from smime_core.cms.signer_info import SignerInfo
from smime_core.errors import (
    CertificateExpired,
    CertificateRevoked,
    LimitExceeded,
    PathError,
    RevocationUnknown,
    SmimeError,
    UntrustedAnchor,
)
from smime_core.pkix import (
    PathRules,
    PathTrail,
    Purpose,
    RevocationState,
    RevocationStatus,
    ValidatedPath,
    trail_of,
    validate_path,
)
from smime_core.report.path_tree import revocation_text
from smime_core.report.reasons import reason
from smime_core.report.report import Reason
from smime_core.text.times import utc_text
from smime_core.timestamp import Timestamp
from smime_core.trust.certificate_change import CertificateChange
from smime_core.trust.contacts import find_change
from smime_core.verdict.examiner import Examiner
from smime_core.x509.certificate import Certificate

# RFC 5280 section 5.3.1: reasons for a revocation that say nothing against earlier signatures. keyCompromise is
# missing, because a thief of a key can sign with any date.
_HARMLESS_REASONS: Final = frozenset({"affiliationChanged", "superseded", "cessationOfOperation", "privilegeWithdrawn"})
# Doubts whose cause may have arisen after a timestamp was made.
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
    """The trust in a signer's certificate. `path` and `addresses` are empty if there is no valid path.

    `timestamp_trails` are the records of the paths of timestamp services, for the timestamps on the signature.
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
    signer: SignerInfo,
    known: tuple[Certificate, ...],
    signing_time: datetime.datetime | None,
) -> SignerTrust:
    """Judge the path of the signer's certificate. `known` are the certificates in the message. Never raises SmimeError.

    If the path is no longer valid, it is judged at the time that a timestamp on the signature proves.
    """
    if not examiner.follows_paths:
        return SignerTrust(doubts=(reason("path-not-followed"),))
    try:
        examiner.budget.count_certificate(len(certificate.der))
    except LimitExceeded as error:
        return SignerTrust(doubts=(_reason_of_error(error),))
    rules = PathRules(examiner.judging.trust_store, examiner.judging.at, known=known)
    trust = await _follow_path(certificate, examiner, rules, signing_time)
    if SIGNATURE_TIME_STAMP in signer.unsigned_attributes and rules.trust_store.timestamp_anchors:
        trust = await _weigh_timestamps(trust, certificate, examiner, rules, signer, signing_time)
    changes = _find_changes(certificate, examiner, trust.addresses or certificate.email_addresses)
    return dataclasses.replace(trust, notes=(*trust.notes, *changes)) if changes else trust


async def _weigh_timestamps(
    trust: SignerTrust,
    certificate: Certificate,
    examiner: Examiner,
    rules: PathRules,
    signer: SignerInfo,
    signing_time: datetime.datetime | None,
) -> SignerTrust:
    judged = await judge_timestamps(signer, rules, examiner.provider, budget=examiner.budget)
    earliest = find_earliest(judged)
    if earliest is None:
        note = _why_not_counted(judged)
    else:
        proof = {"time": utc_text(earliest.latest), "name": earliest.certificate.common_name}
        detail = "{time}, by {name}".format(**proof)
        note = reason("timestamped", proof, detail)
        if trust.doubts and all(doubt.code in _UNDONE_BY_TIME for doubt in trust.doubts):
            trust = await _follow_path(certificate, examiner, _as_of(rules, earliest.latest), signing_time)
            note = note if trust.doubts else reason("proved-by-timestamp", proof, detail)
    return dataclasses.replace(trust, notes=(*trust.notes, note), timestamp_trails=tuple(_trails_of(judged)))


def _why_not_counted(judged: Sequence[Timestamp | SmimeError]) -> Reason:
    beyond = [error for error in judged if isinstance(error, LimitExceeded)]
    if beyond:
        # The code is that of LimitExceeded, because `judge_signers` validates no further paths after that code.
        return _reason_of_error(beyond[0])
    return reason("timestamp-not-counted", {"text": "; ".join(str(error) for error in judged)})


def _reason_of_error(error: SmimeError) -> Reason:
    return Reason(code=error.code, sentence=str(error), values=(("text", str(error)),))


def _trails_of(judged: Sequence[Timestamp | SmimeError]) -> Iterable[PathTrail]:
    for result in judged:
        if isinstance(result, Timestamp) and result.trail is not None:
            yield result.trail
        elif isinstance(result, PathError) and (trail := trail_of(result)) is not None:
            yield trail


def _as_of(rules: PathRules, moment: datetime.datetime) -> PathRules:
    store = rules.trust_store.looking_back_from(rules.at)
    return dataclasses.replace(rules, at=min(moment, rules.at), trust_store=store)


async def _follow_path(
    certificate: Certificate, examiner: Examiner, rules: PathRules, signing_time: datetime.datetime | None
) -> SignerTrust:
    try:
        path = await _find_path(certificate, examiner, rules)
    except PathError as error:
        doubt = await _doubt(error, certificate, examiner, rules, signing_time)
        return SignerTrust(doubts=(doubt,), trail=trail_of(error))
    except SmimeError as error:
        return SignerTrust(doubts=(_reason_of_error(error),))
    doubts: tuple[Reason, ...] = ()
    if signing_time is not None and not certificate.not_before <= signing_time <= certificate.not_after:
        doubts = (
            reason("signing-time-outside-validity", {"date": utc_text(signing_time)}, f"{signing_time:%Y-%m-%d}"),
        )
    return SignerTrust(
        doubts=doubts,
        notes=_unknown_revocation(path.trail),
        path=path.certificates,
        trail=path.trail,
        addresses=path.addresses,
    )


async def _find_path(certificate: Certificate, examiner: Examiner, rules: PathRules) -> ValidatedPath:
    return await validate_path(certificate, Purpose.SIGN, rules, examiner.provider, budget=examiner.budget)


async def _doubt(
    error: PathError,
    certificate: Certificate,
    examiner: Examiner,
    rules: PathRules,
    signing_time: datetime.datetime | None,
) -> Reason:
    trail = trail_of(error)
    if isinstance(error, CertificateExpired):
        was_valid = signing_time is not None and await _held_at(certificate, examiner, rules, signing_time)
        return reason("certificate-expired-since" if was_valid else error.code, _validity_of(error), str(error))
    if isinstance(error, CertificateRevoked):
        return _revoked(error, signing_time)
    if isinstance(error, RevocationUnknown):
        return _unknown_revocation(trail)[0] if _unknown_revocation(trail) else reason(error.code)
    if isinstance(error, UntrustedAnchor) and trail is not None and trail.anchor is None:
        # The sentence of this reason says the same as the error's text, so the text is left out.
        return reason(error.code, {"issuer": trail.certificates[-1].issuer})
    return reason(error.code, {"text": str(error)})


def _validity_of(error: CertificateExpired) -> dict[str, str]:
    trail = trail_of(error)
    if trail is None:
        return {"text": str(error)}
    certificate = trail.certificates[trail.steps[-1].position]
    return {
        "name": certificate.common_name,
        "from": utc_text(certificate.not_before),
        "until": utc_text(certificate.not_after),
    }


async def _held_at(
    certificate: Certificate, examiner: Examiner, rules: PathRules, signing_time: datetime.datetime
) -> bool:
    # The signing time is only the signer's claim, so it may change the reason but never the state (MUSTS 15). An
    # unknown revocation status is accepted, because few CAs report on certificates after their expiry.
    try:
        then = dataclasses.replace(rules, trust_store=rules.trust_store.softened(), at=signing_time)
        await _find_path(certificate, examiner, then)
    except SmimeError:
        return False
    return signing_time <= rules.at


def _revoked(error: CertificateRevoked, signing_time: datetime.datetime | None) -> Reason:
    status = next(iter(_statuses(trail_of(error), RevocationState.REVOKED)), None)
    if status is None:
        return reason(error.code, {"text": str(error)})
    was_good = (
        signing_time is not None
        and status.revoked_at is not None
        and signing_time < status.revoked_at
        and status.reason in _HARMLESS_REASONS
    )
    code = "certificate-revoked-since" if was_good else error.code
    return reason(code, _status_values(status), _status_text(status))


def _unknown_revocation(trail: PathTrail | None) -> tuple[Reason, ...]:
    # Returns one reason for all certificates of the path together, or nothing.
    unknown = _statuses(trail, RevocationState.UNKNOWN)
    if not unknown:
        return ()
    detail = "; ".join(map(_status_text, unknown))
    return (reason("revocation-unknown", _status_values(unknown[0]), detail),)


def _statuses(trail: PathTrail | None, state: RevocationState) -> list[RevocationStatus]:
    return [status for status in trail.revocation if status.state is state] if trail else []


def _status_text(status: RevocationStatus) -> str:
    return f"{status.certificate.common_name}: {revocation_text(status)}"


def _status_values(status: RevocationStatus) -> dict[str, str]:
    values = {"name": status.certificate.common_name, "why": status.reason or status.why}
    return {**values, "date": utc_text(status.revoked_at)} if status.revoked_at else values


def _find_changes(certificate: Certificate, examiner: Examiner, addresses: tuple[str, ...]) -> tuple[Reason, ...]:
    changes = (find_change(examiner.judging.contacts, address, certificate) for address in addresses)
    return tuple(_change_reason(change) for change in changes if change is not None)


def _change_reason(change: CertificateChange) -> Reason:
    if change.is_renewal:
        until = change.after.not_after
        detail = f"{change.address}, until {until:%Y-%m-%d}"
        return reason("certificate-renewed", {"address": change.address, "until": utc_text(until)}, detail)
    before, now = change.before.issuer, change.after.issuer
    by = "by the same authority, for a new key" if change.same_issuer else f"before by {before}, now {now}"
    values = {"address": change.address, "before": before, "now": now}
    return reason("certificate-changed", values, f"{change.address}, {by}")
