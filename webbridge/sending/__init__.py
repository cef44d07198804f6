"""Sending: from the upload of a message to its outcome, and never twice."""
