"""Long-term signatures: CAdES baseline levels B-B, B-T and B-LT (ETSI EN 319 122-1; the older text is RFC 5126).

Every signature that this core makes with signed attributes is B-B. A timestamp makes it B-T, revocation data B-LT.
Archive timestamps (B-LTA) are reported but not verified.
"""

from smime_core.cades.claims import SignaturePolicy, parse_commitments, parse_mime_type, parse_signature_policy
from smime_core.cades.lasting import (
    add_signature_timestamp,
    add_validation_data,
    signature_value,
    timestamp_when_signed,
)
from smime_core.cades.levels import CadesLevel, cades_level
from smime_core.cades.proof import find_earliest, judge_timestamps, proved_time
from smime_core.cades.values import LongTermValues, carried_evidence, find_long_term_values, read_revocation_values

__all__ = [
    "CadesLevel",
    "LongTermValues",
    "SignaturePolicy",
    "add_signature_timestamp",
    "add_validation_data",
    "cades_level",
    "carried_evidence",
    "find_earliest",
    "find_long_term_values",
    "judge_timestamps",
    "parse_commitments",
    "parse_mime_type",
    "parse_signature_policy",
    "proved_time",
    "read_revocation_values",
    "signature_value",
    "timestamp_when_signed",
]
