"""Tasks for single algorithms, which call the provider directly: the tests of Project Wycheproof."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import (
    CONTENT_CIPHERS,
    CipherMode,
    ContentCipher,
    HashName,
    Hkdf,
    KeyTransport,
    Pbkdf2,
    SignatureAlgorithm,
    SignatureScheme,
    TransportScheme,
)
from smime_core.errors import SmimeError, UnsupportedAlgorithm, UnsupportedByProvider
from smime_core.keys import parse_private_key, parse_public_key, public_point
from smime_core.provider import CryptoProvider
from tools.conformance.case import Disproved, task

ACCEPTABLE: Final = "acceptable"
"""Either answer will do."""


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfScope:
    """A claim about an operation that the core lacks, so that nothing can be run. Its case has the reason in `skip`."""

    async def run(self, provider: CryptoProvider) -> int:
        raise UnsupportedByProvider("conformance", "the core has no such operation")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The result that the set expects of one test: "valid", "invalid" or "acceptable"."""

    result: str

    async def holds(self, provider: CryptoProvider) -> bool:
        """Whether the computed answer is that of a valid test. Raises SmimeError if the input is refused."""
        raise NotImplementedError

    async def run(self, provider: CryptoProvider) -> int:
        try:
            holds = await self.holds(provider)
        except (UnsupportedAlgorithm, UnsupportedByProvider):
            if self.result == "valid":
                raise
            holds = False
        except SmimeError:
            holds = False
        if self.result != ACCEPTABLE and holds != (self.result == "valid"):
            raise Disproved(f"{'accepted' if holds else 'refused'}, expected {self.result}")
        return 1


@task
@dataclass(frozen=True, kw_only=True)
class VerifyRaw(Answer):
    """A signature over bytes. `salt_length` is the PSS salt's, in bytes. `mgf_hash` is MGF1's hash if it differs."""

    spki: bytes
    scheme: str
    hash_name: str
    salt_length: int = 0
    mgf_hash: str = ""
    signature: bytes
    content: bytes

    async def holds(self, provider: CryptoProvider) -> bool:
        algorithm = SignatureAlgorithm(
            scheme=SignatureScheme(self.scheme),
            hash_name=HashName(self.hash_name),
            salt_length=self.salt_length,
            mgf_hash=HashName(self.mgf_hash) if self.mgf_hash else None,
        )
        await provider.verify(parse_public_key(self.spki), algorithm, self.signature, self.content)
        return True


@task
@dataclass(frozen=True, kw_only=True)
class SignRaw(Answer):
    """A signature that the core makes again: RSASSA-PKCS1-v1_5 has only one signature for a key and a content."""

    pkcs8: bytes
    hash_name: str
    signature: bytes
    content: bytes

    async def holds(self, provider: CryptoProvider) -> bool:
        algorithm = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName(self.hash_name))
        return await provider.sign(parse_private_key(self.pkcs8), algorithm, self.content) == self.signature


@task
@dataclass(frozen=True, kw_only=True)
class Transport(Answer):
    """An RSA-encrypted key; `hash_name` is empty for RSAES-PKCS1-v1_5. `p_source` is the label of OAEP."""

    pkcs8: bytes
    hash_name: str = ""
    mgf_hash: str = ""
    p_source: bytes = b""
    cek: bytes
    ciphertext: bytes

    async def holds(self, provider: CryptoProvider) -> bool:
        algorithm = KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
        if self.hash_name:
            algorithm = KeyTransport(
                scheme=TransportScheme.RSA_OAEP,
                hash_name=HashName(self.hash_name),
                mgf_hash=HashName(self.mgf_hash),
                p_source=self.p_source,
            )
        key = parse_private_key(self.pkcs8)
        cek = await provider.transport_decrypt(key, algorithm, self.ciphertext, cek_length=len(self.cek))
        # A damaged RSA v1.5 block gives a random CEK of the expected length (RFC 3218). For an expected length of zero,
        # the CEK is always equal to the expected CEK, which proves nothing.
        return cek == self.cek and bool(self.cek or self.hash_name or self.result == "valid")


@task
@dataclass(frozen=True, kw_only=True)
class Cipher(Answer):
    """Content encryption; the tag is at the end of `ciphertext`."""

    mode: str
    bits: int
    key: bytes
    iv: bytes
    aad: bytes = b""
    content: bytes
    ciphertext: bytes

    async def holds(self, provider: CryptoProvider) -> bool:
        cipher = find_cipher(CipherMode(self.mode), self.bits)
        content = await provider.decrypt_content(cipher, self.key, self.iv, self.ciphertext, aad=self.aad)
        if content != self.content or self.result != "valid" or cipher.mode is CipherMode.CCM:
            return content == self.content
        return await provider.encrypt_content(cipher, self.key, self.iv, content, aad=self.aad) == self.ciphertext


@task
@dataclass(frozen=True, kw_only=True)
class Unwrap(Answer):
    """A key wrapped by AES key wrap (RFC 3394). A valid wrapped key is also made again."""

    kek: bytes
    cek: bytes
    wrapped: bytes

    async def holds(self, provider: CryptoProvider) -> bool:
        cek = await provider.unwrap_key(self.kek, self.wrapped)
        if cek != self.cek or self.result != "valid":
            return cek == self.cek
        return await provider.wrap_key(self.kek, cek) == self.wrapped


@task
@dataclass(frozen=True, kw_only=True)
class Agree(Answer):
    """The shared secret of a private key (PKCS#8) and a public key (SubjectPublicKeyInfo)."""

    pkcs8: bytes
    spki: bytes
    secret: bytes

    async def holds(self, provider: CryptoProvider) -> bool:
        private, public = parse_private_key(self.pkcs8), parse_public_key(self.spki)
        if (private.key_type, private.curve) != (public.key_type, public.curve):
            return False
        return await provider.agree(private, public_point(public)) == self.secret


@task
@dataclass(frozen=True, kw_only=True)
class Derive(Answer):
    """A key derived by PBKDF2 if `iterations` is given, else by HKDF."""

    hash_name: str
    secret: bytes
    salt: bytes
    info: bytes = b""
    iterations: int = 0
    length: int
    derived: bytes

    async def holds(self, provider: CryptoProvider) -> bool:
        name = HashName(self.hash_name)
        if self.iterations:
            kdf: Pbkdf2 | Hkdf = Pbkdf2(hash_name=name, salt=self.salt, iterations=self.iterations)
        else:
            kdf = Hkdf(hash_name=name, salt=self.salt, info=self.info)
        return await provider.derive_key(kdf, self.secret, self.length) == self.derived


@task
@dataclass(frozen=True, kw_only=True)
class Pbes2(Answer):
    """A content encrypted by PBES2 (RFC 8018 section 6.2) with PBKDF2 and AES-CBC."""

    hash_name: str
    bits: int
    password: bytes
    salt: bytes
    iterations: int
    iv: bytes
    content: bytes
    ciphertext: bytes

    async def holds(self, provider: CryptoProvider) -> bool:
        kdf = Pbkdf2(hash_name=HashName(self.hash_name), salt=self.salt, iterations=self.iterations)
        key = await provider.derive_key(kdf, self.password, self.bits // 8)
        cipher = find_cipher(CipherMode.CBC, self.bits)
        return await provider.decrypt_content(cipher, key, self.iv, self.ciphertext) == self.content


@task
@dataclass(frozen=True, kw_only=True)
class Mac(Answer):
    """An HMAC, which the core takes from Python's standard library, in browsers too. The tag may be truncated."""

    hash_name: str
    key: bytes
    content: bytes
    tag: bytes

    async def holds(self, provider: CryptoProvider) -> bool:
        computed = hmac.digest(self.key, self.content, self.hash_name)
        return hmac.compare_digest(computed[: len(self.tag)], self.tag)


@task
@dataclass(frozen=True, kw_only=True)
class KemSecret(Answer):
    """A KEM ciphertext under a private key (PKCS#8)."""

    pkcs8: bytes
    ciphertext: bytes
    secret: bytes

    async def holds(self, provider: CryptoProvider) -> bool:
        return await provider.decapsulate(parse_private_key(self.pkcs8), self.ciphertext) == self.secret


def find_cipher(mode: CipherMode, bits: int) -> ContentCipher:
    """The strong cipher of a mode and key size: AES, or ChaCha20 for the mode `chacha20-poly1305`."""
    return next(
        cipher
        for cipher in CONTENT_CIPHERS.values()
        if cipher.mode is mode and cipher.key_length == bits // 8 and not cipher.is_weak
    )
