"""Password-based encryption: known answers of OpenSSL for every scheme, and refusals."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
from typing import Final

import pytest

from smime_core.algorithms import AES_192_CBC, AES_256_CBC, AES_256_GCM, NULL, TRIPLE_DES_CBC, HashName, Pbkdf2
from smime_core.asn1 import der
from smime_core.errors import LimitExceeded, MalformedMessage, UnsupportedAlgorithm, WrongPassphrase
from smime_core.identity.passphrase import FilePassphrase, decrypt_private_key_info
from smime_core.identity.pbes import PBES2, build_pbes2, derivation_work, parse_dek_info, parse_encryption
from smime_core.keys.kdf import SCRYPT, build_pbkdf2
from smime_core.limits import MAX_PBKDF2_ITERATIONS, MAX_PKCS12_KDF_ITERATIONS
from smime_core.providers.native import NativeProvider

PROVIDER: Final = NativeProvider()
KDF: Final = Pbkdf2(hash_name=HashName.SHA384, salt=b"salt and pepper", iterations=1000)
TRIPLE_DES_PBE: Final = "1.2.840.113549.1.12.1.3"
MD5_DES: Final = "1.2.840.113549.1.5.3"
RC2: Final = "1.2.840.113549.3.2"

# One Ed25519 key, and its encryptions by `openssl pkcs8 -topk8 -iter 3` with the passphrase "secret". Each name is the
# further options of that command.
PLAINTEXT: Final = base64.b64decode("MC4CAQAwBQYDK2VwBCIEIJXZhjCJeyY1/KteQtqtJvK3SDy8KAnTUMPIE/s/wGp3")
ENCRYPTED: Final = {
    "-v1 PBE-SHA1-3DES": (
        "MFcwGwYKKoZIhvcNAQwBAzANBAh/vQMZpUWO0gIBAwQ4JOIPyW340mWTmXj99H7TbXqNzuuHxONhA5GUUOjcK+N2GKKKny85fEnfx8q7"
        "gKPZEZbe4QtQ5IM="
    ),
    "-v1 PBE-SHA1-2DES": (
        "MFcwGwYKKoZIhvcNAQwBBDANBAiA0fL94qRZPQIBAwQ4iLycVBO9knpsNlli4bEp9a+drEGvIusyvumjeRTTyLiiqEJ2iuGlGhLzyH5a"
        "x+/PnsmxeP9BFu0="
    ),
    "-v1 PBE-SHA1-RC2-128": (
        "MFcwGwYKKoZIhvcNAQwBBTANBAjI5GlG2LkldwIBAwQ4WM1293vg350jP0FEPYOyfcXz5mJf4uPs4b5pBQcO6U4y6rrXm5oqMXXF9kDw"
        "pxMVrxrVYZFHpu0="
    ),
    "-v1 PBE-SHA1-RC2-40": (
        "MFcwGwYKKoZIhvcNAQwBBjANBAhm0xHdh8NBEQIBAwQ4erZshqOjzHVrUzPVgE3w+K8Qwe2nuGVc2h8s5Iis/4D6vOymChHdKMKWIk3y"
        "CoQqWzyISHWeF3k="
    ),
    "-v1 PBE-MD5-DES": (
        "MFYwGgYJKoZIhvcNAQUDMA0ECP8jQtlLWPd0AgEDBDgbMcFF13esK/feT4JFx1B8sBgjuFlucn3+nA0wOSNDyJCyQu5dJqO7395AEvs6"
        "Cwxjig8CuucedQ=="
    ),
    "-v1 PBE-MD5-RC2-64": (
        "MFYwGgYJKoZIhvcNAQUGMA0ECNaSVU6PHxdGAgEDBDjRKXIKlTYBY55F5IAHcgwbzPmnRBl0fKmRxRzb/EzU39o+1bRi8WoaLnhjspsZ"
        "/+kLH7VuFAEh8Q=="
    ),
    "-v1 PBE-SHA1-DES": (
        "MFYwGgYJKoZIhvcNAQUKMA0ECNtiJutWsuRJAgEDBDgWsTz+Jcoj7fp3HujHH2oFbJ8n5Q3htgueEAwhnmNP/a8f/MRn5PQ5Dg3ic0Pe"
        "1cBhnnT3c/t0/Q=="
    ),
    "-v1 PBE-SHA1-RC2-64": (
        "MFYwGgYJKoZIhvcNAQULMA0ECNLHoQHMKz96AgEDBDgBVdPpunLvOVFvilvnV2vFsiqnIz9lBtUoS8rvnWvIWgNQK/zR2av+ZwJgTXpv"
        "5OLKA/zzym383A=="
    ),
    "-v2 des3": (
        "MIGJME0GCSqGSIb3DQEFDTBAMCgGCSqGSIb3DQEFDDAbBAguBgceY93sqAIBAzAMBggqhkiG9w0CCQUAMBQGCCqGSIb3DQMHBAjS2hUP"
        "GxRcIwQ44OkNtnoKvPPg8AM1FCw98vxPF65lFd56TJBu3hH6edgGbCiaC8WQwgWNDhfiCK9rLwBHXuTvpUw="
    ),
    "-v2 des": (
        "MIGGMEoGCSqGSIb3DQEFDTA9MCgGCSqGSIb3DQEFDDAbBAjzq8DReWwKcgIBAzAMBggqhkiG9w0CCQUAMBEGBSsOAwIHBAgnmpgSWPBm"
        "zQQ4a24NQT6JSPUTJQ8SSBZWAVOyllsqv9G1zaDZOfePRWfrGbuoHK3XQRTrrz3TFmHft23RKkdRiCs="
    ),
    "-v2 rc2": (
        "MIGRMFUGCSqGSIb3DQEFDTBIMCsGCSqGSIb3DQEFDDAeBAg8iQ1lMAsHcQIBAwIBEDAMBggqhkiG9w0CCQUAMBkGCCqGSIb3DQMCMA0C"
        "AToECL36tPojvoAtBDhD+wcYIDL1iGOgsnQjA0FPVYdSTEVNj6fpWIJEZ80TFGpBZFO9bHo95KHSvrJ/g0aYU89gGJ9d0A=="
    ),
    "-v2 rc2-64-cbc": (
        "MIGRMFUGCSqGSIb3DQEFDTBIMCsGCSqGSIb3DQEFDDAeBAhvQ9/aeMN+xAIBAwIBCDAMBggqhkiG9w0CCQUAMBkGCCqGSIb3DQMCMA0C"
        "AXgECDxwHwKEZVO9BDjCjYQx+pDEpuEEShYoVvb3M+x0iB3NEfXDsFkgpHiDJDWRH7bTSrxxLGksvmUExgW4nP1ZdK7T5A=="
    ),
    "-v2 rc2-40-cbc": (
        "MIGSMFYGCSqGSIb3DQEFDTBJMCsGCSqGSIb3DQEFDDAeBAgf61mNYazoGAIBAwIBBTAMBggqhkiG9w0CCQUAMBoGCCqGSIb3DQMCMA4C"
        "AgCgBAiJyPrPa90noQQ4kAHvA8xIQnHKOyY68k4Cp/ntrn0cOQ9to/PelBLldqFDiyc6zWIWmj6fqFWLYaqMYAokCLG3neY="
    ),
    "-v2 aes128 -v2prf hmacWithSHA512": (
        "MIGaMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAheiYD/wWat1AIBAzAMBggqhkiG9w0CCwUAMB0GCWCGSAFlAwQBAgQQQLkc"
        "FRF08VEV7qygKfdJsQRAi/HHwGuyHlZXuGNrb6Gw/ADuPsE5zdhb2byTTbji89MpsfP+Los6qrTUnLWPvy+dwdrzvIAV55guqiueADOr"
        "fQ=="
    ),
    "-v2 aes192 -v2prf hmacWithSHA512-256": (
        "MIGaMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAgzkN4Psq42YAIBAzAMBggqhkiG9w0CDQUAMB0GCWCGSAFlAwQBFgQQmldh"
        "V1sD6u4suNCSLcPs2gRALyRKOxLurYoCWvVJwbigf5YGdCbE/AEQqGhj47w0dHcKpRDoJOoIRr3OwX+dpCJ4e/TXiI3f1GBFtFtxMMNk"
        "1w=="
    ),
    "-v2 aes256 -v2prf hmacWithSHA1": (
        "MIGMMEgGCSqGSIb3DQEFDTA7MBoGCSqGSIb3DQEFDDANBAi55pPCVjxzAAIBAzAdBglghkgBZQMEASoEEC+fBAMHwtCGMzBWN7F3+pAE"
        "QAaypuMqsOvXunrOgQ//Zr8BfNJCkH8ZqhWqNPepYDLzrOGqytB74tYexCrWCPNHL9HWyJt/n5sPf1BWfJv5mrQ="
    ),
    "-scrypt -scrypt_N 1024": (
        "MIGTME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAimw+YUAewI6gICBAACAQgCAQEwHQYJYIZIAWUDBAEqBBB+DCsM2eYeNkQR"
        "NxnEsenaBEAjuCB3qL/PvkbZ+ZxdDK5arDxCqq27s8Z5mYdTYBC9JasHhmzg77KWIrWLn/RV8+RA+7tDZ+V1HHbTiXL7D6BB"
    ),
    "-v1 PBE-SHA1-RC4-128": (
        "ME8wGwYKKoZIhvcNAQwBATANBAjSetXfY/ASqgIBAwQwIiuocSqubg3icyTLnl8I8SIl3rxnkYfjyKFuAF7cPns08WH2ysmiFNrN5zUDJCTc"
    ),
    "-v1 PBE-SHA1-RC4-40": (
        "ME8wGwYKKoZIhvcNAQwBAjANBAi34CSE5aYumgIBAwQwcD9OqOlg/bcsEczmrfSg7rp0FKZMc4loTE4XjaX/GPGIxegDaDsdtmUXAFqDWjYW"
    ),
}
READABLE: Final = [name for name in ENCRYPTED if "RC4" not in name]


def decrypt(encrypted: bytes, passphrase: bytes = b"secret") -> bytes:
    return asyncio.run(decrypt_private_key_info(encrypted, FilePassphrase(passphrase, provider=PROVIDER)))


def scheme(oid: str, *parameters: bytes) -> bytes:
    return der.sequence(der.oid(oid), der.sequence(*parameters))


def pbes2(cipher: bytes) -> bytes:
    return scheme(PBES2, build_pbkdf2(KDF, key_length=32), cipher)


@pytest.mark.parametrize("name", READABLE)
def test_data_encrypted_by_openssl_is_decrypted(name: str) -> None:
    assert decrypt(base64.b64decode(ENCRYPTED[name])) == PLAINTEXT


@pytest.mark.parametrize("name", READABLE)
def test_another_passphrase_is_wrong(name: str) -> None:
    with pytest.raises(WrongPassphrase):
        decrypt(base64.b64decode(ENCRYPTED[name]), b"Secret")


@pytest.mark.parametrize("name", [name for name in ENCRYPTED if "RC4" in name])
def test_rc4_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnsupportedAlgorithm, match=r"RC4 with .* bits, which is not read: export it again"):
        decrypt(base64.b64decode(ENCRYPTED[name]))


@pytest.mark.parametrize(("oid", "name"), [("1.2.840.113549.1.5.1", "DES with MD2"), ("1.2.840.113549.1.5.4", "RC2")])
def test_md2_is_refused_by_name(oid: str, name: str) -> None:
    with pytest.raises(UnsupportedAlgorithm, match=name):
        parse_encryption(scheme(oid, der.octet_string(bytes(8)), der.integer(1)))


def test_unknown_schemes_are_refused_by_their_oid() -> None:
    with pytest.raises(UnsupportedAlgorithm, match=r"1\.2\.3\.4 is not supported"):
        parse_encryption(der.sequence(der.oid("1.2.3.4"), NULL))


def test_pbes2_identifier_comes_back() -> None:
    encryption = parse_encryption(build_pbes2(KDF, AES_192_CBC, bytes(16)))
    assert (encryption.derivation, encryption.cipher, encryption.iv) == (KDF, AES_192_CBC, bytes(16))
    assert encryption.key_length == 24


def test_pbes2_with_gcm_is_unsupported() -> None:
    with pytest.raises(UnsupportedAlgorithm, match=r"2\.16\.840\.1\.101\.3\.4\.1\.46"):
        parse_encryption(build_pbes2(KDF, AES_256_GCM, bytes(12)))


@pytest.mark.parametrize("cipher", [AES_256_CBC, TRIPLE_DES_CBC], ids=lambda cipher: cipher.name)
def test_iv_of_another_length_is_malformed(cipher: object) -> None:
    with pytest.raises(MalformedMessage, match="an IV of 15 bytes"):
        parse_encryption(build_pbes2(KDF, cipher, bytes(15)))  # type: ignore[arg-type]


def test_key_length_of_another_cipher_is_malformed() -> None:
    cipher = der.sequence(der.oid(AES_256_CBC.oid), der.octet_string(bytes(16)))
    with pytest.raises(MalformedMessage, match="a key of 16 bytes, AES-256-CBC takes 32"):
        parse_encryption(scheme(PBES2, build_pbkdf2(KDF, key_length=16), cipher))


@pytest.mark.parametrize(("version", "bits"), [(160, 40), (120, 64), (58, 128), (256, 256), (None, 32)])
def test_rc2_version_tells_the_bits(version: int | None, bits: int) -> None:
    # RFC 8018 appendix B.2.3: without a version, the key has 32 effective bits.
    fields = [der.integer(version)] if version is not None else []
    cipher = scheme(RC2, *fields, der.octet_string(bytes(8)))
    identifier = scheme(PBES2, build_pbkdf2(KDF, key_length=bits // 8), cipher)
    assert parse_encryption(identifier).cipher.name == f"RC2-{bits}-CBC"


@pytest.mark.parametrize("version", [-1, 0, 1, 255, 1032, 257])
def test_impossible_rc2_versions_are_unsupported(version: int) -> None:
    with pytest.raises(UnsupportedAlgorithm, match=f"RC2: parameter version {version}"):
        parse_encryption(pbes2(scheme(RC2, der.integer(version), der.octet_string(bytes(8)))))


def test_rc2_with_an_iv_of_another_length_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match="an IV of 7 bytes"):
        parse_encryption(pbes2(scheme(RC2, der.integer(160), der.octet_string(bytes(7)))))


@pytest.mark.parametrize("oid", [PBES2, RC2, TRIPLE_DES_PBE, MD5_DES])
def test_missing_parameters_are_malformed(oid: str) -> None:
    identifier = der.sequence(der.oid(oid), der.sequence())
    with pytest.raises(MalformedMessage):
        parse_encryption(identifier if oid != RC2 else pbes2(identifier))
    with pytest.raises(MalformedMessage):
        parse_encryption(der.sequence(der.oid(oid)) if oid != RC2 else pbes2(der.sequence(der.oid(oid))))


@pytest.mark.parametrize("oid", [TRIPLE_DES_PBE, MD5_DES])
def test_iterations_of_old_schemes_are_capped(oid: str) -> None:
    # MUSTS 40: iterations are capped on reading.
    def encrypted(iterations: int) -> bytes:
        identifier = scheme(oid, der.octet_string(bytes(8)), der.integer(iterations))
        return der.sequence(identifier, der.octet_string(bytes(16)))

    with pytest.raises(WrongPassphrase):
        decrypt(encrypted(10))
    with pytest.raises(LimitExceeded, match="iterations"):
        decrypt(encrypted(MAX_PKCS12_KDF_ITERATIONS + 1))
    with pytest.raises(MalformedMessage, match="iterationCount is 0"):
        decrypt(encrypted(0))


def test_iterations_of_pbkdf2_are_capped() -> None:
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=b"salt", iterations=MAX_PBKDF2_ITERATIONS + 1)
    with pytest.raises(LimitExceeded, match="PBKDF2 iterations"):
        parse_encryption(build_pbes2(kdf, AES_256_CBC, bytes(16)))


def test_work_of_each_scheme_is_counted() -> None:
    def work(identifier: bytes) -> int:
        encryption = parse_encryption(identifier)
        return derivation_work(encryption.derivation, encryption.key_length)

    old = [der.octet_string(bytes(8)), der.integer(100)]
    assert work(build_pbes2(KDF, AES_256_CBC, bytes(16))) == 2000  # each iteration of SHA-384 counts twice
    quick = dataclasses.replace(KDF, hash_name=HashName.SHA256)
    assert work(build_pbes2(quick, AES_256_CBC, bytes(16))) == 1000
    # The 24 bytes of the key take two digests of SHA-1, and the IV takes a third.
    assert work(scheme(TRIPLE_DES_PBE, *old)) == 300
    assert work(scheme(MD5_DES, *old)) == 100
    cipher = der.sequence(der.oid(AES_256_CBC.oid), der.octet_string(bytes(16)))
    scrypt = scheme(SCRYPT, der.octet_string(b"salt"), der.integer(1024), der.integer(8), der.integer(2))
    assert work(scheme(PBES2, scrypt, cipher)) == 1024 * 8 * 2


def test_dek_info_names_cipher_and_iv() -> None:
    encryption = parse_dek_info("AES-256-CBC,00112233445566778899AABBCCDDEEFF")
    assert encryption.cipher is AES_256_CBC
    assert encryption.iv == bytes.fromhex("00112233445566778899AABBCCDDEEFF")


@pytest.mark.parametrize(
    ("dek_info", "complaint"),
    [
        ("AES-256-CBC,0011", "an IV of 2 bytes"),
        ("AES-256-CBC", "an IV of 0 bytes"),
        ("DES-EDE3-CBC,xyz", "hexadecimal"),
    ],
)
def test_damaged_dek_info_is_malformed(dek_info: str, complaint: str) -> None:
    with pytest.raises(MalformedMessage, match=complaint):
        parse_dek_info(dek_info)


@pytest.mark.parametrize("name", ["IDEA-CBC", "AES-256-GCM", ""])
def test_other_ciphers_in_dek_info_are_unsupported(name: str) -> None:
    with pytest.raises(UnsupportedAlgorithm, match="DEK-Info"):
        parse_dek_info(f"{name},0011223344556677")
