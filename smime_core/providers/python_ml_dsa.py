"""ML-DSA signatures (FIPS 204 algorithms 2 and 7), for Firefox and, on all platforms, for keys whose seed is lost.

Each signature uses fresh random bytes (the hedged variant), so the number of attempts differs even for one message.
Verification and public halves are in `arithmetic.ml_dsa`. The arithmetic is not constant-time, because Python's
integers are not.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

from smime_core.arithmetic import ml_dsa
from smime_core.arithmetic.ml_dsa import D, MlDsa, Polynomial, Q

_RANDOM_LENGTH = 32  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expanded:
    """The parts of a private key (FIPS 204 algorithm 25), with the vectors in the NTT domain."""

    rho: bytes
    seed: bytes = field(repr=False)
    digest_of_public: bytes
    s1: list[Polynomial] = field(repr=False)
    s2: list[Polynomial] = field(repr=False)
    t0: list[Polynomial] = field(repr=False)


def sign_ml_dsa(parameters: MlDsa, private: bytes, data: bytes) -> bytes:
    """A signature over `data` with an expanded private key, in pure mode with an empty context (RFC 9882 section 3)."""
    key = _expand(parameters, private)
    digest = _shake(key.digest_of_public + b"\0\0" + data, 64)
    mask_seed = _shake(key.seed + secrets.token_bytes(_RANDOM_LENGTH) + digest, 64)
    matrix = ml_dsa.expand_matrix(parameters, key.rho)
    counter = 0
    while True:
        signature = _try_to_sign(parameters, key, matrix, digest, mask_seed, counter)
        if signature is not None:
            return signature
        counter += parameters.columns


def _try_to_sign(
    parameters: MlDsa, key: _Expanded, matrix: list[list[Polynomial]], digest: bytes, mask_seed: bytes, counter: int
) -> bytes | None:
    # One round of the rejection loop of algorithm 7, steps 11 to 32.
    beta, gamma1, gamma2 = parameters.tau * parameters.eta, 1 << parameters.gamma1_bits, parameters.gamma2
    mask = [_expand_mask(parameters, mask_seed, counter + column) for column in range(parameters.columns)]
    transformed = [ml_dsa.ntt(polynomial) for polynomial in mask]
    commitment = [ml_dsa.inverse_ntt(ml_dsa.dot(row, transformed)) for row in matrix]
    high = b"".join(ml_dsa.pack_high_bits(parameters, polynomial, set()) for polynomial in commitment)
    challenge_seed = _shake(digest + high, parameters.challenge_length)
    challenge = ml_dsa.ntt(ml_dsa.sample_challenge(parameters, challenge_seed))
    response = [
        _centred(_added(polynomial, _scaled(challenge, secret)))
        for polynomial, secret in zip(mask, key.s1, strict=True)
    ]
    if _norm(response) >= gamma1 - beta:
        return None
    rest = [
        _added(polynomial, _scaled(challenge, secret), sign=-1)
        for polynomial, secret in zip(commitment, key.s2, strict=True)
    ]
    if max(abs(ml_dsa.decompose(value, gamma2)[1]) for polynomial in rest for value in polynomial) >= gamma2 - beta:
        return None
    low = [_scaled(challenge, secret) for secret in key.t0]
    if _norm([_centred(polynomial) for polynomial in low]) >= gamma2:
        return None
    hints = [_hints(gamma2, remainder, other) for remainder, other in zip(rest, low, strict=True)]
    if sum(map(len, hints)) > parameters.omega:
        return None
    packed = [
        ml_dsa.pack([gamma1 - value for value in polynomial], parameters.gamma1_bits + 1) for polynomial in response
    ]
    return b"".join((challenge_seed, *packed, _pack_hints(parameters, hints)))


def _expand(parameters: MlDsa, private: bytes) -> _Expanded:
    step = 32 * parameters.small_bits
    split = 128 + step * (parameters.rows + parameters.columns)
    small = [
        ml_dsa.ntt(
            [parameters.eta - value for value in ml_dsa.unpack(private[start : start + step], parameters.small_bits)]
        )
        for start in range(128, split, step)
    ]
    t0 = [
        ml_dsa.ntt([(1 << D - 1) - value for value in ml_dsa.unpack(private[start : start + 32 * D], D)])
        for start in range(split, len(private), 32 * D)
    ]
    return _Expanded(
        rho=private[:32],
        seed=private[32:64],
        digest_of_public=private[64:128],
        s1=small[: parameters.columns],
        s2=small[parameters.columns :],
        t0=t0,
    )


def _expand_mask(parameters: MlDsa, seed: bytes, number: int) -> Polynomial:
    # FIPS 204 algorithm 34.
    bits = parameters.gamma1_bits + 1
    stream = _shake(seed + number.to_bytes(2, "little"), 32 * bits)
    return [(1 << parameters.gamma1_bits) - value for value in ml_dsa.unpack(stream, bits)]


def _scaled(challenge: Polynomial, secret: Polynomial) -> Polynomial:
    return ml_dsa.inverse_ntt([a * b % Q for a, b in zip(challenge, secret, strict=True)])


def _added(polynomial: Polynomial, other: Polynomial, *, sign: int = 1) -> Polynomial:
    return [(a + sign * b) % Q for a, b in zip(polynomial, other, strict=True)]


def _centred(polynomial: Polynomial) -> Polynomial:
    return [value - Q if value > Q // 2 else value for value in polynomial]


def _norm(vector: list[Polynomial]) -> int:
    return max(abs(value) for polynomial in vector for value in polynomial)


def _hints(gamma2: int, rest: Polynomial, low: Polynomial) -> list[int]:
    # MakeHint (FIPS 204 algorithm 39): the indices at which adding `low` changes the high bits of `rest`.
    changed = _added(rest, low)
    pairs = enumerate(zip(rest, changed, strict=True))
    return [
        index
        for index, (value, other) in pairs
        if ml_dsa.decompose(value, gamma2)[0] != ml_dsa.decompose(other, gamma2)[0]
    ]


def _pack_hints(parameters: MlDsa, hints: list[list[int]]) -> bytes:
    # FIPS 204 algorithm 20.
    positions = bytes(index for row in hints for index in row)
    ends = bytes(sum(map(len, hints[: row + 1])) for row in range(parameters.rows))
    return positions.ljust(parameters.omega, b"\0") + ends


def _shake(data: bytes, length: int) -> bytes:
    return hashlib.shake_256(data).digest(length)
