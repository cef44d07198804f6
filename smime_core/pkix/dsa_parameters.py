"""DSA keys that inherit their parameters from the issuer's certificate (RFC 5280 section 6.1.4 (d) and (e)).

Such keys occur in mail of the 1990s (RFC 4134 section 4.6) and in test 4.1.5 of NIST's PKITS. Parameters are inherited
only from an issuer whose signature on the certificate verifies. Otherwise an attacker could choose p, q and g so that
their own signature fits another person's key.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from smime_core.keys import inherit_dsa_parameters
from smime_core.limits import MAX_PATH_LENGTH, check_limit
from smime_core.pkix.budget import PathBudget
from smime_core.pkix.path_building import SignatureChecks
from smime_core.provider import CryptoProvider, KeyType
from smime_core.x509.certificate import Certificate, names_match


async def complete_dsa_key(
    certificate: Certificate,
    candidates: Sequence[Certificate],
    provider: CryptoProvider,
    *,
    budget: PathBudget | None = None,
) -> Certificate:
    """Returns the certificate with the DSA parameters inherited from its issuer, which is one of the `candidates`.

    The certificate is returned unchanged if its key has parameters already, or if no candidate is its issuer. `budget`
    counts each candidate that is considered and each signature that is checked. Raises LimitExceeded.
    """
    return await _complete(certificate, candidates, SignatureChecks(provider, budget), depth=0)


async def _complete(
    certificate: Certificate, candidates: Sequence[Certificate], checks: SignatureChecks, *, depth: int
) -> Certificate:
    check_limit("certificates that inherit DSA parameters", depth, MAX_PATH_LENGTH)
    if certificate.public_key.key_type is not KeyType.DSA or certificate.public_key.bits:
        return certificate
    for candidate in candidates:
        # If several issuers share a name at each of several levels, the search multiplies. Each candidate is therefore
        # counted.
        checks.budget.count_state()
        if candidate == certificate or not names_match(candidate.subject_der, certificate.issuer_der):
            continue
        issuer = await _complete(candidate, candidates, checks, depth=depth + 1)
        if issuer.public_key.key_type is KeyType.DSA and await checks.holds(issuer, certificate):
            key = inherit_dsa_parameters(certificate.public_key, issuer.public_key)
            return dataclasses.replace(certificate, public_key=key)
    return certificate
