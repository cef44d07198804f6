"""ML-DSA (FIPS 204): expansion of seeds, public halves of private keys, and verification in browsers without ML-DSA.

Signatures are in pure mode with an empty context (RFC 9882 section 3). Signing is in `providers.python_ml_dsa`. The
arithmetic is not constant-time, because Python's integers are not.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from typing import Final

Polynomial = list[int]

Q: Final = 8_380_417
D: Final = 13  # The public key leaves out the 13 low bits of each coefficient of t.


@dataclass(frozen=True, slots=True, kw_only=True)
class MlDsa:
    """A parameter set of FIPS 204 section 4."""

    rows: int
    columns: int
    eta: int
    tau: int
    gamma1_bits: int
    gamma2: int
    omega: int
    challenge_length: int

    @property
    def public_length(self) -> int:
        """The length of a public key in bytes."""
        return 32 + 320 * self.rows

    @property
    def private_length(self) -> int:
        """The length of an expanded private key in bytes."""
        return 128 + 32 * (self.small_bits * (self.rows + self.columns) + D * self.rows)

    @property
    def signature_length(self) -> int:
        return self.challenge_length + 32 * self.columns * (self.gamma1_bits + 1) + self.omega + self.rows

    @property
    def small_bits(self) -> int:
        """The number of bits for a coefficient between -eta and eta."""
        return (2 * self.eta).bit_length()


ML_DSA_44: Final = MlDsa(
    rows=4, columns=4, eta=2, tau=39, gamma1_bits=17, gamma2=(Q - 1) // 88, omega=80, challenge_length=32
)
ML_DSA_65: Final = MlDsa(
    rows=6, columns=5, eta=4, tau=49, gamma1_bits=19, gamma2=(Q - 1) // 32, omega=55, challenge_length=48
)
ML_DSA_87: Final = MlDsa(
    rows=8, columns=7, eta=2, tau=60, gamma1_bits=19, gamma2=(Q - 1) // 32, omega=75, challenge_length=64
)

# FIPS 204 appendix B: powers of 1753 in bit-reversed order.
_ZETAS: Final = [pow(1753, int(f"{number:08b}"[::-1], 2), Q) for number in range(256)]


def expand_seed(parameters: MlDsa, seed: bytes) -> bytes:
    """The expanded private key of a 32-byte seed (FIPS 204 algorithm 6)."""
    rows, columns = parameters.rows, parameters.columns
    digest = hashlib.shake_256(seed + bytes([rows, columns])).digest(128)
    small = [_sample_small(digest[32:96], number, parameters.eta) for number in range(rows + columns)]
    return _build_halves(parameters, digest[:32], digest[96:], small)[0]


def public_half(parameters: MlDsa, private: bytes) -> bytes | None:
    """The public key of an expanded private key, or None if its parts do not belong together."""
    if len(private) != parameters.private_length:
        return None
    step, eta = 32 * parameters.small_bits, parameters.eta
    starts = [128 + step * number for number in range(parameters.rows + parameters.columns)]
    small = [[eta - value for value in unpack(private[at : at + step], parameters.small_bits)] for at in starts]
    if any(value < -eta for polynomial in small for value in polynomial):
        return None
    # Rebuild and compare the whole key, because signatures by a key whose t0 or s1 was altered reveal something about
    # the original key.
    rebuilt, public = _build_halves(parameters, private[:32], private[32:64], small)
    return public if rebuilt == private else None


def is_signature(parameters: MlDsa, public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether a signature over `data` verifies (FIPS 204 algorithms 3 and 8)."""
    if len(public) != parameters.public_length or len(signature) != parameters.signature_length:
        return False
    rho = public[:32]
    high = [unpack(public[start : start + 320], 10) for start in range(32, len(public), 320)]
    challenge_seed = signature[: parameters.challenge_length]
    hints = _unpack_hints(parameters, signature[-parameters.omega - parameters.rows :])
    response = _unpack_response(parameters, signature)
    beta = parameters.tau * parameters.eta
    bound = (1 << parameters.gamma1_bits) - beta
    if hints is None or any(abs(value) >= bound for polynomial in response for value in polynomial):
        return False
    # In pure mode, a zero byte and the length of the context, which is also zero, come before the message.
    digest = hashlib.shake_256(hashlib.shake_256(public).digest(64) + b"\0\0" + data).digest(64)
    challenge = ntt(sample_challenge(parameters, challenge_seed))
    transformed = [ntt(polynomial) for polynomial in response]
    packed: list[bytes] = []
    for row in range(parameters.rows):
        shifted = ntt([value << D for value in high[row]])
        total = dot(_expand_row(parameters, rho, row), transformed)
        commitment = inverse_ntt([(a - b * c) % Q for a, b, c in zip(total, challenge, shifted, strict=True)])
        packed.append(pack_high_bits(parameters, commitment, hints[row]))
    return hashlib.shake_256(digest + b"".join(packed)).digest(parameters.challenge_length) == challenge_seed


def _build_halves(parameters: MlDsa, rho: bytes, key: bytes, small: list[Polynomial]) -> tuple[bytes, bytes]:
    # Returns (private, public). FIPS 204 algorithm 6 from step 5 on, with the encodings of algorithms 22 and 24.
    product = _multiply_and_add(parameters, rho, small[: parameters.columns], small[parameters.columns :])
    public = rho + b"".join(pack([_split(value)[0] for value in polynomial], 10) for polynomial in product)
    low = [[(1 << D - 1) - _split(value)[1] for value in polynomial] for polynomial in product]
    packed = [pack([parameters.eta - value for value in polynomial], parameters.small_bits) for polynomial in small]
    digest = hashlib.shake_256(public).digest(64)
    return b"".join((rho, key, digest, *packed, *(pack(polynomial, D) for polynomial in low))), public


def _multiply_and_add(
    parameters: MlDsa, rho: bytes, first: list[Polynomial], second: list[Polynomial]
) -> list[Polynomial]:
    # t = A·s1 + s2 (FIPS 204 algorithm 6, step 5).
    transformed = [ntt(polynomial) for polynomial in first]
    return [
        [
            (a + b) % Q
            for a, b in zip(inverse_ntt(dot(_expand_row(parameters, rho, row), transformed)), second[row], strict=True)
        ]
        for row in range(parameters.rows)
    ]


def expand_matrix(parameters: MlDsa, rho: bytes) -> list[list[Polynomial]]:
    """The rows of the matrix A (FIPS 204 algorithm 32)."""
    return [_expand_row(parameters, rho, row) for row in range(parameters.rows)]


def _expand_row(parameters: MlDsa, rho: bytes, row: int) -> list[Polynomial]:
    return [_sample_uniform(rho + bytes([column, row])) for column in range(parameters.columns)]


def dot(row: list[Polynomial], vector: list[Polynomial]) -> Polynomial:
    """The dot product of two vectors of polynomials in the NTT domain."""
    total = [0] * 256
    for entry, polynomial in zip(row, vector, strict=True):
        total = [value + a * b for value, a, b in zip(total, entry, polynomial, strict=True)]
    return [value % Q for value in total]


def _split(value: int) -> tuple[int, int]:
    # Power2Round (FIPS 204 algorithm 35).
    high = value + (1 << D - 1) - 1 >> D
    return high, value - (high << D)


def _sample_uniform(seed: bytes) -> Polynomial:
    # FIPS 204 algorithm 30. hashlib's SHAKE cannot continue its output. If 840 bytes are too few, which is rare, a
    # longer output is computed from the start.
    length = 840
    while True:
        stream = hashlib.shake_128(seed).digest(length)
        triples = zip(stream[::3], stream[1::3], stream[2::3], strict=True)
        numbers = (first | second << 8 | (third & 0x7F) << 16 for first, second, third in triples)
        accepted = [number for number in numbers if number < Q]
        if len(accepted) >= 256:
            return accepted[:256]
        length *= 2


def _sample_small(seed: bytes, number: int, eta: int) -> Polynomial:
    # FIPS 204 algorithms 15 and 31.
    length = 512
    while True:
        stream = hashlib.shake_256(seed + number.to_bytes(2, "little")).digest(length)
        halves = (half for octet in stream for half in (octet & 15, octet >> 4))
        if eta == 2:
            accepted = [2 - half % 5 for half in halves if half < 15]
        else:
            accepted = [4 - half for half in halves if half < 9]
        if len(accepted) >= 256:
            return accepted[:256]
        length *= 2


def sample_challenge(parameters: MlDsa, seed: bytes) -> Polynomial:
    """The challenge polynomial of a seed: SampleInBall (FIPS 204 algorithm 29)."""
    length = 512
    while True:
        stream = hashlib.shake_256(seed).digest(length)
        signs, position = int.from_bytes(stream[:8], "little"), 8
        challenge = [0] * 256
        for index in range(256 - parameters.tau, 256):
            while position < length and stream[position] > index:
                position += 1
            if position == length:
                break
            swapped = stream[position]
            position += 1
            challenge[index] = challenge[swapped]
            challenge[swapped] = -1 if signs >> index + parameters.tau - 256 & 1 else 1
        else:
            return challenge
        length *= 2


def _unpack_hints(parameters: MlDsa, octets: bytes) -> list[set[int]] | None:
    # HintBitUnpack (FIPS 204 algorithm 21). Positions must ascend and unused bytes be zero, so each hint has only one
    # encoding.
    positions, ends = octets[: parameters.omega], octets[parameters.omega :]
    hints: list[set[int]] = []
    start = 0
    for end in ends:
        row = positions[start:end]
        if not start <= end <= parameters.omega or any(a >= b for a, b in itertools.pairwise(row)):
            return None
        hints.append(set(row))
        start = end
    return None if any(positions[start:]) else hints


def _unpack_response(parameters: MlDsa, signature: bytes) -> list[Polynomial]:
    bits = parameters.gamma1_bits + 1
    packed = signature[parameters.challenge_length : -parameters.omega - parameters.rows]
    gamma1 = 1 << parameters.gamma1_bits
    return [
        [gamma1 - value for value in unpack(packed[start : start + 32 * bits], bits)]
        for start in range(0, len(packed), 32 * bits)
    ]


def pack_high_bits(parameters: MlDsa, commitment: Polynomial, hints: set[int]) -> bytes:
    """The packed high bits of `commitment`, corrected by hints: UseHint (FIPS 204 algorithm 40), then w1Encode."""
    gamma2 = parameters.gamma2
    modulus = (Q - 1) // (2 * gamma2)
    high_bits: Polynomial = []
    for index, value in enumerate(commitment):
        high, low = decompose(value, gamma2)
        if index in hints:
            high = (high + (1 if low > 0 else -1)) % modulus
        high_bits.append(high)
    return pack(high_bits, (modulus - 1).bit_length())


def decompose(value: int, gamma2: int) -> tuple[int, int]:
    """The high and the low bits of a coefficient: Decompose (FIPS 204 algorithm 36)."""
    low = value % (2 * gamma2)
    if low > gamma2:
        low -= 2 * gamma2
    if value - low == Q - 1:
        return 0, low - 1
    return (value - low) // (2 * gamma2), low


def ntt(polynomial: Polynomial) -> Polynomial:
    """The polynomial in the NTT domain (FIPS 204 algorithm 41)."""
    values, number, length = list(polynomial), 0, 128
    while length >= 1:
        for start in range(0, 256, 2 * length):
            number += 1
            zeta = _ZETAS[number]
            for low in range(start, start + length):
                product = zeta * values[low + length] % Q
                values[low + length] = values[low] - product
                values[low] += product
        length //= 2
    return [value % Q for value in values]


def inverse_ntt(polynomial: Polynomial) -> Polynomial:
    """The inverse of `ntt` (FIPS 204 algorithm 42)."""
    values, number, length = list(polynomial), 256, 1
    while length <= 128:
        for start in range(0, 256, 2 * length):
            number -= 1
            zeta = -_ZETAS[number]
            for low in range(start, start + length):
                coefficient, other = values[low], values[low + length]
                values[low] = coefficient + other
                values[low + length] = zeta * (coefficient - other) % Q
        length *= 2
    return [8_347_681 * value % Q for value in values]


def pack(polynomial: Polynomial, bits: int) -> bytes:
    """The 256 coefficients in `bits` bits each (FIPS 204 algorithm 16, FIPS 203 algorithm 5)."""
    packed = 0
    for value in reversed(polynomial):
        packed = packed << bits | value
    return packed.to_bytes(32 * bits, "little")


def unpack(octets: bytes, bits: int) -> Polynomial:
    """The reverse of `pack` (FIPS 204 algorithm 18, FIPS 203 algorithm 6)."""
    packed, mask = int.from_bytes(octets, "little"), (1 << bits) - 1
    return [packed >> bits * position & mask for position in range(256)]
