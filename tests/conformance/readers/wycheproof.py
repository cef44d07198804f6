"""Project Wycheproof: one case for each test of each file (schema in the file, `type` in each group)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from smime_core import der
from smime_core.algorithms import CURVE_OIDS, EC_PUBLIC_KEY, Curve, HashName
from tests.conformance.case import Case, Skip, Task
from tests.conformance.checks.primitives import (
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

SET: Final = "wycheproof"
_CURVES: Final = {"secp256r1": (Curve.P256, 32), "secp384r1": (Curve.P384, 48), "secp521r1": (Curve.P521, 66)}
_ML_KEM_768: Final = "2.16.840.1.101.3.4.4.2"
_RFC: Final = "https://www.rfc-editor.org/rfc/"
_NO_LABEL: Final = Skip(
    reason="OAEP with a label: RFC 4055 only lets it be supported, and S/MIME writes none",
    link=f"{_RFC}rfc4055#section-4.1",
)
_NO_CONTEXT: Final = Skip(reason="ML-DSA with a context: in CMS the context is the empty string", link=f"{_RFC}rfc9882")
_ODD_NONCE: Final = Skip(
    reason="GCM with a nonce of less than 8 or more than 128 bytes: CMS recommends 12",
    link=f"{_RFC}rfc5084#section-3.2",
)
_NO_KWP: Final = Skip(
    reason="AES key wrap with padding: S/MIME wraps keys without", link=f"{_RFC}rfc3565#section-2.3.2"
)
_TWO_HASHES: Final = Skip(
    reason="PSS whose MGF1 has another hash than the signature: refused by design, RFC 4055 recommends one hash",
    link=f"{_RFC}rfc4055#section-3.1",
)


def read_cases(folder: Path) -> Iterator[Case]:
    """The cases of every file; raises KeyError for a type of group that is unknown here."""
    for path in sorted(folder.glob("**/*_test.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        for group in document["testGroups"]:
            read = _READERS[group["type"]]
            for test in group["tests"]:
                skip, task = _scope(document["algorithm"], group, test), None
                task = read(document, group, test) if skip is None or skip is _TWO_HASHES else OutOfScope()
                name = f"{path.stem.removesuffix('_test')} {test['tcId']}"
                yield Case(set=SET, name=name, task=task, source=test.get("comment", ""), skip=skip)


def _scope(algorithm: str, group: Json, test: Json) -> Skip | None:
    if group["type"] == "AeadTest" and test["result"] == "valid" and not 64 <= group["ivSize"] <= 1024:
        return _ODD_NONCE
    if test.get("label"):
        return _NO_LABEL
    if test.get("ctx"):
        return _NO_CONTEXT
    if algorithm == "AES-KWP":
        return _NO_KWP
    if group["type"] == "RsassaPssWithParametersVerify" and group["sha"] != group["mgfSha"]:
        return _TWO_HASHES
    return None


def _octets(test: Json, name: str) -> bytes:
    return bytes.fromhex(test.get(name, ""))


def _hash(name: str) -> str:
    return HashName(name.replace("SHA-", "sha").replace("/", "_").replace("sha3-", "sha3_").lower()).value


def _verify(scheme: str, hash_name: str, group: Json, test: Json, *, salt_length: int = 0) -> Task:
    return VerifyRaw(
        result=test["result"],
        spki=bytes.fromhex(group["publicKeyDer"]),
        scheme=scheme,
        hash_name=hash_name,
        salt_length=salt_length,
        signature=_octets(test, "sig"),
        content=_octets(test, "msg"),
    )


def _ecdsa(_: Json, group: Json, test: Json) -> Task:
    return _verify("ecdsa", _hash(group["sha"]), group, test)


def _pkcs1_verify(_: Json, group: Json, test: Json) -> Task:
    return _verify("rsa-pkcs1-v1_5", _hash(group["sha"]), group, test)


def _pss(_: Json, group: Json, test: Json) -> Task:
    return _verify("rsa-pss", _hash(group["sha"]), group, test, salt_length=group["sLen"])


def _eddsa(_: Json, group: Json, test: Json) -> Task:
    return _verify("ed25519", "sha512", group, test)


def _ml_dsa(document: Json, group: Json, test: Json) -> Task:
    return _verify(document["algorithm"].lower(), "sha512", group, test)


def _pkcs1_sign(_: Json, group: Json, test: Json) -> Task:
    return SignRaw(
        result=test["result"],
        pkcs8=bytes.fromhex(group["privateKeyPkcs8"]),
        hash_name=_hash(group["sha"]),
        signature=_octets(test, "sig"),
        content=_octets(test, "msg"),
    )


def _transport(_: Json, group: Json, test: Json) -> Task:
    return Transport(
        result=test["result"],
        pkcs8=bytes.fromhex(group["privateKeyPkcs8"]),
        hash_name=_hash(group["sha"]) if "sha" in group else "",
        mgf_hash=_hash(group["mgfSha"]) if "mgfSha" in group else "",
        cek=_octets(test, "msg"),
        ciphertext=_octets(test, "ct"),
    )


def _cipher(_: Json, group: Json, test: Json) -> Task:
    return Cipher(
        result=test["result"],
        mode="gcm" if group["type"] == "AeadTest" else "cbc",
        bits=group["keySize"],
        key=_octets(test, "key"),
        iv=_octets(test, "iv"),
        aad=_octets(test, "aad"),
        content=_octets(test, "msg"),
        ciphertext=_octets(test, "ct") + _octets(test, "tag"),
    )


def _unwrap(_: Json, group: Json, test: Json) -> Task:
    return Unwrap(
        result=test["result"], kek=_octets(test, "key"), cek=_octets(test, "msg"), wrapped=_octets(test, "ct")
    )


def _ecdh(_: Json, group: Json, test: Json) -> Task:
    curve, length = _CURVES[group["curve"]]
    key_der = der.sequence(der.integer(1), der.octet_string(int(test["private"], 16).to_bytes(length, "big")))
    pkcs8 = _pkcs8(der.oid(EC_PUBLIC_KEY) + der.oid(CURVE_OIDS[curve]), key_der)
    return Agree(result=test["result"], pkcs8=pkcs8, spki=_octets(test, "public"), secret=_octets(test, "shared"))


def _xdh(_: Json, group: Json, test: Json) -> Task:
    # RFC 8418 section 2 demands an abort on an all-zero secret, which the set leaves open.
    result = "invalid" if "ZeroSharedSecret" in test["flags"] else test["result"]
    return Agree(
        result=result, pkcs8=_octets(test, "private"), spki=_octets(test, "public"), secret=_octets(test, "shared")
    )


def _hkdf(_: Json, group: Json, test: Json) -> Task:
    return Derive(
        result=test["result"],
        hash_name="sha256",
        secret=_octets(test, "ikm"),
        salt=_octets(test, "salt"),
        info=_octets(test, "info"),
        length=test["size"],
        derived=_octets(test, "okm"),
    )


def _pbkdf2(document: Json, group: Json, test: Json) -> Task:
    return Derive(
        result=test["result"],
        hash_name=document["algorithm"].rpartition("HMAC")[2].lower(),
        secret=_octets(test, "password"),
        salt=_octets(test, "salt"),
        iterations=test["iterationCount"],
        length=test["dkLen"],
        derived=_octets(test, "dk"),
    )


def _pbes2(document: Json, group: Json, test: Json) -> Task:
    name, _, bits = document["algorithm"].removeprefix("PbeWithHmac").partition("AndAes_")
    return Pbes2(
        result=test["result"],
        hash_name=name.lower(),
        bits=int(bits),
        password=_octets(test, "password"),
        salt=_octets(test, "salt"),
        iterations=test["iterationCount"],
        iv=_octets(test, "iv"),
        content=_octets(test, "msg"),
        ciphertext=_octets(test, "ct"),
    )


def _mac(_: Json, group: Json, test: Json) -> Task:
    return Mac(
        result=test["result"],
        hash_name="sha256",
        key=_octets(test, "key"),
        content=_octets(test, "msg"),
        tag=_octets(test, "tag"),
    )


def _ml_kem(_: Json, group: Json, test: Json) -> Task:
    # RFC 9935 section 6: the seed as [0], the expanded key as an OCTET STRING.
    key = der.element(0x80, _octets(test, "seed")) if "seed" in test else der.octet_string(_octets(test, "dk"))
    return KemSecret(
        result=test["result"],
        pkcs8=_pkcs8(der.oid(_ML_KEM_768), key),
        ciphertext=_octets(test, "c"),
        secret=_octets(test, "K"),
    )


def _pkcs8(algorithm: bytes, key_der: bytes) -> bytes:
    return der.sequence(der.integer(0), der.sequence(algorithm), der.octet_string(key_der))


_READERS: Final[dict[str, Callable[[Json, Json, Json], Task]]] = {
    "AeadTest": _cipher,
    "EcdhTest": _ecdh,
    "EcdsaVerify": _ecdsa,
    "EddsaVerify": _eddsa,
    "HkdfTest": _hkdf,
    "IndCpaTest": _cipher,
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
}
