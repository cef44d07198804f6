"""Bounds on what is read (RFC 8551 section 3.7: "within reasonable resource limits"). The numbers are ours.

Each has a unit in its name or comment, and a reason: far above what mail holds, far below what hurts.
"""

from __future__ import annotations

from typing import Final

from smime_core.errors import LimitExceeded

MAX_BER_DEPTH: Final = 40  # nested TLVs; a certificate uses about 12
MAX_BER_CHUNKS: Final = 1_000_000  # pieces of one constructed OCTET STRING; OpenSSL writes one per 1,024 bytes or more
MAX_MIME_DEPTH: Final = 20  # multiparts and CMS layers in one another; triple wrapping uses 6
MAX_MIME_PARTS: Final = 1_000
MAX_HEADER_BYTES: Final = 1_048_576
MAX_SIGNERS: Final = 100
MAX_RECIPIENTS: Final = 10_000
MAX_CERTIFICATES: Final = 1_000  # in one bag
MAX_ATTRIBUTES: Final = 100  # in one SignerInfo
MAX_PATH_LENGTH: Final = 10  # certificates, anchor included
MAX_PATH_CANDIDATES: Final = 200  # signatures checked while one path is searched
MAX_RSA_MODULUS_BITS: Final = 16_384
MAX_RSA_EXPONENT_BITS: Final = 64
MAX_PBKDF2_ITERATIONS: Final = 10_000_000  # about 3 s natively
MAX_PKCS12_BYTES: Final = 10_485_760


def check_limit(name: str, actual: int, allowed: int) -> None:
    """Raise LimitExceeded, naming the limit, when `actual` is above `allowed`."""
    if actual > allowed:
        raise LimitExceeded(name, actual, allowed)
