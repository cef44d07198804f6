"""The browser's provider: WebCrypto, and Python over hashlib where WebCrypto has nothing or leaves traces.

It runs inside the vault's Worker, which registers the JavaScript module `sealwax_js`. Python bytes are lent to it, so
that bulk data is copied once each way. Its coroutines yield JavaScript promises to whoever steps them, which the Worker
does (`runtime/python_call.js`): an event loop in between would cost more than the cryptography of a small message.

PBKDF2 and HKDF stay in Python (`python_kdf`), RSAES-PKCS1-v1_5, OAEP with two hashes and RSA signatures over old hashes
too (`python_rsa`). Leaves out: what the browser lacks (AES-192 in Chromium).
"""

from __future__ import annotations

import hashlib
import json
import os
import types
from collections.abc import Generator
from typing import Any, Final, NoReturn
from weakref import WeakKeyDictionary

from smime_core.algorithms import (
    Argon2id,
    CipherMode,
    ContentCipher,
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
from smime_core.provider import KeyType, NewKey, PrivateKey, PublicKey
from smime_core.providers.python_kdf import derive_hkdf, derive_pbkdf2
from smime_core.providers.python_rsa import (
    decrypt_oaep,
    decrypt_pkcs1_v15,
    encrypt_oaep,
    encrypt_pkcs1_v15,
    verify_pkcs1_v15,
)
from smime_core.providers.webcrypto_forms import (
    WEB_HASHES,
    ecdsa_from_der,
    ecdsa_to_der,
    import_algorithm,
    signature_algorithm,
)

# WebCrypto hashes faster than hashlib in WebAssembly; below this size the way there costs more than it saves.
_WEB_DIGEST_FROM_BYTES: Final = 131_072
_WEB_CIPHERS: Final = {CipherMode.CBC: "AES-CBC", CipherMode.GCM: "AES-GCM"}
_NEW_KEYS: Final = {
    NewKey.RSA_2048: {"name": "RSASSA-PKCS1-v1_5", "hash": "SHA-256", "modulusLength": 2048},
    NewKey.RSA_3072: {"name": "RSASSA-PKCS1-v1_5", "hash": "SHA-256", "modulusLength": 3072},
    NewKey.P256: {"name": "ECDSA", "namedCurve": "P-256"},
    NewKey.P384: {"name": "ECDSA", "namedCurve": "P-384"},
}
_MISMATCH: Final = "the signature does not fit the content and the key"

Imported = dict[str, Any]


class WebCryptoProvider:
    """`smime_core.provider.CryptoProvider` for the vault.

    Imported keys are kept for as long as their PublicKey or PrivateKey lives.
    """

    def __init__(self) -> None:
        # The module exists in a running Worker alone, not yet where the memory snapshot is made.
        import sealwax_js

        self._door: Any = sealwax_js
        self._imported: WeakKeyDictionary[PublicKey | PrivateKey, Imported] = WeakKeyDictionary()
        self._importing: WeakKeyDictionary[PublicKey | PrivateKey, Imported] = WeakKeyDictionary()
        self._decrypted: tuple[bytes, Any] | None = None

    @property
    def name(self) -> str:
        """`webcrypto`."""
        return "webcrypto"

    def random_bytes(self, length: int) -> bytes:
        """Fresh bytes from the system's generator."""
        return os.urandom(length)

    async def digest(self, hash_name: HashName, data: Buffer) -> bytes:
        """One digest. Raises UnsupportedByProvider."""
        if len(data) < _WEB_DIGEST_FROM_BYTES or hash_name not in WEB_HASHES:
            return hashlib.new(hash_name, data).digest()
        return await _result("digest", self._door.digest(WEB_HASHES[hash_name], data))

    async def sign(self, key: PrivateKey, algorithm: SignatureAlgorithm, data: Buffer) -> bytes:
        """A signature over `data`, hashed inside. Raises ProviderError."""
        _check_hash("sign", algorithm.hash_name)
        _check_key_type("sign", key, algorithm)
        imported = await self._import_key("sign", key, import_algorithm(algorithm, key.curve), "sign")
        signature = await _result("sign", self._door.sign(imported, signature_algorithm(algorithm), data))
        return ecdsa_to_der(signature) if algorithm.scheme is SignatureScheme.ECDSA else signature

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, data: Buffer) -> None:
        """Return when the signature holds. Raises SignatureMismatch, also for a wrong or an impossible key."""
        is_ecdsa = algorithm.scheme is SignatureScheme.ECDSA
        if is_ecdsa is not (key.key_type is KeyType.EC):
            raise SignatureMismatch(f"the key verifies no {algorithm.label} signature")
        if algorithm.scheme is SignatureScheme.RSA_PKCS1_V15 and algorithm.hash_name not in WEB_HASHES:
            verify_pkcs1_v15(key, algorithm.hash_name, signature, data)
            return
        _check_hash("verify", algorithm.hash_name)
        if key.curve is not None:
            signature = ecdsa_from_der(signature, key.curve)
        imported = await self._import_key("verify", key, import_algorithm(algorithm, key.curve), "verify")
        holds = await _settle(self._door.verify(imported, signature_algorithm(algorithm), signature, data))
        if holds is not True:
            raise SignatureMismatch(_MISMATCH)

    async def encrypt_content(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, plaintext: Buffer, *, aad: bytes = b""
    ) -> bytes:
        """Ciphertext: CBC padded (RFC 5652 section 6.3), GCM with its 16-byte tag at the end. Raises ProviderError."""
        if len(cek) != cipher.key_length:
            raise ProviderError("encrypt_content", f"{cipher.name} takes {cipher.key_length} bytes")
        name = _WEB_CIPHERS[cipher.mode]
        return await _result("encrypt_content", self._door.encrypt(name, cek, iv, aad, plaintext))

    async def decrypt_content(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, ciphertext: Buffer, *, aad: bytes = b""
    ) -> bytes:
        """Plaintext, after every padding byte or the tag was checked. Raises DecryptionError."""
        if len(cek) != cipher.key_length:
            raise DecryptionError
        outcome = await _settle(self._door.decrypt(_WEB_CIPHERS[cipher.mode], cek, iv, aad, ciphertext))
        plaintext = _secret_octets(outcome)
        self._decrypted = (plaintext, outcome)
        return plaintext

    async def transport_encrypt(self, key: PublicKey, algorithm: KeyTransport, cek: bytes) -> bytes:
        """The CEK under an RSA key. Raises ProviderError."""
        if key.key_type is not KeyType.RSA:
            raise ProviderError("transport_encrypt", "the key is not an RSA key")
        if algorithm.scheme is TransportScheme.RSA_PKCS1_V15:
            return encrypt_pkcs1_v15(key, cek)
        if not _web_has_oaep(algorithm):
            return encrypt_oaep(key, algorithm, cek)
        imported = await self._import_key("transport_encrypt", key, _oaep(algorithm), "encrypt")
        return await _result("transport_encrypt", self._door.encryptOaep(imported, cek))

    async def transport_decrypt(
        self, key: PrivateKey, algorithm: KeyTransport, encrypted_key: bytes, *, cek_length: int
    ) -> bytes:
        """The CEK of `cek_length` bytes. RSA v1.5 never fails: RFC 3218. OAEP raises DecryptionError."""
        if key.key_type is not KeyType.RSA:
            raise ProviderError("transport_decrypt", "the key is not an RSA key")
        if algorithm.scheme is TransportScheme.RSA_PKCS1_V15:
            return decrypt_pkcs1_v15(key, encrypted_key, cek_length=cek_length)
        if _web_has_oaep(algorithm):
            imported = await self._import_key("transport_decrypt", key, _oaep(algorithm), "decrypt")
            cek = await _secret_result(self._door.decryptOaep(imported, encrypted_key))
        else:
            cek = decrypt_oaep(key, algorithm, encrypted_key)
        if len(cek) != cek_length:
            raise DecryptionError
        return cek

    async def agree_ephemeral(self, key: PublicKey) -> tuple[bytes, bytes]:
        """(ephemeral point uncompressed, shared secret), on the recipient's curve. Raises ProviderError."""
        if key.curve is None:
            raise ProviderError("agree_ephemeral", "the key is not an EC key")
        imported = await self._import_key("agree_ephemeral", key, _ecdh(key), "")
        field_bytes = (key.bits + 7) // 8
        both = await _result("agree_ephemeral", self._door.agreeEphemeral(imported, key.curve, 8 * field_bytes))
        return both[:-field_bytes], both[-field_bytes:]

    async def agree(self, key: PrivateKey, point: bytes) -> bytes:
        """The shared secret with the originator's uncompressed point, fully validated. Raises DecryptionError."""
        if key.curve is None:
            raise ProviderError("agree", "the key is not an EC key")
        imported = await self._import_key("agree", key, _ecdh(key), "deriveBits")
        if point[:1] != b"\x04":
            raise DecryptionError
        return await _secret_result(self._door.agree(imported, key.curve, point, 8 * ((key.bits + 7) // 8)))

    async def wrap_key(self, kek: bytes, cek: bytes) -> bytes:
        """AES key wrap (RFC 3394). Raises ProviderError."""
        return await _result("wrap_key", self._door.wrap(kek, cek))

    async def unwrap_key(self, kek: bytes, wrapped: bytes) -> bytes:
        """The CEK. Raises DecryptionError."""
        return await _secret_result(self._door.unwrap(kek, wrapped))

    async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
        """`length` bytes by PBKDF2 (RFC 8018), HKDF (RFC 5869) or Argon2id (RFC 9106). Raises ProviderError."""
        match kdf:
            case Pbkdf2():
                return derive_pbkdf2(kdf, secret, length)
            case Hkdf():
                return derive_hkdf(kdf, secret, length)
            case Argon2id(salt=salt, memory_kib=memory_kib, passes=passes, lanes=lanes):
                derived = self._door.argon2id(secret, salt, memory_kib, passes, lanes, length)
                return await _result("derive_key", derived)

    async def generate_key(self, kind: NewKey) -> PrivateKey:
        """A fresh key pair; an EC key carries its public half. Raises ProviderError."""
        return parse_private_key(
            await _result("generate_key", self._door.generateKey(json.dumps(_NEW_KEYS[kind]), "sign"))
        )

    def begin_signing(self, key: PrivateKey, algorithm: SignatureAlgorithm) -> None:
        """Start importing a key that will sign: the browser does it while Python goes on."""
        if algorithm.hash_name in WEB_HASHES:
            web_algorithm = import_algorithm(algorithm, key.curve)
            self._importing.setdefault(key, {})[web_algorithm] = self._begin_import(key, web_algorithm, "sign")

    def find_buffer(self, octets: bytes) -> Any:
        """The JavaScript ArrayBuffer that holds what `decrypt_content` gave last, else None: it spares a copy."""
        if self._decrypted is not None and self._decrypted[0] is octets:
            return self._decrypted[1]
        return None

    def _begin_import(self, key: PublicKey | PrivateKey, algorithm: str, usage: str) -> Any:
        if isinstance(key, PrivateKey):
            return self._door.importKey("pkcs8", key.pkcs8_der, algorithm, usage)
        return self._door.importKey("spki", key.spki_der, algorithm, usage)

    async def _import_key(self, operation: str, key: PublicKey | PrivateKey, algorithm: str, usage: str) -> Any:
        known = self._imported.setdefault(key, {})
        if algorithm not in known:
            pending = self._importing.get(key, {}).pop(algorithm, None)
            imported = await _settle(pending or self._begin_import(key, algorithm, usage))
            if isinstance(imported, str):
                if operation == "verify":
                    raise SignatureMismatch(_MISMATCH)
                _refuse(operation, imported)
            known[algorithm] = imported
        return known[algorithm]


@types.coroutine
def _settle(promise: Any) -> Generator[Any, Any, Any]:
    # What the promise settles to is what the next step brings.
    return (yield promise)


async def _result(operation: str, promise: Any) -> bytes:
    # An ArrayBuffer, or the name of the DOMException.
    outcome = await _settle(promise)
    if isinstance(outcome, str):
        _refuse(operation, outcome)
    octets: bytes = outcome.to_bytes()
    return octets


async def _secret_result(promise: Any) -> bytes:
    return _secret_octets(await _settle(promise))


def _secret_octets(outcome: Any) -> bytes:
    # One error, so that nothing tells which check failed. What the browser cannot do at all is no secret.
    if outcome == "NotSupportedError":
        raise UnsupportedByProvider("decrypt", "this browser lacks the algorithm")
    if isinstance(outcome, str):
        raise DecryptionError
    octets: bytes = outcome.to_bytes()
    return octets


def _refuse(operation: str, name: str) -> NoReturn:
    if name == "NotSupportedError":
        raise UnsupportedByProvider(operation, "this browser lacks the algorithm")
    raise ProviderError(operation)


def _check_hash(operation: str, hash_name: HashName) -> None:
    if hash_name not in WEB_HASHES:
        raise UnsupportedByProvider(operation, f"WebCrypto has no {hash_name}")


def _check_key_type(operation: str, key: PrivateKey, algorithm: SignatureAlgorithm) -> None:
    if (algorithm.scheme is SignatureScheme.ECDSA) is not (key.key_type is KeyType.EC):
        raise ProviderError(operation, f"the key makes no {algorithm.label} signature")


def _web_has_oaep(algorithm: KeyTransport) -> bool:
    return algorithm.hash_name is algorithm.mgf_hash and algorithm.hash_name in WEB_HASHES


def _oaep(algorithm: KeyTransport) -> str:
    return json.dumps({"name": "RSA-OAEP", "hash": WEB_HASHES[algorithm.hash_name]})


def _ecdh(key: PublicKey | PrivateKey) -> str:
    return json.dumps({"name": "ECDH", "namedCurve": key.curve})
