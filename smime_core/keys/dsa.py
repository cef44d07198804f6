"""DSA public keys (RFC 3279 section 2.3.2), for reading old mail."""

from __future__ import annotations

from smime_core.algorithms import DSA, parse_algorithm_identifier
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import MalformedMessage
from smime_core.keys.forms import build_spki, read_bit_string
from smime_core.limits import MAX_DSA_MODULUS_BITS, check_limit
from smime_core.provider import KeyType, PublicKey


def parse_dsa_public_key(parameters: bytes | None, key_der: Buffer) -> PublicKey:
    """Parse a DSAPublicKey with its Dss-Parms.

    If `parameters` is None, the Dss-Parms are in the issuer's key. The key returned here then has 0 `bits`, and
    verifies nothing until `inherit_dsa_parameters` adds the Dss-Parms. Raises MalformedMessage or LimitExceeded.
    """
    where = "DSAPublicKey"
    y = der.parse_number(der.read_one(key_der, where), where)
    if parameters is None:
        return _public_key(b"", y, bits=0)
    numbers = [der.parse_number(child, where) for child in der.read_sequence(parameters, where)]
    if len(numbers) != 3:
        raise MalformedMessage(f"{len(numbers)} parameters, expected p, q and g", where)
    p, q, g = numbers
    check_limit("DSA modulus bits", p.bit_length(), MAX_DSA_MODULUS_BITS)
    if not (1 < q < p and 1 < g < p and 1 < y < p):
        raise MalformedMessage("a number is out of range", where)
    return _public_key(der.sequence(*map(der.integer, numbers)), y, bits=p.bit_length())


def inherit_dsa_parameters(key: PublicKey, issuer: PublicKey) -> PublicKey:
    """`key` with the Dss-Parms of its issuer's key (RFC 3279 section 2.3.2). Raises MalformedMessage."""
    where = "DSAPublicKey"
    _, parameters = parse_algorithm_identifier(der.read_sequence(issuer.spki_der, where)[0].encoded)
    return parse_dsa_public_key(parameters, read_bit_string(der.read_sequence(key.spki_der, where)[1], where))


def _public_key(parameters: bytes, y: int, *, bits: int) -> PublicKey:
    spki_der = build_spki(der.oid(DSA) + parameters, der.integer(y))
    return PublicKey(spki_der=spki_der, key_type=KeyType.DSA, bits=bits)
