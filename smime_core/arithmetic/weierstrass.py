"""The short Weierstrass curves that mail uses (SEC 2 version 2, RFC 5639): their constants, and point decompression.

Multiplication is in `providers.python_ec`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveNumbers:
    """The curve y² = x³ + a·x + b modulo `prime`. Its base point has the order `order`; its cofactor is one."""

    prime: int
    a: int
    b: int
    order: int

    @property
    def field_length(self) -> int:
        """The length of a coordinate in bytes."""
        return (self.prime.bit_length() + 7) // 8


def _hex(*words: str) -> int:
    return int("".join(words).replace(" ", ""), 16)


_P256: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P384: Final = 2**384 - 2**128 - 2**96 + 2**32 - 1
_P521: Final = 2**521 - 1

CURVE_NUMBERS: Final = {
    # SEC 2 sections 2.4.2, 2.5.1 and 2.6.1.
    Curve.P256: CurveNumbers(
        prime=_P256,
        a=_P256 - 3,
        b=_hex("5ac635d8 aa3a93e7 b3ebbd55 769886bc 651d06b0 cc53b0f6 3bce3c3e 27d2604b"),
        order=_hex("ffffffff 00000000 ffffffff ffffffff bce6faad a7179e84 f3b9cac2 fc632551"),
    ),
    Curve.P384: CurveNumbers(
        prime=_P384,
        a=_P384 - 3,
        b=_hex(
            "b3312fa7 e23ee7e4 988e056b e3f82d19 181d9c6e fe814112",
            "0314088f 5013875a c656398d 8a2ed19d 2a85c8ed d3ec2aef",
        ),
        order=_hex(
            "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff",
            "c7634d81 f4372ddf 581a0db2 48b0a77a ecec196a ccc52973",
        ),
    ),
    Curve.P521: CurveNumbers(
        prime=_P521,
        a=_P521 - 3,
        b=_hex(
            "0051 953eb961 8e1c9a1f 929a21a0 b68540ee a2da725b 99b315f3 b8b48991 8ef109e1",
            "56193951 ec7e937b 1652c0bd 3bb1bf07 3573df88 3d2c34f1 ef451fd4 6b503f00",
        ),
        order=_hex(
            "01ff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff fffffffa",
            "51868783 bf2f966b 7fcc0148 f709a5d0 3bb5c9b8 899c47ae bb6fb71e 91386409",
        ),
    ),
    # RFC 5639 sections 3.4, 3.6 and 3.7.
    Curve.BRAINPOOL_P256R1: CurveNumbers(
        prime=_hex("a9fb57db a1eea9bc 3e660a90 9d838d72 6e3bf623 d5262028 2013481d 1f6e5377"),
        a=_hex("7d5a0975 fc2c3057 eef67530 417affe7 fb8055c1 26dc5c6c e94a4b44 f330b5d9"),
        b=_hex("26dc5c6c e94a4b44 f330b5d9 bbd77cbf 95841629 5cf7e1ce 6bccdc18 ff8c07b6"),
        order=_hex("a9fb57db a1eea9bc 3e660a90 9d838d71 8c397aa3 b561a6f7 901e0e82 974856a7"),
    ),
    Curve.BRAINPOOL_P384R1: CurveNumbers(
        prime=_hex(
            "8cb91e82 a3386d28 0f5d6f7e 50e641df 152f7109 ed5456b4",
            "12b1da19 7fb71123 acd3a729 901d1a71 87470013 3107ec53",
        ),
        a=_hex(
            "7bc382c6 3d8c150c 3c72080a ce05afa0 c2bea28e 4fb22787",
            "139165ef ba91f90f 8aa5814a 503ad4eb 04a8c7dd 22ce2826",
        ),
        b=_hex(
            "04a8c7dd 22ce2826 8b39b554 16f0447c 2fb77de1 07dcd2a6",
            "2e880ea5 3eeb62d5 7cb43902 95dbc994 3ab78696 fa504c11",
        ),
        order=_hex(
            "8cb91e82 a3386d28 0f5d6f7e 50e641df 152f7109 ed5456b3",
            "1f166e6c ac0425a7 cf3ab6af 6b7fc310 3b883202 e9046565",
        ),
    ),
    Curve.BRAINPOOL_P512R1: CurveNumbers(
        prime=_hex(
            "aadd9db8 dbe9c48b 3fd4e6ae 33c9fc07 cb308db3 b3c9d20e d6639cca 70330871",
            "7d4d9b00 9bc66842 aecda12a e6a380e6 2881ff2f 2d82c685 28aa6056 583a48f3",
        ),
        a=_hex(
            "7830a331 8b603b89 e2327145 ac234cc5 94cbdd8d 3df91610 a83441ca ea9863bc",
            "2ded5d5a a8253aa1 0a2ef1c9 8b9ac8b5 7f1117a7 2bf2c7b9 e7c1ac4d 77fc94ca",
        ),
        b=_hex(
            "3df91610 a83441ca ea9863bc 2ded5d5a a8253aa1 0a2ef1c9 8b9ac8b5 7f1117a7",
            "2bf2c7b9 e7c1ac4d 77fc94ca dc083e67 984050b7 5ebae5dd 2809bd63 8016f723",
        ),
        order=_hex(
            "aadd9db8 dbe9c48b 3fd4e6ae 33c9fc07 cb308db3 b3c9d20e d6639cca 70330870",
            "553e5c41 4ca92619 41866119 7fac1047 1db1d381 085ddadd b5879682 9ca90069",
        ),
    ),
}


def decompress_point(curve: Curve, point: bytes) -> bytes | None:
    """The uncompressed form of a compressed point (SEC 1, 2.3.4), or None if `point` is none of the curve."""
    numbers = CURVE_NUMBERS[curve]
    x = int.from_bytes(point[1:], "big")
    if point[:1] not in (b"\2", b"\3") or len(point) != 1 + numbers.field_length or x >= numbers.prime:
        return None
    square = (x * x * x + numbers.a * x + numbers.b) % numbers.prime
    # Each of these primes is 3 modulo 4, so one exponentiation gives the square root.
    y = pow(square, (numbers.prime + 1) // 4, numbers.prime)
    if y * y % numbers.prime != square:
        return None
    if y & 1 != point[0] & 1:
        y = -y % numbers.prime
    return b"\4" + point[1:] + y.to_bytes(numbers.field_length, "big")
