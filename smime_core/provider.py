"""The only access to cryptography: a Protocol, implemented by `providers.native` and `providers.webcrypto`.

Keys are passed as DER. A provider imports them in its own way and may cache an imported key for as long as its
PublicKey or PrivateKey lives. Plain digests of small inputs, HMAC and the X9.63 KDF use `hashlib` and `hmac`
everywhere and need no provider.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from smime_core.algorithms import (
    TAG_LENGTH,
    VERIFIED_CURVES,
    ContentCipher,
    Curve,
    HashName,
    Kdf,
    KeyTransport,
    SignatureAlgorithm,
)
from smime_core.asn1.der import Buffer


class KeyType(StrEnum):
    RSA = "rsa"
    EC = "ec"
    ED25519 = "ed25519"
    ED448 = "ed448"
    X25519 = "x25519"
    X448 = "x448"
    DSA = "dsa"
    """Only public keys: DSA signatures are verified, never made."""
    ML_KEM_512 = "ml-kem-512"
    ML_KEM_768 = "ml-kem-768"
    ML_KEM_1024 = "ml-kem-1024"
    ML_DSA_44 = "ml-dsa-44"
    ML_DSA_65 = "ml-dsa-65"
    ML_DSA_87 = "ml-dsa-87"
    UNKNOWN = "unknown"
    """A certificate's key of a kind that is not supported. Nothing is verified with it or encrypted for it."""

    @property
    def is_kem(self) -> bool:
        return self in (KeyType.ML_KEM_512, KeyType.ML_KEM_768, KeyType.ML_KEM_1024)


class NewKey(StrEnum):
    """The kinds of keys that `generate_key` makes."""

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
    """The restriction of an id-RSASSA-PSS key. No `parameters` means any hash and salt (RFC 4055 section 1.2)."""

    parameters: SignatureAlgorithm | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class PublicKey:
    """A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), with the facts that decide the choice of algorithms.

    `bits` is the size of the modulus (RSA, DSA) or of the curve's field, or the claimed security (ML-KEM, ML-DSA).
    `curve` is None unless the key is EC. `pss` is set for an id-RSASSA-PSS key, which never verifies RSA v1.5. The
    key's parameters fix the hash and the shortest salt (RFC 4055 section 3.1). `receives_only` is set for a key of
    id-RSAES-OAEP (RFC 4055 section 4.1) or id-ecDH (RFC 5480 section 2.1.2). Such a key verifies nothing. `transport`
    is the OAEP to which an id-RSAES-OAEP key is bound, or None.
    """

    spki_der: bytes
    key_type: KeyType
    bits: int
    curve: Curve | None = None
    pss: PssRestriction | None = None
    receives_only: bool = False
    transport: KeyTransport | None = None

    @property
    def agrees(self) -> bool:
        """Whether a content-encryption key (CEK) is sent to this key by key agreement."""
        return self.key_type in _AGREEING and self.curve not in VERIFIED_CURVES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class PrivateKey:
    """A PKCS#8 PrivateKeyInfo (RFC 5958), unencrypted. The repr leaves out its bytes."""

    pkcs8_der: bytes = field(repr=False)
    key_type: KeyType
    bits: int
    curve: Curve | None = None

    @property
    def agrees(self) -> bool:
        """Whether key agreement with this key gives a content-encryption key (CEK)."""
        return self.key_type in _AGREEING


_AGREEING: Final = (KeyType.EC, KeyType.X25519, KeyType.X448)


class CryptoProvider(Protocol):
    """The operations that the core needs. Every failure is an SmimeError; no exception of a library escapes."""

    @property
    def name(self) -> str:
        """`native` or `webcrypto`, for reports and errors."""

    def random_bytes(self, length: int) -> bytes:
        """Fresh bytes from the system's generator."""

    async def digest(self, hash_name: HashName, data: Buffer) -> bytes:
        """One digest. Raises UnsupportedByProvider."""

    async def sign(self, key: PrivateKey, algorithm: SignatureAlgorithm, data: Buffer) -> bytes:
        """A signature over `data`, which the provider hashes. ECDSA returns the DER SEQUENCE of RFC 3279 section 2.2.3.

        EdDSA and ML-DSA sign `data` itself, in their pure mode with an empty context (RFC 8419, RFC 9882).
        """

    async def verify(self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, data: Buffer) -> None:
        """Return if the signature verifies. Raises SignatureMismatch, also for a key of the wrong type."""

    async def encrypt_content(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, plaintext: Buffer, aad: bytes = b""
    ) -> bytes:
        """The ciphertext. CBC includes the padding (RFC 5652 section 6.3), other modes the 16-byte tag at the end.

        Raises UnsupportedByProvider for weak ciphers, which are never written.
        """

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
        """The plaintext, after every padding byte or the tag (the last `tag_length` bytes) was checked.

        Accepts all ciphers of `algorithms`: weak ones are refused by the policy, not by the provider. Raises
        DecryptionError.
        """

    async def decrypt_blocks(self, cipher: ContentCipher, key: bytes, iv: bytes, blocks: bytes) -> bytes:
        """CBC without padding over whole blocks, for key wraps (RFC 3211, RFC 3217). Raises DecryptionError."""

    async def transport_encrypt(self, key: PublicKey, algorithm: KeyTransport, cek: bytes) -> bytes:
        """The content-encryption key (CEK), encrypted with an RSA key."""

    async def transport_decrypt(
        self, key: PrivateKey, algorithm: KeyTransport, encrypted_key: bytes, cek_length: int
    ) -> bytes:
        """The CEK of exactly `cek_length` bytes.

        RSA v1.5: a bad padding or a wrong length yields a random CEK and no error (RFC 3218 section 2.3.2). OAEP:
        raises DecryptionError.
        """

    async def transport_decrypt_any(
        self, attempts: Sequence[tuple[PrivateKey, bytes]], cek_length: int
    ) -> tuple[int, bytes]:
        """(position, CEK) of an attempt that fits. An attempt is a private key and a CEK encrypted with RSA v1.5.

        All attempts are made, with the same steps. If no attempt yields the right padding and length, position and CEK
        are random, and no error is raised (RFC 3218 section 2.3.2). There is at least one attempt.
        """

    async def agree_ephemeral(self, key: PublicKey) -> tuple[bytes, bytes]:
        """(ephemeral public key, shared secret) on the recipient's own curve (RFC 5753 section 3.1, RFC 8418).

        The public key is an uncompressed point, or the 32 or 56 bytes of X25519 and X448.
        """

    async def agree(self, key: PrivateKey, point: bytes) -> bytes:
        """The shared secret with the originator's public key `point`, which is fully validated (MUSTS 26 and 28).

        EC points may be compressed. Raises DecryptionError, also for a secret of zeros.
        """

    async def encapsulate(self, key: PublicKey) -> tuple[bytes, bytes]:
        """(ciphertext, shared secret) of a KEM (RFC 9629)."""

    async def decapsulate(self, key: PrivateKey, ciphertext: bytes) -> bytes:
        """The shared secret. A wrong ciphertext yields another secret (implicit rejection). Raises DecryptionError."""

    async def wrap_key(self, kek: bytes, cek: bytes) -> bytes:
        """The CEK, wrapped with `kek` by AES key wrap (RFC 3394)."""

    async def unwrap_key(self, kek: bytes, wrapped: bytes) -> bytes:
        """The unwrapped CEK. Raises DecryptionError."""

    async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
        """`length` bytes derived from a passphrase or key. RepeatedHash gives one digest, whatever `length` is."""

    async def generate_key(self, kind: NewKey) -> PrivateKey:
        """A fresh key pair. `keys.public_key_of` returns its public half."""


class RunningDigest(Protocol):
    """A digest that is fed block by block, such as the objects of `hashlib`."""

    def update(self, data: Buffer, /) -> None:
        """Add a block to the data."""

    def digest(self) -> bytes:
        """The digest of all data."""


class RunningCipher(Protocol):
    """An encryption or decryption that is fed block by block."""

    async def update(self, data: Buffer) -> Buffer:
        """The output that is ready. It stays valid during the next call, so that it can be written meanwhile."""

    async def finish(self) -> bytes:
        """The last output; an encryption adds its padding or tag. A decryption raises DecryptionError."""


class BlockWorker(Protocol):
    """Runs work on one block after the other: in a second thread, or at once where there are no threads."""

    def __enter__(self) -> BlockWorker:
        """Start."""

    def __exit__(self, *_: object) -> None:
        """Stop, after the work that has begun."""

    async def begin(self, block: Buffer) -> None:
        """Begin to work on a block, which must stay unchanged until `finish`."""

    def finish(self) -> None:
        """Wait until all work is done. Raises the errors of the work."""


class Store(Protocol):
    """A growing store of bytes. `blocks` and `length` are the methods of `stream.octets.Octets`."""

    def append(self, block: Buffer) -> None:
        """Append a copy of a block."""

    def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """The bytes from `start` on, in blocks. A block is valid until the next one is requested."""

    async def length(self) -> int:
        """The number of bytes."""

    def discard(self) -> None:
        """Overwrite the bytes."""


class StreamingProvider(CryptoProvider, Protocol):
    """A provider that also works on content that does not fit into memory (`smime_core.stream`)."""

    def make_block_worker(self, work: Callable[[Buffer], Coroutine[Any, Any, None]]) -> BlockWorker:
        """A `BlockWorker` that does `work` on blocks: in a second thread, or at once where there are no threads."""

    def make_store(self) -> Store | None:
        """A store that keeps plaintext until the operation ends. Without a store, the caller decrypts a second time."""

    def begin_digest(self, hash_name: HashName) -> RunningDigest:
        """A running digest. Raises UnsupportedByProvider."""

    async def verify_digest(
        self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, digest: bytes
    ) -> None:
        """Like `verify`, with the digest of the data.

        Raises SignatureMismatch, or UnsupportedByProvider for a scheme that signs the data itself.
        """

    def begin_encryption(self, cipher: ContentCipher, cek: bytes, iv: bytes, *, aad: bytes = b"") -> RunningCipher:
        """Like `encrypt_content`, block by block. Raises ProviderError."""

    def begin_decryption(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, *, aad: bytes = b"", tag: bytes = b""
    ) -> RunningCipher:
        """Like `decrypt_content`, with the tag given at the start.

        Raises DecryptionError, or UnsupportedByProvider for a cipher that cannot be streamed.
        """
