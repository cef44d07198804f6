"""Strict DER and tolerant BER, PEM, and the names in certificates.

ITU-T X.690, RFC 7468, X.501, RFC 5280 section 4.2.1.6.
"""

from smime_core.asn1.der import Buffer, Tlv
from smime_core.asn1.general_names import GeneralNames
from smime_core.asn1.pem import build_pem, find_pem_blocks

__all__ = [
    "Buffer",
    "GeneralNames",
    "Tlv",
    "build_pem",
    "find_pem_blocks",
]
