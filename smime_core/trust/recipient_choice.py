"""Which certificate a message to somebody is sealed for, and why the others are not (RFC 5280 section 6, RFC 8550).

Whoever looked for certificates hands over all that were found, with where. Nothing found is believed: a certificate is
used only when its path, its use, its dates and its address pass, and each that does not is told with every reason.
`choose_recipient` takes from the first source that has a usable one, in the order of `CertificateSource`. Pure: finding
is `lookups.search`, revocation and missing intermediates are in the trust store's evidence.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.certificate import Certificate
from smime_core.contacts import NO_CONTACTS, CertificateSource, Contacts, find_change, has_receiving_key
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
from smime_core.mail_address import addresses_match
from smime_core.pkix import (
    PathTrail,
    Purpose,
    RevocationPolicy,
    RevocationState,
    TrustStore,
    check_end_entity,
    validate_path,
)
from smime_core.provider import CryptoProvider
from smime_core.report import Reason, build_reason
from smime_core.times import utc_text


class NoUsableCertificate(SmimeError):
    """Nothing can be sealed for somebody; the text says who and why."""

    code = "no-usable-certificate"


EXPIRES_SOON: Final = datetime.timedelta(days=30)

REASONS: Final = {
    "other-address": "This certificate is for another address.",
    "certificate-expired": "The certificate has expired.",
    "certificate-not-yet-valid": "The certificate is not valid yet.",
    "is-authority": "This is the certificate of an authority, not of a person.",
    "not-for-encryption": "The certificate does not allow mail to be sealed for it.",
    "key-cannot-receive": "Nothing can be sealed for this kind of key.",
    "untrusted-anchor": "Nobody you trust vouches for this certificate.",
    "address-not-covered": "Whoever vouches for this certificate is trusted for other addresses only.",
    "issuer-expired": "A certificate above this one is not valid at this time.",
    "certificate-revoked": "The certificate was revoked.",
    "revocation-unknown": "Nobody could say whether the certificate was revoked.",
    "path-error": "The certificate does not hold.",
    "path-too-costly": "There are too many ways to check this certificate.",
}
"""Why a certificate is not used, by code."""

WARNINGS: Final = {
    "expires-soon": "The certificate expires soon.",
    "certificate-changed": "This is not the certificate that you know of this person.",
    "revocation-unknown": REASONS["revocation-unknown"],
    "revocation-not-checked": "Whether the certificate was revoked was not checked.",
    "path-not-checked": "Who vouches for this certificate was not checked.",
}
"""What is to be known about a certificate that is used all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCertificate:
    """A candidate and where it was found: `detail` names the file, the server or the record.

    `intermediates` came along and may lead to an anchor. `is_preferred` is the owner's own word, in verified mail, that
    this is the one to use. `known_since` is when a contact's certificate was first seen.
    """

    certificate: Certificate
    source: CertificateSource
    detail: str = ""
    intermediates: tuple[Certificate, ...] = ()
    is_preferred: bool = False
    known_since: datetime.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientCheck:
    """One candidate held against an address; it may be used when there are no `reasons` against it.

    `trail` is how its path was judged, None when none was followed. `covered` are those addresses of the certificate
    that its path counts for, none without a path that holds: a certificate may name others that nobody vouches for.
    """

    address: str
    found: FoundCertificate
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    trail: PathTrail | None = None
    covered: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether mail may be sealed for it."""
        return not self.reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientChoice:
    """Every candidate for an address, the best first; `chosen` is the one to use, None when none may be.

    `left_out` counts what was not even looked at, because there were too many.
    """

    address: str
    checks: tuple[RecipientCheck, ...]
    left_out: int = 0

    @property
    def chosen(self) -> RecipientCheck | None:
        """The newest usable one of the first source that has a usable one; what its owner prefers before it."""
        return next((check for check in self.checks if check.is_usable), None)


async def check_recipient(
    found: FoundCertificate,
    address: str | None,
    *,
    trust_store: TrustStore,
    at: datetime.datetime,
    provider: CryptoProvider,
    contacts: Contacts = NO_CONTACTS,
) -> RecipientCheck:
    """Whether `found` may be used for mail to `address`: its address, dates and use, and a path that holds for both.

    Without an address any is right, for a certificate that the user has picked.
    Never raises for a bad certificate: everything that speaks against it is in `reasons`.
    """
    check = _check_itself(found, address, at, contacts)
    try:
        path = await validate_path(
            found.certificate,
            intermediates=found.intermediates,
            trust_store=trust_store,
            at=at,
            purpose=Purpose.ENCRYPT,
            provider=provider,
        )
    except PathError as error:
        return dataclasses.replace(
            check, reasons=_with_path_error(check.reasons, error, found.certificate, at), trail=error.trail
        )
    except LimitExceeded as error:
        return dataclasses.replace(check, reasons=(*check.reasons, _reason("path-too-costly", text=str(error))))
    except SmimeError as error:
        return dataclasses.replace(check, reasons=(*check.reasons, _reason("path-error", text=str(error))))
    is_own = _is_among(address, found.certificate.email_addresses)
    if is_own and not _is_among(address, path.addresses):
        check = dataclasses.replace(check, reasons=(*check.reasons, _reason("address-not-covered")))
    warnings = (*check.warnings, *_revocation_warnings(trust_store, path.trail))
    return dataclasses.replace(check, warnings=warnings, trail=path.trail, covered=path.addresses)


def check_without_path(
    found: FoundCertificate, address: str | None, *, at: datetime.datetime, contacts: Contacts = NO_CONTACTS
) -> RecipientCheck:
    """The part that needs no trust: address (None: any is right), dates, use and kind of key.

    For a certificate that the user has picked, where nobody is trusted; that is among its warnings.
    """
    check = _check_itself(found, address, at, contacts)
    return dataclasses.replace(check, warnings=(*check.warnings, _warning("path-not-checked")))


async def choose_recipient(
    address: str,
    found: Sequence[FoundCertificate],
    *,
    trust_store: TrustStore,
    at: datetime.datetime,
    provider: CryptoProvider,
    contacts: Contacts = NO_CONTACTS,
) -> RecipientChoice:
    """All candidates held against the address, and the one to use. Another address's is never used, only listed.

    A certificate that several sources have stands once, under the first of them. At most MAX_FOUND_CERTIFICATES are
    looked at, so that no source can hold up the others.
    """
    candidates = _in_order(found)
    checks = [
        await check_recipient(candidate, address, trust_store=trust_store, at=at, provider=provider, contacts=contacts)
        for candidate in candidates[:MAX_FOUND_CERTIFICATES]
    ]
    left_out = max(0, len(candidates) - MAX_FOUND_CERTIFICATES)
    return RecipientChoice(address=address, checks=tuple(checks), left_out=left_out)


def find_in_contacts(contacts: Contacts, address: str) -> tuple[FoundCertificate, ...]:
    """The certificates that are remembered of an address."""
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
    """Why nothing can be sealed for a certificate whose path does not hold, as the first reason of a check says it."""
    found = FoundCertificate(certificate=certificate, source=CertificateSource.GIVEN)
    itself = _check_itself(found, None, at, Contacts())
    return _with_path_error(itself.reasons, error, certificate, at)[0]


def _check_itself(
    found: FoundCertificate, address: str | None, at: datetime.datetime, contacts: Contacts
) -> RecipientCheck:
    certificate = found.certificate
    reasons: list[Reason] = []
    own_addresses = certificate.email_addresses
    if not _is_among(address, own_addresses):
        named = {"addresses": ", ".join(own_addresses)} if own_addresses else {}
        reasons.append(_reason("other-address", "" if named else "it names none", **named))
    if at > certificate.not_after:
        end = certificate.not_after
        reasons.append(_reason("certificate-expired", _day(end), date=utc_text(end)))
    if at < certificate.not_before:
        begin = certificate.not_before
        reasons.append(_reason("certificate-not-yet-valid", f"from {_day(begin)}", date=utc_text(begin)))
    if certificate.is_ca:
        reasons.append(_reason("is-authority"))
    try:
        check_end_entity(certificate, Purpose.ENCRYPT)
    except SmimeError as error:
        reasons.append(_reason("not-for-encryption", text=str(error)))
    if not has_receiving_key(certificate):
        reasons.append(_reason("key-cannot-receive", key=certificate.public_key.key_type.value))
    warnings = _own_warnings(certificate, address, at, contacts)
    return RecipientCheck(address=address or "", found=found, reasons=tuple(reasons), warnings=warnings)


def _in_order(found: Sequence[FoundCertificate]) -> list[FoundCertificate]:
    # The preferred ones of a source before its newest; each certificate once.
    order = list(CertificateSource)
    newest_first = sorted(found, key=lambda one: one.certificate.not_before, reverse=True)
    ranked = sorted(newest_first, key=lambda one: (order.index(one.source), not one.is_preferred))
    once: dict[Certificate, FoundCertificate] = {}
    for one in ranked:
        first = once.setdefault(one.certificate, one)
        if one.intermediates and not first.intermediates:
            once[one.certificate] = dataclasses.replace(first, intermediates=one.intermediates)
    return list(once.values())


def _with_path_error(
    reasons: tuple[Reason, ...], error: PathError, certificate: Certificate, at: datetime.datetime
) -> tuple[Reason, ...]:
    if isinstance(error, CertificateExpired):
        is_own = not certificate.not_before <= at <= certificate.not_after
        return reasons if is_own else (*reasons, _reason("issuer-expired", text=str(error)))
    if isinstance(error, (CertificateRevoked, RevocationUnknown, UntrustedAnchor)):
        return (*reasons, _reason(error.code, text=str(error)))
    # What the certificate itself is not for has been said, with its own reason.
    return reasons if _has_said_use(reasons) else (*reasons, _reason("path-error", text=str(error)))


def _has_said_use(reasons: Sequence[Reason]) -> bool:
    return any(reason.code in ("not-for-encryption", "is-authority") for reason in reasons)


def _own_warnings(
    certificate: Certificate, address: str | None, at: datetime.datetime, contacts: Contacts
) -> tuple[Reason, ...]:
    warnings = []
    if at <= certificate.not_after < at + EXPIRES_SOON:
        warnings.append(_warning("expires-soon", _day(certificate.not_after), date=utc_text(certificate.not_after)))
    change = find_change(contacts, address, certificate) if address is not None else None
    if change is not None and not change.is_renewal:
        detail = "from the same authority" if change.same_issuer else "from another authority"
        issuers = {"before": change.before.issuer, "now": change.after.issuer}
        warnings.append(_warning("certificate-changed", detail, address=change.address, **issuers))
    return tuple(warnings)


def _revocation_warnings(trust_store: TrustStore, trail: PathTrail) -> tuple[Reason, ...]:
    if trust_store.policy_for(trail.anchor) is RevocationPolicy.NOT_CHECKED:
        return (_warning("revocation-not-checked"),)
    unknown = [status for status in trail.revocation if status.state is RevocationState.UNKNOWN]
    return (_warning("revocation-unknown", name=unknown[0].certificate.common_name),) if unknown else ()


def _is_among(address: str | None, own_addresses: Sequence[str]) -> bool:
    return address is None or any(addresses_match(address, own) for own in own_addresses)


def _reason(code: str, detail: str = "", **values: str) -> Reason:
    return build_reason(code, REASONS[code], detail=detail, **values)


def _warning(code: str, detail: str = "", **values: str) -> Reason:
    return build_reason(code, WARNINGS[code], detail=detail, **values)


def _day(time: datetime.datetime) -> str:
    return f"{time:%Y-%m-%d}"
