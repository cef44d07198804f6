"""The short Weierstrass curves that mail uses (SEC 2 version 2, RFC 5639): their constants, and point decompression.

Multiplication is in `providers.python_ec`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveNumbers:
    """The curve y² = x³ + a·x + b modulo `prime`. Its base point has the order `order`; its cofactor is one.

    `base` is the base point in compressed form (SEC 1 section 2.3.3).
    """

    prime: int
    a: int
    b: int
    order: int
    base: bytes

    @property
    def field_length(self) -> int:
        """The length of a coordinate in bytes."""
        return (self.prime.bit_length() + 7) // 8


def _hex(*words: str) -> int:
    return int("".join(words).replace(" ", ""), 16)


_P256: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P384: Final = 2**384 - 2**128 - 2**96 + 2**32 - 1
_P521: Final = 2**521 - 1
_P192: Final = 2**192 - 2**64 - 1
_P224: Final = 2**224 - 2**96 + 1

CURVE_NUMBERS: Final = {
    # SEC 2 sections 2.4.2, 2.5.1 and 2.6.1.
    Curve.P256: CurveNumbers(
        prime=_P256,
        a=_P256 - 3,
        b=_hex("5ac635d8 aa3a93e7 b3ebbd55 769886bc 651d06b0 cc53b0f6 3bce3c3e 27d2604b"),
        order=_hex("ffffffff 00000000 ffffffff ffffffff bce6faad a7179e84 f3b9cac2 fc632551"),
        base=bytes.fromhex("036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
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
        base=bytes.fromhex(
            "03aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
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
        base=bytes.fromhex(
            "0200c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe7"
            "5928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66"
        ),
    ),
    # RFC 5639 sections 3.4, 3.6 and 3.7.
    Curve.BRAINPOOL_P256R1: CurveNumbers(
        prime=_hex("a9fb57db a1eea9bc 3e660a90 9d838d72 6e3bf623 d5262028 2013481d 1f6e5377"),
        a=_hex("7d5a0975 fc2c3057 eef67530 417affe7 fb8055c1 26dc5c6c e94a4b44 f330b5d9"),
        b=_hex("26dc5c6c e94a4b44 f330b5d9 bbd77cbf 95841629 5cf7e1ce 6bccdc18 ff8c07b6"),
        order=_hex("a9fb57db a1eea9bc 3e660a90 9d838d71 8c397aa3 b561a6f7 901e0e82 974856a7"),
        base=bytes.fromhex("038bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262"),
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
        base=bytes.fromhex(
            "031d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e"
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
        base=bytes.fromhex(
            "0281aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098e"
            "ff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822"
        ),
    ),
    # SEC 2 sections 2.2.2, 2.3.2 and 2.4.1. Signatures on these curves are only verified.
    Curve.P192: CurveNumbers(
        prime=_P192,
        a=_P192 - 3,
        b=_hex("64210519 e59c80e7 0fa7e9ab 72243049 feb8deec c146b9b1"),
        order=_hex("ffffffff ffffffff ffffffff 99def836 146bc9b1 b4d22831"),
        base=bytes.fromhex("03188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012"),
    ),
    Curve.P224: CurveNumbers(
        prime=_P224,
        a=_P224 - 3,
        b=_hex("b4050a85 0c04b3ab f5413256 5044b0b7 d7bfd8ba 270b3943 2355ffb4"),
        order=_hex("ffffffff ffffffff ffffffff ffff16a2 e0b8f03e 13dd2945 5c5c2a3d"),
        base=bytes.fromhex("02b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21"),
    ),
    Curve.SECP256K1: CurveNumbers(
        prime=2**256 - 2**32 - 977,
        a=0,
        b=7,
        order=_hex("ffffffff ffffffff ffffffff fffffffe baaedce6 af48a03b bfd25e8c d0364141"),
        base=bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
    ),
}


def decompress_point(curve: Curve, point: bytes) -> bytes | None:
    """The uncompressed form of a compressed point (SEC 1, 2.3.4), or None if `point` is not on the curve."""
    numbers = CURVE_NUMBERS[curve]
    x = int.from_bytes(point[1:], "big")
    if point[:1] not in (b"\2", b"\3") or len(point) != 1 + numbers.field_length or x >= numbers.prime:
        return None
    square = (x * x * x + numbers.a * x + numbers.b) % numbers.prime
    y = _square_root(square, numbers.prime)
    if y * y % numbers.prime != square:
        return None
    if y & 1 != point[0] & 1:
        y = -y % numbers.prime
    return b"\4" + point[1:] + y.to_bytes(numbers.field_length, "big")


def _square_root(square: int, prime: int) -> int:
    # Returns a square root of a number modulo a prime, or any number if there is no root. All primes here except the
    # prime of P-224 are 3 modulo 4, so one exponentiation is enough.
    if prime % 4 == 3:
        return pow(square, (prime + 1) // 4, prime)
    # Tonelli and Shanks: prime - 1 is `odd` times a power of two, and `root`² is `square` times `rest`. `generator`
    # generates the numbers whose order is a power of two; its powers turn `rest` into 1.
    twos = ((prime - 1) & (1 - prime)).bit_length() - 1
    odd = prime - 1 >> twos
    non_residue = next(number for number in range(2, prime) if pow(number, (prime - 1) // 2, prime) == prime - 1)
    generator, rest, root = (
        pow(non_residue, odd, prime),
        pow(square, odd, prime),
        pow(square, (odd + 1) // 2, prime),
    )
    for level in range(twos - 1, 0, -1):
        if pow(rest, 1 << level - 1, prime) != 1:
            root = root * generator % prime
            rest = rest * generator * generator % prime
        generator = generator * generator % prime
    return root
