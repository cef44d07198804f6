"""Products that one crypto provider makes and another one reads, natively or inside a browser.

This module names no provider and imports nothing native, so that it also runs in the vault. A product is a list of byte
strings; its name says how it was made.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Final

from smime_core.algorithms import (
    CONTENT_CIPHERS,
    PURE_SCHEME_HASHES,
    Argon2id,
    ContentCipher,
    HashName,
    Hkdf,
    Kdf,
    KeyTransport,
    Pbkdf2,
    Scrypt,
    SignatureAlgorithm,
    SignatureScheme,
    TransportScheme,
)
from smime_core.keys import parse_private_key, public_key_of
from smime_core.provider import CryptoProvider, KeyType, NewKey, PrivateKey

Products = dict[str, list[bytes]]
Keys = dict[str, bytes]
"""Private keys in PKCS#8, by a readable name."""

CONTENT: Final = "Grüße aus Köln, signed and encrypted. ".encode() * 40
_CEK: Final = bytes(range(32))
_SIZES: Final = (0, 1, 16, len(CONTENT))
_SECRET: Final = b"correct horse"
_SIGNED_HASHES: Final = [name for name in HashName if not name.startswith("shake")]
_ECDSA_HASHES: Final = [name for name in _SIGNED_HASHES if name is not HashName.MD5]
_PURE: Final = {
    KeyType(scheme): SignatureAlgorithm(scheme=scheme, hash_name=PURE_SCHEME_HASHES[scheme])
    for scheme in PURE_SCHEME_HASHES
}
_CIPHERS: Final = [cipher for cipher in CONTENT_CIPHERS.values() if not cipher.is_weak]
_TRANSPORTS: Final = [
    KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15),
    *(
        KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=name, mgf_hash=mask)
        for name in (HashName.SHA1, HashName.SHA224, HashName.SHA256, HashName.SHA512)
        for mask in (HashName.SHA1, HashName.SHA256)
    ),
]
_KDFS: Final[list[Kdf]] = [
    *(
        Pbkdf2(hash_name=name, salt=b"salt" * 4, iterations=5)
        for name in (HashName.SHA1, HashName.SHA256, HashName.SHA512)
    ),
    *(Hkdf(hash_name=name, salt=b"salt", info=b"info") for name in (HashName.SHA256, HashName.SHA384, HashName.SHA512)),
    Argon2id(salt=b"salt" * 4, memory_kib=64, passes=2, lanes=2),
    Scrypt(salt=b"salt", cost=16, block_size=8, parallelisation=2),
]
_KEK_LENGTHS: Final = (16, 24, 32)


async def make_products(provider: CryptoProvider, keys: Keys) -> Products:
    """Make one product of each kind with this provider."""
    products = await _fixed_products(provider)
    for name, pkcs8_der in keys.items():
        key = parse_private_key(pkcs8_der)
        async for what, product in _key_products(provider, key):
            products[f"{name}: {what}"] = product
    for kind in NewKey:
        # One size of RSA is enough, because generating RSA keys takes longest.
        if kind is not NewKey.RSA_3072:
            products[f"generated {kind}"] = [(await provider.generate_key(kind)).pkcs8_der]
    return products


async def check_products(provider: CryptoProvider, keys: Keys, products: Products) -> int:
    """Read the products of another provider. Returns their number. Raises AssertionError or an error of the core."""
    for what, product in (await _fixed_products(provider)).items():
        assert products[what] == product, what
    await _check_encrypted(provider, products)
    for name, pkcs8_der in keys.items():
        key = parse_private_key(pkcs8_der)
        for what, product in products.items():
            if what.startswith(f"{name}: "):
                await _check_key_product(provider, key, what.removeprefix(f"{name}: "), product)
    for what, product in products.items():
        if what.startswith("generated"):
            await _check_generated(provider, product[0])
    return len(products)


async def _fixed_products(provider: CryptoProvider) -> Products:
    # The products without randomness: all providers must make the same.
    products: Products = {}
    for cipher, size in itertools.product(_CIPHERS, _SIZES):
        key_octets, iv, aad = _cipher_inputs(cipher)
        encrypted = await provider.encrypt_content(cipher, key_octets, iv, CONTENT[:size], aad=aad)
        products[f"{cipher.name} of {size} bytes"] = [encrypted]
    for length in _KEK_LENGTHS:
        products[f"wrap under {length} bytes"] = [await provider.wrap_key(bytes(range(length)), _CEK)]
    for kdf in _KDFS:
        products[f"derived by {kdf}"] = [await provider.derive_key(kdf, _SECRET, 40)]
    for hash_name in HashName:
        products[f"digest {hash_name}"] = [await provider.digest(hash_name, CONTENT)]
    return products


async def _check_encrypted(provider: CryptoProvider, products: Products) -> None:
    for cipher, size in itertools.product(_CIPHERS, _SIZES):
        key_octets, iv, aad = _cipher_inputs(cipher)
        (encrypted,) = products[f"{cipher.name} of {size} bytes"]
        assert await provider.decrypt_content(cipher, key_octets, iv, encrypted, aad=aad) == CONTENT[:size]
    for length in _KEK_LENGTHS:
        (wrapped,) = products[f"wrap under {length} bytes"]
        assert await provider.unwrap_key(bytes(range(length)), wrapped) == _CEK


def _cipher_inputs(cipher: ContentCipher) -> tuple[bytes, bytes, bytes]:
    aad = b"associated data" if cipher.is_authenticated else b""
    return bytes(range(cipher.key_length)), bytes(range(cipher.iv_length)), aad


async def _key_products(provider: CryptoProvider, key: PrivateKey) -> AsyncIterator[tuple[str, list[bytes]]]:
    public = public_key_of(key)
    for algorithm in signature_algorithms(key):
        yield f"{algorithm.label}", [await provider.sign(key, algorithm, CONTENT)]
    if key.key_type is KeyType.RSA:
        for transport in _TRANSPORTS:
            yield f"{transport}", [await provider.transport_encrypt(public, transport, _CEK)]
    if key.agrees:
        yield "agreed", list(await provider.agree_ephemeral(public))
    if key.key_type.is_kem:
        yield "encapsulated", list(await provider.encapsulate(public))


async def _check_key_product(provider: CryptoProvider, key: PrivateKey, what: str, product: list[bytes]) -> None:
    for algorithm in signature_algorithms(key):
        if what == algorithm.label:
            await provider.verify(public_key_of(key), algorithm, product[0], CONTENT)
    for transport in _TRANSPORTS:
        if what == str(transport):
            opened = await provider.transport_decrypt(key, transport, product[0], cek_length=32)
            assert opened == _CEK, what
    if what == "agreed":
        assert await provider.agree(key, product[0]) == product[1]
    if what == "encapsulated":
        assert await provider.decapsulate(key, product[0]) == product[1]


async def _check_generated(provider: CryptoProvider, pkcs8_der: bytes) -> None:
    key = parse_private_key(pkcs8_der)
    async for what, product in _key_products(provider, key):
        await _check_key_product(provider, key, what, product)


def signature_algorithms(key: PrivateKey) -> list[SignatureAlgorithm]:
    """All signature algorithms for a key. RSA-PSS only with a salt of 32 bytes."""
    if key.key_type in _PURE:
        return [_PURE[key.key_type]]
    if key.key_type is KeyType.EC:
        return [SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=name) for name in _ECDSA_HASHES]
    if key.key_type is not KeyType.RSA:
        return []
    return [
        SignatureAlgorithm(scheme=scheme, hash_name=name, salt_length=32 if scheme is SignatureScheme.RSA_PSS else 0)
        for scheme in (SignatureScheme.RSA_PKCS1_V15, SignatureScheme.RSA_PSS)
        for name in _SIGNED_HASHES
    ]
