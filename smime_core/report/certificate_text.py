"""Keys and fingerprints as people read them."""

from __future__ import annotations

import re

from smime_core.provider import PrivateKey, PublicKey


def key_label(key: PublicKey | PrivateKey) -> str:
    """The kind and size of a key: "RSA 2048", "EC P-256"."""
    return f"{key.key_type.upper()} {key.curve or key.bits}"


def fingerprint_text(fingerprint: str) -> str:
    """Hexadecimal as people compare it: "EB:D4:10..."."""
    return ":".join(re.findall("..", fingerprint.upper()))
