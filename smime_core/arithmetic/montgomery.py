"""X25519 and X448 (RFC 7748 section 5), for platforms without them and for the public halves of private keys.

The arithmetic is not constant-time, because Python's integers are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class MontgomeryCurve:
    """The constants of a curve (RFC 7748 section 4). Scalars, coordinates and shared secrets have `length` bytes."""

    length: int
    prime: int
    a24: int
    base: int
    cofactor: int

    def clamp(self, scalar: bytes) -> int:
        """The multiplier that a private key encodes (RFC 7748 section 5, decodeScalar)."""
        bits = self.prime.bit_length()
        number = int.from_bytes(scalar, "little") & (1 << bits) - 1 & -self.cofactor
        return number | 1 << bits - 1


X25519: Final = MontgomeryCurve(length=32, prime=2**255 - 19, a24=121_665, base=9, cofactor=8)
X448: Final = MontgomeryCurve(length=56, prime=2**448 - 2**224 - 1, a24=39_081, base=5, cofactor=4)


def multiply(curve: MontgomeryCurve, scalar: bytes, coordinate: bytes) -> bytes:
    """The u-coordinate of the point at `coordinate` times a private key (RFC 7748 section 6).

    All zeros for a point of small order.
    """
    prime = curve.prime
    # RFC 7748 section 5: X25519 ignores the top bit. A coordinate that is not below the prime is reduced modulo it.
    u = (int.from_bytes(coordinate, "little") & (1 << prime.bit_length()) - 1) % prime
    number = curve.clamp(scalar)
    x2, z2, x3, z3 = 1, 0, u, 1
    swapped = 0
    for position in reversed(range(prime.bit_length())):
        bit = number >> position & 1
        if bit != swapped:
            x2, z2, x3, z3 = x3, z3, x2, z2
            swapped = bit
        total, difference = x2 + z2, x2 - z2
        square, other = total * total % prime, difference * difference % prime
        e = square - other
        crossed, straight = (x3 - z3) * total, (x3 + z3) * difference
        x3 = (crossed + straight) ** 2 % prime
        z3 = u * (crossed - straight) ** 2 % prime
        x2 = square * other % prime
        z2 = e * (square + curve.a24 * e) % prime
    if swapped:
        x2, z2 = x3, z3
    return (x2 * pow(z2, prime - 2, prime) % prime).to_bytes(curve.length, "little")


def public_half(curve: MontgomeryCurve, scalar: bytes) -> bytes:
    """The public key of a private key (RFC 7748 section 6)."""
    return multiply(curve, scalar, curve.base.to_bytes(curve.length, "little"))
