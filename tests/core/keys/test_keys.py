"""Keys: the forms that are parsed into one canonical form, and those that are refused."""

from __future__ import annotations

import asyncio

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from smime_core.algorithms import CURVE_OIDS, EC_PUBLIC_KEY, NULL, RSA_ENCRYPTION, Curve
from smime_core.asn1 import der
from smime_core.errors import LimitExceeded, MalformedMessage, UnsupportedAlgorithm
from smime_core.keys import (
    FIELD_BITS,
    find_public_key,
    parse_ec_private_key,
    parse_private_key,
    parse_public_key,
    parse_rsa_private_key,
    public_key_of,
    public_point,
    with_public_key,
)
from smime_core.provider import KeyType, NewKey, PrivateKey
from smime_core.providers.native import NativeProvider

LIBRARY_CURVES = {
    Curve.P256: ec.SECP256R1(),
    Curve.P384: ec.SECP384R1(),
    Curve.P521: ec.SECP521R1(),
    Curve.BRAINPOOL_P256R1: ec.BrainpoolP256R1(),
    Curve.BRAINPOOL_P384R1: ec.BrainpoolP384R1(),
    Curve.BRAINPOOL_P512R1: ec.BrainpoolP512R1(),
}


@pytest.fixture(scope="module")
def rsa_key() -> PrivateKey:
    return asyncio.run(NativeProvider().generate_key(NewKey.RSA_2048))


@pytest.fixture(scope="module")
def ec_key() -> PrivateKey:
    return asyncio.run(NativeProvider().generate_key(NewKey.P256))


def rsa_spki(modulus: int, exponent: int) -> bytes:
    key_der = der.sequence(der.integer(modulus), der.integer(exponent))
    return der.sequence(der.sequence(der.oid(RSA_ENCRYPTION), NULL), der.element(0x03, b"\0", key_der))


def ec_spki(point: bytes, *, parameters: bytes | None = None) -> bytes:
    named = der.oid(CURVE_OIDS[Curve.P256]) if parameters is None else parameters
    return der.sequence(der.sequence(der.oid(EC_PUBLIC_KEY), named), der.element(0x03, b"\0", point))


def ec_pkcs8(scalar: bytes, *, attributes: bytes = b"", tagged: bytes = b"") -> bytes:
    identifier = der.sequence(der.oid(EC_PUBLIC_KEY), der.oid(CURVE_OIDS[Curve.P256]))
    key_der = der.sequence(der.integer(1), der.octet_string(scalar), tagged)
    return der.sequence(der.integer(0), identifier, der.octet_string(key_der), attributes)


# The library has no ML-KEM-512.
@pytest.mark.parametrize("kind", [kind for kind in NewKey if kind is not NewKey.ML_KEM_512])
def test_public_half_is_what_the_library_says(kind: NewKey) -> None:
    key = asyncio.run(NativeProvider().generate_key(kind))
    foreign = serialization.load_der_private_key(key.pkcs8_der, password=None)
    spki_der = foreign.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert public_key_of(key).spki_der == spki_der
    assert parse_public_key(spki_der).spki_der == spki_der


def test_names_type_size_and_curve(rsa_key: PrivateKey, ec_key: PrivateKey) -> None:
    assert (rsa_key.key_type, rsa_key.bits, rsa_key.curve) == (KeyType.RSA, 2048, None)
    public_key = public_key_of(ec_key)
    assert (public_key.key_type, public_key.bits, public_key.curve) == (KeyType.EC, 256, Curve.P256)


def test_private_bytes_never_reach_the_repr(ec_key: PrivateKey) -> None:
    assert "pkcs8" not in repr(ec_key)
    assert repr(ec_key.pkcs8_der) not in repr(ec_key)


def test_pkcs8_attributes_are_dropped(ec_key: PrivateKey) -> None:
    # Windows and macOS write a key usage attribute, which browsers refuse on import.
    attribute = der.sequence(der.oid("2.5.29.15"), der.element(der.SET, der.element(0x03, b"\0\x80")))
    fields = [bytes(child.encoded) for child in der.read_sequence(ec_key.pkcs8_der)]
    assert parse_private_key(der.sequence(*fields, der.element(0xA0, attribute))).pkcs8_der == ec_key.pkcs8_der


def test_rsa_identifier_without_null_becomes_canonical(rsa_key: PrivateKey) -> None:
    canonical = public_key_of(rsa_key).spki_der
    bits = bytes(der.read_sequence(canonical)[1].encoded)
    assert parse_public_key(der.sequence(der.sequence(der.oid(RSA_ENCRYPTION)), bits)).spki_der == canonical


def test_public_key_outside_the_ec_key_is_found(ec_key: PrivateKey) -> None:
    # RFC 5958 section 2 has a field of its own for the public key.
    public_key = public_key_of(ec_key)
    fields = der.read_sequence(der.read_sequence(ec_key.pkcs8_der)[2].content)
    outside = der.element(0x81, b"\0", public_point(public_key))
    key = parse_private_key(ec_pkcs8(bytes(fields[1].content), attributes=outside))
    assert public_key_of(key).spki_der == public_key.spki_der


def test_ec_key_without_its_public_half_says_so() -> None:
    key = parse_private_key(ec_pkcs8(b"\1" * 32))
    assert find_public_key(key) is None
    with pytest.raises(MalformedMessage, match="does not carry its public key"):
        public_key_of(key)


def test_public_half_can_be_added(ec_key: PrivateKey) -> None:
    fields = der.read_sequence(der.read_sequence(ec_key.pkcs8_der)[2].content)
    bare = parse_private_key(ec_pkcs8(bytes(fields[1].content)))
    assert with_public_key(bare, public_key_of(ec_key)).pkcs8_der == ec_key.pkcs8_der


def test_public_half_of_another_curve_cannot_be_added(ec_key: PrivateKey, rsa_key: PrivateKey) -> None:
    with pytest.raises(MalformedMessage, match="same curve"):
        with_public_key(ec_key, public_key_of(rsa_key))


@pytest.mark.parametrize("scalar", [b"\x07", b"\0\0" + b"\x07" * 32], ids=["short", "long"])
def test_private_number_is_brought_to_the_field_length(scalar: bytes) -> None:
    key = parse_private_key(ec_pkcs8(scalar))
    stored = der.read_sequence(der.read_sequence(key.pkcs8_der)[2].content)[1].content
    assert len(stored) == 32
    assert int.from_bytes(stored, "big") == int.from_bytes(scalar, "big")


@pytest.mark.parametrize("scalar", [b"", b"\0" * 32, b"\1" * 33], ids=["empty", "zero", "too long"])
def test_rejects_an_impossible_private_number(scalar: bytes) -> None:
    with pytest.raises(MalformedMessage, match="does not fit P-256"):
        parse_private_key(ec_pkcs8(scalar))


def test_rejects_a_modulus_beyond_the_limit() -> None:
    with pytest.raises(LimitExceeded, match="RSA modulus bits"):
        parse_public_key(rsa_spki((1 << 16_384) + 1, 65537))


def test_rejects_an_exponent_beyond_the_limit() -> None:
    with pytest.raises(LimitExceeded, match="RSA exponent bits"):
        parse_public_key(rsa_spki((1 << 2047) + 1, (1 << 64) + 1))


def test_rejects_a_public_key_of_more_or_fewer_fields(rsa_key: PrivateKey) -> None:
    identifier, bits = (bytes(child.encoded) for child in der.read_sequence(public_key_of(rsa_key).spki_der))
    for fields in ((identifier,), (identifier, bits, bits)):
        with pytest.raises(MalformedMessage, match="fields, expected 2"):
            parse_public_key(der.sequence(*fields))
    for numbers in ((b"",), (der.integer(1), der.integer(3), der.integer(5))):
        with pytest.raises(MalformedMessage, match="fields, expected 2"):
            parse_public_key(der.sequence(identifier, der.element(0x03, b"\0", der.sequence(*numbers))))


@pytest.mark.parametrize("exponent", [-3, 0, 1, 2, 65536])
def test_rejects_an_impossible_exponent(exponent: int) -> None:
    with pytest.raises(MalformedMessage, match="exponent"):
        parse_public_key(rsa_spki((1 << 2047) + 1, exponent))


@pytest.mark.parametrize("modulus", [1 << 2047, -((1 << 2047) + 1), 15], ids=["even", "negative", "tiny"])
def test_rejects_an_impossible_modulus(modulus: int) -> None:
    with pytest.raises(MalformedMessage, match="modulus"):
        parse_public_key(rsa_spki(modulus, 65537))


@pytest.mark.parametrize("point", [b"", b"\0", b"\x04" + b"\1" * 63, b"\x04" + b"\1" * 65, b"\x06" + b"\1" * 64])
def test_rejects_a_point_of_the_wrong_form(point: bytes) -> None:
    with pytest.raises(MalformedMessage, match="nor an uncompressed point"):
        parse_public_key(ec_spki(point))


@pytest.mark.parametrize("curve", LIBRARY_CURVES, ids=str)
def test_compressed_points_become_whole_ones(curve: Curve) -> None:
    for _ in range(4):  # both signs of y
        foreign = ec.generate_private_key(LIBRARY_CURVES[curve]).public_key()
        point, compressed = (
            foreign.public_bytes(serialization.Encoding.X962, form)
            for form in (serialization.PublicFormat.UncompressedPoint, serialization.PublicFormat.CompressedPoint)
        )
        key = parse_public_key(ec_spki(compressed, parameters=der.oid(CURVE_OIDS[curve])))
        assert (public_point(key), key.curve, key.bits) == (point, curve, FIELD_BITS[curve])


@pytest.mark.parametrize("point", [b"\2" + b"\xff" * 32, b"\2" + b"\0" * 31 + b"\1", b"\2" + b"\1" * 31, b"\2"])
def test_rejects_a_compressed_point_that_is_none(point: bytes) -> None:
    # The x is beyond the prime, has no y on the curve, or is too short.
    with pytest.raises(MalformedMessage, match="compressed point that is not on P-256"):
        parse_public_key(ec_spki(point))


def test_unknown_curve_is_unsupported() -> None:
    with pytest.raises(UnsupportedAlgorithm, match=r"1\.3\.36"):
        parse_public_key(ec_spki(b"\x04" + b"\1" * 40, parameters=der.oid("1.3.36.3.3.2.8.1.1.1")))


def test_unknown_kind_of_private_key_is_unsupported() -> None:
    pkcs8_der = der.sequence(der.integer(0), der.sequence(der.oid("1.2.3.4")), der.octet_string(b""))
    with pytest.raises(UnsupportedAlgorithm, match=r"private key: 1\.2\.3\.4"):
        parse_private_key(pkcs8_der)


def rsa_pkcs8(numbers: list[int]) -> bytes:
    identifier = der.sequence(der.oid(RSA_ENCRYPTION), NULL)
    return der.sequence(der.integer(0), identifier, der.octet_string(der.sequence(*map(der.integer, numbers))))


def rsa_numbers(key: PrivateKey) -> list[int]:
    key_der = der.read_octets(der.read_sequence(key.pkcs8_der)[2])
    return [der.parse_number(child) for child in der.read_sequence(key_der)]


def test_multi_prime_rsa_is_unsupported(rsa_key: PrivateKey) -> None:
    with pytest.raises(UnsupportedAlgorithm, match="multi-prime"):
        parse_private_key(rsa_pkcs8([1, *rsa_numbers(rsa_key)[1:]]))


@pytest.mark.parametrize("position", range(3, 9))
def test_rejects_an_rsa_number_that_is_not_above_zero(rsa_key: PrivateKey, position: int) -> None:
    numbers = rsa_numbers(rsa_key)
    for impossible in (0, -1):
        with pytest.raises(MalformedMessage, match="above zero"):
            parse_private_key(rsa_pkcs8([*numbers[:position], impossible, *numbers[position + 1 :]]))


@pytest.mark.parametrize("position", [1, *range(3, 9)], ids=["n", "d", "p", "q", "dP", "dQ", "qInv"])
def test_rejects_rsa_numbers_that_do_not_belong_together(rsa_key: PrivateKey, position: int) -> None:
    # One signature with a wrong CRT number reveals the primes.
    numbers = rsa_numbers(rsa_key)
    numbers[position] += 2
    with pytest.raises(MalformedMessage, match="do not belong together"):
        parse_private_key(rsa_pkcs8(numbers))


@pytest.mark.parametrize("swapped", [(4, 5), (6, 7)], ids=["primes", "exponents"])
def test_rejects_rsa_numbers_in_the_wrong_order(rsa_key: PrivateKey, swapped: tuple[int, int]) -> None:
    numbers = rsa_numbers(rsa_key)
    first, second = swapped
    numbers[first], numbers[second] = numbers[second], numbers[first]
    with pytest.raises(MalformedMessage, match="do not belong together"):
        parse_private_key(rsa_pkcs8(numbers))


def test_rejects_the_modulus_as_its_own_prime(rsa_key: PrivateKey) -> None:
    numbers = rsa_numbers(rsa_key)
    numbers[4], numbers[5] = 1, numbers[1]
    with pytest.raises(MalformedMessage, match="do not belong together"):
        parse_private_key(rsa_pkcs8(numbers))


def test_rejects_rsa_numbers_far_larger_than_the_modulus(rsa_key: PrivateKey) -> None:
    numbers = rsa_numbers(rsa_key)
    numbers[3] = 1 << 20_000
    with pytest.raises(LimitExceeded, match="RSA modulus bits"):
        parse_private_key(rsa_pkcs8(numbers))


def test_rejects_an_rsa_key_that_lacks_a_number(rsa_key: PrivateKey) -> None:
    with pytest.raises(MalformedMessage, match="expected 9 numbers"):
        parse_private_key(rsa_pkcs8(rsa_numbers(rsa_key)[:8]))


@pytest.mark.parametrize("version", [-1, 2])
def test_rejects_pkcs8_of_an_unknown_version(ec_key: PrivateKey, version: int) -> None:
    fields = [bytes(child.encoded) for child in der.read_sequence(ec_key.pkcs8_der)]
    with pytest.raises(MalformedMessage, match="version 0 or 1"):
        parse_private_key(der.sequence(der.integer(version), *fields[1:]))


def test_rejects_an_ec_key_of_an_unknown_version() -> None:
    identifier = der.sequence(der.oid(EC_PUBLIC_KEY), der.oid(CURVE_OIDS[Curve.P256]))
    key_der = der.sequence(der.integer(2), der.octet_string(b"\1" * 32))
    with pytest.raises(MalformedMessage, match="version 1"):
        parse_private_key(der.sequence(der.integer(0), identifier, der.octet_string(key_der)))


def test_rejects_a_public_half_of_the_wrong_form() -> None:
    tagged = der.explicit(1, der.element(0x03, b"\0\4", b"\1" * 63))
    with pytest.raises(MalformedMessage, match="nor an uncompressed point"):
        parse_private_key(ec_pkcs8(b"\1" * 32, tagged=tagged))


def test_rejects_a_bit_string_that_is_not_whole_octets() -> None:
    for content in (b"", b"\1\4" + b"\1" * 64):
        identifier = der.sequence(der.oid(EC_PUBLIC_KEY), der.oid(CURVE_OIDS[Curve.P256]))
        with pytest.raises(MalformedMessage, match="whole bytes"):
            parse_public_key(der.sequence(identifier, der.element(0x03, content)))


def test_every_truncation_is_malformed(rsa_key: PrivateKey, ec_key: PrivateKey) -> None:
    for key_der in (rsa_key.pkcs8_der, ec_key.pkcs8_der):
        for length in range(0, len(key_der), 7):
            with pytest.raises(MalformedMessage):
                parse_private_key(key_der[:length])


# Keys outside PKCS#8, as in the PEM blocks "RSA PRIVATE KEY" and "EC PRIVATE KEY"


def test_traditional_rsa_key_is_the_same_key(rsa_key: PrivateKey) -> None:
    inner = der.read_octets(der.read_sequence(rsa_key.pkcs8_der)[2])
    assert parse_rsa_private_key(inner).pkcs8_der == rsa_key.pkcs8_der


def test_traditional_ec_key_names_its_curve(ec_key: PrivateKey) -> None:
    foreign = serialization.load_der_private_key(ec_key.pkcs8_der, password=None)
    traditional = foreign.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    assert parse_ec_private_key(traditional).pkcs8_der == ec_key.pkcs8_der


def test_traditional_keys_cut_short_are_refused() -> None:
    for fields in ((), (der.integer(1),)):
        with pytest.raises(MalformedMessage, match="version 1 and the private number"):
            parse_ec_private_key(der.sequence(*fields))
    with pytest.raises(MalformedMessage, match="version 0"):
        parse_rsa_private_key(der.sequence())


def test_traditional_ec_key_without_a_curve_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="names no curve, or two"):
        parse_ec_private_key(der.sequence(der.integer(1), der.octet_string(b"\1" * 32)))


def test_two_curves_in_one_key_are_refused() -> None:
    inner = der.explicit(0, der.oid(CURVE_OIDS[Curve.P384]))
    with pytest.raises(MalformedMessage, match="names no curve, or two"):
        parse_private_key(ec_pkcs8(b"\1" * 32, tagged=inner))
