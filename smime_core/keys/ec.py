"""EC keys on named curves (RFC 5480, RFC 5915). Hybrid points are refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from smime_core.algorithms import CURVE_OIDS, EC_PUBLIC_KEY, VERIFIED_CURVES, Curve, check_known
from smime_core.arithmetic.weierstrass import CURVE_NUMBERS, decompress_point
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.keys.explicit_curves import find_specified_curve
from smime_core.keys.forms import build_pkcs8, build_spki, private_key_field, read_bit_string
from smime_core.provider import KeyType, PrivateKey, PublicKey

FIELD_BITS: Final = {curve: numbers.prime.bit_length() for curve, numbers in CURVE_NUMBERS.items()}
_CURVE_BY_OID: Final = {oid: curve for curve, oid in CURVE_OIDS.items()}


def read_curve(parameters: bytes | None, where: str) -> Curve:
    """The curve of ECParameters. Raises UnsupportedAlgorithm or MalformedMessage."""
    # RFC 5480 section 2.1.1 allows only namedCurve. specifiedCurve is read because OpenSSL reads it too.
    tlv = der.read_one(parameters or b"", where)
    if tlv.tag == der.SEQUENCE:
        return find_specified_curve(tlv, where)
    if tlv.tag != der.OID:
        raise UnsupportedAlgorithm(EC_PUBLIC_KEY, "curve", text="curve: the key does not name its curve")
    return check_known(der.parse_oid(tlv, where), _CURVE_BY_OID, "curve")


def ec_public_key(curve: Curve, point: bytes, where: str) -> PublicKey:
    """A public key from its point, compressed or not (RFC 5480 section 2.2). Raises MalformedMessage."""
    uncompressed = _uncompressed(curve, point, where)
    spki_der = build_spki(der.oid(EC_PUBLIC_KEY) + der.oid(CURVE_OIDS[curve]), uncompressed)
    return PublicKey(spki_der=spki_der, key_type=KeyType.EC, bits=FIELD_BITS[curve], curve=curve)


def parse_ec_private_key(
    key_der: Buffer, curve: Curve | None = None, *, outer_point: bytes | None = None
) -> PrivateKey:
    """Parse an ECPrivateKey (RFC 5915 section 3), the content of PEM "EC PRIVATE KEY" and of PKCS#8.

    For PKCS#8, pass the `curve` that it names, and its public key, if present, as `outer_point`. An ECPrivateKey from
    PEM names its curve itself. Raises MalformedMessage or UnsupportedAlgorithm.
    """
    inner = _read_private(key_der)
    if curve is None:
        curve = inner.curve
    if curve is None or inner.curve not in (None, curve):
        raise MalformedMessage("the key names no curve, or two", where="ECPrivateKey")
    if curve in VERIFIED_CURVES:
        raise UnsupportedAlgorithm(CURVE_OIDS[curve], "curve", text=f"curve: signatures on {curve} are only verified")
    point = inner.point if inner.point is not None else outer_point
    if point is not None:
        point = _uncompressed(curve, point, where="ECPrivateKey")
    # RFC 5915 section 3: the private number has as many bytes as the order. Some writers drop leading zeros, others add
    # a zero.
    length = CURVE_NUMBERS[curve].field_length
    scalar = inner.scalar.lstrip(b"\0").rjust(length, b"\0")
    if len(scalar) > length or not any(scalar):
        raise MalformedMessage(f"the private number does not fit {curve}", where="ECPrivateKey")
    return _private_key(curve, scalar, point)


def ec_public_half(key: PrivateKey, curve: Curve) -> PublicKey | None:
    """The public half if the key includes it, or None. Java writes keys without it."""
    point = _read_private(private_key_field(key.pkcs8_der)).point
    return None if point is None else ec_public_key(curve, point, where="ECPrivateKey")


def with_ec_point(key: PrivateKey, curve: Curve, point: bytes) -> PrivateKey:
    """The private key with `point` as its public half."""
    return _private_key(curve, _read_private(private_key_field(key.pkcs8_der)).scalar, point)


@dataclass(frozen=True, slots=True)
class _EcPrivate:
    scalar: bytes = field(repr=False)
    curve: Curve | None
    point: bytes | None


def _uncompressed(curve: Curve, point: bytes, where: str) -> bytes:
    # MUSTS 26: RFC 5753 section 7.2 permits no hybrid points.
    if point[:1] in (b"\2", b"\3"):
        decompressed = decompress_point(curve, point)
        if decompressed is None:
            raise MalformedMessage(f"a compressed point that is not on {curve}", where)
        return decompressed
    if point[:1] != b"\4" or len(point) != 1 + 2 * CURVE_NUMBERS[curve].field_length:
        raise MalformedMessage(
            f"{len(point)} bytes are neither a compressed nor an uncompressed point of {curve}", where
        )
    return point


def _read_private(key_der: Buffer) -> _EcPrivate:
    # RFC 5915 section 3: version 1, privateKey, [0] parameters and [1] publicKey, both optional.
    where = "ECPrivateKey"
    children = der.read_sequence(key_der, where)
    if len(children) < 2 or der.parse_integer(children[0], where) != 1:
        raise MalformedMessage("expected version 1 and the private number", where)
    tagged = {child.tag: child.content for child in children[2:]}
    curve = read_curve(bytes(tagged[0xA0]), where) if 0xA0 in tagged else None
    point = bytes(read_bit_string(der.read_one(tagged[0xA1], where), where)) if 0xA1 in tagged else None
    return _EcPrivate(bytes(der.read_octets(children[1], where)), curve, point)


def _private_key(curve: Curve, scalar: bytes, point: bytes | None) -> PrivateKey:
    tagged = b"" if point is None else der.explicit(1, der.element(der.BIT_STRING, b"\0", point))
    key_der = der.sequence(der.integer(1), der.octet_string(scalar), tagged)
    pkcs8_der = build_pkcs8(der.oid(EC_PUBLIC_KEY) + der.oid(CURVE_OIDS[curve]), key_der)
    return PrivateKey(pkcs8_der=pkcs8_der, key_type=KeyType.EC, bits=FIELD_BITS[curve], curve=curve)
