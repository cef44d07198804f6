"""Parameters of password-based encryption: read back as written, and refused where they do not fit."""

from __future__ import annotations

import pytest

from smime_core import der
from smime_core.algorithms import AES_192_CBC, AES_256_CBC, AES_256_GCM, NULL, HashName, Pbkdf2
from smime_core.errors import LimitExceeded, MalformedMessage, UnsupportedAlgorithm
from smime_core.kdf import (
    HMAC_OIDS,
    PBKDF2,
    SCRYPT,
    Purpose,
    bmp_passphrase,
    build_hmac_identifier,
    build_pbkdf2,
    derive_pbkdf1,
    derive_pkcs12,
    parse_derivation,
    parse_hmac_identifier,
    parse_pbkdf2,
)
from smime_core.limits import MAX_PBKDF2_ITERATIONS

KDF = Pbkdf2(hash_name=HashName.SHA384, salt=b"salt and pepper", iterations=1000)


def pbkdf2(*fields: bytes) -> bytes:
    return der.sequence(der.oid(PBKDF2), der.sequence(der.octet_string(b"salt"), *fields))


@pytest.mark.parametrize("hash_name", list(HMAC_OIDS))
def test_hmac_identifier_comes_back(hash_name: HashName) -> None:
    assert parse_hmac_identifier(build_hmac_identifier(hash_name)) is hash_name


def test_pbes2_identifier_comes_back() -> None:
    assert parse_pbes2(build_pbes2(KDF, AES_192_CBC, bytes(16))) == (KDF, AES_192_CBC, bytes(16))


def test_absent_prf_means_sha1_and_absent_key_length_none() -> None:
    expected = Pbkdf2(hash_name=HashName.SHA1, salt=b"salt", iterations=5)
    assert parse_pbkdf2(pbkdf2(der.integer(5))) == (expected, None)


def test_key_length_and_prf_are_told_apart() -> None:
    kdf, key_length = parse_pbkdf2(pbkdf2(der.integer(5), der.integer(24), build_hmac_identifier(HashName.SHA512)))
    assert (kdf.hash_name, key_length) == (HashName.SHA512, 24)


@pytest.mark.parametrize("iterations", [0, -1])
def test_impossible_iterations_are_malformed(iterations: int) -> None:
    with pytest.raises(MalformedMessage, match="iterationCount"):
        parse_pbkdf2(pbkdf2(der.integer(iterations)))


def test_iterations_beyond_the_limit_are_refused() -> None:
    assert parse_pbkdf2(pbkdf2(der.integer(MAX_PBKDF2_ITERATIONS))).kdf.iterations == MAX_PBKDF2_ITERATIONS
    with pytest.raises(LimitExceeded, match="PBKDF2 iterations"):
        parse_pbkdf2(pbkdf2(der.integer(MAX_PBKDF2_ITERATIONS + 1)))


def test_fields_behind_the_prf_are_malformed() -> None:
    prf = build_hmac_identifier(HashName.SHA256)
    with pytest.raises(MalformedMessage, match="prf alone"):
        parse_pbkdf2(pbkdf2(der.integer(5), prf, prf))


def test_other_derivations_are_unsupported() -> None:
    scrypt = "1.3.6.1.4.1.11591.4.11"
    with pytest.raises(UnsupportedAlgorithm, match=scrypt):
        parse_pbkdf2(der.sequence(der.oid(scrypt), der.sequence(der.octet_string(b"salt"), der.integer(5))))


def test_other_prfs_are_unsupported_and_parameters_malformed() -> None:
    with pytest.raises(UnsupportedAlgorithm, match="HMAC"):
        parse_hmac_identifier(der.sequence(der.oid("1.2.840.113549.2.6"), NULL))
    with pytest.raises(MalformedMessage, match="HMAC"):
        parse_hmac_identifier(der.sequence(der.oid(HMAC_OIDS[HashName.SHA256]), der.integer(1)))


def test_pbes2_with_gcm_is_unsupported() -> None:
    with pytest.raises(UnsupportedAlgorithm, match=r"2\.16\.840\.1\.101\.3\.4\.1\.46"):
        parse_pbes2(build_pbes2(KDF, AES_256_GCM, bytes(12)))


def test_iv_of_another_length_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match="lengths"):
        parse_pbes2(build_pbes2(KDF, AES_256_CBC, bytes(15)))


def test_key_length_of_another_cipher_is_malformed() -> None:
    scheme = der.sequence(der.oid(AES_256_CBC.oid), der.octet_string(bytes(16)))
    parameters = der.sequence(build_pbkdf2(KDF, key_length=16), scheme)
    with pytest.raises(MalformedMessage, match="lengths"):
        parse_pbes2(der.sequence(der.oid(PBES2), parameters))


@pytest.mark.parametrize("oid", ["1.2.840.113549.1.12.1.3", "1.2.840.113549.1.12.1.6", "1.2.840.113549.1.5.3"])
def test_old_encryption_is_named_for_people(oid: str) -> None:
    with pytest.raises(UnsupportedAlgorithm, match="export it again with AES-256") as caught:
        parse_pbes2(der.sequence(der.oid(oid), der.sequence(der.octet_string(b"saltsalt"), der.integer(1))))
    assert caught.value.oid == oid


def test_unknown_encryption_is_not_called_old() -> None:
    with pytest.raises(UnsupportedAlgorithm) as caught:
        parse_pbes2(der.sequence(der.oid("1.2.3.4"), NULL))
    assert "export" not in str(caught.value)


def test_old_kdf_gives_the_known_answer() -> None:
    # The value of the Go project's test for PKCS#12 keys longer than a digest.
    key = derive_pkcs12(
        HashName.SHA1, bmp_passphrase(b"sesame"), b"\xff" * 8, purpose=Purpose.KEY, iterations=2048, length=24
    )
    assert key.hex() == "7cd9fd3e2b3be7691a44e3bef0f9ea0fb9b897d4e325d9d1"


def test_passphrase_that_is_no_utf8_is_taken_for_latin1() -> None:
    assert bmp_passphrase(b"\xe4") == bmp_passphrase("ä".encode()) == b"\0\xe4\0\0"
