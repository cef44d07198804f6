"""The content of a file of any kind: a message, certificates, a CRL, a PKCS#12, a key, a timestamp response.

Nothing is verified. Only PKCS#12 files and encrypted keys need their passphrase.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from smime_core.asn1 import der
from smime_core.asn1.pem import find_damaged_pem_blocks
from smime_core.cms.unreadable_certificates import describe_unreadable
from smime_core.describe.description_json import description_to_json, revocation_list_to_json
from smime_core.describe.message import Description, describe_message
from smime_core.errors import MalformedMessage, SmimeError, WrongPassphrase
from smime_core.identity.identity import CERTIFICATE_LABELS, Identity, certificate_octets, load_identities
from smime_core.identity.pkcs12 import parse_pkcs12
from smime_core.identity.private_key_file import load_private_key
from smime_core.provider import CryptoProvider
from smime_core.report.certificate_text import key_label
from smime_core.text.entrust import check_no_entrust_profile
from smime_core.timestamp import read_timestamp
from smime_core.x509.certificate import Certificate, parse_certificate, parse_certificates
from smime_core.x509.revocation_list import RevocationList, is_revocation_list, parse_revocation_list

_PRIVATE_KEY_PEM: Final = re.compile(rb"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")
_CERTIFICATE_PEM: Final = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")
_HEADER_FIELD: Final = re.compile(rb"[!-9;-~]{1,76}:")  # A mail may quote PEM, so this test comes before those for PEM.
_PFX_VERSION: Final = 3  # RFC 7292 section 4. In PrivateKeyInfo the version is 0 or 1 (RFC 5958 section 2).


class FileKind(StrEnum):
    MESSAGE = "message"
    CERTIFICATES = "certificates"
    PKCS12 = "PKCS#12"
    PRIVATE_KEY = "private key"
    REVOCATION_LIST = "certificate revocation list"
    TIMESTAMP = "answer of a timestamp service"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysAndCertificates:
    """The content of a file that is no message. `keys` are labels of private keys, in words for people.

    `unreadable_certificates` says of each certificate that cannot be read whose it is, as far as it shows, and why.
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


def detect_kind(data: bytes) -> FileKind:
    """The kind of a file by its content: PEM labels, or the first fields of its outermost SEQUENCE.

    Raises MalformedMessage for any other kind, EntrustProfile for an Entrust profile.
    """
    if data[:1] != bytes([der.SEQUENCE]):
        check_no_entrust_profile(data)
        if _HEADER_FIELD.match(data.lstrip()):
            return FileKind.MESSAGE
        if _PRIVATE_KEY_PEM.search(data):
            return FileKind.PRIVATE_KEY
        if _CERTIFICATE_PEM.match(data.lstrip()):
            return FileKind.CERTIFICATES
        return FileKind.REVOCATION_LIST if is_revocation_list(data) else FileKind.MESSAGE
    if is_revocation_list(data):
        return FileKind.REVOCATION_LIST
    fields = der.read_sequence(data, where="file")
    tags = [field.tag for field in fields]
    if tags[:1] == [der.OID]:
        return FileKind.MESSAGE
    if tags == [der.SEQUENCE, der.SEQUENCE]:
        return FileKind.TIMESTAMP
    if tags[:2] == [der.SEQUENCE, der.SEQUENCE]:
        return FileKind.CERTIFICATES
    if tags[:2] == [der.INTEGER, der.SEQUENCE] and der.parse_integer(fields[0]) == _PFX_VERSION:
        return FileKind.PKCS12
    # Private keys in PKCS#8, plain or encrypted, in PKCS#1 or SEC 1 begin with these fields.
    if tags[:1] == [der.INTEGER] or tags[:2] == [der.SEQUENCE, der.OCTET_STRING]:
        return FileKind.PRIVATE_KEY
    raise MalformedMessage("found neither message, certificate, CRL, PKCS#12 nor private key", where="file")


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


def _certificates(data: bytes) -> KeysAndCertificates:
    unreadable: tuple[str, ...] = ()
    if data[:1] == bytes([der.SEQUENCE]):
        certificates = parse_certificates(data)
    else:
        certificates, unreadable = _read_all(_pem_certificates(data))
    if not certificates and len(unreadable) <= 1:
        certificates = parse_certificates(data)  # raises the error of the only certificate
    return KeysAndCertificates(
        title=FileKind.CERTIFICATES, keys=(), certificates=certificates, unreadable_certificates=unreadable
    )


async def _private_key(data: bytes, passphrase: Callable[[], bytes], provider: CryptoProvider) -> KeysAndCertificates:
    title = str(FileKind.PRIVATE_KEY)
    try:
        key = await load_private_key(data, None, provider)
    except WrongPassphrase:
        title = f"{title}, encrypted"
        key = await load_private_key(data, passphrase(), provider)
    certificates, unreadable = _read_all(_pem_certificates(data))
    return KeysAndCertificates(
        title=title, keys=(key_label(key),), certificates=certificates, unreadable_certificates=unreadable
    )


async def _pkcs12(data: bytes, passphrase: Callable[[], bytes], provider: CryptoProvider) -> KeysAndCertificates:
    secret = passphrase()
    contents = await parse_pkcs12(data, secret, provider)
    _, unreadable = _read_all([one.certificate_der for one in contents.certificates])
    identities: tuple[Identity, ...] = ()
    try:
        identities = await load_identities(data, secret, provider)
    except SmimeError:
        if not unreadable:
            raise
    certificates = [one for identity in identities for one in (identity.certificate, *identity.chain)]
    return KeysAndCertificates(
        title=FileKind.PKCS12,
        keys=tuple(dict.fromkeys(key_label(identity.private_key) for identity in identities)),
        certificates=tuple(dict.fromkeys(certificates)),
        unreadable_certificates=unreadable,
    )


def _pem_certificates(data: bytes) -> list[bytes]:
    return [certificate_octets(one) for one in find_damaged_pem_blocks(data) if one.label in CERTIFICATE_LABELS]


def _read_all(encodings: Iterable[bytes]) -> tuple[tuple[Certificate, ...], tuple[str, ...]]:
    # Returns the certificates, and a description of each that cannot be read.
    certificates: dict[Certificate, None] = {}
    unreadable: list[str] = []
    for octets in encodings:
        try:
            certificates[parse_certificate(octets)] = None
        except SmimeError as error:
            unreadable.append(str(describe_unreadable(octets, str(error))))
    return tuple(certificates), tuple(unreadable)
