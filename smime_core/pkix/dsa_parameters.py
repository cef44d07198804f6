"""DSA keys that inherit their parameters from the issuer's certificate (RFC 5280 section 6.1.4 (d) and (e)).

They occur in mail of the nineties (RFC 4134 section 4.6) and in PKITS 4.1.5. Parameters count only when the issuer
signed the certificate: anybody could find p, q and g for which a signature of his own fits another's key.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from smime_core.certificate import Certificate, names_match
from smime_core.keys import inherit_dsa_parameters
from smime_core.limits import MAX_PATH_LENGTH, check_limit
from smime_core.pkix.budget import PathBudget
from smime_core.pkix.path_building import SignatureChecks
from smime_core.provider import CryptoProvider, KeyType


async def complete_dsa_key(
    certificate: Certificate,
    candidates: Sequence[Certificate],
    *,
    provider: CryptoProvider,
    budget: PathBudget | None = None,
) -> Certificate:
    """The certificate with its key's parameters taken from the one of `candidates` that issued it.

    Any other certificate, and one whose issuer is not among them, comes back as it is. Every candidate that is weighed,
    and every signature that is checked, counts in `budget`. Raises LimitExceeded.
    """
    return await _complete(certificate, candidates, SignatureChecks(provider, budget), depth=0)


async def _complete(
    certificate: Certificate, candidates: Sequence[Certificate], checks: SignatureChecks, *, depth: int
) -> Certificate:
    check_limit("certificates that inherit DSA parameters", depth, MAX_PATH_LENGTH)
    if certificate.public_key.key_type is not KeyType.DSA or certificate.public_key.bits:
        return certificate
    for candidate in candidates:
        # Issuers of one name above one another multiply.
        checks.budget.count_state()
        if candidate == certificate or not names_match(candidate.subject_der, certificate.issuer_der):
            continue
        issuer = await _complete(candidate, candidates, checks, depth=depth + 1)
        if issuer.public_key.key_type is KeyType.DSA and await checks.holds(issuer, certificate):
            key = inherit_dsa_parameters(certificate.public_key, issuer.public_key)
            return dataclasses.replace(certificate, public_key=key)
    return certificate
