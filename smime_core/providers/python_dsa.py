"""DSA signatures (FIPS 186-4 section 4.7), which no browser verifies. DSA signatures are weak, and never made here."""

from __future__ import annotations

from smime_core.asn1 import der
from smime_core.errors import MalformedMessage, SignatureMismatch
from smime_core.provider import PublicKey

# FIPS 186-4 section 4.2. The size 160 is from FIPS 186-2, which allows a shorter modulus.
_SUBGROUP_BITS = (160, 224, 256)
_MIN_MODULUS_BITS = 512
_MISMATCH = "the signature does not fit the content and the key"


def verify_dsa_digest(key: PublicKey, signature: bytes, digest: bytes) -> None:
    """Return if the signature verifies for data with this digest. Raises SignatureMismatch."""
    p, q, g, y = _read_key(key)
    r, s = _read_signature(signature)
    # Section 4.7 step 1.
    if not (0 < r < q and 0 < s < q):
        raise SignatureMismatch("a number of the DSA signature is out of range")
    number = int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - q.bit_length())
    inverse = pow(s, -1, q)
    if pow(g, number * inverse % q, p) * pow(y, r * inverse % q, p) % p % q != r:
        raise SignatureMismatch(_MISMATCH)


def _read_key(key: PublicKey) -> tuple[int, int, int, int]:
    # RFC 3279 section 2.3.2: the parameters are in the algorithm, y is in the BIT STRING.
    algorithm, bit_string = der.read_sequence(key.spki_der)
    parameters = der.read_sequence(algorithm.encoded)[1:]
    if not parameters:
        raise SignatureMismatch("the DSA key inherits its parameters")
    try:
        p, q, g = (der.parse_number(child) for child in der.read_sequence(parameters[0].encoded))
        y = der.parse_number(der.read_one(bit_string.content[1:]))
    except (MalformedMessage, ValueError):
        raise SignatureMismatch("the DSA key lacks one of its numbers") from None
    _check_group(p, q, g, y)
    return p, q, g, y


def _check_group(p: int, q: int, g: int, y: int) -> None:
    # SP 800-89 section 5: g and y generate the subgroup of order q. With an even or a small p, anyone could forge
    # signatures.
    fits = q.bit_length() in _SUBGROUP_BITS and p.bit_length() >= _MIN_MODULUS_BITS and p % 2 == 1 and (p - 1) % q == 0
    if not fits or not all(1 < number < p and pow(number, q, p) == 1 for number in (g, y)):
        raise SignatureMismatch("the numbers of the DSA key do not belong together")


def _read_signature(signature: bytes) -> tuple[int, int]:
    # RFC 3279 section 2.2.2. The numbers are encoded again and compared, which reveals any form that DER forbids.
    try:
        r, s = (der.parse_number(child) for child in der.read_sequence(signature))
    except (MalformedMessage, ValueError):
        raise SignatureMismatch("the DSA signature is not a DER SEQUENCE of two INTEGERs") from None
    if der.sequence(der.integer(r), der.integer(s)) != signature:
        raise SignatureMismatch("the DSA signature is not a DER SEQUENCE of two INTEGERs")
    return r, s
