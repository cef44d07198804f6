"""The rows of the matrix: each one feature of SignedData or of the sealed structures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import (
    AES_128_CBC,
    AES_128_GCM,
    AES_128_WRAP,
    AES_192_CBC,
    AES_192_GCM,
    AES_256_CBC,
    AES_256_CCM,
    AES_256_GCM,
    AES_256_WRAP,
    CHACHA20_POLY1305,
    DES_CBC,
    ECDH_HKDF_SHA256,
    ECDH_HKDF_SHA512,
    ECDH_SHA256,
    ECDH_SHA384,
    KEY_AGREEMENTS,
    RC2_40_CBC,
    RC2_128_CBC,
    TRIPLE_DES_CBC,
    TRIPLE_DES_WRAP,
    ContentCipher,
    HashName,
    KeyAgreement,
    KeyTransport,
    KeyWrap,
    TransportScheme,
)
from smime_core.recipient_info import RSA_V15


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """How something is signed; `signers` are names of `people`."""

    name: str
    signers: tuple[str, ...] = ("rsa",)
    hash_name: HashName = HashName.SHA256
    is_pss: bool = False
    is_detached: bool = False
    has_attributes: bool = True
    by_key_id: bool = False

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """How something is sealed: for the owners of certificates, for a password, for a KEK, or for several of them."""

    name: str
    recipients: tuple[str, ...] = ("rsa",)
    cipher: ContentCipher = AES_256_CBC
    transport: KeyTransport = RSA_V15
    agreement: KeyAgreement = ECDH_SHA256
    wrap: KeyWrap = AES_256_WRAP
    by_key_id: bool = False
    password: str | None = None
    kek: bytes | None = None

    def __str__(self) -> str:
        return self.name


KEK_ID: Final = b"last year's key"
_COFACTOR_ECDH_SHA256: Final = KEY_AGREEMENTS["1.3.132.1.14.1"]
_ECDH_SHA1: Final = KEY_AGREEMENTS["1.3.133.16.840.63.0.2"]
_ECDH_SHA512: Final = KEY_AGREEMENTS["1.3.132.1.11.3"]


def _oaep(hash_name: HashName) -> KeyTransport:
    return KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=hash_name, mgf_hash=hash_name)


SIGNINGS: Final = (
    Signing(name="RSA"),
    Signing(name="RSA, detached", is_detached=True),
    Signing(name="RSA with SHA-384", hash_name=HashName.SHA384),
    Signing(name="RSA with SHA-512", hash_name=HashName.SHA512),
    Signing(name="RSA-PSS", is_pss=True),
    Signing(name="RSA-PSS with SHA-512", is_pss=True, hash_name=HashName.SHA512),
    Signing(name="ECDSA P-256", signers=("p256",)),
    Signing(name="ECDSA P-384", signers=("p384",), hash_name=HashName.SHA384),
    Signing(name="ECDSA P-521", signers=("p521",), hash_name=HashName.SHA512),
    Signing(name="ECDSA brainpoolP256r1", signers=("brainpool",)),
    Signing(name="Ed25519", signers=("ed25519",), hash_name=HashName.SHA512),
    Signing(name="Ed448", signers=("ed448",), hash_name=HashName.SHAKE256),
    Signing(name="two signers", signers=("rsa", "p256")),
    Signing(name="no signed attributes", has_attributes=False),
    Signing(name="no signed attributes, detached", has_attributes=False, is_detached=True),
    Signing(name="signer by key identifier", by_key_id=True),
)

SEALINGS: Final = (
    Sealing(name="AES-128-CBC", cipher=AES_128_CBC),
    Sealing(name="AES-192-CBC", cipher=AES_192_CBC),
    Sealing(name="AES-256-CBC"),
    Sealing(name="AES-128-GCM", cipher=AES_128_GCM),
    Sealing(name="AES-192-GCM", cipher=AES_192_GCM),
    Sealing(name="AES-256-GCM", cipher=AES_256_GCM),
    Sealing(name="ChaCha20-Poly1305", cipher=CHACHA20_POLY1305),
    Sealing(name="OAEP with SHA-1", transport=_oaep(HashName.SHA1)),
    Sealing(name="OAEP with SHA-256", transport=_oaep(HashName.SHA256)),
    Sealing(name="OAEP with SHA-512", transport=_oaep(HashName.SHA512)),
    Sealing(name="ECDH P-256", recipients=("p256",)),
    Sealing(name="ECDH P-384", recipients=("p384",), agreement=ECDH_SHA384),
    Sealing(name="ECDH P-521", recipients=("p521",), agreement=ECDH_SHA384),
    Sealing(name="ECDH brainpoolP256r1", recipients=("brainpool",)),
    Sealing(name="ECDH P-256, AES-256-GCM", recipients=("p256",), cipher=AES_256_GCM),
    Sealing(name="X25519", recipients=("x25519",), agreement=ECDH_HKDF_SHA256),
    Sealing(name="X448", recipients=("x448",), agreement=ECDH_HKDF_SHA512),
    Sealing(name="several recipients", recipients=("rsa", "rsa2", "p256")),
    Sealing(name="two RSA recipients", recipients=("rsa", "rsa2"), cipher=AES_128_CBC),
    Sealing(name="password", recipients=(), password="correct horse battery"),
    Sealing(name="password and certificate", password="correct horse battery"),
    Sealing(name="KEK", recipients=(), kek=bytes(range(32))),
    Sealing(name="KEK and certificate", kek=bytes(range(32))),
)  # fmt: skip

READ_ONLY_SEALINGS: Final = (
    Sealing(name="recipient by key identifier", by_key_id=True),
    Sealing(name="ECDH P-256 with SHA-1 and AES-128 wrap", recipients=("p256",), agreement=_ECDH_SHA1,
            wrap=AES_128_WRAP, cipher=AES_128_CBC),
    Sealing(name="cofactor ECDH P-256", recipients=("p256",), agreement=_COFACTOR_ECDH_SHA256),
    Sealing(name="ECDH P-256 by key identifier", recipients=("p256",), by_key_id=True),
    Sealing(name="ECDH P-521 with SHA-512", recipients=("p521",), agreement=_ECDH_SHA512),
    Sealing(name="AES-256-CCM", cipher=AES_256_CCM),
    Sealing(name="Triple-DES", cipher=TRIPLE_DES_CBC),
    Sealing(name="DES", cipher=DES_CBC),
    Sealing(name="RC2-40", cipher=RC2_40_CBC),
    Sealing(name="RC2-128", cipher=RC2_128_CBC),
    Sealing(name="ECDH P-256, Triple-DES and its wrap", recipients=("p256",), agreement=_ECDH_SHA1,
            wrap=TRIPLE_DES_WRAP, cipher=TRIPLE_DES_CBC),
)  # fmt: skip
"""What the core reads and never makes."""


def has_agreement(row: Sealing) -> bool:
    """Whether the key travels to somebody by key agreement."""
    return any(not name.startswith("rsa") for name in row.recipients)
