"""Write the certificates of contacts to a file that `reading` and other programs can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from smime_core.asn1.pem import build_pem
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_CERTIFICATES, check_limit
from smime_core.trust.contacts import Contact
from smime_core.trust.people_files.ldif import build_ldif
from smime_core.trust.people_files.vcard import build_vcards
from smime_core.x509.certificate import Certificate


class PeopleForm(StrEnum):
    """The form of a file."""

    LDIF = "ldif"
    """Entries with address, certificates and intermediates (RFC 2849)."""
    VCARD = "vcard"
    """Cards with address and certificates (RFC 2426)."""
    P7B = "p7b"
    """One certs-only CMS with certificates and intermediates, without names (RFC 5652)."""
    PEM = "pem"
    """The same certificates one after the other (RFC 7468)."""


def build_people_file(contacts: Sequence[Contact], form: PeopleForm) -> bytes:
    """The contacts that have certificates, as a file. Raises LimitExceeded, or MalformedMessage if there are none."""
    known = [contact for contact in contacts if contact.certificates]
    if not known:
        raise MalformedMessage("no contact has a certificate", where="people file")
    return _BUILDERS[form](known)


def _build_p7b(contacts: Sequence[Contact]) -> bytes:
    return build_certificates_only(_certificates_of(contacts))


def _build_pem(contacts: Sequence[Contact]) -> bytes:
    return b"".join(build_pem("CERTIFICATE", certificate.der) for certificate in _certificates_of(contacts))


def _certificates_of(contacts: Sequence[Contact]) -> list[Certificate]:
    certificates = dict.fromkeys(
        certificate
        for contact in contacts
        for known in contact.certificates
        for certificate in (known.certificate, *known.intermediates)
    )
    check_limit("certificates", len(certificates), MAX_CERTIFICATES)
    return list(certificates)


_BUILDERS: Final[Mapping[PeopleForm, Callable[[Sequence[Contact]], bytes]]] = MappingProxyType(
    {
        PeopleForm.LDIF: build_ldif,
        PeopleForm.VCARD: build_vcards,
        PeopleForm.P7B: _build_p7b,
        PeopleForm.PEM: _build_pem,
    }
)
