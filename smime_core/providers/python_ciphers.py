"""Content ciphers that a browser lacks, in Python: AES-192 and ChaCha20-Poly1305 in one or the other, weak ones in all.

Leaves out CCM, which `webcrypto_ciphers` makes out of counter mode and CBC.
"""

from __future__ import annotations

import hmac
from typing import Final

from smime_core.algorithms import TAG_LENGTH, CipherFamily, CipherMode, ContentCipher
from smime_core.errors import DecryptionError
from smime_core.providers.python_aes import BLOCK, PythonAes
from smime_core.providers.python_chacha20 import decrypt_chacha20_poly1305, encrypt_chacha20_poly1305
from smime_core.providers.python_des import decrypt_des_cbc
from smime_core.providers.python_rc2 import decrypt_rc2_cbc

_WEAK_BLOCK: Final = 8  # bytes


def encrypt_in_python(cipher: ContentCipher, cek: bytes, iv: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Ciphertext with its padding or its 16-byte tag."""
    if cipher.family is CipherFamily.CHACHA20:
        return encrypt_chacha20_poly1305(cek, iv, plaintext, aad)
    if cipher.mode is CipherMode.GCM:
        return PythonAes(cek).encrypt_gcm(iv, plaintext, aad)
    padding = BLOCK - len(plaintext) % BLOCK
    return PythonAes(cek).encrypt_cbc(iv, plaintext + bytes([padding]) * padding)


def decrypt_in_python(
    cipher: ContentCipher, cek: bytes, iv: bytes, ciphertext: bytes, aad: bytes, tag_length: int
) -> bytes:
    """Plaintext after every check. Raises DecryptionError."""
    if cipher.family is CipherFamily.CHACHA20:
        if tag_length != TAG_LENGTH:
            raise DecryptionError
        return decrypt_chacha20_poly1305(cek, iv, ciphertext, aad)
    if cipher.mode is CipherMode.GCM:
        return PythonAes(cek).decrypt_gcm(iv, ciphertext, aad, tag_length=tag_length)
    return _unpad(decrypt_blocks_in_python(cipher, cek, iv, ciphertext), _block_length(cipher))


def decrypt_blocks_in_python(cipher: ContentCipher, key: bytes, iv: bytes, blocks: bytes) -> bytes:
    """CBC without padding over whole blocks, one or more. Raises DecryptionError."""
    length = _block_length(cipher)
    if len(iv) != length or not blocks or len(blocks) % length:
        raise DecryptionError
    if cipher.family is CipherFamily.AES:
        return PythonAes(key).decrypt_cbc(iv, blocks)
    if cipher.family is CipherFamily.RC2:
        return decrypt_rc2_cbc(key, iv, blocks, effective_bits=8 * cipher.key_length)
    return decrypt_des_cbc(key, iv, blocks)


def _block_length(cipher: ContentCipher) -> int:
    return BLOCK if cipher.family is CipherFamily.AES else _WEAK_BLOCK


def _unpad(padded: bytes, block: int) -> bytes:
    # RFC 5652 section 6.3: every byte of the padding is checked (MUSTS 22).
    count = padded[-1]
    if not 1 <= count <= block or not hmac.compare_digest(padded[-count:], bytes([count]) * count):
        raise DecryptionError
    return padded[:-count]
