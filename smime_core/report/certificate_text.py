"""Keys and fingerprints as text for people."""

from __future__ import annotations

import re

from smime_core.provider import PrivateKey, PublicKey


def key_label(key: PublicKey | PrivateKey) -> str:
    """The kind and size of a key, such as "RSA 2048" or "EC P-256"."""
    return f"{key.key_type.upper()} {key.curve or key.bits}"


def fingerprint_text(fingerprint: str) -> str:
    """A hexadecimal fingerprint in the form that people compare, such as "EB:D4:10..."."""
    return ":".join(re.findall("..", fingerprint.upper()))
