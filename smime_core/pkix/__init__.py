"""Certification paths: building, validation, trust (RFC 5280 section 6)."""

from smime_core.pkix.evidence import (
    NO_EVIDENCE,
    Evidence,
    Lookup,
    LookupKind,
    RevocationState,
    RevocationStatus,
)
from smime_core.pkix.path import ValidatedPath, check_end_entity, validate_path
from smime_core.pkix.purposes import CertificateUse, Purpose
from smime_core.pkix.trail import Outcome, PathTrail, Step
from smime_core.pkix.trust import PolicyRequirements, RevocationPolicy, TrustAnchor, TrustSource, TrustStore

__all__ = [
    "NO_EVIDENCE",
    "CertificateUse",
    "Evidence",
    "Lookup",
    "LookupKind",
    "Outcome",
    "PathTrail",
    "PolicyRequirements",
    "Purpose",
    "RevocationPolicy",
    "RevocationState",
    "RevocationStatus",
    "Step",
    "TrustAnchor",
    "TrustSource",
    "TrustStore",
    "ValidatedPath",
    "check_end_entity",
    "validate_path",
]
