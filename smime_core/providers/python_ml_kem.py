"""ML-KEM over the core's own arithmetic (FIPS 203): the size 512 and expanded keys natively, all of it in browsers.

Not constant-time: Python's integers are not. A fresh encapsulation and its decapsulation take 3 ms each natively.
"""

from __future__ import annotations

import secrets

from smime_core.arithmetic import ml_kem
from smime_core.errors import DecryptionError, ProviderError
from smime_core.keys import ML_KEM_PARAMETERS, public_octets, read_expanded_private
from smime_core.provider import PrivateKey, PublicKey


def generate_seed() -> bytes:
    """The 64 bytes d ‖ z that a private key of any size is made from (FIPS 203 algorithm 19)."""
    return secrets.token_bytes(64)


def encapsulate(key: PublicKey) -> tuple[bytes, bytes]:
    """(ciphertext, shared secret). Raises ProviderError for another kind of key or an impossible one."""
    parameters = ML_KEM_PARAMETERS.get(key.key_type)
    if parameters is None:
        raise ProviderError("encapsulate", "the key is not an ML-KEM key")
    public = public_octets(key)
    # FIPS 203 section 7.2: the check belongs before every encapsulation.
    if not ml_kem.is_public_key(parameters, public):
        raise ProviderError("encapsulate", "the public key is damaged")
    return ml_kem.encapsulate(parameters, public, secrets.token_bytes(32))


def decapsulate(key: PrivateKey, ciphertext: bytes) -> bytes:
    """The shared secret; another one for a wrong ciphertext (implicit rejection).

    Raises DecryptionError for a ciphertext of the wrong length and ProviderError for another kind of key.
    """
    parameters = ML_KEM_PARAMETERS.get(key.key_type)
    if parameters is None:
        raise ProviderError("decapsulate", "the key is not an ML-KEM key")
    if len(ciphertext) != parameters.ciphertext_length:
        raise DecryptionError
    return ml_kem.decapsulate(parameters, read_expanded_private(key), ciphertext)
