"""Project Wycheproof: one case for each test of each file (schema in the file, `type` in each group)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from smime_core.algorithms import CURVE_OIDS, EC_PUBLIC_KEY, Curve, HashName
from smime_core.asn1 import der
from tools.conformance.case import Case, Skip, Task
from tools.conformance.checks.primitives import (
    Agree,
    Cipher,
    Derive,
    KemSecret,
    Mac,
    OutOfScope,
    Pbes2,
    SignRaw,
    Transport,
    Unwrap,
    VerifyRaw,
)

Json = dict[str, Any]
Found = Task | Skip

SET: Final = "wycheproof"
_RFC: Final = "https://www.rfc-editor.org/rfc/"
_CURVES: Final = {
    "secp256r1": (Curve.P256, 32),
    "secp384r1": (Curve.P384, 48),
    "secp521r1": (Curve.P521, 66),
    "brainpoolP256r1": (Curve.BRAINPOOL_P256R1, 32),
    "brainpoolP384r1": (Curve.BRAINPOOL_P384R1, 48),
    "brainpoolP512r1": (Curve.BRAINPOOL_P512R1, 64),
}
_XDH_OIDS: Final = {"curve25519": "1.3.101.110", "curve448": "1.3.101.111"}
_ML_KEM_OIDS: Final = {
    "ML-KEM-512": "2.16.840.1.101.3.4.4.1",
    "ML-KEM-768": "2.16.840.1.101.3.4.4.2",
    "ML-KEM-1024": "2.16.840.1.101.3.4.4.3",
}
_AEAD_MODES: Final = {"AES-GCM": "gcm", "AES-CCM": "ccm", "CHACHA20-POLY1305": "chacha20-poly1305"}
_NO_CONTEXT: Final = Skip(reason="ML-DSA with a context: in CMS the context is the empty string", link=f"{_RFC}rfc9882")
_ODD_NONCE: Final = Skip(
    reason="an AEAD nonce or tag of a length that CMS does not recommend", link=f"{_RFC}rfc5084#section-3.2"
)
_NO_KWP: Final = Skip(
    reason="a key wrap with padding, or of another cipher: S/MIME wraps keys with AES and without",
    link=f"{_RFC}rfc3565#section-2.3.2",
)
_OTHER_CURVE: Final = Skip(
    reason="a curve that S/MIME does not name, or a point where CMS has a SubjectPublicKeyInfo",
    link=f"{_RFC}rfc8551#section-2.3",
)
OTHER_ALGORITHM: Final = Skip(reason="an algorithm or form that S/MIME does not use", link=f"{_RFC}rfc8551#section-2")


def read_cases(folder: Path) -> Iterator[Case]:
    """The cases of every file. A kind of test that S/MIME does not use is skipped with a reason."""
    for path in sorted(folder.glob("**/*_test.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        for group in document["testGroups"]:
            for test in group["tests"]:
                task_or_skip = _read_test(document, group, test)
                skip = task_or_skip if isinstance(task_or_skip, Skip) else None
                task = OutOfScope() if isinstance(task_or_skip, Skip) else task_or_skip
                name = f"{path.stem.removesuffix('_test')} {test['tcId']}"
                yield Case(set=SET, name=name, task=task, source=test.get("comment", ""), skip=skip)


def _read_test(document: Json, group: Json, test: Json) -> Found:
    try:
        return _READERS[group["type"]](document, group, test)
    except (KeyError, ValueError):  # the core does not know this kind of test, hash or parameter set
        return OTHER_ALGORITHM


def _octets(test: Json, name: str) -> bytes:
    return bytes.fromhex(test.get(name, ""))


def _hash(name: str) -> str:
    """ "SHA-256", "SHA256", "SHA512/256" and "SHA3-256" in the core's spelling."""
    return HashName(name.lower().replace("sha3-", "sha3_").replace("-", "").replace("/", "_")).value


def _verify(scheme: str, hash_name: str, group: Json, test: Json, *, salt_length: int = 0, mgf_hash: str = "") -> Task:
    return VerifyRaw(
        result=test["result"],
        spki=bytes.fromhex(group["publicKeyDer"]),
        scheme=scheme,
        hash_name=hash_name,
        salt_length=salt_length,
        mgf_hash=mgf_hash,
        signature=_octets(test, "sig"),
        content=_octets(test, "msg"),
    )


def _ecdsa(_: Json, group: Json, test: Json) -> Found:
    if group["publicKey"]["curve"] not in _CURVES:
        return _OTHER_CURVE
    return _verify("ecdsa", _hash(group["sha"]), group, test)


def _pkcs1_verify(_: Json, group: Json, test: Json) -> Found:
    return _verify("rsa-pkcs1-v1_5", _hash(group["sha"]), group, test)


def _pss(_: Json, group: Json, test: Json) -> Found:
    name, mask = _hash(group["sha"]), _hash(str(group.get("mgfSha", group["sha"])))
    mgf_hash = "" if mask == name else mask
    return _verify("rsa-pss", name, group, test, salt_length=group["sLen"], mgf_hash=mgf_hash)


def _dsa(_: Json, group: Json, test: Json) -> Found:
    return _verify("dsa", _hash(group["sha"]), group, test)


def _eddsa(_: Json, group: Json, test: Json) -> Found:
    is_448 = group["publicKey"]["curve"] == "edwards448"
    return _verify("ed448" if is_448 else "ed25519", "shake_256" if is_448 else "sha512", group, test)


def _ml_dsa(document: Json, group: Json, test: Json) -> Found:
    return _NO_CONTEXT if test.get("ctx") else _verify(document["algorithm"].lower(), "sha512", group, test)


def _pkcs1_sign(_: Json, group: Json, test: Json) -> Found:
    return SignRaw(
        result=test["result"],
        pkcs8=bytes.fromhex(group["privateKeyPkcs8"]),
        hash_name=_hash(group["sha"]),
        signature=_octets(test, "sig"),
        content=_octets(test, "msg"),
    )


def _transport(_: Json, group: Json, test: Json) -> Found:
    return Transport(
        result=test["result"],
        pkcs8=bytes.fromhex(group["privateKeyPkcs8"]),
        hash_name=_hash(group["sha"]) if "sha" in group else "",
        mgf_hash=_hash(group["mgfSha"]) if "mgfSha" in group else "",
        p_source=_octets(test, "label") if "label" in test else b"",
        cek=_octets(test, "msg"),
        ciphertext=_octets(test, "ct"),
    )


def _aead(document: Json, group: Json, test: Json) -> Found:
    if document["algorithm"] not in _AEAD_MODES:
        return OTHER_ALGORITHM
    longest = 1024 if document["algorithm"] == "AES-GCM" else 96
    if test["result"] == "valid" and (group["tagSize"] != 128 or not 64 <= group["ivSize"] <= longest):
        return _ODD_NONCE
    return _cipher(_AEAD_MODES[document["algorithm"]], group, test)


def _cbc(document: Json, group: Json, test: Json) -> Found:
    return _cipher("cbc", group, test) if document["algorithm"] == "AES-CBC-PKCS5" else OTHER_ALGORITHM


def _cipher(mode: str, group: Json, test: Json) -> Task:
    return Cipher(
        result=test["result"],
        mode=mode,
        bits=group["keySize"],
        key=_octets(test, "key"),
        iv=_octets(test, "iv"),
        aad=_octets(test, "aad"),
        content=_octets(test, "msg"),
        ciphertext=_octets(test, "ct") + _octets(test, "tag"),
    )


def _unwrap(document: Json, group: Json, test: Json) -> Found:
    if document["algorithm"] != "AES-WRAP":
        return _NO_KWP
    return Unwrap(
        result=test["result"], kek=_octets(test, "key"), cek=_octets(test, "msg"), wrapped=_octets(test, "ct")
    )


def _ecdh(_: Json, group: Json, test: Json) -> Found:
    if group["curve"] not in _CURVES or group["encoding"] != "asn":
        return _OTHER_CURVE
    curve, length = _CURVES[group["curve"]]
    key_der = der.sequence(der.integer(1), der.octet_string(int(test["private"], 16).to_bytes(length, "big")))
    pkcs8 = _pkcs8(der.oid(EC_PUBLIC_KEY) + der.oid(CURVE_OIDS[curve]), key_der)
    return Agree(result=test["result"], pkcs8=pkcs8, spki=_octets(test, "public"), secret=_octets(test, "shared"))


def _xdh(_: Json, group: Json, test: Json) -> Found:
    # RFC 8418 section 2 demands to refuse an all-zero secret. The set accepts either result.
    result = "invalid" if "ZeroSharedSecret" in test["flags"] else test["result"]
    private, public = _octets(test, "private"), _octets(test, "public")
    if group["type"] == "XdhComp":
        algorithm = der.oid(_XDH_OIDS[group["curve"]])
        private = _pkcs8(algorithm, der.octet_string(private))
        public = der.sequence(der.sequence(algorithm), der.element(0x03, b"\0", public))
    return Agree(result=result, pkcs8=private, spki=public, secret=_octets(test, "shared"))


def _hkdf(document: Json, group: Json, test: Json) -> Found:
    return Derive(
        result=test["result"],
        hash_name=_hash(document["algorithm"].removeprefix("HKDF-")),
        secret=_octets(test, "ikm"),
        salt=_octets(test, "salt"),
        info=_octets(test, "info"),
        length=test["size"],
        derived=_octets(test, "okm"),
    )


def _pbkdf2(document: Json, group: Json, test: Json) -> Found:
    return Derive(
        result=test["result"],
        hash_name=_hash(document["algorithm"].rpartition("HMAC")[2]),
        secret=_octets(test, "password"),
        salt=_octets(test, "salt"),
        iterations=test["iterationCount"],
        length=test["dkLen"],
        derived=_octets(test, "dk"),
    )


def _pbes2(document: Json, group: Json, test: Json) -> Found:
    name, _, bits = document["algorithm"].removeprefix("PbeWithHmac").partition("AndAes_")
    return Pbes2(
        result=test["result"],
        hash_name=_hash(name),
        bits=int(bits),
        password=_octets(test, "password"),
        salt=_octets(test, "salt"),
        iterations=test["iterationCount"],
        iv=_octets(test, "iv"),
        content=_octets(test, "msg"),
        ciphertext=_octets(test, "ct"),
    )


def _mac(document: Json, group: Json, test: Json) -> Found:
    if not document["algorithm"].startswith("HMACSHA"):
        return OTHER_ALGORITHM
    return Mac(
        result=test["result"],
        hash_name=_hash(document["algorithm"].removeprefix("HMAC")),
        key=_octets(test, "key"),
        content=_octets(test, "msg"),
        tag=_octets(test, "tag"),
    )


def _ml_kem(_: Json, group: Json, test: Json) -> Found:
    # RFC 9935 section 6: the seed as [0], the expanded key as an OCTET STRING.
    key = der.element(0x80, _octets(test, "seed")) if "seed" in test else der.octet_string(_octets(test, "dk"))
    return KemSecret(
        result=test["result"],
        pkcs8=_pkcs8(der.oid(_ML_KEM_OIDS[group["parameterSet"]]), key),
        ciphertext=_octets(test, "c"),
        secret=_octets(test, "K"),
    )


def _pkcs8(algorithm: bytes, key_der: bytes) -> bytes:
    return der.sequence(der.integer(0), der.sequence(algorithm), der.octet_string(key_der))


_READERS: Final[dict[str, Callable[[Json, Json, Json], Found]]] = {
    "AeadTest": _aead,
    "DsaVerify": _dsa,
    "EcdhTest": _ecdh,
    "EcdsaVerify": _ecdsa,
    "EddsaVerify": _eddsa,
    "HkdfTest": _hkdf,
    "IndCpaTest": _cbc,
    "KeywrapTest": _unwrap,
    "MLKEMDecapsValidationTest": _ml_kem,
    "MLKEMTest": _ml_kem,
    "MacTest": _mac,
    "MlDsaVerify": _ml_dsa,
    "PbeTest": _pbes2,
    "PbkdfTest": _pbkdf2,
    "RsaesOaepDecrypt": _transport,
    "RsaesPkcs1Decrypt": _transport,
    "RsassaPkcs1Generate": _pkcs1_sign,
    "RsassaPkcs1Verify": _pkcs1_verify,
    "RsassaPssVerify": _pss,
    "RsassaPssWithParametersVerify": _pss,
    "XdhAsnComp": _xdh,
    "XdhComp": _xdh,
}
