"""A new certificate of a known person: a further one, a renewal, or a change that the user must agree to.

A certificate has a set of uses, signing and encryption (RFC 8550 section 4.4.2). Many people have one certificate for
each use, and some have both from several authorities. So a certificate is compared with the known ones that share a use
with it. A first certificate for a use is no change if its issuer also issued a known certificate of the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.errors import SmimeError
from smime_core.pkix import Purpose, check_end_entity
from smime_core.provider import KeyType
from smime_core.x509.certificate import Certificate, names_match

_USES: Final = (Purpose.SIGN, Purpose.ENCRYPT)
_ONLY_AGREES: Final = (KeyType.X25519, KeyType.X448)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateChange:
    """A known person has another certificate than before."""

    address: str
    before: Certificate
    after: Certificate
    same_issuer: bool
    same_key: bool

    @property
    def is_renewal(self) -> bool:
        """Whether the same authority certified the same key again.

        A renewal is only reported. To any other change, the user must agree.
        """
        return self.same_issuer and self.same_key


def change_from(known: Sequence[Certificate], certificate: Certificate, address: str) -> CertificateChange | None:
    """The change from the known certificates of an address, the last seen first, or None if there is none to report.

    For each use, `certificate` is compared with one known certificate for this use: preferably one with the same key
    and authority, else one with the same authority, else the last seen. A change that the user must agree to is
    reported before a renewal.
    """
    if not known or certificate in known:
        return None
    by_use = [[candidate for candidate in known if use in uses_of(candidate)] for use in uses_of(certificate)]
    compared = [_build_change(others, certificate, address) for others in by_use if others]
    if not compared:
        if any(_have_same_issuer(candidate, certificate) for candidate in known):
            return None
        compared = [_build_change(known, certificate, address)]
    return min(compared, key=lambda change: (change.is_renewal, change.same_issuer))


def uses_of(certificate: Certificate) -> tuple[Purpose, ...]:
    """The uses of a certificate. A certificate that allows neither use is compared as if it allowed both."""
    return tuple(use for use in _USES if _MAY[use](certificate)) or _USES


def has_receiving_key(certificate: Certificate) -> bool:
    """Whether this kind of key can receive encrypted content, whatever usage the certificate names."""
    key = certificate.public_key
    return (key.key_type is KeyType.RSA and key.pss is None) or key.agrees or key.key_type.is_kem


def may_encrypt(certificate: Certificate) -> bool:
    """Whether mail may be encrypted for this certificate, by its own extensions and key."""
    return has_receiving_key(certificate) and _allows(certificate, Purpose.ENCRYPT)


def _may_sign(certificate: Certificate) -> bool:
    key_type = certificate.public_key.key_type
    return key_type not in _ONLY_AGREES and not key_type.is_kem and _allows(certificate, Purpose.SIGN)


_MAY: Final = {Purpose.SIGN: _may_sign, Purpose.ENCRYPT: may_encrypt}


def _allows(certificate: Certificate, use: Purpose) -> bool:
    try:
        check_end_entity(certificate, use)
    except SmimeError:
        return False
    return not certificate.is_ca


def _build_change(known: Sequence[Certificate], certificate: Certificate, address: str) -> CertificateChange:
    def nearness(candidate: Certificate) -> tuple[bool, bool]:
        is_others = not _have_same_issuer(candidate, certificate)
        return is_others or not _have_same_key(candidate, certificate), is_others

    before = min(known, key=nearness)
    return CertificateChange(
        address=address,
        before=before,
        after=certificate,
        same_issuer=_have_same_issuer(before, certificate),
        same_key=_have_same_key(before, certificate),
    )


def _have_same_key(certificate: Certificate, other: Certificate) -> bool:
    return certificate.public_key.spki_der == other.public_key.spki_der


def _have_same_issuer(certificate: Certificate, other: Certificate) -> bool:
    # Another authority could have the same name, so the key identifiers must agree if both have one.
    identifiers = {certificate.authority_key_identifier, other.authority_key_identifier} - {None}
    return len(identifiers) < 2 and names_match(certificate.issuer_der, other.issuer_der)
