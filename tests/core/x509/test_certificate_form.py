"""The permitted form of certificates (RFC 5280 sections 4.1 and 4.2): fields that could hide others are refused."""

from __future__ import annotations

from typing import Final

import pytest

from smime_core.asn1 import der
from smime_core.errors import MalformedMessage
from smime_core.x509.certificate import AUTHORITY_KEY_IDENTIFIER, Certificate, Extension, parse_certificate
from tests.support.path_pki import Rig, root

ROOT: Final[Rig] = root()
PARTS: Final = tuple(bytes(part.encoded) for part in der.read_sequence(ROOT.certificate.der))
FIELDS: Final = tuple(bytes(field.encoded) for field in der.read_sequence(PARTS[0]))
ISSUER_ID, SUBJECT_ID = der.element(0x81, b"\0\1"), der.element(0x82, b"\0\2")
EXTENSIONS: Final = FIELDS[-1]
NAMES: Final = der.element(0xA1, der.element(0x82, b"issuer.test"))
IDENTIFIER, SERIAL = der.element(0x80, b"key"), der.element(0x82, b"\x07")


def rebuilt(*optional: bytes) -> Certificate:
    """The root certificate with other fields behind its key. Its signature is not checked."""
    return parse_certificate(der.sequence(der.sequence(*FIELDS[:-1], *optional), *PARTS[1:]))


def with_identifier(value: bytes) -> Certificate:
    extension = der.sequence(der.oid(AUTHORITY_KEY_IDENTIFIER), der.octet_string(value))
    return rebuilt(der.explicit(3, der.sequence(extension)))


@pytest.mark.parametrize("optional", [(), (EXTENSIONS,), (ISSUER_ID, EXTENSIONS), (ISSUER_ID, SUBJECT_ID, EXTENSIONS)])
def test_unique_identifiers_and_extensions_may_stand_behind_the_key(optional: tuple[bytes, ...]) -> None:
    assert len(rebuilt(*optional).extensions) == (len(ROOT.certificate.extensions) if EXTENSIONS in optional else 0)


@pytest.mark.parametrize(
    "optional",
    [
        (EXTENSIONS, EXTENSIONS),
        (EXTENSIONS, ISSUER_ID),
        (EXTENSIONS, b"\x05\x00"),
        (SUBJECT_ID, ISSUER_ID, EXTENSIONS),
        (b"\x05\x00",),
    ],
)
def test_nothing_else_may_stand_there(optional: tuple[bytes, ...]) -> None:
    with pytest.raises(MalformedMessage, match="does not have"):
        rebuilt(*optional)


def test_a_list_of_extensions_is_not_empty() -> None:
    with pytest.raises(MalformedMessage, match="an empty list"):
        rebuilt(der.explicit(3, der.sequence()))


@pytest.mark.parametrize(
    ("value", "identifier"),
    [
        (der.sequence(), None),
        (der.sequence(IDENTIFIER), b"key"),
        (der.sequence(NAMES, SERIAL), None),
        (der.sequence(IDENTIFIER, NAMES, SERIAL), b"key"),
    ],
)
def test_an_issuer_is_named_by_its_key_or_its_own_issuer(value: bytes, identifier: bytes | None) -> None:
    assert with_identifier(value).authority_key_identifier == identifier


@pytest.mark.parametrize(
    "value",
    [
        der.sequence(NAMES, SERIAL, der.integer(1)),
        der.sequence(der.integer(1)),
        der.sequence(SERIAL, IDENTIFIER),
        der.sequence(IDENTIFIER, IDENTIFIER),
    ],
)
def test_an_issuer_is_named_in_no_other_way(value: bytes) -> None:
    with pytest.raises(MalformedMessage, match="authorityKeyIdentifier"):
        with_identifier(value)


@pytest.mark.parametrize("position", range(3))
def test_a_certificate_has_three_parts_of_their_kinds(position: int) -> None:
    for replacement in ((), (b"\x05\x00",)):
        parts = (*PARTS[:position], *replacement, *PARTS[position + 1 :])
        with pytest.raises(MalformedMessage):
            parse_certificate(der.sequence(*parts))
    with pytest.raises(MalformedMessage, match="4 fields"):
        parse_certificate(der.sequence(*PARTS, b"\x05\x00"))


def test_an_extension_stands_once() -> None:
    extension = Extension(oid="1.2.3", critical=False, value=b"")
    encoded = der.sequence(der.oid(extension.oid), der.octet_string(extension.value))
    assert rebuilt(der.explicit(3, der.sequence(encoded))).extensions == (extension,)
    with pytest.raises(MalformedMessage, match="twice"):
        rebuilt(der.explicit(3, der.sequence(encoded, encoded)))
