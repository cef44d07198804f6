"""docs/algorithms.md against the code: every algorithm has its row, and the row says what the code does."""

from __future__ import annotations

import re

import pytest

from smime_core import blocking
from smime_core.algorithms import (
    CONTENT_CIPHERS,
    KEY_WRAPS,
    RC2_40_CBC,
    RC2_64_CBC,
    RC2_128_CBC,
    VERIFIED_CURVES,
    ContentCipher,
    Curve,
    HashName,
    KeyWrap,
    SignatureAlgorithm,
    SignatureScheme,
    hash_label,
)
from smime_core.cms.key_holder import choose_signature_algorithm
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.errors import AlgorithmForbidden, SmimeError
from smime_core.keys import FIELD_BITS
from smime_core.policy import Policy, check_content_cipher, check_key_wrap, check_signature_algorithm
from smime_core.provider import KeyType, NewKey, PrivateKey, PublicKey
from tests.support.people import NOW, PROVIDER, person
from tests.support.project import ROOT

PAGE = (ROOT / "docs" / "algorithms.md").read_text()
ROWS = {
    cells[0]: cells[1:]
    for line in PAGE.splitlines()
    if line.startswith("| ") and (cells := [cell.strip() for cell in line.strip("|").split("|")])
}
CIPHERS = [*CONTENT_CIPHERS.values(), RC2_40_CBC, RC2_64_CBC, RC2_128_CBC]
NOT_MADE = "–"


def made(name: str) -> str:
    return ROWS[name][0]


def read(name: str) -> str:
    return ROWS[name][1]


def is_let_through(check: object, *arguments: object) -> Policy:
    """`Policy.RECEIVE` if the check lets the arguments through under it, else `Policy.ARCHIVE`."""
    assert callable(check)
    try:
        check(*arguments, Policy.RECEIVE)
    except AlgorithmForbidden:
        check(*arguments, Policy.ARCHIVE)
        return Policy.ARCHIVE
    return Policy.RECEIVE


@pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: cipher.name)
def test_content_ciphers(cipher: ContentCipher) -> None:
    assert read(cipher.name) == is_let_through(check_content_cipher, cipher)
    try:
        blocking.encrypt_bytes(
            b"", Encrypting(recipients=[person("alice").certificate], cipher=cipher), provider=PROVIDER
        )
    except SmimeError:
        assert made(cipher.name) == NOT_MADE
    else:
        assert made(cipher.name) in ("yes", "default")


@pytest.mark.parametrize("wrap", KEY_WRAPS.values(), ids=lambda wrap: wrap.name)
def test_key_wraps(wrap: KeyWrap) -> None:
    assert read(wrap.name) == is_let_through(check_key_wrap, wrap)
    assert (made(wrap.name) == NOT_MADE) is wrap.is_weak


@pytest.mark.parametrize("name", HashName)
def test_hashes(name: HashName) -> None:
    algorithm = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=name)
    label = hash_label(name)
    assert read(label) == is_let_through(check_signature_algorithm, algorithm)
    makers = [row for row, cells in ROWS.items() if row in SIGNATURE_ROWS and re.search(rf"{label}(?![\d/])", cells[0])]
    assert (made(label) == NOT_MADE) is (not makers)


SIGNATURE_ROWS = {
    "RSA": (KeyType.RSA, None, SignatureScheme.RSA_PKCS1_V15),
    "RSA-PSS": (KeyType.RSA, None, SignatureScheme.RSA_PSS),
    **{f"ECDSA {curve}": (KeyType.EC, curve, SignatureScheme.ECDSA) for curve in Curve},
    "Ed25519": (KeyType.ED25519, None, SignatureScheme.ED25519),
    "Ed448": (KeyType.ED448, None, SignatureScheme.ED448),
    "ML-DSA-44": (KeyType.ML_DSA_44, None, SignatureScheme.ML_DSA_44),
    "ML-DSA-65": (KeyType.ML_DSA_65, None, SignatureScheme.ML_DSA_65),
    "ML-DSA-87": (KeyType.ML_DSA_87, None, SignatureScheme.ML_DSA_87),
    "DSA": (KeyType.DSA, None, SignatureScheme.DSA),
}


def test_every_scheme_has_a_row() -> None:
    assert {scheme for _, _, scheme in SIGNATURE_ROWS.values()} == set(SignatureScheme)


@pytest.mark.parametrize("row", SIGNATURE_ROWS)
def test_signatures(row: str) -> None:
    key_type, curve, scheme = SIGNATURE_ROWS[row]
    algorithm = SignatureAlgorithm(scheme=scheme, hash_name=HashName.SHA256)
    key = PublicKey(spki_der=b"", key_type=key_type, bits=FIELD_BITS.get(curve, 0) if curve else 0, curve=curve)
    assert read(row) == is_let_through(lambda policy: check_signature_algorithm(algorithm, policy, key))
    try:
        chosen = choose_signature_algorithm(PrivateKey(pkcs8_der=b"", key_type=key_type, bits=0, curve=curve), scheme)
    except SmimeError:
        assert made(row) == NOT_MADE
    else:
        assert hash_label(chosen.hash_name) in made(row)


@pytest.mark.parametrize("key", NewKey)
def test_keys_that_receive(key: NewKey) -> None:
    identity = person(f"key-{key}", key)
    names = {
        NewKey.P256: "ECDH P-256",
        NewKey.P384: "ECDH P-384",
        NewKey.P521: "ECDH P-521",
        NewKey.RSA_2048: "RSA PKCS#1 v1.5",
        NewKey.RSA_3072: "RSA PKCS#1 v1.5",
        NewKey.X25519: "X25519",
        NewKey.X448: "X448",
    }
    name = names.get(key, key.upper())
    try:
        cms = blocking.encrypt_bytes(b"", Encrypting(recipients=[identity.certificate]), provider=PROVIDER)
    except SmimeError:
        # This kind of key only signs.
        assert f"| {name} " not in PAGE[PAGE.index("## How the content key travels") :]
        assert blocking.sign_bytes(b"", Signing(identities=[identity], signing_time=NOW), provider=PROVIDER)
        return
    opened = blocking.decrypt_bytes(cms, Keys(identities=[identity]), provider=PROVIDER)
    assert opened.content == b""
    assert read(name) == Policy.RECEIVE
    assert made(name) != NOT_MADE


def test_every_curve_agrees() -> None:
    for curve in [curve for curve in Curve if curve not in VERIFIED_CURVES]:
        assert read(f"ECDH {curve}") == Policy.RECEIVE
