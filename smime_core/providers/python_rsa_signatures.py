"""RSA signatures that WebCrypto lacks (RFC 8017 section 8): with hashes or keys that a browser refuses.

A v1.5 signature is verified by building the expected block and comparing it. A PSS signature is verified with the steps
of EMSA-PSS. Signing is blinded, and its result is checked.
"""

from __future__ import annotations

import hmac
import secrets

from smime_core.algorithms import HASH_OIDS, NULL, HashName, SignatureAlgorithm, SignatureScheme, hash_length
from smime_core.asn1 import der
from smime_core.errors import ProviderError, SignatureMismatch
from smime_core.provider import PrivateKey, PublicKey
from smime_core.providers.python_hashes import python_digest
from smime_core.providers.python_rsa import (
    RsaPublic,
    apply_private,
    apply_public,
    mask_block,
    parse_rsa_public,
    public_numbers_of,
)


def sign_rsa(key: PrivateKey, algorithm: SignatureAlgorithm, data: der.Buffer) -> bytes:
    """A signature by RSASSA-PKCS1-v1_5 or RSASSA-PSS. Raises ProviderError if the key is too short."""
    public, digest = public_numbers_of(key), python_digest(algorithm.hash_name, data)
    if algorithm.scheme is SignatureScheme.RSA_PKCS1_V15:
        block = _v15_block(public, algorithm.hash_name, digest)
    else:
        block = _pss_block(public, algorithm, digest, secrets.token_bytes(algorithm.salt_length))
    if not block:
        raise ProviderError("sign", "the key is too short for the hash")
    return apply_private(key, block.rjust(public.length, b"\0"), operation="sign")


def verify_rsa_digest(key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, digest: bytes) -> None:
    """Return if the signature verifies for data with this digest. Raises SignatureMismatch."""
    public = parse_rsa_public(key)
    # RFC 8017 section 5.2.2: the same number with another length, or above the modulus, is no signature.
    if len(signature) != public.length or int.from_bytes(signature, "big") >= public.modulus:
        raise SignatureMismatch(f"the signature is no number of {public.length} bytes below the modulus")
    block = apply_public(public, signature)
    if algorithm.scheme is SignatureScheme.RSA_PKCS1_V15:
        # RFC 8017 section 8.2.2: the expected block is built and compared; nothing is parsed (MUSTS 11).
        holds = hmac.compare_digest(block, _v15_block(public, algorithm.hash_name, digest))
    else:
        holds = _is_pss_block(public, algorithm, digest, block)
    if not holds:
        raise SignatureMismatch("the signature does not fit the content and the key")


def _v15_block(public: RsaPublic, hash_name: HashName, digest: bytes) -> bytes:
    # RFC 8017 section 9.2. Returns empty bytes if the key is too short.
    info = der.sequence(der.sequence(der.oid(HASH_OIDS[hash_name]), NULL), der.octet_string(digest))
    filling = public.length - len(info) - 3
    return b"\0\x01" + b"\xff" * filling + b"\0" + info if filling >= 8 else b""


def _pss_block(public: RsaPublic, algorithm: SignatureAlgorithm, digest: bytes, salt: bytes) -> bytes:
    # RFC 8017 section 9.1.1: the block is one bit shorter than the modulus. Returns empty bytes if the key is too
    # short.
    length = (public.modulus.bit_length() + 6) // 8
    filling = length - len(digest) - len(salt) - 2
    if filling < 0:
        return b""
    hashed = python_digest(algorithm.hash_name, bytes(8) + digest + salt)
    masked = mask_block(bytes(filling) + b"\x01" + salt, hashed, algorithm.mask_hash)
    return _clear_top(public, masked) + hashed + b"\xbc"


def _is_pss_block(public: RsaPublic, algorithm: SignatureAlgorithm, digest: bytes, block: bytes) -> bool:
    # RFC 8017 section 9.1.2, with its step numbers.
    length, size = (public.modulus.bit_length() + 6) // 8, hash_length(algorithm.hash_name)
    filling = length - size - algorithm.salt_length - 2
    # (3) and (4). A modulus of 8 n + 1 bits leaves a zero byte at the start.
    if filling < 0 or any(block[:-length]) or block[-1:] != b"\xbc":
        return False
    block = block[-length:]
    masked, hashed = block[: length - size - 1], block[length - size - 1 : -1]
    # (6)
    if _clear_top(public, masked) != masked:
        return False
    # (7) to (9)
    opened = _clear_top(public, mask_block(masked, hashed, algorithm.mask_hash))
    # (10)
    if opened[: filling + 1] != bytes(filling) + b"\x01":
        return False
    # (11) to (14)
    salt = opened[filling + 1 :]
    return hmac.compare_digest(python_digest(algorithm.hash_name, bytes(8) + digest + salt), hashed)


def _clear_top(public: RsaPublic, masked: bytes) -> bytes:
    # Clear the leftmost bits, because the block must be one bit shorter than the modulus.
    return bytes([masked[0] & 0xFF >> -(public.modulus.bit_length() - 1) % 8]) + masked[1:]
