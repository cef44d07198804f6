"""The arithmetic in Python gives the same answers as the library and as Project Wycheproof."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519, mldsa, mlkem, x448, x25519

from smime_core.arithmetic import edwards, ml_dsa, ml_kem, montgomery
from smime_core.arithmetic.edwards import ED448, ED25519, EdwardsCurve
from smime_core.arithmetic.montgomery import X448, X25519, MontgomeryCurve
from tests.support.vectors import vectors

Json = dict[str, Any]
EDWARDS = [(ED25519, ed25519.Ed25519PrivateKey), (ED448, ed448.Ed448PrivateKey)]
MONTGOMERY = [(X25519, x25519.X25519PrivateKey), (X448, x448.X448PrivateKey)]
ML_KEM = [(ml_kem.ML_KEM_768, mlkem.MLKEM768PrivateKey), (ml_kem.ML_KEM_1024, mlkem.MLKEM1024PrivateKey)]
ML_DSA = [
    (ml_dsa.ML_DSA_44, mldsa.MLDSA44PrivateKey),
    (ml_dsa.ML_DSA_65, mldsa.MLDSA65PrivateKey),
    (ml_dsa.ML_DSA_87, mldsa.MLDSA87PrivateKey),
]


def cases(name: str) -> list[tuple[Json, Json]]:
    path = vectors("wycheproof") / "testvectors_v1" / f"{name}_test.json"
    groups = json.loads(path.read_text(encoding="utf-8"))["testGroups"]
    return [(group, test) for group in groups for test in group["tests"]]


def octets(number: int, length: int) -> bytes:
    """Bytes that are the same in every run."""
    return hashlib.shake_256(number.to_bytes(4, "big")).digest(length)


# Edwards curves


@pytest.mark.parametrize(("curve", "library"), EDWARDS, ids=["Ed25519", "Ed448"])
def test_edwards_signs_as_the_library_does(
    curve: EdwardsCurve, library: type[ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey]
) -> None:
    for number in range(5):
        private, content = octets(number, curve.length), octets(number, 10 * number)
        foreign = library.from_private_bytes(private)
        public = edwards.public_half(curve, private)
        assert public == foreign.public_key().public_bytes_raw()
        signature = edwards.sign(curve, private, content)
        assert signature == foreign.sign(content)
        assert edwards.is_signature(curve, public, signature, content)


def test_ed448_gives_the_answer_of_rfc_8032() -> None:
    # Section 7.4, one byte.
    private = bytes.fromhex(
        "c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463afbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e"
    )
    assert edwards.sign(ED448, private, b"\3").hex() == (
        "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd779805e"
        "0dbcc0aae1cbcee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0ff3348ab21aa4adafd1d234441cf807c03a00"
    )


def test_ed25519_gives_every_answer_of_wycheproof() -> None:
    wrong = []
    for group, test in cases("ed25519"):
        public, signature, content = (
            bytes.fromhex(text) for text in (group["publicKey"]["pk"], test["sig"], test["msg"])
        )
        if edwards.is_signature(ED25519, public, signature, content) is not (test["result"] == "valid"):
            wrong.append(f"{test['tcId']} {test['comment']}")
    assert wrong == []


@pytest.mark.parametrize(("curve", "library"), EDWARDS, ids=["Ed25519", "Ed448"])
def test_altered_signatures_and_keys_do_not_hold(
    curve: EdwardsCurve, library: type[ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey]
) -> None:
    private = octets(7, curve.length)
    public, signature = edwards.public_half(curve, private), edwards.sign(curve, private, b"content")
    answer = int.from_bytes(signature[curve.length :], "little")
    second = signature[: curve.length] + (answer + curve.order).to_bytes(curve.length, "little")
    for bad in (signature[:-1], signature + b"\0", b"", second, bytes((signature[0] ^ 1,)) + signature[1:]):
        assert not edwards.is_signature(curve, public, bad, b"content")
    beyond = (curve.prime + 1).to_bytes(curve.length, "little")
    # The encoding of the point (0, 1) with the sign bit set, though x is zero.
    no_point = (1 | 1 << 8 * curve.length - 1).to_bytes(curve.length, "little")
    for other in (beyond, no_point, public[:-1], edwards.public_half(curve, octets(8, curve.length))):
        assert not edwards.is_signature(curve, other, signature, b"content")


# Montgomery curves


@pytest.mark.parametrize(("curve", "library"), MONTGOMERY, ids=["X25519", "X448"])
def test_montgomery_agrees_as_the_library_does(
    curve: MontgomeryCurve, library: type[x25519.X25519PrivateKey | x448.X448PrivateKey]
) -> None:
    for number in range(5):
        private = octets(number, curve.length)
        foreign, other = library.from_private_bytes(private), library.generate()
        point = other.public_key().public_bytes_raw()
        assert montgomery.public_half(curve, private) == foreign.public_key().public_bytes_raw()
        assert montgomery.multiply(curve, private, point) == foreign.exchange(other.public_key())  # type: ignore[arg-type]


def test_x25519_gives_every_answer_of_wycheproof() -> None:
    checked = 0
    for _, test in cases("x25519_asn"):
        public, private = bytes.fromhex(test["public"])[-32:], bytes.fromhex(test["private"])[-32:]
        if test["result"] != "invalid":
            assert montgomery.multiply(X25519, private, public).hex() == test["shared"], test["tcId"]
            checked += 1
    assert checked > 500


# Lattices


@pytest.mark.parametrize(("parameters", "library"), ML_KEM, ids=["ML-KEM-768", "ML-KEM-1024"])
def test_ml_kem_agrees_with_the_library(
    parameters: ml_kem.MlKem, library: type[mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey]
) -> None:
    for number in range(5):
        seed = octets(number, 64)
        foreign, private = library.from_seed_bytes(seed), ml_kem.expand_seed(parameters, seed)
        public = ml_kem.public_half(parameters, private)
        assert public == foreign.public_key().public_bytes_raw()
        assert len(private) == parameters.private_length
        assert ml_kem.is_private_key(parameters, private)
        assert ml_kem.is_public_key(parameters, public)
        secret, ciphertext = foreign.public_key().encapsulate()
        assert ml_kem.decapsulate(parameters, private, ciphertext) == secret
        altered = bytes((ciphertext[0] ^ 1,)) + ciphertext[1:]
        assert ml_kem.decapsulate(parameters, private, altered) == foreign.decapsulate(altered)
        ciphertext, secret = ml_kem.encapsulate(parameters, public, octets(number, 32))
        assert len(ciphertext) == parameters.ciphertext_length
        assert foreign.decapsulate(ciphertext) == secret


@pytest.mark.parametrize(
    "parameters", [ml_kem.ML_KEM_512, ml_kem.ML_KEM_768, ml_kem.ML_KEM_1024], ids=["512", "768", "1024"]
)
def test_altered_ml_kem_keys_do_not_hold(parameters: ml_kem.MlKem) -> None:
    private = ml_kem.expand_seed(parameters, octets(1, 64))
    public = ml_kem.public_half(parameters, private)
    # The positions are in the secret vector, the public half and its digest. The random z need not fit anything.
    for position in (0, 384 * parameters.k, len(private) - 64):
        altered = private[:position] + bytes((private[position] ^ 1,)) + private[position + 1 :]
        assert not ml_kem.is_private_key(parameters, altered)
    assert not ml_kem.is_private_key(parameters, private[:-1])
    assert not ml_kem.is_private_key(parameters, b"")
    for bad in (public[:-1], public + b"\0", b"\xff\xff" + public[2:]):
        assert not ml_kem.is_public_key(parameters, bad)


def test_ml_kem_gives_every_answer_of_wycheproof() -> None:
    checked = 0
    for _, test in cases("mlkem_768"):
        seed, ciphertext = bytes.fromhex(test["seed"]), bytes.fromhex(test["c"])
        if test["result"] == "valid":
            private = ml_kem.expand_seed(ml_kem.ML_KEM_768, seed)
            assert ml_kem.public_half(ml_kem.ML_KEM_768, private).hex() == test["ek"]
            assert ml_kem.decapsulate(ml_kem.ML_KEM_768, private, ciphertext).hex() == test["K"], test["tcId"]
            checked += 1
    assert checked > 100


@pytest.mark.parametrize(("parameters", "library"), ML_DSA, ids=["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"])
def test_ml_dsa_agrees_with_the_library(
    parameters: ml_dsa.MlDsa,
    library: type[mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey],
) -> None:
    for number in range(3):
        seed = octets(number, 32)
        foreign, private = library.from_seed_bytes(seed), ml_dsa.expand_seed(parameters, seed)
        public = ml_dsa.public_half(parameters, private)
        assert public == foreign.public_key().public_bytes_raw()
        signature = foreign.sign(b"content")
        assert ml_dsa.is_signature(parameters, public, signature, b"content")
        assert not ml_dsa.is_signature(parameters, public, signature, b"Content")
        assert not ml_dsa.is_signature(parameters, public[:-1], signature, b"content")


@pytest.mark.parametrize("parameters", [ml_dsa.ML_DSA_44, ml_dsa.ML_DSA_65, ml_dsa.ML_DSA_87], ids=["44", "65", "87"])
def test_altered_ml_dsa_keys_do_not_hold(parameters: ml_dsa.MlDsa) -> None:
    private = ml_dsa.expand_seed(parameters, octets(1, 32))
    # The positions are in rho, tr, s1 (set out of range) and t0. The random K need not fit anything.
    for position, octet in ((0, private[0] ^ 1), (64, private[64] ^ 1), (128, 0xFF), (len(private) - 1, 0)):
        altered = private[:position] + bytes((octet,)) + private[position + 1 :]
        assert ml_dsa.public_half(parameters, altered) is None
    assert ml_dsa.public_half(parameters, private[:-1]) is None


@pytest.mark.parametrize(("name", "parameters"), [("mldsa_44", ml_dsa.ML_DSA_44), ("mldsa_65", ml_dsa.ML_DSA_65)])
def test_ml_dsa_gives_every_answer_of_wycheproof(name: str, parameters: ml_dsa.MlDsa) -> None:
    wrong, checked = [], 0
    for group, test in cases(f"{name}_verify"):
        if test.get("ctx"):
            continue
        public, signature, content = (bytes.fromhex(text) for text in (group["publicKey"], test["sig"], test["msg"]))
        checked += 1
        if ml_dsa.is_signature(parameters, public, signature, content) is not (test["result"] == "valid"):
            wrong.append(f"{test['tcId']} {test['comment']}")
    assert wrong == []
    assert checked > 100
