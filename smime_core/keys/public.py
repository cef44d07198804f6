"""SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) for every kind of key."""

from __future__ import annotations

import dataclasses

from smime_core.algorithms import (
    DSA,
    EC_DH,
    EC_PUBLIC_KEY,
    RSA_ENCRYPTION,
    RSAES_OAEP,
    RSASSA_PSS,
    check_absent,
    parse_algorithm_identifier,
    parse_transport_identifier,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import UnsupportedAlgorithm
from smime_core.keys.dsa import parse_dsa_public_key
from smime_core.keys.ec import ec_public_key, read_curve
from smime_core.keys.forms import read_bit_string
from smime_core.keys.raw import RAW_KEY_TYPES, raw_public_key
from smime_core.keys.rsa import parse_pss_restriction, parse_rsa_public_key
from smime_core.provider import KeyType, PublicKey


def parse_public_key(spki_der: Buffer) -> PublicKey:
    """Parse a SubjectPublicKeyInfo.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    where = "SubjectPublicKeyInfo"
    children = der.expect_count(der.read_sequence(spki_der, where), where, 2)
    oid, parameters = parse_algorithm_identifier(children[0].encoded)
    bits = read_bit_string(children[1], where)
    if oid == RSA_ENCRYPTION:
        return parse_rsa_public_key(bits)
    if oid == RSASSA_PSS:
        return parse_rsa_public_key(bits, pss=parse_pss_restriction(parameters, where))
    if oid == RSAES_OAEP:
        # A key without parameters may be used with any parameters of OAEP (RFC 4055 section 4.1).
        bound = None if parameters is None else parse_transport_identifier(children[0].encoded)
        return dataclasses.replace(parse_rsa_public_key(bits), receives_only=True, transport=bound)
    if oid in (EC_DH, EC_PUBLIC_KEY):
        key = ec_public_key(read_curve(parameters, where), bytes(bits), where)
        return dataclasses.replace(key, receives_only=oid == EC_DH)
    if oid == DSA:
        return parse_dsa_public_key(parameters, bits)
    if oid in RAW_KEY_TYPES:
        check_absent(parameters, where)
        return raw_public_key(RAW_KEY_TYPES[oid], bytes(bits))
    raise UnsupportedAlgorithm(oid, "public key")


def parse_certificate_key(spki_der: Buffer) -> PublicKey:
    """Parse the key of a certificate. A key of an unknown kind is KeyType.UNKNOWN and verifies nothing.

    An error instead would make the other certificates of the message unreadable. Raises MalformedMessage or
    LimitExceeded.
    """
    try:
        return parse_public_key(spki_der)
    except UnsupportedAlgorithm:
        return PublicKey(spki_der=bytes(spki_der), key_type=KeyType.UNKNOWN, bits=0)


def subject_public_key(key: PublicKey) -> bytes:
    """The content of subjectPublicKey: a point, or the bytes of a raw key."""
    return bytes(read_bit_string(der.read_sequence(key.spki_der)[1], where="SubjectPublicKeyInfo"))


def public_point(key: PublicKey) -> bytes:
    """The uncompressed point of an EC key (RFC 5480 section 2.2), or the bytes of an X25519 or X448 key."""
    return subject_public_key(key)
