"""The rows of the interoperability matrix. Each row is one feature of SignedData or of the encrypted structures."""

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
from smime_core.cms.recipients.recipient_info import RSA_V15


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRow:
    """One way of signing. `signers` are names from `people`."""

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
class EncryptingRow:
    """One way of encrypting: to people's certificates, a password, a KEK, or several of these."""

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
    SigningRow(name="RSA"),
    SigningRow(name="RSA, detached", is_detached=True),
    SigningRow(name="RSA with SHA-384", hash_name=HashName.SHA384),
    SigningRow(name="RSA with SHA-512", hash_name=HashName.SHA512),
    SigningRow(name="RSA-PSS", is_pss=True),
    SigningRow(name="RSA-PSS with SHA-512", is_pss=True, hash_name=HashName.SHA512),
    SigningRow(name="ECDSA P-256", signers=("p256",)),
    SigningRow(name="ECDSA P-384", signers=("p384",), hash_name=HashName.SHA384),
    SigningRow(name="ECDSA P-521", signers=("p521",), hash_name=HashName.SHA512),
    SigningRow(name="ECDSA brainpoolP256r1", signers=("brainpool",)),
    SigningRow(name="Ed25519", signers=("ed25519",), hash_name=HashName.SHA512),
    SigningRow(name="Ed448", signers=("ed448",), hash_name=HashName.SHAKE256),
    SigningRow(name="two signers", signers=("rsa", "p256")),
    SigningRow(name="no signed attributes", has_attributes=False),
    SigningRow(name="no signed attributes, detached", has_attributes=False, is_detached=True),
    SigningRow(name="signer by key identifier", by_key_id=True),
)

ENCRYPTIONS: Final = (
    EncryptingRow(name="AES-128-CBC", cipher=AES_128_CBC),
    EncryptingRow(name="AES-192-CBC", cipher=AES_192_CBC),
    EncryptingRow(name="AES-256-CBC"),
    EncryptingRow(name="AES-128-GCM", cipher=AES_128_GCM),
    EncryptingRow(name="AES-192-GCM", cipher=AES_192_GCM),
    EncryptingRow(name="AES-256-GCM", cipher=AES_256_GCM),
    EncryptingRow(name="ChaCha20-Poly1305", cipher=CHACHA20_POLY1305),
    EncryptingRow(name="OAEP with SHA-1", transport=_oaep(HashName.SHA1)),
    EncryptingRow(name="OAEP with SHA-256", transport=_oaep(HashName.SHA256)),
    EncryptingRow(name="OAEP with SHA-512", transport=_oaep(HashName.SHA512)),
    EncryptingRow(name="ECDH P-256", recipients=("p256",)),
    EncryptingRow(name="ECDH P-384", recipients=("p384",), agreement=ECDH_SHA384),
    EncryptingRow(name="ECDH P-521", recipients=("p521",), agreement=ECDH_SHA384),
    EncryptingRow(name="ECDH brainpoolP256r1", recipients=("brainpool",)),
    EncryptingRow(name="ECDH P-256, AES-256-GCM", recipients=("p256",), cipher=AES_256_GCM),
    EncryptingRow(name="X25519", recipients=("x25519",), agreement=ECDH_HKDF_SHA256),
    EncryptingRow(name="X448", recipients=("x448",), agreement=ECDH_HKDF_SHA512),
    EncryptingRow(name="several recipients", recipients=("rsa", "rsa2", "p256")),
    EncryptingRow(name="two RSA recipients", recipients=("rsa", "rsa2"), cipher=AES_128_CBC),
    EncryptingRow(name="password", recipients=(), password="correct horse battery"),
    EncryptingRow(name="password and certificate", password="correct horse battery"),
    EncryptingRow(name="KEK", recipients=(), kek=bytes(range(32))),
    EncryptingRow(name="KEK and certificate", kek=bytes(range(32))),
)  # fmt: skip

READ_ONLY_ENCRYPTIONS: Final = (
    EncryptingRow(name="recipient by key identifier", by_key_id=True),
    EncryptingRow(name="ECDH P-256 with SHA-1 and AES-128 wrap", recipients=("p256",), agreement=_ECDH_SHA1,
            wrap=AES_128_WRAP, cipher=AES_128_CBC),
    EncryptingRow(name="cofactor ECDH P-256", recipients=("p256",), agreement=_COFACTOR_ECDH_SHA256),
    EncryptingRow(name="ECDH P-256 by key identifier", recipients=("p256",), by_key_id=True),
    EncryptingRow(name="ECDH P-521 with SHA-512", recipients=("p521",), agreement=_ECDH_SHA512),
    EncryptingRow(name="AES-256-CCM", cipher=AES_256_CCM),
    EncryptingRow(name="Triple-DES", cipher=TRIPLE_DES_CBC),
    EncryptingRow(name="DES", cipher=DES_CBC),
    EncryptingRow(name="RC2-40", cipher=RC2_40_CBC),
    EncryptingRow(name="RC2-128", cipher=RC2_128_CBC),
    EncryptingRow(name="ECDH P-256, Triple-DES and its wrap", recipients=("p256",), agreement=_ECDH_SHA1,
            wrap=TRIPLE_DES_WRAP, cipher=TRIPLE_DES_CBC),
)  # fmt: skip
"""The rows that the core reads and never makes."""


def has_agreement(row: EncryptingRow) -> bool:
    """Whether at least one recipient gets the content key by key agreement."""
    return any(not name.startswith("rsa") for name in row.recipients)
