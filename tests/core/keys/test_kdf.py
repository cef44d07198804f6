"""Parameters of password-based encryption are read back as written, and refused if they do not fit."""

from __future__ import annotations

import pytest

from smime_core.algorithms import NULL, HashName, Pbkdf2, RepeatedHash, Scrypt
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.errors import LimitExceeded, MalformedMessage, UnsupportedAlgorithm
from smime_core.keys.kdf import (
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
from smime_core.limits import MAX_PBKDF2_ITERATIONS, MAX_PKCS12_KDF_ITERATIONS
from smime_core.providers.native import NativeProvider

NATIVE = NativeProvider()
KDF = Pbkdf2(hash_name=HashName.SHA384, salt=b"salt and pepper", iterations=1000)


def pbkdf2(*fields: bytes) -> bytes:
    return der.sequence(der.oid(PBKDF2), der.sequence(der.octet_string(b"salt"), *fields))


@pytest.mark.parametrize("hash_name", list(HMAC_OIDS))
def test_hmac_identifier_comes_back(hash_name: HashName) -> None:
    assert parse_hmac_identifier(build_hmac_identifier(hash_name)) is hash_name


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
    with pytest.raises(MalformedMessage, match="only prf"):
        parse_pbkdf2(pbkdf2(der.integer(5), prf, prf))


def test_pbkdf2_without_iterations_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match="salt and iterationCount are missing"):
        parse_pbkdf2(pbkdf2())


def scrypt(*numbers: int) -> bytes:
    return der.sequence(der.oid(SCRYPT), der.sequence(der.octet_string(b"salt"), *map(der.integer, numbers)))


def test_scrypt_is_read_with_and_without_a_key_length() -> None:
    # RFC 7914 section 7.1.
    expected = Scrypt(salt=b"salt", cost=16384, block_size=8, parallelisation=2)
    assert parse_derivation(scrypt(16384, 8, 2)) == (expected, None)
    assert parse_derivation(scrypt(16384, 8, 2, 32)) == (expected, 32)


def test_pbkdf2_is_a_derivation_too() -> None:
    assert parse_derivation(build_pbkdf2(KDF, key_length=32)) == (KDF, 32)


@pytest.mark.parametrize("numbers", [(1, 8, 1), (1000, 8, 1), (0, 8, 1), (-2, 8, 1), (16, 0, 1), (16, 8, 0), (16, 8)])
def test_impossible_scrypt_is_malformed(numbers: tuple[int, ...]) -> None:
    with pytest.raises(MalformedMessage, match="scrypt-params"):
        parse_derivation(scrypt(*numbers))


def test_memory_and_work_of_scrypt_are_capped() -> None:
    # The strongest parameters that OWASP recommends are accepted.
    assert parse_derivation(scrypt(131072, 8, 1)).key_length is None
    with pytest.raises(LimitExceeded, match="scrypt memory"):
        parse_derivation(scrypt(262144, 8, 1))
    assert parse_derivation(scrypt(2, 8, 256)).key_length is None
    with pytest.raises(LimitExceeded, match="scrypt lanes"):
        parse_derivation(scrypt(2, 8, 257))
    with pytest.raises(LimitExceeded, match="scrypt blocks"):
        parse_derivation(scrypt(131072, 8, 9))


def test_other_derivations_are_unsupported() -> None:
    for parse in (parse_pbkdf2, parse_derivation):
        with pytest.raises(UnsupportedAlgorithm, match=r"1\.2\.3\.4"):
            parse(der.sequence(der.oid("1.2.3.4"), der.sequence(der.octet_string(b"salt"), der.integer(5))))
    with pytest.raises(UnsupportedAlgorithm, match=SCRYPT):
        parse_pbkdf2(scrypt(16384, 8, 1))


def test_other_prfs_are_unsupported_and_parameters_malformed() -> None:
    with pytest.raises(UnsupportedAlgorithm, match="HMAC"):
        parse_hmac_identifier(der.sequence(der.oid("1.2.840.113549.2.6"), NULL))
    with pytest.raises(MalformedMessage, match="HMAC"):
        parse_hmac_identifier(der.sequence(der.oid(HMAC_OIDS[HashName.SHA256]), der.integer(1)))


def test_old_kdf_gives_the_known_answer() -> None:
    # The value is from the Go project's test of PKCS#12 keys that are longer than a digest.
    loop = RepeatedHash(hash_name=HashName.SHA1, iterations=2048)
    key = run(derive_pkcs12(loop, bmp_passphrase(b"sesame"), b"\xff" * 8, Purpose.KEY, 24, NATIVE))
    assert key.hex() == "7cd9fd3e2b3be7691a44e3bef0f9ea0fb9b897d4e325d9d1"


# The hashes of FIPS 180-4 and 202 have blocks of different sizes. The values are by OpenSSL's PKCS12KDF, for the
# passphrase "secret", the salt "saltsalt", 3 iterations and the MAC's purpose.
@pytest.mark.parametrize(
    ("hash_name", "expected"),
    [
        (HashName.MD5, "5270b1742ba746f6e954494b679f77cc259b6fed89f62392a24b3114f4d43a6d3877f84446cc4d9f"),
        (HashName.SHA1, "504824b915f8bdd47a3a9159d6968c14f22152a8f4dc4607395643cdbdc7b316add091ac818c11b1"),
        (HashName.SHA224, "8acef5711164175996133d0448ff1d07a56022dd6afa3eb5220268dbac11a5186c8c2b6085658139"),
        (HashName.SHA256, "74e603205ba7b2082ed3cb3d88595c9afa33d0f14bea384399de8b604a367108143b940c9e70adf1"),
        (HashName.SHA384, "59a9e2a9489a5fc1259df6c13c1394b3e8a061119687c23dd778caabd3f8adb66e5033582abeaee8"),
        (HashName.SHA512, "c53d5c13d5354e1d4f2590881bd6974f95b0d2694d05e7a59af33c48e20c8ca7deaf5430f6f50e78"),
        (HashName.SHA512_224, "542293a223ec8e5b73836530b7dfa3f574d21c382451e5626108f4b3bedd524ff7abad87089bc579"),
        (HashName.SHA512_256, "84141c50d475f577d04f12edfd88379c370f0ecd4249ac440c5336bd137d147097dbabfb283e19dc"),
        (HashName.SHA3_224, "790546624137107efd027d9a91c5fc3d8580888bf7a79d8f73668d4b3be559a4b32c4a9a8f377dd6"),
        (HashName.SHA3_256, "441274caa9be851d95d04c7b925d9d7c995e053e76767ccaf49057d73e928a73846c4db2f688f414"),
        (HashName.SHA3_384, "70e2d5d995bd188dbe6ba972e702a1d9dda7918daa217fecff59ffc622044035b549379478d71550"),
        (HashName.SHA3_512, "422469eedf45ff023fb658e51f91e6449731dd4914b8230bcdbc5f0541ea874a84a5703a39632e3a"),
    ],
)
def test_old_kdf_knows_the_block_of_every_hash(hash_name: HashName, expected: str) -> None:
    password = bmp_passphrase(b"secret")
    loop = RepeatedHash(hash_name=hash_name, iterations=3)
    key = run(derive_pkcs12(loop, password, b"saltsalt", Purpose.MAC, 40, NATIVE))
    assert key.hex() == expected


def test_old_kdf_refuses_hashes_that_no_file_has() -> None:
    loop = RepeatedHash(hash_name=HashName.SHAKE128, iterations=1)
    with pytest.raises(UnsupportedAlgorithm, match="key derivation"):
        run(derive_pkcs12(loop, b"", b"salt", Purpose.MAC, 8, NATIVE))


def test_old_kdfs_are_capped() -> None:
    # MUSTS 40.
    loop = RepeatedHash(hash_name=HashName.SHA1, iterations=MAX_PKCS12_KDF_ITERATIONS + 1)
    with pytest.raises(LimitExceeded, match="PKCS#12 KDF iterations"):
        run(derive_pkcs12(loop, b"", b"salt", Purpose.MAC, 8, NATIVE))
    with pytest.raises(LimitExceeded, match="PBKDF1 iterations"):
        run(derive_pbkdf1(loop, b"", b"salt", NATIVE))


def test_passphrase_that_is_no_utf8_is_taken_for_latin1() -> None:
    assert bmp_passphrase(b"\xe4") == bmp_passphrase("ä".encode()) == b"\0\xe4\0\0"
