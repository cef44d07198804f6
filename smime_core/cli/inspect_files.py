"""`sealwax inspect`: what a file is made of, without a verdict, and without keys where it needs none."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import click

from smime_core import blocking, der
from smime_core.certificate import Certificate, parse_certificates
from smime_core.certificate_text import key_label
from smime_core.cli.files import open_input
from smime_core.cli.inspect_large import describe_file
from smime_core.cli.operations import PROVIDER
from smime_core.cli.options import input_argument, json_option, write_json
from smime_core.cli.passphrases import PassphraseSource, passphrase_options
from smime_core.cli.progress import show_progress
from smime_core.description import Description, describe_message
from smime_core.errors import MalformedMessage, WrongPassphrase
from smime_core.provider import PrivateKey
from smime_core.report_json import description_to_json, revocation_list_to_json
from smime_core.revocation_list import RevocationList, is_revocation_list, parse_revocation_list
from smime_core.timestamp import read_timestamp

if TYPE_CHECKING:
    from rich.tree import Tree

_PRIVATE_KEY_PEM: Final = re.compile(rb"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")
_CERTIFICATE_PEM: Final = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")
_HEADER_FIELD: Final = re.compile(rb"[!-9;-~]{1,76}:")  # a mail may quote PEM
_PFX_VERSION: Final = 3  # RFC 7292 section 4; PrivateKeyInfo has 0 or 1 there (RFC 5958 section 2)

PIPE_WIDTH: Final = 4_096  # columns


class FileKind(StrEnum):
    MESSAGE = "message"
    CERTIFICATES = "certificates"
    PKCS12 = "PKCS#12"
    PRIVATE_KEY = "private key"
    REVOCATION_LIST = "certificate revocation list"
    TIMESTAMP = "answer of a timestamp service"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysAndCertificates:
    """A file that is no message; `keys` are labels."""

    title: str
    keys: tuple[str, ...]
    certificates: tuple[Certificate, ...]


Findings = Description | RevocationList | KeysAndCertificates


@click.command()
@input_argument
@json_option
@passphrase_options
def inspect(source: str, as_json: bool, file: str | None, descriptor: int | None, keyring_entry: str | None) -> None:
    """Show what a file is made of.

    It may be a message, a PKCS#12 file, certificates, a CRL, a key or a timestamp. Nothing is verified. Only PKCS#12
    files and encrypted keys need their passphrase.
    """
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    with open_input(source) as data, show_progress(data, "Reading") as watched:
        findings = _inspect(watched, source, passphrases) if isinstance(watched, bytes) else describe_file(watched)
    if as_json:
        write_json(_to_json(findings))
        return
    # Imported here: it takes longer than to read most files.
    from rich.console import Console

    # A terminal folds long lines inside the tree; in a pipe each entry stays on one line, for grep.
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(highlight=False, width=width).print(_draw(findings))


def _inspect(data: bytes, name: str, passphrases: PassphraseSource) -> Findings:
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
            return _private_key(data, name, passphrases)
        case FileKind.PKCS12:
            return _pkcs12(data, name, passphrases)


def detect_kind(data: bytes) -> FileKind:
    """What a file is by its content: PEM labels, or the first fields of its outermost SEQUENCE."""
    if data[:1] != bytes([der.SEQUENCE]):
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
    # PKCS#8 in clear and encrypted, PKCS#1, SEC 1.
    if tags[:1] == [der.INTEGER] or tags[:2] == [der.SEQUENCE, der.OCTET_STRING]:
        return FileKind.PRIVATE_KEY
    raise MalformedMessage("found neither message, certificate, CRL, PKCS#12 nor private key", where="file")


def _certificates(data: bytes) -> KeysAndCertificates:
    certificates = tuple(dict.fromkeys(parse_certificates(data)))
    return KeysAndCertificates(title=FileKind.CERTIFICATES, keys=(), certificates=certificates)


def _private_key(data: bytes, name: str, passphrases: PassphraseSource) -> KeysAndCertificates:
    key: PrivateKey
    title = str(FileKind.PRIVATE_KEY)
    try:
        key = blocking.load_private_key(data, None, provider=PROVIDER)
    except WrongPassphrase:
        title = f"{title}, encrypted"
        key = blocking.load_private_key(data, passphrases.reader()(name), provider=PROVIDER)
    certificates = parse_certificates(data) if _CERTIFICATE_PEM.search(data) else ()
    return KeysAndCertificates(title=title, keys=(key_label(key),), certificates=tuple(dict.fromkeys(certificates)))


def _pkcs12(data: bytes, name: str, passphrases: PassphraseSource) -> KeysAndCertificates:
    identities = blocking.load_identities(data, passphrases.reader()(name), provider=PROVIDER)
    certificates = [one for identity in identities for one in (identity.certificate, *identity.chain)]
    return KeysAndCertificates(
        title=FileKind.PKCS12,
        keys=tuple(dict.fromkeys(key_label(identity.private_key) for identity in identities)),
        certificates=tuple(dict.fromkeys(certificates)),
    )


def _to_json(findings: Findings) -> dict[str, Any]:
    match findings:
        case Description():
            return description_to_json(findings)
        case RevocationList():
            return revocation_list_to_json(findings)
        case KeysAndCertificates():
            return description_to_json(None, certificates=findings.certificates, keys=findings.keys)


def _draw(findings: Findings) -> Tree:
    from smime_core.cli.inspect_tree import draw_keys_and_certificates, draw_message, draw_revocation_list

    match findings:
        case Description():
            return draw_message(findings)
        case RevocationList():
            return draw_revocation_list(findings)
        case KeysAndCertificates():
            return draw_keys_and_certificates(findings.title, keys=findings.keys, certificates=findings.certificates)
