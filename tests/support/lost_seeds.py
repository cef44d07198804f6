"""ML-KEM and ML-DSA private keys in expanded form, without their seed (RFC 9881 and RFC 9935, section 6 of each)."""

from __future__ import annotations

from smime_core.asn1 import der
from smime_core.keys import parse_private_key, read_expanded_private
from smime_core.provider import PrivateKey


def expanded_only(key: PrivateKey) -> PrivateKey:
    """The same key in expanded form only, without its seed."""
    version, identifier, _ = (bytes(child.encoded) for child in der.read_sequence(key.pkcs8_der))
    expanded = der.octet_string(der.octet_string(read_expanded_private(key)))
    return parse_private_key(der.sequence(version, identifier, expanded))
