"""Certification paths: building, validation, trust (RFC 5280 section 6)."""

from smime_core.pkix.budget import PathBudget
from smime_core.pkix.evidence import (
    NO_EVIDENCE,
    Evidence,
    Lookup,
    LookupKind,
    RevocationState,
    RevocationStatus,
    add_answer,
    parse_evidence,
)
from smime_core.pkix.path import ValidatedPath, check_end_entity, validate_path
from smime_core.pkix.purposes import CertificateUse, Purpose
from smime_core.pkix.revocation import UNKNOWN_REASONS, check_revocation, find_lookups
from smime_core.pkix.trail import Outcome, PathTrail, Step
from smime_core.pkix.trust import PolicyRequirements, RevocationPolicy, TrustAnchor, TrustSource, TrustStore

__all__ = [
    "NO_EVIDENCE",
    "UNKNOWN_REASONS",
    "CertificateUse",
    "Evidence",
    "Lookup",
    "LookupKind",
    "Outcome",
    "PathBudget",
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
    "add_answer",
    "check_end_entity",
    "check_revocation",
    "find_lookups",
    "parse_evidence",
    "validate_path",
]
