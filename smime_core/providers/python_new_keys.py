"""New RSA and EC keys in Python (FIPS 186-5 appendices A.1.3 and A.2.2), for callers that avoid WebCrypto.

The duration of the search for primes depends on the rejected candidates. Nothing else uses these candidates, so the
duration reveals nothing useful.
"""

from __future__ import annotations

import functools
import math
import secrets
from typing import Final

from smime_core.algorithms import Curve
from smime_core.asn1 import der
from smime_core.keys.ec import parse_ec_private_key
from smime_core.keys.rsa import parse_rsa_private_key
from smime_core.provider import NewKey, PrivateKey
from smime_core.providers.python_ec import make_ec_pair

_EXPONENT: Final = 65537
_RSA_BITS: Final = {NewKey.RSA_2048: 2048, NewKey.RSA_3072: 3072}
_CURVES: Final = {NewKey.P256: Curve.P256, NewKey.P384: Curve.P384, NewKey.P521: Curve.P521}
# FIPS 186-5 table B.1 requires 5 rounds at 1024 bits and 4 at 1536, for an error below 2^-112 and 2^-128.
_ROUNDS: Final = 5
_SIEVE_BELOW: Final = 2_000  # Six of seven odd numbers have a factor below this bound.


def make_key_in_python(kind: NewKey) -> PrivateKey:
    """A fresh RSA or EC key pair. An EC key includes its public half."""
    return _make_ec_key(_CURVES[kind]) if kind in _CURVES else _make_rsa_key(_RSA_BITS[kind])


def is_prime(number: int) -> bool:
    """Whether an odd number above 3 passes five rounds of Miller-Rabin (FIPS 186-5 section B.3.1)."""
    twos = ((number - 1) & -(number - 1)).bit_length() - 1
    odd = number - 1 >> twos
    return all(_passes(number, secrets.randbelow(number - 3) + 2, odd, twos) for _ in range(_ROUNDS))


def _make_ec_key(curve: Curve) -> PrivateKey:
    scalar, point = make_ec_pair(curve)
    tagged = der.explicit(1, der.element(der.BIT_STRING, b"\0", point))
    return parse_ec_private_key(der.sequence(der.integer(1), der.octet_string(scalar), tagged), curve)


def _make_rsa_key(bits: int) -> PrivateKey:
    # FIPS 186-5 section A.1.1 (2): the primes differ in their first 100 bits, and the private exponent is large.
    while True:
        p, q = _find_prime(bits // 2), _find_prime(bits // 2)
        private = pow(_EXPONENT, -1, math.lcm(p - 1, q - 1))
        if abs(p - q).bit_length() > bits // 2 - 100 and private.bit_length() > bits // 2:
            break
    numbers = (0, p * q, _EXPONENT, private, p, q, private % (p - 1), private % (q - 1), pow(q, -1, p))
    return parse_rsa_private_key(der.sequence(*map(der.integer, numbers)))


def _find_prime(bits: int) -> int:
    while True:
        # The two highest bits are set, so that the product of two primes has all its bits.
        candidate = secrets.randbits(bits) | 0b11 << bits - 2 | 1
        if math.gcd(candidate, _small_primes_product()) == 1 and (candidate - 1) % _EXPONENT and is_prime(candidate):
            return candidate


@functools.cache
def _small_primes_product() -> int:
    odd = range(3, _SIEVE_BELOW, 2)
    return math.prod(
        number for number in odd if all(number % divisor for divisor in range(3, math.isqrt(number) + 1, 2))
    )


def _passes(number: int, base: int, odd: int, twos: int) -> bool:
    power = pow(base, odd, number)
    if power in (1, number - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False
