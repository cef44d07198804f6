"""RSA keys (RFC 8017 appendix A.1, RFC 4055 section 1.2). Multi-prime RSA is not supported."""

from __future__ import annotations

from typing import Final

from smime_core.algorithms import NULL, RSA_ENCRYPTION, parse_pss_parameters
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.keys.forms import build_pkcs8, build_spki, private_key_field
from smime_core.limits import MAX_RSA_EXPONENT_BITS, MAX_RSA_MODULUS_BITS, check_limit
from smime_core.provider import KeyType, PrivateKey, PssRestriction, PublicKey

_MIN_MODULUS_BITS: Final = 512  # A smaller modulus has no room for a PKCS#1 signature with SHA-256.
_PRIVATE_FIELDS: Final = 9  # version, n, e, d, p, q, dP, dQ, qInv: RFC 8017 appendix A.1.2


def parse_rsa_public_key(key_der: Buffer, *, pss: PssRestriction | None = None) -> PublicKey:
    """Parse an RSAPublicKey. Raises MalformedMessage or LimitExceeded.

    `pss` is the restriction to PSS, or None. Even a key with a restriction has rsaEncryption in `spki_der`, because all
    libraries import this form.
    """
    children = der.expect_count(der.read_sequence(key_der, where="RSAPublicKey"), "RSAPublicKey", 2)
    modulus, exponent = (der.parse_number(child, where="RSAPublicKey") for child in children)
    return _public_key(modulus, exponent, pss=pss)


def parse_pss_restriction(parameters: bytes | None, where: str) -> PssRestriction:
    """The restriction that the parameters of id-RSASSA-PSS put on a key (RFC 4055 section 3.1).

    Raises MalformedMessage or UnsupportedAlgorithm.
    """
    return PssRestriction(parameters=None if parameters is None else parse_pss_parameters(parameters, where))


def parse_rsa_private_key(key_der: Buffer) -> PrivateKey:
    """Parse an RSAPrivateKey (RFC 8017 appendix A.1.2), the content of PEM "RSA PRIVATE KEY" and of PKCS#8.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    where = "RSAPrivateKey"
    fields = [der.parse_number(child, where) for child in der.read_sequence(key_der, where)[:10]]
    if not fields or fields[0] not in (0, 1):
        raise MalformedMessage("expected version 0", where)
    if fields[0] == 1:
        raise UnsupportedAlgorithm(RSA_ENCRYPTION, "private key", text="private key: multi-prime RSA is not supported")
    if len(fields) != _PRIVATE_FIELDS or min(fields[1:]) <= 0:
        raise MalformedMessage(f"expected {_PRIVATE_FIELDS} numbers above zero", where)
    _check_public(fields[1], fields[2], where)
    check_limit("RSA modulus bits", max(fields).bit_length(), MAX_RSA_MODULUS_BITS)
    _check_private(fields)
    pkcs8_der = build_pkcs8(der.oid(RSA_ENCRYPTION) + NULL, der.sequence(*map(der.integer, fields)))
    return PrivateKey(pkcs8_der=pkcs8_der, key_type=KeyType.RSA, bits=fields[1].bit_length())


def rsa_public_half(key: PrivateKey) -> PublicKey:
    """The public half of an RSA key."""
    fields = [der.parse_number(child) for child in der.read_sequence(private_key_field(key.pkcs8_der))[:3]]
    return _public_key(fields[1], fields[2])


def _public_key(modulus: int, exponent: int, *, pss: PssRestriction | None = None) -> PublicKey:
    _check_public(modulus, exponent, where="RSAPublicKey")
    key_der = der.sequence(der.integer(modulus), der.integer(exponent))
    spki_der = build_spki(der.oid(RSA_ENCRYPTION) + NULL, key_der)
    return PublicKey(spki_der=spki_der, key_type=KeyType.RSA, bits=modulus.bit_length(), pss=pss)


def _check_public(modulus: int, exponent: int, where: str) -> None:
    check_limit("RSA modulus bits", modulus.bit_length(), MAX_RSA_MODULUS_BITS)
    check_limit("RSA exponent bits", exponent.bit_length(), MAX_RSA_EXPONENT_BITS)
    if modulus < 0 or modulus.bit_length() < _MIN_MODULUS_BITS or modulus % 2 == 0:
        raise MalformedMessage("the modulus is not an odd number of 512 bits or more", where)
    # RFC 8017 section 3.1: 3 <= e < n. The exponent is coprime to λ(n). Since λ(n) is even, the exponent is odd.
    if exponent < 3 or exponent % 2 == 0:
        raise MalformedMessage("the public exponent is not an odd number of 3 or more", where)


def _check_private(fields: list[int]) -> None:
    # RFC 8017 section 3.2. A key whose CRT numbers disagree reveals its primes with one signature (Boneh, DeMillo and
    # Lipton). The primality of p and q is not checked, because the check takes 30 ms, and a key with other numbers only
    # fails to work.
    _, n, e, d, p, q, d_p, d_q, q_inv = fields
    if min(p, q) < 3 or p * q != n or q * q_inv % p != 1:
        raise MalformedMessage("the numbers do not belong together", where="RSAPrivateKey")
    if any(e * exponent % (prime - 1) != 1 for prime, exponent in ((p, d), (q, d), (p, d_p), (q, d_q))):
        raise MalformedMessage("the numbers do not belong together", where="RSAPrivateKey")
