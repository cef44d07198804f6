"""`sealwax inspect`: what a file is made of, without keys and without a verdict."""

from __future__ import annotations

import base64
import binascii
import re
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import click
from rich.console import Console
from rich.tree import Tree

from smime_core import blocking, der
from smime_core.certificate import Certificate, parse_certificates
from smime_core.cli.files import read_input
from smime_core.cli.inspect_tree import draw_keys_and_certificates, draw_message, draw_revocation_list
from smime_core.cli.options import input_argument, json_option, write_json
from smime_core.cli.passphrases import PassphraseSource, passphrase_options
from smime_core.description import describe_message
from smime_core.errors import MalformedMessage
from smime_core.keys import parse_private_key
from smime_core.providers.native import NativeProvider
from smime_core.report_json import description_to_json, key_label, revocation_list_to_json
from smime_core.revocation_list import is_revocation_list, parse_revocation_list

_PRIVATE_KEY_PEM: Final = re.compile(rb"-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END PRIVATE KEY-----")

PIPE_WIDTH: Final = 4_096  # columns


class FileKind(StrEnum):
    MESSAGE = "message"
    CERTIFICATES = "certificates"
    PKCS12 = "PKCS#12"
    PRIVATE_KEY = "private key"
    REVOCATION_LIST = "certificate revocation list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The same findings for people and for programs."""

    tree: Tree
    as_json: dict[str, Any]


@click.command()
@input_argument
@json_option
@passphrase_options
def inspect(source: str, as_json: bool, file: str | None, descriptor: int | None, keyring_entry: str | None) -> None:
    """Show what a message, PKCS#12 file, certificate, CRL or key is made of.

    Nothing is verified. Only a PKCS#12 file needs its passphrase.
    """
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    inspection = _inspect(read_input(source), source, passphrases)
    if as_json:
        write_json(inspection.as_json)
    else:
        # A terminal folds long lines inside the tree; in a pipe each entry stays on one line, for grep.
        width = None if sys.stdout.isatty() else PIPE_WIDTH
        Console(highlight=False, width=width).print(inspection.tree)


def _inspect(data: bytes, name: str, passphrases: PassphraseSource) -> Inspection:
    kind = detect_kind(data)
    if kind is FileKind.MESSAGE:
        description = describe_message(data)
        return Inspection(tree=draw_message(description), as_json=description_to_json(description))
    if kind is FileKind.REVOCATION_LIST:
        revocation_list = parse_revocation_list(data)
        return Inspection(tree=draw_revocation_list(revocation_list), as_json=revocation_list_to_json(revocation_list))
    keys: list[str] = []
    certificates: list[Certificate] = []
    if kind is FileKind.PKCS12:
        provider = NativeProvider()
        identities = blocking.load_identities(data, passphrases.reader()(name), provider=provider)
        keys = list(dict.fromkeys(key_label(identity.private_key) for identity in identities))
        certificates = [one for identity in identities for one in (identity.certificate, *identity.chain)]
    elif kind is FileKind.PRIVATE_KEY:
        keys = [key_label(parse_private_key(_private_key_der(data)))]
    else:
        certificates = list(parse_certificates(data))
    unique = tuple(dict.fromkeys(certificates))
    return Inspection(
        tree=draw_keys_and_certificates(kind, keys=keys, certificates=unique),
        as_json=description_to_json(None, certificates=unique, keys=keys),
    )


def detect_kind(data: bytes) -> FileKind:
    """What a file is by its content: PEM labels, or the first fields of its outermost SEQUENCE."""
    if _PRIVATE_KEY_PEM.search(data):
        return FileKind.PRIVATE_KEY
    if data.lstrip().startswith((b"-----BEGIN CERTIFICATE", b"-----BEGIN X509", b"-----BEGIN TRUSTED")):
        return FileKind.CERTIFICATES
    if is_revocation_list(data):
        return FileKind.REVOCATION_LIST
    if data[:1] != bytes([der.SEQUENCE]):
        return FileKind.MESSAGE
    fields = der.read_sequence(data, where="file")
    tags = [field.tag for field in fields]
    if tags[:1] == [der.OID]:
        return FileKind.MESSAGE
    if tags[:2] == [der.SEQUENCE, der.SEQUENCE]:
        return FileKind.CERTIFICATES
    if tags[:2] == [der.INTEGER, der.SEQUENCE]:
        # RFC 7292 section 4: PFX has version 3; RFC 5958 section 2: PrivateKeyInfo has 0 or 1.
        return FileKind.PKCS12 if der.parse_integer(fields[0]) == 3 else FileKind.PRIVATE_KEY
    raise MalformedMessage("found neither message, certificate, CRL, PKCS#12 nor private key", where="file")


def _private_key_der(data: bytes) -> bytes:
    block = _PRIVATE_KEY_PEM.search(data)
    try:
        return base64.b64decode(block[1]) if block else data
    except binascii.Error:
        raise MalformedMessage("the PEM block is not base64", where="private key") from None
