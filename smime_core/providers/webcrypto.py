"""The browser's provider: WebCrypto, and Python where WebCrypto lacks an algorithm or may keep a secret in memory.

The provider runs inside the vault's Worker, which registers the JavaScript module `sealwax_js`. That module reads
Python's bytes in place, so bulk data is copied once in each direction. The coroutines here yield JavaScript promises to
the Worker, which steps them (`vault/worker/python_call.js`). An event loop between the two would cost more than the
cryptography of a small message.

The provider tries WebCrypto first. If the browser refuses a key or an operation, Python does the work (`python_keys`),
so that the outcome is the same in every browser. Errors of decryption must not reveal what failed, so in a decryption
Python takes over only if the browser lacks the algorithm. HKDF stays in Python (`python_kdf`), and so do
RSAES-PKCS1-v1_5 and OAEP with two hashes (`python_rsa`). PBKDF2 begins in Python, and WebAssembly of the vault iterates
the usual hashes. Symmetric ciphers are in `webcrypto_ciphers`.

A browser may keep a copy of each key that WebCrypto imported. With `strict`, private keys therefore stay in Python's
memory, which the vault fills with zeros at its end. Operations then take milliseconds longer, and Python's arithmetic
is not constant-time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from smime_core.algorithms import (
    Argon2id,
    Curve,
    HashName,
    Hkdf,
    Kdf,
    KeyTransport,
    Pbkdf2,
    RepeatedHash,
    Scrypt,
    SignatureAlgorithm,
    SignatureScheme,
    TransportScheme,
)
from smime_core.asn1.der import Buffer
from smime_core.errors import DecryptionError, ProviderError, SignatureMismatch
from smime_core.keys import ML_KEM_PARAMETERS, parse_private_key
from smime_core.provider import KeyType, NewKey, PrivateKey, PublicKey
from smime_core.providers import python_ml_kem
from smime_core.providers.python_hashes import python_digest
from smime_core.providers.python_kdf import begin_pbkdf2, derive_hkdf, derive_pbkdf2, repeat_hash
from smime_core.providers.python_keys import (
    agree_ephemeral_in_python,
    agree_in_python,
    make_raw_key,
    sign_in_python,
    uncompressed_point,
    verify_in_python,
)
from smime_core.providers.python_new_keys import make_key_in_python
from smime_core.providers.python_rsa import (
    decrypt_any_pkcs1_v15,
    decrypt_oaep,
    decrypt_pkcs1_v15,
    encrypt_oaep,
    encrypt_pkcs1_v15,
)
from smime_core.providers.signature_keys import check_key, fits
from smime_core.providers.webcrypto_ciphers import WebCiphers, read_decrypted, result, settle
from smime_core.providers.webcrypto_forms import (
    WEB_HASHES,
    agreement_algorithm,
    ecdsa_from_der,
    ecdsa_to_der,
    find_import_algorithm,
    pad_private_key,
    signature_algorithm,
)

# WebCrypto hashes faster than hashlib in WebAssembly. Below this size the call costs more than it saves.
_WEB_DIGEST_FROM_BYTES: Final = 131_072
# The hashes for which `vault/worker/pbkdf2/` has PBKDF2 and the repeated hash.
_WASM_HASHES: Final = (HashName.SHA1, HashName.SHA224, HashName.SHA256, HashName.SHA384, HashName.SHA512)
_NEW_KEYS: Final = {
    NewKey.RSA_2048: {"name": "RSASSA-PKCS1-v1_5", "hash": "SHA-256", "modulusLength": 2048},
    NewKey.RSA_3072: {"name": "RSASSA-PKCS1-v1_5", "hash": "SHA-256", "modulusLength": 3072},
    NewKey.P256: {"name": "ECDSA", "namedCurve": Curve.P256},
    NewKey.P384: {"name": "ECDSA", "namedCurve": Curve.P384},
    NewKey.P521: {"name": "ECDSA", "namedCurve": Curve.P521},
}
_MISMATCH: Final = "the signature does not fit the content and the key"

Imported = dict[str, Any]


class WebCryptoProvider(WebCiphers):
    """`smime_core.provider.CryptoProvider` for the vault.

    Imported keys are cached for as long as their PublicKey or PrivateKey lives. `strict` keeps private keys in Python,
    including the ephemeral keys of a message.
    """

    def __init__(self, *, strict: bool = False) -> None:
        # The module `sealwax_js` exists only in a running Worker, not yet when the memory snapshot is made.
        import sealwax_js

        super().__init__(sealwax_js)
        self._strict = strict
        self._imported: WeakKeyDictionary[PublicKey | PrivateKey, Imported] = WeakKeyDictionary()
        self._importing: WeakKeyDictionary[PublicKey | PrivateKey, Imported] = WeakKeyDictionary()

    @property
    def name(self) -> str:
        """`webcrypto`."""
        return "webcrypto"

    def random_bytes(self, length: int) -> bytes:
        """Fresh bytes from the system's generator."""
        return os.urandom(length)

    async def digest(self, hash_name: HashName, data: Buffer) -> bytes:
        """One digest."""
        if len(data) < _WEB_DIGEST_FROM_BYTES or hash_name not in WEB_HASHES:
            return python_digest(hash_name, data)
        digest = await _bytes_unless_refused(self._door.digest(WEB_HASHES[hash_name], data))
        return python_digest(hash_name, data) if digest is None else digest

    async def sign(self, key: PrivateKey, algorithm: SignatureAlgorithm, data: Buffer) -> bytes:
        """A signature over `data`. Raises ProviderError, also for a key of the wrong type and for DSA."""
        if not fits(key.key_type, algorithm):
            raise ProviderError("sign", f"a key of type {key.key_type} makes no {algorithm.label} signature")
        imported = await self._import_key(key, find_import_algorithm(algorithm, key.curve), "sign")
        if imported is not None:
            signature = await _bytes_unless_refused(self._door.sign(imported, signature_algorithm(algorithm), data))
            if signature is not None:
                return ecdsa_to_der(signature) if algorithm.scheme is SignatureScheme.ECDSA else signature
        return sign_in_python(key, algorithm, data)

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, data: Buffer) -> None:
        """Return if the signature verifies. Raises SignatureMismatch, also for an unsuitable or an invalid key."""
        check_key(key, algorithm)
        fixed = ecdsa_from_der(signature, key.curve) if key.curve is not None else signature
        imported = await self._import_key(key, find_import_algorithm(algorithm, key.curve), "verify")
        if imported is not None:
            holds = await settle(self._door.verify(imported, signature_algorithm(algorithm), fixed, data))
            if holds is True:
                return
            if holds is False:
                raise SignatureMismatch(_MISMATCH)
        verify_in_python(key, algorithm, signature, data)

    async def transport_encrypt(self, key: PublicKey, algorithm: KeyTransport, cek: bytes) -> bytes:
        """The content-encryption key (CEK), encrypted with an RSA key. Raises ProviderError."""
        if key.key_type is not KeyType.RSA:
            raise ProviderError("transport_encrypt", "the key is not an RSA key")
        if algorithm.scheme is TransportScheme.RSA_PKCS1_V15:
            return encrypt_pkcs1_v15(key, cek)
        imported = await self._import_key(key, _find_oaep(algorithm), "encrypt")
        if imported is not None:
            encrypted = await _bytes_unless_refused(self._door.encryptOaep(imported, cek))
            if encrypted is not None:
                return encrypted
        return encrypt_oaep(key, algorithm, cek)

    async def transport_decrypt(
        self, key: PrivateKey, algorithm: KeyTransport, encrypted_key: bytes, cek_length: int
    ) -> bytes:
        """The CEK of `cek_length` bytes. RSA v1.5 never fails (RFC 3218). OAEP raises DecryptionError."""
        if key.key_type is not KeyType.RSA:
            raise ProviderError("transport_decrypt", "the key is not an RSA key")
        if algorithm.scheme is TransportScheme.RSA_PKCS1_V15:
            return decrypt_pkcs1_v15(key, encrypted_key, cek_length)
        imported = await self._import_key(key, _find_oaep(algorithm), "decrypt")
        cek = None
        if imported is not None:
            cek = await _secret_unless_lacking(self._door.decryptOaep(imported, encrypted_key))
        if cek is None:
            cek = decrypt_oaep(key, algorithm, encrypted_key)
        if len(cek) != cek_length:
            raise DecryptionError
        return cek

    async def transport_decrypt_any(
        self, attempts: Sequence[tuple[PrivateKey, bytes]], cek_length: int
    ) -> tuple[int, bytes]:
        """(position, CEK) of an attempt that succeeds with RSA v1.5. If none does, both are random."""
        return decrypt_any_pkcs1_v15(attempts, cek_length)

    async def agree_ephemeral(self, key: PublicKey) -> tuple[bytes, bytes]:
        """(ephemeral public key, shared secret), on the recipient's curve. Raises ProviderError."""
        algorithm = agreement_algorithm(key, "agree_ephemeral")
        # With `strict`, WebCrypto must not make the ephemeral private key, which reveals the content-encryption key.
        imported = None if self._strict else await self._import_key(key, algorithm, "")
        if imported is not None:
            length = (key.bits + 7) // 8
            both = await _bytes_unless_refused(self._door.agreeEphemeral(imported, algorithm, 8 * length))
            if both is not None:
                return both[:-length], both[-length:]
        return agree_ephemeral_in_python(key)

    async def agree(self, key: PrivateKey, point: bytes) -> bytes:
        """The shared secret with the originator's public key, after full validation. Raises DecryptionError."""
        algorithm = agreement_algorithm(key, "agree")
        if key.curve is not None:
            point = uncompressed_point(key.curve, point)
        imported = await self._import_key(key, algorithm, "deriveBits")
        secret = None
        if imported is not None:
            bits = 8 * ((key.bits + 7) // 8)
            secret = await _secret_unless_lacking(self._door.agree(imported, algorithm, point, bits))
        if secret is None:
            return agree_in_python(key, point)
        if key.curve is None and not any(secret):
            # RFC 8418 section 2. Browsers check it too.
            raise DecryptionError
        return secret

    async def encapsulate(self, key: PublicKey) -> tuple[bytes, bytes]:
        """(ciphertext, shared secret) of ML-KEM. Raises ProviderError."""
        if key.key_type not in ML_KEM_PARAMETERS:
            raise ProviderError("encapsulate", "the key is not an ML-KEM key")
        imported = await self._import_key(key, _kem(key), "encapsulateBits")
        if imported is not None:
            length = ML_KEM_PARAMETERS[key.key_type].ciphertext_length
            both = await _bytes_unless_refused(self._door.encapsulate(imported))
            if both is not None:
                return both[:length], both[length:]
        return python_ml_kem.encapsulate(key)

    async def decapsulate(self, key: PrivateKey, ciphertext: bytes) -> bytes:
        """The shared secret; a wrong ciphertext yields another secret. Raises DecryptionError for a wrong length."""
        if key.key_type not in ML_KEM_PARAMETERS:
            raise ProviderError("decapsulate", "the key is not an ML-KEM key")
        if len(ciphertext) != ML_KEM_PARAMETERS[key.key_type].ciphertext_length:
            raise DecryptionError
        imported = await self._import_key(key, _kem(key), "decapsulateBits")
        secret = None
        if imported is not None:
            secret = await _secret_unless_lacking(self._door.decapsulate(imported, ciphertext))
        return python_ml_kem.decapsulate(key, ciphertext) if secret is None else secret

    async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
        """`length` bytes by PBKDF2 (RFC 8018), HKDF (RFC 5869), Argon2id (RFC 9106) or scrypt (RFC 7914).

        RepeatedHash gives one digest, whatever `length` is. Raises ProviderError.
        """
        match kdf:
            case Pbkdf2() if kdf.hash_name in _WASM_HASHES and kdf.iterations > 1:
                hmac_key, firsts = begin_pbkdf2(kdf, secret, length)
                derived = self._door.pbkdf2(kdf.hash_name, hmac_key, firsts, kdf.iterations - 1)
                return (await result("derive_key", derived))[:length]
            case RepeatedHash() if kdf.hash_name in _WASM_HASHES and kdf.iterations > 1:
                first = hashlib.new(kdf.hash_name, secret).digest()
                return await result("derive_key", self._door.repeatHash(kdf.hash_name, first, kdf.iterations - 1))
            case RepeatedHash():
                return repeat_hash(kdf, secret)
            case Pbkdf2():
                return derive_pbkdf2(kdf, secret, length)
            case Hkdf():
                return derive_hkdf(kdf, secret, length)
            case Argon2id(salt=salt, memory_kib=memory_kib, passes=passes, lanes=lanes):
                derived = self._door.argon2id(secret, salt, memory_kib, passes, lanes, length)
                return await result("derive_key", derived)
            case Scrypt(salt=salt, cost=cost, block_size=block_size, parallelisation=parallelisation):
                derived = self._door.scrypt(secret, salt, cost, block_size, parallelisation, length)
                return await result("derive_key", derived)

    async def generate_key(self, kind: NewKey) -> PrivateKey:
        """A fresh key pair. An EC key includes its public half. Raises ProviderError."""
        if kind not in _NEW_KEYS:
            return make_raw_key(kind)
        if not self._strict:
            made = await _bytes_unless_refused(self._door.generateKey(json.dumps(_NEW_KEYS[kind]), "sign"))
            if made is not None:
                return parse_private_key(made)
        return make_key_in_python(kind)

    def begin_signing(self, key: PrivateKey, algorithm: SignatureAlgorithm) -> None:
        """Start importing a key that will sign. The browser imports it while Python continues."""
        web_algorithm = find_import_algorithm(algorithm, key.curve)
        if web_algorithm is not None and not self._strict:
            self._importing.setdefault(key, {})[web_algorithm] = self._begin_import(key, web_algorithm, "sign")

    def _begin_import(self, key: PublicKey | PrivateKey, algorithm: str, usage: str) -> Any:
        if isinstance(key, PrivateKey):
            padded, zeros = pad_private_key(key.pkcs8_der)
            return self._door.importPrivateKey(padded, zeros, len(key.pkcs8_der), algorithm, usage)
        return self._door.importPublicKey(key.spki_der, algorithm, usage)

    async def _import_key(self, key: PublicKey | PrivateKey, algorithm: str | None, usage: str) -> Any:
        # Returns None if WebCrypto lacks the algorithm, must not get the key (`strict`), or refuses it. The caller then
        # does the work in Python.
        if algorithm is None or (self._strict and isinstance(key, PrivateKey)):
            return None
        known = self._imported.setdefault(key, {})
        if algorithm not in known:
            pending = self._importing.get(key, {}).pop(algorithm, None)
            imported = await settle(pending or self._begin_import(key, algorithm, usage))
            known[algorithm] = None if isinstance(imported, str) else imported
        return known[algorithm]


async def _bytes_unless_refused(promise: Any) -> bytes | None:
    # Returns None if the browser refuses for any reason. The caller then tries in Python, which names the fault.
    outcome = await settle(promise)
    if isinstance(outcome, str):
        return None
    octets: bytes = outcome.to_bytes()
    return octets


async def _secret_unless_lacking(promise: Any) -> bytes | None:
    # Returns None only if the browser lacks the algorithm. Received data may cause any other error, and a second,
    # slower try in Python would reveal the error to the sender. Raises DecryptionError.
    outcome = await settle(promise)
    return None if outcome == "NotSupportedError" else read_decrypted(outcome)


def _find_oaep(algorithm: KeyTransport) -> str | None:
    if algorithm.hash_name is not algorithm.mgf_hash or algorithm.hash_name not in WEB_HASHES or algorithm.p_source:
        return None
    return json.dumps({"name": "RSA-OAEP", "hash": WEB_HASHES[algorithm.hash_name]})


def _kem(key: PublicKey | PrivateKey) -> str:
    return json.dumps({"name": key.key_type.upper()})
