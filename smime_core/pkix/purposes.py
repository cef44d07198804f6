"""The uses of a certificate: key usage and extended key usage by operation.

RFC 5280 sections 4.2.1.3 and 4.2.1.12, RFC 8550 section 4.4, RFC 5652 sections 6.2.1 and 6.2.2, RFC 3161 section 2.3,
RFC 6960 section 4.2.2.2. If an authority's certificate names purposes, the authority may issue for no other purpose. An
authority that is restricted to servers, for example, is not audited for mail. This rule is not in the RFCs, but Mozilla
and OpenSSL apply it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.algorithms import parse_algorithm_identifier
from smime_core.asn1 import der
from smime_core.pkix.extensions import find_extension
from smime_core.provider import KeyType
from smime_core.x509.certificate import (
    ANY_EXTENDED_KEY_USAGE,
    EMAIL_PROTECTION,
    EXTENDED_KEY_USAGE,
    Certificate,
    KeyUsage,
)

TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"
OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"

_SIGNING: Final = KeyUsage.DIGITAL_SIGNATURE | KeyUsage.NON_REPUDIATION


class Purpose(StrEnum):
    """The purposes that a certificate can be checked for."""

    SIGN = "sign"
    """Signatures on mail, and on content that is sent like mail (RFC 8550 section 4.4.2)."""
    ENCRYPT = "encrypt"
    """Encryption to a recipient, by keyEncipherment or keyAgreement, depending on the key (RFC 5652 section 6.2)."""
    TIMESTAMP = "timestamp"
    """Timestamps. The extended key usage is critical and has id-kp-timeStamping only (RFC 3161 section 2.3)."""
    OCSP = "ocsp"
    """Signatures on OCSP responses by a delegate of the authority (RFC 6960 section 4.2.2.2)."""
    CRL = "crl"
    """Signatures on revocation lists. The signer need not be an authority (RFC 5280 section 6.3.3 (f))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateUse:
    """The demands of a use on the end-entity certificate of a path. `Purpose` names the common uses.

    If the certificate has extended key usage, it must have one of `extended_key_usages` (empty: any). `is_demanded`
    refuses a certificate without extended key usage. `is_exclusive` demands that this extension is critical and has
    only one usage. If the certificate has key usage, at least one of its bits must be in `key_usages`; with
    `is_exclusive`, all of its bits must be. `concerns_people` is True if the anchor's conditions on addresses apply to
    the use.
    """

    name: str
    extended_key_usages: frozenset[str] = frozenset()
    key_usages: KeyUsage | None = None
    is_demanded: bool = False
    is_exclusive: bool = False
    concerns_people: bool = False


_MAIL: Final = frozenset({EMAIL_PROTECTION, ANY_EXTENDED_KEY_USAGE})
_SIGN: Final = CertificateUse(name="signatures", extended_key_usages=_MAIL, key_usages=_SIGNING, concerns_people=True)
_TRANSPORT: Final = CertificateUse(
    name="encryption", extended_key_usages=_MAIL, key_usages=KeyUsage.KEY_ENCIPHERMENT, concerns_people=True
)
_AGREEMENT: Final = CertificateUse(
    name="encryption", extended_key_usages=_MAIL, key_usages=KeyUsage.KEY_AGREEMENT, concerns_people=True
)
_TIMESTAMP: Final = CertificateUse(
    name="timestamps",
    extended_key_usages=frozenset({TIME_STAMPING}),
    key_usages=_SIGNING,
    is_demanded=True,
    is_exclusive=True,
)
_OCSP: Final = CertificateUse(
    name="OCSP responses", extended_key_usages=frozenset({OCSP_SIGNING}), key_usages=_SIGNING, is_demanded=True
)
_CRL: Final = CertificateUse(name="revocation lists", key_usages=KeyUsage.CRL_SIGN)


def use_of(purpose: Purpose | CertificateUse, certificate: Certificate) -> CertificateUse:
    """The demands of the purpose on this certificate. For encryption they depend on the kind of its key."""
    if isinstance(purpose, CertificateUse):
        return purpose
    if purpose is Purpose.ENCRYPT:
        return _AGREEMENT if certificate.public_key.agrees else _TRANSPORT
    return {Purpose.SIGN: _SIGN, Purpose.TIMESTAMP: _TIMESTAMP, Purpose.OCSP: _OCSP, Purpose.CRL: _CRL}[purpose]


def find_usage_fault(certificate: Certificate, use: CertificateUse) -> tuple[str, str] | None:
    """Why a certificate does not fit this use, as (label of RFC 5280, sentence), or None if it does."""
    text = _extended_fault(certificate, use)
    if text is not None:
        return "4.2.1.12", text
    usage = certificate.key_usage
    if usage is not None and use.key_usages and not _is_key_fit(usage, use.key_usages, is_exclusive=use.is_exclusive):
        what = "its key" if use.name == "encryption" else "this certificate"
        return "4.2.1.3", f"{what} is not for {use.name}"
    if certificate.public_key.key_type is KeyType.UNKNOWN:
        return "4.1.2.7", f"the kind of its key ({_kind_of(certificate)}) is not supported"
    if certificate.public_key.receives_only and use.name != "encryption":
        return "4.1.2.7", "its key is bound to encryption"
    return None


def _kind_of(certificate: Certificate) -> str:
    return parse_algorithm_identifier(der.read_sequence(certificate.public_key.spki_der)[0].encoded)[0]


def _is_key_fit(usage: KeyUsage, expected_usage: KeyUsage, *, is_exclusive: bool) -> bool:
    return bool(usage & expected_usage) and not (is_exclusive and usage & ~expected_usage)


def _extended_fault(certificate: Certificate, use: CertificateUse) -> str | None:
    usages = certificate.extended_key_usage
    if not use.extended_key_usages or (usages is None and not use.is_demanded):
        return None
    extension = find_extension(certificate, EXTENDED_KEY_USAGE)
    is_critical = extension is not None and extension.critical
    is_fit = usages is not None and bool(use.extended_key_usages.intersection(usages))
    if is_fit and not (use.is_exclusive and (len(usages or ()) != 1 or not is_critical)):
        return None
    only = "only " if use.is_exclusive else ""
    return f"this certificate is not {only}for {'e-mail' if use.concerns_people else use.name}"


def may_vouch_for(issuer: Certificate, use: CertificateUse) -> bool:
    """Whether an authority's own extended key usage permits the use. Without the extension, every use is permitted."""
    usages = issuer.extended_key_usage
    # OCSP is always permitted, because a delegated responder has its certificate directly from the issuer. Revocation
    # lists are also permitted (empty `extended_key_usages`), because the key that signs certificates signs them too.
    if usages is None or not use.extended_key_usages or use.extended_key_usages == {OCSP_SIGNING}:
        return True
    return bool(use.extended_key_usages.union({ANY_EXTENDED_KEY_USAGE}).intersection(usages))
