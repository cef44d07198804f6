"""What runs inside the vault's Python for the tests: each function takes the browser's provider and some octets.

It stands in the tests' archive, never in the bundle.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import zipfile
from collections.abc import Callable, Coroutine
from typing import Any, Final

from smime_core.algorithms import KeyTransport, TransportScheme
from smime_core.keys import parse_private_key
from smime_core.provider import CryptoProvider
from tests.conformance.run import run_packed
from tests.unit import stream_exchange
from tests.unit.exchange import check_products, make_products

_V15: Final = KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
_ROUNDS: Final = 25
_REPEATS: Final = 3  # in one measurement, because browsers blur their clocks


async def run_cases(provider: CryptoProvider, packed: bytes) -> str:
    """The outcomes of packed conformance cases."""
    return await run_packed(packed, provider)


async def make(provider: CryptoProvider, keys_json: bytes) -> str:
    """What this provider makes with these keys."""
    keys = {name: bytes.fromhex(octets) for name, octets in json.loads(keys_json).items()}
    products = await make_products(provider, keys)
    return json.dumps({what: [octets.hex() for octets in product] for what, product in products.items()})


async def check(provider: CryptoProvider, given_json: bytes) -> str:
    """How many of another provider's products this one reads."""
    given = json.loads(given_json)
    keys = {name: bytes.fromhex(octets) for name, octets in given["keys"].items()}
    products = {what: [bytes.fromhex(octets) for octets in product] for what, product in given["products"].items()}
    return str(await check_products(provider, keys, products))


async def time_transport(provider: CryptoProvider, given_json: bytes) -> str:
    """The least milliseconds of RSA v1.5 for each of the encrypted keys, taken in turns: noise only ever adds."""
    given = json.loads(given_json)
    key = parse_private_key(bytes.fromhex(given["key"]))
    blocks = {what: bytes.fromhex(block) for what, block in given["blocks"].items()}
    taken: dict[str, list[float]] = {what: [] for what in blocks}
    for _ in range(_ROUNDS):
        for what, block in blocks.items():
            begun = time.perf_counter()
            for _ in range(_REPEATS):
                await provider.transport_decrypt(key, _V15, block, cek_length=32)
            taken[what].append(1000 * (time.perf_counter() - begun))
    return json.dumps({what: min(times) for what, times in taken.items()})


async def import_all(provider: CryptoProvider, _: bytes) -> str:
    """The modules of the bundle's archive, each imported."""
    archive = next(path for path in sys.path if path.endswith("sealwax_python.zip"))
    names = [name.removesuffix(".py").removesuffix("/__init__") for name in zipfile.ZipFile(archive).namelist()]
    modules = sorted(name.replace("/", ".") for name in names if name.startswith(("smime_core", "roaming_keys")))
    for module in modules:
        importlib.import_module(module)
    return json.dumps({"python": sys.version.split()[0], "modules": modules})


FUNCTIONS: Final[dict[str, Callable[[CryptoProvider, bytes], Coroutine[Any, Any, str]]]] = {
    **{function.__name__: function for function in (run_cases, make, check, time_transport, import_all)},
    **stream_exchange.FUNCTIONS,
}
