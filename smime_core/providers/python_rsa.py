"""RSA where WebCrypto has none (RFC 8017): RSAES-PKCS1-v1_5, OAEP with two hashes, signatures over old hashes.

Private operations are blinded, use the CRT and are checked before their result leaves; Python's `pow` is not
constant-time. Leaves out: signing, which WebCrypto does.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import reduce
from operator import or_

from smime_core import der
from smime_core.algorithms import HASH_OIDS, NULL, HashName, KeyTransport, hash_length
from smime_core.errors import DecryptionError, ProviderError, SignatureMismatch
from smime_core.provider import PrivateKey, PublicKey


@dataclass(frozen=True, slots=True)
class RsaPublic:
    modulus: int
    exponent: int

    @property
    def length(self) -> int:
        """Bytes of the modulus."""
        return (self.modulus.bit_length() + 7) // 8


def parse_rsa_public(key: PublicKey) -> RsaPublic:
    """The numbers of a public key that `keys` has parsed."""
    bit_string = der.read_sequence(key.spki_der)[1].content
    modulus, exponent = (der.parse_integer(child) for child in der.read_sequence(bit_string[1:]))
    return RsaPublic(modulus, exponent)


def encrypt_pkcs1_v15(key: PublicKey, cek: bytes) -> bytes:
    """RSAES-PKCS1-v1_5 (RFC 8017 section 7.2.1). Raises ProviderError when the key is too short."""
    public = parse_rsa_public(key)
    filling_length = public.length - len(cek) - 3
    if filling_length < 8:
        raise ProviderError("transport_encrypt", "the key is too short for the content-encryption key")
    filling = bytes(secrets.randbelow(255) + 1 for _ in range(filling_length))
    return _apply_public(public, b"\0\x02" + filling + b"\0" + cek)


def encrypt_oaep(key: PublicKey, algorithm: KeyTransport, cek: bytes) -> bytes:
    """RSAES-OAEP with an empty label (RFC 8017 section 7.1.1). Raises ProviderError when the key is too short."""
    public, size = parse_rsa_public(key), hash_length(algorithm.hash_name)
    if public.length < len(cek) + 2 * size + 2:
        raise ProviderError("transport_encrypt", "the key is too short for the content-encryption key")
    label_hash = hashlib.new(algorithm.hash_name).digest()
    block = label_hash + bytes(public.length - len(cek) - 2 * size - 2) + b"\x01" + cek
    seed = secrets.token_bytes(size)
    masked_block = _mask(block, seed, algorithm.mgf_hash)
    return _apply_public(public, b"\0" + _mask(seed, masked_block, algorithm.mgf_hash) + masked_block)


def decrypt_pkcs1_v15(key: PrivateKey, encrypted_key: bytes, *, cek_length: int) -> bytes:
    """RSAES-PKCS1-v1_5, which never fails: what is not a padded key of `cek_length` bytes gives a random one.

    RFC 3218 section 2.3.2: the random key is chosen first, and nothing branches on what was decrypted.
    """
    substitute = secrets.token_bytes(cek_length)
    block = _apply_private(key, encrypted_key)
    start = len(block) - cek_length
    if start < 11:
        return substitute
    wrong = block[0] | block[1] ^ 2 | block[start - 1]
    # A zero octet inside the filling would end it early, so that the key had another length.
    wrong |= reduce(or_, ((octet - 1) >> 8 & 1 for octet in block[2 : start - 1]))
    mask = ((wrong - 1) >> 8) & 0xFF
    pairs = zip(block[start:], substitute, strict=True)
    return bytes(found & mask | other & ~mask & 0xFF for found, other in pairs)


def decrypt_oaep(key: PrivateKey, algorithm: KeyTransport, encrypted_key: bytes) -> bytes:
    """RSAES-OAEP with an empty label (RFC 8017 section 7.1.2). Raises DecryptionError."""
    block, size = _apply_private(key, encrypted_key), hash_length(algorithm.hash_name)
    if len(block) < 2 * size + 2:
        raise DecryptionError
    masked_seed, masked_block = block[1 : size + 1], block[size + 1 :]
    seed = _mask(masked_seed, masked_block, algorithm.mgf_hash)
    opened = _mask(masked_block, seed, algorithm.mgf_hash)
    rest = opened[size:].lstrip(b"\0")
    label_fits = hmac.compare_digest(opened[:size], hashlib.new(algorithm.hash_name).digest())
    # RFC 8017 section 7.1.2 step 3 g: one outcome for all that is wrong.
    if not (label_fits & (block[0] == 0) & (rest[:1] == b"\x01")):
        raise DecryptionError
    return rest[1:]


def verify_pkcs1_v15(key: PublicKey, hash_name: HashName, signature: bytes, data: der.Buffer) -> None:
    """RSASSA-PKCS1-v1_5: build the block and compare (RFC 8017 section 8.2.2). Raises SignatureMismatch."""
    public = parse_rsa_public(key)
    info = der.sequence(
        der.sequence(der.oid(HASH_OIDS[hash_name]), NULL), der.octet_string(hashlib.new(hash_name, data).digest())
    )
    expected = b"\0\x01" + b"\xff" * (public.length - len(info) - 3) + b"\0" + info
    number = int.from_bytes(signature, "big")
    fits = len(signature) == public.length == len(expected) and number < public.modulus
    if not fits or not hmac.compare_digest(_apply_public(public, signature), expected):
        raise SignatureMismatch("the signature does not fit the content and the key")


def _apply_public(public: RsaPublic, block: bytes) -> bytes:
    return pow(int.from_bytes(block, "big"), public.exponent, public.modulus).to_bytes(public.length, "big")


def _apply_private(key: PrivateKey, block: bytes) -> bytes:
    # RSADP (RFC 8017 section 5.1.2) by the CRT, blinded so that times tell nothing about the block.
    key_der = der.read_octets(der.read_sequence(key.pkcs8_der)[2])
    _, modulus, exponent, _, p, q, d_p, d_q, q_inverse = map(der.parse_integer, der.read_sequence(key_der))
    public = RsaPublic(modulus, exponent)
    number = int.from_bytes(block, "big")
    if len(block) != public.length or number >= modulus:
        # Whoever sent it knows this; an empty block fails every check behind.
        return b""
    blind = secrets.randbelow(modulus - 2) + 2
    blinded = number * pow(blind, exponent, modulus) % modulus
    from_p, from_q = pow(blinded, d_p, p), pow(blinded, d_q, q)
    result = from_q + (from_p - from_q) * q_inverse % p * q
    # A computing fault, or a key whose numbers do not fit, would otherwise give a factor away.
    if pow(result, exponent, modulus) != blinded:
        raise ProviderError("transport_decrypt", "the private key's numbers do not fit together")
    return (result * pow(blind, -1, modulus) % modulus).to_bytes(public.length, "big")


def _mask(data: bytes, seed: bytes, hash_name: HashName) -> bytes:
    # XOR with MGF1 (RFC 8017 appendix B.2.1).
    count = -(-len(data) // hash_length(hash_name))
    stream = b"".join(hashlib.new(hash_name, seed + number.to_bytes(4, "big")).digest() for number in range(count))
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream[: len(data)], "big")).to_bytes(len(data), "big")
