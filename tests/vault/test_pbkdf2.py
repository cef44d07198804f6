"""The PBKDF2 and the repeated hashes of the vault, run by Node: the answers, the bytes of the module, a cancel."""

from __future__ import annotations

import shutil
import sys
from typing import Any, Final

import pytest

from smime_core.algorithms import HashName, Pbkdf2, RepeatedHash, hash_length
from smime_core.blocking import run
from smime_core.providers.native import NativeProvider
from smime_core.providers.python_kdf import derive_pbkdf2
from smime_core.providers.webcrypto import WebCryptoProvider
from tests.support.kdf_answers import ANSWERS, derive_all, derive_all_sizes
from tests.support.poor_door import PoorDoor
from wasm_build.vault.python.stand_in import drive

NATIVE: Final = NativeProvider()
# The hashes for which the vault has a module.
MODULES: Final = {HashName.SHA1, HashName.SHA224, HashName.SHA256, HashName.SHA384, HashName.SHA512}

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")


class CountingDoor(PoorDoor):
    """Counts the derivations in WebAssembly."""

    derivations = 0

    def pbkdf2(self, *args: object) -> Any:
        self.derivations += 1
        return super().__getattr__("pbkdf2")(*args)

    def repeatHash(self, *args: object) -> Any:
        self.derivations += 1
        return super().__getattr__("repeatHash")(*args)


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> CountingDoor:
    door = CountingDoor()
    monkeypatch.setitem(sys.modules, "sealwax_js", door)
    return door


def test_the_published_answers(door: CountingDoor) -> None:
    answers = drive(derive_all(WebCryptoProvider()))
    assert answers == {name: expected for name, (_, _, expected) in ANSWERS.items()}
    assert door.derivations > 0


def test_all_sizes_give_what_openssl_gives(door: CountingDoor) -> None:
    assert drive(derive_all_sizes(WebCryptoProvider())) == run(derive_all_sizes(NATIVE))
    assert door.derivations > 1000


def test_more_iterations_than_one_call_takes(door: CountingDoor) -> None:
    # One call does 100,000 iterations after the first.
    for iterations in (100_001, 100_002, 200_001, 250_000):
        kdf = Pbkdf2(hash_name=HashName.SHA256, salt=b"salt", iterations=iterations)
        derived = drive(WebCryptoProvider().derive_key(kdf, b"secret", 40))
        assert derived == run(NATIVE.derive_key(kdf, b"secret", 40))


@pytest.mark.parametrize("hash_name", sorted(set(HashName) - {HashName.SHAKE128, HashName.SHAKE256}))
@pytest.mark.parametrize("iterations", [1, 2, 3, 100_002])
def test_a_repeated_hash_gives_what_hashlib_gives(door: CountingDoor, hash_name: HashName, iterations: int) -> None:
    kdf = RepeatedHash(hash_name=hash_name, iterations=iterations)
    digest = drive(WebCryptoProvider().derive_key(kdf, b"some words" * 20, hash_length(hash_name)))
    assert digest == run(NATIVE.derive_key(kdf, b"some words" * 20, hash_length(hash_name)))
    assert door.derivations == (hash_name in MODULES and iterations > 1)


def test_other_hashes_stay_in_python(door: CountingDoor) -> None:
    for hash_name in set(HashName) - MODULES - {HashName.SHAKE128, HashName.SHAKE256}:
        kdf = Pbkdf2(hash_name=hash_name, salt=b"salt", iterations=3)
        assert drive(WebCryptoProvider().derive_key(kdf, b"secret", 40)) == derive_pbkdf2(kdf, b"secret", 40)
    assert door.derivations == 0
