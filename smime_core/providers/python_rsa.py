"""RSA operations that the platform lacks (RFC 8017): RSAES-PKCS1-v1_5, OAEP with any two hashes, and the primitives.

Private operations are blinded, use the CRT and are checked before their result is returned. Python's `pow` is not
constant-time. Signatures are in `python_rsa_signatures`.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from smime_core.algorithms import HashName, KeyTransport, hash_length
from smime_core.asn1 import der
from smime_core.errors import DecryptionError, ProviderError, SmimeError
from smime_core.provider import PrivateKey, PublicKey
from smime_core.providers.python_hashes import python_digest


@dataclass(frozen=True, slots=True)
class RsaPublic:
    modulus: int
    exponent: int

    @property
    def length(self) -> int:
        """The length of the modulus in bytes."""
        return (self.modulus.bit_length() + 7) // 8


def parse_rsa_public(key: PublicKey) -> RsaPublic:
    """The numbers of a public key that `keys` has parsed."""
    bit_string = der.read_sequence(key.spki_der)[1].content
    modulus, exponent = (der.parse_number(child) for child in der.read_sequence(bit_string[1:]))
    return RsaPublic(modulus, exponent)


def encrypt_pkcs1_v15(key: PublicKey, cek: bytes) -> bytes:
    """RSAES-PKCS1-v1_5 (RFC 8017 section 7.2.1). Raises ProviderError if the key is too short."""
    public = parse_rsa_public(key)
    filling_length = public.length - len(cek) - 3
    if filling_length < 8:
        raise ProviderError("transport_encrypt", "the key is too short for the content-encryption key")
    return apply_public(public, b"\0\x02" + _nonzero_bytes(filling_length) + b"\0" + cek)


def encrypt_oaep(key: PublicKey, algorithm: KeyTransport, cek: bytes) -> bytes:
    """RSAES-OAEP (RFC 8017 section 7.1.1). Raises ProviderError if the key is too short."""
    public, size = parse_rsa_public(key), hash_length(algorithm.hash_name)
    if public.length < len(cek) + 2 * size + 2:
        raise ProviderError("transport_encrypt", "the key is too short for the content-encryption key")
    label_hash = python_digest(algorithm.hash_name, algorithm.p_source)
    block = label_hash + bytes(public.length - len(cek) - 2 * size - 2) + b"\x01" + cek
    seed = secrets.token_bytes(size)
    masked_block = mask_block(block, seed, algorithm.mgf_hash)
    return apply_public(public, b"\0" + mask_block(seed, masked_block, algorithm.mgf_hash) + masked_block)


def decrypt_pkcs1_v15(key: PrivateKey, encrypted_key: bytes, cek_length: int) -> bytes:
    """The content-encryption key (CEK), decrypted with RSAES-PKCS1-v1_5, or a random key in place of a wrong one.

    The decrypted block is wrong if it is not a padded key of `cek_length` bytes. RFC 3218 section 2.3.2: the random key
    is made first, and no branch depends on the decrypted block.
    """
    block = apply_private(key, encrypted_key, operation="transport_decrypt")
    return _read_padded(block, secrets.token_bytes(cek_length))[1]


def decrypt_any_pkcs1_v15(attempts: Sequence[tuple[PrivateKey, bytes]], cek_length: int) -> tuple[int, bytes]:
    """(position, CEK) of the last attempt that fits, or a random position and random bytes.

    Each attempt is a private key and an encrypted CEK. All attempts are made, and no branch depends on a decrypted
    block.
    """
    position, cek = secrets.randbelow(len(attempts)), secrets.token_bytes(cek_length)
    for number, (key, encrypted_key) in enumerate(attempts):
        try:
            block = apply_private(key, encrypted_key, operation="transport_decrypt")
        except SmimeError:
            # This key cannot decrypt any block: its numbers do not fit together, or are missing.
            continue
        mask, cek = _read_padded(block, cek)
        position = number & mask | position & ~mask
    return position, cek


def _read_padded(block: bytes, substitute: bytes) -> tuple[int, bytes]:
    # Returns (-1, the key in the block) if it has the right padding and the length of `substitute`, else (0,
    # `substitute`).
    start = len(block) - len(substitute)
    if start < 11:
        return 0, substitute
    wrong = block[0] | block[1] ^ 2 | block[start - 1]
    # A zero byte inside the filling would end it early, so that the key would have another length.
    wrong |= reduce(or_, ((octet - 1) >> 8 & 1 for octet in block[2 : start - 1]))
    mask = (wrong - 1) >> 8
    pairs = zip(block[start:], substitute, strict=True)
    return mask, bytes((key_byte & mask | other & ~mask) & 0xFF for key_byte, other in pairs)


def decrypt_oaep(key: PrivateKey, algorithm: KeyTransport, encrypted_key: bytes) -> bytes:
    """RSAES-OAEP (RFC 8017 section 7.1.2). Raises DecryptionError."""
    block = apply_private(key, encrypted_key, operation="transport_decrypt")
    size = hash_length(algorithm.hash_name)
    if len(block) < 2 * size + 2:
        raise DecryptionError
    masked_seed, masked_block = block[1 : size + 1], block[size + 1 :]
    seed = mask_block(masked_seed, masked_block, algorithm.mgf_hash)
    opened = mask_block(masked_block, seed, algorithm.mgf_hash)
    rest = opened[size:].lstrip(b"\0")
    label_fits = hmac.compare_digest(opened[:size], python_digest(algorithm.hash_name, algorithm.p_source))
    # RFC 8017 section 7.1.2 step 3 g: one outcome for all errors.
    if not (label_fits & (block[0] == 0) & (rest[:1] == b"\x01")):
        raise DecryptionError
    return rest[1:]


def apply_public(public: RsaPublic, block: bytes) -> bytes:
    """RSAEP and RSAVP1 (RFC 8017 sections 5.1.1 and 5.2.2)."""
    return pow(int.from_bytes(block, "big"), public.exponent, public.modulus).to_bytes(public.length, "big")


def public_numbers_of(key: PrivateKey) -> RsaPublic:
    """The public half of a private key that `keys` has parsed."""
    return RsaPublic(*_numbers(key)[1:3])


def apply_private(key: PrivateKey, block: bytes, *, operation: str) -> bytes:
    """RSADP and RSASP1 (RFC 8017 sections 5.1.2 and 5.2.1) with the CRT, blinded so that times do not reveal the block.

    Returns empty bytes if the block is no number below the modulus. Raises ProviderError for an inconsistent key.
    """
    _, modulus, exponent, _, p, q, d_p, d_q, q_inverse = _numbers(key)
    public = RsaPublic(modulus, exponent)
    number = int.from_bytes(block, "big")
    if len(block) != public.length or number >= modulus:
        # The sender knows the block's size, so this case is no secret. An empty block fails every later check.
        return b""
    blind = secrets.randbelow(modulus - 2) + 2
    blinded = number * pow(blind, exponent, modulus) % modulus
    from_p, from_q = pow(blinded, d_p, p), pow(blinded, d_q, q)
    result = from_q + (from_p - from_q) * q_inverse % p * q
    # A wrong result, from a computing fault or from inconsistent numbers, would reveal a factor of the modulus.
    if pow(result, exponent, modulus) != blinded:
        raise ProviderError(operation, "the private key's numbers do not fit together")
    return (result * pow(blind, -1, modulus) % modulus).to_bytes(public.length, "big")


def mask_block(data: bytes, seed: bytes, hash_name: HashName) -> bytes:
    """`data` XOR the mask that MGF1 makes from `seed` (RFC 8017 appendix B.2.1)."""
    count = -(-len(data) // hash_length(hash_name))
    stream = b"".join(python_digest(hash_name, seed + number.to_bytes(4, "big")) for number in range(count))
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream[: len(data)], "big")).to_bytes(len(data), "big")


def _nonzero_bytes(length: int) -> bytes:
    octets = b""
    while len(octets) < length:
        # Draw all bytes at once and drop the zeros, on average one byte of 256. A draw for each byte would take longer
        # than the encryption.
        octets += secrets.token_bytes(length).replace(b"\0", b"")
    return octets[:length]


def _numbers(key: PrivateKey) -> list[int]:
    key_der = der.read_octets(der.read_sequence(key.pkcs8_der)[2])
    return [der.parse_number(child) for child in der.read_sequence(key_der)]
