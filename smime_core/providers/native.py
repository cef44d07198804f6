"""The native provider: pyca/cryptography over OpenSSL.

Its coroutines never suspend: `smime_core.blocking` steps them once. Foreign exceptions are mapped in two places,
`_operation` and `_decryption`; the second tells nobody which check failed. Leaves out: the weak ciphers of old mail.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from typing import Final
from weakref import WeakKeyDictionary

from cryptography import exceptions
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes
from cryptography.hazmat.primitives.kdf import argon2, hkdf, pbkdf2
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from smime_core.algorithms import (
    Argon2id,
    CipherMode,
    ContentCipher,
    Curve,
    HashName,
    Hkdf,
    Kdf,
    KeyTransport,
    Pbkdf2,
    SignatureAlgorithm,
    SignatureScheme,
    TransportScheme,
)
from smime_core.der import Buffer
from smime_core.errors import DecryptionError, ProviderError, SignatureMismatch, UnsupportedByProvider
from smime_core.keys import parse_private_key
from smime_core.provider import NewKey, PrivateKey, PublicKey

_ForeignPublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
_ForeignPrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_AES_BLOCK: Final = 16  # bytes
_HASHES: Final[dict[HashName, hashes.HashAlgorithm]] = {
    HashName.MD5: hashes.MD5(),  # noqa: S303 -- read by policy ARCHIVE alone; policies decide, not providers
    HashName.SHA1: hashes.SHA1(),  # noqa: S303 -- likewise
    HashName.SHA224: hashes.SHA224(),
    HashName.SHA256: hashes.SHA256(),
    HashName.SHA384: hashes.SHA384(),
    HashName.SHA512: hashes.SHA512(),
}
_CURVES: Final[dict[Curve, ec.EllipticCurve]] = {
    Curve.P256: ec.SECP256R1(),
    Curve.P384: ec.SECP384R1(),
    Curve.P521: ec.SECP521R1(),
}
_NEW_RSA_BITS: Final = {NewKey.RSA_2048: 2048, NewKey.RSA_3072: 3072}
_NEW_CURVES: Final = {NewKey.P256: Curve.P256, NewKey.P384: Curve.P384}
_REFUSALS: Final = (ValueError, TypeError, OverflowError, MemoryError)


class NativeProvider:
    """`smime_core.provider.CryptoProvider` for servers, the command and tests.

    Imported keys are kept for as long as their PublicKey or PrivateKey lives.
    """

    def __init__(self) -> None:
        self._public_keys: WeakKeyDictionary[PublicKey, _ForeignPublicKey] = WeakKeyDictionary()
        self._private_keys: WeakKeyDictionary[PrivateKey, _ForeignPrivateKey] = WeakKeyDictionary()

    @property
    def name(self) -> str:
        """`native`."""
        return "native"

    def random_bytes(self, length: int) -> bytes:
        """Fresh bytes from the system's generator."""
        return os.urandom(length)

    async def digest(self, hash_name: HashName, data: Buffer) -> bytes:
        """One digest. Raises UnsupportedByProvider."""
        with _operation("digest"):
            return hashlib.new(hash_name, data).digest()

    async def sign(self, key: PrivateKey, algorithm: SignatureAlgorithm, data: Buffer) -> bytes:
        """A signature over `data`, hashed inside. Raises ProviderError."""
        with _operation("sign"):
            foreign = self._import_private(key)
            hashed, message_digest = _hash(algorithm.hash_name, data)
            if algorithm.scheme is SignatureScheme.ECDSA:
                return _expect_ec(foreign).sign(message_digest, ec.ECDSA(hashed))
            return _expect_rsa(foreign).sign(message_digest, _signature_padding(algorithm), hashed)

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, data: Buffer) -> None:
        """Return when the signature holds. Raises SignatureMismatch, also for a wrong or an impossible key."""
        try:
            foreign = self._import_public(key)
            hashed, message_digest = _hash(algorithm.hash_name, data)
            if isinstance(foreign, ec.EllipticCurvePublicKey):
                if algorithm.scheme is not SignatureScheme.ECDSA:
                    raise SignatureMismatch(f"an EC key verifies no {algorithm.label} signature")
                foreign.verify(signature, message_digest, ec.ECDSA(hashed))
            else:
                if algorithm.scheme is SignatureScheme.ECDSA:
                    raise SignatureMismatch("an RSA key verifies no ECDSA signature")
                foreign.verify(signature, message_digest, _signature_padding(algorithm), hashed)
        except exceptions.UnsupportedAlgorithm as error:
            raise UnsupportedByProvider("verify", algorithm.label) from error
        except (exceptions.InvalidSignature, *_REFUSALS) as error:
            raise SignatureMismatch("the signature does not fit the content and the key") from error

    async def encrypt_content(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, plaintext: Buffer, *, aad: bytes = b""
    ) -> bytes:
        """Ciphertext: CBC padded (RFC 5652 section 6.3), GCM with its 16-byte tag at the end. Raises ProviderError."""
        with _operation("encrypt_content"):
            _check_cek(cipher, cek)
            if cipher.mode is CipherMode.GCM:
                return aead.AESGCM(cek).encrypt(iv, plaintext, aad)
            # Only the last block is padded here: the bulk is never copied for it.
            view = memoryview(plaintext)
            whole = len(view) - len(view) % _AES_BLOCK
            padder = padding.PKCS7(8 * _AES_BLOCK).padder()
            last = padder.update(bytes(view[whole:])) + padder.finalize()
            encryptor = Cipher(algorithms.AES(cek), modes.CBC(iv)).encryptor()
            return b"".join((encryptor.update(view[:whole]), encryptor.update(last), encryptor.finalize()))

    async def decrypt_content(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, ciphertext: Buffer, *, aad: bytes = b""
    ) -> bytes:
        """Plaintext, after every padding byte or the tag was checked. Raises DecryptionError."""
        with _decryption():
            _check_cek(cipher, cek)
            if cipher.mode is CipherMode.GCM:
                return aead.AESGCM(cek).decrypt(iv, ciphertext, aad)
            view = memoryview(ciphertext)
            decryptor = Cipher(algorithms.AES(cek), modes.CBC(iv)).decryptor()
            bulk = decryptor.update(view[:-_AES_BLOCK])
            last = decryptor.update(view[-_AES_BLOCK:]) + decryptor.finalize()
            unpadder = padding.PKCS7(8 * _AES_BLOCK).unpadder()
            return b"".join((bulk, unpadder.update(last), unpadder.finalize()))

    async def transport_encrypt(self, key: PublicKey, algorithm: KeyTransport, cek: bytes) -> bytes:
        """The CEK under an RSA key. Raises ProviderError."""
        with _operation("transport_encrypt"):
            foreign = self._import_public(key)
            if not isinstance(foreign, rsa.RSAPublicKey):
                raise ProviderError("transport_encrypt", "the key is not an RSA key")
            return foreign.encrypt(cek, _transport_padding(algorithm))

    async def transport_decrypt(
        self, key: PrivateKey, algorithm: KeyTransport, encrypted_key: bytes, *, cek_length: int
    ) -> bytes:
        """The CEK of `cek_length` bytes. RSA v1.5 never fails: RFC 3218. OAEP raises DecryptionError."""
        with _operation("transport_decrypt"):
            foreign = _expect_rsa(self._import_private(key))
        if algorithm.scheme is TransportScheme.RSA_PKCS1_V15:
            return _decrypt_pkcs1_v15(foreign, encrypted_key, cek_length)
        with _decryption():
            cek = foreign.decrypt(encrypted_key, _transport_padding(algorithm))
        if len(cek) != cek_length:
            raise DecryptionError
        return cek

    async def agree_ephemeral(self, key: PublicKey) -> tuple[bytes, bytes]:
        """(ephemeral point uncompressed, shared secret), on the recipient's curve. Raises ProviderError."""
        with _operation("agree_ephemeral"):
            foreign = self._import_public(key)
            if not isinstance(foreign, ec.EllipticCurvePublicKey):
                raise ProviderError("agree_ephemeral", "the key is not an EC key")
            ephemeral = ec.generate_private_key(foreign.curve)
            point = ephemeral.public_key().public_bytes(
                serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
            )
            return point, ephemeral.exchange(ec.ECDH(), foreign)

    async def agree(self, key: PrivateKey, point: bytes) -> bytes:
        """The shared secret with the originator's uncompressed point, fully validated. Raises DecryptionError."""
        with _operation("agree"):
            foreign = _expect_ec(self._import_private(key))
        with _decryption():
            if point[:1] != b"\x04":
                raise DecryptionError
            return foreign.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(foreign.curve, point))

    async def wrap_key(self, kek: bytes, cek: bytes) -> bytes:
        """AES key wrap (RFC 3394). Raises ProviderError."""
        with _operation("wrap_key"):
            return aes_key_wrap(kek, cek)

    async def unwrap_key(self, kek: bytes, wrapped: bytes) -> bytes:
        """The CEK. Raises DecryptionError."""
        with _decryption():
            return aes_key_unwrap(kek, wrapped)

    async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
        """`length` bytes by PBKDF2 (RFC 8018), HKDF (RFC 5869) or Argon2id (RFC 9106). Raises ProviderError."""
        with _operation("derive_key"):
            return _build_kdf(kdf, length).derive(secret)

    async def generate_key(self, kind: NewKey) -> PrivateKey:
        """A fresh key pair; an EC key carries its public half. Raises ProviderError."""
        foreign: _ForeignPrivateKey
        with _operation("generate_key"):
            if kind in _NEW_RSA_BITS:
                foreign = rsa.generate_private_key(public_exponent=65537, key_size=_NEW_RSA_BITS[kind])
            else:
                foreign = ec.generate_private_key(_CURVES[_NEW_CURVES[kind]])
            pkcs8_der = foreign.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        key = parse_private_key(pkcs8_der)
        self._private_keys[key] = foreign
        return key

    def _import_public(self, key: PublicKey) -> _ForeignPublicKey:
        foreign = self._public_keys.get(key)
        if foreign is None:
            loaded = serialization.load_der_public_key(key.spki_der)
            if not isinstance(loaded, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
                raise UnsupportedByProvider("import_key", "the public key is neither RSA nor EC")
            foreign = self._public_keys[key] = loaded
        return foreign

    def _import_private(self, key: PrivateKey) -> _ForeignPrivateKey:
        foreign = self._private_keys.get(key)
        if foreign is None:
            # `keys` has checked that the numbers belong together; proving p and q prime costs 30 ms a key.
            loaded = serialization.load_der_private_key(
                key.pkcs8_der, password=None, unsafe_skip_rsa_key_validation=True
            )
            if not isinstance(loaded, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
                raise UnsupportedByProvider("import_key", "the private key is neither RSA nor EC")
            foreign = self._private_keys[key] = loaded
        return foreign


@contextlib.contextmanager
def _operation(name: str) -> Iterator[None]:
    # The door for everything that is not a decryption. The library's texts name sizes and types, never values.
    try:
        yield
    except exceptions.UnsupportedAlgorithm as error:
        raise UnsupportedByProvider(name, "the library lacks this algorithm") from error
    except _REFUSALS as error:
        raise ProviderError(name) from error


@contextlib.contextmanager
def _decryption() -> Iterator[None]:
    # The door for decryption: one error, without a cause, so that nothing tells which check failed.
    try:
        yield
    except (exceptions.InvalidTag, InvalidUnwrap, *_REFUSALS):
        raise DecryptionError from None


def _hash(hash_name: HashName, data: Buffer) -> tuple[utils.Prehashed, bytes]:
    # Hashed here because RSA signing takes `bytes` alone, and a view on a large message must not be copied.
    return utils.Prehashed(_HASHES[hash_name]), hashlib.new(hash_name, data).digest()


def _expect_rsa(key: _ForeignPrivateKey) -> rsa.RSAPrivateKey:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("an RSA key was expected")
    return key


def _expect_ec(key: _ForeignPrivateKey) -> ec.EllipticCurvePrivateKey:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("an EC key was expected")
    return key


def _check_cek(cipher: ContentCipher, cek: bytes) -> None:
    # MUSTS 25: AES takes three lengths, the algorithm identifier names one of them.
    if len(cek) != cipher.key_length:
        raise ValueError(f"{cipher.name} takes {cipher.key_length} bytes")


def _signature_padding(algorithm: SignatureAlgorithm) -> rsa_padding.PKCS1v15 | rsa_padding.PSS:
    if algorithm.scheme is SignatureScheme.RSA_PKCS1_V15:
        return rsa_padding.PKCS1v15()
    return rsa_padding.PSS(mgf=rsa_padding.MGF1(_HASHES[algorithm.hash_name]), salt_length=algorithm.salt_length)


def _transport_padding(algorithm: KeyTransport) -> rsa_padding.PKCS1v15 | rsa_padding.OAEP:
    if algorithm.scheme is TransportScheme.RSA_PKCS1_V15:
        return rsa_padding.PKCS1v15()
    return rsa_padding.OAEP(
        mgf=rsa_padding.MGF1(_HASHES[algorithm.mgf_hash]), algorithm=_HASHES[algorithm.hash_name], label=None
    )


def _decrypt_pkcs1_v15(key: rsa.RSAPrivateKey, encrypted_key: bytes, cek_length: int) -> bytes:
    # RFC 3218 section 2.3.2: the random CEK is chosen before anything is known, and bad padding and a wrong length go
    # on with it alike. OpenSSL's implicit rejection (3.2) gives garbage of some length instead of bad padding.
    substitute = os.urandom(cek_length)
    try:
        cek = key.decrypt(encrypted_key, rsa_padding.PKCS1v15())
    except _REFUSALS:
        return substitute
    return cek if len(cek) == cek_length else substitute


def _build_kdf(kdf: Kdf, length: int) -> pbkdf2.PBKDF2HMAC | hkdf.HKDF | argon2.Argon2id:
    match kdf:
        case Pbkdf2(hash_name=hash_name, salt=salt, iterations=iterations):
            return pbkdf2.PBKDF2HMAC(_HASHES[hash_name], length, salt, iterations)
        case Hkdf(hash_name=hash_name, salt=salt, info=info):
            return hkdf.HKDF(_HASHES[hash_name], length, salt, info)
        case Argon2id(salt=salt, memory_kib=memory_kib, passes=passes, lanes=lanes):
            return argon2.Argon2id(salt=salt, length=length, iterations=passes, lanes=lanes, memory_cost=memory_kib)
