"""A first path check against given anchors (RFC 5280 section 6.1, RFC 8550 section 4.4).

Checked: signatures, validity, names chaining, CA flags, path length, key usage, unknown critical extensions, and that
the certificate is for e-mail and for the operation. Leaves out: policies, revocation; a path with name constraints is
refused, whether they are critical or not, because they are not processed here.
"""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.algorithms import HashName, parse_signature_identifier
from smime_core.certificate import (
    ANY_EXTENDED_KEY_USAGE,
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    EMAIL_PROTECTION,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    SUBJECT_ALT_NAME,
    SUBJECT_KEY_IDENTIFIER,
    Certificate,
    KeyUsage,
    names_match,
)
from smime_core.errors import CertificateExpired, PathError, SmimeError, UntrustedAnchor
from smime_core.limits import MAX_PATH_CANDIDATES, MAX_PATH_LENGTH, check_limit
from smime_core.pkix.trail import PathTrail
from smime_core.pkix.trust import TrustStore
from smime_core.provider import CryptoProvider

NAME_CONSTRAINTS: Final = "2.5.29.30"
CERTIFICATE_POLICIES: Final = "2.5.29.32"
TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"
# Policies bind nothing while no policy is demanded (RFC 5280 section 6.1.1 (c): any-policy).
_PROCESSED: Final = {
    SUBJECT_KEY_IDENTIFIER,
    KEY_USAGE,
    SUBJECT_ALT_NAME,
    BASIC_CONSTRAINTS,
    AUTHORITY_KEY_IDENTIFIER,
    EXTENDED_KEY_USAGE,
    CERTIFICATE_POLICIES,
}
_WEAK_HASHES: Final = {HashName.MD5, HashName.SHA1}


class Purpose(StrEnum):
    """What a certificate is to be used for (RFC 8550 section 4.4.2, RFC 3161 section 2.3)."""

    SIGN = "sign"
    ENCRYPT = "encrypt"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatedPath:
    """A path that holds. Only `validate_path` makes one.

    `certificates` run from the end-entity certificate to the anchor's. `addresses` are those of the end-entity
    certificate that the anchor counts for. `policies` is the user-constrained-policy-set of RFC 5280 section 6.1.6.
    """

    certificates: tuple[Certificate, ...]
    trail: PathTrail
    addresses: tuple[str, ...]
    policies: frozenset[str] = frozenset()


async def validate_path(
    certificate: Certificate,
    *,
    intermediates: Sequence[Certificate],
    trust_store: TrustStore,
    at: datetime.datetime,
    purpose: Purpose,
    provider: CryptoProvider,
) -> ValidatedPath:
    """A path from `certificate` to one of the anchors that holds at the moment `at`.

    When several paths exist the first that holds is taken; when none does, the first one's error is raised.
    Raises PathError (CertificateExpired, UntrustedAnchor) or LimitExceeded.
    """
    check_end_entity(certificate, purpose)
    first_error: PathError | None = None
    anchors = [anchor.certificate for anchor in trust_store.anchors]
    async for path in _find_paths(certificate, intermediates, anchors, provider):
        try:
            check_path(path, at)
        except PathError as error:
            first_error = first_error or error
            continue
        anchor = next(anchor for anchor in trust_store.anchors if anchor.certificate == path[-1])
        trail = PathTrail(certificates=path, anchor=anchor)
        return ValidatedPath(certificates=path, trail=trail, addresses=certificate.email_addresses)
    raise first_error or UntrustedAnchor(
        f"nobody you trust vouches for {certificate.issuer}", certificate=certificate.subject
    )


def check_end_entity(certificate: Certificate, purpose: Purpose) -> None:
    """E-mail protection and the key usage of the operation (RFC 8550 sections 4.4.2 and 4.4.4). Raises PathError."""
    if purpose is Purpose.TIMESTAMP:
        check_timestamp_authority(certificate)
        return
    eku = certificate.extended_key_usage
    if eku is not None and not {EMAIL_PROTECTION, ANY_EXTENDED_KEY_USAGE} & set(eku):
        raise PathError("this certificate is not for e-mail", certificate=certificate.subject, rfc5280_step="4.2.1.12")
    needed = (
        KeyUsage.DIGITAL_SIGNATURE | KeyUsage.NON_REPUDIATION
        if purpose is Purpose.SIGN
        else KeyUsage.KEY_ENCIPHERMENT | KeyUsage.KEY_AGREEMENT
    )
    if certificate.key_usage is not None and not certificate.key_usage & needed:
        text = "this certificate is not for signatures" if purpose is Purpose.SIGN else "its key is not for encryption"
        raise PathError(text, certificate=certificate.subject, rfc5280_step="4.2.1.3")


def check_timestamp_authority(certificate: Certificate) -> None:
    """id-kp-timeStamping alone and critical, and a key that may sign (RFC 3161 section 2.3). Raises PathError."""
    needed = KeyUsage.DIGITAL_SIGNATURE | KeyUsage.NON_REPUDIATION
    if certificate.key_usage is not None and not certificate.key_usage & needed:
        raise PathError(
            "this certificate is not for signatures", certificate=certificate.subject, rfc5280_step="4.2.1.3"
        )
    is_critical = any(each.critical for each in certificate.extensions if each.oid == EXTENDED_KEY_USAGE)
    if certificate.extended_key_usage != (TIME_STAMPING,) or not is_critical:
        raise PathError(
            "this certificate is not for timestamps alone", certificate=certificate.subject, rfc5280_step="4.2.1.12"
        )


def check_path(path: tuple[Certificate, ...], at: datetime.datetime) -> None:
    """Everything but the signatures, which finding the path has checked. Raises PathError or CertificateExpired.

    Labels are steps of RFC 5280 section 6.1; the anchor's validity is checked too (ours).
    """
    for position, certificate in enumerate(path):
        # 6.1.3 (a)(2)
        if not certificate.not_before <= at <= certificate.not_after:
            word = "expired on" if at > certificate.not_after else "is not valid before"
            moment = certificate.not_after if at > certificate.not_after else certificate.not_before
            raise CertificateExpired(
                f"the certificate of {certificate.common_name} {word} {moment:%Y-%m-%d}",
                certificate=certificate.subject,
                rfc5280_step="6.1.3 (a)(2)",
            )
        # 6.1.4 (o), 6.1.5 (f)
        for extension in certificate.extensions:
            if extension.oid == NAME_CONSTRAINTS or (extension.critical and extension.oid not in _PROCESSED):
                raise PathError(
                    f"extension {extension.oid} is not understood",
                    certificate=certificate.subject,
                    rfc5280_step="6.1.4 (o)",
                )
        if position:
            _check_issuer(certificate, below=path[1:position])


def _check_issuer(certificate: Certificate, *, below: tuple[Certificate, ...]) -> None:
    # 6.1.4 (k)
    if not certificate.is_ca:
        raise PathError(
            f"{certificate.common_name} is no certification authority",
            certificate=certificate.subject,
            rfc5280_step="6.1.4 (k)",
        )
    # 6.1.4 (l), (m): self-issued certificates do not count
    if certificate.path_length is not None:
        depth = sum(not issuer.is_self_issued for issuer in below)
        if depth > certificate.path_length:
            raise PathError("the path is too long", certificate=certificate.subject, rfc5280_step="6.1.4 (m)")
    # 6.1.4 (n)
    if certificate.key_usage is not None and KeyUsage.KEY_CERT_SIGN not in certificate.key_usage:
        raise PathError(
            f"{certificate.common_name} may not sign certificates",
            certificate=certificate.subject,
            rfc5280_step="6.1.4 (n)",
        )


async def _find_paths(
    certificate: Certificate,
    intermediates: Sequence[Certificate],
    anchors: Sequence[Certificate],
    provider: CryptoProvider,
) -> AsyncIterator[tuple[Certificate, ...]]:
    # Depth first, anchors before intermediates. Every signature check counts, so that a hostile pool ends early.
    checked = 0
    issuers = (*(c for c in dict.fromkeys(intermediates) if c not in anchors), *anchors)
    unfinished: list[tuple[Certificate, ...]] = [(certificate,)]
    while unfinished:
        path = unfinished.pop()
        last = path[-1]
        if last in anchors:
            yield path
            continue
        if len(path) >= MAX_PATH_LENGTH:
            continue
        for issuer in issuers:
            if issuer in path or not _may_have_issued(issuer, last):
                continue
            checked += 1
            check_limit("path candidates", checked, MAX_PATH_CANDIDATES)
            if await _has_signed(issuer, last, provider):
                unfinished.append((*path, issuer))


def _may_have_issued(issuer: Certificate, certificate: Certificate) -> bool:
    # 6.1.3 (a)(4), and the key identifiers where both have them (section 4.2.1.1)
    if not names_match(issuer.subject_der, certificate.issuer_der):
        return False
    wanted = certificate.authority_key_identifier
    return wanted is None or issuer.subject_key_identifier in (None, wanted)


async def _has_signed(issuer: Certificate, certificate: Certificate, provider: CryptoProvider) -> bool:
    # 6.1.3 (a)(1). What cannot be verified, for whatever reason, is no signature.
    try:
        algorithm = parse_signature_identifier(certificate.signature_algorithm_der)
        if algorithm.hash_name in _WEAK_HASHES:
            return False
        await provider.verify(issuer.public_key, algorithm, certificate.signature, certificate.tbs_der)
    except SmimeError:
        return False
    return True
