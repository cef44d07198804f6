"""A secret split among people: any k of n shares give it, and fewer reveal nothing about it (Shamir, 1979).

Each byte of the secret is the value at 0 of a random polynomial of degree k - 1 over GF(2^8), with the reduction
polynomial of AES (FIPS 197 section 4.2). A share has the values at the share's number. draft-mcgrew-tss-03 describes
the same construction, and has an example that the tests use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider

MAX_SHARES: Final = 255  # The elements of the field except 0.
_REDUCTION: Final = 0x11B


def split_secret(secret: bytes, needed: int, total: int, provider: CryptoProvider) -> tuple[bytes, ...]:
    """Return the shares with the numbers from 1 to `total`, of which `needed` give the secret."""
    if not 1 <= needed <= total <= MAX_SHARES:
        raise ValueError(f"{needed} of {total} shares")
    # Each row has the coefficients of one power of x, for all bytes of the secret.
    polynomial = [secret, *(provider.random_bytes(len(secret)) for _ in range(needed - 1))]
    return tuple(_value_at(number, polynomial) for number in range(1, total + 1))


def join_shares(shares: Mapping[int, bytes]) -> bytes:
    """Return the secret from shares by their numbers. Too few or wrong shares give other bytes.

    Raises MalformedMessage if numbers or lengths show that the shares are not those of one secret.
    """
    lengths = {len(share) for share in shares.values()}
    if len(lengths) != 1 or not all(1 <= number <= MAX_SHARES for number in shares):
        raise MalformedMessage("they are not of one secret", where="shares")
    secret = bytes(lengths.pop())
    for number, share in shares.items():
        factor = 1
        for other in shares:
            if other != number:
                # Lagrange's basis polynomial at 0. In this field, minus is plus.
                factor = _multiply(factor, _divide(other, other ^ number))
        secret = bytes(byte ^ _multiply(factor, value) for byte, value in zip(secret, share, strict=True))
    return secret


def _value_at(number: int, polynomial: Sequence[bytes]) -> bytes:
    value = bytes(len(polynomial[0]))
    for coefficients in reversed(polynomial):
        value = bytes(_multiply(byte, number) ^ added for byte, added in zip(value, coefficients, strict=True))
    return value


def _multiply(factor: int, other: int) -> int:
    product = 0
    while other:
        product ^= factor if other & 1 else 0
        factor <<= 1
        factor ^= _REDUCTION if factor & 0x100 else 0
        other >>= 1
    return product


def _divide(dividend: int, other: int) -> int:
    # The inverse of an element is its 254th power, because the 255th power of each element except 0 is 1.
    inverse = 1
    for _ in range(254):
        inverse = _multiply(inverse, other)
    return _multiply(dividend, inverse)
