"""Certification paths: building, validation, trust (RFC 5280 section 6)."""
