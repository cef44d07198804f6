"""Verdicts on signers and on recipients, with look-ups."""
