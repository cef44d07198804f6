"""ECDSA (FIPS 186-5 section 6.4) and ECDH (SEC 1 section 3.3.1) where WebCrypto lacks the curve or the hash.

WebCrypto lacks the brainpool curves, P-192, P-224 and secp256k1, and the P curves with SHA-224 or SHA-3. On P-192,
P-224 and secp256k1, signatures are only verified. Points are checked to lie on their curve, whose cofactor is one.
Secret multipliers are blinded with a multiple of the order. Python is not constant-time.
"""

from __future__ import annotations

import functools
import secrets
from typing import Final

from smime_core.algorithms import Curve, HashName
from smime_core.arithmetic.weierstrass import CURVE_NUMBERS, CurveNumbers, decompress_point
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import DecryptionError, ProviderError, SignatureMismatch
from smime_core.keys import public_point
from smime_core.provider import PrivateKey, PublicKey
from smime_core.providers.python_hashes import python_digest
from smime_core.providers.webcrypto_forms import ecdsa_from_der, ecdsa_to_der

Point = tuple[int, int, int]
"""A point in Jacobian coordinates X, Y, Z: its affine coordinates are X/Z² and Y/Z³. At infinity Z is zero."""

_BLIND_BITS: Final = 64


def sign_ecdsa(key: PrivateKey, hash_name: HashName, data: Buffer) -> bytes:
    """An Ecdsa-Sig-Value over `data`. Raises ProviderError for a key that is not EC."""
    curve = _curve_of(key, "sign")
    numbers, base = CURVE_NUMBERS[curve], _base_point(curve)
    scalar, hashed = _scalar_of(key), _digest_number(python_digest(hash_name, data), numbers)
    while True:
        nonce = secrets.randbelow(numbers.order - 1) + 1
        r = _affine(numbers, _multiply_secret(numbers, nonce, base))[0] % numbers.order
        # Nonce and private number are first multiplied by a random factor, so that the time of `pow` reveals nothing
        # about them.
        blind = secrets.randbelow(numbers.order - 1) + 1
        inverse = pow(nonce * blind, -1, numbers.order)
        s = (blind * hashed + blind * scalar % numbers.order * r) * inverse % numbers.order
        if r and s:
            length = (numbers.order.bit_length() + 7) // 8
            return ecdsa_to_der(r.to_bytes(length, "big") + s.to_bytes(length, "big"))


def verify_ecdsa(key: PublicKey, hash_name: HashName, signature: bytes, data: Buffer) -> None:
    """Return if the signature verifies. Raises SignatureMismatch, also for a point that is not on its curve."""
    verify_ecdsa_digest(key, signature, python_digest(hash_name, data))


def verify_ecdsa_digest(key: PublicKey, signature: bytes, digest: bytes) -> None:
    """Return if the signature verifies for data with this digest. Raises SignatureMismatch."""
    if key.curve is None:
        raise SignatureMismatch("the key verifies no ECDSA signature")
    numbers = CURVE_NUMBERS[key.curve]
    fixed = ecdsa_from_der(signature, key.curve)
    half = len(fixed) // 2
    r, s = int.from_bytes(fixed[:half], "big"), int.from_bytes(fixed[half:], "big")
    public = _find_point(key.curve, public_point(key))
    if public is None:
        raise SignatureMismatch("the public key is no point of its curve")
    inverse = pow(s, -1, numbers.order)
    first = _multiply(numbers, _digest_number(digest, numbers) * inverse % numbers.order, _base_point(key.curve))
    sum_point = _add(numbers, first, _multiply(numbers, r * inverse % numbers.order, public))
    if sum_point[2] == 0 or _affine(numbers, sum_point)[0] % numbers.order != r:
        raise SignatureMismatch("the signature does not fit the content and the key")


def agree_ecdh(key: PrivateKey, point: bytes) -> bytes:
    """The x-coordinate of the shared point. Raises DecryptionError if `point` is not on the key's curve."""
    curve = _curve_of(key, "agree")
    numbers, other = CURVE_NUMBERS[curve], _find_point(curve, point)
    if other is None:
        raise DecryptionError
    x, _ = _affine(numbers, _multiply_secret(numbers, _scalar_of(key), other))
    return x.to_bytes(numbers.field_length, "big")


def agree_ephemeral_ecdh(key: PublicKey) -> tuple[bytes, bytes]:
    """(uncompressed ephemeral point, shared secret). Raises ProviderError if the key is no point of its curve."""
    curve = _curve_of(key, "agree_ephemeral")
    numbers, other = CURVE_NUMBERS[curve], _find_point(curve, public_point(key))
    if other is None:
        raise ProviderError("agree_ephemeral", "the key is no point of its curve")
    scalar, own = make_ec_pair(curve)
    x, _ = _affine(numbers, _multiply_secret(numbers, int.from_bytes(scalar, "big"), other))
    return own, x.to_bytes(numbers.field_length, "big")


def make_ec_pair(curve: Curve) -> tuple[bytes, bytes]:
    """(private scalar with as many bytes as the order, uncompressed point) of a new key (FIPS 186-5 section A.2.2)."""
    numbers = CURVE_NUMBERS[curve]
    scalar = secrets.randbelow(numbers.order - 1) + 1
    own = _affine(numbers, _multiply_secret(numbers, scalar, _base_point(curve)))
    point = b"\x04" + b"".join(number.to_bytes(numbers.field_length, "big") for number in own)
    return scalar.to_bytes((numbers.order.bit_length() + 7) // 8, "big"), point


def _curve_of(key: PrivateKey | PublicKey, operation: str) -> Curve:
    if key.curve is None:
        raise ProviderError(operation, "the key is not an EC key")
    return key.curve


def _scalar_of(key: PrivateKey) -> int:
    # Reads an ECPrivateKey (RFC 5915 section 3) in the form that `keys` builds.
    key_der = der.read_octets(der.read_sequence(key.pkcs8_der)[2])
    return int.from_bytes(der.read_octets(der.read_sequence(key_der)[1]), "big")


def _digest_number(digest: bytes, numbers: CurveNumbers) -> int:
    # FIPS 186-5 section 6.4.1 step 2: as many leftmost bits as the order has.
    return int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - numbers.order.bit_length())


@functools.cache
def _base_point(curve: Curve) -> Point:
    point = _find_point(curve, CURVE_NUMBERS[curve].base)
    if point is None:
        raise ProviderError("import_key", f"the base point of {curve} is not on it")
    return point


def _find_point(curve: Curve, octets: bytes) -> Point | None:
    # SEC 1 section 3.2.2.1. The cofactor is one, so every point except infinity has the right order.
    numbers = CURVE_NUMBERS[curve]
    if octets[:1] in (b"\x02", b"\x03"):
        octets = decompress_point(curve, octets) or b""
    length = numbers.field_length
    if octets[:1] != b"\x04" or len(octets) != 1 + 2 * length:
        return None
    x, y = int.from_bytes(octets[1 : 1 + length], "big"), int.from_bytes(octets[1 + length :], "big")
    prime = numbers.prime
    if x >= prime or y >= prime or (y * y - x * x * x - numbers.a * x - numbers.b) % prime:
        return None
    return x, y, 1


def _multiply_secret(numbers: CurveNumbers, scalar: int, point: Point) -> Point:
    # A random multiple of the order is added to the scalar (Coron). The point is the same, but the steps differ each
    # time. For every bit, zero or one, the ladder does one addition and one doubling.
    blinded = scalar + numbers.order * (secrets.randbits(_BLIND_BITS) | 1 << _BLIND_BITS - 1)
    low, high = point, _double(numbers, point)
    for position in reversed(range(blinded.bit_length() - 1)):
        total = _add(numbers, low, high)
        if blinded >> position & 1:
            low, high = total, _double(numbers, high)
        else:
            low, high = _double(numbers, low), total
    return low


def _multiply(numbers: CurveNumbers, scalar: int, point: Point) -> Point:
    result: Point = (1, 1, 0)
    for position in reversed(range(scalar.bit_length())):
        result = _double(numbers, result)
        if scalar >> position & 1:
            result = _add(numbers, result, point)
    return result


def _double(numbers: CurveNumbers, point: Point) -> Point:
    x, y, z = point
    prime = numbers.prime
    squared = y * y % prime
    s = 4 * x * squared % prime
    m = (3 * x * x + numbers.a * pow(z, 4, prime)) % prime
    x3 = (m * m - 2 * s) % prime
    return x3, (m * (s - x3) - 8 * squared * squared) % prime, 2 * y * z % prime


def _add(numbers: CurveNumbers, point: Point, other: Point) -> Point:
    (x1, y1, z1), (x2, y2, z2) = point, other
    if z1 == 0 or z2 == 0:
        return other if z1 == 0 else point
    prime = numbers.prime
    square1, square2 = z1 * z1 % prime, z2 * z2 % prime
    u1, u2 = x1 * square2 % prime, x2 * square1 % prime
    s1, s2 = y1 * square2 * z2 % prime, y2 * square1 * z1 % prime
    h, r = u2 - u1, s2 - s1
    if h == 0:
        return _double(numbers, point) if r == 0 else (1, 1, 0)
    squared = h * h % prime
    cubed = h * squared % prime
    v = u1 * squared % prime
    x3 = (r * r - cubed - 2 * v) % prime
    return x3, (r * (v - x3) - s1 * cubed) % prime, z1 * z2 * h % prime


def _affine(numbers: CurveNumbers, point: Point) -> tuple[int, int]:
    inverse = pow(point[2], -1, numbers.prime)
    square = inverse * inverse % numbers.prime
    return point[0] * square % numbers.prime, point[1] * square * inverse % numbers.prime
