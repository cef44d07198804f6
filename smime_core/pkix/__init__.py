"""Certification paths: building, validation, trust (RFC 5280 section 6)."""

from smime_core.pkix.budget import PathBudget
from smime_core.pkix.evidence import (
    NO_EVIDENCE,
    Evidence,
    Lookup,
    LookupKey,
    LookupKind,
    RevocationState,
    RevocationStatus,
    add_answer,
    parse_evidence,
)
from smime_core.pkix.path import PathRules, ValidatedPath, check_end_entity, validate_path
from smime_core.pkix.path_building import SignatureChecks
from smime_core.pkix.purposes import CertificateUse, Purpose
from smime_core.pkix.revocation import UNKNOWN_REASONS, check_revocation, find_lookups
from smime_core.pkix.statements import RevocationQuestion
from smime_core.pkix.trail import Outcome, PathTrail, Step, trail_of
from smime_core.pkix.trust import (
    NO_REQUIREMENTS,
    PolicyRequirements,
    RevocationPolicy,
    TrustAnchor,
    TrustSource,
    TrustStore,
)
from smime_core.pkix.validity import find_validity_fault

__all__ = [
    "NO_EVIDENCE",
    "NO_REQUIREMENTS",
    "UNKNOWN_REASONS",
    "CertificateUse",
    "Evidence",
    "Lookup",
    "LookupKey",
    "LookupKind",
    "Outcome",
    "PathBudget",
    "PathRules",
    "PathTrail",
    "PolicyRequirements",
    "Purpose",
    "RevocationPolicy",
    "RevocationQuestion",
    "RevocationState",
    "RevocationStatus",
    "SignatureChecks",
    "Step",
    "TrustAnchor",
    "TrustSource",
    "TrustStore",
    "ValidatedPath",
    "add_answer",
    "check_end_entity",
    "check_revocation",
    "find_lookups",
    "find_validity_fault",
    "parse_evidence",
    "trail_of",
    "validate_path",
]
