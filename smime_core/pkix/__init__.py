"""Certification paths: building, validation, trust (RFC 5280 section 6)."""

from smime_core.pkix.path import Purpose, ValidatedPath, check_end_entity, validate_path
from smime_core.pkix.trust import RevocationPolicy, TrustStore

__all__ = ["Purpose", "RevocationPolicy", "TrustStore", "ValidatedPath", "check_end_entity", "validate_path"]
