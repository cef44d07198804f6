"""Whether revocation lists say that a certificate was revoked (RFC 5280 section 6.3.3).

Labels such as (b)(1) in the comments are steps of that section. The RFC ends the check as soon as all reasons are
covered. This module reads every list that applies. Otherwise an old list that is not stale yet could hide a newer list.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Final, NamedTuple

from smime_core.asn1.general_names import GeneralNames, directory_name, directory_names, find_common_name
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.limits import MAX_LIST_SIGNERS, check_limit
from smime_core.pkix.freshness import Freshness, judge_freshness, was_revoked
from smime_core.pkix.statements import HOLD, TOO_MUCH, RevocationQuestion, Statement, mildness
from smime_core.x509.certificate import Certificate, KeyUsage, names_match
from smime_core.x509.distribution_points import (
    ALL_REASONS,
    NO_REASONS,
    DistributionPoint,
    PointName,
    ReasonFlags,
    parse_distribution_points,
)
from smime_core.x509.revocation_list import RevocationList
from smime_core.x509.revoked_entries import RevokedEntry

_REMOVED: Final = "removeFromCRL"
_SOURCE: Final = "crl"


class ListFindings(NamedTuple):
    """The statements of the lists about a certificate. `faults` says why other lists do not count.

    Each fault is a code of `statements.UNKNOWN_REASONS`. `delta_points` are the addresses of delta lists in complete
    lists with a valid signature. Addresses in unsigned lists are left out, because anybody could make such a list to
    have an address fetched.
    """

    statements: list[Statement]
    faults: set[str]
    delta_points: list[DistributionPoint]


async def read_lists(question: RevocationQuestion) -> ListFindings:
    """The findings of RFC 5280 section 6.3.3 for the certificate in question."""
    check = _ListCheck(question)
    try:
        for point in _points(question.certificate):
            await check.follow(point)
    except LimitExceeded:
        check.faults.add(TOO_MUCH)
    except MalformedMessage:
        check.faults.add("damaged")
    return ListFindings(check.statements, check.faults, check.delta_points)


def _points(certificate: Certificate) -> Iterator[DistributionPoint]:
    yield from parse_distribution_points(certificate)
    # The end of section 6.3.3: lists that no point names are read as if a point named the certificate's issuer.
    yield DistributionPoint(name=PointName(full_name=(directory_name(certificate.issuer_der),)))


class _Signer(NamedTuple):
    """The certificate that signed a list. If it is None, `fault` is the code of UNKNOWN_REASONS that explains why."""

    certificate: Certificate | None = None
    fault: str = ""


class _ListCheck:
    """The check of one certificate against all lists.

    A list is read again only if another distribution point names it for further reasons of revocation.
    """

    def __init__(self, question: RevocationQuestion) -> None:
        self.statements: list[Statement] = []
        self.faults: set[str] = set()
        self.delta_points: list[DistributionPoint] = []
        self._question = question
        self._signers: dict[RevocationList, _Signer] = {}
        self._paths: dict[Certificate, bool] = {}
        self._answered: dict[RevocationList, ReasonFlags] = {}

    async def follow(self, point: DistributionPoint) -> None:
        """Read all complete lists that the point covers."""
        for issuer_der in directory_names(point.crl_issuers) or (self._question.certificate.issuer_der,):
            for crl in self._question.evidence.find_lists(issuer_der):
                try:
                    if crl.base_crl_number is None and self._is_in_scope(crl, point):
                        await self._read(crl, self._interim_reasons(crl, point))
                except LimitExceeded:
                    raise
                except MalformedMessage:
                    self.faults.add("damaged")

    def _is_in_scope(self, crl: RevocationList, point: DistributionPoint) -> bool:
        certificate, scope = self._question.certificate, crl.issuing_point
        # (b)(1): a list by another issuer must be indirect.
        if point.crl_issuers and not crl.is_indirect:
            return False
        if scope is None:
            return True
        # (b)(2)(i): the point and the list must have a name in common.
        if scope.name is not None:
            names = self._point_names(point, crl)
            if find_common_name(scope.name.names(crl.issuer_der), names) is None:
                return False
        # (b)(2)(ii) to (iv): the list must be for this kind of certificate.
        if scope.only_user_certificates and certificate.is_ca:
            return False
        return not (scope.only_ca_certificates and not certificate.is_ca) and not scope.only_attribute_certificates

    def _point_names(self, point: DistributionPoint, crl: RevocationList) -> GeneralNames:
        if point.name is None:
            return point.crl_issuers
        # Section 4.2.1.13: a relative name extends the name in cRLIssuer, or the certificate's issuer if there is none.
        return point.name.names(crl.issuer_der if point.crl_issuers else self._question.certificate.issuer_der)

    def _interim_reasons(self, crl: RevocationList, point: DistributionPoint) -> ReasonFlags:
        # (d): the reasons that both the list and the point cover.
        only_some = crl.issuing_point.only_some_reasons if crl.issuing_point is not None else None
        reasons = ALL_REASONS
        for limit in (only_some, point.reasons):
            reasons = reasons & limit if limit is not None else reasons
        return reasons

    async def _read(self, crl: RevocationList, reasons: ReasonFlags) -> None:
        # (e), with the reasons counted for each list, because another point may name the same list for other reasons.
        answered = self._answered.get(crl, NO_REASONS)
        if not reasons & ~answered:
            return
        self._answered[crl] = answered | reasons
        if not crl.is_usable:
            self.faults.add("not-understood")
            return
        freshness = self._freshness(crl)
        if freshness is Freshness.NOT_YET:
            self.faults.add("not-yet-valid")
            return
        # (f), (g): the signer and its signature.
        signer = await self._find_signer(crl)
        if signer.certificate is None:
            self.faults.add(signer.fault)
            return
        self.delta_points += crl.freshest
        self._conclude(crl, await self._find_delta(crl, signer.certificate), reasons, freshness)

    def _conclude(
        self, crl: RevocationList, delta: RevocationList | None, reasons: ReasonFlags, freshness: Freshness
    ) -> None:
        # (a)(1)(i): an old complete list counts as current if there is a current delta for it.
        newest, freshness = (delta, self._freshness(delta)) if delta is not None else (crl, freshness)
        # (i), (j), (k): the entries for the certificate in the delta and in the complete list.
        entry = _newest(self._find_entry(delta) if delta is not None else None, self._find_entry(crl))
        revoked_at = self._revoked_at(entry, freshness)
        is_current = freshness is not Freshness.STALE
        if not is_current and (entry is None or entry.reason == HOLD):
            self.faults.add("stale")
            return
        self.statements.append(
            Statement(
                source=_SOURCE,
                this_update=newest.this_update,
                next_update=newest.next_update,
                reasons=reasons,
                revoked_at=revoked_at,
                reason=entry.reason if entry is not None and revoked_at is not None else "",
                is_current=is_current,
            )
        )

    def _revoked_at(self, entry: RevokedEntry | None, freshness: Freshness) -> datetime.datetime | None:
        if entry is None or entry.reason == _REMOVED:
            return None
        counts = was_revoked(
            at=self._question.at,
            freshness=freshness,
            revoked_at=entry.revoked_at,
            reason=entry.reason,
            invalidity_date=entry.invalidity_date,
        )
        return entry.revoked_at if counts else None

    def _find_entry(self, crl: RevocationList) -> RevokedEntry | None:
        # Section 5.3.3: issuer and serial number must match. An entry that names no issuer has the issuer of the list.
        # If several entries match, the entry with the most serious reason counts.
        certificate = self._question.certificate
        entries = [
            entry
            for entry in crl.find_entries(certificate.serial_number)
            if any(
                names_match(issuer_der, certificate.issuer_der)
                for issuer_der in directory_names(entry.certificate_issuer) or (crl.issuer_der,)
            )
        ]
        return min(entries, key=lambda entry: mildness(entry.reason), default=None)

    def _freshness(self, crl: RevocationList) -> Freshness:
        # Section 3.3: a CA may remove entries of expired certificates. A list still has the entry if the list was made
        # before the certificate expired, or states that it keeps such entries.
        not_after = self._question.certificate.not_after
        remembers = crl.this_update <= not_after or (crl.expired_since is not None and crl.expired_since <= not_after)
        return judge_freshness(
            at=self._question.at,
            evidence=self._question.evidence,
            this_update=crl.this_update,
            next_update=crl.next_update,
            remembers=remembers,
        )

    async def _find_delta(self, crl: RevocationList, signer: Certificate) -> RevocationList | None:
        # (c) and section 5.2.4. Of several deltas, the delta with the highest number counts.
        deltas = [delta for delta in self._question.evidence.find_lists(crl.issuer_der) if _updates(delta, crl)]
        for delta in sorted(deltas, key=lambda candidate: candidate.crl_number or 0, reverse=True):
            if self._freshness(delta) not in (Freshness.CURRENT, Freshness.LATER):
                continue
            # (h): the signature of the delta.
            try:
                if await self._fault_of(delta, signer) is None:
                    return delta
            except LimitExceeded:
                # A forged delta must not hide the statement of the complete list.
                self.faults.add(TOO_MUCH)
                break
        return None

    async def _find_signer(self, crl: RevocationList) -> _Signer:
        if crl not in self._signers:
            self._signers[crl] = await self._search_signer(crl)
        return self._signers[crl]

    async def _search_signer(self, crl: RevocationList) -> _Signer:
        # (f): the signer is the issuer, the anchor of this path, or a certificate that has a path to the same anchor.
        fault = "not-authorised"
        for candidate in self._possible_signers(crl):
            signature_fault = await self._fault_of(crl, candidate)
            if signature_fault is not None:
                fault = signature_fault
                continue
            fault = "not-authorised"
            may_sign = candidate.key_usage is None or KeyUsage.CRL_SIGN in candidate.key_usage
            if may_sign and await self._has_path(candidate):
                return _Signer(certificate=candidate)
        return _Signer(fault=fault)

    async def _has_path(self, candidate: Certificate) -> bool:
        question = self._question
        if candidate in (question.issuer, question.anchor):
            return True
        if candidate not in self._paths:
            check_limit("signers of lists", len(self._paths) + 1, MAX_LIST_SIGNERS)
            self._paths[candidate] = await question.is_valid_crl_issuer(candidate)
        return self._paths[candidate]

    def _possible_signers(self, crl: RevocationList) -> Iterator[Certificate]:
        question = self._question
        # Certificates from the message come last, because the sender can add many certificates with the issuer's name.
        known = (question.issuer, question.anchor, *question.evidence.find_certificates(crl.issuer_der))
        for candidate in dict.fromkeys((*known, *question.candidates)):
            if names_match(candidate.subject_der, crl.issuer_der) and _fits_key(candidate, crl):
                yield candidate

    async def _fault_of(self, crl: RevocationList, signer: Certificate) -> str | None:
        return await self._question.find_fault(signer.public_key, crl.signature_algorithm, crl.signature, crl.tbs_der)


def _newest(in_delta: RevokedEntry | None, in_complete: RevokedEntry | None) -> RevokedEntry | None:
    # A delta may lift a hold or give another reason. It cannot undo a final revocation.
    if in_delta is None or in_complete is None or in_complete.reason in (HOLD, _REMOVED):
        return in_delta or in_complete
    return min(in_delta, in_complete, key=lambda entry: mildness(entry.reason))


def _fits_key(candidate: Certificate, crl: RevocationList) -> bool:
    # Section 5.2.1: the key identifier tells apart two CAs of one name, or two keys of one CA.
    own = candidate.subject_key_identifier
    return own is None or crl.key_identifier is None or own == crl.key_identifier


def _updates(delta: RevocationList, crl: RevocationList) -> bool:
    # (c)(1) is met, because the delta was found by the issuer's name. This function checks (c)(2), (c)(3) and the
    # numbers of section 5.2.4.
    if delta.base_crl_number is None or not delta.is_usable or crl.crl_number is None or delta.crl_number is None:
        return False
    has_same_scope = delta.issuing_point_der == crl.issuing_point_der and delta.key_identifier == crl.key_identifier
    return has_same_scope and delta.base_crl_number <= crl.crl_number < delta.crl_number
