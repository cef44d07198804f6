"""Parse public and private keys, as far as the choice of algorithms needs it (RFC 5280, 5958, 8410, 9881, 9935).

Each parsed key is rewritten in one canonical form. Browsers refuse PKCS#8 attributes, BER, and RSA identifiers without
NULL, and equal public keys must have equal bytes. The provider checks that a point is on its curve.
"""

from smime_core.keys.dsa import inherit_dsa_parameters
from smime_core.keys.ec import FIELD_BITS, parse_ec_private_key
from smime_core.keys.private import find_public_key, parse_private_key, public_key_of, with_public_key
from smime_core.keys.public import parse_certificate_key, parse_public_key, public_point, subject_public_key
from smime_core.keys.raw import (
    EDWARDS_CURVES,
    ML_DSA_PARAMETERS,
    ML_KEM_PARAMETERS,
    MONTGOMERY_CURVES,
    LatticePrivate,
    lattice_private_key,
    raw_private_key,
    raw_public_key,
    read_expanded_private,
    read_lattice_private,
    read_raw_private,
)
from smime_core.keys.rsa import parse_rsa_private_key

__all__ = [
    "EDWARDS_CURVES",
    "FIELD_BITS",
    "ML_DSA_PARAMETERS",
    "ML_KEM_PARAMETERS",
    "MONTGOMERY_CURVES",
    "LatticePrivate",
    "find_public_key",
    "inherit_dsa_parameters",
    "lattice_private_key",
    "parse_certificate_key",
    "parse_ec_private_key",
    "parse_private_key",
    "parse_public_key",
    "parse_rsa_private_key",
    "public_key_of",
    "public_point",
    "raw_private_key",
    "raw_public_key",
    "read_expanded_private",
    "read_lattice_private",
    "read_raw_private",
    "subject_public_key",
    "with_public_key",
]
