"""The walk through a message, and the judgement of each signer that leads to one verdict.

RFC 8551 section 3 and RFC 5652 section 5; for header fields RFC 9788.
"""

from smime_core.verdict.examiner import Decryptor, Examiner
from smime_core.verdict.signers import Claim

__all__ = [
    "Claim",
    "Decryptor",
    "Examiner",
]
