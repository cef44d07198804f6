"""PrivateKeyInfo and OneAsymmetricKey (RFC 5958) for every kind of key, and their public halves."""

from __future__ import annotations

from smime_core.algorithms import (
    EC_DH,
    EC_PUBLIC_KEY,
    RSA_ENCRYPTION,
    RSAES_OAEP,
    RSASSA_PSS,
    check_absent,
    parse_algorithm_identifier,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.keys.ec import ec_public_half, parse_ec_private_key, read_curve, with_ec_point
from smime_core.keys.forms import read_bit_string
from smime_core.keys.public import public_point
from smime_core.keys.raw import RAW_KEY_TYPES, parse_raw_private_key, raw_public_half
from smime_core.keys.rsa import parse_rsa_private_key, rsa_public_half
from smime_core.provider import KeyType, PrivateKey, PublicKey

_OUTER_PUBLIC_KEY = 0x81  # RFC 5958: [1] IMPLICIT BIT STRING. The public key inside ECPrivateKey is another field.


def parse_private_key(pkcs8_der: Buffer) -> PrivateKey:
    """Parse an unencrypted PKCS#8 PrivateKeyInfo or OneAsymmetricKey (RFC 5958 section 2). Attributes are dropped.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    where = "PrivateKeyInfo"
    children = der.read_sequence(pkcs8_der, where)
    if len(children) < 3 or der.parse_integer(children[0], where) not in (0, 1):
        raise MalformedMessage("expected version 0 or 1, algorithm and key", where)
    oid, parameters = parse_algorithm_identifier(children[1].encoded)
    key_der = der.read_octets(children[2], where)
    outer = next((child for child in children[3:] if child.tag == _OUTER_PUBLIC_KEY), None)
    public = None if outer is None else bytes(read_bit_string(outer, where, tag=_OUTER_PUBLIC_KEY))
    if oid in (RSA_ENCRYPTION, RSASSA_PSS, RSAES_OAEP):
        # A restriction to PSS or OAEP is dropped here, because the certificate determines it.
        return parse_rsa_private_key(key_der)
    if oid in (EC_PUBLIC_KEY, EC_DH):
        return parse_ec_private_key(key_der, read_curve(parameters, where), outer_point=public)
    if oid in RAW_KEY_TYPES:
        check_absent(parameters, where)
        return parse_raw_private_key(RAW_KEY_TYPES[oid], key_der, public=public)
    raise UnsupportedAlgorithm(oid, "private key")


def find_public_key(key: PrivateKey) -> PublicKey | None:
    """The public half, stored or computed. Returns None for an EC key without its public half, such as Java writes."""
    if key.key_type is KeyType.RSA:
        return rsa_public_half(key)
    if key.curve is not None:
        return ec_public_half(key, key.curve)
    return raw_public_half(key)


def public_key_of(key: PrivateKey) -> PublicKey:
    """The public half of a private key. Raises MalformedMessage for an EC key without its public half."""
    public_key = find_public_key(key)
    if public_key is None:
        raise MalformedMessage("the private key does not carry its public key", where="ECPrivateKey")
    return public_key


def with_public_key(key: PrivateKey, public_key: PublicKey) -> PrivateKey:
    """The EC private key with `public_key` inside, as Firefox requires. The caller must check that the two match."""
    if key.curve is None or key.curve is not public_key.curve:
        raise MalformedMessage("the two keys are not on the same curve", where="ECPrivateKey")
    return with_ec_point(key, key.curve, public_point(public_key))
