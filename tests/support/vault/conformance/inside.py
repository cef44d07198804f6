"""Functions that run inside the vault's Python for tests. Each gets the browser's provider and some bytes.

This module is in the tests' archive, never in the shipped bundle.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import zipfile
from collections.abc import Callable, Coroutine
from typing import Any, Final

import sealwax_recorder

from smime_core.algorithms import HashName, KeyTransport, SignatureAlgorithm, SignatureScheme, TransportScheme
from smime_core.errors import SmimeError
from smime_core.keys import parse_private_key
from smime_core.provider import CryptoProvider, KeyType, PrivateKey
from tests.support import kdf_answers, operations as ways, stream_exchange
from tests.support.exchange import check_products, make_products
from tools.conformance.run import run_packed

_V15: Final = KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
_OAEP: Final = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA256, mgf_hash=HashName.SHA256)
_RSA_SIGNATURES: Final = (
    SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256),
    SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=HashName.SHA256, salt_length=32),
)
_ROUNDS: Final = 25
_REPEATS: Final = 3  # operations in one measurement, because browsers make their clocks inexact


async def run_cases(provider: CryptoProvider, packed: bytes) -> str:
    """Run packed conformance cases and return their outcomes."""
    return await run_packed(packed, provider)


async def make(provider: CryptoProvider, keys_json: bytes) -> str:
    """Make the products of this provider (see `tests.support.exchange`) with these keys."""
    keys = {name: bytes.fromhex(octets) for name, octets in json.loads(keys_json).items()}
    products = await make_products(provider, keys)
    return json.dumps({what: [octets.hex() for octets in product] for what, product in products.items()})


async def check(provider: CryptoProvider, given_json: bytes) -> str:
    """Check another provider's products with this one. Returns their number."""
    inputs = json.loads(given_json)
    keys = {name: bytes.fromhex(octets) for name, octets in inputs["keys"].items()}
    products = {what: [bytes.fromhex(octets) for octets in product] for what, product in inputs["products"].items()}
    return str(await check_products(provider, keys, products))


async def time_transport(provider: CryptoProvider, given_json: bytes) -> str:
    """The shortest time in milliseconds in which each block was decrypted by RSA v1.5, three times.

    Each round measures every block once. The shortest time counts, because other load on the machine can only add time.
    """
    inputs = json.loads(given_json)
    key = parse_private_key(bytes.fromhex(inputs["key"]))
    blocks = {what: bytes.fromhex(block) for what, block in inputs["blocks"].items()}
    taken: dict[str, list[float]] = {what: [] for what in blocks}
    for _ in range(_ROUNDS):
        for what, block in blocks.items():
            begun = time.perf_counter()
            for _ in range(_REPEATS):
                await provider.transport_decrypt(key, _V15, block, cek_length=32)
            taken[what].append(1000 * (time.perf_counter() - begun))
    return json.dumps({what: min(times) for what, times in taken.items()})


async def find_ways(provider: CryptoProvider, given_json: bytes) -> str:
    """Find the implementation that each operation uses: see `tests.support.operations`."""
    return json.dumps(await ways.find_ways(provider, json.loads(given_json), sealwax_recorder.takeWay))


async def find_cipher_ways(provider: CryptoProvider, given_json: bytes) -> str:
    """As `find_ways`, but only for ciphers."""
    return json.dumps(await ways.find_cipher_ways(provider, json.loads(given_json), sealwax_recorder.takeWay))


async def time_operations(provider: CryptoProvider, given_json: bytes) -> str:
    """Measure the operations that browsers may lack, in milliseconds."""
    return json.dumps(await ways.time_operations(provider, json.loads(given_json)))


async def derive_all(provider: CryptoProvider, _: bytes) -> str:
    """Compute the published test vectors of key derivation."""
    return json.dumps(await kdf_answers.derive_all(provider))


async def derive_all_sizes(provider: CryptoProvider, _: bytes) -> str:
    """Derive keys by PBKDF2 from secrets of all sizes."""
    return json.dumps(await kdf_answers.derive_all_sizes(provider))


async def refuse(provider: CryptoProvider, rules_json: bytes) -> str:
    """Make WebCrypto refuse operations from now on.

    Each rule is {"method": …, "error": …}, optionally with the name of an "algorithm".
    """
    sealwax_recorder.refuse(rules_json.decode())
    return ""


async def use_rsa(provider: CryptoProvider, given_json: bytes) -> str:
    """Sign by RSA v1.5 and PSS, and decrypt "v15" and "oaep", with each of "keys" (PKCS#8).

    Returns the outputs or the errors' codes for each key.
    """
    inputs = json.loads(given_json)
    return json.dumps([await _use_rsa(provider, bytes.fromhex(key), inputs) for key in inputs["keys"]])


async def _use_rsa(provider: CryptoProvider, pkcs8_der: bytes, inputs: dict[str, str]) -> list[str]:
    # `parse_private_key` is not used, because it would refuse a damaged key before the provider gets it.
    key = PrivateKey(pkcs8_der=pkcs8_der, key_type=KeyType.RSA, bits=2048)
    opened = ((_V15, "v15"), (_OAEP, "oaep"))
    works = [
        *(provider.sign(key, algorithm, b"content") for algorithm in _RSA_SIGNATURES),
        *(provider.transport_decrypt(key, how, bytes.fromhex(inputs[name]), cek_length=32) for how, name in opened),
    ]
    outcomes = []
    for work in works:
        try:
            outcomes.append((await work).hex())
        except SmimeError as error:
            outcomes.append(error.code)
    return outcomes


async def import_all(provider: CryptoProvider, _: bytes) -> str:
    """Import all modules of the bundle's archive. Returns Python's version and the modules' names."""
    archive = next(path for path in sys.path if path.endswith("sealwax_python.zip"))
    names = [name.removesuffix(".pyc").removesuffix("/__init__") for name in zipfile.ZipFile(archive).namelist()]
    modules = sorted(name.replace("/", ".") for name in names if name.startswith(("smime_core", "roaming_keys")))
    for module in modules:
        importlib.import_module(module)
    return json.dumps({"python": sys.version.split()[0], "modules": modules})


async def count_calls(provider: CryptoProvider, _: bytes) -> str:
    """The number of calls that this Python remembers, with this one. It is always 1, because each call is rewound."""
    _calls.append("a call")
    return str(len(_calls))


_calls: Final[list[str]] = []

FUNCTIONS: Final[dict[str, Callable[[CryptoProvider, bytes], Coroutine[Any, Any, str]]]] = {
    **{
        function.__name__: function
        for function in (
            *(run_cases, make, check, time_transport, import_all, count_calls),
            *(find_ways, find_cipher_ways, time_operations, refuse, use_rsa, derive_all, derive_all_sizes),
        )
    },
    **stream_exchange.FUNCTIONS,
}
