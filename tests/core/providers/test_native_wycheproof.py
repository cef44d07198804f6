"""The native provider against Project Wycheproof: every case of the files for algorithms that the core has."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from smime_core.algorithms import (
    CONTENT_CIPHERS,
    CURVE_OIDS,
    EC_PUBLIC_KEY,
    PURE_SCHEME_HASHES,
    CipherFamily,
    CipherMode,
    ContentCipher,
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
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.keys import (
    FIELD_BITS,
    lattice_private_key,
    parse_private_key,
    parse_public_key,
    public_point,
    read_expanded_private,
)
from smime_core.provider import KeyType, PrivateKey
from smime_core.providers.native import NativeProvider
from tests.support.vectors import vectors

Json = dict[str, Any]
Check = Callable[[Json, Json], Coroutine[Any, Any, bool]]
PROVIDER = NativeProvider()
FOLDER = vectors("wycheproof") / "testvectors_v1"
CURVES = {"secp256r1": Curve.P256, "secp384r1": Curve.P384, "secp521r1": Curve.P521}
LENGTHS = {curve: (bits + 7) // 8 for curve, bits in FIELD_BITS.items()}


def hash_name(text: str) -> HashName:
    return HashName(text.replace("-", "", 1).replace("/", "_").lower())


@functools.cache
def private_key(pkcs8_hex: str) -> PrivateKey:
    return parse_private_key(bytes.fromhex(pkcs8_hex))


def cipher_of(mode: CipherMode, bits: int) -> ContentCipher:
    family = CipherFamily.AES
    ciphers = CONTENT_CIPHERS.values()
    return next(
        cipher for cipher in ciphers if (cipher.family, cipher.mode, cipher.key_length) == (family, mode, bits // 8)
    )


def octets(test: Json, *names: str) -> list[bytes]:
    return [bytes.fromhex(test[name]) for name in names]


# Each check returns whether the result is the expected one, and raises SmimeError for a refusal.


async def verify_signature(scheme: SignatureScheme, group: Json, test: Json) -> bool:
    key = parse_public_key(bytes.fromhex(group["publicKeyDer"]))
    algorithm = SignatureAlgorithm(scheme=scheme, hash_name=hash_name(group["sha"]), salt_length=group.get("sLen", 0))
    signature, content = octets(test, "sig", "msg")
    await PROVIDER.verify(key, algorithm, signature, content)
    return True


async def verify_ecdsa(group: Json, test: Json) -> bool:
    return await verify_signature(SignatureScheme.ECDSA, group, test)


async def verify_v15(group: Json, test: Json) -> bool:
    return await verify_signature(SignatureScheme.RSA_PKCS1_V15, group, test)


async def verify_pss(group: Json, test: Json) -> bool:
    return await verify_signature(SignatureScheme.RSA_PSS, group, test)


async def verify_pss_key(group: Json, test: Json) -> bool:
    """The key is id-RSASSA-PSS and carries the parameters itself."""
    key = parse_public_key(bytes.fromhex(group["publicKeyDer"]))
    assert key.pss is not None
    algorithm = key.pss.parameters
    assert algorithm is not None
    parameters = (algorithm.scheme, algorithm.hash_name, algorithm.mask_hash, algorithm.salt_length)
    named = (hash_name(group["sha"]), hash_name(group["mgfSha"]), group["sLen"])
    assert parameters == (SignatureScheme.RSA_PSS, *named)
    signature, content = octets(test, "sig", "msg")
    await PROVIDER.verify(key, algorithm, signature, content)
    return True


async def verify_pure(scheme: SignatureScheme, group: Json, test: Json) -> bool:
    key = parse_public_key(bytes.fromhex(group["publicKeyDer"]))
    signature, content = octets(test, "sig", "msg")
    algorithm = SignatureAlgorithm(scheme=scheme, hash_name=PURE_SCHEME_HASHES[scheme])
    await PROVIDER.verify(key, algorithm, signature, content)
    return True


async def verify_ed25519(group: Json, test: Json) -> bool:
    return await verify_pure(SignatureScheme.ED25519, group, test)


async def verify_ml_dsa_44(group: Json, test: Json) -> bool:
    return await verify_pure(SignatureScheme.ML_DSA_44, group, test)


async def verify_ml_dsa_65(group: Json, test: Json) -> bool:
    return await verify_pure(SignatureScheme.ML_DSA_65, group, test)


async def generate_v15(group: Json, test: Json) -> bool:
    key = private_key(group["privateKeyPkcs8"])
    algorithm = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=hash_name(group["sha"]))
    signature, content = octets(test, "sig", "msg")
    return await PROVIDER.sign(key, algorithm, content) == signature


async def decrypt_transport(algorithm: KeyTransport, group: Json, test: Json) -> bool:
    key = private_key(group["privateKeyPkcs8"])
    cek, ciphertext = octets(test, "msg", "ct")
    decrypted_cek = await PROVIDER.transport_decrypt(key, algorithm, ciphertext, cek_length=len(cek))
    # A damaged RSA v1.5 block gives a random CEK of the expected length. Of length 0 there is only one CEK, which would
    # always be the expected one.
    return decrypted_cek == cek and bool(cek or test["result"] == "valid")


async def decrypt_v15(group: Json, test: Json) -> bool:
    return await decrypt_transport(KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15), group, test)


async def decrypt_oaep(group: Json, test: Json) -> bool:
    algorithm = KeyTransport(
        scheme=TransportScheme.RSA_OAEP,
        hash_name=hash_name(group["sha"]),
        mgf_hash=hash_name(group["mgfSha"]),
        p_source=bytes.fromhex(test["label"]),
    )
    return await decrypt_transport(algorithm, group, test)


async def decrypt_gcm(group: Json, test: Json) -> bool:
    key, iv, aad, content, ciphertext, tag = octets(test, "key", "iv", "aad", "msg", "ct", "tag")
    cipher = cipher_of(CipherMode.GCM, group["keySize"])
    return await PROVIDER.decrypt_content(cipher, key, iv, ciphertext + tag, aad=aad) == content


async def decrypt_cbc(group: Json, test: Json) -> bool:
    key, iv, content, ciphertext = octets(test, "key", "iv", "msg", "ct")
    return await PROVIDER.decrypt_content(cipher_of(CipherMode.CBC, group["keySize"]), key, iv, ciphertext) == content


async def unwrap(_group: Json, test: Json) -> bool:
    key, content, wrapped = octets(test, "key", "msg", "ct")
    return await PROVIDER.unwrap_key(key, wrapped) == content


async def agree(group: Json, test: Json) -> bool:
    public_key = parse_public_key(bytes.fromhex(test["public"]))
    curve = CURVES[group["curve"]]
    if public_key.curve is not curve:
        return False
    scalar = int(test["private"], 16).to_bytes(LENGTHS[curve], "big")
    key_der = der.sequence(der.integer(1), der.octet_string(scalar))
    identifier = der.sequence(der.oid(EC_PUBLIC_KEY), der.oid(CURVE_OIDS[curve]))
    key = parse_private_key(der.sequence(der.integer(0), identifier, der.octet_string(key_der)))
    return await PROVIDER.agree(key, public_point(public_key)) == bytes.fromhex(test["shared"])


async def agree_x25519(_group: Json, test: Json) -> bool:
    public_key = parse_public_key(bytes.fromhex(test["public"]))
    key = private_key(test["private"])
    return await PROVIDER.agree(key, public_point(public_key)) == bytes.fromhex(test["shared"])


async def decapsulate(_group: Json, test: Json) -> bool:
    """Decapsulate twice: with the seed by the library, and with the expanded key in Python."""
    seed, ciphertext, expected = octets(test, "seed", "c", "K")
    if len(seed) != 64:
        raise MalformedMessage("the file tests seeds of a wrong length too", where="seed")
    key = lattice_private_key(KeyType.ML_KEM_768, seed)
    expanded = ml_kem_key(read_expanded_private(key))
    return await PROVIDER.decapsulate(key, ciphertext) == expected == await PROVIDER.decapsulate(expanded, ciphertext)


async def decapsulate_expanded(_group: Json, test: Json) -> bool:
    expanded, ciphertext = octets(test, "dk", "c")
    return (await PROVIDER.decapsulate(ml_kem_key(expanded), ciphertext)).hex() == test.get("K")


def ml_kem_key(expanded: bytes) -> PrivateKey:
    identifier = der.sequence(der.oid("2.16.840.1.101.3.4.4.2"))
    return parse_private_key(der.sequence(der.integer(0), identifier, der.octet_string(der.octet_string(expanded))))


async def derive_pbes2(name: HashName, bits: int, test: Json) -> bool:
    password, salt, iv, content, ciphertext = octets(test, "password", "salt", "iv", "msg", "ct")
    kdf = Pbkdf2(hash_name=name, salt=salt, iterations=test["iterationCount"])
    kek = await PROVIDER.derive_key(kdf, password, bits // 8)
    return await PROVIDER.decrypt_content(cipher_of(CipherMode.CBC, bits), kek, iv, ciphertext) == content


async def derive_pbes2_sha1_256(_group: Json, test: Json) -> bool:
    return await derive_pbes2(HashName.SHA1, 256, test)


async def derive_pbes2_sha256_128(_group: Json, test: Json) -> bool:
    return await derive_pbes2(HashName.SHA256, 128, test)


async def derive_pbes2_sha256_256(_group: Json, test: Json) -> bool:
    return await derive_pbes2(HashName.SHA256, 256, test)


async def derive_hkdf(_group: Json, test: Json) -> bool:
    secret, salt, info, expected = octets(test, "ikm", "salt", "info", "okm")
    kdf = Hkdf(hash_name=HashName.SHA256, salt=salt, info=info)
    return await PROVIDER.derive_key(kdf, secret, test["size"]) == expected


async def derive_pbkdf2(name: HashName, test: Json) -> bool:
    password, salt, expected = octets(test, "password", "salt", "dk")
    kdf = Pbkdf2(hash_name=name, salt=salt, iterations=test["iterationCount"])
    return await PROVIDER.derive_key(kdf, password, test["dkLen"]) == expected


async def derive_pbkdf2_sha1(_group: Json, test: Json) -> bool:
    return await derive_pbkdf2(HashName.SHA1, test)


async def derive_pbkdf2_sha256(_group: Json, test: Json) -> bool:
    return await derive_pbkdf2(HashName.SHA256, test)


CHECKS: dict[str, Check] = {
    "ecdsa_secp*_test": verify_ecdsa,
    "ecdsa_brainpool*_test": verify_ecdsa,
    "ed25519_test": verify_ed25519,
    "mldsa_44_verify_test": verify_ml_dsa_44,
    "mldsa_65_verify_test": verify_ml_dsa_65,
    "rsa_signature_*_test": verify_v15,
    "rsa_pss_*_params_test": verify_pss_key,
    "rsa_pss_????_sha*_[0-9]_test": verify_pss,
    "rsa_pss_????_sha*_[0-9][0-9]_test": verify_pss,
    "rsa_pkcs1_*_sig_gen_test": generate_v15,
    "rsa_pkcs1_????_test": decrypt_v15,
    "rsa_oaep_*_test": decrypt_oaep,
    "aes_gcm_test": decrypt_gcm,
    "aes_cbc_pkcs5_test": decrypt_cbc,
    "aes_wrap_test": unwrap,
    "ecdh_secp*_test": agree,
    "x25519_asn_test": agree_x25519,
    "mlkem_768_test": decapsulate,
    "mlkem_768_semi_expanded_decaps_test": decapsulate_expanded,
    "hkdf_sha256_test": derive_hkdf,
    "pbes2_hmacsha1_aes_256_test": derive_pbes2_sha1_256,
    "pbes2_hmacsha256_aes_128_test": derive_pbes2_sha256_128,
    "pbes2_hmacsha256_aes_256_test": derive_pbes2_sha256_256,
    "pbkdf2_hmacsha1_test": derive_pbkdf2_sha1,
    "pbkdf2_hmacsha256_test": derive_pbkdf2_sha256,
}


# The files that no check reads, each with its reason.
LEFT_OUT = {
    "aes_kwp_test": "CMS wraps by AES key wrap alone (RFC 3565); with padding is another algorithm (RFC 5649)",
    "hmac_sha256_test": "HMAC is the standard library's, not the provider's",
}


def out_of_scope(group: Json, test: Json) -> str:
    """The reason why a case is left out; empty if it is not."""
    nonce_bits = group["ivSize"] if group["type"] == "AeadTest" else 96
    if not 64 <= nonce_bits <= 1024:
        return "the library takes GCM nonces of 8 to 128 bytes; CMS writes 12 (RFC 5084 section 3.2)"
    if group["type"] == "MlDsaVerify" and test.get("ctx"):
        return "ML-DSA has an empty context (RFC 9882 section 3)"
    return ""


def holds(check: Check, group: Json, test: Json) -> bool:
    try:
        return asyncio.run(check(group, test))
    except SmimeError:
        return False


FILES = [
    pytest.param(check, path, id=path.stem) for name, check in CHECKS.items() for path in FOLDER.glob(f"{name}.json")
]


@pytest.mark.parametrize(("check", "path"), FILES)
def test_gives_every_answer(check: Check, path: Path) -> None:
    groups = json.loads(path.read_text(encoding="utf-8"))["testGroups"]
    wrong = [
        f"{test['tcId']} {test['comment']} {test['flags']}: expected {test['result']}"
        for group in groups
        for test in group["tests"]
        if test["result"] != "acceptable"
        and not out_of_scope(group, test)
        and holds(check, group, test) != (test["result"] == "valid")
    ]
    assert wrong == []


def test_no_kind_of_file_is_missing() -> None:
    assert {name for name in CHECKS if not any(FOLDER.glob(f"{name}.json"))} == set()


def test_every_file_is_taken_or_left_out_for_a_reason() -> None:
    taken = {path.stem for name in CHECKS for path in FOLDER.glob(f"{name}.json")}
    assert {path.stem for path in FOLDER.glob("*.json")} - taken == set(LEFT_OUT)


def test_secrets_of_nothing_but_zeros_are_refused() -> None:
    """MUSTS 28. The file calls these secrets acceptable, because RFC 7748 makes the check optional."""
    groups = json.loads((FOLDER / "x25519_asn_test.json").read_text(encoding="utf-8"))["testGroups"]
    tests = [test for group in groups for test in group["tests"] if "ZeroSharedSecret" in test["flags"]]
    assert tests
    assert not any(holds(agree_x25519, {}, test) for test in tests)
