"""Convert between the forms of CMS and of WebCrypto: ECDSA signatures, and algorithms as JSON."""

from __future__ import annotations

import functools
import json
from typing import Final

from smime_core.algorithms import Curve, HashName, SignatureAlgorithm, SignatureScheme
from smime_core.arithmetic.weierstrass import CURVE_NUMBERS
from smime_core.asn1 import der
from smime_core.errors import MalformedMessage, ProviderError, SignatureMismatch
from smime_core.provider import KeyType, PrivateKey, PublicKey

# Chromium and Firefox give a block of more than a megabyte back to the operating system when it is freed.
_PADDING_BYTES: Final = 1_100_000
_PADDING_TYPE: Final = der.oid("2.999.1")  # an object identifier for examples
_ATTRIBUTES: Final = 0xA0
_FIELDS_BEFORE_ATTRIBUTES: Final = 3  # version, algorithm, privateKey
_WEB_CURVES: Final = (Curve.P256, Curve.P384, Curve.P521)
WEB_HASHES: Final = {
    HashName.SHA1: "SHA-1",
    HashName.SHA256: "SHA-256",
    HashName.SHA384: "SHA-384",
    HashName.SHA512: "SHA-512",
}
_WEB_SCHEMES: Final = {
    SignatureScheme.RSA_PKCS1_V15: "RSASSA-PKCS1-v1_5",
    SignatureScheme.RSA_PSS: "RSA-PSS",
    SignatureScheme.ECDSA: "ECDSA",
    SignatureScheme.ED25519: "Ed25519",
    SignatureScheme.ML_DSA_44: "ML-DSA-44",
    SignatureScheme.ML_DSA_65: "ML-DSA-65",
    SignatureScheme.ML_DSA_87: "ML-DSA-87",
}


def pad_private_key(pkcs8_der: bytes) -> tuple[bytes, int]:
    """Returns (a private key with an additional attribute, without the zeros at its end; the number of these zeros).

    A browser copies the bytes of a key, and frees the copy without overwriting it. Another part of the browser could
    get a small block, overwrite only its beginning, and leave the end of the key in memory. A block of a megabyte goes
    back to the operating system, which empties it. Browsers ignore the attributes of PKCS#8 (RFC 5958 section 2). A key
    that already has attributes or a public half stays unchanged.
    """
    fields = der.read_sequence(pkcs8_der)
    if len(fields) > _FIELDS_BEFORE_ATTRIBUTES:
        return pkcs8_der, 0
    body = b"".join(bytes(field.encoded) for field in fields)
    in_attribute = ((der.OCTET_STRING, b"", b""), (der.SET, b"", b""), (der.SEQUENCE, _PADDING_TYPE, b""))
    before, _ = der.frame(_PADDING_BYTES, *in_attribute, (_ATTRIBUTES, b"", b""), (der.SEQUENCE, body, b""))
    return before, _PADDING_BYTES


@functools.cache
def find_import_algorithm(algorithm: SignatureAlgorithm, curve: Curve | None) -> str | None:
    """JSON of the algorithm for importing a signature key, or None if WebCrypto has no such algorithm."""
    name = _WEB_SCHEMES.get(algorithm.scheme)
    if name is None or algorithm.is_pure:
        return name and json.dumps({"name": name})
    # WebCrypto's MGF1 always uses the hash of the signature.
    if algorithm.hash_name not in WEB_HASHES or algorithm.mgf_hash is not None:
        return None
    if curve is None:
        return json.dumps({"name": name, "hash": WEB_HASHES[algorithm.hash_name]})
    return json.dumps({"name": name, "namedCurve": curve}) if curve in _WEB_CURVES else None


@functools.cache
def signature_algorithm(algorithm: SignatureAlgorithm) -> str:
    """JSON of the algorithm that signs or verifies."""
    name = _WEB_SCHEMES[algorithm.scheme]
    if algorithm.scheme is SignatureScheme.ECDSA:
        return json.dumps({"name": name, "hash": WEB_HASHES[algorithm.hash_name]})
    if algorithm.scheme is SignatureScheme.RSA_PSS:
        return json.dumps({"name": name, "saltLength": algorithm.salt_length})
    return json.dumps({"name": name})


def agreement_algorithm(key: PublicKey | PrivateKey, operation: str) -> str:
    """JSON of the key agreement algorithm of a key. Raises ProviderError for a key without one."""
    if key.curve is not None:
        return json.dumps({"name": "ECDH", "namedCurve": key.curve})
    if key.key_type not in (KeyType.X25519, KeyType.X448):
        raise ProviderError(operation, "the key agrees with none")
    return json.dumps({"name": key.key_type.upper()})


def ecdsa_to_der(signature: bytes) -> bytes:
    """WebCrypto's r ‖ s of fixed length as an Ecdsa-Sig-Value (RFC 3279 section 2.2.3)."""
    half = len(signature) // 2
    return der.sequence(der.unsigned(signature[:half]), der.unsigned(signature[half:]))


def ecdsa_from_der(signature: bytes, curve: Curve) -> bytes:
    """An Ecdsa-Sig-Value as r ‖ s.

    Raises SignatureMismatch unless it is DER and both numbers are in range (MUSTS 12).
    """
    order = CURVE_NUMBERS[curve].order
    try:
        numbers = [der.parse_number(child) for child in der.read_sequence(signature)]
    except MalformedMessage:
        raise SignatureMismatch("the ECDSA signature is not a DER SEQUENCE of two INTEGERs") from None
    # The comparison with the rebuilt DER reveals padded numbers, long lengths and any other form that DER forbids.
    if len(numbers) != 2 or der.sequence(*map(der.integer, numbers)) != signature:
        raise SignatureMismatch("the ECDSA signature is not a DER SEQUENCE of two INTEGERs")
    if not all(0 < number < order for number in numbers):
        raise SignatureMismatch("a number of the ECDSA signature is out of range")
    length = (order.bit_length() + 7) // 8
    return b"".join(number.to_bytes(length, "big") for number in numbers)
