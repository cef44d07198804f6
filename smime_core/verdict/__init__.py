"""Examine a message layer by layer, judge each signer, and reach one verdict.

The rules are those of RFC 8551 section 3 and RFC 5652 section 5. RFC 9788 has the rules for header fields.
"""

from smime_core.verdict.authors import Authors
from smime_core.verdict.examiner import Decryptor, Examiner
from smime_core.verdict.signer_choice import (
    SignerRules,
    choose_signer,
    choose_signers,
    claim_of,
    goes_before,
    read_claim,
)
from smime_core.verdict.signers import Claim

__all__ = [
    "Authors",
    "Claim",
    "Decryptor",
    "Examiner",
    "SignerRules",
    "choose_signer",
    "choose_signers",
    "claim_of",
    "goes_before",
    "read_claim",
]
