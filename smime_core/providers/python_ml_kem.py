"""ML-KEM over the core's own arithmetic (FIPS 203).

The native provider uses this module for ML-KEM-512 and for keys without a seed. Browsers use it for every key that they
do not support. The arithmetic is not constant-time, because Python's integers are not. Encapsulation and decapsulation
take 3 ms each natively.
"""

from __future__ import annotations

import secrets

from smime_core.arithmetic import ml_kem
from smime_core.errors import DecryptionError, ProviderError
from smime_core.keys import ML_KEM_PARAMETERS, read_expanded_private, subject_public_key
from smime_core.provider import PrivateKey, PublicKey


def generate_seed() -> bytes:
    """The 64 bytes d ‖ z from which a private key of any parameter set is expanded (FIPS 203 algorithm 19)."""
    return secrets.token_bytes(64)


def encapsulate(key: PublicKey) -> tuple[bytes, bytes]:
    """(ciphertext, shared secret). Raises ProviderError for another kind of key or an invalid one."""
    parameters = ML_KEM_PARAMETERS.get(key.key_type)
    if parameters is None:
        raise ProviderError("encapsulate", "the key is not an ML-KEM key")
    public = subject_public_key(key)
    # FIPS 203 section 7.2: check the key before every encapsulation.
    if not ml_kem.is_public_key(parameters, public):
        raise ProviderError("encapsulate", "the public key is damaged")
    return ml_kem.encapsulate(parameters, public, secrets.token_bytes(32))


def decapsulate(key: PrivateKey, ciphertext: bytes) -> bytes:
    """The shared secret. A wrong ciphertext yields another secret (implicit rejection).

    Raises DecryptionError for a ciphertext of the wrong length and ProviderError for another kind of key.
    """
    parameters = ML_KEM_PARAMETERS.get(key.key_type)
    if parameters is None:
        raise ProviderError("decapsulate", "the key is not an ML-KEM key")
    if len(ciphertext) != parameters.ciphertext_length:
        raise DecryptionError
    return ml_kem.decapsulate(parameters, read_expanded_private(key), ciphertext)
