"""The profile of this CA's certificates: the S/MIME Baseline Requirements, mailbox-validated.

Section numbers are those of the CA/Browser Forum's "Baseline Requirements for the Issuance and Management of
Publicly-Trusted S/MIME Certificates", version 1.0.11. A private CA need not follow these requirements. This CA does, so
that programs that check certificates find no fault. `profile_checks` checks a certificate against the same rules.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.ca.certificate_building import CertificateTemplate
from smime_core.ca.extensions import (
    CLIENT_AUTH,
    OCSP_SIGNING,
    build_authority_information_access,
    build_basic_constraints,
    build_certificate_policies,
    build_crl_distribution_points,
    build_extended_key_usage,
    build_key_usage,
    build_ocsp_no_check,
    build_subject_alt_name,
    key_identifiers,
)
from smime_core.ca.names import (
    COMMON_NAME,
    COUNTRY_NAME,
    EMPTY_NAME,
    MAX_NAME_CHARACTERS,
    ORGANIZATION_NAME,
    build_name,
)
from smime_core.ca.profile_checks import MAX_SUBSCRIBER_DAYS, key_fault
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.provider import KeyType, PublicKey
from smime_core.x509.certificate import EMAIL_PROTECTION, Certificate, Extension, KeyUsage

MAX_ADDRESSES: Final = 10  # Addresses in one certificate. The requirements set no limit.
# The validity begins this long before the issue, because clocks may be slow. Section 7.1.2 allows two days.
HEAD_START: Final = datetime.timedelta(hours=1)
_ONE_SECOND: Final = datetime.timedelta(seconds=1)  # Section 1.6.1: the validity includes its last second, notAfter.


class Generation(StrEnum):
    """The limits on the use of a certificate (section 1.2.1). `legacy` is being phased out and is never issued here."""

    STRICT = "strict"
    """For mail only."""
    MULTIPURPOSE = "multipurpose"
    """For mail, and for login if the CA allows it."""

    @property
    def policy(self) -> str:
        """The reserved policy identifier of section 7.1.6.1."""
        return MAILBOX_VALIDATED_POLICIES[self]


MAILBOX_VALIDATED_POLICIES: Final = {
    Generation.MULTIPURPOSE: "2.23.140.1.5.1.2",
    Generation.STRICT: "2.23.140.1.5.1.3",
}
# Section 7.1.2.3 (e): the key usage for each kind of key, without nonRepudiation. Other kinds get no certificate.
_USAGES: Final = {
    KeyType.RSA: KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_ENCIPHERMENT,
    KeyType.EC: KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_AGREEMENT,
    KeyType.ED25519: KeyUsage.DIGITAL_SIGNATURE,
    KeyType.ED448: KeyUsage.DIGITAL_SIGNATURE,
    KeyType.ML_DSA_44: KeyUsage.DIGITAL_SIGNATURE,
    KeyType.ML_DSA_65: KeyUsage.DIGITAL_SIGNATURE,
    KeyType.ML_DSA_87: KeyUsage.DIGITAL_SIGNATURE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The URLs of an issuer's CRL, OCSP responder and certificate. An empty string means no URL."""

    crl_url: str = ""
    ocsp_url: str = ""
    issuer_url: str = ""

    def build(self) -> tuple[Extension, ...]:
        """The extensions with these URLs, for the certificates that this issuer signs."""
        ocsp_urls = (self.ocsp_url,) if self.ocsp_url else ()
        issuer_urls = (self.issuer_url,) if self.issuer_url else ()
        return (
            *([build_crl_distribution_points([self.crl_url])] if self.crl_url else ()),
            *(
                [build_authority_information_access(ocsp_urls=ocsp_urls, issuer_urls=issuer_urls)]
                if ocsp_urls or issuer_urls
                else ()
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """The time of issue, and the length of the validity in days."""

    at: datetime.datetime
    days: int

    def not_before(self) -> datetime.datetime:
        """The first second of the validity: HEAD_START before `at`, for slow clocks."""
        return self.at.replace(microsecond=0) - HEAD_START

    def not_after(self, issuer: Certificate | None = None) -> datetime.datetime:
        """The last second of the validity, never after the validity of the issuer's certificate."""
        end = self.not_before() + datetime.timedelta(days=self.days) - _ONE_SECOND
        return end if issuer is None else min(end, issuer.not_after)


def authority_name(common_name: str, *, organization: str, country: str = "") -> bytes:
    """DER of a CA's name: country, organisation and common name (section 7.1.4.3.1). Raises MalformedMessage."""
    if not common_name or not organization:
        raise MalformedMessage("a CA has a common name and an organisation", where="subject")
    parts = ((COUNTRY_NAME, country), (ORGANIZATION_NAME, organization), (COMMON_NAME, common_name))
    return build_name(*(part for part in parts if part[1]))


def root_template(serial_number: int, subject_der: bytes, key: PublicKey, *, term: Term) -> CertificateTemplate:
    """The certificate of a root, which signs only certificates of CAs and its own revocation list (section 7.1.2.1)."""
    return CertificateTemplate(
        serial_number=serial_number,
        subject_der=subject_der,
        public_key=check_key(key),
        not_before=term.not_before(),
        not_after=term.not_after(),
        extensions=(
            build_basic_constraints(is_ca=True),
            build_key_usage(KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN),
            *key_identifiers(key, None),
        ),
    )


def issuing_template(
    serial_number: int,
    subject_der: bytes,
    key: PublicKey,
    *,
    root: Certificate,
    publication: Publication,
    term: Term,
    allows_login: bool = False,
) -> CertificateTemplate:
    """The certificate of a CA that issues to people and may have no CA below it (section 7.1.2.2).

    The certificates that it issues are only for mail, or with `allows_login` for mail and login.
    """
    purposes = (EMAIL_PROTECTION, CLIENT_AUTH) if allows_login else (EMAIL_PROTECTION,)
    generations = (Generation.MULTIPURPOSE,) if allows_login else tuple(Generation)
    return CertificateTemplate(
        serial_number=serial_number,
        subject_der=subject_der,
        public_key=check_key(key),
        not_before=term.not_before(),
        not_after=term.not_after(root),
        extensions=(
            build_basic_constraints(is_ca=True, path_length=0),
            build_key_usage(KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN),
            build_extended_key_usage(*purposes),
            build_certificate_policies([generation.policy for generation in generations]),
            *publication.build(),
            *key_identifiers(key, root),
        ),
    )


def subscriber_template(
    serial_number: int,
    addresses: tuple[str, ...],
    key: PublicKey,
    *,
    issuer: Certificate,
    publication: Publication,
    term: Term,
    generation: Generation,
) -> CertificateTemplate:
    """A person's certificate (section 7.1.2.3). Its common name is the first address if that is short enough.

    A multipurpose certificate is for login too if the issuer's certificate is. Raises MalformedMessage for a text that
    is no address or for too long a term. Raises UnsupportedAlgorithm for a key that is too weak or of an unsuitable
    kind.
    """
    _check_subscriber(addresses, term)
    usage = _USAGES.get(check_key(key).key_type)
    if usage is None:
        raise UnsupportedAlgorithm(key.key_type, "certificate", text=f"no certificate for a key of type {key.key_type}")
    # A longer address is in subjectAltName only. The subject is then empty and subjectAltName critical (RFC 5280
    # section 4.2.1.6).
    subject_der = build_name((COMMON_NAME, addresses[0])) if len(addresses[0]) <= MAX_NAME_CHARACTERS else EMPTY_NAME
    is_for_login = generation is Generation.MULTIPURPOSE and CLIENT_AUTH in (issuer.extended_key_usage or ())
    return CertificateTemplate(
        serial_number=serial_number,
        subject_der=subject_der,
        public_key=key,
        not_before=term.not_before(),
        not_after=term.not_after(issuer),
        extensions=(
            build_basic_constraints(is_ca=False),
            build_key_usage(usage),
            build_extended_key_usage(*((EMAIL_PROTECTION, CLIENT_AUTH) if is_for_login else (EMAIL_PROTECTION,))),
            build_subject_alt_name(addresses, critical=subject_der == EMPTY_NAME),
            build_certificate_policies([generation.policy]),
            *publication.build(),
            *key_identifiers(key, issuer),
        ),
    )


def _check_subscriber(addresses: tuple[str, ...], term: Term) -> None:
    if not 1 <= len(addresses) <= MAX_ADDRESSES:
        raise MalformedMessage(f"{len(addresses)} addresses, expected one to {MAX_ADDRESSES}", where="certificate")
    if not 1 <= term.days <= MAX_SUBSCRIBER_DAYS:
        raise MalformedMessage(f"{term.days} days, expected one to {MAX_SUBSCRIBER_DAYS}", where="validity")


def responder_template(
    serial_number: int, subject_der: bytes, key: PublicKey, *, issuer: Certificate, term: Term
) -> CertificateTemplate:
    """A certificate for signing OCSP responses on behalf of the issuer (RFC 6960 section 4.2.2.2)."""
    return CertificateTemplate(
        serial_number=serial_number,
        subject_der=subject_der,
        public_key=check_key(key),
        not_before=term.not_before(),
        not_after=term.not_after(issuer),
        extensions=(
            build_basic_constraints(is_ca=False),
            build_key_usage(KeyUsage.DIGITAL_SIGNATURE),
            build_extended_key_usage(OCSP_SIGNING),
            build_ocsp_no_check(),
            *key_identifiers(key, issuer),
        ),
    )


def check_key(key: PublicKey) -> PublicKey:
    """Return the key if it is strong enough and of a kind that programs can read (section 6.1.5).

    Raises UnsupportedAlgorithm.
    """
    fault = key_fault(key)
    if fault:
        raise UnsupportedAlgorithm(key.key_type, "certificate", text=f"no certificate for {fault}")
    return key
