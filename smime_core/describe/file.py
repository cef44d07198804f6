"""The content of a file of any kind: a message, certificates, a CRL, a PKCS#12, a key, a timestamp response.

Nothing is verified. Only PKCS#12 files and encrypted keys need their passphrase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from smime_core.asn1 import FileValues, ValueKind, der, name_text, parse_file_values
from smime_core.ca.certification_request import parse_certification_request
from smime_core.cms import build_certificates_only, parse_carried
from smime_core.cms.layers import find_pem_start, is_mail
from smime_core.cms.unreadable_certificates import read_certificates
from smime_core.describe.description_json import description_to_json, revocation_list_to_json
from smime_core.describe.message import Description, describe_message
from smime_core.errors import MalformedMessage, SmimeError, WrongPassphrase
from smime_core.identity.identity import Identity, load_identities, parse_pkcs12_values
from smime_core.identity.private_key_file import load_private_key
from smime_core.provider import CryptoProvider
from smime_core.report.certificate_text import key_label
from smime_core.timestamp import read_timestamp
from smime_core.x509 import Certificate, RevocationList, parse_revocation_list

_LABEL: Final = "CERTIFICATE"  # RFC 7468 section 5.1. Old labels have a word before it.


class FileKind(StrEnum):
    MESSAGE = "message"
    CERTIFICATES = "certificates"
    PKCS12 = "PKCS#12"
    PRIVATE_KEY = "private key"
    REVOCATION_LIST = "certificate revocation list"
    TIMESTAMP = "answer of a timestamp service"
    REQUEST = "certification request"


# If a file has several kinds of values, the first of these kinds counts.
_KINDS: Final = (
    (ValueKind.PKCS12, FileKind.PKCS12),
    (ValueKind.PRIVATE_KEY, FileKind.PRIVATE_KEY),
    (ValueKind.CMS, FileKind.MESSAGE),
    (ValueKind.TIMESTAMP, FileKind.TIMESTAMP),
    (ValueKind.REQUEST, FileKind.REQUEST),
    (ValueKind.REVOCATION_LIST, FileKind.REVOCATION_LIST),
    (ValueKind.CERTIFICATE, FileKind.CERTIFICATES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysAndCertificates:
    """The content of a file that is no message. `keys` are labels of private keys, in words for people.

    `unreadable_certificates` has a text for each certificate that cannot be read: its name, if found, and the error.
    """

    title: str
    keys: tuple[str, ...]
    certificates: tuple[Certificate, ...]
    unreadable_certificates: tuple[str, ...] = ()


Findings = Description | RevocationList | KeysAndCertificates


async def inspect_file(data: bytes, provider: CryptoProvider, *, passphrase: Callable[[], bytes]) -> Findings:
    """The content of the file. `passphrase` is called only if the file is encrypted.

    Raises MalformedMessage, LimitExceeded, UnsupportedAlgorithm or WrongPassphrase.
    """
    match detect_kind(data):
        case FileKind.MESSAGE:
            return describe_message(data)
        case FileKind.TIMESTAMP:
            return describe_message(read_timestamp(data).der)
        case FileKind.REVOCATION_LIST:
            return parse_revocation_list(data)
        case FileKind.CERTIFICATES:
            return _certificates(data)
        case FileKind.PRIVATE_KEY:
            return await _private_key(data, passphrase, provider)
        case FileKind.PKCS12:
            return await _pkcs12(data, passphrase, provider)
        case FileKind.REQUEST:
            return _request(data)


def detect_kind(data: bytes) -> FileKind:
    """The kind of a file in any form, from the structure of its values. A text without values is a message.

    Raises MalformedMessage for any other kind, EntrustProfile for an Entrust profile.
    """
    if is_mail(data):
        return FileKind.MESSAGE
    try:
        values = parse_file_values(data)
    except MalformedMessage as error:
        if type(error) is MalformedMessage and data[:1] != bytes([der.SEQUENCE]) and find_pem_start(data) is None:
            return FileKind.MESSAGE
        raise
    kinds = {value.kind for value in values.values}
    first_kind = next((file_kind for kind, file_kind in _KINDS if kind in kinds), None)
    if first_kind is None:
        values.take(*(kind for kind, _ in _KINDS), where="file")
        raise MalformedMessage("found neither message, certificate, CRL, PKCS#12 nor private key", where="file")
    # Several lists, or a list with certificates, are shown like a CMS structure with these values.
    is_only_list = first_kind is FileKind.REVOCATION_LIST and len(values.values) == 1
    return FileKind.CERTIFICATES if first_kind is FileKind.REVOCATION_LIST and not is_only_list else first_kind


def findings_to_json(findings: Findings) -> dict[str, Any]:
    """The findings as the JSON object of `smime_core/report/report.schema.json`. All its verdicts are null."""
    match findings:
        case Description():
            return description_to_json(findings)
        case RevocationList():
            return revocation_list_to_json(findings)
        case KeysAndCertificates():
            described = description_to_json(None, certificates=findings.certificates, keys=findings.keys)
            return {**described, "unreadableCertificates": list(findings.unreadable_certificates)}


def _certificates(data: bytes) -> Findings:
    values = parse_file_values(data)
    if values.find(ValueKind.REVOCATION_LIST):
        carried = parse_carried(data)
        return describe_message(build_certificates_only(carried.certificates, crls=carried.crls))
    certificates, unreadable = _read_certificates(values)
    if not certificates and len(unreadable) == 1:
        parse_carried(data)  # This call raises the error of the only certificate.
    return KeysAndCertificates(
        title=FileKind.CERTIFICATES, keys=(), certificates=certificates, unreadable_certificates=unreadable
    )


def _request(data: bytes) -> KeysAndCertificates:
    request = parse_certification_request(data)
    addresses = ", ".join(request.addresses)
    return KeysAndCertificates(
        title=f"{FileKind.REQUEST}: {name_text(request.subject_der)}, {addresses}, {key_label(request.public_key)}",
        keys=(),
        certificates=(),
    )


async def _private_key(data: bytes, passphrase: Callable[[], bytes], provider: CryptoProvider) -> KeysAndCertificates:
    title = str(FileKind.PRIVATE_KEY)
    try:
        key = await load_private_key(data, None, provider)
    except WrongPassphrase:
        title = f"{title}, encrypted"
        key = await load_private_key(data, passphrase(), provider)
    certificates, unreadable = _read_certificates(parse_file_values(data))
    return KeysAndCertificates(
        title=title, keys=(key_label(key),), certificates=certificates, unreadable_certificates=unreadable
    )


async def _pkcs12(data: bytes, passphrase: Callable[[], bytes], provider: CryptoProvider) -> KeysAndCertificates:
    secret = passphrase()
    contents = await parse_pkcs12_values(parse_file_values(data), secret, provider)
    carried, unreadable = _read_all(
        certificate.certificate_der for each in contents for certificate in each.certificates
    )
    identities: tuple[Identity, ...] = ()
    try:
        identities = await load_identities(data, secret, provider)
    except SmimeError:
        if not unreadable:
            raise
    certificates = [
        chain_certificate for identity in identities for chain_certificate in (identity.certificate, *identity.chain)
    ]
    return KeysAndCertificates(
        title=FileKind.PKCS12,
        keys=tuple(dict.fromkeys(key_label(identity.private_key) for identity in identities)),
        certificates=tuple(dict.fromkeys((*certificates, *carried))),
        unreadable_certificates=unreadable,
    )


def _read_certificates(values: FileValues) -> tuple[tuple[Certificate, ...], tuple[str, ...]]:
    # Returns the certificates, and a description of each that cannot be read. If the bytes of a block are no DER, only
    # the label shows the kind of the block.
    certificates, unreadable = _read_all(value.der for value in values.find(ValueKind.CERTIFICATE))
    malformed = (error for error in values.failures if isinstance(error, MalformedMessage))
    return certificates, (*unreadable, *(str(error) for error in malformed if error.where.endswith(_LABEL)))


def _read_all(encodings: Iterable[bytes]) -> tuple[tuple[Certificate, ...], tuple[str, ...]]:
    # Returns the certificates, and a description of each that cannot be read.
    certificates, unreadable = read_certificates(encodings)
    return tuple(dict.fromkeys(certificates)), tuple(map(str, unreadable))
