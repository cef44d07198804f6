"""The certificate for encrypting mail to a person, and why others are not used (RFC 5280 section 6, RFC 8550).

The caller passes all certificates that were found (by `sealwax.lookups.search`), with their sources. No source is
trusted: a certificate is used only if its path, its use, its dates and its address pass. Each refused certificate is
reported with all reasons. `choose_recipient` uses the first source with a usable certificate, in the order of
`CertificateSource`. CRLs, OCSP responses and missing intermediates come from the trust store's evidence.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from smime_core.errors import (
    CertificateExpired,
    CertificateRevoked,
    LimitExceeded,
    PathError,
    RevocationUnknown,
    SmimeError,
    UntrustedAnchor,
)
from smime_core.limits import MAX_FOUND_CERTIFICATES
from smime_core.pkix import (
    PathRules,
    PathTrail,
    Purpose,
    RevocationPolicy,
    RevocationState,
    TrustStore,
    check_end_entity,
    trail_of,
    validate_path,
)
from smime_core.policy import find_weakness
from smime_core.provider import CryptoProvider
from smime_core.report.certificate_text import key_label
from smime_core.report.report import NO_VALUES, Reason, build_reason
from smime_core.text import addresses_match, utc_text
from smime_core.trust.certificate_change import has_receiving_key
from smime_core.trust.contacts import NO_CONTACTS, CertificateSource, Contacts, find_change
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import Certificate


class NoUsableCertificate(SmimeError):
    """No certificate of a person can be used. The text names the person and the reason."""

    code = "no-usable-certificate"


EXPIRES_SOON: Final = datetime.timedelta(days=30)

CHOICE_REASONS: Final = {
    "other-address": "This certificate is for another address.",
    "certificate-expired": "The certificate has expired.",
    "certificate-not-yet-valid": "The certificate is not valid yet.",
    "is-authority": "This is the certificate of an authority, not of a person.",
    "not-for-encryption": "The certificate does not allow encryption.",
    "key-cannot-receive": "This kind of key cannot be used for encryption.",
    "weak-key": "The key is so short that others could read the mail.",
    "untrusted-anchor": "No authority that you trust vouches for this certificate.",
    "address-not-covered": (
        "The issuer is trusted only for other addresses. Ask the recipient which certificate is theirs."
    ),
    "issuer-expired": "The certificate of an issuer is not valid at this time.",
    "certificate-revoked": "The certificate was revoked.",
    "revocation-unknown": "No authority said whether the certificate was revoked.",
    "path-error": "The certificate is not valid.",
    "path-too-costly": "There are too many ways to check this certificate.",
}
"""The reasons for not using a certificate, by code."""

WARNINGS: Final = {
    "expires-soon": "The certificate expires soon.",
    "certificate-changed": "You know another certificate of this person.",
    "revocation-unknown": CHOICE_REASONS["revocation-unknown"],
    "revocation-not-checked": "The revocation of the certificate was not checked.",
    "path-not-checked": "The issuer of this certificate was not checked.",
}
"""The warnings about a certificate that is used nevertheless, by code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCertificate:
    """A candidate and its source. `detail` names the file, the server or the record.

    `intermediates` came with the certificate and may lead to an anchor. `is_preferred` means that its owner asked for
    this certificate in verified mail. `known_since` is the time when the certificate of a contact was first seen.
    """

    certificate: Certificate
    source: CertificateSource
    detail: str = ""
    intermediates: tuple[Certificate, ...] = ()
    is_preferred: bool = False
    known_since: datetime.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientCheck:
    """One candidate checked for an address. It may be used if there are no `reasons` against it.

    `trail` is the record of the checks on its path, or None if no path was checked. `covered` are the certificate's
    addresses for which its anchor is trusted; it is empty without a valid path. The certificate may have other
    addresses, which nobody vouches for.
    """

    address: str
    found: FoundCertificate
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    trail: PathTrail | None = None
    covered: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether mail may be encrypted for the certificate."""
        return not self.reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientChoice:
    """Every candidate for an address, sorted, the most preferred first. `chosen` is the one to use, or None.

    `left_out` is the number of candidates that were not checked, because there were too many.
    """

    address: str
    checks: tuple[RecipientCheck, ...]
    left_out: int = 0

    @property
    def chosen(self) -> RecipientCheck | None:
        """The usable candidate of the first source that has any: the one that its owner prefers, or else the newest."""
        return next((check for check in self.checks if check.is_usable), None)


async def check_recipient(
    found: FoundCertificate,
    address: str | None,
    judging: Judging,
    provider: CryptoProvider,
) -> RecipientCheck:
    """Check `found` for mail to `address`: its address, dates, use and path.

    If the user has picked the certificate, `address` may be None; then any address is accepted. Never raises for a bad
    certificate: all faults are in `reasons`.
    """
    check = _check_itself(found, address, judging.at, judging.contacts)
    try:
        own = (found.certificate, *found.intermediates)
        rules = PathRules(
            judging.trust_store, judging.at, known=(*found.intermediates, *judging.known_certificates.find_above(own))
        )
        path = await validate_path(found.certificate, Purpose.ENCRYPT, rules, provider)
    except PathError as error:
        return replace(
            check, reasons=_with_path_error(check.reasons, error, found.certificate, judging.at), trail=trail_of(error)
        )
    except LimitExceeded as error:
        return replace(check, reasons=(*check.reasons, _reason("path-too-costly", {"text": str(error)})))
    except SmimeError as error:
        return replace(check, reasons=(*check.reasons, _reason("path-error", {"text": str(error)})))
    is_own = _is_among(address, found.certificate.email_addresses)
    if is_own and not _is_among(address, path.addresses):
        check = replace(check, reasons=(*check.reasons, _reason("address-not-covered")))
    return replace(
        check,
        warnings=(*check.warnings, *_revocation_warnings(judging.trust_store, path.trail)),
        trail=path.trail,
        covered=path.addresses,
    )


def check_without_path(
    found: FoundCertificate, address: str | None, *, at: datetime.datetime, contacts: Contacts = NO_CONTACTS
) -> RecipientCheck:
    """The checks that need no trust: address (None accepts any), dates, use and kind of key.

    Use this for a certificate that the user has picked, if there are no anchors. A warning says that the path was not
    checked.
    """
    check = _check_itself(found, address, at, contacts)
    return replace(check, warnings=(*check.warnings, _warning("path-not-checked")))


async def choose_recipient(
    address: str,
    found: Sequence[FoundCertificate],
    judging: Judging,
    provider: CryptoProvider,
) -> RecipientChoice:
    """All candidates, checked for the address, and the one to use.

    Certificates for other addresses are listed but never used.

    A certificate from several sources is listed once, under the first source. At most MAX_FOUND_CERTIFICATES are
    checked, because a source with very many certificates would delay the choice.
    """
    candidates = _in_order(found)
    checks = [
        await check_recipient(candidate, address, judging, provider)
        for candidate in candidates[:MAX_FOUND_CERTIFICATES]
    ]
    return RecipientChoice(
        address=address, checks=tuple(checks), left_out=max(0, len(candidates) - MAX_FOUND_CERTIFICATES)
    )


def find_in_contacts(contacts: Contacts, address: str) -> tuple[FoundCertificate, ...]:
    """The stored certificates of an address."""
    contact = contacts.find(address)
    if contact is None:
        return ()
    return tuple(
        FoundCertificate(
            certificate=known.certificate,
            source=known.source if known.source is CertificateSource.HARVEST else CertificateSource.CONTACTS,
            detail=f"since {known.first_seen:%Y-%m-%d}",
            intermediates=known.intermediates,
            is_preferred=known.certificate == contact.preferred,
            known_since=known.first_seen,
        )
        for known in contact.certificates
    )


def explain_path_error(error: PathError, certificate: Certificate, at: datetime.datetime) -> Reason:
    """The first reason against encrypting for a certificate whose path failed with `error`."""
    candidate = FoundCertificate(certificate=certificate, source=CertificateSource.GIVEN)
    return _with_path_error(_check_itself(candidate, None, at, Contacts()).reasons, error, certificate, at)[0]


def _check_itself(
    candidate: FoundCertificate, address: str | None, at: datetime.datetime, contacts: Contacts
) -> RecipientCheck:
    certificate = candidate.certificate
    reasons: list[Reason] = []
    own_addresses = certificate.email_addresses
    if not _is_among(address, own_addresses):
        named = {"addresses": ", ".join(own_addresses)} if own_addresses else {}
        reasons.append(_reason("other-address", named, "" if named else "it names none"))
    if at > certificate.not_after:
        end = certificate.not_after
        reasons.append(_reason("certificate-expired", {"date": utc_text(end)}, _day(end)))
    if at < certificate.not_before:
        begin = certificate.not_before
        reasons.append(_reason("certificate-not-yet-valid", {"date": utc_text(begin)}, f"from {_day(begin)}"))
    if certificate.is_ca:
        reasons.append(_reason("is-authority"))
    reasons += _reasons_against_use(certificate)
    weakness = find_weakness(certificate.public_key)
    if weakness is not None:
        reasons.append(_reason("weak-key", {"key": weakness}))
    return RecipientCheck(
        address=address or "",
        found=candidate,
        reasons=tuple(reasons),
        warnings=_own_warnings(certificate, address, at, contacts),
    )


def _reasons_against_use(certificate: Certificate) -> list[Reason]:
    if not has_receiving_key(certificate):
        # No message can be encrypted for this kind of key, whatever the certificate allows.
        return [_reason("key-cannot-receive", {"key": key_label(certificate.public_key)})]
    try:
        check_end_entity(certificate, Purpose.ENCRYPT)
    except SmimeError as error:
        return [_reason("not-for-encryption", {"text": str(error)})]
    return []


def _in_order(candidates: Sequence[FoundCertificate]) -> list[FoundCertificate]:
    # Sorts by source, and within a source the preferred certificates first, then the newest. Each certificate occurs
    # once.
    order = list(CertificateSource)
    newest_first = sorted(candidates, key=lambda candidate: candidate.certificate.not_before, reverse=True)
    ranked = sorted(newest_first, key=lambda candidate: (order.index(candidate.source), not candidate.is_preferred))
    once: dict[Certificate, FoundCertificate] = {}
    for candidate in ranked:
        first = once.setdefault(candidate.certificate, candidate)
        if candidate.intermediates and not first.intermediates:
            once[candidate.certificate] = replace(first, intermediates=candidate.intermediates)
    return list(once.values())


def _with_path_error(
    reasons: tuple[Reason, ...], error: PathError, certificate: Certificate, at: datetime.datetime
) -> tuple[Reason, ...]:
    if isinstance(error, CertificateExpired):
        is_own = not certificate.not_before <= at <= certificate.not_after
        return reasons if is_own else (*reasons, _reason("issuer-expired", {"text": str(error)}))
    if isinstance(error, (CertificateRevoked, RevocationUnknown, UntrustedAnchor)):
        return (*reasons, _reason(error.code, {"text": str(error)}))
    # If the certificate itself does not allow encryption, `reasons` already says so.
    return reasons if _has_said_use(reasons) else (*reasons, _reason("path-error", {"text": str(error)}))


def _has_said_use(reasons: Sequence[Reason]) -> bool:
    return any(reason.code in ("not-for-encryption", "key-cannot-receive", "is-authority") for reason in reasons)


def _own_warnings(
    certificate: Certificate, address: str | None, at: datetime.datetime, contacts: Contacts
) -> tuple[Reason, ...]:
    warnings = []
    if at < certificate.not_after < at + EXPIRES_SOON:
        warnings.append(
            _warning("expires-soon", {"date": utc_text(certificate.not_after)}, _day(certificate.not_after))
        )
    change = find_change(contacts, address, certificate) if address is not None else None
    if change is not None and not change.is_renewal:
        detail = "from the same authority" if change.same_issuer else "from another authority"
        issuers = {"before": change.before.issuer, "now": change.after.issuer}
        warnings.append(_warning("certificate-changed", {"address": change.address, **issuers}, detail))
    return tuple(warnings)


def _revocation_warnings(trust_store: TrustStore, trail: PathTrail) -> tuple[Reason, ...]:
    if trust_store.policy_for(trail.anchor) is RevocationPolicy.NOT_CHECKED:
        return (_warning("revocation-not-checked"),)
    unknown = [status for status in trail.revocation if status.state is RevocationState.UNKNOWN]
    return (_warning("revocation-unknown", {"name": unknown[0].certificate.common_name}),) if unknown else ()


def _is_among(address: str | None, own_addresses: Sequence[str]) -> bool:
    return address is None or any(addresses_match(address, own) for own in own_addresses)


def _reason(code: str, values: Mapping[str, str] = NO_VALUES, detail: str = "") -> Reason:
    return build_reason(code, CHOICE_REASONS[code], values, detail)


def _warning(code: str, values: Mapping[str, str] = NO_VALUES, detail: str = "") -> Reason:
    return build_reason(code, WARNINGS[code], values, detail)


def _day(time: datetime.datetime) -> str:
    return f"{time:%Y-%m-%d}"
