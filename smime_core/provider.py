"""The one door to cryptography: a Protocol that `providers.native` and `providers.webcrypto` fulfil.

Keys cross it as DER: a provider imports them as it likes and may keep what it imported for as long as the value lives.
Plain digests of small inputs, HMAC and the X9.63 KDF are `hashlib` and `hmac` on both sides and need no provider.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from smime_core.algorithms import (
    TAG_LENGTH,
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
    ED25519 = "ed25519"
    ED448 = "ed448"
    X25519 = "x25519"
    X448 = "x448"
    DSA = "dsa"
    """Public only."""
    ML_KEM_512 = "ml-kem-512"
    ML_KEM_768 = "ml-kem-768"
    ML_KEM_1024 = "ml-kem-1024"
    ML_DSA_44 = "ml-dsa-44"
    ML_DSA_65 = "ml-dsa-65"
    ML_DSA_87 = "ml-dsa-87"
    UNKNOWN = "unknown"
    """Of a certificate whose kind of key the core does not have: nothing verifies with it, nothing is sealed to it."""

    @property
    def is_kem(self) -> bool:
        return self in (KeyType.ML_KEM_512, KeyType.ML_KEM_768, KeyType.ML_KEM_1024)

    @property
    def agrees(self) -> bool:
        """Whether a CEK travels to such a key by key agreement."""
        return self in (KeyType.EC, KeyType.X25519, KeyType.X448)


class NewKey(StrEnum):
    """What `generate_key` can be asked for."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    P256 = "p-256"
    P384 = "p-384"
    P521 = "p-521"
    ED25519 = "ed25519"
    ED448 = "ed448"
    X25519 = "x25519"
    X448 = "x448"
    ML_KEM_512 = "ml-kem-512"
    ML_KEM_768 = "ml-kem-768"
    ML_KEM_1024 = "ml-kem-1024"
    ML_DSA_44 = "ml-dsa-44"
    ML_DSA_65 = "ml-dsa-65"
    ML_DSA_87 = "ml-dsa-87"


@dataclass(frozen=True, slots=True, kw_only=True)
class PssRestriction:
    """What an id-RSASSA-PSS key is bound to; `parameters` None means any hash and salt (RFC 4055 section 1.2)."""

    parameters: SignatureAlgorithm | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class PublicKey:
    """A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), parsed as far as a choice of algorithm needs.

    `bits` is the size of the modulus or of the field, or the security claimed (ML-KEM, ML-DSA); `curve` is None unless
    the key is EC. `pss` is set for an id-RSASSA-PSS key: with parameters it binds hash and least salt (RFC 4055 section
    3.1), and such a key never verifies RSA v1.5.
    """

    spki_der: bytes
    key_type: KeyType
    bits: int
    curve: Curve | None = None
    pss: PssRestriction | None = None


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
        """A signature over `data` (hashed inside); ECDSA as the DER SEQUENCE of RFC 3279 section 2.2.3.

        EdDSA and ML-DSA sign `data` itself, in their pure mode with an empty context (RFC 8419, RFC 9882).
        """

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, data: Buffer) -> None:
        """Return when the signature holds. Raises SignatureMismatch, also for a key of the wrong type."""

    async def encrypt_content(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, plaintext: Buffer, *, aad: bytes = b""
    ) -> bytes:
        """Ciphertext; CBC with its padding (RFC 5652 section 6.3), the others with the 16-byte tag at its end.

        Weak ciphers are not made: raises UnsupportedByProvider.
        """

    async def decrypt_content(
        self,
        cipher: ContentCipher,
        cek: bytes,
        iv: bytes,
        ciphertext: Buffer,
        *,
        aad: bytes = b"",
        tag_length: int = TAG_LENGTH,
    ) -> bytes:
        """Plaintext, after every padding byte or the tag (the last `tag_length` bytes) was checked.

        Every cipher of `algorithms`, the weak ones too: policies decide, not providers. Raises DecryptionError.
        """

    async def decrypt_blocks(self, cipher: ContentCipher, key: bytes, iv: bytes, blocks: bytes) -> bytes:
        """CBC without padding over whole blocks, for key wraps (RFC 3211, RFC 3217). Raises DecryptionError."""

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
        """(ephemeral public key, shared secret) on the recipient's own curve (RFC 5753 section 3.1, RFC 8418).

        The public key is an uncompressed point, or the 32 or 56 bytes of X25519 and X448.
        """

    async def agree(self, key: PrivateKey, point: bytes) -> bytes:
        """The shared secret with the originator's public key, fully validated; never all zeros (MUSTS 26 and 28).

        EC points may be compressed. Raises DecryptionError.
        """

    async def encapsulate(self, key: PublicKey) -> tuple[bytes, bytes]:
        """(ciphertext, shared secret) of a KEM (RFC 9629)."""

    async def decapsulate(self, key: PrivateKey, ciphertext: bytes) -> bytes:
        """The shared secret; a wrong ciphertext gives another one (implicit rejection). Raises DecryptionError."""

    async def wrap_key(self, kek: bytes, cek: bytes) -> bytes:
        """AES key wrap (RFC 3394)."""

    async def unwrap_key(self, kek: bytes, wrapped: bytes) -> bytes:
        """The CEK. Raises DecryptionError."""

    async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
        """`length` bytes derived from a passphrase or key by PBKDF2, HKDF, Argon2id or scrypt."""

    async def generate_key(self, kind: NewKey) -> PrivateKey:
        """A fresh key pair; its public half comes from `keys.public_key_of`."""


class RunningDigest(Protocol):
    """A digest that is fed block by block; `hashlib`'s objects are such."""

    def update(self, data: Buffer, /) -> None: ...

    def digest(self) -> bytes: ...


class RunningCipher(Protocol):
    """An encryption or decryption that is fed block by block."""

    async def update(self, data: Buffer) -> Buffer:
        """What is done so far; valid until the call after the next, so that it can be written meanwhile."""

    async def finish(self) -> bytes:
        """The rest. Encrypting: with padding or tag at its end. Decrypting raises DecryptionError."""


class Beside(Protocol):
    """Work on one block after the other, while their owner does something else with them where threads allow it."""

    def __enter__(self) -> Beside: ...

    def __exit__(self, *_: object) -> None: ...

    async def begin(self, block: Buffer) -> None:
        """Begin to work on a block, which must stay as it is until `finish`."""

    def finish(self) -> None:
        """Wait until nothing that was begun is left. Raises what the work raised."""


class Store(Protocol):
    """Octets that grow, and are read as those of `stream` are."""

    def append(self, block: Buffer) -> None:
        """Copy a block behind the others."""

    def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """The octets from `start` on, in blocks; each is valid until the next is asked for."""

    async def length(self) -> int:
        """How many there are."""

    def discard(self) -> None:
        """Overwrite them."""


class StreamingProvider(CryptoProvider, Protocol):
    """A provider that also works on what does not fit into memory (`smime_core.stream`)."""

    def work_beside(self, work: Callable[[Buffer], Coroutine[Any, Any, None]]) -> Beside:
        """`work`, to be done on blocks: in a thread beside, or at once where there are none."""

    def make_store(self) -> Store | None:
        """Where plaintext is kept until the end of the operation; None when it is rather decrypted once more."""

    def begin_digest(self, hash_name: HashName) -> RunningDigest:
        """Raises UnsupportedByProvider."""

    async def verify_digest(
        self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, digest: bytes
    ) -> None:
        """`verify` with the digest of the data in its place. Raises SignatureMismatch, UnsupportedByProvider (pure)."""

    def begin_encryption(self, cipher: ContentCipher, cek: bytes, iv: bytes, *, aad: bytes = b"") -> RunningCipher:
        """As `encrypt_content`. Raises ProviderError."""

    def begin_decryption(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, *, aad: bytes = b"", tag: bytes = b""
    ) -> RunningCipher:
        """As `decrypt_content`, the tag known beforehand. Raises DecryptionError or UnsupportedByProvider (CCM)."""
