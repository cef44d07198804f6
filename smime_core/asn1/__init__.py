"""Write strict DER; read tolerant BER, PEM, the values in files of any form, and the names in certificates.

ITU-T X.690, RFC 7468, X.501, RFC 5280 section 4.2.1.6.
"""

from smime_core.asn1.der import Buffer, Tlv
from smime_core.asn1.distinguished_name import name_text
from smime_core.asn1.file_values import FileValue, FileValues, parse_file_values, parse_single_value
from smime_core.asn1.general_names import GeneralNames
from smime_core.asn1.pem import build_pem
from smime_core.asn1.value_kinds import ValueKind

__all__ = [
    "Buffer",
    "FileValue",
    "FileValues",
    "GeneralNames",
    "Tlv",
    "ValueKind",
    "build_pem",
    "name_text",
    "parse_file_values",
    "parse_single_value",
]
