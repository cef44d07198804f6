"""Verdicts on signers and recipients, with look-ups of revocation and missing certificates."""
