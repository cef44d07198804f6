"""The one door to cryptography: a Protocol that `providers.native` and `providers.webcrypto` fulfil.

Keys cross it as DER: a provider imports them as it likes and may keep what it imported for as long as the value lives.
Plain digests of small inputs, HMAC and the X9.63 KDF are `hashlib` and `hmac` on both sides and need no provider.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from smime_core.algorithms import (
    ContentCipher,
    Curve,
    HashName,
    Kdf,
    KeyTransport,
    SignatureAlgorithm,
)
from smime_core.der import Buffer


class KeyType(StrEnum):
    RSA = "rsa"
    EC = "ec"


class NewKey(StrEnum):
    """What `generate_key` can be asked for."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    P256 = "p-256"
    P384 = "p-384"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class PublicKey:
    """A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), parsed as far as a choice of algorithm needs.

    `bits` is the size of the modulus or of the field; `curve` is None for RSA.
    """

    spki_der: bytes
    key_type: KeyType
    bits: int
    curve: Curve | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class PrivateKey:
    """A PKCS#8 PrivateKeyInfo (RFC 5958), unencrypted; its bytes never reach a repr."""

    pkcs8_der: bytes = field(repr=False)
    key_type: KeyType
    bits: int
    curve: Curve | None = None


class CryptoProvider(Protocol):
    """What the core asks of cryptography. Every failure is an SmimeError; no library's own exception leaks."""

    @property
    def name(self) -> str:
        """`native` or `webcrypto`, for reports and errors."""

    def random_bytes(self, length: int) -> bytes:
        """Fresh bytes from the system's generator."""

    async def digest(self, hash_name: HashName, data: Buffer) -> bytes:
        """One digest. Raises UnsupportedByProvider."""

    async def sign(self, key: PrivateKey, algorithm: SignatureAlgorithm, data: Buffer) -> bytes:
        """A signature over `data` (hashed inside); ECDSA as the DER SEQUENCE of RFC 3279 section 2.2.3."""

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, data: Buffer) -> None:
        """Return when the signature holds. Raises SignatureMismatch, also for a key of the wrong type."""

    async def encrypt_content(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, plaintext: Buffer, *, aad: bytes = b""
    ) -> bytes:
        """Ciphertext; CBC with its padding (RFC 5652 section 6.3), GCM with the 16-byte tag at its end."""

    async def decrypt_content(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, ciphertext: Buffer, *, aad: bytes = b""
    ) -> bytes:
        """Plaintext, after every padding byte or the tag (the last 16 bytes) was checked. Raises DecryptionError."""

    async def transport_encrypt(self, key: PublicKey, algorithm: KeyTransport, cek: bytes) -> bytes:
        """The CEK under an RSA key."""

    async def transport_decrypt(
        self, key: PrivateKey, algorithm: KeyTransport, encrypted_key: bytes, *, cek_length: int
    ) -> bytes:
        """The CEK of exactly `cek_length` bytes.

        RSA v1.5: bad padding and a wrong length give a random CEK and no error (RFC 3218 section 2.3.2).
        OAEP: raises DecryptionError.
        """

    async def agree_ephemeral(self, key: PublicKey) -> tuple[bytes, bytes]:
        """(ephemeral public point uncompressed, shared secret) on the recipient's own curve (RFC 5753 section 3.1)."""

    async def agree(self, key: PrivateKey, point: bytes) -> bytes:
        """The shared secret with the originator's uncompressed point, fully validated. Raises DecryptionError."""

    async def wrap_key(self, kek: bytes, cek: bytes) -> bytes:
        """AES key wrap (RFC 3394)."""

    async def unwrap_key(self, kek: bytes, wrapped: bytes) -> bytes:
        """The CEK. Raises DecryptionError."""

    async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
        """`length` bytes derived from a passphrase or key by PBKDF2, HKDF or Argon2id."""

    async def generate_key(self, kind: NewKey) -> PrivateKey:
        """A fresh key pair; its public half comes from `keys.public_key_of`."""
