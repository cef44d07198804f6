"""What certificates and keys are called for people. A damaged name is said to be so, and spoils no report."""

from __future__ import annotations

import re
from collections.abc import Callable

from smime_core.certificate import Certificate
from smime_core.errors import MalformedMessage
from smime_core.provider import PrivateKey, PublicKey


def readable_name(certificate: Certificate) -> str:
    """What a person would call it: its common name or first address, else its subject."""
    return _text(lambda: certificate.common_name)


def readable_subject(certificate: Certificate) -> str:
    """The subject's distinguished name."""
    return _text(lambda: certificate.subject)


def readable_issuer(certificate: Certificate) -> str:
    """The issuer's distinguished name."""
    return _text(lambda: certificate.issuer)


def readable_addresses(certificate: Certificate) -> tuple[str, ...]:
    """The addresses; none where the name that may hold one is damaged."""
    try:
        return certificate.email_addresses
    except MalformedMessage:
        return ()


def key_label(key: PublicKey | PrivateKey) -> str:
    """The kind and size of a key: "RSA 2048", "EC P-256"."""
    return f"{key.key_type.upper()} {key.curve or key.bits}"


def fingerprint_text(fingerprint: str) -> str:
    """Hexadecimal as people compare it: "EB:D4:10..."."""
    return ":".join(re.findall("..", fingerprint.upper()))


def _text(read: Callable[[], str]) -> str:
    try:
        return read()
    except MalformedMessage as error:
        return f"unreadable: {error}"
