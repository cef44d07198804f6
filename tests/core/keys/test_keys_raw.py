"""Ed25519, Ed448, X25519 and X448 keys (RFC 8410), DSA keys, keys bound to PSS, and certificates of unknown keys."""

from __future__ import annotations

import asyncio
import base64

import pytest

from smime_core.algorithms import (
    DSA,
    NULL,
    RSASSA_PSS,
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
    build_signature_identifier,
)
from smime_core.asn1 import der
from smime_core.errors import LimitExceeded, MalformedMessage, UnsupportedAlgorithm
from smime_core.keys import parse_private_key, parse_public_key, public_key_of, public_point
from smime_core.provider import KeyType, NewKey, PrivateKey
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import parse_certificate
from tests.support.people import person

PROVIDER = NativeProvider()
RAW = [NewKey.ED25519, NewKey.ED448, NewKey.X25519, NewKey.X448]
# RFC 8410 section 10.3: one private key in both versions of its structure, and its public key.
RFC_8410_V1 = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC"
RFC_8410_V2 = (
    "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCoB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJz"
    "gSEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
)
RFC_8410_PUBLIC = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="


def make(kind: NewKey) -> PrivateKey:
    return asyncio.run(PROVIDER.generate_key(kind))


def fields_of(encoded: bytes) -> list[bytes]:
    return [bytes(child.encoded) for child in der.read_sequence(encoded)]


def dsa_spki(parameters: bytes, y: bytes) -> bytes:
    return der.sequence(der.sequence(der.oid(DSA), parameters), der.element(0x03, b"\0", y))


def dsa_parameters(*numbers: int) -> bytes:
    return der.sequence(*map(der.integer, numbers))


# RFC 8410


def test_both_versions_of_the_example_of_rfc_8410_are_one_key() -> None:
    first, second = (parse_private_key(base64.b64decode(text)) for text in (RFC_8410_V1, RFC_8410_V2))
    assert first.pkcs8_der == second.pkcs8_der
    assert public_key_of(first).spki_der == base64.b64decode(RFC_8410_PUBLIC)


@pytest.mark.parametrize(
    ("kind", "bits", "length"),
    [(NewKey.ED25519, 255, 32), (NewKey.ED448, 448, 57), (NewKey.X25519, 255, 32), (NewKey.X448, 448, 56)],
)
def test_names_type_size_and_octets(kind: NewKey, bits: int, length: int) -> None:
    key = make(kind)
    public_key = public_key_of(key)
    assert (key.key_type, key.bits, key.curve) == (KeyType(kind.value), bits, None)
    assert (public_key.key_type, public_key.bits, public_key.curve) == (KeyType(kind.value), bits, None)
    assert len(public_point(public_key)) == length


@pytest.mark.parametrize("kind", RAW)
def test_a_public_key_of_another_beside_it_is_refused(kind: NewKey) -> None:
    # A signature with a public half of the attacker's choice reveals an Ed25519 key.
    key, other = make(kind), make(kind)
    for half, fits in ((key, True), (other, False)):
        outside = der.element(0x81, b"\0", public_point(public_key_of(half)))
        pkcs8_der = der.sequence(der.integer(1), *fields_of(key.pkcs8_der)[1:], outside)
        if fits:
            assert parse_private_key(pkcs8_der).pkcs8_der == key.pkcs8_der
        else:
            with pytest.raises(MalformedMessage, match="another private key"):
                parse_private_key(pkcs8_der)


@pytest.mark.parametrize("kind", RAW)
def test_parameters_must_be_absent(kind: NewKey) -> None:
    """MUSTS 28, RFC 8410 section 3."""
    key = make(kind)
    version, identifier, octets = fields_of(key.pkcs8_der)
    with_null = der.sequence(*fields_of(identifier), NULL)
    with pytest.raises(MalformedMessage, match="expected none"):
        parse_private_key(der.sequence(version, with_null, octets))
    identifier, bits = fields_of(public_key_of(key).spki_der)
    with pytest.raises(MalformedMessage, match="expected none"):
        parse_public_key(der.sequence(with_null, bits))


@pytest.mark.parametrize("kind", RAW)
@pytest.mark.parametrize("length", [0, 31, 33, 55, 58])
def test_keys_of_a_wrong_length_are_refused(kind: NewKey, length: int) -> None:
    key = make(kind)
    version, identifier, _ = fields_of(key.pkcs8_der)
    with pytest.raises(MalformedMessage, match=f"{length} bytes, expected"):
        parse_private_key(der.sequence(version, identifier, der.octet_string(der.octet_string(bytes(length)))))
    with pytest.raises(MalformedMessage, match=f"{length} bytes, expected"):
        parse_public_key(der.sequence(identifier, der.element(0x03, b"\0", bytes(length))))


@pytest.mark.parametrize("kind", RAW)
def test_every_truncation_is_malformed(kind: NewKey) -> None:
    pkcs8_der = make(kind).pkcs8_der
    for length in range(len(pkcs8_der)):
        with pytest.raises(MalformedMessage):
            parse_private_key(pkcs8_der[:length])


# DSA


def test_a_dsa_key_without_parameters_has_no_size_yet() -> None:
    key = parse_public_key(dsa_spki(b"", der.integer(5)))
    assert (key.key_type, key.bits) == (KeyType.DSA, 0)


@pytest.mark.parametrize(
    ("parameters", "y"),
    [
        (dsa_parameters(23, 11), 5),
        (dsa_parameters(23, 11, 4, 4), 5),
        (dsa_parameters(23, 23, 4), 5),
        (dsa_parameters(23, 1, 4), 5),
        (dsa_parameters(23, 11, 1), 5),
        (dsa_parameters(23, 11, 23), 5),
        (dsa_parameters(23, 11, 4), 23),
        (dsa_parameters(23, 11, 4), 1),
        (dsa_parameters(-23, 11, 4), 5),
    ],
)
def test_dsa_numbers_out_of_range_are_refused(parameters: bytes, y: int) -> None:
    assert parse_public_key(dsa_spki(dsa_parameters(23, 11, 4), der.integer(5))).bits == 5
    with pytest.raises(MalformedMessage):
        parse_public_key(dsa_spki(parameters, der.integer(y)))


def test_a_dsa_modulus_beyond_the_limit_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="DSA modulus bits"):
        parse_public_key(dsa_spki(dsa_parameters(1 << 4096, 11, 4), der.integer(5)))


# Keys bound to PSS


def test_parameters_of_a_pss_key_are_its_binding() -> None:
    algorithm = SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=HashName.SHA384, salt_length=48)
    plain = public_key_of(make(NewKey.RSA_2048))
    bits = fields_of(plain.spki_der)[1]
    bound = parse_public_key(der.sequence(build_signature_identifier(algorithm), bits))
    free = parse_public_key(der.sequence(der.sequence(der.oid(RSASSA_PSS)), bits))
    assert plain.pss is None
    assert bound.pss is not None
    assert free.pss is not None
    assert (bound.pss.parameters, free.pss.parameters) == (algorithm, None)


def test_a_private_key_bound_to_pss_is_read() -> None:
    key = make(NewKey.RSA_2048)
    version, _, octets = fields_of(key.pkcs8_der)
    pkcs8_der = der.sequence(version, der.sequence(der.oid(RSASSA_PSS)), octets)
    assert parse_private_key(pkcs8_der).pkcs8_der == key.pkcs8_der


# Certificates of unknown keys


def with_key(certificate_der: bytes, spki_der: bytes) -> bytes:
    """The certificate with another key. Its signature is no longer valid."""
    tbs, *rest = fields_of(certificate_der)
    fields = fields_of(tbs)
    return der.sequence(der.sequence(*fields[:6], spki_der, *fields[7:]), *rest)


@pytest.mark.parametrize(
    "identifier",
    [der.sequence(der.oid("1.2.3.4")), der.sequence(der.oid("1.2.840.10045.2.1"), der.oid("1.3.36.3.3.2.8.1.1.1"))],
    ids=["unknown algorithm", "unknown curve"],
)
def test_a_certificate_of_an_unknown_kind_of_key_is_read(identifier: bytes) -> None:
    spki_der = der.sequence(identifier, der.element(0x03, b"\0key"))
    original = person("alice").certificate
    certificate = parse_certificate(with_key(original.der, spki_der))
    assert certificate.public_key.key_type is KeyType.UNKNOWN
    assert certificate.public_key.spki_der == spki_der
    assert certificate.email_addresses == original.email_addresses
    with pytest.raises(UnsupportedAlgorithm):
        parse_public_key(spki_der)


def test_a_certificate_with_a_damaged_key_is_refused() -> None:
    spki_der = dsa_spki(dsa_parameters(23, 11), der.integer(5))
    with pytest.raises(MalformedMessage):
        parse_certificate(with_key(person("alice").certificate.der, spki_der))
