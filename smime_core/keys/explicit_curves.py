"""Explicit curve parameters: the SpecifiedECDomain of SEC 1 appendix C.2, which RFC 5480 forbids and old CAs wrote.

Explicit parameters are accepted only if all six values belong to a named curve. With a base point of their own choice,
anybody could make signatures that seem to come from another person's key (CVE-2020-0601). Fields of characteristic two
are not supported.
"""

from __future__ import annotations

from typing import Final

from smime_core.algorithms import EC_PUBLIC_KEY, Curve
from smime_core.arithmetic.weierstrass import CURVE_NUMBERS, CurveNumbers, decompress_point
from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm

_PRIME_FIELD: Final = "1.2.840.10045.1.1"
_COFACTOR: Final = 1  # the cofactor of every curve in CURVE_NUMBERS


def find_specified_curve(parameters: Tlv, where: str) -> Curve:
    """The named curve with these values. Raises UnsupportedAlgorithm if there is none, or MalformedMessage."""
    # SpecifiedECDomain ::= SEQUENCE { version, fieldID, curve, base, order, cofactor OPTIONAL, hash OPTIONAL }
    fields = der.read_children(parameters, where)
    if len(fields) < 6 or fields[5].tag != der.INTEGER:
        raise _unsupported("explicit parameters without a cofactor")
    _, field, curve, base, order, cofactor = fields[:6]
    prime = _parse_prime(field, where)
    # Curve ::= SEQUENCE { a, b, seed OPTIONAL }
    coefficients = der.read_fields(curve, where)[:2]
    if len(coefficients) != 2:
        raise MalformedMessage("a curve without its coefficients", where)
    a, b = (int.from_bytes(der.read_octets(coefficient, where), "big") for coefficient in coefficients)
    numbers = (prime, a, b, der.parse_number(order, where), der.parse_number(cofactor, where))
    point = bytes(der.read_octets(base, where))
    for name, known in CURVE_NUMBERS.items():
        if numbers == (known.prime, known.a, known.b, known.order, _COFACTOR) and _is_base(point, name, known):
            return name
    raise _unsupported("explicit parameters that are not those of a named curve")


def _parse_prime(field: Tlv, where: str) -> int:
    # FieldID ::= SEQUENCE { fieldType, parameters }
    fields = der.read_fields(field, where)
    if len(fields) != 2 or der.parse_oid(fields[0], where) != _PRIME_FIELD:
        raise _unsupported("explicit parameters over another field than that of a prime")
    return der.parse_number(fields[1], where)


def _is_base(point: bytes, name: Curve, known: CurveNumbers) -> bool:
    return point in (known.base, decompress_point(name, known.base))


def _unsupported(text: str) -> UnsupportedAlgorithm:
    return UnsupportedAlgorithm(EC_PUBLIC_KEY, "curve", text=f"curve: {text}")
