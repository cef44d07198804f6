"""The browser's provider with `strict`: WebCrypto never sees a private key, and others read the results."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from smime_core.blocking import run
from smime_core.cms.key_holder import choose_signature_algorithm
from smime_core.errors import DecryptionError
from smime_core.keys import parse_private_key, public_key_of
from smime_core.provider import NewKey
from smime_core.providers import python_new_keys
from smime_core.providers.native import NativeProvider
from smime_core.providers.webcrypto import WebCryptoProvider
from tests.support.exchange import check_products, make_products
from tests.support.exchanged_keys import exchanged_keys
from tests.support.poor_door import Octets, PoorDoor
from wasm_build.vault.python.stand_in import drive

NATIVE = NativeProvider()
ASYMMETRIC = [kind for kind in NewKey if kind is not NewKey.RSA_3072]


class WatchingDoor(PoorDoor):
    """A browser that refuses every key, and records each use of private keys that it is asked for."""

    def __init__(self) -> None:
        self.private: list[str] = []

    def importPrivateKey(self, *_: object) -> str:  # named as in JavaScript
        self.private.append("importPrivateKey")
        return "NotSupportedError"

    def generateKey(self, algorithm: str, usage: str) -> Octets:  # named as in JavaScript
        self.private.append("generateKey")
        return super().generateKey(algorithm, usage)

    def agreeEphemeral(self, *_: object) -> str:  # named as in JavaScript
        self.private.append("agreeEphemeral")
        return "NotSupportedError"


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> WatchingDoor:
    door = WatchingDoor()
    monkeypatch.setitem(sys.modules, "sealwax_js", door)
    return door


def test_no_private_key_reaches_webcrypto(door: WatchingDoor) -> None:
    strict = WebCryptoProvider(strict=True)
    products = drive(make_products(strict, exchanged_keys()))
    native_products = run(make_products(NATIVE, exchanged_keys()))
    assert drive(check_products(strict, exchanged_keys(), native_products)) == len(native_products)
    for kind in ASYMMETRIC:
        key = drive(strict.generate_key(kind))
        if not key.agrees and not key.key_type.is_kem:
            strict.begin_signing(key, choose_signature_algorithm(key, None))
    assert door.private == []
    assert run(check_products(NATIVE, exchanged_keys(), products)) == len(products)


def test_without_strict_webcrypto_is_asked_first(door: WatchingDoor) -> None:
    """The positive control of the test above: the door does record the use of private keys."""
    key = drive(WebCryptoProvider().generate_key(NewKey.P256))
    drive(WebCryptoProvider().sign(key, choose_signature_algorithm(key, None), b"content"))
    assert {"importPrivateKey", "generateKey"} <= set(door.private)


@pytest.mark.parametrize("kind", [NewKey.RSA_2048, NewKey.RSA_3072, NewKey.P256, NewKey.P384, NewKey.P521])
def test_openssl_takes_the_keys_that_python_makes(kind: NewKey) -> None:
    keys = [python_new_keys.make_key_in_python(kind) for _ in range(2)]
    assert keys[0].pkcs8_der != keys[1].pkcs8_der
    # OpenSSL checks that the numbers belong together and that the primes are prime.
    loaded = serialization.load_der_private_key(keys[0].pkcs8_der, None)
    assert isinstance(loaded, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    assert loaded.key_size == int(kind.rsplit("-", 1)[1])
    assert parse_private_key(keys[0].pkcs8_der).pkcs8_der == keys[0].pkcs8_der
    public = public_key_of(keys[0])
    spki = loaded.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert public.spki_der == spki


def test_new_primes_are_far_apart_and_full_length() -> None:
    """FIPS 186-5 section A.1.1: the modulus has all its bits, the private exponent is not small."""
    for _ in range(3):
        loaded = serialization.load_der_private_key(python_new_keys.make_key_in_python(NewKey.RSA_2048).pkcs8_der, None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        numbers = loaded.private_numbers()
        assert numbers.public_numbers.n.bit_length() == 2048
        assert numbers.public_numbers.e == 65537
        assert abs(numbers.p - numbers.q).bit_length() > 924
        assert numbers.d.bit_length() > 1024


@pytest.mark.parametrize("composite", [341, 561, 2**89 + 1, (2**61 - 1) * (2**89 - 1)])
def test_composite_numbers_are_no_primes(composite: int) -> None:
    assert not python_new_keys.is_prime(composite)


@pytest.mark.parametrize("prime", [5, 257, 2**61 - 1, 2**89 - 1, 2**521 - 1])
def test_primes_are_primes(prime: int) -> None:
    assert python_new_keys.is_prime(prime)


def test_failures_are_the_same(door: WatchingDoor) -> None:
    strict, key = WebCryptoProvider(strict=True), parse_private_key(exchanged_keys()["p-256"])
    with pytest.raises(DecryptionError):
        drive(strict.agree(key, b"\4" + bytes(64)))
    kem: Any = parse_private_key(exchanged_keys()["ml-kem-768"])
    with pytest.raises(DecryptionError):
        drive(strict.decapsulate(kem, b"short"))
