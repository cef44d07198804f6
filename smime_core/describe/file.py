"""The content of a file of any kind: a message, certificates, a CRL, a PKCS#12, a key, a timestamp response.

Nothing is verified. Only PKCS#12 files and encrypted keys need their passphrase.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from smime_core.asn1 import der
from smime_core.describe.description_json import description_to_json, revocation_list_to_json
from smime_core.describe.message import Description, describe_message
from smime_core.errors import MalformedMessage, WrongPassphrase
from smime_core.identity.identity import load_identities
from smime_core.identity.private_key_file import load_private_key
from smime_core.provider import CryptoProvider
from smime_core.report.certificate_text import key_label
from smime_core.text.entrust import check_no_entrust_profile
from smime_core.timestamp import read_timestamp
from smime_core.x509.certificate import Certificate, parse_certificates
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
    """The content of a file that is no message. `keys` are labels of private keys, in words for people."""

    title: str
    keys: tuple[str, ...]
    certificates: tuple[Certificate, ...]


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
            return description_to_json(None, certificates=findings.certificates, keys=findings.keys)


def _certificates(data: bytes) -> KeysAndCertificates:
    certificates = tuple(dict.fromkeys(parse_certificates(data)))
    return KeysAndCertificates(title=FileKind.CERTIFICATES, keys=(), certificates=certificates)


async def _private_key(data: bytes, passphrase: Callable[[], bytes], provider: CryptoProvider) -> KeysAndCertificates:
    title = str(FileKind.PRIVATE_KEY)
    try:
        key = await load_private_key(data, None, provider)
    except WrongPassphrase:
        title = f"{title}, encrypted"
        key = await load_private_key(data, passphrase(), provider)
    certificates = parse_certificates(data) if _CERTIFICATE_PEM.search(data) else ()
    return KeysAndCertificates(title=title, keys=(key_label(key),), certificates=tuple(dict.fromkeys(certificates)))


async def _pkcs12(data: bytes, passphrase: Callable[[], bytes], provider: CryptoProvider) -> KeysAndCertificates:
    identities = await load_identities(data, passphrase(), provider)
    certificates = [one for identity in identities for one in (identity.certificate, *identity.chain)]
    return KeysAndCertificates(
        title=FileKind.PKCS12,
        keys=tuple(dict.fromkeys(key_label(identity.private_key) for identity in identities)),
        certificates=tuple(dict.fromkeys(certificates)),
    )
