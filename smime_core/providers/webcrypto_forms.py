"""Between the forms of CMS and those of WebCrypto: ECDSA signatures, and algorithms as JSON."""

from __future__ import annotations

import json
from typing import Final

from smime_core import der
from smime_core.algorithms import Curve, HashName, SignatureAlgorithm, SignatureScheme
from smime_core.errors import MalformedMessage, SignatureMismatch

# SEC 2 version 2, sections 2.4.2, 2.5.1 and 2.6.1: the order n of each base point.
_ORDERS: Final = {
    Curve.P256: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    Curve.P384: int(
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
    ),
    Curve.P521: int(
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
        "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        16,
    ),
}
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
}


def import_algorithm(algorithm: SignatureAlgorithm, curve: Curve | None) -> str:
    """JSON of the algorithm that a signature key is imported for."""
    name = _WEB_SCHEMES[algorithm.scheme]
    if curve is not None:
        return json.dumps({"name": name, "namedCurve": curve})
    return json.dumps({"name": name, "hash": WEB_HASHES[algorithm.hash_name]})


def signature_algorithm(algorithm: SignatureAlgorithm) -> str:
    """JSON of the algorithm that signs or verifies."""
    name = _WEB_SCHEMES[algorithm.scheme]
    if algorithm.scheme is SignatureScheme.ECDSA:
        return json.dumps({"name": name, "hash": WEB_HASHES[algorithm.hash_name]})
    if algorithm.scheme is SignatureScheme.RSA_PSS:
        return json.dumps({"name": name, "saltLength": algorithm.salt_length})
    return json.dumps({"name": name})


def ecdsa_to_der(signature: bytes) -> bytes:
    """WebCrypto's r ‖ s of fixed length as the Ecdsa-Sig-Value of RFC 3279 section 2.2.3."""
    half = len(signature) // 2
    return der.sequence(der.unsigned(signature[:half]), der.unsigned(signature[half:]))


def ecdsa_from_der(signature: bytes, curve: Curve) -> bytes:
    """An Ecdsa-Sig-Value as r ‖ s.

    Raises SignatureMismatch unless it is DER and both numbers are in range (MUSTS 12).
    """
    order = _ORDERS[curve]
    try:
        numbers = [der.parse_integer(child) for child in der.read_sequence(signature)]
    except MalformedMessage:
        raise SignatureMismatch("the ECDSA signature is not a DER SEQUENCE of two INTEGERs") from None
    # Rebuilding it shows padded numbers, long lengths and whatever else DER forbids.
    if len(numbers) != 2 or der.sequence(*map(der.integer, numbers)) != signature:
        raise SignatureMismatch("the ECDSA signature is not a DER SEQUENCE of two INTEGERs")
    if not all(0 < number < order for number in numbers):
        raise SignatureMismatch("a number of the ECDSA signature is out of range")
    length = (order.bit_length() + 7) // 8
    return b"".join(number.to_bytes(length, "big") for number in numbers)
