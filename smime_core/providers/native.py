"""The native provider: pyca/cryptography over OpenSSL.

Python code covers algorithms that the library lacks: RC2, OAEP over SHA-3, ML-KEM-512, and ML-KEM and ML-DSA with keys
whose seed is lost. The coroutines never suspend, so `smime_core.blocking` runs each in a single step. `native_doors`
maps the library's exceptions.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final
from weakref import WeakKeyDictionary

from cryptography import exceptions
from cryptography.hazmat.primitives.asymmetric import ec, padding as rsa_padding, rsa, x448, x25519
from cryptography.hazmat.primitives.kdf import argon2, hkdf, pbkdf2, scrypt
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

from smime_core.algorithms import (
    TAG_LENGTH,
    VERIFIED_CURVES,
    Argon2id,
    ContentCipher,
    HashName,
    Hkdf,
    Kdf,
    KeyTransport,
    Pbkdf2,
    RepeatedHash,
    Scrypt,
    SignatureAlgorithm,
    TransportScheme,
    digest_data,
)
from smime_core.asn1.der import Buffer
from smime_core.errors import (
    DecryptionError,
    ProviderError,
    SignatureMismatch,
    UnsupportedAlgorithm,
    UnsupportedByProvider,
)
from smime_core.keys import ML_DSA_PARAMETERS, read_expanded_private, read_lattice_private
from smime_core.provider import KeyType, NewKey, PrivateKey, PublicKey
from smime_core.providers import native_agreement, native_ciphers, native_signatures
from smime_core.providers.native_doors import REFUSALS, decryption, operation
from smime_core.providers.native_keys import (
    ForeignPrivateKey,
    ForeignPublicKey,
    MlKemPrivateKey,
    MlKemPublicKey,
    generate,
    load_private,
    load_public,
)
from smime_core.providers.native_signatures import HASHES
from smime_core.providers.python_kdf import repeat_hash
from smime_core.providers.signature_keys import check_key, fits

_OAEP_HASHES: Final = frozenset({HashName.SHA1, HashName.SHA224, HashName.SHA256, HashName.SHA384, HashName.SHA512})


# Pure-Python algorithms are imported inside the methods, because few messages need them, and every start would pay for
# them.
class NativeProvider:
    """`smime_core.provider.CryptoProvider` for servers, the command and tests.

    Imported keys are cached for as long as their PublicKey or PrivateKey lives.
    """

    def __init__(self) -> None:
        self._public_keys: WeakKeyDictionary[PublicKey, ForeignPublicKey] = WeakKeyDictionary()
        self._private_keys: WeakKeyDictionary[PrivateKey, ForeignPrivateKey] = WeakKeyDictionary()

    @property
    def name(self) -> str:
        """`native`."""
        return "native"

    def random_bytes(self, length: int) -> bytes:
        """Fresh bytes from the system's generator."""
        return os.urandom(length)

    async def digest(self, hash_name: HashName, data: Buffer) -> bytes:
        """One digest. Raises UnsupportedByProvider."""
        try:
            return digest_data(hash_name, data)
        except UnsupportedAlgorithm as error:
            raise UnsupportedByProvider("digest", "the library lacks this hash") from error

    async def sign(self, key: PrivateKey, algorithm: SignatureAlgorithm, data: Buffer) -> bytes:
        """A signature over `data`, which is hashed unless the scheme signs the data itself. Raises ProviderError."""
        if not fits(key.key_type, algorithm):
            raise ProviderError("sign", f"a key of type {key.key_type} makes no {algorithm.label} signature")
        if key.key_type in ML_DSA_PARAMETERS and read_lattice_private(key).seed is None:
            from smime_core.providers.python_ml_dsa import sign_ml_dsa

            return sign_ml_dsa(ML_DSA_PARAMETERS[key.key_type], read_expanded_private(key), bytes(data))
        with operation("sign"):
            return native_signatures.sign(self._import_private(key), algorithm, data)

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, data: Buffer) -> None:
        """Return if the signature verifies. Raises SignatureMismatch, also for an unsuitable or an invalid key."""
        check_key(key, algorithm)
        if key.curve in VERIFIED_CURVES:
            # Not every build of the library has these curves.
            from smime_core.providers.python_ec import verify_ecdsa

            verify_ecdsa(key, algorithm.hash_name, signature, data)
            return
        try:
            native_signatures.verify(self._import_public(key), algorithm, signature, data)
        except exceptions.UnsupportedAlgorithm as error:
            raise UnsupportedByProvider("verify", algorithm.label) from error
        except (exceptions.InvalidSignature, *REFUSALS) as error:
            raise SignatureMismatch("the signature does not fit the content and the key") from error

    async def encrypt_content(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, plaintext: Buffer, aad: bytes = b""
    ) -> bytes:
        """The ciphertext. CBC is padded (RFC 5652 section 6.3); other modes add a 16-byte tag. Raises ProviderError."""
        with operation("encrypt_content"):
            return native_ciphers.encrypt(cipher, cek, iv, plaintext, aad)

    async def decrypt_content(
        self,
        cipher: ContentCipher,
        cek: bytes,
        iv: bytes,
        ciphertext: Buffer,
        aad: bytes = b"",
        *,
        tag_length: int = TAG_LENGTH,
    ) -> bytes:
        """The plaintext, after every padding byte or the tag was checked. Raises DecryptionError."""
        with decryption():
            return native_ciphers.decrypt(cipher, cek, iv, ciphertext, aad, tag_length)

    async def decrypt_blocks(self, cipher: ContentCipher, key: bytes, iv: bytes, blocks: bytes) -> bytes:
        """CBC without padding over whole blocks, for key wraps. Raises DecryptionError."""
        with decryption():
            return native_ciphers.decrypt_blocks(cipher, key, iv, blocks)

    async def transport_encrypt(self, key: PublicKey, algorithm: KeyTransport, cek: bytes) -> bytes:
        """The content-encryption key (CEK), encrypted with an RSA key. Raises ProviderError."""
        with operation("transport_encrypt"):
            foreign = self._import_public(key)
            if not isinstance(foreign, rsa.RSAPublicKey):
                raise ProviderError("transport_encrypt", "the key is not an RSA key")
            if not _library_has(algorithm):
                from smime_core.providers import python_rsa

                return python_rsa.encrypt_oaep(key, algorithm, cek)
            return foreign.encrypt(cek, _transport_padding(algorithm))

    async def transport_decrypt(
        self, key: PrivateKey, algorithm: KeyTransport, encrypted_key: bytes, cek_length: int
    ) -> bytes:
        """The CEK of `cek_length` bytes. RSA v1.5 never fails (RFC 3218). OAEP raises DecryptionError."""
        with operation("transport_decrypt"):
            foreign = self._import_private(key)
        if not isinstance(foreign, rsa.RSAPrivateKey):
            raise ProviderError("transport_decrypt", "the key is not an RSA key")
        if algorithm.scheme is TransportScheme.RSA_PKCS1_V15:
            return _decrypt_pkcs1_v15(foreign, encrypted_key, cek_length)
        if _library_has(algorithm):
            with decryption():
                cek = foreign.decrypt(encrypted_key, _transport_padding(algorithm))
        else:
            from smime_core.providers import python_rsa

            cek = python_rsa.decrypt_oaep(key, algorithm, encrypted_key)
        if len(cek) != cek_length:
            raise DecryptionError
        return cek

    async def transport_decrypt_any(
        self, attempts: Sequence[tuple[PrivateKey, bytes]], cek_length: int
    ) -> tuple[int, bytes]:
        """(position, CEK) of an attempt that succeeds with RSA v1.5. If none does, both are random."""
        # OpenSSL does not say whether a padding was right. For a wrong padding it returns random bytes, which have the
        # wanted length once in 250 times. So Python reads the block.
        from smime_core.providers import python_rsa

        return python_rsa.decrypt_any_pkcs1_v15(attempts, cek_length)

    async def agree_ephemeral(self, key: PublicKey) -> tuple[bytes, bytes]:
        """(ephemeral public key, shared secret), on the recipient's curve. Raises ProviderError."""
        with operation("agree_ephemeral"):
            return native_agreement.agree_ephemeral(self._import_public(key))

    async def agree(self, key: PrivateKey, point: bytes) -> bytes:
        """The shared secret with the originator's public key, after full validation. Raises DecryptionError."""
        with operation("agree"):
            foreign = self._import_private(key)
        if not isinstance(foreign, ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey | x448.X448PrivateKey):
            raise ProviderError("agree", f"a key of type {key.key_type} agrees on nothing")
        with decryption():
            return native_agreement.agree(foreign, point)

    async def encapsulate(self, key: PublicKey) -> tuple[bytes, bytes]:
        """(ciphertext, shared secret) of ML-KEM. Raises ProviderError."""
        if key.key_type is KeyType.ML_KEM_512:
            from smime_core.providers import python_ml_kem

            return python_ml_kem.encapsulate(key)
        with operation("encapsulate"):
            foreign = self._import_public(key)
            if not isinstance(foreign, MlKemPublicKey):
                raise ProviderError("encapsulate", "the key is not an ML-KEM key")
            secret, ciphertext = foreign.encapsulate()
            return ciphertext, secret

    async def decapsulate(self, key: PrivateKey, ciphertext: bytes) -> bytes:
        """The shared secret; a wrong ciphertext yields another secret. Raises DecryptionError."""
        if not key.key_type.is_kem:
            raise ProviderError("decapsulate", "the key is not an ML-KEM key")
        if key.key_type is KeyType.ML_KEM_512 or read_lattice_private(key).seed is None:
            from smime_core.providers import python_ml_kem

            return python_ml_kem.decapsulate(key, ciphertext)
        with decryption():
            foreign = self._import_private(key)
            if not isinstance(foreign, MlKemPrivateKey):
                raise DecryptionError
            return foreign.decapsulate(ciphertext)

    async def wrap_key(self, kek: bytes, cek: bytes) -> bytes:
        """The CEK, wrapped with `kek` by AES key wrap (RFC 3394). Raises ProviderError."""
        with operation("wrap_key"):
            return aes_key_wrap(kek, cek)

    async def unwrap_key(self, kek: bytes, wrapped: bytes) -> bytes:
        """The unwrapped CEK. Raises DecryptionError."""
        with decryption():
            return aes_key_unwrap(kek, wrapped)

    async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
        """`length` bytes by PBKDF2 (RFC 8018), HKDF (RFC 5869), Argon2id (RFC 9106) or scrypt (RFC 7914).

        RepeatedHash gives one digest, whatever `length` is. Raises ProviderError.
        """
        if isinstance(kdf, RepeatedHash):
            return repeat_hash(kdf, secret)
        with operation("derive_key"):
            return _build_kdf(kdf, length).derive(secret)

    async def generate_key(self, kind: NewKey) -> PrivateKey:
        """A fresh key pair. An EC key includes its public half. Raises ProviderError."""
        with operation("generate_key"):
            key, foreign = generate(kind)
        if foreign is not None:
            self._private_keys[key] = foreign
        return key

    def _import_public(self, key: PublicKey) -> ForeignPublicKey:
        foreign = self._public_keys.get(key)
        if foreign is None:
            foreign = self._public_keys[key] = load_public(key)
        return foreign

    def _import_private(self, key: PrivateKey) -> ForeignPrivateKey:
        foreign = self._private_keys.get(key)
        if foreign is None:
            foreign = self._private_keys[key] = load_private(key)
        return foreign


def _library_has(algorithm: KeyTransport) -> bool:
    return (
        algorithm.scheme is TransportScheme.RSA_PKCS1_V15 or {algorithm.hash_name, algorithm.mgf_hash} <= _OAEP_HASHES
    )


def _transport_padding(algorithm: KeyTransport) -> rsa_padding.PKCS1v15 | rsa_padding.OAEP:
    if algorithm.scheme is TransportScheme.RSA_PKCS1_V15:
        return rsa_padding.PKCS1v15()
    return rsa_padding.OAEP(
        mgf=rsa_padding.MGF1(HASHES[algorithm.mgf_hash]),
        algorithm=HASHES[algorithm.hash_name],
        label=algorithm.p_source or None,
    )


def _decrypt_pkcs1_v15(key: rsa.RSAPrivateKey, encrypted_key: bytes, cek_length: int) -> bytes:
    # RFC 3218 section 2.3.2: the random CEK is made first, and after a bad padding or a wrong length, this function
    # continues with the random CEK. Since version 3.2, OpenSSL returns random bytes of a random length for a bad
    # padding (implicit rejection). The only error left in OpenSSL is a block of the wrong size, which is no secret to
    # the sender.
    substitute = os.urandom(cek_length)
    try:
        cek = key.decrypt(encrypted_key, rsa_padding.PKCS1v15())
    except REFUSALS:
        return substitute
    return (substitute, cek)[len(cek) == cek_length]


def _build_kdf(
    kdf: Pbkdf2 | Hkdf | Argon2id | Scrypt, length: int
) -> pbkdf2.PBKDF2HMAC | hkdf.HKDF | argon2.Argon2id | scrypt.Scrypt:
    match kdf:
        case Pbkdf2(hash_name=hash_name, salt=salt, iterations=iterations):
            return pbkdf2.PBKDF2HMAC(HASHES[hash_name], length, salt, iterations)
        case Hkdf(hash_name=hash_name, salt=salt, info=info):
            return hkdf.HKDF(HASHES[hash_name], length, salt, info)
        case Argon2id(salt=salt, memory_kib=memory_kib, passes=passes, lanes=lanes):
            return argon2.Argon2id(salt=salt, length=length, iterations=passes, lanes=lanes, memory_cost=memory_kib)
        case Scrypt(salt=salt, cost=cost, block_size=block_size, parallelisation=parallelisation):
            return scrypt.Scrypt(salt=salt, length=length, n=cost, r=block_size, p=parallelisation)
