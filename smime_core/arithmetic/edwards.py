"""Ed25519 and Ed448 (RFC 8032) in pure mode and without context.

The browser's provider signs and verifies with this module where WebCrypto lacks the curve or must not get the key. All
platforms compute the public halves of private keys with it. The arithmetic is not constant-time, because Python's
integers are not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

Point = tuple[int, int, int]
"""A point in projective coordinates X, Y, Z: its affine coordinates are X/Z and Y/Z."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdwardsCurve:
    """The curve a·x² + y² = 1 + d·x²·y² modulo `prime` (RFC 8032 sections 5.1 and 5.2). A key has `length` bytes."""

    length: int
    prime: int
    a: int
    d: int
    order: int
    cofactor: int
    base: Point
    digest: Callable[[bytes], bytes]
    """The hash function, whose digest has twice `length` bytes."""

    def clamp(self, scalar: bytes) -> int:
        """The secret multiplier from the first half of a key's digest (RFC 8032 sections 5.1.5 and 5.2.5)."""
        bits = self.prime.bit_length()
        return int.from_bytes(scalar, "little") & (1 << bits) - 1 & -self.cofactor | 1 << bits - 1


def _digest_ed25519(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


def _digest_ed448(data: bytes) -> bytes:
    return hashlib.shake_256(data).digest(114)


_P25519: Final = 2**255 - 19
_P448: Final = 2**448 - 2**224 - 1
_DOM4: Final = b"SigEd448\0\0"  # RFC 8032 section 2. The zero bytes mean: no prehash, an empty context.

ED25519: Final = EdwardsCurve(
    length=32,
    prime=_P25519,
    a=-1,
    d=-121_665 * pow(121_666, -1, _P25519) % _P25519,
    order=2**252 + 27742317777372353535851937790883648493,
    cofactor=8,
    base=(
        15112221349535400772501151409588531511454012693041857206046113283949847762202,
        46316835694926478169428394003475163141307993866256225615783033603165251855960,
        1,
    ),
    digest=_digest_ed25519,
)
ED448: Final = EdwardsCurve(
    length=57,
    prime=_P448,
    a=1,
    d=-39_081 % _P448,
    order=2**446 - 13818066809895115352007386748515426880336692474882178609894547503885,
    cofactor=4,
    base=(
        int(
            "224580040295924300187604334099896036246789641632564134246125461"
            "686950415467406032909029192869357953282578032075146446173674602635247710"
        ),
        int(
            "298819210078481492676017930443930673437544040154080242095928241"
            "372331506189835876003536878655418784733982303233503462500531545062832660"
        ),
        1,
    ),
    digest=_digest_ed448,
)


def public_half(curve: EdwardsCurve, private: bytes) -> bytes:
    """The public key of a private key (RFC 8032 sections 5.1.5 and 5.2.5)."""
    return _encode(curve, _multiply(curve, curve.clamp(_expand(curve, private)[0]), curve.base))


def sign(curve: EdwardsCurve, private: bytes, data: bytes) -> bytes:
    """A signature over `data` (RFC 8032 sections 5.1.6 and 5.2.6)."""
    first, prefix = _expand(curve, private)
    multiplier = curve.clamp(first)
    public = _encode(curve, _multiply(curve, multiplier, curve.base))
    nonce = _hash_number(curve, prefix, data) % curve.order
    commitment = _encode(curve, _multiply(curve, nonce, curve.base))
    answer = (nonce + _hash_number(curve, commitment, public, data) * multiplier) % curve.order
    return commitment + answer.to_bytes(curve.length, "little")


def is_signature(curve: EdwardsCurve, public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether a signature verifies: S·B = R + k·A (RFC 8032 sections 5.1.7 and 5.2.7)."""
    if len(signature) != 2 * curve.length or len(public) != curve.length:
        return False
    commitment, answer = signature[: curve.length], int.from_bytes(signature[curve.length :], "little")
    key, point = _decode(curve, public), _decode(curve, commitment)
    # S must be below the order. Otherwise anybody could make a second signature from a valid signature.
    if key is None or point is None or answer >= curve.order:
        return False
    challenge = _hash_number(curve, commitment, public, data) % curve.order
    expected = _add(curve, point, _multiply(curve, challenge, key))
    return _encode(curve, _multiply(curve, answer, curve.base)) == _encode(curve, expected)


def _expand(curve: EdwardsCurve, private: bytes) -> tuple[bytes, bytes]:
    # The digest of the private key has no prefix dom4, unlike the digests of `_hash_number` for Ed448.
    digest = curve.digest(private)
    return digest[: curve.length], digest[curve.length :]


def _hash_number(curve: EdwardsCurve, *parts: bytes) -> int:
    prefix = _DOM4 if curve is ED448 else b""
    return int.from_bytes(curve.digest(b"".join((prefix, *parts))), "little")


def _add(curve: EdwardsCurve, point: Point, other: Point) -> Point:
    # RFC 8032 section 5.2.4, extended by the curve's `a`, which is -1 for Ed25519. The formula also doubles a point.
    prime = curve.prime
    x1, y1, z1 = point
    x2, y2, z2 = other
    a, c, d = z1 * z2 % prime, x1 * x2 % prime, y1 * y2 % prime
    b = a * a % prime
    e = curve.d * c * d % prime
    f, g = b - e, b + e
    x3 = a * f * ((x1 + y1) * (x2 + y2) - c - d) % prime
    return x3, a * g * (d - curve.a * c) % prime, f * g % prime


def _multiply(curve: EdwardsCurve, number: int, point: Point) -> Point:
    result: Point = (0, 1, 1)
    for position in reversed(range(number.bit_length())):
        result = _add(curve, result, result)
        if number >> position & 1:
            result = _add(curve, result, point)
    return result


def _encode(curve: EdwardsCurve, point: Point) -> bytes:
    # RFC 8032 section 5.1.2: the little-endian bytes of y, whose top bit is the lowest bit of x.
    prime = curve.prime
    inverse = pow(point[2], -1, prime)
    x, y = point[0] * inverse % prime, point[1] * inverse % prime
    return (y | (x & 1) << 8 * curve.length - 1).to_bytes(curve.length, "little")


def _decode(curve: EdwardsCurve, octets: bytes) -> Point | None:
    # RFC 8032 sections 5.1.3 and 5.2.3. Returns None if the bytes do not encode a point on the curve.
    prime = curve.prime
    number = int.from_bytes(octets, "little")
    sign_bit, y = number >> 8 * curve.length - 1, number & (1 << 8 * curve.length - 1) - 1
    if y >= prime:
        return None
    square = (y * y - 1) * pow(curve.d * y * y - curve.a, -1, prime) % prime
    x = _square_root(square, prime)
    if x is None or (x == 0 and sign_bit):
        return None
    return (x if x & 1 == sign_bit else prime - x), y, 1


def _square_root(square: int, prime: int) -> int | None:
    if prime % 4 == 3:
        root = pow(square, (prime + 1) // 4, prime)
    else:
        root = pow(square, (prime + 3) // 8, prime)
        if root * root % prime != square:
            root = root * pow(2, (prime - 1) // 4, prime) % prime
    return root if root * root % prime == square else None
