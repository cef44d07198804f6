"""The browser's provider: WebCrypto, JavaScript or Python for each algorithm, and the outcome if a browser refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from smime_core.algorithms import HashName, KeyTransport, TransportScheme
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.errors import DecryptionError, ProviderError
from smime_core.keys import public_key_of
from smime_core.keys.forms import private_key_field
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser
from tests.support.browser.webkit import skip_in_webkit
from tests.support.exchange import check_products
from tests.support.exchanged_keys import exchanged_keys
from tests.support.kdf_answers import ANSWERS, derive_all_sizes
from tests.support.people import person
from tests.support.project import ROOT
from tests.support.vault.conformance import VaultPage, open_vault_page
from tests.vault.ways import build_table, find_cipher_ways, find_ways, read_table

pytestmark = pytest.mark.browser

NATIVE: Final = NativeProvider()
PAGE: Final = ROOT / "docs/vault.md"
CEK: Final = bytes(range(32))
WORKING: Final = (
    *("digest", "sign", "verify", "encrypt", "decrypt", "deriveBits", "wrapKey", "unwrapKey", "generateKey"),
    *("encapsulateBits", "decapsulateBits"),
)
RSA_FIELDS: Final = ("version", "n", "e", "d", "p", "q", "dP", "dQ", "qInv")


@pytest.fixture
def vault(browser: Browser) -> Iterator[VaultPage]:
    """A new page for each test, because a page remembers which algorithms it has seen the browser refuse."""
    with open_vault_page(browser) as page:
        yield page


def refuse(vault: VaultPage, *rules: dict[str, str]) -> None:
    vault.call("refuse", json.dumps(rules).encode())


@pytest.mark.thorough
def test_the_table_in_the_docs_is_what_this_browser_does(vault: VaultPage, browser: Browser) -> None:
    skip_in_webkit(browser, "the table is of Chromium and Firefox")
    """`make ways` writes the table anew."""
    assert read_table(PAGE.read_text(encoding="utf-8"))[browser.name] == find_ways(vault)


def test_the_table_in_the_docs_has_the_form_that_is_read() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert build_table(read_table(page)) in page


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(
            [{"method": method, "error": "OperationError"} for method in ("importKey", "generateKey")], id="keys"
        ),
        pytest.param(
            [{"method": method, "error": "NotSupportedError"} for method in WORKING],
            id="operations",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            [{"method": method, "error": "TypeError"} for method in WORKING], id="functions", marks=pytest.mark.thorough
        ),
    ],
)
def test_a_browser_that_refuses_everything_changes_no_outcome(vault: VaultPage, rules: list[dict[str, str]]) -> None:
    refuse(vault, *rules)
    ways = find_ways(vault)
    digests = ways.pop("digest from 128 KiB on")
    assert not any("WebCrypto" in way for variants in ways.values() for way in variants.values())
    assert ("WebCrypto" in digests.values()) is (rules[0]["method"] == "importKey")


@pytest.mark.thorough
def test_products_made_without_the_browser_are_read_by_the_core(vault: VaultPage) -> None:
    refuse(vault, *({"method": method, "error": "NotSupportedError"} for method in WORKING))
    keys = {name: octets.hex() for name, octets in exchanged_keys().items()}
    made = json.loads(vault.call("make", json.dumps(keys).encode()))
    products = {what: [bytes.fromhex(octets) for octets in product] for what, product in made.items()}
    assert run(check_products(NATIVE, exchanged_keys(), products)) == len(products) > 200


@pytest.mark.parametrize("name", ["AES-CBC", "AES-GCM", "AES-KW"])
@pytest.mark.thorough
def test_a_single_cipher_that_is_lacking_is_done_by_our_own(vault: VaultPage, name: str) -> None:
    refuse(vault, {"method": "importKey", "error": "NotSupportedError", "algorithm": name})
    ways = find_cipher_ways(vault)["AES-256"]
    lacking = {"AES-CBC": ["CBC"], "AES-GCM": ["GCM"], "AES-KW": ["key wrap"]}[name]
    assert [variant for variant, way in ways.items() if way == "JavaScript"] == lacking


@pytest.mark.thorough
def test_a_failure_caused_by_the_input_is_not_tried_again(vault: VaultPage) -> None:
    """A second, slower attempt would reveal to the sender why the first one failed (Manger's attack on OAEP)."""
    refuse(vault, {"method": "decrypt", "error": "OperationError"})
    arguments = {**rsa_given(), "keys": [person("bob").private_key.pkcs8_der.hex()]}
    *_, v15, oaep = json.loads(vault.call("use_rsa", json.dumps(arguments).encode()))[0]
    assert bytes.fromhex(v15) == CEK
    assert oaep == DecryptionError().code


def test_key_derivations_give_the_published_answers(vault: VaultPage) -> None:
    answers = json.loads(vault.call("derive_all"))
    assert answers == {name: expected for name, (_, _, expected) in ANSWERS.items()}


@pytest.mark.thorough
def test_pbkdf2_gives_what_openssl_gives_for_all_sizes(vault: VaultPage) -> None:
    assert json.loads(vault.call("derive_all_sizes")) == run(derive_all_sizes(NATIVE))


def rsa_given() -> dict[str, str]:
    """The content-encryption key encrypted to Bob by RSAES-PKCS1-v1_5 and by RSAES-OAEP, in hexadecimal."""
    public = public_key_of(person("bob").private_key)
    v15 = KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
    oaep = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA256, mgf_hash=HashName.SHA256)
    return {
        "v15": run(NATIVE.transport_encrypt(public, v15, CEK)).hex(),
        "oaep": run(NATIVE.transport_encrypt(public, oaep, CEK)).hex(),
    }


def damaged_keys() -> dict[str, bytes]:
    """Bob's key as PKCS#8 several times, each time with another of its numbers changed."""
    pkcs8_der = person("bob").private_key.pkcs8_der
    version, algorithm, _ = der.read_sequence(pkcs8_der)
    numbers = [der.parse_number(child) for child in der.read_sequence(private_key_field(pkcs8_der))]
    damaged = {}
    for position, name in enumerate(RSA_FIELDS):
        if name in ("p", "q", "dP", "dQ", "qInv"):
            # Adding 2 keeps an odd number odd. Some libraries refuse even numbers.
            changed = [*numbers[:position], numbers[position] + 2, *numbers[position + 1 :]]
            key_der = der.sequence(*map(der.integer, changed))
            damaged[name] = der.sequence(
                *(bytes(part.encoded) for part in (version, algorithm)), der.octet_string(key_der)
            )
    return damaged


def test_a_damaged_prime_gives_no_wrong_result_out_of_the_vault(vault: VaultPage) -> None:
    """A wrong signature by the CRT reveals both primes (Boneh, DeMillo and Lipton). The vault returns none."""
    damaged = damaged_keys()
    assert len(damaged) == 5
    arguments = {**rsa_given(), "keys": [octets.hex() for octets in damaged.values()]}
    outcomes = json.loads(vault.call("use_rsa", json.dumps(arguments).encode()))
    for name, (pkcs1, pss, v15, oaep) in zip(damaged, outcomes, strict=True):
        check_signature(name, pkcs1, padding.PKCS1v15())
        check_signature(name, pss, padding.PSS(padding.MGF1(hashes.SHA256()), 32))
        assert v15 == ProviderError("transport_decrypt").code, name
        assert oaep in (CEK.hex(), ProviderError("").code, DecryptionError().code), name


def check_signature(name: str, outcome: str, how: padding.AsymmetricPadding) -> None:
    """Check that the signature is right or refused. It is right if the browser does not use the damaged number."""
    if outcome == ProviderError("sign").code:
        return
    loaded = serialization.load_der_private_key(person("bob").private_key.pkcs8_der, None)
    assert isinstance(loaded, rsa.RSAPrivateKey), name
    loaded.public_key().verify(bytes.fromhex(outcome), b"content", how, hashes.SHA256())
