"""The browser's provider in real browsers: published vectors, and each provider reads the products of the other.

Here only samples of the big sets are run; `make test-all` runs every case of every set in both browsers.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from smime_core.blocking import run
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser
from tests.support.exchange import check_products, make_products
from tests.support.exchanged_keys import exchanged_keys
from tests.support.people import person
from tests.support.project import ROOT
from tests.support.vault.conformance import VaultPage, open_vault_page
from tests.support.vectors import vectors
from tools.conformance.case import Case, Outcome, Status
from tools.conformance.generated import write_generated
from tools.conformance.readers.sets import SETS, reader_for
from tools.conformance.run import run_cases
from wasm_build.bundle.imports import follow_imports

pytestmark = pytest.mark.browser

NATIVE: Final = NativeProvider()
# The step between the cases that are run: with 20, every twentieth case of the set. The cases of other sets are only
# parsed, which gives the same result wherever Python runs.
SAMPLED: Final = {
    "boringssl-pki": 20,
    "cms-examples-ireland": 1,
    "johnny": 1,
    "libksba": 1,
    "limbo": 20,
    "openssl-cms": 1,
    "openssl-verify": 10,
    "pkcs12-pyca": 1,
    "pkcs12-rfc9579-nss": 1,
    "pkcs7-go": 1,
    "pkcs7-pyca": 1,
    "pkits": 20,
    "pqc-hackathon": 2,
    "pqc-lamps": 1,
    "protected-headers-notmuch": 5,
    "rfc4134": 1,
    "rfc9216": 1,
}
# PBKDF2 with 16 million iterations takes half a minute in the browser's Python.
TOO_SLOW: Final = {"LargeIterationCount"}
# The limit for the ratio of two times. One exponentiation more would exceed it by far; the noise of a busy machine does
# not reach it.
TIME_CLASS: Final = 1.35


@pytest.fixture(scope="module")
def vault(browser: Browser) -> Iterator[VaultPage]:
    with open_vault_page(browser) as page:
        yield page


def check_same_as_native(vault: VaultPage, cases: Sequence[Case]) -> None:
    """Check that every case ends as it does natively, with the same number of facts, and the same skips."""

    def verdicts(outcomes: list[Outcome]) -> dict[tuple[str, str], tuple[Status, int, str]]:
        return {(o.set, o.name): (o.status, o.facts, o.why) for o in outcomes}

    expected = verdicts(run(run_cases(cases, NATIVE)))
    rewinds = vault.rewinds
    browser_verdicts = verdicts(vault.run(cases))
    assert browser_verdicts == expected
    assert vault.rewinds - rewinds == len(cases)
    assert any(status is Status.PASSED for status, _, _ in browser_verdicts.values())


@functools.cache
def wycheproof_sample() -> list[Case]:
    """One case of each file for each combination of a flag and an expected result."""
    folder = vectors("wycheproof")
    samples: dict[tuple[str, str, str], str] = {}
    for path in sorted(folder.glob("**/*_test.json")):
        file = path.stem.removesuffix("_test")
        for group in json.loads(path.read_text(encoding="utf-8"))["testGroups"]:
            for test in group["tests"]:
                for flag in set(test["flags"] or [""]) - TOO_SLOW:
                    samples.setdefault((file, flag, test["result"]), f"{file} {test['tcId']}")
    names = set(samples.values())
    return [case for case in SETS["wycheproof"](folder) if case.name in names]


def test_starts_as_the_vault_does(vault: VaultPage) -> None:
    assert vault.start_kind == "snapshot"


def test_python_remembers_no_earlier_call(vault: VaultPage) -> None:
    assert [vault.call("count_calls") for _ in range(3)] == ["1"] * 3


@pytest.mark.thorough
def test_the_published_sets_hold(vault: VaultPage) -> None:
    root = vectors("rfc4134").parent
    present = {name: step for name, step in SAMPLED.items() if (root / name).is_dir()}
    check_same_as_native(
        vault, [c for name, step in present.items() for c in list(reader_for(name)(root / name))[::step]]
    )


@pytest.mark.thorough
def test_every_class_of_wycheproof_holds(vault: VaultPage) -> None:
    sample = wycheproof_sample()
    assert len(sample) > 200
    check_same_as_native(vault, sample)


@pytest.mark.thorough
def test_cases_made_here_hold_without_any_published_set(vault: VaultPage, tmp_path: Path) -> None:
    write_generated(tmp_path)
    check_same_as_native(vault, list(SETS["cms"](tmp_path)))


def test_reads_all_that_the_native_provider_makes(vault: VaultPage) -> None:
    keys, products = exchanged_keys(), run(make_products(NATIVE, exchanged_keys()))
    arguments = {
        "keys": {name: octets.hex() for name, octets in keys.items()},
        "products": {what: [octets.hex() for octets in product] for what, product in products.items()},
    }
    assert int(vault.call("check", json.dumps(arguments).encode())) == len(products) > 200


def test_makes_all_that_the_native_provider_reads(vault: VaultPage) -> None:
    keys = {name: octets.hex() for name, octets in exchanged_keys().items()}
    made = json.loads(vault.call("make", json.dumps(keys).encode()))
    products = {what: [bytes.fromhex(octets) for octets in product] for what, product in made.items()}
    assert run(check_products(NATIVE, exchanged_keys(), products)) == len(products) > 200


@pytest.mark.thorough
def test_rsa_v15_takes_the_same_time_whatever_the_padding(vault: VaultPage) -> None:
    """MUSTS 23: decryption that ends with the random key takes as long as decryption that finds the right key."""
    key = person("bob").private_key
    loaded = serialization.load_der_private_key(key.pkcs8_der, None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    numbers = loaded.public_key().public_numbers()
    cek = bytes(range(32))
    blocks = {
        "right": b"\0\2" + b"\1" * 221 + b"\0" + cek,
        "wrong type": b"\0\1" + b"\1" * 221 + b"\0" + cek,
        "no separator": b"\0\2" + b"\1" * 222 + cek,
        "early separator": b"\0\2" + b"\1" * 9 + b"\0" + b"\1" * 211 + b"\0" + cek,
        "wrong length": b"\0\2" + b"\1" * 237 + b"\0" + cek[:16],
        "noise": b"\x05" * 256,
    }
    encrypted = {
        what: pow(int.from_bytes(block, "big"), numbers.e, numbers.n).to_bytes(256, "big").hex()
        for what, block in blocks.items()
    }
    arguments = {"key": key.pkcs8_der.hex(), "blocks": encrypted}

    def spread() -> float:
        least = json.loads(vault.call("time_transport", json.dumps(arguments).encode()))
        assert least.keys() == blocks.keys()
        return float(max(least.values()) / min(least.values()))

    # On a busy machine some of the three ratios may be too large. If one kind of block took another path in the code,
    # all of them would be.
    assert any(spread() < TIME_CLASS for _ in range(3))


def test_every_module_of_the_core_imports_under_the_bundles_python(vault: VaultPage) -> None:
    imported = json.loads(vault.call("import_all"))
    assert imported["python"].startswith("3.14.")
    sources = [Path(name) for name in follow_imports(ROOT) if name.startswith("smime_core/")]
    modules = {".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in sources}
    assert len(modules) > 100
    assert modules <= set(imported["modules"])
