"""The certificates and revocation lists in a file: bare, in CMS, or in a signed mail (RFC 5652 section 10.2).

Everything that accepts certificates or lists uses this module. The forms are those of `asn1.file_values`, and mails.
Nothing is verified. LDIF and vCard (`trust.people_files`) and certificates in key files are not read here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from smime_core.asn1.der import Buffer
from smime_core.asn1.file_values import parse_file_values
from smime_core.asn1.value_kinds import ValueKind
from smime_core.cms.content_info import ID_SIGNED_DATA, parse_content_info
from smime_core.cms.layers import EncryptedLayer, SignedLayer, find_any_layer, is_mail, parse_message
from smime_core.cms.signed_data import SignedData, parse_signed_data
from smime_core.cms.unreadable_certificates import UnreadableCertificate, read_certificates
from smime_core.errors import MalformedMessage, OpenPgpContent
from smime_core.limits import MAX_CERTIFICATES, check_limit
from smime_core.mime import Entity, find_openpgp
from smime_core.x509.certificate import Certificate

_SOURCES = (ValueKind.CERTIFICATE, ValueKind.REVOCATION_LIST, ValueKind.CMS, ValueKind.TIMESTAMP)


class _Wanted(NamedTuple):
    kind: ValueKind
    plural: str


_CERTIFICATES: Final = _Wanted(ValueKind.CERTIFICATE, "certificates")
_LISTS: Final = _Wanted(ValueKind.REVOCATION_LIST, "revocation lists")


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """`certificates` and `crls` in their order, each once. `crls` has the DER of each CertificateList.

    `unreadable` are the certificates that cannot be read.
    """

    certificates: tuple[Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()
    unreadable: tuple[UnreadableCertificate, ...] = ()


def parse_carried(data: Buffer, where: str = "file") -> Carried:
    """The certificates and revocation lists of a file. One of the two may be empty.

    A CMS structure may have signers, as in userSMIMECertificate (RFC 2798 section 2.8). Raises MalformedMessage if the
    file has neither lists nor certificates that can be read, UnsupportedAlgorithm or LimitExceeded.
    """
    return _parse_carried(data, where, _CERTIFICATES)


def _parse_carried(data: Buffer, where: str, target: _Wanted) -> Carried:
    if not is_mail(data):
        return _collect(_parse_values(data, where, target), where)
    node = parse_message(data)
    layer = find_any_layer(node)
    if isinstance(layer, SignedLayer):
        return _collect([_of_signed_data(layer.signed_data)], where)
    if isinstance(layer, EncryptedLayer):
        raise MalformedMessage("the message is encrypted: decrypt it first", where)
    if isinstance(node, Entity) and find_openpgp(node) is not None:
        raise OpenPgpContent
    raise MalformedMessage(f"the message is not signed, so it carries no {target.plural}", where)


def parse_carried_certificates(data: Buffer, where: str = "certificate") -> tuple[Certificate, ...]:
    """The certificates of a file that can be read, at least one. Raises the errors of `parse_carried`."""
    carried = parse_carried(data, where)
    if not carried.certificates:
        raise MalformedMessage("found no certificates, but revocation lists", where)
    return carried.certificates


def parse_every_certificate(data: Buffer, where: str = "certificate") -> tuple[Certificate, ...]:
    """The certificates of a file, at least one, all of them readable.

    An unreadable certificate may be the wanted one. Raises the errors of `parse_carried`, and MalformedMessage if any
    certificate cannot be read.
    """
    carried = parse_carried(data, where)
    if carried.unreadable or not carried.certificates:
        raise _no_certificates(carried.unreadable, where)
    return carried.certificates


def parse_carried_lists(data: Buffer, where: str = "CRL") -> tuple[bytes, ...]:
    """The DER of the revocation lists of a file, at least one. Raises the errors of `parse_carried`."""
    carried = _parse_carried(data, where, _LISTS)
    if not carried.crls:
        raise MalformedMessage("found no revocation list, but certificates", where)
    return carried.crls


def parse_each_certificate(encodings: Iterable[bytes], where: str) -> Carried:
    """The certificates in `encodings`, each in DER, with at least one that can be read. Raises MalformedMessage."""
    return _collect([_of_encodings(encodings)], where)


def parse_signed_values(cms: Buffer, where: str = "CMS") -> Carried:
    """The certificates and lists of a SignedData. Raises MalformedMessage for CMS of another type."""
    content_info = parse_content_info(cms)
    if content_info.content_type != ID_SIGNED_DATA:
        raise MalformedMessage("it is encrypted or has no signature, so it carries no certificates", where)
    return _of_signed_data(parse_signed_data(content_info.content))


def _parse_values(data: Buffer, where: str, target: _Wanted) -> Iterable[Carried]:
    for value in parse_file_values(data, where).take(target.kind, *_SOURCES, where=where):
        if value.kind is ValueKind.CERTIFICATE:
            yield _of_encodings([value.der])
        elif value.kind is ValueKind.REVOCATION_LIST:
            yield Carried(crls=(value.der,))
        else:
            yield parse_signed_values(value.der, where)


def _collect(sources: Iterable[Carried], where: str) -> Carried:
    certificates: dict[Certificate, None] = {}
    crls: dict[bytes, None] = {}
    unreadable: dict[UnreadableCertificate, None] = {}
    for number, source in enumerate(sources, start=1):
        check_limit("certificates and lists", number, MAX_CERTIFICATES)
        certificates |= dict.fromkeys(source.certificates)
        crls |= dict.fromkeys(source.crls)
        unreadable |= dict.fromkeys(source.unreadable)
    if not certificates and not crls:
        raise _no_certificates(tuple(unreadable), where)
    return Carried(certificates=tuple(certificates), crls=tuple(crls), unreadable=tuple(unreadable))


def _of_encodings(encodings: Iterable[bytes]) -> Carried:
    certificates, unreadable = read_certificates(encodings)
    return Carried(certificates=certificates, unreadable=unreadable)


def _of_signed_data(signed_data: SignedData) -> Carried:
    return Carried(certificates=signed_data.certificates, crls=signed_data.crls, unreadable=signed_data.unreadable)


def _no_certificates(unreadable: tuple[UnreadableCertificate, ...], where: str) -> MalformedMessage:
    text = f"a certificate cannot be read: {unreadable[0]}" if unreadable else "found no certificates"
    return MalformedMessage(text, where)
