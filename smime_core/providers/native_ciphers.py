"""Content ciphers by pyca/cryptography: AES in three modes, ChaCha20-Poly1305, and ciphers of old mail.

The ciphers of old mail are only decrypted. The library has 3DES; DES is 3DES with one key three times. The library has
RC2 only with 128 effective bits, so `native_rc2` decrypts RC2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, aead, algorithms, modes

from smime_core.algorithms import MIN_TAG_LENGTH, TAG_LENGTH, CipherFamily, CipherMode, ContentCipher
from smime_core.asn1.der import Buffer
from smime_core.errors import UnsupportedByProvider

_AES_BLOCK: Final = 16  # bytes
_DES_BLOCK: Final = 8  # bytes
_AEADS: Final[dict[CipherMode, Callable[[bytes], aead.AESGCM | aead.AESCCM | aead.ChaCha20Poly1305]]] = {
    CipherMode.GCM: aead.AESGCM,
    CipherMode.CCM: aead.AESCCM,
    CipherMode.CHACHA20_POLY1305: aead.ChaCha20Poly1305,
}


def encrypt(cipher: ContentCipher, cek: bytes, iv: bytes, plaintext: Buffer, aad: bytes) -> bytes:
    """The ciphertext with its padding or its 16-byte tag. Raises UnsupportedByProvider for a weak cipher."""
    _check_cek(cipher, cek)
    if cipher.is_weak:
        raise UnsupportedByProvider("encrypt_content", f"{cipher.name} is never made")
    if cipher.mode in _AEADS:
        return _AEADS[cipher.mode](cek).encrypt(iv, plaintext, aad)
    # Only the last block is padded here, so that the bulk is not copied.
    view = memoryview(plaintext)
    whole = len(view) - len(view) % _AES_BLOCK
    padder = padding.PKCS7(8 * _AES_BLOCK).padder()
    last = padder.update(bytes(view[whole:])) + padder.finalize()
    encryptor = Cipher(algorithms.AES(cek), modes.CBC(iv)).encryptor()
    return b"".join((encryptor.update(view[:whole]), encryptor.update(last), encryptor.finalize()))


def decrypt(cipher: ContentCipher, cek: bytes, iv: bytes, ciphertext: Buffer, aad: bytes, tag_length: int) -> bytes:
    """The plaintext, after its padding or tag was checked. `native_doors.decryption` translates the exceptions."""
    _check_cek(cipher, cek)
    if cipher.mode is CipherMode.CBC:
        return _decrypt_cbc(cipher, cek, iv, ciphertext)
    # MUSTS 19: the shortest tag is checked here as well as by the parser.
    if not MIN_TAG_LENGTH <= tag_length <= TAG_LENGTH or len(ciphertext) < tag_length:
        raise ValueError("an impossible tag")
    if cipher.mode is CipherMode.CCM:
        return aead.AESCCM(cek, tag_length=tag_length).decrypt(iv, ciphertext, aad)
    if cipher.mode is CipherMode.CHACHA20_POLY1305:
        if tag_length != TAG_LENGTH:
            raise ValueError("Poly1305 has tags of 16 bytes")
        return aead.ChaCha20Poly1305(cek).decrypt(iv, ciphertext, aad)
    if tag_length == TAG_LENGTH:
        return aead.AESGCM(cek).decrypt(iv, ciphertext, aad)
    view = memoryview(ciphertext)
    mode = modes.GCM(iv, bytes(view[-tag_length:]), min_tag_length=MIN_TAG_LENGTH)
    decryptor = Cipher(algorithms.AES(cek), mode).decryptor()
    decryptor.authenticate_additional_data(aad)
    plaintext = decryptor.update(view[:-tag_length])
    return plaintext + decryptor.finalize()


def decrypt_blocks(cipher: ContentCipher, key: bytes, iv: bytes, blocks: bytes) -> bytes:
    """CBC over whole blocks, without padding. An RC2 key may be longer than its effective bits (RFC 3217, 4.3)."""
    if cipher.mode is not CipherMode.CBC:
        raise ValueError("only CBC decrypts single blocks")
    if cipher.family is CipherFamily.RC2:
        return _rc2()(key, iv, blocks, effective_bits=8 * cipher.key_length)
    _check_cek(cipher, key)
    decryptor = _cbc(cipher, key, iv)
    return decryptor.update(blocks) + decryptor.finalize()


def _decrypt_cbc(cipher: ContentCipher, cek: bytes, iv: bytes, ciphertext: Buffer) -> bytes:
    block = _AES_BLOCK if cipher.family is CipherFamily.AES else _DES_BLOCK
    unpadder = padding.PKCS7(8 * block).unpadder()
    if cipher.family is CipherFamily.RC2:
        padded = _rc2()(cek, iv, ciphertext, effective_bits=8 * cipher.key_length)
        return unpadder.update(padded) + unpadder.finalize()
    view = memoryview(ciphertext)
    decryptor = _cbc(cipher, cek, iv)
    bulk = decryptor.update(view[:-block])
    last = decryptor.update(view[-block:]) + decryptor.finalize()
    return b"".join((bulk, unpadder.update(last), unpadder.finalize()))


def _cbc(cipher: ContentCipher, key: bytes, iv: bytes) -> CipherContext:
    if cipher.family is CipherFamily.AES:
        return Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    # DES is 3DES with one key three times, because the middle step undoes the first.
    return Cipher(TripleDES(key if cipher.family is CipherFamily.TRIPLE_DES else 3 * key), modes.CBC(iv)).decryptor()


def _check_cek(cipher: ContentCipher, cek: bytes) -> None:
    # MUSTS 25: AES has three key lengths, and the algorithm identifier names one of them.
    if len(cek) != cipher.key_length:
        raise ValueError(f"{cipher.name} takes {cipher.key_length} bytes")


def _rc2() -> Callable[..., bytes]:
    # Imported here, like all pure-Python algorithms, because few messages need it.
    from smime_core.providers.native_rc2 import decrypt_rc2_cbc

    return decrypt_rc2_cbc
