"""The needles for a private key: all of its secret numbers and seeds, in pieces, as programs hold them.

A number is searched as the bytes of DER and JWK (big-endian), as the words of a machine (little-endian), and as the
digits of a big integer of CPython. The primes' Montgomery constants and the coefficient in Montgomery form are searched
too, because BoringSSL holds them beside an RSA key. Not searched: the expanded forms of ML-KEM and ML-DSA keys, points
of a curve, and values that only one operation makes, such as blinded numbers.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from smime_core.keys import ML_DSA_PARAMETERS, ML_KEM_PARAMETERS, read_raw_private
from smime_core.keys.raw import read_lattice_private
from smime_core.provider import KeyType, PrivateKey
from tests.support.browser.residue.markers import Needle, needles_for

# The pieces of a number or seed. Of a longer copy any rest of 31 bytes has a whole piece.
PIECE_BYTES: Final = 16
# The pieces of shorter secrets overlap, so that one of them has none of the ends, which X25519 and Ed25519 alter.
_SHORT_BYTES: Final = 64
_DIGIT_BITS: Final = 30  # sys.int_info.bits_per_digit, in 4 bytes
_DIGIT_BYTES: Final = 4
_WORD_BITS: Final = 64


def private_key_needles(secret: str, key: PrivateKey) -> list[Needle]:
    """The needles for every number, exponent, coefficient and seed of a private key."""
    if key.key_type in (KeyType.RSA, KeyType.EC):
        return _number_needles(secret, secret_numbers(key))
    return _octets_needles(secret, secret_octets(key))


def secret_numbers(key: PrivateKey) -> dict[str, int]:
    """The secret numbers of an RSA or EC key by their names."""
    loaded = load_der_private_key(key.pkcs8_der, None)
    if isinstance(loaded, ec.EllipticCurvePrivateKey):
        return {"private value": loaded.private_numbers().private_value}
    assert isinstance(loaded, rsa.RSAPrivateKey)
    numbers = loaded.private_numbers()
    radix = 1 << -(-numbers.p.bit_length() // _WORD_BITS) * _WORD_BITS
    return {
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "iqmp": numbers.iqmp,
        "p's constant": radix * radix % numbers.p,
        "q's constant": radix * radix % numbers.q,
        "iqmp in Montgomery form": numbers.iqmp * radix % numbers.p,
    }


def bytes_of(number: int) -> bytes:
    """The bytes of a number without zeros before it: DER writes none, and a field of fixed length holds these too."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def secret_octets(key: PrivateKey) -> dict[str, bytes]:
    """The secret bytes of the other kinds of keys: seeds, private scalars, and what Ed25519 hashes its seed to."""
    if key.key_type in (*ML_KEM_PARAMETERS, *ML_DSA_PARAMETERS):
        seed = read_lattice_private(key).seed
        assert seed is not None
        return {"seed": seed}
    seed = read_raw_private(key)
    if key.key_type is not KeyType.ED25519:
        return {"seed": seed}
    return {"seed": seed, "hashed seed": hashlib.sha512(seed).digest()}


def _number_needles(secret: str, numbers: Mapping[str, int]) -> list[Needle]:
    """The needles for the pieces of secret numbers, which cover them, in all forms and orders."""
    needles = []
    for name, number in numbers.items():
        octets = bytes_of(number)
        needles += _octets_needles(secret, {name: octets})
        needles += _raw_needles(secret, name, "reversed", octets[::-1])
        needles += _raw_needles(secret, name, "digits", digits_of(number))
    return needles


def _octets_needles(secret: str, parts: Mapping[str, bytes]) -> list[Needle]:
    """The needles for the pieces of secret bytes, which cover them, in all forms."""
    return [
        needle
        for name, octets in parts.items()
        for at, piece in pieces_of(octets)
        for needle in needles_for(secret, [piece], part=f"{name}+{at}")
    ]


def digits_of(number: int) -> bytes:
    """The digits of an int in CPython's memory: 30 bits in each word of 32, the lowest first."""
    count = math.ceil(number.bit_length() / _DIGIT_BITS)
    mask = (1 << _DIGIT_BITS) - 1
    return b"".join((number >> at * _DIGIT_BITS & mask).to_bytes(_DIGIT_BYTES, "little") for at in range(count))


def pieces_of(octets: bytes) -> Iterable[tuple[int, bytes]]:
    """Pieces that cover all bytes, with their positions. The last one may overlap the one before."""
    last = len(octets) - PIECE_BYTES
    for at in (*range(0, last, PIECE_BYTES // 2 if len(octets) <= _SHORT_BYTES else PIECE_BYTES), last):
        yield at, octets[at : at + PIECE_BYTES]


def _raw_needles(secret: str, name: str, form: str, octets: bytes) -> list[Needle]:
    return [Needle(secret=secret, form=form, octets=piece, part=f"{name}+{at}") for at, piece in pieces_of(octets)]
