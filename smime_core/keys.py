"""Public and private keys from their DER, as far as a choice of algorithm needs (RFC 5280, 5958, 8017, 5915, 5480).

What comes out is rebuilt in the one canonical form: browsers refuse PKCS#8 attributes, BER and RSA without NULL, and
two equal public keys have equal bytes. Leaves out: EdDSA, ML-KEM, ML-DSA, RSASSA-PSS keys, multi-prime RSA,
compressed points and curves given by their parameters. Points and primes are checked by the provider on import.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from smime_core import der
from smime_core.algorithms import CURVE_OIDS, EC_PUBLIC_KEY, NULL, RSA_ENCRYPTION, Curve, parse_algorithm_identifier
from smime_core.der import Buffer, Tlv
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.limits import MAX_RSA_EXPONENT_BITS, MAX_RSA_MODULUS_BITS, check_limit
from smime_core.provider import KeyType, PrivateKey, PublicKey

FIELD_BITS: Final = {Curve.P256: 256, Curve.P384: 384, Curve.P521: 521}
_CURVE_BY_OID: Final = {oid: curve for curve, oid in CURVE_OIDS.items()}
_BIT_STRING: Final = 0x03
_MIN_RSA_MODULUS_BITS: Final = 512  # below, PKCS#1 has no room for a SHA-256 signature; policies ask for far more
_RSA_PRIVATE_FIELDS: Final = 9  # version, n, e, d, p, q, dP, dQ, qInv: RFC 8017 appendix A.1.2


def parse_public_key(spki_der: Buffer) -> PublicKey:
    """A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    where = "SubjectPublicKeyInfo"
    children = der.read_sequence(spki_der, where=where)
    if len(children) != 2:
        raise MalformedMessage(f"{len(children)} fields, expected 2", where=where)
    oid, parameters = parse_algorithm_identifier(children[0].encoded)
    bits = _read_bit_string(children[1], where=where)
    if oid == RSA_ENCRYPTION:
        return _rsa_public_key(*_read_rsa_public(bits))
    if oid == EC_PUBLIC_KEY:
        return _ec_public_key(_read_curve(parameters, where=where), bytes(bits), where=where)
    raise UnsupportedAlgorithm(oid, "public key")


def parse_private_key(pkcs8_der: Buffer) -> PrivateKey:
    """A PKCS#8 PrivateKeyInfo or OneAsymmetricKey (RFC 5958 section 2), unencrypted; its attributes are dropped.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    where = "PrivateKeyInfo"
    children = der.read_sequence(pkcs8_der, where=where)
    if len(children) < 3 or der.parse_integer(children[0], where=where) not in (0, 1):
        raise MalformedMessage("expected version 0 or 1, algorithm and key", where=where)
    oid, parameters = parse_algorithm_identifier(children[1].encoded)
    key_der = der.read_octets(children[2], where=where)
    if oid == RSA_ENCRYPTION:
        return _parse_rsa_private(key_der)
    if oid == EC_PUBLIC_KEY:
        # RFC 5958: [1] IMPLICIT BIT STRING outside the key; RFC 5915 has another place for it inside.
        outer = next((bytes(child.content[1:]) for child in children[3:] if child.tag == 0x81), None)
        return _parse_ec_private(key_der, _read_curve(parameters, where=where), outer)
    raise UnsupportedAlgorithm(oid, "private key")


def find_public_key(key: PrivateKey) -> PublicKey | None:
    """The public half as far as the private key carries it; None for an EC key without it (Java writes such)."""
    key_der = der.read_octets(der.read_sequence(key.pkcs8_der)[2])
    if key.curve is None:
        fields = [der.parse_integer(child) for child in der.read_sequence(key_der)]
        return _rsa_public_key(fields[1], fields[2])
    point = _read_ec_private(key_der).point
    return None if point is None else _ec_public_key(key.curve, point, where="ECPrivateKey")


def public_key_of(key: PrivateKey) -> PublicKey:
    """The public half of a private key. Raises MalformedMessage for an EC key that does not carry it."""
    public_key = find_public_key(key)
    if public_key is None:
        raise MalformedMessage("the private key does not carry its public key", where="ECPrivateKey")
    return public_key


def with_public_key(key: PrivateKey, public_key: PublicKey) -> PrivateKey:
    """An EC private key that carries `public_key`, whose fit the caller proves; Firefox imports no other."""
    if key.curve is None or key.curve is not public_key.curve:
        raise MalformedMessage("the two keys are not on the same curve", where="ECPrivateKey")
    scalar = _read_ec_private(der.read_octets(der.read_sequence(key.pkcs8_der)[2])).scalar
    return _ec_private_key(key.curve, scalar, public_point(public_key))


def public_point(key: PublicKey) -> bytes:
    """The uncompressed point of an EC public key (RFC 5480 section 2.2)."""
    return bytes(_read_bit_string(der.read_sequence(key.spki_der)[1], where="SubjectPublicKeyInfo"))


class _EcPrivate(NamedTuple):
    scalar: bytes
    point: bytes | None


def _read_bit_string(tlv: Tlv, *, where: str) -> memoryview:
    content = der.expect(tlv, _BIT_STRING, where=where).content
    if not len(content) or content[0] != 0:
        raise MalformedMessage("a BIT STRING that is not whole octets", where=where)
    return content[1:]


def _read_curve(parameters: bytes | None, *, where: str) -> Curve:
    # RFC 5480 section 2.1.1: namedCurve alone; implicitCurve and specifiedCurve are forbidden in PKIX.
    tlv = der.read_one(parameters or b"", where=where)
    if tlv.tag != der.OID:
        raise UnsupportedAlgorithm(EC_PUBLIC_KEY, "curve", text="curve: only named curves are supported")
    oid = der.parse_oid(tlv, where=where)
    if oid not in _CURVE_BY_OID:
        raise UnsupportedAlgorithm(oid, "curve")
    return _CURVE_BY_OID[oid]


def _read_rsa_public(key_der: Buffer) -> tuple[int, int]:
    children = der.read_sequence(key_der, where="RSAPublicKey")
    if len(children) != 2:
        raise MalformedMessage(f"{len(children)} fields, expected 2", where="RSAPublicKey")
    modulus, exponent = (der.parse_integer(child, where="RSAPublicKey") for child in children)
    return modulus, exponent


def _rsa_public_key(modulus: int, exponent: int) -> PublicKey:
    _check_rsa(modulus, exponent, where="RSAPublicKey")
    key_der = der.sequence(der.integer(modulus), der.integer(exponent))
    identifier = der.sequence(der.oid(RSA_ENCRYPTION), NULL)
    spki_der = der.sequence(identifier, der.element(_BIT_STRING, b"\0", key_der))
    return PublicKey(spki_der=spki_der, key_type=KeyType.RSA, bits=modulus.bit_length())


def _check_rsa(modulus: int, exponent: int, *, where: str) -> None:
    check_limit("RSA modulus bits", modulus.bit_length(), MAX_RSA_MODULUS_BITS)
    check_limit("RSA exponent bits", exponent.bit_length(), MAX_RSA_EXPONENT_BITS)
    if modulus < 0 or modulus.bit_length() < _MIN_RSA_MODULUS_BITS or modulus % 2 == 0:
        raise MalformedMessage("the modulus is not an odd number of 512 bits or more", where=where)
    # RFC 8017 section 3.1: 3 <= e < n, and prime to an even number, hence odd.
    if exponent < 3 or exponent % 2 == 0:
        raise MalformedMessage("the public exponent is not an odd number of 3 or more", where=where)


def _ec_public_key(curve: Curve, point: bytes, *, where: str) -> PublicKey:
    _check_point(curve, point, where=where)
    identifier = der.sequence(der.oid(EC_PUBLIC_KEY), der.oid(CURVE_OIDS[curve]))
    spki_der = der.sequence(identifier, der.element(_BIT_STRING, b"\0", point))
    return PublicKey(spki_der=spki_der, key_type=KeyType.EC, bits=FIELD_BITS[curve], curve=curve)


def _check_point(curve: Curve, point: bytes, *, where: str) -> None:
    if point[:1] in (b"\x02", b"\x03"):
        raise UnsupportedAlgorithm(EC_PUBLIC_KEY, "curve", text=f"{where}: compressed points are not supported")
    if point[:1] != b"\x04" or len(point) != 1 + 2 * _field_length(curve):
        raise MalformedMessage(f"{len(point)} bytes are no uncompressed point of {curve}", where=where)


def _field_length(curve: Curve) -> int:
    return (FIELD_BITS[curve] + 7) // 8


def _parse_rsa_private(key_der: Buffer) -> PrivateKey:
    where = "RSAPrivateKey"
    fields = [der.parse_integer(child, where=where) for child in der.read_sequence(key_der, where=where)[:10]]
    if not fields or fields[0] not in (0, 1):
        raise MalformedMessage("expected version 0", where=where)
    if fields[0] == 1:
        raise UnsupportedAlgorithm(RSA_ENCRYPTION, "private key", text="private key: multi-prime RSA is not supported")
    if len(fields) != _RSA_PRIVATE_FIELDS or min(fields[1:]) <= 0:
        raise MalformedMessage(f"expected {_RSA_PRIVATE_FIELDS} numbers above zero", where=where)
    _check_rsa(fields[1], fields[2], where=where)
    check_limit("RSA modulus bits", max(fields).bit_length(), MAX_RSA_MODULUS_BITS)
    _check_rsa_private(fields)
    pkcs8_der = _pkcs8(der.oid(RSA_ENCRYPTION) + NULL, der.sequence(*map(der.integer, fields)))
    return PrivateKey(pkcs8_der=pkcs8_der, key_type=KeyType.RSA, bits=fields[1].bit_length())


def _check_rsa_private(fields: list[int]) -> None:
    # RFC 8017 section 3.2. A key whose CRT numbers disagree gives away its primes with one signature (Boneh, DeMillo
    # and Lipton). That p and q are prime is left unchecked: it costs 30 ms, and if not, the key merely fails.
    _, n, e, d, p, q, d_p, d_q, q_inv = fields
    if min(p, q) < 3 or p * q != n or q * q_inv % p != 1:
        raise MalformedMessage("the numbers do not belong together", where="RSAPrivateKey")
    if any(e * exponent % (prime - 1) != 1 for prime, exponent in ((p, d), (q, d), (p, d_p), (q, d_q))):
        raise MalformedMessage("the numbers do not belong together", where="RSAPrivateKey")


def _parse_ec_private(key_der: Buffer, curve: Curve, outer_point: bytes | None) -> PrivateKey:
    scalar, inner_point = _read_ec_private(key_der)
    point = inner_point if inner_point is not None else outer_point
    if point is not None:
        _check_point(curve, point, where="ECPrivateKey")
    # RFC 5915 section 3 wants the order's length; some writers drop leading zeros, others add one.
    scalar = scalar.lstrip(b"\0").rjust(_field_length(curve), b"\0")
    if len(scalar) > _field_length(curve) or not any(scalar):
        raise MalformedMessage(f"the private number does not fit {curve}", where="ECPrivateKey")
    return _ec_private_key(curve, scalar, point)


def _read_ec_private(key_der: Buffer) -> _EcPrivate:
    # RFC 5915 section 3: version 1, privateKey, [0] parameters and [1] publicKey, both optional.
    where = "ECPrivateKey"
    children = der.read_sequence(key_der, where=where)
    if len(children) < 2 or der.parse_integer(children[0], where=where) != 1:
        raise MalformedMessage("expected version 1 and the private number", where=where)
    tagged = next((child for child in children[2:] if child.tag == 0xA1), None)
    point = None if tagged is None else bytes(_read_bit_string(der.read_one(tagged.content, where=where), where=where))
    return _EcPrivate(bytes(der.read_octets(children[1], where=where)), point)


def _ec_private_key(curve: Curve, scalar: bytes, point: bytes | None) -> PrivateKey:
    tagged = b"" if point is None else der.explicit(1, der.element(_BIT_STRING, b"\0", point))
    key_der = der.sequence(der.integer(1), der.octet_string(scalar), tagged)
    pkcs8_der = _pkcs8(der.oid(EC_PUBLIC_KEY) + der.oid(CURVE_OIDS[curve]), key_der)
    return PrivateKey(pkcs8_der=pkcs8_der, key_type=KeyType.EC, bits=FIELD_BITS[curve], curve=curve)


def _pkcs8(algorithm: bytes, key_der: bytes) -> bytes:
    return der.sequence(der.integer(0), der.sequence(algorithm), der.octet_string(key_der))
