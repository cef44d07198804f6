"""The known authorities that may have issued a certificate, and the known certificates that are not in a message.

Authorities are found by their names (RFC 5280 section 7.1), certificates by the names with which a message refers to
them. None of them is trusted. Signatures are verified with them and paths through them are validated when they are
used, as with the certificates in a message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from smime_core.asn1.distinguished_name import ComparableName, comparable_name
from smime_core.cms.certificate_id import CertificateId, IssuerAndSerial
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_PATH_LENGTH, MAX_SIGNER_CERTIFICATES
from smime_core.x509.certificate import Certificate


class Issuers:
    """Authorities by their names. Roots are left out, because anybody can send a root."""

    def __init__(self, authorities: Iterable[Certificate]) -> None:
        self._by_subject: dict[ComparableName, list[Certificate]] = defaultdict(list)
        for authority in authorities:
            name = authority.comparable_subject
            if name and not authority.is_self_issued and len(self._by_subject[name]) < MAX_PATH_LENGTH:
                self._by_subject[name].append(authority)

    def find_above(self, certificate: Certificate) -> tuple[Certificate, ...]:
        """The authorities above a certificate, at most MAX_PATH_LENGTH."""
        authorities: dict[Certificate, None] = {}
        waiting = [certificate]
        while waiting and len(authorities) < MAX_PATH_LENGTH:
            new = [
                authority
                for authority in self._by_subject.get(_issuer_of(waiting.pop()), ())
                if authority not in authorities
            ]
            authorities |= dict.fromkeys(new)
            waiting += new
        return tuple(authorities)[:MAX_PATH_LENGTH]


class CertificateIndex:
    """Certificates by serial number, by key identifier and by the names of their issuers."""

    def __init__(self, certificates: Iterable[Certificate]) -> None:
        once = tuple(dict.fromkeys(certificates))
        self._by_name: dict[int | bytes | None, list[Certificate]] = defaultdict(list)
        for certificate in once:
            self._by_name[certificate.serial_number].append(certificate)
            self._by_name[certificate.subject_key_identifier].append(certificate)
        self._issuers = Issuers(certificate for certificate in once if certificate.is_ca)

    @property
    def is_empty(self) -> bool:
        """Whether there are no certificates."""
        return not self._by_name

    def find_named(self, name: CertificateId) -> tuple[Certificate, ...]:
        """The certificates with this name, at most MAX_SIGNER_CERTIFICATES."""
        key = name.serial_number if isinstance(name, IssuerAndSerial) else name.value
        return tuple(match for match in self._by_name.get(key, ()) if name.matches(match))[:MAX_SIGNER_CERTIFICATES]

    def find_above(self, certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
        """The authorities that may be above these certificates in a path, at most MAX_PATH_LENGTH for each."""
        return tuple(
            dict.fromkeys(above for certificate in certificates for above in self._issuers.find_above(certificate))
        )


def _issuer_of(certificate: Certificate) -> ComparableName:
    try:
        return comparable_name(certificate.issuer_der)
    except MalformedMessage:
        return ()
