"""The Python code of the browser's provider: KDFs, RSA, signature forms, and the errors for WebCrypto's refusals."""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from smime_core.algorithms import (
    AES_256_CBC,
    AES_256_GCM,
    Curve,
    HashName,
    Hkdf,
    KeyTransport,
    Pbkdf2,
    SignatureAlgorithm,
    SignatureScheme,
    TransportScheme,
)
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.errors import DecryptionError, MalformedMessage, ProviderError, SignatureMismatch, UnsupportedByProvider
from smime_core.keys import parse_private_key, public_key_of
from smime_core.keys.forms import private_key_field
from smime_core.provider import KeyType, NewKey, PrivateKey
from smime_core.providers import python_rsa
from smime_core.providers.native import NativeProvider
from smime_core.providers.python_kdf import derive_hkdf, derive_pbkdf2
from smime_core.providers.python_keys import verify_in_python
from smime_core.providers.python_rsa import (
    decrypt_any_pkcs1_v15,
    decrypt_oaep,
    decrypt_pkcs1_v15,
    encrypt_oaep,
    encrypt_pkcs1_v15,
)
from smime_core.providers.python_rsa_signatures import sign_rsa
from smime_core.providers.webcrypto import WebCryptoProvider
from smime_core.providers.webcrypto_forms import ecdsa_from_der, ecdsa_to_der
from tests.support.people import person
from wasm_build.vault.python.stand_in import drive

NATIVE = NativeProvider()
CEK = bytes(range(32))
V15 = KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
OAEP = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA256, mgf_hash=HashName.SHA256)
MIXED_OAEP = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA256, mgf_hash=HashName.SHA1)
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return person("alice").private_key


def encrypt_raw(key: PrivateKey, block: bytes) -> bytes:
    foreign = serialization.load_der_private_key(key.pkcs8_der, password=None)
    assert isinstance(foreign, rsa.RSAPrivateKey)
    numbers = foreign.public_key().public_numbers()
    return pow(int.from_bytes(block, "big"), numbers.e, numbers.n).to_bytes(256, "big")


@pytest.mark.parametrize("hash_name", [HashName.SHA1, HashName.SHA256, HashName.SHA384, HashName.SHA512])
@pytest.mark.parametrize("secret", [b"", b"passphrase", b"longer than any block" * 10])
def test_pbkdf2_gives_what_openssl_gives(hash_name: HashName, secret: bytes) -> None:
    kdf = Pbkdf2(hash_name=hash_name, salt=b"salt", iterations=7)
    assert derive_pbkdf2(kdf, secret, 100) == hashlib.pbkdf2_hmac(hash_name, secret, b"salt", 7, 100)


@pytest.mark.parametrize("salt", [b"", b"salt"])
@pytest.mark.parametrize("length", [16, 32, 100])
def test_hkdf_gives_what_openssl_gives(salt: bytes, length: int) -> None:
    kdf = Hkdf(hash_name=HashName.SHA256, salt=salt, info=b"info")
    assert derive_hkdf(kdf, b"secret", length) == run(NATIVE.derive_key(kdf, b"secret", length))


def test_hkdf_refuses_more_than_it_can_give() -> None:
    with pytest.raises(ProviderError):
        drive(provider_with().derive_key(Hkdf(hash_name=HashName.SHA256, salt=b"", info=b""), b"", 256 * 32))


def test_rsa_v15_reads_what_openssl_wrote_and_the_other_way_round(key: PrivateKey) -> None:
    public = public_key_of(key)
    assert decrypt_pkcs1_v15(key, run(NATIVE.transport_encrypt(public, V15, CEK)), cek_length=32) == CEK
    assert run(NATIVE.transport_decrypt(key, V15, encrypt_pkcs1_v15(public, CEK), cek_length=32)) == CEK


@pytest.mark.parametrize(
    "block",
    [
        b"\0\x02" + b"\x01" * 222 + b"\0" + CEK[:-1],
        b"\0\x01" + b"\x01" * 221 + b"\0" + CEK,
        b"\x01\x02" + b"\x01" * 221 + b"\0" + CEK,
        b"\0\x02" + b"\x01" * 222 + CEK,
        b"\0\x02" + b"\x01" * 100 + b"\0" + b"\x01" * 120 + b"\0" + CEK,
        b"\0\x02" + b"\x01" * 253 + b"\0",
    ],
    ids=["one byte shorter", "type 1", "first octet", "no separator", "early separator", "empty"],
)
def test_rsa_v15_gives_a_random_key_for_whatever_is_wrong(key: PrivateKey, block: bytes) -> None:
    # RFC 3218 section 2.3.2: each decryption gives another key, of the right length.
    encrypted = encrypt_raw(key, block)
    first, second = (decrypt_pkcs1_v15(key, encrypted, cek_length=32) for _ in range(2))
    assert len(first) == len(second) == 32
    assert first != second
    assert CEK not in (first, second)


BLOCKS = (
    b"\0\x02" + b"\x01" * 221 + b"\0" + CEK,
    b"\0\x01" + b"\x01" * 221 + b"\0" + CEK,
    b"\0\x02" + b"\x01" * 222 + CEK,
    b"\0\x02" + b"\x01" * 9 + b"\0" + b"\x01" * 211 + b"\0" + CEK,
    b"\0\x02" + b"\x01" * 237 + b"\0" + CEK[:16],
    b"\x05" * 256,
    bytes(256),
)


def lines_of(decrypt: Callable[[], object]) -> list[tuple[str, int]]:
    """The lines of `python_rsa` that a decryption runs through, in their order."""
    lines: list[tuple[str, int]] = []

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if not frame.f_code.co_filename.endswith("python_rsa.py"):
            return None
        lines.append((event, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        decrypt()
    finally:
        sys.settrace(before)
    return lines


def test_rsa_v15_takes_the_same_steps_whatever_the_padding(key: PrivateKey) -> None:
    """MUSTS 23: nothing branches on what was decrypted."""
    sealed = [encrypt_raw(key, block) for block in BLOCKS]
    steps = [lines_of(functools.partial(decrypt_pkcs1_v15, key, ciphertext, cek_length=32)) for ciphertext in sealed]
    assert len(steps[0]) > 250
    assert all(step == steps[0] for step in steps)


def test_rsa_v15_tries_several_keys_by_the_same_steps_whichever_fits(key: PrivateKey) -> None:
    """MUSTS 23: a key that nobody names is no oracle."""
    good, *bad = (encrypt_raw(key, block) for block in BLOCKS)
    triples = [(good, bad[0], bad[1]), (bad[2], good, bad[3]), (bad[4], bad[5], good), (good, good, good), bad[:3]]
    runs = [
        functools.partial(decrypt_any_pkcs1_v15, [(key, ciphertext) for ciphertext in triple], 32) for triple in triples
    ]
    steps = [lines_of(run_once) for run_once in runs]
    assert all(step == steps[0] for step in steps)
    assert [
        drive(provider_with().transport_decrypt_any([(key, ciphertext) for ciphertext in t], 32)) for t in triples[:3]
    ] == [
        (0, CEK),
        (1, CEK),
        (2, CEK),
    ]


@pytest.mark.parametrize("encrypted", [b"", bytes(255), b"\xff" * 256], ids=["empty", "short", "above the modulus"])
def test_rsa_v15_gives_a_random_key_for_what_cannot_be_decrypted(key: PrivateKey, encrypted: bytes) -> None:
    assert len(decrypt_pkcs1_v15(key, encrypted, cek_length=16)) == 16


@pytest.mark.parametrize("bits", [1031, 1279, 2041, 2047])
def test_rsa_v15_takes_a_modulus_of_any_size(bits: int) -> None:
    foreign = rsa.generate_private_key(65537, bits)
    key = parse_private_key(foreign.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    assert key.bits == bits
    public = public_key_of(key)
    encrypted = run(NATIVE.transport_encrypt(public, V15, CEK))
    assert decrypt_pkcs1_v15(key, encrypted, cek_length=32) == CEK
    assert run(NATIVE.transport_decrypt(key, V15, encrypt_pkcs1_v15(public, CEK), cek_length=32)) == CEK
    # A ciphertext with a byte more or less, and the modulus itself, give a random key too.
    modulus = foreign.public_key().public_numbers().n.to_bytes((bits + 7) // 8, "big")
    for bad in (b"\0" + encrypted, encrypted[1:], modulus):
        assert decrypt_pkcs1_v15(key, bad, cek_length=32) != CEK


@pytest.mark.parametrize("position", range(4, 9), ids=["p", "q", "dP", "dQ", "qInv"])
def test_a_damaged_number_gives_no_result(key: PrivateKey, position: int) -> None:
    """The attack of Boneh, DeMillo and Lipton: a result that is right for only one prime reveals both primes."""
    version, algorithm, octets = der.read_sequence(key.pkcs8_der)
    numbers = [der.parse_number(child) for child in der.read_sequence(der.read_octets(octets))]
    numbers[position] += 2
    key_der = der.octet_string(der.sequence(*map(der.integer, numbers)))
    pkcs8_der = der.sequence(version.encoded, algorithm.encoded, key_der)
    with pytest.raises(MalformedMessage):
        parse_private_key(pkcs8_der)
    damaged = PrivateKey(pkcs8_der=pkcs8_der, key_type=KeyType.RSA, bits=2048)
    encrypted = run(NATIVE.transport_encrypt(public_key_of(key), V15, CEK))
    with pytest.raises(ProviderError, match="do not fit together"):
        decrypt_pkcs1_v15(damaged, encrypted, cek_length=32)
    for scheme in (SignatureScheme.RSA_PKCS1_V15, SignatureScheme.RSA_PSS):
        with pytest.raises(ProviderError, match="do not fit together"):
            sign_rsa(damaged, SignatureAlgorithm(scheme=scheme, hash_name=HashName.SHA256), b"content")


def test_a_fault_while_computing_gives_no_result(key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same attack after a random fault: one bit of one of the two CRT powers is wrong."""
    encrypted = run(NATIVE.transport_encrypt(public_key_of(key), V15, CEK))
    primes = {der.parse_number(der.read_sequence(private_key_field(key.pkcs8_der))[index]) for index in (4, 5)}
    for faulty in primes:

        def power(base: int, exponent: int, modulus: int, faulty: int = faulty) -> int:
            return pow(base, exponent, modulus) ^ (1 if modulus == faulty else 0)

        monkeypatch.setattr(python_rsa, "pow", power, raising=False)
        with pytest.raises(ProviderError, match="do not fit together"):
            decrypt_pkcs1_v15(key, encrypted, cek_length=32)
    monkeypatch.undo()
    assert decrypt_pkcs1_v15(key, encrypted, cek_length=32) == CEK


def test_oaep_with_two_hashes_reads_what_openssl_wrote_and_the_other_way_round(key: PrivateKey) -> None:
    public = public_key_of(key)
    assert decrypt_oaep(key, MIXED_OAEP, run(NATIVE.transport_encrypt(public, MIXED_OAEP, CEK))) == CEK
    encrypted = encrypt_oaep(public, MIXED_OAEP, CEK)
    assert run(NATIVE.transport_decrypt(key, MIXED_OAEP, encrypted, cek_length=32)) == CEK


@pytest.mark.parametrize("encrypted", [b"", b"\x01" * 256], ids=["empty", "noise"])
def test_oaep_with_two_hashes_refuses_what_is_wrong(key: PrivateKey, encrypted: bytes) -> None:
    with pytest.raises(DecryptionError):
        decrypt_oaep(key, MIXED_OAEP, encrypted)


def test_a_key_that_is_too_short_encrypts_nothing(key: PrivateKey) -> None:
    public = public_key_of(key)
    with pytest.raises(ProviderError):
        encrypt_pkcs1_v15(public, bytes(246))
    with pytest.raises(ProviderError):
        encrypt_oaep(public, MIXED_OAEP, bytes(191))


def test_rsa_signatures_over_old_hashes_are_verified_in_python(key: PrivateKey) -> None:
    foreign = serialization.load_der_private_key(key.pkcs8_der, password=None)
    assert isinstance(foreign, rsa.RSAPrivateKey)
    signature = foreign.sign(b"data", padding.PKCS1v15(), hashes.SHA224())
    public = public_key_of(key)
    sha224 = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA224)
    verify_in_python(public, sha224, signature, b"data")
    for wrong in (b"", signature[1:], b"\0" + signature, bytes(256), b"\xff" * 256):
        with pytest.raises(SignatureMismatch):
            verify_in_python(public, sha224, wrong, b"data")
    with pytest.raises(SignatureMismatch):
        verify_in_python(public, sha224, signature, b"other")


def test_ecdsa_signatures_change_their_form_both_ways() -> None:
    # MUSTS 12.
    fixed = (1).to_bytes(32, "big") + (P256_ORDER - 1).to_bytes(32, "big")
    assert ecdsa_from_der(ecdsa_to_der(fixed), Curve.P256) == fixed


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"\x30\x00",
        b"\x30\x03\x02\x01\x01",
        b"\x30\x06\x02\x01\x00\x02\x01\x01",
        b"\x30\x06\x02\x01\x01\x02\x01\x00",
        b"\x30\x06\x02\x01\xff\x02\x01\x01",
        b"\x30\x07\x02\x02\x00\x01\x02\x01\x01",
        b"\x30\x81\x06\x02\x01\x01\x02\x01\x01",
        b"\x30\x06\x02\x01\x01\x02\x01\x01\x00",
        b"\x30\x09\x02\x01\x01\x02\x01\x01\x02\x01\x01",
        ecdsa_to_der(P256_ORDER.to_bytes(32, "big") + bytes(31) + b"\x01"),
    ],
    ids=["empty", "none", "one", "r zero", "s zero", "negative", "padded", "long", "trailing", "three", "r = n"],
)
def test_ecdsa_signatures_that_are_no_der_or_out_of_range_are_refused(signature: bytes) -> None:
    # MUSTS 12.
    with pytest.raises(SignatureMismatch):
        ecdsa_from_der(signature, Curve.P256)


class RefusingDoor:
    """A `sealwax_js` that answers every call with the name of one DOMException."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, function: str) -> Any:
        def refuse(*_: object) -> str:
            return self._name

        return refuse


@pytest.fixture(autouse=True)
def no_door_left() -> Iterator[None]:
    yield
    sys.modules.pop("sealwax_js", None)


def provider_with(name: str = "OperationError") -> WebCryptoProvider:
    sys.modules["sealwax_js"] = RefusingDoor(name)  # type: ignore[assignment]  # stands in for the Worker's module
    return WebCryptoProvider()


def test_all_failed_decryptions_look_alike(key: PrivateKey) -> None:
    provider = provider_with()
    texts = set()
    oaep = KeyTransport(scheme=TransportScheme.RSA_OAEP)
    for coroutine in (
        provider.decrypt_content(AES_256_CBC, CEK, bytes(16), bytes(16)),
        provider.decrypt_content(AES_256_GCM, CEK, bytes(12), bytes(16)),
        provider.decrypt_content(AES_256_GCM, CEK[:16], bytes(12), bytes(16)),
        provider.unwrap_key(CEK, bytes(40)),
        provider.transport_decrypt(key, oaep, bytes(256), cek_length=32),
    ):
        with pytest.raises(DecryptionError) as caught:
            drive(coroutine)
        texts.add((str(caught.value), caught.value.__cause__))
    assert len(texts) == 1


def refusing_door(refusal: str, imported: list[str]) -> Any:
    """A browser that takes every key and then refuses to use it."""

    class Door:
        def importPublicKey(self, *_: object) -> object:  # named as in JavaScript
            imported.append("public")
            return object()

        def importPrivateKey(self, *_: object) -> object:  # named as in JavaScript
            imported.append("private")
            return object()

        def __getattr__(self, _: str) -> Any:
            return lambda *_: refusal

    return Door()


@pytest.mark.parametrize("refusal", ["NotSupportedError", "OperationError"])
def test_python_signs_verifies_and_encrypts_where_the_browser_takes_a_key_and_refuses_to_use_it(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    imported: list[str] = []
    monkeypatch.setitem(sys.modules, "sealwax_js", refusing_door(refusal, imported))
    provider, public = WebCryptoProvider(), public_key_of(key)
    rsa_sha256 = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256)
    signature = drive(provider.sign(key, rsa_sha256, b"content"))
    run(NATIVE.verify(public, rsa_sha256, signature, b"content"))
    drive(provider.verify(public, rsa_sha256, signature, b"content"))
    with pytest.raises(SignatureMismatch):
        drive(provider.verify(public, rsa_sha256, signature, b"Content"))
    encrypted = drive(provider.transport_encrypt(public, OAEP, CEK))
    assert run(NATIVE.transport_decrypt(key, OAEP, encrypted, cek_length=32)) == CEK
    assert drive(provider.digest(HashName.SHA256, bytes(200_000))) == hashlib.sha256(bytes(200_000)).digest()
    assert set(imported) == {"private", "public"}


def test_decryption_goes_on_in_python_only_if_the_browser_lacks_it(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    encrypted = run(NATIVE.transport_encrypt(public_key_of(key), OAEP, CEK))
    monkeypatch.setitem(sys.modules, "sealwax_js", refusing_door("NotSupportedError", []))
    assert drive(WebCryptoProvider().transport_decrypt(key, OAEP, encrypted, cek_length=32)) == CEK
    monkeypatch.setitem(sys.modules, "sealwax_js", refusing_door("OperationError", []))
    with pytest.raises(DecryptionError):
        drive(WebCryptoProvider().transport_decrypt(key, OAEP, encrypted, cek_length=32))


def test_an_algorithm_that_the_browser_lacks_is_reported() -> None:
    provider = provider_with("NotSupportedError")
    with pytest.raises(UnsupportedByProvider):
        drive(provider.decrypt_content(AES_256_CBC, CEK, bytes(16), bytes(16)))
    with pytest.raises(UnsupportedByProvider):
        drive(provider.encrypt_content(AES_256_CBC, CEK, bytes(16), b""))


def test_a_key_that_the_browser_refuses_verifies_nothing(key: PrivateKey) -> None:
    rsa_sha256 = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256)
    with pytest.raises(SignatureMismatch):
        drive(provider_with("DataError").verify(public_key_of(key), rsa_sha256, bytes(256), b""))


def test_a_key_of_the_wrong_kind_is_refused_before_the_browser_sees_it(key: PrivateKey) -> None:
    ecdsa = SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=HashName.SHA256)
    with pytest.raises(SignatureMismatch):
        drive(provider_with().verify(public_key_of(key), ecdsa, b"", b""))
    with pytest.raises(ProviderError):
        drive(provider_with().sign(key, ecdsa, b""))
    with pytest.raises(ProviderError):
        drive(provider_with().agree(key, b"\x04"))
    with pytest.raises(ProviderError):
        drive(provider_with().transport_encrypt(public_key_of(run(NATIVE.generate_key(NewKey.P256))), V15, CEK))
