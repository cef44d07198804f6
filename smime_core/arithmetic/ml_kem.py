"""ML-KEM (FIPS 203) in all parameter sets, because `cryptography` lacks ML-KEM-512 and Firefox lacks ML-KEM.

The functions take private keys in their expanded form. `expand_seed` computes that form from the 64-byte seed d ‖ z.
Files may have the seed or the expanded form (RFC 9935 section 6). Random bytes are arguments. The arithmetic is not
constant-time, because Python's integers are not.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from smime_core.arithmetic.ml_dsa import Polynomial, pack, unpack

_Q: Final = 3329
_SEED_LENGTH: Final = 32  # d, z and m have 32 bytes each.


@dataclass(frozen=True, slots=True, kw_only=True)
class MlKem:
    """A parameter set of FIPS 203 section 8."""

    k: int
    eta1: int
    du: int
    dv: int
    eta2: int = 2

    @property
    def public_length(self) -> int:
        """The length of an encapsulation key in bytes."""
        return 384 * self.k + 32

    @property
    def private_length(self) -> int:
        """The length of an expanded decapsulation key in bytes."""
        return 768 * self.k + 96

    @property
    def ciphertext_length(self) -> int:
        return 32 * (self.du * self.k + self.dv)


ML_KEM_512: Final = MlKem(k=2, eta1=3, du=10, dv=4)
ML_KEM_768: Final = MlKem(k=3, eta1=2, du=10, dv=4)
ML_KEM_1024: Final = MlKem(k=4, eta1=2, du=11, dv=5)


def _reversed_bits(number: int) -> int:
    return int(f"{number:07b}"[::-1], 2)


# FIPS 203 appendix A: powers of 17 in bit-reversed order.
_ZETAS: Final = [pow(17, _reversed_bits(number), _Q) for number in range(128)]
_GAMMAS: Final = [pow(17, 2 * _reversed_bits(number) + 1, _Q) for number in range(128)]


def expand_seed(parameters: MlKem, seed: bytes) -> bytes:
    """The expanded decapsulation key of the seed d ‖ z (FIPS 203 algorithms 13 and 16)."""
    d, z = seed[:_SEED_LENGTH], seed[_SEED_LENGTH:]
    k = parameters.k
    rho, sigma = _split_digest(d + bytes([k]))
    secret = [_ntt(_sample_noise(sigma, number, parameters.eta1)) for number in range(k)]
    noise = [_ntt(_sample_noise(sigma, k + number, parameters.eta1)) for number in range(k)]
    matrix = _expand_matrix(rho, k)
    product = [_add(_dot(row, secret), error) for row, error in zip(matrix, noise, strict=True)]
    public = b"".join(pack(polynomial, 12) for polynomial in product) + rho
    return b"".join(pack(polynomial, 12) for polynomial in secret) + public + hashlib.sha3_256(public).digest() + z


def public_half(parameters: MlKem, private: bytes) -> bytes:
    """The encapsulation key inside an expanded decapsulation key."""
    return private[384 * parameters.k : 768 * parameters.k + 32]


def is_private_key(parameters: MlKem, private: bytes) -> bool:
    """Whether the parts of an expanded key belong together: the checks of FIPS 203 section 7.3, and one more.

    The additional check is that the public half is A·s + e with a short e. Without it, somebody who altered a part of s
    could learn the rest from failed decapsulations.
    """
    public, digest = public_half(parameters, private), private[-64:-32]
    if len(private) != parameters.private_length or hashlib.sha3_256(public).digest() != digest:
        return False
    product, secret = _decode_all(public[:-32], 12), _decode_all(private[: 384 * parameters.k], 12)
    for row, value in zip(_expand_matrix(public[-32:], parameters.k), product, strict=True):
        difference = [(coefficient - other) % _Q for coefficient, other in zip(value, _dot(row, secret), strict=True)]
        if any(parameters.eta1 < noise < _Q - parameters.eta1 for noise in _inverse_ntt(difference)):
            return False
    return True


def is_public_key(parameters: MlKem, public: bytes) -> bool:
    """The check of FIPS 203 section 7.2: the length is right and every coefficient is below q."""
    if len(public) != parameters.public_length:
        return False
    return all(coefficient < _Q for polynomial in _decode_all(public[:-32], 12) for coefficient in polynomial)


def encapsulate(parameters: MlKem, public: bytes, randomness: bytes) -> tuple[bytes, bytes]:
    """(ciphertext, shared secret) from 32 random bytes (FIPS 203 algorithm 17). The caller has checked the key."""
    secret, coins = _split_digest(randomness + hashlib.sha3_256(public).digest())
    return _encrypt(parameters, public, randomness, coins), secret


def decapsulate(parameters: MlKem, private: bytes, ciphertext: bytes) -> bytes:
    """The shared secret (FIPS 203 algorithm 18). The caller has checked the key and the ciphertext's length.

    A ciphertext for another key raises no error. It yields an unrelated secret in the same steps (implicit rejection).
    """
    public, digest, z = public_half(parameters, private), private[-64:-32], private[-32:]
    message = _decrypt(parameters, private[: 384 * parameters.k], ciphertext)
    secret, coins = _split_digest(message + digest)
    rejected = hashlib.shake_256(z + ciphertext).digest(32)
    fits = hmac.compare_digest(_encrypt(parameters, public, message, coins), ciphertext)
    return (rejected, secret)[fits]


def _encrypt(parameters: MlKem, public: bytes, message: bytes, coins: bytes) -> bytes:
    # FIPS 203 algorithm 14.
    k = parameters.k
    key = _decode_all(public[:-32], 12)
    matrix = _expand_matrix(public[-32:], k)
    noise = [_ntt(_sample_noise(coins, number, parameters.eta1)) for number in range(k)]
    columns = [[matrix[row][column] for row in range(k)] for column in range(k)]
    u = [
        _add(_inverse_ntt(_dot(column, noise)), _sample_noise(coins, k + number, parameters.eta2))
        for number, column in enumerate(columns)
    ]
    carried = _add(_decompress(unpack(message, 1), 1), _sample_noise(coins, 2 * k, parameters.eta2))
    v = _add(_inverse_ntt(_dot(key, noise)), carried)
    packed = [pack(_compress(polynomial, parameters.du), parameters.du) for polynomial in u]
    return b"".join(packed) + pack(_compress(v, parameters.dv), parameters.dv)


def _decrypt(parameters: MlKem, private: bytes, ciphertext: bytes) -> bytes:
    # FIPS 203 algorithm 15.
    du, dv = parameters.du, parameters.dv
    boundary = 32 * du * parameters.k
    u = [_ntt(_decompress(polynomial, du)) for polynomial in _decode_all(ciphertext[:boundary], du)]
    v = _decompress(unpack(ciphertext[boundary:], dv), dv)
    product = _inverse_ntt(_dot(_decode_all(private, 12), u))
    return pack(_compress([(coefficient - other) % _Q for coefficient, other in zip(v, product, strict=True)], 1), 1)


def _split_digest(data: bytes) -> tuple[bytes, bytes]:
    digest = hashlib.sha3_512(data).digest()
    return digest[:32], digest[32:]


def _expand_matrix(rho: bytes, k: int) -> list[list[Polynomial]]:
    return [[_sample_uniform(rho + bytes([column, row])) for column in range(k)] for row in range(k)]


def _sample_uniform(seed: bytes) -> Polynomial:
    # FIPS 203 algorithm 7. hashlib's SHAKE cannot continue its output. If 840 bytes are too few, which is rare, a
    # longer output is computed from the start.
    length = 840
    while True:
        stream = hashlib.shake_128(seed).digest(length)
        numbers: Polynomial = []
        for first, second, third in zip(stream[::3], stream[1::3], stream[2::3], strict=True):
            numbers += (first | (second & 15) << 8, second >> 4 | third << 4)
        accepted = [number for number in numbers if number < _Q]
        if len(accepted) >= 256:
            return accepted[:256]
        length *= 2


def _sample_noise(seed: bytes, number: int, eta: int) -> Polynomial:
    # FIPS 203 algorithm 8 over PRF. Each coefficient is the difference of two sums of eta bits.
    stream = hashlib.shake_256(seed + bytes([number])).digest(64 * eta)
    bits, mask = int.from_bytes(stream, "little"), (1 << eta) - 1
    pairs = (bits >> 2 * eta * position for position in range(256))
    return [((pair & mask).bit_count() - (pair >> eta & mask).bit_count()) % _Q for pair in pairs]


def _ntt(polynomial: Polynomial) -> Polynomial:
    # FIPS 203 algorithm 9.
    values, number, length = list(polynomial), 1, 128
    while length >= 2:
        for start in range(0, 256, 2 * length):
            zeta = _ZETAS[number]
            number += 1
            for low in range(start, start + length):
                product = zeta * values[low + length] % _Q
                values[low + length] = (values[low] - product) % _Q
                values[low] = (values[low] + product) % _Q
        length //= 2
    return values


def _inverse_ntt(polynomial: Polynomial) -> Polynomial:
    # FIPS 203 algorithm 10.
    values, number, length = list(polynomial), 127, 2
    while length <= 128:
        for start in range(0, 256, 2 * length):
            zeta = _ZETAS[number]
            number -= 1
            for low in range(start, start + length):
                coefficient = values[low]
                values[low] = (coefficient + values[low + length]) % _Q
                values[low + length] = zeta * (values[low + length] - coefficient) % _Q
        length *= 2
    return [3303 * value % _Q for value in values]


def _dot(vector: list[Polynomial], other: list[Polynomial]) -> Polynomial:
    # The dot product of two vectors of polynomials in the NTT domain: FIPS 203 algorithms 11 and 12.
    total = [0] * 256
    for a, b in zip(vector, other, strict=True):
        for pair, gamma in enumerate(_GAMMAS):
            low, high = 2 * pair, 2 * pair + 1
            total[low] += a[low] * b[low] + a[high] * b[high] % _Q * gamma
            total[high] += a[low] * b[high] + a[high] * b[low]
    return [value % _Q for value in total]


def _add(polynomial: Polynomial, other: Polynomial) -> Polynomial:
    return [(a + b) % _Q for a, b in zip(polynomial, other, strict=True)]


def _compress(polynomial: Polynomial, bits: int) -> Polynomial:
    mask = (1 << bits) - 1
    return [((value << bits) + _Q // 2) // _Q & mask for value in polynomial]


def _decompress(polynomial: Polynomial, bits: int) -> Polynomial:
    half = 1 << bits - 1
    return [value * _Q + half >> bits for value in polynomial]


def _decode_all(octets: bytes, bits: int) -> list[Polynomial]:
    return [unpack(octets[start : start + 32 * bits], bits) for start in range(0, len(octets), 32 * bits)]
