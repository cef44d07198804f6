"""Does each operation of a provider once with each algorithm, to find the implementation that the provider uses.

This module imports nothing native, so that it also runs in the vault. Inputs that cannot be made there are arguments.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from smime_core.algorithms import (
    AES_192_CBC,
    AES_192_GCM,
    CHACHA20_POLY1305,
    CONTENT_CIPHERS,
    DES_CBC,
    RC2_40_CBC,
    RC2_64_CBC,
    RC2_128_CBC,
    TRIPLE_DES_CBC,
    Argon2id,
    CipherMode,
    ContentCipher,
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
    hash_label,
)
from smime_core.keys import (
    ML_DSA_PARAMETERS,
    parse_private_key,
    parse_public_key,
    public_key_of,
    read_lattice_private,
)
from smime_core.provider import CryptoProvider, KeyType, NewKey, PrivateKey
from tests.support.exchange import signature_algorithms

Ways = dict[str, dict[str, str]]
"""The implementation ("way") that was used, by algorithm and variant ("" for an algorithm without variants)."""

OLD_CIPHERS: Final = (TRIPLE_DES_CBC, DES_CBC, RC2_40_CBC, RC2_64_CBC, RC2_128_CBC)
_T = TypeVar("_T")
_CONTENT: Final = b"content of a mail" * 9
_BULK: Final = bytes(200_000)  # more than 128 KiB, because another implementation may hash such content
_CEK: Final = bytes(range(32))
_SCHEMES: Final = {
    SignatureScheme.RSA_PKCS1_V15: "RSASSA-PKCS1-v1_5",
    SignatureScheme.RSA_PSS: "RSASSA-PSS",
}
_KDFS: Final[dict[str, Kdf]] = {
    "PBKDF2": Pbkdf2(hash_name=HashName.SHA256, salt=b"salt" * 4, iterations=5),
    "PKCS#12": RepeatedHash(hash_name=HashName.SHA256, iterations=5),
    "HKDF": Hkdf(hash_name=HashName.SHA256, salt=b"salt", info=b""),
    "Argon2id": Argon2id(salt=b"salt" * 4, memory_kib=64, passes=1, lanes=1),
    "scrypt": Scrypt(salt=b"salt", cost=16, block_size=8, parallelisation=1),
}


# Parameters that are recommended and used today.
_STRONG_KDFS: Final[dict[str, Kdf]] = {
    "PBKDF2, SHA-256, 600,000 iterations": Pbkdf2(hash_name=HashName.SHA256, salt=b"salt" * 4, iterations=600_000),
    "PBKDF2, SHA-512, 210,000 iterations": Pbkdf2(hash_name=HashName.SHA512, salt=b"salt" * 4, iterations=210_000),
    "Argon2id, 64 MiB, 3 passes, 4 lanes": Argon2id(salt=b"salt" * 4, memory_kib=65_536, passes=3, lanes=4),
    "scrypt, 128 MiB": Scrypt(salt=b"salt", cost=131_072, block_size=8, parallelisation=1),
}
_PIECE: Final = bytes(250_000)
_PIECES: Final = 4  # the number of pieces in a megabyte


class Recorder:
    """Notes the way of each operation. `take_way` returns the way of the operations since its last call."""

    def __init__(self, take_way: Callable[[], str]) -> None:
        self._take_way = take_way
        self._taken: dict[tuple[str, str], dict[str, str]] = {}

    async def note(self, algorithm: str, variant: str, deed: str, work: Awaitable[_T]) -> _T:
        """Await the work, note its way, and return its result. `deed` names the operation, such as "sign"."""
        self._take_way()
        outcome = await work
        self._taken.setdefault((algorithm, variant), {})[deed] = self._take_way()
        return outcome

    @property
    def ways(self) -> Ways:
        """The way of each algorithm. If its operations took different ways, the way of each operation."""
        table: Ways = {}
        for (algorithm, variant), deeds in self._taken.items():
            ways = set(deeds.values())
            summary = ways.pop() if len(ways) == 1 else "; ".join(f"{deed}: {way}" for deed, way in deeds.items())
            table.setdefault(algorithm, {})[variant] = summary
        return table


async def find_ways(provider: CryptoProvider, given: dict[str, Any], take_way: Callable[[], str]) -> Ways:
    """Find the ways of all operations of the Protocol CryptoProvider. Raises AssertionError for a wrong result.

    `given` has, in hexadecimal: "keys": private keys in PKCS#8; "dsa": a public key, a signature and its content;
    "encrypted": content encrypted with each old cipher, under a key and an IV of zeros.
    """
    recorder = Recorder(take_way)
    for pkcs8 in given["keys"]:
        await _use_key(provider, recorder, parse_private_key(bytes.fromhex(pkcs8)))
    await _use_dsa(provider, recorder, *map(bytes.fromhex, given["dsa"]))
    await _use_ciphers(provider, recorder, given["encrypted"])
    for hash_name in HashName:
        await recorder.note("digest", hash_label(hash_name), "digest", provider.digest(hash_name, _CONTENT))
        bulk = provider.digest(hash_name, _BULK)
        await recorder.note("digest from 128 KiB on", hash_label(hash_name), "digest", bulk)
    for name, kdf in _KDFS.items():
        await recorder.note("key derivation", name, "derive", provider.derive_key(kdf, b"secret", 32))
    for kind in NewKey:
        # One size of RSA is enough, because generating RSA keys takes longest.
        if kind is not NewKey.RSA_3072:
            await recorder.note("new key", _label(kind), "make", provider.generate_key(kind))
    return recorder.ways


async def find_cipher_ways(provider: CryptoProvider, given: dict[str, Any], take_way: Callable[[], str]) -> Ways:
    """As `find_ways`, but only for content ciphers and AES key wrap. Uses only "encrypted" of `given`."""
    recorder = Recorder(take_way)
    await _use_ciphers(provider, recorder, given["encrypted"])
    return recorder.ways


async def time_operations(provider: CryptoProvider, given: dict[str, Any]) -> dict[str, float]:
    """The shortest time in milliseconds of each operation that a browser may lack. Uses only "keys" of `given`.

    Ciphers are measured for one megabyte.
    """
    times: dict[str, float] = {}
    for pkcs8 in given["keys"]:
        key = parse_private_key(bytes.fromhex(pkcs8))
        public, name = public_key_of(key), key.curve or _label(key.key_type)
        if key.key_type is KeyType.RSA:
            transport = _transports()[0]
            encrypted = await provider.transport_encrypt(public, transport, _CEK)
            decrypting = functools.partial(provider.transport_decrypt, key, transport, encrypted, cek_length=32)
            times[f"{name} {key.bits}, RSAES-PKCS1-v1_5 decrypt"] = await _least_milliseconds(decrypting)
        algorithms = signature_algorithms(key) if key.key_type is not KeyType.RSA else []
        for algorithm in algorithms[:1]:
            signing = functools.partial(provider.sign, key, algorithm, _CONTENT)
            times[f"{name} sign"] = await _least_milliseconds(signing)
            verifying = functools.partial(provider.verify, public, algorithm, await signing(), _CONTENT)
            times[f"{name} verify"] = await _least_milliseconds(verifying)
        if key.agrees:
            point, _ = await provider.agree_ephemeral(public)
            times[f"{name} agree"] = await _least_milliseconds(functools.partial(provider.agree, key, point))
        if key.key_type.is_kem:
            ciphertext, _ = await provider.encapsulate(public)
            encapsulating = functools.partial(provider.encapsulate, public)
            times[f"{name} encapsulate"] = await _least_milliseconds(encapsulating)
            decapsulating = functools.partial(provider.decapsulate, key, ciphertext)
            times[f"{name} decapsulate"] = await _least_milliseconds(decapsulating)
    for cipher in (AES_192_CBC, AES_192_GCM, CHACHA20_POLY1305):
        ends = bytes(cipher.key_length), bytes(cipher.iv_length)
        encrypted = await provider.encrypt_content(cipher, *ends, _PIECE)
        opening = functools.partial(provider.decrypt_content, cipher, *ends, encrypted)
        times[f"{cipher.name}, 1 MB"] = _PIECES * await _least_milliseconds(opening)
    for cipher in (TRIPLE_DES_CBC, DES_CBC, RC2_40_CBC, RC2_128_CBC):
        ends = bytes(cipher.key_length), bytes(cipher.iv_length)
        opening = functools.partial(provider.decrypt_blocks, cipher, *ends, _PIECE)
        times[f"{cipher.name}, 1 MB"] = _PIECES * await _least_milliseconds(opening)
    for name, kdf in _STRONG_KDFS.items():
        times[name] = await _least_milliseconds(functools.partial(provider.derive_key, kdf, b"secret", 32), rounds=3)
    return times


async def _least_milliseconds(work: Callable[[], Awaitable[object]], rounds: int = 20) -> float:
    # The shortest time of all rounds, because other load on the machine can only add time.
    least = math.inf
    for _ in range(rounds):
        begun = time.perf_counter()
        await work()
        least = min(least, 1000 * (time.perf_counter() - begun))
    return least


async def _use_ciphers(provider: CryptoProvider, recorder: Recorder, old: list[str]) -> None:
    for cipher in dict.fromkeys(CONTENT_CIPHERS.values()):
        if not cipher.is_weak:
            await _use_cipher(provider, recorder, cipher)
    for cipher, encrypted in zip(OLD_CIPHERS, old, strict=True):
        await _use_old_cipher(provider, recorder, cipher, bytes.fromhex(encrypted))
    for bits in (128, 192, 256):
        kek, algorithm = bytes(bits // 8), f"AES-{bits}"
        wrapped = await recorder.note(algorithm, "key wrap", "wrap", provider.wrap_key(kek, _CEK))
        assert await recorder.note(algorithm, "key wrap", "unwrap", provider.unwrap_key(kek, wrapped)) == _CEK


async def _use_key(provider: CryptoProvider, recorder: Recorder, key: PrivateKey) -> None:
    public = public_key_of(key)
    for algorithm in signature_algorithms(key):
        row = _signature_row(key, algorithm)
        signature = await recorder.note(*row, "sign", provider.sign(key, algorithm, _CONTENT))
        await recorder.note(*row, "verify", provider.verify(public, algorithm, signature, _CONTENT))
    if key.key_type is KeyType.RSA:
        for transport in _transports():
            row = _transport_row(key, transport)
            encrypted = await recorder.note(*row, "encrypt", provider.transport_encrypt(public, transport, _CEK))
            opened = provider.transport_decrypt(key, transport, encrypted, cek_length=32)
            assert await recorder.note(*row, "decrypt", opened) == _CEK
    if key.agrees:
        row = ("ECDH", key.curve) if key.curve else (_label(key.key_type), "")
        point, secret = await recorder.note(*row, "agree with an ephemeral key", provider.agree_ephemeral(public))
        assert await recorder.note(*row, "agree", provider.agree(key, point)) == secret
    if key.key_type.is_kem:
        row = (_lattice_name(key), "")
        ciphertext, secret = await recorder.note(*row, "encapsulate", provider.encapsulate(public))
        assert await recorder.note(*row, "decapsulate", provider.decapsulate(key, ciphertext)) == secret


async def _use_dsa(
    provider: CryptoProvider, recorder: Recorder, spki_der: bytes, signature: bytes, content: bytes
) -> None:
    algorithm = SignatureAlgorithm(scheme=SignatureScheme.DSA, hash_name=HashName.SHA256)
    verified = provider.verify(parse_public_key(spki_der), algorithm, signature, content)
    await recorder.note("DSA (only verified)", "", "verify", verified)


async def _use_cipher(provider: CryptoProvider, recorder: Recorder, cipher: ContentCipher) -> None:
    key, iv = bytes(cipher.key_length), bytes(cipher.iv_length)
    name, _, mode = (
        cipher.name.rpartition("-") if cipher.mode is not CipherMode.CHACHA20_POLY1305 else (cipher.name, "", "")
    )
    encrypted = await recorder.note(name, mode, "encrypt", provider.encrypt_content(cipher, key, iv, _CONTENT))
    assert await recorder.note(name, mode, "decrypt", provider.decrypt_content(cipher, key, iv, encrypted)) == _CONTENT
    if cipher.mode is CipherMode.CBC:
        blocks = provider.decrypt_blocks(cipher, key, iv, encrypted[:32])
        assert await recorder.note(name, mode, "decrypt blocks", blocks) == _CONTENT[:32]


async def _use_old_cipher(
    provider: CryptoProvider, recorder: Recorder, cipher: ContentCipher, encrypted: bytes
) -> None:
    row, key, iv = ("old ciphers (only decrypted)", cipher.name), bytes(cipher.key_length), bytes(cipher.iv_length)
    opened = await recorder.note(*row, "decrypt", provider.decrypt_content(cipher, key, iv, encrypted))
    blocks = await recorder.note(*row, "decrypt blocks", provider.decrypt_blocks(cipher, key, iv, encrypted))
    assert len(opened) == len(encrypted) - cipher.iv_length
    assert blocks.startswith(opened)


def _signature_row(key: PrivateKey, algorithm: SignatureAlgorithm) -> tuple[str, str]:
    label = hash_label(algorithm.hash_name)
    if key.curve is not None:
        return f"ECDSA on {key.curve}", label
    if key.key_type is KeyType.RSA:
        return f"{_SCHEMES[algorithm.scheme]}{_odd(key)}", label
    return _lattice_name(key) if key.key_type in ML_DSA_PARAMETERS else _label(key.key_type), ""


def _transport_row(key: PrivateKey, transport: KeyTransport) -> tuple[str, str]:
    if transport.scheme is TransportScheme.RSA_PKCS1_V15:
        return f"RSAES-PKCS1-v1_5{_odd(key)}", ""
    is_one_hash = transport.hash_name is transport.mgf_hash
    return f"RSAES-OAEP{_odd(key)}", hash_label(transport.hash_name) if is_one_hash else "two hashes"


def _transports() -> list[KeyTransport]:
    hashes = [name for name in HashName if not name.startswith("shake") and name is not HashName.MD5]
    return [
        KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15),
        *(KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=name, mgf_hash=name) for name in hashes),
        KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA256, mgf_hash=HashName.SHA1),
    ]


def _odd(key: PrivateKey) -> str:
    return " of an odd size" if key.bits % 8 else ""


def _label(kind: KeyType | NewKey) -> str:
    return kind.capitalize() if kind.startswith("ed") else kind.upper()


def _lattice_name(key: PrivateKey) -> str:
    return _label(key.key_type) + ("" if read_lattice_private(key).seed is not None else " without its seed")
