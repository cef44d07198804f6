"""A WebCrypto with few algorithms, for tests that run the browser's provider outside of a browser."""

from __future__ import annotations

from typing import Any

from smime_core.algorithms import Argon2id, Scrypt
from smime_core.blocking import run
from smime_core.provider import NewKey
from tests.support.exchanged_keys import NATIVE
from tests.support.node_ciphers import FUNCTIONS, call_node


class Octets(bytes):
    """Bytes with the method `to_bytes` that JavaScript buffers have in Pyodide."""

    def to_bytes(self) -> bytes:
        return bytes(self)


class PoorDoor:
    """The functions that the provider calls in a browser with only AES of 128 and 256 bits.

    Besides these there are only the vault's own ciphers and PBKDF2, the KDFs of hash-wasm, and the generation of keys.
    """

    def __getattr__(self, function: str) -> Any:
        if function not in FUNCTIONS:
            return lambda *_: "NotSupportedError"

        def call(*args: object) -> Octets | str:
            outcome = call_node(function, *args)
            return outcome if isinstance(outcome, str) else Octets(outcome)

        return call

    def argon2id(self, secret: bytes, salt: bytes, memory: int, passes: int, lanes: int, length: int) -> Octets:
        kdf = Argon2id(salt=salt, memory_kib=memory, passes=passes, lanes=lanes)
        return Octets(run(NATIVE.derive_key(kdf, secret, length)))

    def scrypt(self, secret: bytes, salt: bytes, cost: int, block_size: int, lanes: int, length: int) -> Octets:
        kdf = Scrypt(salt=salt, cost=cost, block_size=block_size, parallelisation=lanes)
        return Octets(run(NATIVE.derive_key(kdf, secret, length)))

    def generateKey(self, algorithm: str, usage: str) -> Octets:  # named as in JavaScript
        kinds = {"2048": NewKey.RSA_2048, "P-256": NewKey.P256, "P-384": NewKey.P384, "P-521": NewKey.P521}
        (kind,) = [kind for word, kind in kinds.items() if word in algorithm]
        return Octets(run(NATIVE.generate_key(kind)).pkcs8_der)
