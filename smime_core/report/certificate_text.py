"""Keys, fingerprints and holders of certificates as text for people."""

from __future__ import annotations

import re

from smime_core.provider import KeyType, PrivateKey, PublicKey
from smime_core.text import clean_name, looks_like_address
from smime_core.x509.certificate import Certificate


def key_label(key: PublicKey | PrivateKey) -> str:
    """The kind of a key, with the size or curve that is not in its name: "RSA 2048", "EC P-256", "Ed25519"."""
    kind = key.key_type
    if kind in (KeyType.RSA, KeyType.DSA, KeyType.EC):
        return f"{kind.upper()} {key.curve or key.bits}"
    return kind.upper() if "-" in kind else kind.capitalize()


def fingerprint_text(fingerprint: str) -> str:
    """A hexadecimal fingerprint in the form that people compare, such as "EB:D4:10..."."""
    return ":".join(re.findall("..", fingerprint.upper()))


def holder_name(certificate: Certificate) -> str:
    """The holder's distinguished name, or else the common name, as text beside an address.

    Returns "" if both names look like an address, because people could take such a name for the proved address.
    """
    names = (clean_name(certificate.subject), certificate.common_name)
    return next((name for name in names if not looks_like_address(name)), "")
